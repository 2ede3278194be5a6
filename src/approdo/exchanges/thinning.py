"""Old rows go, and what they prove stays: requests and notes are deleted, windows of time are joined."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import F, QuerySet

from approdo.exchanges.coverage import PROVEN, Interval, union
from approdo.exchanges.models import NumberRead, RequestLogged, RunNote, WindowRead
from approdo.exchanges.quiet import LONGEST_WINDOW

AT_ONCE = 2000
"""So many rows are deleted, or windows joined, in one transaction."""

COUNTS = ("pages", "read", "created", "updated", "unchanged", "failed", "left_out")

Purpose = WindowRead.Purpose


def forget_details(runs: Collection[int]) -> bool:
    """Delete some of the requests and notes of these runs. True as long as there were any."""
    return any(_delete_some(kind.objects.filter(run__in=runs)) for kind in (RequestLogged, RunNote))


def forget_orders(runs: Collection[int]) -> None:
    """Delete which orders these runs were to fetch by their numbers."""
    NumberRead.objects.filter(run__in=runs).delete()


def join_windows(before: datetime, run: int, spared: Collection[int]) -> bool:
    """Join some windows of time before a moment that runs before `run` read; those of `spared` runs stay.

    Coverage, gaps and what a run owes are the same afterwards: windows of one account, program, date, connector
    and choice of states become one where they overlap. Those not read to their end go where others read their
    time, those for open orders because they prove nothing. True as long as there was anything to do.
    """
    old = WindowRead.objects.filter(run__gt=0, run__lt=run, end__lte=before).exclude(run__in=spared)
    if _delete_some(old.filter(purpose=Purpose.OPEN)):
        return True
    read = old.filter(complete=True).annotate(proven=PROVEN).filter(proven__gt=F("start"))
    one = read.first()
    if one is None:
        return False
    like = {name: getattr(one, name) for name in ("node_id", "source", "program", "scan", "connector")}
    with transaction.atomic():
        joined = WindowRead.objects.filter(run=0).annotate(proven=PROVEN)
        rows = [
            *joined.filter(**like).select_for_update(),
            *read.filter(**like).order_by("start", "pk").select_for_update()[:AT_ONCE],
        ]
        for key, group in _alike(rows).items():
            _join(group)
            _drop_read_elsewhere(old.filter(**like, complete=False), key, group)
    return True


def _delete_some(rows: QuerySet[Any]) -> bool:
    numbers = list(rows.values_list("pk", flat=True)[:AT_ONCE])
    rows.model._default_manager.filter(pk__in=numbers).delete()
    return bool(numbers)


def _key(row: WindowRead) -> tuple[Any, ...]:
    return (tuple(sorted(row.states)), row.purpose == Purpose.DATES)


def _alike(rows: Iterable[Any]) -> dict[tuple[Any, ...], list[Any]]:
    groups = defaultdict(list)
    for row in rows:
        groups[_key(row)].append(row)
    return groups


def _join(rows: Sequence[Any]) -> None:
    """Make one row of those that overlap, none longer than the longest window."""
    together: list[Any] = []
    for row in sorted(rows, key=lambda one: (one.start, one.pk)):
        until = max((one.proven for one in together), default=row.proven)
        fits = row.start < until and max(until, row.proven) - together[0].start <= LONGEST_WINDOW if together else True
        if not fits:
            _write(together)
            together = []
        together.append(row)
    _write(together)


def _write(rows: Sequence[Any]) -> None:
    first, *others = rows
    if first.run == 0 and not others:
        return
    WindowRead.objects.filter(pk__in=[one.pk for one in others]).delete()
    until = max(one.proven for one in rows)
    WindowRead.objects.filter(pk=first.pk).update(
        run=0,
        position=first.pk,
        start=min(one.start for one in rows),
        end=until,
        read_until=until,
        read_at=max((one.read_at for one in rows if one.read_at), default=None),
        next_token=None,
        **{name: sum(getattr(one, name) for one in rows) for name in COUNTS},
    )


def _drop_read_elsewhere(unread: QuerySet[WindowRead], key: tuple[Any, ...], rows: Sequence[Any]) -> None:
    """Windows not read to their end say nothing more where all their time was read: not even why there is a gap."""
    read = union(Interval(one.start, one.proven) for one in rows)
    gone = [
        one.pk
        for one in unread
        if _key(one) == key and any(part.start < one.start and one.end < part.end for part in read)
    ]
    WindowRead.objects.filter(pk__in=gone).delete()
