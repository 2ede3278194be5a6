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
from approdo.exchanges.intake import Progress, keep_notes, progress_of
from approdo.exchanges.models import NUMBER_LENGTH, NumberRead, WindowRead
from approdo.exchanges.quiet import silence
from approdo.nodes.time_ranges import zone_of
from approdo.processes import database, engine, notices, run_lines
from approdo.processes.models import Connector, Run, RunStep, live_runs
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


def ask_engine(*wanted: Run) -> None:
    """Ask the engine to work on these runs, and only log when it cannot be asked: the rows are kept."""
    try:
        engine.enqueue(*map(_work, wanted))
    except Exception as error:
        if len(wanted) > 1 and not database.is_failure(error):
            for run in wanted:  # one of them is in the way of the others
                ask_engine(run)
            return
        numbers = ", ".join(str(run.pk) for run in wanted)
        log.exception("runs are queued, the engine could not be asked yet: %s", numbers)


def _work(run: Run) -> engine.Work:
    assert run.connector is not None
    return engine.Work(_workflow(run), "reading", run.connector.node.account, workflow_id(run))


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
    began = {"state": State.RUNNING, "started_at": timezone.now()}
    if Run.objects.filter(pk=run, state=State.QUEUED).update(windows=windows, **began):
        run_lines.began(run, windows)
        return True
    return bool(Run.objects.filter(pk=run, state=State.RUNNING).update(windows=windows))


def take_up(run: Run, worker: str) -> bool:
    """Write down that `worker` works on the run from now on, beside it whom it took the run over from.

    False where it did so already, or the run has ended.
    """
    if run.worker == worker or not run.live:
        return False
    mine = Run.objects.filter(pk=run.pk, worker=run.worker, state__in=Run.LIVE)
    if not run.worker:
        return bool(mine.update(worker=worker))
    with transaction.atomic():
        taken = mine.update(worker=worker)
        if taken:
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
    progress = progress_of(run)
    Run.objects.filter(pk=run).update(counts=progress.counts, windows_done=progress.done)


def succeed(run: int, **more: int) -> None:
    """End a run whose every part was read; partly done where something had to be set aside or was not there.

    `more` are counts that its rows do not hold.
    """
    progress = progress_of(run)
    counts = {**progress.counts, **more}
    if progress.missed:
        missed = NumberRead.objects.filter(run=run, result=NumberRead.Result.MISSED)
        fail(run, RefusedError("orders_missed", numbers=_some(list(missed.values_list("number", flat=True)))))
        return
    waiting = counts["failed"] or counts.get("statuses", {}).get("failed")
    with transaction.atomic():
        if _end(run, State.PARTIAL if waiting else State.SUCCEEDED, progress._replace(counts=counts)):
            _note_silence(run)
    if Run.objects.filter(state=State.PARTIAL, error_code__in=("", "steps_failed")).exists():  # seldom
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
    for run in set(unwell.order_by().values_list("pk", flat=True)):
        if all(step.succeeded for step in RunStep.objects.filter(run=run).select_related("part")):
            healed = Run.objects.filter(pk=run, state=State.PARTIAL)
            healed.update(state=State.SUCCEEDED, error_kind="", error_code="", error_params={})


def fail(run: int, error: ApprodoError) -> None:
    """End a run with the reason; partly done where some pages had been stored before."""
    progress = progress_of(run)
    counts = progress.counts
    stored = counts["read"] or counts.get("handed_over") or WindowRead.objects.filter(run=run, pages__gt=0).exists()
    _end(
        run,
        State.PARTIAL if stored else State.FAILED,
        progress,
        error_kind=error.kind,
        error_code=error.code,
        error_params=error.params,
    )


def cancel(run: Run) -> bool:
    """End a run at once; its worker notices at the next page. False where it had ended already."""
    return _end(run.pk, State.CANCELLED, progress_of(run.pk))


def _end(run: int, state: str, progress: Progress, **error: Any) -> bool:
    now, counted = timezone.now(), {"counts": progress.counts, "windows_done": progress.done}
    with transaction.atomic():
        ended = Run.objects.filter(pk=run, state__in=Run.LIVE).update(state=state, ended_at=now, **counted, **error)
        if ended:
            notices.tell_of_run(run, progress.counts, now)
            run_lines.ended(run)
    return bool(ended)


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
    live = {workflow_id(run): run for run in live_runs().filter(connector__isnull=False).order_by("pk")}
    try:
        stands = engine.statuses(list(live))
    except Exception:
        log.exception("the engine could not be asked about %s runs", len(live))
        return
    # Read again: they may have ended while the engine was asked.
    unknown = live_runs().filter(pk__in=[run.pk for name, run in live.items() if name not in stands]).order_by("pk")
    if never_asked := list(unknown.select_related("connector__node")):
        ask_engine(*never_asked)
    over = ("ERROR", "MAX_RECOVERY_ATTEMPTS_EXCEEDED", "SUCCESS", "CANCELLED")
    for run in live_runs().filter(pk__in=[run.pk for name, run in live.items() if stands.get(name) in over]):
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
