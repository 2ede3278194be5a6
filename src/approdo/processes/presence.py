"""Who is alive: a lock that the system itself releases when its holder dies, however it dies.

`flock` on a file under `APPRODO_HOME` with SQLite, a session advisory lock with PostgreSQL. No
heartbeat to fake, no clock to compare.
"""

import fcntl
import os
import zlib
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Protocol

import psycopg
from django.conf import settings

from approdo import environment

LOCK_CLASS = 0x4150_5244
ALONE_CLASS = LOCK_CLASS + 1
"""Ours among the advisory locks of the database: of each worker, and of the one that looks after the others."""


class Presence(Protocol):
    """A held lock; `release` lets go of it."""

    def held(self) -> bool:
        """Whether it is still ours: a server that is started again forgets it."""

    def release(self) -> None:
        """Let go: from now on the worker counts as gone."""


def announce(executor: str) -> Presence:
    """Hold the lock of `executor` until released or dead."""
    url = environment.database_url()
    return _AdvisoryLock(url, executor) if url else _FileLock(executor)


def is_gone(executor: str) -> bool:
    """Whether nobody holds the lock of `executor`."""
    url = environment.database_url()
    if not url:
        return not _held(_path(executor))
    with closing(psycopg.connect(url, autocommit=True)) as connection:
        found = connection.execute(
            "SELECT count(*) FROM pg_locks JOIN pg_database ON pg_database.oid = pg_locks.database "
            "WHERE locktype = 'advisory' AND datname = current_database() "
            "AND classid = %s AND objid = %s",
            (LOCK_CLASS, _number(executor)),
        ).fetchone()
    return not found or found[0] == 0


@contextmanager
def alone() -> Iterator[bool]:
    """Whether no other worker is in such a block now; until the end of this one none will be."""
    url = environment.database_url()
    if not url:
        with (_folder() / "alone").open("a") as file:
            yield _lock(file.fileno())
        return
    with closing(_connected(url)) as connection:
        found = connection.execute("SELECT pg_try_advisory_lock(%s, 0)", (ALONE_CLASS,)).fetchone()
        yield bool(found and found[0])


def workers_alive() -> int:
    """How many workers live, on whatever host."""
    url = environment.database_url()
    if not url:
        return sum(_held(path) for path in _folder().glob("*.lock"))
    with closing(psycopg.connect(url, autocommit=True)) as connection:
        found = connection.execute(
            "SELECT count(*) FROM pg_locks JOIN pg_database ON pg_database.oid = pg_locks.database "
            "WHERE locktype = 'advisory' AND datname = current_database() AND classid = %s",
            (LOCK_CLASS,),
        ).fetchone()
    return int(found[0]) if found else 0


def _number(executor: str) -> int:
    return zlib.crc32(executor.encode()) & 0x7FFF_FFFF


def _folder() -> Path:
    folder = Path(settings.HOME) / "workers"
    folder.mkdir(exist_ok=True)
    return folder


def _path(executor: str) -> Path:
    return _folder() / f"{executor}.lock"


def _held(path: Path) -> bool:
    try:
        descriptor = os.open(path, os.O_RDWR)
    except FileNotFoundError:
        return False
    try:
        if not _lock(descriptor):
            return True
        path.unlink(missing_ok=True)  # its holder died: nobody will take this name again
        return False
    finally:
        os.close(descriptor)


def _lock(descriptor: int) -> bool:
    """Take the lock of an open file, where nobody has it."""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _connected(url: str) -> psycopg.Connection:
    """A connection whose locks the server lets go within half a minute after our host vanished without a word."""
    connection = psycopg.connect(
        url, autocommit=True, keepalives=1, keepalives_idle=10, keepalives_interval=5, keepalives_count=3
    )
    for name, value in (("idle", 10), ("interval", 5), ("count", 3)):
        connection.execute(f"SET tcp_keepalives_{name} = {value}")  # the server's own looks, not ours
    return connection


class _FileLock:
    def __init__(self, executor: str) -> None:
        self._file = _path(executor)
        draft = self._file.with_suffix(".new")
        self._descriptor = os.open(draft, os.O_RDWR | os.O_CREAT, 0o600)
        _lock(self._descriptor)
        draft.rename(self._file)  # nobody sees it unlocked

    def held(self) -> bool:
        return self._file.exists()

    def release(self) -> None:
        self._file.unlink(missing_ok=True)
        os.close(self._descriptor)


class _AdvisoryLock:
    def __init__(self, url: str, executor: str) -> None:
        self._connection = _connected(url)
        self._connection.execute("SELECT pg_advisory_lock(%s, %s)", (LOCK_CLASS, _number(executor)))

    def held(self) -> bool:
        try:
            self._connection.execute("SELECT 1")
        except psycopg.Error:
            self._connection.close()
            return False
        return True

    def release(self) -> None:
        self._connection.close()
