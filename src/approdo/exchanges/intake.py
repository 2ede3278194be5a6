"""A batch into documents: one transaction holds the documents and the fact that their page was read."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

from django.db import transaction

from approdo.exchanges import pushing
from approdo.exchanges.models import NumberRead, RequestLogged, RunNote, WindowRead
from approdo.exchanges.recoding import Asks, Intake, nobody_asks
from approdo.many import update
from approdo.sales.bulk import insert
from approdo.sales.receive import Counts, Origin, receive
from approdo.sales.status import receive_statuses
from approdo.sdk.connector import STATUS_SCANS, RequestMade
from approdo.sdk.documents import Batch, Note
from approdo.sdk.errors import ApprodoError, ConfigError, RefusedError, TransientError
from approdo.sdk.statuses import StatusBatch

Result = NumberRead.Result
FETCHED = (Result.CREATED, Result.UPDATED, Result.UNCHANGED, Result.FAILED)
COUNTED = ("read", "created", "updated", "unchanged", "failed", "left_out")
STATUSES_COUNTED = COUNTED[:-1]
"""Of statuses none is left out: they are kept whatever the state of their order."""


def take_page(
    window: WindowRead,
    page: int,
    batch: Batch | StatusBatch,
    next_token: str | None,
    at: datetime,
    their_clock: datetime | None = None,
    requests: Sequence[RequestMade] = (),
    asks: Asks = nobody_asks,
) -> bool:
    """Store page number `page` (from 0) of `window`, move its progress on, log its requests. All or nothing.

    Does no more than log, and says so by false, where this page was stored before: the row, not whoever calls,
    knows how far the window was read. Two callers with the same page store it once. `their_clock`, the other side's,
    at the first page bounds what the window proves: what bears a later moment was not there yet. `asks` says
    whether SKUs are recoded.
    """
    many = len(batch.statuses if isinstance(batch, StatusBatch) else batch.documents)
    # Most pages bring nothing new: counted so at once, they need no second statement.
    assumed = Counts(read=many, unchanged=many)
    moved = {"pages": page + 1, "next_token": next_token, "complete": next_token is None, "read_at": at}
    if page == 0:
        moved["read_until"] = min(window.end, their_clock or window.end)
    with transaction.atomic():
        keep_requests(window.run, requests)
        # Not where the window was begun anew meanwhile: its pages are cut elsewhere now.
        next_one = {"id": window.pk, "pages": page, "restarts": window.restarts, "complete": False}
        if not update(WindowRead, next_one, moved, {"read": many, "unchanged": many}):
            return False
        origin = Origin(window.node_id, window.run, at)
        if isinstance(batch, StatusBatch):
            counts = receive_statuses(batch, origin)
        else:
            counts = store(batch, origin, asks, known_only=window.known_only)
        _count(window, counts, assumed)
        keep_notes(window.run, [*batch.notes, *counts.notes], at)
    return True


def store(batch: Batch, origin: Origin, asks: Asks, *, known_only: bool = False) -> Counts:
    """Store what the batch brought, note the places that it names, recode SKUs where that is asked for.

    Inside the caller's transaction.
    """
    intake = Intake(batch, origin, asks)
    counts = receive(batch, origin, known_only, intake.recode)
    intake.settle()
    return counts


def restart_window(window: WindowRead) -> None:
    """Read the window again from its first page: its token is no longer worth anything."""
    WindowRead.objects.filter(pk=window.pk, restarts=window.restarts, complete=False).update(
        pages=0, next_token=None, restarts=window.restarts + 1
    )
    window.refresh_from_db()


def fail_window(window: WindowRead, error: ApprodoError) -> None:
    """Write down why the window could not be read to its end. The run goes on with the next one."""
    WindowRead.objects.filter(pk=window.pk, complete=False).update(
        error_kind=error.kind, error_code=error.code, error_params=error.params
    )


def fail_statuses(run: int, error: ApprodoError) -> None:
    """Write down the same for every window for statuses that the run has not read to its end."""
    WindowRead.objects.filter(run=run, scan__in=STATUS_SCANS, complete=False).update(
        error_kind=error.kind, error_code=error.code, error_params=error.params
    )


def error_of(window: WindowRead) -> ApprodoError:
    """The error that `fail_window` wrote down."""
    kinds: dict[str, type[ApprodoError]] = {kind.kind: kind for kind in (ConfigError, RefusedError, TransientError)}
    return kinds.get(window.error_kind, ApprodoError)(window.error_code, **window.error_params)


def take_order(wanted: NumberRead, batch: Batch, at: datetime, asks: Asks = nobody_asks) -> None:
    """Store the one order of `batch`, fetched by its number, and what became of it. Once, whoever calls."""
    with transaction.atomic():
        waiting = NumberRead.objects.select_for_update().filter(pk=wanted.pk, result=Result.WAITING)
        if not waiting.exists():
            return
        counts = store(batch, Origin(wanted.node_id, wanted.run, at), asks)
        result = next((name for name in FETCHED if getattr(counts, name)), Result.UNCHANGED)
        NumberRead.objects.filter(pk=wanted.pk).update(result=result, read_at=at)
        keep_notes(wanted.run, [*batch.notes, *counts.notes], at)


def miss_order(wanted: NumberRead, error: ApprodoError, at: datetime) -> None:
    """Write down why an order could not be fetched."""
    NumberRead.objects.filter(pk=wanted.pk, result=Result.WAITING).update(
        result=Result.MISSED, read_at=at, code=error.code, params=error.params
    )


def _count(window: WindowRead, counts: Counts, assumed: Counts) -> None:
    """Put right what was `assumed` of the page."""
    added = {name: getattr(counts, name) - getattr(assumed, name) for name in COUNTED}
    if any(added.values()):
        update(WindowRead, {"id": window.pk}, {}, added)


def keep_notes(run: int, notes: Sequence[Note], at: datetime) -> None:
    """Keep warnings beside their run."""
    RunNote.objects.bulk_create(RunNote(run=run, at=at, code=note.code, params=note.params) for note in notes)


def keep_requests(run: int, requests: Sequence[RequestMade]) -> None:
    """Keep the requests made for a run, failed ones too. All or nothing."""
    if not requests:  # else SQLite would wait for its write lock, for nothing
        return
    rows = [
        (
            run, made.at, made.operation[:80], made.status, made.request_id[:200],
            made.milliseconds, made.attempt, made.error[:60],
        )
        for made in requests
    ]  # fmt: skip
    columns = ("run", "at", "operation", "status", "request_id", "milliseconds", "attempt", "error")
    with transaction.atomic(savepoint=False):
        insert(RequestLogged, columns, rows)


class Progress(NamedTuple):
    """What became of all that a run reads: how many windows and single orders are done, how many of these missed."""

    counts: dict[str, Any]
    done: int
    missed: int


def counts_of(run: int) -> dict[str, Any]:
    """What became of everything that a run read, and how many requests it made.

    The numbers are of documents; `statuses`, there if statuses were asked for, holds the same of these;
    `handed_over` and `refused` are there if documents were sent out.
    """
    return progress_of(run).counts


def progress_of(run: int) -> Progress:
    """The same, and how far it is. Windows are added up here: they are few, and so one question is enough."""
    windows = list(WindowRead.objects.filter(run=run).order_by().values_list("scan", "complete", *COUNTED))
    results = list(NumberRead.objects.filter(run=run).order_by().values_list("result", flat=True))
    counts = _sums([counted for scan, _, *counted in windows if scan not in STATUS_SCANS])
    for result in results:
        if result in FETCHED:
            counts["read"] += 1
            counts[result] += 1
    statuses = [counted for scan, _, *counted in windows if scan in STATUS_SCANS]
    apart = {"statuses": _sums(statuses, STATUSES_COUNTED)} if statuses else {}
    requests = RequestLogged.objects.filter(run=run).count()
    done = sum(complete for _, complete, *_ in windows) + sum(result != Result.WAITING for result in results)
    counted = {"requests": requests, **counts, **apart, **pushing.counts(run)}
    return Progress(counted, done, results.count(Result.MISSED))


def _sums(rows: Sequence[Sequence[int]], names: Sequence[str] = COUNTED) -> dict[str, int]:
    return {name: sum(row[place] for row in rows) for place, name in enumerate(names)}
