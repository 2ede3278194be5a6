"""Waits for the end of a run, shows its progress, and does its work where no worker lives."""

import threading
import time
from collections.abc import Callable

import click
from django.db import connection
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

from approdo.cli.texts import _, number
from approdo.processes import database, presence, run_data
from approdo.processes.models import Run
from approdo.processes.worker import work

POLLING_SECONDS = 0.2
WORKER_LOOK_SECONDS = 2.0
"""How often it is asked whether a worker still lives."""


def until_ended(run: Run, stop: threading.Event) -> None:
    """Wait until `run` has ended or `stop` is set, with a progress bar where stderr is a terminal.

    Where no worker lives, or the last one ends meanwhile, this process is the worker until then.
    Stopped, it says where the run goes on.
    """
    worker, outage = _OwnWorker(), _Outage()
    try:
        with _progress() as progress:
            if not progress.disable:
                progress.print(run.name)
            task = progress.add_task("", total=None, counts="")
            while run.live and not stop.wait(POLLING_SECONDS):
                worker.raise_what_ended_it()
                if outage.passes(lambda: _look(run, worker)):
                    _show(progress, task, run)
    finally:
        worker.end()
    run.refresh_from_db()  # while our worker ended, the run may have done so too
    if run.live:
        click.echo(_left(run, worker.working), err=True)


def _look(run: Run, worker: "_OwnWorker") -> None:
    worker.step_in_where_none_lives()
    run.refresh_from_db()
    run_data.add_up(run)


class _Outage:
    """How long the database has been away: a worker waits as long, and so does who waits for it."""

    def __init__(self) -> None:
        self._since: float | None = None

    def passes(self, look: Callable[[], None]) -> bool:
        """Whether `look` succeeded. Raises its error when the database is away for too long."""
        try:
            look()
        except Exception as error:
            self._since = self._since or time.monotonic()
            if not database.is_failure(error) or time.monotonic() - self._since > sum(database.PAUSES):
                raise
            connection.close()
            return False
        self._since = None
        return True


class _OwnWorker:
    """This process as a worker, from the moment in which no other lives."""

    def __init__(self) -> None:
        self.working = False
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._work, name="worker", daemon=True)
        self._error: Exception | None = None
        self._look_at = 0.0

    def raise_what_ended_it(self) -> None:
        """Raise what ended our own work, if something did."""
        if self._error is not None:
            raise self._error

    def step_in_where_none_lives(self) -> None:
        """Become the worker if need be."""
        if self.working or time.monotonic() < self._look_at:
            return
        self._look_at = time.monotonic() + WORKER_LOOK_SECONDS
        if presence.workers_alive() == 0:
            self.working = True
            self._thread.start()

    def end(self) -> None:
        """Stop working: what is left goes on with the next worker."""
        self._stop.set()
        if self.working:
            self._thread.join(timeout=15)

    def _work(self) -> None:
        try:
            work(self._stop)
        except Exception as error:  # noqa: BLE001  raised again where it is waited for
            self._error = error


def _progress() -> Progress:
    console = Console(stderr=True)
    return Progress(
        BarColumn(bar_width=12),
        MofNCompleteColumn(),
        TextColumn("{task.fields[counts]}"),
        TimeElapsedColumn(),
        console=console,
        disable=not console.is_terminal,
    )


def _show(progress: Progress, task: TaskID, run: Run) -> None:
    progress.update(task, total=run.windows or None, completed=run.windows_done, counts=outcome(run))


def outcome(run: Run) -> str:
    """What became of the orders of a run so far."""
    texts = (
        ("read", _("{count} read")),
        ("created", _("{count} new")),
        ("updated", _("{count} changed")),
        ("unchanged", _("{count} unchanged")),
    )
    return ", ".join(text.format(count=number(run.counts.get(name, 0))) for name, text in texts)


def _left(run: Run, was_worker: bool) -> str:
    if was_worker:
        text = _("Run {run} is not finished: it goes on with the next worker; start one with `approdo up`.")
    else:
        text = _("Run {run} goes on in the worker; see it in the back office under Logs.")
    return text.format(run=run.pk)
