"""Who is alive: a lock that the system itself releases when its holder dies, however it dies.

`flock` on a file under `APPRODO_HOME` with SQLite, a session advisory lock with PostgreSQL. No
heartbeat to fake, no clock to compare.
"""

import fcntl
import os
import socket
import threading
import time
import uuid
import zlib
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from enum import Enum
from pathlib import Path
from typing import LiteralString, Protocol

import psycopg
from django.conf import settings

from approdo import environment
from approdo.sdk.errors import ConfigError

ALONE_CLASS = 0x4150_5247
"""Among the advisory locks of the database: of the worker that looks after the others."""


class Role(Enum):
    """As what somebody lives: the name of a folder with SQLite, ours among the advisory locks with PostgreSQL."""

    WORKER = ("workers", 0x4150_5244)
    WEB = ("web", 0x4150_5245)
    RESTORE = ("restore", 0x4150_5246)

    @property
    def folder(self) -> Path:
        """Where its lock files lie."""
        folder = Path(settings.HOME) / self.value[0]
        folder.mkdir(exist_ok=True)
        return folder

    @property
    def lock_class(self) -> int:
        """The first number of its advisory locks."""
        return self.value[1]


class Presence(Protocol):
    """A held lock; `release` lets go of it."""

    def held(self) -> bool:
        """Whether it is still ours: a server that is started again forgets it."""

    def release(self) -> None:
        """Let go: from now on its holder counts as gone."""


def announce(executor: str, role: Role = Role.WORKER) -> Presence:
    """Hold the lock of `executor` until released or dead. Raises `ConfigError("being_restored")` during a restore."""
    presence = _hold(executor, role)
    try:
        refuse_during_restore()  # asked once we are seen ourselves: of two that begin together one sees the other
    except ConfigError:
        presence.release()
        raise
    return presence


def announce_for_life(role: Role) -> None:
    """Hold a lock until this process ends, and again where the server forgot it. Raises what `announce` does."""
    executor = new_name()
    presence = announce(executor, role)
    threading.Thread(target=_keep, args=(presence, executor, role), name="presence", daemon=True).start()


def _keep(presence: Presence, executor: str, role: Role) -> None:
    while True:
        time.sleep(settings.ROUND_SECONDS)
        with suppress(psycopg.Error, ConfigError):
            if not presence.held():
                presence = announce(executor, role)


def new_name() -> str:
    """A name that nobody had before."""
    return f"{socket.gethostname()}-{uuid.uuid4().hex[:12]}"


def refuse_during_restore() -> None:
    """Raise `ConfigError("being_restored")` while somebody restores a copy into this database."""
    if alive(Role.RESTORE):
        raise ConfigError("being_restored")


@contextmanager
def nobody_alive() -> Iterator[None]:
    """Whoever would begin to live meanwhile is refused. Raises `ConfigError("still_alive")` where somebody lives."""
    presence = _hold(new_name(), Role.RESTORE)
    try:
        workers, webs = alive(Role.WORKER), alive(Role.WEB)
        if workers or webs:
            raise ConfigError("still_alive", workers=workers, webs=webs)
        yield
    finally:
        presence.release()


def is_gone(executor: str) -> bool:
    """Whether no worker holds the lock of `executor`."""
    url = environment.database_url()
    if not url:
        return not _held(_path(executor, Role.WORKER))
    return _locks(url, "AND classid = %s AND objid = %s", Role.WORKER.lock_class, _number(executor)) == 0


@contextmanager
def alone() -> Iterator[bool]:
    """Whether no other worker is in such a block now; until the end of this one none will be."""
    url = environment.database_url()
    if not url:
        with (Role.WORKER.folder / "alone").open("a") as file:
            yield _lock(file.fileno())
        return
    with closing(_connected(url)) as connection:
        found = connection.execute("SELECT pg_try_advisory_lock(%s, 0)", (ALONE_CLASS,)).fetchone()
        yield bool(found and found[0])


def workers_alive() -> int:
    """How many workers live, on whatever host."""
    return alive(Role.WORKER)


def alive(role: Role) -> int:
    """How many live in this role, on whatever host."""
    url = environment.database_url()
    if not url:
        return sum(_held(path) for path in role.folder.glob("*.lock"))
    return _locks(url, "AND classid = %s", role.lock_class)


def _locks(url: str, condition: LiteralString, *values: int) -> int:
    statement: LiteralString = (
        "SELECT count(*) FROM pg_locks JOIN pg_database ON pg_database.oid = pg_locks.database "
        "WHERE locktype = 'advisory' AND datname = current_database() "
    )
    with closing(psycopg.connect(url, autocommit=True)) as connection:
        found = connection.execute(statement + condition, values).fetchone()
    return int(found[0]) if found else 0


def _hold(executor: str, role: Role) -> Presence:
    url = environment.database_url()
    return _AdvisoryLock(url, executor, role) if url else _FileLock(executor, role)


def _number(executor: str) -> int:
    return zlib.crc32(executor.encode()) & 0x7FFF_FFFF


def _path(executor: str, role: Role) -> Path:
    return role.folder / f"{executor}.lock"


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
    def __init__(self, executor: str, role: Role) -> None:
        self._file = _path(executor, role)
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
    def __init__(self, url: str, executor: str, role: Role) -> None:
        self._connection = _connected(url)
        self._connection.execute("SELECT pg_advisory_lock(%s, %s)", (role.lock_class, _number(executor)))

    def held(self) -> bool:
        try:
            self._connection.execute("SELECT 1")
        except psycopg.Error:
            self._connection.close()
            return False
        return True

    def release(self) -> None:
        self._connection.close()
