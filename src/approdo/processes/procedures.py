"""Procedures at work: what is due is started, and each run goes on with its next connector when one has ended.

Nothing waits anywhere. A procedure's run is rows; whoever finds that its present step has ended moves it on,
the worker that ended it at once, any other within its next round.
"""

import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import Exists, OuterRef, Q
from django.utils import timezone

from approdo.processes import database, run_lines, runs, schedule, starting
from approdo.processes.models import Connector, Procedure, Run, RunStep, live_runs, with_schedules
from approdo.sdk.errors import ConfigError

log = logging.getLogger(__name__)


def dispatch(now: datetime) -> int:
    """Start every procedure that is due, each due moment once, whoever else asks at the same time.

    Returns how many seemed due.
    """
    due = []
    for procedure in with_schedules():
        with _apart(procedure):
            if _is_due(procedure, now):
                due.append(procedure)
    for first in range(0, len(due), starting.AT_ONCE):
        for procedure in _not_together(due[first : first + starting.AT_ONCE], now):
            with _apart(procedure):
                _start_due(procedure, now)
    return len(due)


@contextmanager
def _apart(procedure: Procedure) -> Iterator[None]:
    """What goes wrong with one procedure is logged: the others do not wait for it."""
    try:
        yield
    except Exception as error:
        if database.is_failure(error):
            raise
        log.exception("procedure %s could not be started", procedure.name)


def _not_together(due: Sequence[Procedure], now: datetime) -> Sequence[Procedure]:
    """Start these together; returns those that have to be started one by one, all of them where one is in the way."""
    try:
        return starting.together(due, now)
    except Exception as error:
        if database.is_failure(error):
            raise
        log.exception("%s procedures could not be started together", len(due))
        return due


def _is_due(procedure: Procedure, now: datetime) -> bool:
    """Whether it is due, reckoned anew where it has another schedule. False where somebody else did so just now."""
    planned = None if procedure.paused else procedure.schedule()
    key = planned.key if planned else ""
    if key != procedure.planned_for:
        same = {"paused": procedure.paused, "planned_for": procedure.planned_for}
        unchanged = Procedure.objects.filter(pk=procedure.pk, **same)
        due = schedule.first(planned, now) if planned else None
        if not unchanged.update(planned_for=key, planned_at=now, due_at=due):
            return False
        procedure.planned_for, procedure.due_at = key, due
    return procedure.due_at is not None and procedure.due_at <= now


def _start_due(procedure: Procedure, now: datetime) -> None:
    planned, due = procedure.schedule(), procedure.due_at
    assert planned
    assert due
    following = schedule.following(planned, due, now)
    mine = Procedure.objects.filter(pk=procedure.pk, paused=False, planned_for=procedure.planned_for, due_at=due)
    with transaction.atomic():
        if mine.update(due_at=following, last_due_at=due):
            request(procedure, due_at=due)


def request(procedure: Procedure, requested_by: str = "", due_at: datetime | None = None) -> Run:
    """A run of `procedure` under way, or the one that has not ended yet: what comes due meanwhile is merged with it.

    `due_at` is the due moment that it makes good, if nobody asked for it. Raises `ConfigError` where there is
    nothing to run.
    """
    steps = list(procedure.steps.select_related("connector"))
    if not steps:
        raise ConfigError("procedure_empty", name=procedure.name)
    return _begin(procedure, [(step.connector_id, step.connector.name) for step in steps], requested_by, due_at=due_at)


def retry(run: Run, requested_by: str = "") -> Run:
    """The connectors of a procedure's run that did not succeed, once more.

    Raises `ConfigError` where all did, where it has not ended, or its procedure is gone or at work.
    """
    procedure = run.procedure
    if procedure is None:
        raise ConfigError("record_gone", name=run.name)
    if run.live:
        raise ConfigError("run_not_ended", run=run.pk)
    still = set(procedure.steps.values_list("connector", flat=True))
    left = [step for step in run.steps.select_related("part") if step.connector_id in still and _left_undone(step)]
    if not left:
        raise ConfigError("nothing_to_retry", run=run.pk)
    connectors = [(step.connector_id, step.connector_name) for step in left]
    again = _begin(procedure, connectors, requested_by, retry_of=run)
    if again.retry_of_id != run.pk:
        raise ConfigError("procedure_busy", name=procedure.name, run=again.pk)
    return again


def _left_undone(step: RunStep) -> bool:
    """Whether a retry does the step. A run that is no longer kept is too old to say: it counts as done."""
    forgotten = step.part is None and step.result in (RunStep.Result.STARTED, RunStep.Result.JOINED)
    return not (step.succeeded or forgotten)


def _begin(procedure: Procedure, connectors: Sequence[tuple[int | None, str]], requested_by: str, **more: Any) -> Run:
    try:
        with transaction.atomic():
            run = Run.objects.create(
                procedure=procedure,
                procedure_name=procedure.name,
                requested_by=requested_by,
                created_at=timezone.now(),
                **more,
            )
            RunStep.objects.bulk_create(
                RunStep(run=run, position=position, connector_id=connector, connector_name=name)
                for position, (connector, name) in enumerate(connectors)
            )
            advance(run.pk)
    except IntegrityError:
        live = Run.objects.filter(procedure=procedure, state__in=Run.LIVE).first()
        if live is None:  # it ended in this very moment, or a connector is gone
            raise
        return live
    run.refresh_from_db()
    return run


def advance_all() -> None:
    """Move on every procedure's run whose present step has ended, and end those that have no steps left."""
    live = live_runs().exclude(procedure_name="")
    parts = RunStep.objects.filter(run=OuterRef("pk"))
    waiting, begun = Exists(parts.filter(part__state__in=Run.LIVE)), Exists(parts.filter(part__state=Run.State.RUNNING))
    moving = ~waiting | Q(begun, state=Run.State.QUEUED) | Q(procedure=None)
    for number in live.filter(moving).values_list("pk", flat=True):
        _advance(number)


def advance_after(part: int) -> None:
    """Move on the procedures' runs that waited for this connector's run."""
    for number in RunStep.objects.filter(part=part).order_by().values_list("run", flat=True):  # few, and most live
        _advance(number)


def _advance(number: int) -> None:
    try:
        advance(number)
    except Exception as error:
        if database.is_failure(error):
            raise
        log.exception("run %s of a procedure could not go on", number)  # the others do not wait for it


def advance(number: int) -> None:
    """Bring a procedure's run as far as it can go now. Done twice, or by two at once, it does nothing more."""
    # Whoever comes second sees what the first one did: SQLite lets one write at a time, PostgreSQL is told to wait.
    mine = Run.objects.filter(pk=number, state__in=Run.LIVE).order_by()
    with transaction.atomic():
        run = mine.select_related("procedure").select_for_update(of=("self",), no_key=True).first()
        if run is None:
            return
        steps = list(run.steps.select_related("connector", "part"))
        ended = run.procedure is None or _go_on(run, run.procedure, steps)
        began = [step.part.started_at for step in steps if step.part and step.part.started_at]
        run.started_at = run.started_at or min(began, default=None)
        if ended:
            _end(run, _outcome(steps) if run.procedure else Run.State.CANCELLED, steps)
        elif began and run.state == Run.State.QUEUED:
            mine.update(state=Run.State.RUNNING, started_at=run.started_at)


def _go_on(run: Run, procedure: Procedure, steps: list[RunStep]) -> bool:
    """Start the next step that can be started. True where none is left."""
    stopped = False
    for step in steps:
        if step.result == RunStep.Result.WAITING and not _start(run, step, stopped):
            return False
        if step.part and step.part.live:
            return False
        stopped = stopped or (procedure.on_error == Procedure.OnError.STOP and not step.succeeded)
    return True


def _start(run: Run, step: RunStep, stopped: bool) -> bool:
    """Give the step its run, or say why it has none. False where its connector is busy with something else."""
    if stopped or step.connector is None or not step.connector.active:
        gone = "connector_gone" if step.connector is None else "connector_inactive"
        step.result, step.code = RunStep.Result.SKIPPED, "step_stopped" if stopped else gone
    else:
        began = timezone.now()
        try:
            step.part = _request(run, step.connector)
        except ConfigError as error:
            if error.code == "connector_busy":
                return False
            raise
        step.result = RunStep.Result.STARTED if step.part.created_at >= began else RunStep.Result.JOINED
    step.save(update_fields=["part", "result", "code"])
    return True


def _request(run: Run, connector: Connector) -> Run:
    """The connector's run; of a retry the one that does what the earlier run of it left undone."""
    if run.retry_of_id is None:
        return runs.request_run(connector, run.requested_by)
    earlier = RunStep.objects.filter(run=run.retry_of_id, connector=connector).exclude(part=None).first()
    if earlier and earlier.part:
        try:
            return runs.retry(earlier.part, run.requested_by)
        except ConfigError as error:
            if error.code != "nothing_to_retry":
                raise
    return runs.request_run(connector, run.requested_by)


def _outcome(steps: list[RunStep]) -> Run.State:
    left = [step for step in steps if not step.succeeded]
    if not left:
        return Run.State.SUCCEEDED
    if all(step.code == "step_stopped" or (step.part and step.part.state == Run.State.CANCELLED) for step in left):
        return Run.State.CANCELLED
    done = (Run.State.SUCCEEDED, Run.State.PARTIAL)
    return Run.State.PARTIAL if any(step.part and step.part.state in done for step in steps) else Run.State.FAILED


def _end(run: Run, state: Run.State, steps: list[RunStep]) -> bool:
    failed = [step.connector_name for step in steps if not step.succeeded]
    unwell = bool(failed) and state != Run.State.CANCELLED
    ended = Run.objects.filter(pk=run.pk, state__in=Run.LIVE).update(
        state=state,
        ended_at=timezone.now(),
        **({"started_at": run.started_at} if run.started_at else {}),
        **runs.totals(step.part for step in steps),
        error_kind=ConfigError.kind if unwell else "",
        error_code="steps_failed" if unwell else "",
        error_params={"connectors": ", ".join(failed), "count": len(failed), "total": len(steps)} if unwell else {},
    )
    if ended:
        run_lines.ended(run.pk)
    return bool(ended)


def cancel(run: Run) -> bool:
    """End a procedure's run at once, and the connector's run that it started unless another procedure waits for it.

    False where it had ended already.
    """
    with transaction.atomic():
        ended = _end(run, Run.State.CANCELLED, list(run.steps.select_related("part")))
        if ended:
            others = RunStep.objects.filter(run__state__in=Run.LIVE, part__isnull=False).exclude(run=run)
            mine = run.steps.filter(result=RunStep.Result.STARTED, part__state__in=Run.LIVE)
            for step in mine.exclude(part__in=others.values("part")).select_related("part"):
                assert step.part is not None
                runs.cancel(step.part)
    return ended


def pause(procedure: Procedure) -> None:
    """Nothing is due any more until `resume`; what runs goes on."""
    Procedure.objects.filter(pk=procedure.pk).update(paused=True)
    procedure.refresh_from_db()


def resume(procedure: Procedure) -> None:
    """Due again, reckoned from now on: an interval begins at once, what was missed is not made up."""
    mine = Procedure.objects.filter(pk=procedure.pk, paused=True)
    mine.update(paused=False, planned_for="", planned_at=None, due_at=None)
    procedure.refresh_from_db()
