"""The work itself, step by step: plan the windows, read page after page, end the run.

Each step leaves its truth in rows and returns only what the next one needs. A step that is done
twice does nothing twice: the window's row knows which page comes next.
"""

import logging
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db import InterfaceError, OperationalError, transaction
from django.utils import timezone

from approdo.connectors import connector_type
from approdo.exchanges.coverage import Reach, with_gaps
from approdo.exchanges.intake import keep_requests, miss_order, restart_window, take_order, take_page
from approdo.exchanges.models import NumberRead, WindowRead
from approdo.nodes.models import MOST_DAYS
from approdo.nodes.time_ranges import spans
from approdo.processes import engine, runs
from approdo.processes.models import Connector, Run
from approdo.sdk.connector import Context, Download, RequestMade
from approdo.sdk.errors import ApprodoError, ConfigError, RefusedError

log = logging.getLogger(__name__)

TOKEN_LIFE = timedelta(minutes=10)
"""A page token older than this is not trusted: its window starts again."""

MOST_RESTARTS = 3
"""How often a window starts again because Amazon refused the token that it gave."""


MISSING = ("not_an_order_number", "order_not_found")
"""Why one order cannot be fetched, though others can."""


@engine.workflow("download")
def download(run: int) -> None:
    """Read every window of a run to its end; stops where a step ended the run."""
    for window in engine.step("plan", _guarded, _plan, run):
        while engine.step("page", _guarded, _page, run, window):
            pass
    engine.step("finish", _guarded, _finish, run)


@engine.workflow("fetch")
def fetch(run: int) -> None:
    """Fetch every order of a run by its number; stops where a step ended the run."""
    for wanted in engine.step("plan", _guarded, _plan_orders, run):
        engine.step("order", _guarded, _order, run, wanted)
    engine.step("finish", _guarded, _finish, run)


def _guarded(work: Callable[..., Any], run: int, *arguments: Any) -> Any:
    """Do `work`; an error ends the run with its reason and gives the workflow nothing more to do."""
    try:
        return work(run, *arguments)
    except ApprodoError as error:
        runs.fail(run, error)
    except (OperationalError, InterfaceError):
        raise  # the database is away: the engine tries this step again
    except Exception as error:
        log.exception("run %s failed", run)
        runs.fail(run, ApprodoError("internal", reason=type(error).__name__))
    return []


def _plan(run: int) -> list[int]:
    """Write down the windows to read, once, and return their numbers."""
    row = Run.objects.select_related("connector__node", "connector__configuration__time_range").get(pk=run)
    with transaction.atomic():
        planned = list(WindowRead.objects.filter(run=run).values_list("pk", flat=True))
        if not planned and row.live:
            planned = _write_windows(row)
        return planned if runs.begin(run, len(planned)) else []


def _write_windows(run: Run) -> list[int]:
    connector = run.connector
    if connector is None or connector.configuration is None or connector.configuration.time_range is None:
        raise ConfigError("configuration_missing")
    now = timezone.now()
    options = connector.all_options()
    work = _work(connector)
    states = work.states(options)
    wanted = spans(connector.configuration.time_range, now, _zone(connector))
    if connector.configuration.time_range.last is not None:
        reach = Reach(connector.node_id, options["type"], connector.pk, states)
        wanted = with_gaps(reach, wanted, work.overlap, now - timedelta(days=MOST_DAYS))
    windows = work.plan(options, wanted, now)
    rows = WindowRead.objects.bulk_create(
        WindowRead(
            node=connector.node,
            program=options["type"],
            run=run.pk,
            connector=connector.pk,
            position=position,
            scan=window.scan,
            start=window.start,
            end=window.end,
            states=sorted(states),
        )
        for position, window in enumerate(windows)
    )
    return [row.pk for row in rows]


def _plan_orders(run: int) -> list[int]:
    """Write down the orders to fetch, once, and return the numbers of their rows."""
    row = Run.objects.select_related("connector").get(pk=run)
    with transaction.atomic():
        planned = list(NumberRead.objects.filter(run=run).values_list("pk", flat=True))
        if not planned and row.live and row.connector:
            rows = (
                NumberRead(node_id=row.connector.node_id, run=run, position=position, number=number)
                for position, number in enumerate(row.orders)
            )
            planned = [made.pk for made in NumberRead.objects.bulk_create(rows)]
        return planned if runs.begin(run, len(planned)) else []


def _order(run: int, wanted_id: int) -> None:
    """Fetch one order and store it, or write down that Amazon does not give it."""
    wanted = NumberRead.objects.get(pk=wanted_id)
    row = Run.objects.select_related("connector__node", "connector__configuration").get(pk=run)
    if wanted.result or not row.live or row.connector is None:
        return
    work = _work(row.connector)
    if work.fetch is None:
        raise ConfigError("fetch_not_possible")
    made: list[RequestMade] = []
    try:
        batch = work.fetch(_context(row.connector, made), wanted.number)
    except RefusedError as error:
        if error.code not in MISSING:
            keep_requests(run, made)
            raise
        miss_order(wanted, error, timezone.now())
    except BaseException:
        keep_requests(run, made)
        raise
    else:
        take_order(wanted, batch, timezone.now())
    keep_requests(run, made)
    runs.note_progress(run)


def _page(run: int, window_id: int) -> bool:
    """Read and store the page that the window's row says comes next. True while there are more."""
    window = WindowRead.objects.get(pk=window_id)
    row = Run.objects.select_related("connector__node", "connector__configuration").get(pk=run)
    if window.complete or not row.live or row.connector is None:
        return False
    if window.next_token and window.read_at and timezone.now() - window.read_at > TOKEN_LIFE:
        restart_window(window)
    made: list[RequestMade] = []
    try:
        batch, next_token = _work(row.connector).step(_context(row.connector, made), window.window(), window.next_token)
    except RefusedError as error:
        keep_requests(run, made)
        if error.code == "page_token_refused" and window.restarts < MOST_RESTARTS:
            restart_window(window)
            return True
        raise
    except BaseException:
        keep_requests(run, made)
        raise
    with transaction.atomic():
        keep_requests(run, made)
        take_page(window, window.pages, batch, next_token, timezone.now(), _their_clock(made))
        runs.note_progress(run)
    return next_token is not None


def _their_clock(made: Sequence[RequestMade]) -> datetime | None:
    """The other side's clock when it began to answer the last request."""
    last = made[-1] if made else None
    return last.their_clock - timedelta(milliseconds=last.milliseconds) if last and last.their_clock else None


def _finish(run: int) -> None:
    """End the run as its windows say. A run that has ended already stays as it ended."""
    waiting = NumberRead.objects.filter(run=run, result=NumberRead.Result.WAITING)
    if waiting.exists() or WindowRead.objects.filter(run=run, complete=False).exists():
        return
    runs.succeed(run)


def _work(connector: Connector) -> Download:
    return connector_type(connector.type).work


def _context(connector: Connector, made: list[RequestMade]) -> Context:
    return Context(
        account=f"node-{connector.node_id}",
        settings=connector.node.settings(),
        options=connector.all_options(),
        record=made.append,
    )


def _zone(connector: Connector) -> ZoneInfo:
    return ZoneInfo(connector.node.options.get("time_zone") or settings.TIME_ZONE)
