"""When something is due: reckoning alone, no rows. Moments are aware UTC, slots are local time of the zone."""

from collections.abc import Iterable
from datetime import UTC, datetime, time, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

from cronsim import CronSim, CronSimError

from approdo.sdk.errors import ConfigError

DAY_NAMES = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")

DAY = timedelta(days=1)
SECOND = timedelta(seconds=1)

CRON_FIELDS = 5

MOST_MISSES = 400
"""So many moments of a cron expression may lie outside the slots before it counts as never due."""


class Weekly(NamedTuple):
    """A stretch of time on some days of each week (Monday is 0). An `end` not after `start` is on the next day."""

    days: frozenset[int]
    start: time
    end: time


class Schedule(NamedTuple):
    """Either every so many minutes or days, or a cron expression; only in the slots, where there are any.

    Minutes are elapsed time. Days keep their time of day in the zone when the clocks change. A cron
    expression means what Debian's cron makes of it: what falls into the hour that is left out in March is due
    right after it, what falls into the hour that comes twice in October is due once.
    """

    minutes: int
    days: int
    cron: str
    zone: ZoneInfo
    slots: tuple[Weekly, ...] = ()
    at: time | None = None
    """The time of day of days without slots, also after a day on which it was left out. Not part of the key."""

    @property
    def key(self) -> str:
        """Differs where anything differs."""
        slots = ";".join(f"{sorted(one.days)}{one.start:%H%M}{one.end:%H%M}" for one in self.slots)
        return f"{self.minutes}|{self.days}|{self.cron}|{self.zone.key}|{slots}"


def check_cron(text: str) -> None:
    """Raise `ConfigError` for what is not a cron expression of five fields."""
    if len(text.split()) != CRON_FIELDS:
        raise ConfigError("cron_fields", value=text)
    try:
        CronSim(text, datetime(2026, 1, 1, tzinfo=UTC))
    except CronSimError as error:
        raise ConfigError("not_cron", value=text, reason=str(error)) from None


def first(schedule: Schedule, now: datetime) -> datetime | None:
    """The first due moment from `now` on. An interval begins at once; none where nothing is ever due."""
    return _next_by_cron(schedule, now) if schedule.cron else _open_from(schedule, now)


def following(schedule: Schedule, due: datetime, now: datetime) -> datetime | None:
    """The first due moment after `due` that is also after `now`: what was missed in between is due only once."""
    if schedule.cron:
        return _next_by_cron(schedule, max(due, now))
    if schedule.days:
        return _open_from(schedule, _days_on(schedule, due, now))
    interval = timedelta(minutes=schedule.minutes)
    passed = max(now - due, timedelta(0)) // interval
    return _open_from(schedule, due + (passed + 1) * interval)


def upcoming(schedule: Schedule, due: datetime | None, count: int) -> list[datetime]:
    """`due` and the due moments after it, `count` of them if there are so many."""
    found: list[datetime] = []
    while due and len(found) < count:
        found.append(due)
        due = following(schedule, due, due)
    return found


def is_open(schedule: Schedule, moment: datetime) -> bool:
    """Whether `moment` lies in a slot. True where there are no slots."""
    return _open_from(schedule, moment) == moment


def _next_by_cron(schedule: Schedule, after: datetime) -> datetime | None:
    for _ in range(MOST_MISSES):
        moment = next(CronSim(schedule.cron, after.astimezone(schedule.zone)), None)
        if moment is None:
            return None
        moment = moment.astimezone(UTC)
        opens = _open_from(schedule, moment)
        if opens is None or opens == moment:
            return opens
        after = opens - SECOND
    return None


def _days_on(schedule: Schedule, due: datetime, now: datetime) -> datetime:
    local = due.astimezone(schedule.zone)
    at = schedule.at if schedule.at and not schedule.slots else local.time()
    passed = max((now.astimezone(schedule.zone).date() - local.date()).days, 0)
    steps = max(passed // schedule.days, 1)
    moment = due
    while moment <= max(due, now):
        day = local.date() + steps * schedule.days * DAY
        moment = datetime.combine(day, at, schedule.zone).astimezone(UTC)
        steps += 1
    return moment


def _open_from(schedule: Schedule, moment: datetime) -> datetime | None:
    """`moment` where it lies in a slot, else the beginning of the next one."""
    if not schedule.slots:
        return moment
    ends_later = [(start, end) for start, end in _stretches(schedule, moment) if end > moment]
    return max(min(start for start, _end in ends_later), moment) if ends_later else None


def _stretches(schedule: Schedule, around: datetime) -> Iterable[tuple[datetime, datetime]]:
    """The slots as stretches of UTC, from the day before `around` to a week after it."""
    today = around.astimezone(schedule.zone).date()
    for ahead in range(-1, 9):
        day = today + ahead * DAY
        for slot in schedule.slots:
            if day.weekday() in slot.days:
                last = day if slot.end > slot.start else day + DAY
                start = datetime.combine(day, slot.start, schedule.zone).astimezone(UTC)
                end = datetime.combine(last, slot.end, schedule.zone).astimezone(UTC)
                if start < end:  # else it lies in the hour that is left out
                    yield start, end
