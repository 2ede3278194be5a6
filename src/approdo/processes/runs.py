"""A run from the wish to its end. Every change of state is one conditional update: only one caller wins."""

import logging
import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from time import monotonic
from typing import Any

from django.db import IntegrityError, transaction
from django.utils import timezone

from approdo.connectors import connector_type
from approdo.exchanges.intake import counts_of, keep_notes
from approdo.exchanges.models import NUMBER_LENGTH, NumberRead, WindowRead
from approdo.exchanges.quiet import silence
from approdo.nodes.time_ranges import zone_of
from approdo.processes import engine, notices, run_lines
from approdo.processes.models import Connector, Run, live_runs
from approdo.processes.workflow_ids import workflow_id
from approdo.sales.models import SetAside
from approdo.sdk.documents import Note
from approdo.sdk.errors import ApprodoError, ConfigError, RefusedError
from approdo.sdk.exports import Export
from approdo.sdk.imports import Import

State = Run.State

log = logging.getLogger(__name__)

MOST_ORDERS = 1000
"""How many orders one run fetches by their numbers."""

NOTED_SECONDS = 0.5
MOST_NOTED = 100
_noted: dict[int, float] = {}
"""When this process last noted the progress of a run."""

TAKEN_OVER = "taken_over"
"""The note of a run that another worker went on with."""

WRONG_NUMBERS = ("no_order_numbers", "too_many_orders", "not_order_numbers")
"""Why numbers are refused at once."""


def request_run(
    connector: Connector, requested_by: str = "", orders: Sequence[str] | None = None, retry_of: Run | None = None
) -> Run:
    """A queued run of `connector`, or the one that is already queued or running.

    With `orders`, the run fetches these by their numbers and nothing else; with `retry_of`, it reads what that
    one left unread. The engine is asked after commit; should that fail, a worker's round finds the row and asks
    again. Raises `ConfigError` for a connector that is not active, for numbers that cannot be, and, where more
    than the usual is wanted, while a run is live.
    """
    if not connector.active:
        raise ConfigError("connector_inactive", name=connector.name)
    wanted = _numbers(orders)
    if wanted and isinstance(connector_type(connector.type).work, Export | Import):
        raise ConfigError("fetch_not_possible")
    try:
        with transaction.atomic():
            run = Run.objects.create(
                connector=connector,
                connector_name=connector.name,
                orders=wanted,
                requested_by=requested_by,
                retry_of=retry_of,
                created_at=timezone.now(),
            )
    except IntegrityError:
        live = Run.objects.filter(connector=connector, state__in=Run.LIVE).first()
        if live is None:  # it ended in this very moment
            return request_run(connector, requested_by, orders, retry_of)
        if retry_of and live.retry_of_id == retry_of.pk:
            return live
        if wanted or retry_of or live.orders or live.retry_of_id:  # what was left of another run is less than the usual
            raise ConfigError("connector_busy", name=connector.name, run=live.pk) from None
        return live
    transaction.on_commit(lambda: ask_engine(run))
    return run


def retry(run: Run, requested_by: str = "") -> Run:
    """A run that does what this connector's run left undone: windows not read to their end, orders not fetched.

    Raises `ConfigError` where it has not ended, left nothing, or its connector is gone or at work.
    """
    if run.live:
        raise ConfigError("run_not_ended", run=run.pk)
    if run.connector is None:
        raise ConfigError("record_gone", name=run.name)
    if run.orders:
        done = (NumberRead.Result.CREATED, NumberRead.Result.UPDATED, NumberRead.Result.UNCHANGED)
        fetched = set(NumberRead.objects.filter(run=run.pk, result__in=done).values_list("number", flat=True))
        left = [number for number in run.orders if number not in fetched]
        if not left:
            raise ConfigError("nothing_to_retry", run=run.pk)
        return request_run(run.connector, requested_by, left, run)
    windows = WindowRead.objects.filter(run=run.pk)
    if windows.exists() and not windows.filter(complete=False).exists():
        raise ConfigError("nothing_to_retry", run=run.pk)
    return request_run(run.connector, requested_by, retry_of=run)


def split_numbers(text: str) -> list[str]:
    """The numbers in a text, whatever they are parted by: spaces, lines, commas, semicolons."""
    return [number for number in re.split(r"[\s,;]+", text) if number]


def ask_engine(run: Run) -> None:
    """Ask the engine to work on a run, and only log when it cannot be asked: the row is kept."""
    assert run.connector is not None
    try:
        engine.enqueue(_workflow(run), "reading", run.connector.node.account, workflow_id(run))
    except Exception:
        log.exception("run %s is queued; the engine could not be asked yet", run.pk)


def _workflow(run: Run) -> str:
    """The workflow that does the work of the run's connector."""
    work = connector_type(run.connector.type).work if run.connector else None
    if isinstance(work, Export):
        return "export"
    if isinstance(work, Import):
        return "called"
    return "fetch" if run.orders else "download"


def begin(run: int, windows: int) -> bool:
    """Queued to running. False where the run has ended meanwhile."""
    if Run.objects.filter(pk=run, state=State.QUEUED).update(state=State.RUNNING, started_at=timezone.now()):
        run_lines.began(run, windows)
    return bool(Run.objects.filter(pk=run, state=State.RUNNING).update(windows=windows))


def take_up(run: Run, worker: str) -> bool:
    """Write down that `worker` works on the run from now on, beside it whom it took the run over from.

    False where it did so already, or the run has ended.
    """
    if run.worker == worker or not run.live:
        return False
    with transaction.atomic():
        taken = Run.objects.filter(pk=run.pk, worker=run.worker, state__in=Run.LIVE).update(worker=worker)
        if taken and run.worker:
            now = timezone.now()
            at = now.astimezone(zone_of(run.connector.node)) if run.connector else now
            params = {"gone": run.worker, "worker": worker, "at": f"{at:%Y-%m-%d %H:%M %Z}"}
            keep_notes(run.pk, [Note(code=TAKEN_OVER, params=params)], now)
    return bool(taken)


def note_progress(run: int) -> None:
    """Bring the run's counts up to what its windows say, for whoever watches: once or twice a second is enough.

    They are exact when the run has ended.
    """
    now = monotonic()
    if now - _noted.get(run, 0.0) < NOTED_SECONDS:
        return
    if len(_noted) > MOST_NOTED:
        _noted.clear()
    _noted[run] = now
    Run.objects.filter(pk=run).update(counts=counts_of(run), windows_done=_done(run))


def succeed(run: int, **more: int) -> None:
    """End a run whose every part was read; partly done where something had to be set aside or was not there.

    `more` are counts that its rows do not hold.
    """
    counts = {**counts_of(run), **more}
    missed = list(NumberRead.objects.filter(run=run, result=NumberRead.Result.MISSED).values_list("number", flat=True))
    if missed:
        fail(run, RefusedError("orders_missed", numbers=_some(missed)))
        return
    waiting = counts["failed"] or counts.get("statuses", {}).get("failed")
    with transaction.atomic():
        if _end(run, State.PARTIAL if waiting else State.SUCCEEDED, counts):
            _note_silence(run)
    for node in Run.objects.filter(pk=run, connector__isnull=False).values_list("connector__node", flat=True):
        settle(node)


def _note_silence(run: int) -> None:
    """A run that read all it wanted says where its account has been unusually quiet and nobody knows why."""
    window = WindowRead.objects.filter(run=run).select_related("node").first()
    quiet = silence(window.node, window.program) if window else None
    if quiet and not quiet.explained:
        keep_notes(run, [Note(code="unusually_quiet", params=quiet.params)], timezone.now())


def settle(node: int) -> None:
    """Runs that were partly done only because documents waited unread have succeeded once none waits any more."""
    if SetAside.objects.filter(SetAside.WAITS, node=node).exists():
        return
    Run.objects.filter(connector__node=node, state=State.PARTIAL, error_code="").update(state=State.SUCCEEDED)
    unwell = Run.objects.filter(state=State.PARTIAL, error_code="steps_failed", steps__part__connector__node=node)
    for run in unwell.distinct():
        if all(step.succeeded for step in run.steps.select_related("part")):
            healed = Run.objects.filter(pk=run.pk, state=State.PARTIAL)
            healed.update(state=State.SUCCEEDED, error_kind="", error_code="", error_params={})


def fail(run: int, error: ApprodoError) -> None:
    """End a run with the reason; partly done where some pages had been stored before."""
    counts = counts_of(run)
    stored = counts["read"] or counts.get("handed_over") or WindowRead.objects.filter(run=run, pages__gt=0).exists()
    _end(
        run,
        State.PARTIAL if stored else State.FAILED,
        counts,
        error_kind=error.kind,
        error_code=error.code,
        error_params=error.params,
    )


def cancel(run: Run) -> bool:
    """End a run at once; its worker notices at the next page. False where it had ended already."""
    return _end(run.pk, State.CANCELLED, counts_of(run.pk))


def _end(run: int, state: str, counts: dict[str, Any], **error: Any) -> bool:
    now = timezone.now()
    with transaction.atomic():
        ended = Run.objects.filter(pk=run, state__in=Run.LIVE).update(
            state=state, ended_at=now, counts=counts, windows_done=_done(run), **error
        )
        if ended:
            notices.tell_of_run(run, counts, now)
            run_lines.ended(run)
    return bool(ended)


def _done(run: int) -> int:
    windows = WindowRead.objects.filter(run=run, complete=True).count()
    return windows + NumberRead.objects.filter(run=run).exclude(result=NumberRead.Result.WAITING).count()


def _numbers(orders: Sequence[str] | None) -> list[str]:
    """Each number once, in the given order."""
    if orders is None:
        return []
    wanted = list(dict.fromkeys(filter(None, (number.strip() for number in orders))))
    if not wanted:
        raise ConfigError("no_order_numbers")
    if len(wanted) > MOST_ORDERS:
        raise ConfigError("too_many_orders", most=MOST_ORDERS, count=len(wanted))
    if any(len(number) > NUMBER_LENGTH for number in wanted):
        raise ConfigError("not_order_numbers", most=NUMBER_LENGTH)
    return wanted


def reconcile(now: datetime) -> None:
    """Bring rows and engine together: ask again for what was never taken, end what the engine gave up."""
    for run in live_runs().filter(connector__isnull=False).select_related("connector__node"):
        try:
            stands = engine.status(workflow_id(run))
        except Exception:
            log.exception("the engine could not be asked about run %s", run.pk)
            return
        if stands is None:
            ask_engine(run)
        elif stands in ("ERROR", "MAX_RECOVERY_ATTEMPTS_EXCEEDED", "SUCCESS", "CANCELLED"):
            # Read again: the run may have ended while the engine was asked.
            fail(run.pk, ConfigError("worker_lost"))
    orphans = live_runs().filter(connector__isnull=True, procedure_name="")
    orphans.update(state=State.CANCELLED, ended_at=now)


def totals(parts: Iterable[Run | None]) -> dict[str, Any]:
    """What the runs of connectors counted, summed up as columns of their procedure's run."""
    known = [part for part in parts if part]
    counts: dict[str, Any] = {}
    for part in known:
        _add(counts, part.counts)
    if any("handed_over" in part.counts and "waiting" not in part.counts for part in known):
        counts.pop("waiting", None)  # one of them ended before it could count: the sum would be too small
    return {
        "counts": counts,
        "windows": sum(part.windows for part in known),
        "windows_done": sum(part.windows_done for part in known),
    }


def _add(total: dict[str, Any], counts: Mapping[str, Any]) -> None:
    for name, count in counts.items():
        if isinstance(count, Mapping):
            _add(total.setdefault(name, {}), count)
        else:
            total[name] = total.get(name, 0) + count


def _some(numbers: list[str], most: int = 20) -> str:
    return ", ".join(numbers[:most]) + (" …" if len(numbers) > most else "")
