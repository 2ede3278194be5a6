"""Patience and turns as a test has them: none."""

from collections.abc import Callable

from approdo.connectors.amazon_vendor.client import RetryPolicy
from approdo.connectors.amazon_vendor.operations import Rate

QUICK = RetryPolicy(attempts=4, first_wait=0.01, longest_wait=0.05, jitter=0.0, total=20.0, answer=1.0)

Turn = Callable[[str, str, Rate], None]


def at_once(account: str, bucket: str, rate: Rate) -> None:
    """Waits for nobody."""
