"""Which windows a run reads: its range, the gaps since its connector's first run, what was open when last seen."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from django.utils import timezone

from approdo.connectors import configuration_type, connector_type
from approdo.exchanges.coverage import Interval, Reach, missing, union, with_gaps
from approdo.exchanges.models import WindowRead
from approdo.nodes.models import MOST_DAYS
from approdo.nodes.time_ranges import spans, zone_of
from approdo.processes.models import Connector, Run
from approdo.sales import queries, status_queries
from approdo.sdk.connector import Context, Download, ReadWindow, RequestMade, Scan, Span
from approdo.sdk.errors import ConfigError

NEIGHBOURS = timedelta(days=1)
"""Open orders that lie no further apart are asked for in one window."""

AROUND = timedelta(seconds=1)
"""Whether bounds include their own moment is not known (reference 14)."""


STATUSES_REST = timedelta(hours=6)
"""So long the statuses of open orders are left alone, once they were read by the orders' dates."""


def write_windows(run: Run) -> list[int]:
    """Write down every window of `run` and return the numbers of their rows.

    Raises `ConfigError` where the configuration, or its range, cannot be read.
    """
    connector = run.connector
    if connector is None or connector.configuration is None or connector.configuration.time_range is None:
        raise ConfigError("configuration_missing")
    time_range = connector.configuration.time_range
    now = timezone.now()
    options = connector.all_options()
    work = work_of(connector)
    reach = Reach(connector.node, options["type"], connector.pk, work.states(options))
    known = configuration_type(connector.configuration.kind).scans(options)
    wanted = [span for span in spans(time_range, now, zone_of(connector.node)) if span.scan in known]
    if not wanted:
        raise ConfigError("no_change_date")
    wanted += [Span(scan, wanted[0].start, wanted[0].end) for scan in work.beside(options)]
    again: list[Span] = []
    if time_range.last is not None:
        oldest = now - timedelta(days=MOST_DAYS)
        wanted = with_gaps(reach, wanted, work.overlap, oldest)
        again = _still_open(reach, work, wanted, oldest)
        if Scan.STATUS in work.beside(options):
            again += _status_open(reach, work, oldest, now)
    windows = [(window, False) for window in work.plan(options, wanted, now)]
    windows += [(window, True) for window in (work.plan(options, again, now) if again else [])]
    # Orders first: what their statuses meet with must not keep them waiting.
    windows.sort(key=lambda planned: planned[0].scan.is_status)
    rows = WindowRead.objects.bulk_create(
        _row(run, reach, position, window, twice) for position, (window, twice) in enumerate(windows)
    )
    return [row.pk for row in rows]


def _row(run: Run, reach: Reach, position: int, window: ReadWindow, again: bool) -> WindowRead:
    return WindowRead(
        node=reach.node,
        program=reach.program,
        run=run.pk,
        connector=reach.connector,
        position=position,
        scan=window.scan,
        start=window.start,
        end=window.end,
        # A status is kept whatever the state of its order.
        states=[] if window.scan.is_status else sorted(reach.states),
        source=reach.node.identity or "",
        again=again,
    )


def _still_open(reach: Reach, work: Download, wanted: Sequence[Span], oldest: datetime) -> list[Span]:
    """The creation times of known orders that can still change and that `wanted` does not reach.

    Whether a mere change of state shows in a window of changes is not known (reference 18): so they
    are read again by the one date that never moves.
    """
    read = union(Interval(span.start, span.end) for span in wanted if span.scan is Scan.CREATED)
    dates = queries.dates_of(reach.node.pk, reach.program, work.open_states, oldest + AROUND)
    return [Span(Scan.CREATED, *one) for one in _around(dates, read)]


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
    """What the connector's type does."""
    return connector_type(connector.type).work


def context(connector: Connector, made: list[RequestMade]) -> Context:
    """What the connector's type may know; the requests it makes are added to `made`."""
    return Context(
        account=connector.node.account,
        settings=connector.node.settings(),
        options=connector.all_options(),
        record=made.append,
    )
