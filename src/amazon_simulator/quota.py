"""Amazon's usage plans: a token bucket per client, refresh token and operation (reference 4.1)."""

import time
from collections.abc import Hashable
from threading import Lock

RATE = 10
BURST = 10
UNLIMITED = 10_000
"""What is shown as the rate where all is let through."""


class Quota:
    """Token buckets that fill by `rate` a second up to `burst`; `rate` None lets all through.

    A refused request costs nothing.
    """

    def __init__(self, rate: float | None = RATE, burst: int = BURST) -> None:
        self.rate = rate
        self.burst = burst
        self._buckets: dict[Hashable, tuple[float, float]] = {}
        self._lock = Lock()

    def take(self, key: Hashable, part: float = 1) -> bool:
        """Whether a request for this key may pass now; its bucket fills by a `part` of the rate."""
        if self.rate is None:
            return True
        now = time.monotonic()
        with self._lock:
            left, since = self._buckets.get(key, (float(self.burst), now))
            left = min(self.burst, left + (now - since) * self.rate * part)
            allowed = left >= 1
            self._buckets[key] = (left - allowed, now)
        return allowed

    def reset(self) -> None:
        """Fill all buckets."""
        with self._lock:
            self._buckets.clear()
