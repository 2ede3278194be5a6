"""How the installation is, at a glance: healthy, late or down, and each procedure's part in it."""

from enum import StrEnum
from typing import NamedTuple

from approdo.processes import causes, newest, presence
from approdo.processes.models import Alarm, Procedure, Run, with_schedules
from approdo.processes.newest import NEVER_RUN, Latest

Kind = Alarm.Kind

GRAVEST = [
    Kind.SECRET_MISSING,
    Kind.REFUSED,
    Kind.WORKER_GONE,
    Kind.FAILED,
    Kind.LATE,
    Kind.OVERDUE,
    Kind.QUIET,
    Kind.SECRET_OLD,
]
"""In which order open alarms are named."""


class Health(StrEnum):
    """Down: nothing can work now. Late: something is not as it should be. Healthy: neither."""

    HEALTHY = "healthy"
    LATE = "late"
    DOWN = "down"


class ProcedureHealth(NamedTuple):
    """One procedure: how it is, its newest run and success."""

    procedure: Procedure
    health: Health
    newest: Run | None
    success: Run | None


class Report(NamedTuple):
    """The whole installation. `refused` are the newest runs by which procedures are down."""

    health: Health
    workers: int
    refused: list[Run]
    alarms: list[Alarm]
    procedures: list[ProcedureHealth]


def report() -> Report:
    """How it is: down without any worker, or where a procedure's newest run was refused access."""
    workers = presence.workers_alive()
    alarms = list(Alarm.objects.filter(over_at=None).select_related("procedure", "node"))
    alarms.sort(key=lambda alarm: (GRAVEST.index(Kind(alarm.kind)), alarm.since))
    unwell = {alarm.procedure_id for alarm in alarms}
    latest = newest.of_procedures()
    procedures = [_procedure(one, one.pk in unwell, latest.get(one.pk, NEVER_RUN)) for one in with_schedules()]
    refused = [one.newest for one in procedures if one.newest and one.health == Health.DOWN]
    well = Health.LATE if alarms else Health.HEALTHY
    health = Health.DOWN if refused or not workers else well
    return Report(health, workers, refused, alarms, procedures)


def _procedure(procedure: Procedure, unwell: bool, latest: Latest) -> ProcedureHealth:
    health = Health.LATE if unwell else Health.HEALTHY
    if not procedure.paused and latest.codes & causes.authorization_codes():
        health = Health.DOWN
    return ProcedureHealth(procedure, health, latest.ended, latest.success)
