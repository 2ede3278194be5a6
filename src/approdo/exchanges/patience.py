"""How long something that did not arrive is tried again, and how often."""

from datetime import datetime, timedelta

WAITS = tuple(timedelta(minutes=minutes) for minutes in (0.5, 1, 2, 5, 10, 30, 60, 120, 240, 360))
"""Between one attempt and the next; the last one again and again."""

PATIENCE = timedelta(days=3)


def next_attempt(failed_before: int, first: datetime, now: datetime) -> datetime | None:
    """When to try again after one failure more than `failed_before`; none where it was tried since `first` for long.

    Time in which nobody tried does not count: after a pause it is tried as often as before.
    """
    if now - first >= PATIENCE and failed_before >= len(WAITS):
        return None
    return now + WAITS[min(failed_before, len(WAITS) - 1)]
