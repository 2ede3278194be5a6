"""Which windows a run reads: its range, gaps, once a night the last weeks, and what was open when last seen."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.utils import timezone

from approdo.connectors import configuration_type, connector_type
from approdo.exchanges.coverage import Interval, Reach, missing, union, unread
from approdo.exchanges.models import WindowRead
from approdo.exchanges.quiet import silence
from approdo.nodes.models import MOST_DAYS, Configuration
from approdo.nodes.time_ranges import spans, zone_of
from approdo.processes.models import Connector, Run
from approdo.sales import queries, status_queries
from approdo.sdk.connector import Context, Download, ReadWindow, RequestMade, Scan, Span
from approdo.sdk.errors import ConfigError

Purpose = WindowRead.Purpose

DEEP = timedelta(days=28)
"""So far back everything is read once more each night: Amazon has filled in orders days later (reference 18, 6)."""

DEEP_WHILE_QUIET = timedelta(days=56)
"""The same for an account that is unusually quiet, until somebody has explained why."""

NIGHT = time(2)
"""The night begins at this hour of the node's zone. The first run after it is the deep one, whoever starts it."""

NEIGHBOURS = timedelta(days=1)
"""Open orders that lie no further apart are asked for in one window."""

AROUND = timedelta(seconds=1)
"""Whether bounds include their own moment is not known (reference 14): so it is put inside them."""


STATUSES_REST = timedelta(hours=6)
"""So long the statuses of open orders are left alone, once they were read by the orders' dates."""


def write_windows(run: Run) -> list[int]:
    """Write down every window of `run`, in the order in which they are read, and return the numbers of their rows.

    The newest orders come first: the range, then gaps, then what the nightly re-scan still owes, then
    known orders that were open. Raises `ConfigError` where the configuration, or its range, cannot be read.
    """
    connector = run.connector
    if connector is None or connector.configuration is None or connector.configuration.time_range is None:
        raise ConfigError("configuration_missing")
    now = timezone.now()
    options = connector.all_options()
    work = work_of(connector)
    reach = Reach(connector.node, options["type"], connector.pk, work.states(options))
    windows = _left_unread(run, reach) or [
        (purpose, window)
        for purpose, wanted in _wanted(reach, work, connector.configuration, options, now)
        for window in (work.plan(options, wanted, now) if wanted else [])
    ]
    # Orders first: what their statuses meet with must not keep them waiting.
    windows.sort(key=lambda planned: planned[1].scan.is_status)
    rows = WindowRead.objects.bulk_create(
        _row(run, reach, position, purpose, window) for position, (purpose, window) in enumerate(windows)
    )
    return [row.pk for row in rows]


def _left_unread(run: Run, reach: Reach) -> list[tuple[Purpose, ReadWindow]]:
    """The windows that the run which is retried did not read to their end; none where it planned none."""
    if run.retry_of_id is None:
        return []
    left = WindowRead.objects.filter(run=run.retry_of_id, program=reach.program, complete=False)
    return [(Purpose(row.purpose), row.window()) for row in left]


def _wanted(
    reach: Reach, work: Download, configuration: Configuration, options: Mapping[str, Any], now: datetime
) -> Iterator[tuple[Purpose, Sequence[Span]]]:
    """What is to be read, and why. Fixed dates are read alone."""
    zone = zone_of(reach.node)
    time_range = configuration.time_range
    assert time_range is not None, "write_windows has looked"
    known = configuration_type(configuration.kind).scans(options)
    farthest = now - timedelta(days=MOST_DAYS + 1)
    wanted = [
        Span(one.scan, min(max(one.start - AROUND, farthest), one.start), one.end)
        for one in spans(time_range, now, zone)
        if one.scan in known
    ]
    if not wanted:
        raise ConfigError("no_change_date")
    wanted += [Span(scan, wanted[0].start, wanted[0].end) for scan in work.beside(options)]
    if time_range.last is None:
        yield Purpose.DATES, wanted
        return
    yield Purpose.RANGE, wanted
    oldest = now - timedelta(days=MOST_DAYS)
    gaps = unread(reach, wanted, work.overlap, oldest)
    yield Purpose.GAP, gaps
    quiet = silence(reach.node, reach.program)
    back = DEEP_WHILE_QUIET if quiet and not quiet.explained else DEEP
    deep = unread(reach, [*wanted, *gaps], work.overlap, now - back, last_night(now, zone))
    yield Purpose.DEEP, deep
    yield Purpose.OPEN, _still_open(reach, work, [*wanted, *gaps, *deep], oldest, now)
    if Scan.STATUS in work.beside(options):
        yield Purpose.OPEN, _status_open(reach, work, oldest, now)


def last_night(now: datetime, zone: ZoneInfo) -> datetime:
    """The newest 02:00 in `zone` that is not after `now`, UTC."""
    today = now.astimezone(zone).date()
    nights = (datetime.combine(day, NIGHT, zone).astimezone(UTC) for day in (today, today - timedelta(days=1)))
    return next(night for night in nights if night <= now)


def _row(run: Run, reach: Reach, position: int, purpose: Purpose, window: ReadWindow) -> WindowRead:
    return WindowRead(
        node=reach.node,
        program=reach.program,
        run=run.pk,
        connector=reach.connector,
        position=position,
        purpose=purpose,
        scan=window.scan,
        start=window.start,
        end=window.end,
        # A status is kept whatever the state of its order.
        states=[] if window.scan.is_status else sorted(reach.states),
        source=reach.node.identity or "",
    )


def _still_open(reach: Reach, work: Download, wanted: Sequence[Span], oldest: datetime, now: datetime) -> list[Span]:
    """The creation times of known orders that can still change and that `wanted` does not reach.

    Whether a mere change of state shows in a window of changes is not known (reference 18): so they
    are read again by the one date that never moves. One that Amazon dates in the future is left to
    the range of that day.
    """
    read = union(Interval(span.start, span.end) for span in wanted if span.scan is Scan.CREATED)
    dates = queries.dates_of(reach.node.pk, reach.program, work.open_states, oldest + AROUND)
    return [Span(Scan.CREATED, *one) for one in _around([date for date in dates if date < now], read)]


def _status_open(reach: Reach, work: Download, oldest: datetime, now: datetime) -> list[Span]:
    """The creation times of known orders whose status can still move, if not read so in the last hours.

    Whether a receipt moves an order into a window of updates is not known, and Amazon's own example
    says no: its `lastUpdatedDate` is eleven days before its `lastReceiveDate` (reference 5.5).
    """
    known = WindowRead.objects.filter(
        node=reach.node, program=reach.program, scan=Scan.STATUS_BY_CREATION, complete=True,
        source=reach.node.identity or "", read_at__range=(now - STATUSES_REST, now),
    )  # fmt: skip
    read = union(Interval(*one) for one in known.values_list("start", "end"))
    dates = {
        *queries.dates_of(reach.node.pk, reach.program, work.open_states, oldest + AROUND),
        *status_queries.open_dates(reach.node.pk, reach.program, oldest + AROUND),
    }
    past = sorted(date for date in dates if date < now)
    return [Span(Scan.STATUS_BY_CREATION, *one) for one in _around(past, read)]


def _around(dates: Sequence[datetime], read: Sequence[Interval]) -> list[Interval]:
    """Stretches of time around the dates that `read` leaves out."""
    found: list[Interval] = []
    for date in dates:
        around = Interval(date - AROUND, date + AROUND)
        if not missing(read, *around):
            continue
        if found and around.start - found[-1].end <= NEIGHBOURS:
            found[-1] = Interval(found[-1].start, around.end)
        else:
            found.append(around)
    return found


def work_of(connector: Connector) -> Download:
    """How the connector's type reads documents. Raises `ConfigError` for one that reads none."""
    work = connector_type(connector.type).work
    if not isinstance(work, Download):
        raise ConfigError("not_a_download", name=connector.name)
    return work


def context(connector: Connector, made: list[RequestMade]) -> Context:
    """What the connector's type may know; the requests it makes are added to `made`."""
    return Context(
        account=connector.node.account,
        settings=connector.node.settings(),
        options=connector.all_options(),
        record=made.append,
    )
