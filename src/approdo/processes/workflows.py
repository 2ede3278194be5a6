"""The work itself, step by step: plan the windows, read page after page, end the run.

Each step leaves its truth in rows and returns only what the next one needs. A step that is done
twice does nothing twice: the window's row knows which page comes next.
"""

import logging
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any, TypeVar

from django.db import transaction
from django.utils import timezone
from structlog.contextvars import bind_contextvars, bound_contextvars

from approdo.connectors import connector_type
from approdo.exchanges import pushing
from approdo.exchanges.intake import (
    error_of,
    fail_statuses,
    fail_window,
    keep_notes,
    keep_requests,
    miss_order,
    restart_window,
    take_order,
    take_page,
)
from approdo.exchanges.models import NumberRead, WindowRead
from approdo.processes import database, engine, handing_over, planning, procedures, recodings, runs, workflow_ids
from approdo.processes.models import Connector, Run
from approdo.sdk.connector import Download, RequestMade, Scan
from approdo.sdk.documents import Note
from approdo.sdk.errors import ApprodoError, ConfigError, RefusedError, TransientError

log = logging.getLogger(__name__)

Row = TypeVar("Row", WindowRead, NumberRead)

TOKEN_LIFE = timedelta(minutes=10)
"""A page token older than this is not trusted: its window starts again."""

MOST_RESTARTS = 3
"""How often a window starts again because Amazon refused the token that it gave."""


MOST_FAILED = 3
"""After so many windows that could not be read, the run does not try the rest."""

MOST_PAGES = 20_000
"""Of one window: two million orders in a week. Whoever gives more is going round in circles."""

MISSING = ("not_an_order_number", "order_not_found")
"""Why one order cannot be fetched, though others can."""


@engine.workflow("download")
def download(work: str) -> None:
    """Read every window of a run to its end; stops where a step ended the run."""
    for window in engine.step("plan", _guarded, _plan, work):
        while engine.step("page", _guarded, _page, work, window):
            pass
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
    wanted = _still_there(NumberRead.objects.filter(run=run.pk, pk=wanted_id).first())
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


def _page(run: Run, window_id: int) -> bool:
    """Read and store the page that the window's row says comes next. True while there are more."""
    window = _still_there(WindowRead.objects.filter(run=run.pk, pk=window_id).first())
    if window.complete or window.error_code or not run.live or run.connector is None:
        return False
    if window.next_token and window.read_at and timezone.now() - window.read_at > TOKEN_LIFE:
        restart_window(window)
    if window.pages >= MOST_PAGES:
        return _give_up(window, TransientError("endless_pages", pages=window.pages))
    made: list[RequestMade] = []
    try:
        batch, next_token = planning.work_of(run.connector).step(
            planning.context(run.connector, made), window.window(), window.next_token
        )
    except ApprodoError as error:
        keep_requests(run.pk, made)
        return _not_read(window, error)
    except BaseException:
        keep_requests(run.pk, made)
        raise
    clock = _their_clock(made)
    if window.pages == 0:
        try:
            _refuse_future(window, clock)
        except ConfigError:
            keep_requests(run.pk, made)
            raise
    take_page(window, window.pages, batch, next_token, timezone.now(), clock, made, recodings.asked)
    runs.note_progress(run.pk)
    return next_token is not None


def _not_read(window: WindowRead, error: ApprodoError) -> bool:
    """What an error means for a window; true where it begins again. Raises the error where it is the run's."""
    if error.code == "page_token_refused" and window.restarts < MOST_RESTARTS:
        restart_window(window)
        return True
    if isinstance(error, RefusedError | TransientError):
        return _give_up(window, error)
    if isinstance(error, ConfigError) and Scan(window.scan).is_status:
        fail_statuses(window.run, error)  # a role can be missing for statuses alone: orders do not suffer from it
        return False
    raise error


def _still_there(row: Row | None) -> Row:
    """What the engine remembers as planned may be newer than the database: a copy was put back, or a disk lied."""
    if row is None:
        raise ConfigError("progress_lost")
    return row


def _give_up(window: WindowRead, error: ApprodoError) -> bool:
    """Leave a window that cannot be read and go on: the newest orders do not wait for an old fault.

    Raises the error where too many could not be read: then it is not the window's.
    """
    fail_window(window, error)
    failed = WindowRead.objects.filter(run=window.run, scan__in=_alike(window.scan)).exclude(error_code="")
    if failed.count() >= MOST_FAILED:
        raise error
    return False


def _alike(scan: str) -> list[Scan]:
    """The scans that ask the same operation: where one is out of order, so are the others."""
    return [one for one in Scan if one.is_status == Scan(scan).is_status]


def _refuse_future(window: WindowRead, clock: datetime | None) -> None:
    """A window that begins after the other side's own clock proves nothing, however well-formed its page."""
    if clock and clock <= window.start:
        ahead = timezone.now() - clock
        raise ConfigError("clock_ahead", minutes=round(ahead.total_seconds() / 60))


def _their_clock(made: Sequence[RequestMade]) -> datetime | None:
    """The other side's clock when it began to answer the last request."""
    last = made[-1] if made else None
    return last.their_clock - timedelta(milliseconds=last.milliseconds) if last and last.their_clock else None


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
