"""Many procedures that are due at the same time, started in one transaction: a few statements for all of them.

Only what is usual is done here; whatever else there is to think of is left to `procedures`, one by one.
"""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from django.db import transaction
from django.utils import timezone

from approdo.processes import runs, schedule
from approdo.processes.models import Procedure, ProcedureStep, Run, RunStep

AT_ONCE = 100
"""So many are started in one transaction, which holds SQLite's lock meanwhile."""

Steps = list[ProcedureStep]


class _Sorted(NamedTuple):
    """What becomes of those that are due: what is due of the busy ones is merged with what they do."""

    busy: list[Procedure]
    begin: list[tuple[Procedure, Steps]]
    left: list[Procedure]


def together(due: Sequence[Procedure], now: datetime) -> list[Procedure]:
    """Start these procedures, as `models.with_schedules` gave them, each due moment once. Returns what is left to do.

    Left are those whose first connector cannot begin at once. Not left are those that somebody else has started or
    is starting, or for which nothing is due any more. Where anything fails, nothing has been done.
    """
    with transaction.atomic():
        found = _sorted(_still_due(due, now))
        if not _move_on([*found.busy, *(procedure for procedure, _ in found.begin)], now):
            transaction.set_rollback(True)
            return list(due)
        # In the same order everywhere: two workers that wait for each other's connectors would never end.
        _write(sorted(found.begin, key=lambda one: one[1][0].connector_id))
    return found.left


def _sorted(due: Sequence[Procedure]) -> _Sorted:
    live = Run.objects.filter(state__in=Run.LIVE).order_by()
    at_work = set(live.filter(procedure__in=due).values_list("procedure", flat=True))
    found = _Sorted([one for one in due if one.pk in at_work], [], [])
    idle = [one for one in due if one.pk not in at_work]
    steps = _steps(idle)
    firsts = [of_it[0].connector_id for of_it in steps.values()]
    taken = set(live.filter(connector__in=firsts).values_list("connector", flat=True))
    for procedure in idle:
        of_it = steps.get(procedure.pk)
        if of_it and of_it[0].connector.active and of_it[0].connector_id not in taken:
            taken.add(of_it[0].connector_id)
            found.begin.append((procedure, of_it))
        else:
            found.left.append(procedure)
    return found


def _still_due(due: Sequence[Procedure], now: datetime) -> list[Procedure]:
    """Those of them that nobody has moved on meanwhile. PostgreSQL leaves out what another worker is starting."""
    unchanged = Procedure.objects.filter(paused=False, due_at__lte=now).order_by("pk")
    mine = unchanged.select_for_update(skip_locked=True, no_key=True).filter(pk__in=[one.pk for one in due])
    seen = {pk: said for pk, *said in mine.values_list("pk", "planned_for", "due_at")}
    return [one for one in due if seen.get(one.pk) == [one.planned_for, one.due_at]]


def _steps(procedures: Sequence[Procedure]) -> dict[int, Steps]:
    """Their connectors in order, by their numbers."""
    found: dict[int, Steps] = defaultdict(list)
    steps = ProcedureStep.objects.filter(procedure__in=procedures).order_by("position", "id")
    for step in steps.select_related("connector__node"):
        found[step.procedure_id].append(step)
    return found


def _move_on(procedures: Sequence[Procedure], now: datetime) -> bool:
    """To their next due moments. False where that was not so for all: somebody else was quicker."""
    moved = []
    for one in procedures:
        planned = one.schedule()
        assert planned
        assert one.due_at
        following = schedule.following(planned, one.due_at, now)
        moved.append(Procedure(pk=one.pk, last_due_at=one.due_at, due_at=following))
    still_due = Procedure.objects.filter(paused=False, due_at__lte=now)
    return still_due.bulk_update(moved, ["due_at", "last_due_at"]) == len(moved)


def _write(begin: Sequence[tuple[Procedure, Steps]]) -> None:
    """Each procedure's run, its steps, and the run of its first connector, which the engine is asked to do."""
    now = timezone.now()
    wholes = Run.objects.bulk_create(
        Run(procedure=procedure, procedure_name=procedure.name, due_at=procedure.due_at, created_at=now)
        for procedure, _ in begin
    )
    first = [steps[0].connector for _, steps in begin]
    parts = Run.objects.bulk_create(Run(connector=one, connector_name=one.name, created_at=now) for one in first)
    RunStep.objects.bulk_create(
        RunStep(
            run=whole,
            position=position,
            connector=step.connector,
            connector_name=step.connector.name,
            part=None if position else part,
            result=RunStep.Result.WAITING if position else RunStep.Result.STARTED,
        )
        for (_, steps), whole, part in zip(begin, wholes, parts, strict=True)
        for position, step in enumerate(steps)
    )
    transaction.on_commit(lambda: runs.ask_engine(*parts))
