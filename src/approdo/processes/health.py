"""How the installation is, at a glance: healthy, late or down, and each procedure's part in it."""

from datetime import datetime
from enum import StrEnum
from typing import NamedTuple

from django.db.models import Q

from approdo.processes import causes, presence
from approdo.processes.models import Alarm, Procedure, Run

Kind = Alarm.Kind

GRAVEST = [Kind.REFUSED, Kind.WORKER_GONE, Kind.FAILED, Kind.LATE, Kind.OVERDUE, Kind.QUIET, Kind.SECRET_OLD]
"""In which order open alarms are named."""


class Health(StrEnum):
    """Down: nothing can work now. Late: something is not as it should be. Healthy: neither."""

    HEALTHY = "healthy"
    LATE = "late"
    DOWN = "down"


class ProcedureHealth(NamedTuple):
    """One procedure: how it is, its newest run and success, when it is due next."""

    procedure: Procedure
    health: Health
    newest: Run | None
    success: Run | None
    due: datetime | None


class Report(NamedTuple):
    """The whole installation. `refused` are the newest runs by which procedures are down."""

    health: Health
    workers: int
    refused: list[Run]
    alarms: list[Alarm]
    procedures: list[ProcedureHealth]


def report(now: datetime) -> Report:
    """How it is at `now`: down without any worker, or where a procedure's newest run was refused access."""
    workers = presence.workers_alive()
    alarms = list(Alarm.objects.filter(over_at=None).select_related("procedure", "node"))
    alarms.sort(key=lambda alarm: (GRAVEST.index(Kind(alarm.kind)), alarm.since))
    unwell = {alarm.procedure_id for alarm in alarms}
    procedures = [
        _procedure(one, one.pk in unwell, now)
        for one in Procedure.objects.prefetch_related("slots", "steps__connector__node")
    ]
    refused = [one.newest for one in procedures if one.newest and one.health == Health.DOWN]
    well = Health.LATE if alarms else Health.HEALTHY
    health = Health.DOWN if refused or not workers else well
    return Report(health, workers, refused, alarms, procedures)


def _procedure(procedure: Procedure, unwell: bool, now: datetime) -> ProcedureHealth:
    newest = causes.newest_ended(procedure)
    health = Health.LATE if unwell else Health.HEALTHY
    if newest and not procedure.paused and was_refused(newest):
        health = Health.DOWN
    return ProcedureHealth(procedure, health, newest, causes.newest_success(procedure), procedure.next_due(now))


def was_refused(run: Run) -> bool:
    """Whether a run did not succeed because the other side no longer lets us in."""
    if run.state not in causes.UNWELL:
        return False
    codes = causes.authorization_codes()
    return Run.objects.filter(Q(pk=run.pk) | Q(part_of__run=run.pk), error_code__in=codes).exists()
