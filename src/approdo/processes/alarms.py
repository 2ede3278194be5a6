"""Alarms: each cause opens one when it begins to stand, and closes it when it is over, whoever looks.

Any number of workers and web servers look. What makes an alarm the only one are the constraint of its row
when it opens and a conditional update when it closes; the notices are written in the same transaction.
"""

from datetime import datetime, timedelta

from django.db import IntegrityError, transaction
from django.db.models import Q

from approdo.processes import causes, fleet, notices
from approdo.processes.causes import Cause
from approdo.processes.models import Alarm, Look, Notice
from approdo.sdk.errors import ConfigError

LOOK_EVERY = timedelta(seconds=15)
AHEAD = timedelta(minutes=1)
"""A look that is so far in the future was noted by a clock that was wrong."""


def my_turn(now: datetime) -> bool:
    """Whether nobody has looked for a while; then whoever asks is to look now."""
    due = Q(looked_at__lte=now - LOOK_EVERY) | Q(looked_at__gt=now + AHEAD)
    mine = Look.objects.filter(due, name="alarms")
    if mine.exists():
        return bool(mine.update(looked_at=now))
    if Look.objects.filter(name="alarms").exists():
        return False
    return Look.objects.get_or_create(name="alarms", defaults={"looked_at": now})[1]


def look(now: datetime) -> None:
    """Open an alarm for each cause that stands and has none; close those whose cause is over.

    Open alarms are read before the causes: what somebody else opens meanwhile is not closed for want of
    having been seen here.
    """
    known = {alarm.key: alarm for alarm in Alarm.objects.filter(over_at=None)}
    standing = causes.standing(now)
    for cause in standing.causes.values():
        if cause.key not in known and cause.opens:
            _open(cause, now)
    for alarm in known.values():
        if alarm.key not in standing.causes and alarm.kind not in standing.unknown:
            _close(alarm, now)


def dismiss(alarm: Alarm, now: datetime) -> None:
    """A worker that is gone will not come back, somebody says: nobody misses it any more.

    Raises `ConfigError("alarm_ends_by_itself")` for any other alarm.
    """
    if alarm.kind != Alarm.Kind.WORKER_GONE:
        raise ConfigError("alarm_ends_by_itself")
    with transaction.atomic():
        fleet.dismiss(alarm.worker)
        _close(alarm, now)


def _open(cause: Cause, now: datetime) -> None:
    try:
        with transaction.atomic():
            # Who looked before it was over comes too late.
            if Alarm.objects.filter(key=cause.key, over_at__gte=now).exists():
                return
            alarm = Alarm.objects.create(
                key=cause.key,
                kind=cause.kind,
                subject=cause.subject[:200],
                code=cause.code,
                params=cause.params,
                since=cause.since,
                noticed_at=now,
                **cause.links,
            )
            notices.tell_of_alarm(alarm, Notice.Event.OPENED, now)
    except IntegrityError:
        return  # somebody else was quicker


def _close(alarm: Alarm, now: datetime) -> None:
    with transaction.atomic():
        if Alarm.objects.filter(pk=alarm.pk, over_at=None).update(over_at=now):
            notices.tell_of_alarm(alarm, Notice.Event.OVER, now)
