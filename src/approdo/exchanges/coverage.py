"""What has been read completely, and what not: the proof behind “nothing new”.

A window proves its time only when each of its pages is stored, and only up to the other side's own
clock. Two windows join when they overlap: where they merely touch, whether the moment between them
was read is not known.
"""

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from itertools import product
from typing import NamedTuple

from django.db.models import Min, QuerySet
from django.db.models.functions import Coalesce
from django.utils import timezone

from approdo.connectors import node_type
from approdo.exchanges.models import WindowRead
from approdo.nodes.models import Node
from approdo.sales.models import SetAside
from approdo.sdk.connector import Scan, Span

PROVEN = Coalesce("read_until", "end")
"""How far a complete window proves its time."""

NEWEST = 20
"""Among so many windows with the latest start is the one that ends last: a run's windows follow each other."""


class Interval(NamedTuple):
    """A stretch of time, UTC."""

    start: datetime
    end: datetime


class Reason(StrEnum):
    """Why a stretch of time counts as not read: the code of a sentence."""

    UNFINISHED = "gap_unfinished"
    """A run began or planned it and did not read it to its end."""
    NOT_ASKED = "gap_not_asked"
    """No run asked for it."""


class Gap(NamedTuple):
    """A stretch of time that is not proven, the reason, and the newest run that tried, if any."""

    start: datetime
    end: datetime
    reason: Reason
    run: int | None


class Coverage(NamedTuple):
    """What one account's orders of one program are known for, by one of their dates.

    `states` are those that unknown orders had to have to be stored; empty means every state, and
    only then may `complete` be true. `set_aside` counts the documents, or statuses, that wait unread, `given_up`
    those that a person gave up.
    """

    program: str
    scan: str
    states: tuple[str, ...]
    read: list[Interval]
    gaps: list[Gap]
    set_aside: int
    given_up: int
    read_at: datetime | None

    @property
    def complete(self) -> bool:
        """Nothing is missing between the first and the last moment read, and nothing waits unread."""
        return bool(self.read) and not (self.states or self.gaps or self.set_aside)


class Reach(NamedTuple):
    """Whose reading is meant: a connector's, on its node, for its program and states."""

    node: Node
    program: str
    connector: int
    states: Collection[str]


class _Row(NamedTuple):
    program: str
    scan: str
    start: datetime
    end: datetime
    states: tuple[str, ...]
    complete: bool
    read_at: datetime | None
    run: int


def unread(
    reach: Reach, spans: Sequence[Span], overlap: timedelta, oldest: datetime, since: datetime | None = None
) -> list[Span]:
    """What a connector owes beside `spans`: all that it has not read from its first run on.

    Nothing before `oldest`. With `since`, what was last read before that moment is owed once more. Each
    part is widened by `overlap` on both sides, so that what is read anew joins what was read before.
    """
    found = []
    for scan in dict.fromkeys(span.scan for span in spans):
        mine = [Interval(span.start, span.end) for span in spans if span.scan is scan]
        start = max(min([*_first_asked(reach, scan), *(one.start for one in mine)]), oldest)
        end = max(one.end for one in mine)
        gaps = missing(union([*mine, *_read_by_any(reach, scan, oldest, since)]), start, end)
        widened = (Interval(max(gap.start - overlap, start), min(gap.end + overlap, end)) for gap in gaps)
        found += [Span(scan, *part) for part in union(widened)]
    return found


def coverage(node: Node) -> list[Coverage]:
    """All that is known of a node's account, by program, scan and states; for some states only where that says more."""
    rows = _rows(node)
    groups = sorted({(row.program, row.scan, row.states) for row in rows}, key=_order)
    waiting = {key: _waiting(node.pk, *key) for key in {(row.program, _about(row.scan)) for row in rows}}
    found: list[Coverage] = []
    for program, scan, states in groups:
        asked = [row for row in rows if (row.program, row.scan) == (program, scan) and _covers(row.states, states)]
        read = union(Interval(row.start, row.end) for row in asked if row.complete)
        if any((one.program, one.scan, one.states, one.read) == (program, scan, (), read) for one in found):
            continue
        found.append(
            Coverage(
                program=program,
                scan=scan,
                states=states,
                read=read,
                gaps=_gaps(asked, read),
                set_aside=waiting[program, _about(scan)][0],
                given_up=waiting[program, _about(scan)][1],
                read_at=max((row.read_at for row in asked if row.complete and row.read_at), default=None),
            )
        )
    return found


def newest_read(node: Node) -> list[tuple[str, str, datetime]]:
    """The newest moment up to which a window was read completely, by program and scan. Quick, and knows no gaps."""
    found = []
    programs = dict.fromkeys(program for work in node_type(node.type).downloads for program in work.reread)
    for program, scan in product(programs, Scan):
        # “IN (true)”, because SQLite does not use its index for a bare column.
        read = proofs(node).filter(program=program, scan=scan, complete__in=[True]).annotate(proven=PROVEN)
        newest = read.order_by("-start").values_list("proven", flat=True)[:NEWEST]
        if newest:
            found.append((program, str(scan), max(newest)))
    return found


def union(intervals: Iterable[Interval]) -> list[Interval]:
    """The same time in the fewest intervals, in order; those that only touch stay apart."""
    joined: list[Interval] = []
    for one in sorted(intervals):
        if joined and one.start < joined[-1].end:
            joined[-1] = Interval(joined[-1].start, max(joined[-1].end, one.end))
        else:
            joined.append(one)
    return joined


def missing(read: Sequence[Interval], start: datetime, end: datetime) -> list[Interval]:
    """What `read` (a union) leaves out between two moments; of length zero where two parts only touch."""
    found, known = [], start
    for one in read:
        if one.end < start or one.start > end:
            continue
        if one.start > known or (one.start == known and known > start):
            found.append(Interval(known, one.start))
        known = max(known, one.end)
    return [*found, Interval(known, end)] if known < end else found


def _order(group: tuple[str, str, tuple[str, ...]]) -> tuple[str, int, tuple[str, ...]]:
    program, scan, states = group
    return (program, list(Scan).index(Scan(scan)), states)


def _gaps(asked: Sequence[_Row], read: Sequence[Interval]) -> list[Gap]:
    start, end = min(row.start for row in asked), max(row.end for row in asked)
    found = []
    for gap in missing(read, start, end):
        tried = [row.run for row in asked if not row.complete and row.start <= gap.end and row.end >= gap.start]
        reason = Reason.UNFINISHED if tried else Reason.NOT_ASKED
        found.append(Gap(*gap, reason, max(tried, default=None)))
    return found


def _covers(asked: Collection[str], wanted: Collection[str]) -> bool:
    return not asked or (bool(wanted) and set(wanted) <= set(asked))


def proofs(node: Node) -> QuerySet[WindowRead]:
    """The windows that were asked of the account behind the node's present settings and can prove time."""
    return WindowRead.objects.filter(node=node, source=node.identity or "").exclude(purpose=WindowRead.Purpose.OPEN)


def _rows(node: Node) -> list[_Row]:
    values = (
        proofs(node)
        .annotate(proven=PROVEN)
        .values_list("program", "scan", "start", "proven", "states", "complete", "read_at", "run")
    )
    return [
        _Row(program, scan, start, end, tuple(sorted(states)), complete, read_at, run)
        for program, scan, start, end, states, complete, read_at, run in values.iterator()
        if start < end
    ]


def _read_by_any(reach: Reach, scan: Scan, oldest: datetime, since: datetime | None) -> list[Interval]:
    """What any connector of the node has read for at least these states, since a moment if one is given."""
    read = proofs(reach.node).filter(program=reach.program, scan=scan, complete=True, end__gte=oldest)
    if since is not None:
        # A clock that was ahead may have written moments that are still to come.
        read = read.filter(read_at__range=(since, timezone.now()))
    rows = read.annotate(proven=PROVEN).values_list("start", "proven", "states")
    return union(
        Interval(start, end) for start, end, states in rows.iterator() if start < end and _covers(states, reach.states)
    )


def _first_asked(reach: Reach, scan: Scan) -> list[datetime]:
    """Where the connector's first run began to read by this date, and the earliest that its relative ranges asked for.

    The two differ where the clock was ahead at the first run, and where a longer range came later.
    """
    asked = WindowRead.objects.filter(
        connector=reach.connector, node=reach.node, program=reach.program, scan=scan
    ).exclude(purpose=WindowRead.Purpose.OPEN)
    first = asked.order_by("run", "start").values_list("start", flat=True).first()
    earliest = asked.exclude(purpose=WindowRead.Purpose.DATES).aggregate(start=Min("start"))["start"]
    return [moment for moment in (first, earliest) if moment]


def _about(scan: str) -> SetAside.About:
    return SetAside.About.STATUS if Scan(scan).is_status else SetAside.About.ORDER


def _waiting(node: int, program: str, about: SetAside.About) -> tuple[int, int]:
    """How many wait unread, and how many were given up."""
    unread = SetAside.objects.filter(node=node, program=program, about=about, stored_at=None)
    open_ones = unread.filter(SetAside.WAITS).count()
    return open_ones, unread.count() - open_ones
