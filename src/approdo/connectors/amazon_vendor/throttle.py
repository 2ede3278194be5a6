"""Keeps each account within Amazon's published rates, one token bucket per account and operation.

The buckets live in this process: one process at a time works for an account. Whoever takes over
cannot know what its predecessor spent, so a bucket starts empty (reference 4.1).
"""

from threading import Lock

from pyrate_limiter import Duration, Limiter, Rate, StateBucket, TokenBucket

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


def _empty(rate: operations.Rate) -> Limiter:
    full = Rate(rate.per_second, Duration.SECOND, burst=rate.burst)
    limiter = Limiter(StateBucket([full], TokenBucket()), buffer_ms=1)
    limiter.try_acquire(weight=rate.burst)
    return limiter
