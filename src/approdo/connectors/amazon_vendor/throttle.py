"""Keeps each account within Amazon's published rates, one token bucket per account and operation.

The buckets live in this process: one process at a time works for an account. Whoever takes over
cannot know what its predecessor spent, so a bucket starts empty (reference 4.1).
"""

import math
from threading import Lock

from pyrate_limiter import Limiter, Rate, StateBucket, TokenBucket

from approdo.connectors.amazon_vendor import operations

_limiters: dict[tuple[str, str, operations.Rate], Limiter] = {}
_lock = Lock()


def wait(account: str, bucket: str, rate: operations.Rate) -> None:
    """Returns as soon as one more call fits into the account's bucket of this name."""
    key = (account, bucket, rate)
    with _lock:
        if key not in _limiters:
            _limiters[key] = _empty(rate)
        limiter = _limiters[key]
    limiter.try_acquire(bucket)


def begin_empty(account: str) -> None:
    """Begin every bucket of the account anew: another process may have spent what filled up here meanwhile."""
    with _lock:
        for key in [key for key in _limiters if key[0] == account]:
            del _limiters[key]


def _empty(rate: operations.Rate) -> Limiter:
    whole = float(rate.per_second).is_integer()
    milliseconds = 1000 if whole else math.ceil(1000 / rate.per_second)
    full = Rate(int(rate.per_second) if whole else 1, milliseconds, burst=rate.burst)
    limiter = Limiter(StateBucket([full], TokenBucket()), buffer_ms=1)
    limiter.try_acquire(weight=rate.burst)
    return limiter
