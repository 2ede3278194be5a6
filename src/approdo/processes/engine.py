"""The durable engine behind one module: it makes sure that work on rows ends. Only this file knows DBOS.

Rows are the truth; losing the engine's database loses none of it. Every process pins one application
version, so that an upgrade takes running work along. Values are portable JSON, never pickles.
"""

import math
import socket
import sqlite3
import time
from collections.abc import Callable
from functools import cache
from typing import Any, NamedTuple

from django.conf import settings
from django.db import close_old_connections, connection

from approdo import environment
from approdo.processes import database, presence

VERSION = "2"
"""Changes only when steps change their order or names. What another version left is begun anew from the rows."""

QUEUES = ("reading",)
"""Keyed by account: one run at a time reads from an account, so that one process holds its quota."""

POLLING_SECONDS = 0.2
THREADS = 16
"""So many accounts at most are read at once by one worker."""

LIVE = ["ENQUEUED", "PENDING"]


@cache
def _dbos() -> Any:
    """DBOS, imported when it is first needed: it takes a second that most commands can do without."""
    import dbos
    from sqlalchemy import event
    from sqlalchemy.engine import Engine

    event.listen(Engine, "connect", _prepare_sqlite)
    return dbos


def _prepare_sqlite(connection: Any, _record: Any) -> None:
    if not isinstance(connection, sqlite3.Connection):
        return
    if sqlite3.sqlite_version_info < (3, 42):
        # The engine asks for unixepoch('subsec'), which older SQLite answers with NULL.
        connection.create_function("unixepoch", -1, _unixepoch)
    for pragma in ("journal_mode=WAL", "synchronous=NORMAL", "busy_timeout=30000"):
        connection.execute(f"PRAGMA {pragma}")


def _unixepoch(*modifiers: str) -> float:
    return round(time.time(), 3) if "subsec" in modifiers else int(time.time())


def _url() -> str:
    return environment.database_url() or f"sqlite:///{settings.HOME / 'engine.sqlite3'}"


def migrate() -> None:
    """Bring the engine's own tables to this version."""
    _dbos().DBOS.migrate(_url())


def forget() -> None:
    """Throw away all that the engine knows; `migrate` makes its tables anew.

    With PostgreSQL in the caller's transaction. No worker may live.
    """
    if environment.database_url():
        with connection.cursor() as cursor:
            cursor.execute("DROP SCHEMA IF EXISTS dbos CASCADE")
        return
    for path in settings.HOME.glob("engine.sqlite3*"):
        path.unlink()


def workflow(name: str) -> Callable[[Callable[[str], None]], Callable[[str], None]]:
    """Register a workflow: a function of its own id, made of `step` calls and nothing else."""

    def register(function: Callable[[str], None]) -> Callable[[str], None]:
        durable: Callable[[str], None] = _dbos().DBOS.workflow(name=name)(function)
        return durable

    return register


def step(name: str, function: Callable[..., Any], *arguments: Any) -> Any:
    """Do `function` and remember what it returned: once remembered, it is never done again.

    It may be done twice when the process dies in between.
    """
    return _dbos().DBOS.run_step({"name": name}, _with_connection, function, arguments)


def _with_connection(function: Callable[..., Any], arguments: tuple[Any, ...]) -> Any:
    close_old_connections()
    try:
        return function(*arguments)
    finally:
        close_old_connections()


@cache
def _client() -> Any:
    dbos = _dbos()
    return dbos.DBOSClient(
        system_database_url=_url(), serializer=dbos.DBOSPortableJSONSerializer(), retry_connection_errors=False
    )


class Work(NamedTuple):
    """A workflow that is asked for: its name, its queue and key there, its id, which it is given."""

    name: str
    queue: str
    key: str
    workflow_id: str

    def options(self) -> dict[str, str]:
        """As the engine takes it, which accepts what can never run: a queue or a key that do not exist."""
        if self.queue not in QUEUES or not self.key:
            raise ValueError(f"no such queue or key: {self.queue!r} {self.key!r}")
        return {
            "workflow_name": self.name,
            "queue_name": self.queue,
            "queue_partition_key": self.key,
            "workflow_id": self.workflow_id,
            "app_version": VERSION,
        }


def enqueue(*wanted: Work) -> None:
    """Ask for these, all or none; for what was asked for already, nothing more happens."""
    given = [(work.options(), work.workflow_id) for work in wanted]
    if len(given) == 1:
        _client().enqueue(*given[0])  # it tries again where the database is busy
        return
    with _client()._sys_db.engine.begin() as transaction:  # noqa: SLF001  one of our own would compile each statement
        for options, workflow_id in given:
            _client().enqueue_in_transaction(transaction, options, workflow_id)


def status(workflow_id: str) -> str | None:
    """Where a workflow stands, in the engine's words; None where the engine does not know it."""
    return statuses([workflow_id]).get(workflow_id)


def statuses(workflow_ids: list[str]) -> dict[str, str]:
    """Where these stand, without those that the engine does not know."""
    if not workflow_ids:
        return {}  # the engine would take that for all there are
    found = _client().list_workflows(workflow_ids=workflow_ids, load_input=False, load_output=False)
    return {one.workflow_id: str(one.status) for one in found}


def cancel(workflow_id: str) -> None:
    """End a workflow at its next step."""
    _client().cancel_workflow(workflow_id)


def restart(workflow_id: str) -> None:
    """Go on with a workflow that the engine gave up, after its last remembered step."""
    _client().resume_workflow(workflow_id, queue_name=QUEUES[0])


def executor() -> str:
    """The name of the worker that this process is."""
    return str(_dbos().DBOS.executor_id)


def share(work: int, workers: int) -> int:
    """How many of `work` one of `workers` takes at once. One that is alone takes what comes."""
    return THREADS if workers <= 1 else min(THREADS, max(1, math.ceil(work / workers)))


class Worker:
    """This process as a worker: it holds the lock of its name and does what is queued until closed."""

    def __init__(self) -> None:
        self.host = socket.gethostname()
        self.executor = presence.new_name()
        self._presence = presence.announce(self.executor)
        dbos = _dbos()
        self._engine = dbos.DBOS(
            config={
                "name": "approdo",
                "system_database_url": _url(),
                "application_version": VERSION,
                "executor_id": self.executor,
                "serializer": dbos.DBOSPortableJSONSerializer(),
                "log_level": "ERROR",
                "max_executor_threads": THREADS,
                "enable_otlp": False,
            }
        )
        database.closing.clear()
        self._idle: set[str] = set()
        dbos.DBOS.launch()
        most = share(0, presence.workers_alive())
        for queue in QUEUES:
            dbos.DBOS.register_queue(
                queue, partition_concurrency=1, worker_concurrency=most, polling_interval_sec=POLLING_SECONDS
            )

    def take_over(self) -> int:
        """Queue again what vanished workers left, and what ours lost. Returns how many workflows that were.

        What waits for another version is forgotten like what such a worker left: whoever knows the rows asks
        for it again. Where another worker looks already, nothing is done: it may have queued what we have seen.
        """
        if not self._presence.held():
            self._presence = presence.announce(self.executor)
        with presence.alone() as alone:
            return self._look_after() if alone else 0

    def _look_after(self) -> int:
        live = _client().list_workflows(status=LIVE, load_input=False, load_output=False)
        self.share(len(live))
        abandoned = self._left([found for found in live if found.status == "PENDING" and found.queue_name])
        waiting = [found for found in live if found.status == "ENQUEUED"]
        others = [found.workflow_id for found in (*abandoned, *waiting) if found.app_version != VERSION]
        if others:
            _client().delete_workflows(others)
        ours = [found.workflow_id for found in abandoned if found.app_version == VERSION]
        if ours:
            _client().resume_workflows(ours, queue_name=QUEUES[0])
        return len(abandoned)

    def _left(self, pending: list[Any]) -> list[Any]:
        """Those of them that nobody works on."""
        by_executor: dict[str, list[Any]] = {}
        for found in pending:
            by_executor.setdefault(found.executor_id, []).append(found)
        lost = self._lost([found.workflow_id for found in by_executor.pop(self.executor, [])])
        gone = [found for name, left in by_executor.items() if presence.is_gone(name) for found in left]
        return [found for found in pending if found.workflow_id in lost] + gone

    def share(self, live: int) -> None:
        """Let no worker take more than its share of what is live, so that the first to look does not take all."""
        most = share(live, presence.workers_alive())
        for name in QUEUES:
            queue = _dbos().DBOS.retrieve_queue(name)
            if queue.worker_concurrency != most:
                queue.set_worker_concurrency(most)

    def _lost(self, ours: list[str]) -> list[str]:
        """Those that are ours by the engine's record, and that no thread of ours has worked on since the last time.

        A thread ends without a word when the engine's database does not take what became of a step.
        """
        active = set(self._engine._active_workflows_set.activeList())  # noqa: SLF001  it tells nobody else
        idle = set(ours) - active
        idle, self._idle = idle & self._idle, idle - self._idle
        return sorted(idle)

    def close(self, patience: int = 5) -> None:
        """Take no more work, give what runs `patience` seconds, let go of the lock."""
        database.closing.set()
        _dbos().DBOS.destroy(workflow_completion_timeout_sec=patience if self._busy() else 0)
        self._presence.release()

    def _busy(self) -> bool:
        own = _client().list_workflows(
            status="PENDING", executor_id=self.executor, load_input=False, load_output=False, limit=1
        )
        return bool(own)
