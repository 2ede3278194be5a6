"""The work itself, step by step: plan the windows, read them, end the run.

Each step leaves its truth in rows and returns only what the next one needs. A step that is done
twice does nothing twice: the window's row knows which page comes next. So a page needs no step of its own.
"""

import logging
from collections.abc import Callable
from typing import Any

from django.db import transaction
from django.utils import timezone
from structlog.contextvars import bind_contextvars, bound_contextvars

from approdo.connectors import connector_type
from approdo.exchanges import pushing
from approdo.exchanges.intake import (
    error_of,
    keep_notes,
    keep_requests,
    miss_order,
    take_order,
)
from approdo.exchanges.models import NumberRead, WindowRead
from approdo.processes import (
    database,
    engine,
    handing_over,
    planning,
    procedures,
    reading,
    recodings,
    runs,
    workflow_ids,
)
from approdo.processes.models import Connector, Run
from approdo.sdk.connector import Download, RequestMade
from approdo.sdk.documents import Note
from approdo.sdk.errors import ApprodoError, ConfigError, RefusedError

log = logging.getLogger(__name__)

MISSING = ("not_an_order_number", "order_not_found")
"""Why one order cannot be fetched, though others can."""


@engine.workflow("download")
def download(work: str) -> None:
    """Read every window of a run to its end; stops where a step ended the run."""
    windows = engine.step("plan", _guarded, _plan, work)
    if windows:
        engine.step("read", _guarded, reading.read, work, windows)
    engine.step("finish", _guarded, _finish, work)


@engine.workflow("fetch")
def fetch(work: str) -> None:
    """Fetch every order of a run by its number; stops where a step ended the run."""
    for wanted in engine.step("plan", _guarded, _plan_orders, work):
        engine.step("order", _guarded, _order, work, wanted)
    engine.step("finish", _guarded, _finish, work)


@engine.workflow("export")
def export(work: str) -> None:
    """Send what waits, batch by batch, and end the run; what is fetched from us is only counted."""
    while engine.step("send", _guarded, _send, work):
        pass
    engine.step("finish", _guarded, _end_export, work)


@engine.workflow("called")
def called(work: str) -> None:
    """Say that there is nothing to run: the outside system calls."""
    engine.step("finish", _guarded, _end_called, work)


def _guarded(step: Callable[..., Any], work: str, *arguments: Any) -> Any:
    """Do `step` for the run; an error ends the run with its reason and gives the workflow nothing more to do.

    Every line logged meanwhile carries the run's number and, once its row was read, its connector's name.
    """
    with bound_contextvars(run=workflow_ids.number_of(work), connector=None):
        try:
            return database.patiently(lambda: _for_run(step, work, *arguments))
        except ApprodoError as error:
            reason = error
        except Exception as error:
            log.exception("%s failed", work)
            reason = ApprodoError("internal", reason=type(error).__name__)
        database.at_last(lambda: _for_run(_fail, work, reason), f"{work} failed ({reason})")
        return []


def _for_run(step: Callable[..., Any], work: str, *arguments: Any) -> Any:
    run = workflow_ids.with_workflow_id(work)
    if run is None:
        return []
    bind_contextvars(connector=run.connector_name)
    if runs.take_up(run, engine.executor()) and run.connector:
        _take_up_account(run.connector)
    return step(run, *arguments)


def _take_up_account(connector: Connector) -> None:
    work = connector_type(connector.type).work
    if isinstance(work, Download):
        work.taken_up(connector.node.account)


def _fail(run: Run, reason: ApprodoError) -> None:
    runs.fail(run.pk, reason)
    procedures.advance_after(run.pk)


def _plan(run: Run) -> list[int]:
    """Write down the windows to read, once, and return their numbers."""
    with transaction.atomic():
        planned = list(WindowRead.objects.filter(run=run.pk).values_list("pk", flat=True))
        if not planned and run.live:
            planned = planning.write_windows(run)
        return planned if runs.begin(run.pk, len(planned)) else []


def _plan_orders(run: Run) -> list[int]:
    """Write down the orders to fetch, once, and return the numbers of their rows."""
    with transaction.atomic():
        planned = list(NumberRead.objects.filter(run=run.pk).values_list("pk", flat=True))
        if not planned and run.live and run.connector:
            rows = (
                NumberRead(node_id=run.connector.node_id, run=run.pk, position=position, number=number)
                for position, number in enumerate(run.orders)
            )
            planned = [made.pk for made in NumberRead.objects.bulk_create(rows)]
        return planned if runs.begin(run.pk, len(planned)) else []


def _order(run: Run, wanted_id: int) -> None:
    """Fetch one order and store it, or write down that Amazon does not give it."""
    wanted = NumberRead.objects.filter(run=run.pk, pk=wanted_id).first()
    if wanted is None:  # the engine may remember more than the database: a copy was put back, or a disk lied
        raise ConfigError("progress_lost")
    if wanted.result or not run.live or run.connector is None:
        return
    work = planning.work_of(run.connector)
    if work.fetch is None:
        raise ConfigError("fetch_not_possible")
    made: list[RequestMade] = []
    try:
        batch = work.fetch(planning.context(run.connector, made), wanted.number)
    except RefusedError as error:
        if error.code not in MISSING:
            keep_requests(run.pk, made)
            raise
        miss_order(wanted, error, timezone.now())
    except BaseException:
        keep_requests(run.pk, made)
        raise
    else:
        take_order(wanted, batch, timezone.now(), recodings.asked)
    keep_requests(run.pk, made)
    runs.note_progress(run.pk)


def _send(run: Run) -> bool:
    return runs.begin(run.pk, 0) and handing_over.step(run)


def _end_export(run: Run) -> None:
    """End the run as its batches say."""
    refused = pushing.counts(run.pk).get("refused", 0)
    if refused:
        runs.fail(run.pk, RefusedError("documents_refused", many=refused))
    else:
        runs.succeed(run.pk, **handing_over.left(run))
    procedures.advance_after(run.pk)


def _end_called(run: Run) -> None:
    if runs.begin(run.pk, 0):
        keep_notes(run.pk, [Note(code="called_from_outside")], timezone.now())
        runs.succeed(run.pk)
    procedures.advance_after(run.pk)


def _finish(run: Run) -> None:
    """End the run as its windows say. A run that has ended already stays as it ended."""
    waiting = NumberRead.objects.filter(run=run.pk, result=NumberRead.Result.WAITING)
    unread = WindowRead.objects.filter(run=run.pk, complete=False)
    failed = unread.exclude(error_code="").first()
    if failed:
        runs.fail(run.pk, error_of(failed))
    elif waiting.exists() or unread.exists():
        runs.fail(run.pk, ConfigError("progress_lost"))
    else:
        runs.succeed(run.pk)
    procedures.advance_after(run.pk)
