"""When the database fails: what passes is waited out, what does not is a person's business, said at once."""

import logging
import sqlite3
import threading
from collections.abc import Callable
from itertools import chain, repeat
from time import monotonic
from typing import TypeVar

import psycopg
from django.db import DatabaseError, Error, InterfaceError, OperationalError, connection

from approdo.sdk.errors import ApprodoError, ConfigError, TransientError

T = TypeVar("T")

log = logging.getLogger(__name__)

PAUSES = (0.5, 1.0, 2.0, 4.0, 8.0, 15.0, *[30.0] * 18)
"""Seconds between the attempts: ten minutes in all, a restart or a fail-over of the server."""

WENT_ON_SECONDS = 60.0
"""Longer than any wait for the database itself: work that took so long did something."""

_UNWRITABLE = (sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_READONLY)
_DAMAGED = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)
_BUG = sqlite3.SQLITE_ERROR  # no such table, no such column

# PostgreSQL's appendix A: disk_full and system errors; data or index corrupted.
_UNWRITABLE_STATES = ("53100", "58")
_DAMAGED_STATES = ("XX001", "XX002")

closing = threading.Event()
"""Set while the worker of this process ends: who waits for the database stops waiting."""


class Closing(BaseException):
    """The worker ends. No `Exception`, so that nobody remembers it as what became of the work."""


def patiently(work: Callable[[], T]) -> T:
    """What `work` returns, done again while the database is away. `work` may be done twice.

    Patience begins anew where `work` went on for a minute before the next failure.

    Raises `TransientError("database_busy")` when it stayed away for ten minutes, at once
    `ConfigError`: `database_cannot_write` for a full or failing disk, `database_damaged`.
    """
    pauses = iter(PAUSES)
    while True:
        began = monotonic()
        try:
            return work()
        except Error as error:
            _passes(error)
            if monotonic() - began > WENT_ON_SECONDS:
                pauses = iter(PAUSES)
            pause = next(pauses, None)
            if pause is None:
                raise TransientError("database_busy", reason=reason(error)) from error
            log.warning("the database failed, next attempt in %s s: %s", pause, reason(error))
            _wait(pause, error)


def at_last(work: Callable[[], None], about: str) -> None:
    """Do `work` however long the database does not take it; the log says `about` what is waited for.

    Raises only what has nothing to do with the database's state.
    """
    for pause in chain(PAUSES, repeat(PAUSES[-1])):
        try:
            return work()
        except Error as error:
            if explain(error) is None:
                _passes(error)
            log.error("%s; the database does not take that, next attempt in %s s: %s", about, pause, reason(error))
            _wait(pause, error)
    return None


def _wait(seconds: float, error: Error) -> None:
    connection.close()
    if closing.wait(seconds):
        raise Closing from error


def _passes(error: Error) -> None:
    """Raise what `error` is where waiting cannot help."""
    explained = explain(error)
    if explained is not None:
        raise explained from error
    if not isinstance(error, OperationalError | InterfaceError) or _code(error) == _BUG:
        raise error


def explain(error: Exception) -> ApprodoError | None:
    """What a person has to do something about; nothing where the database may answer again by itself.

    Takes Django's errors, the drivers' own, and those of SQLAlchemy.
    """
    code, state = _code(error), _state(error)
    if code in _UNWRITABLE or state.startswith(_UNWRITABLE_STATES):
        return ConfigError("database_cannot_write", reason=reason(error))
    if code in _DAMAGED or state in _DAMAGED_STATES:
        return ConfigError("database_damaged", reason=reason(error))
    return None


def is_failure(error: Exception) -> bool:
    """Whether the hub's or the engine's database failed, and not the program."""
    drivers = (OperationalError, InterfaceError, sqlite3.Error, psycopg.Error)
    return isinstance(error, drivers) or getattr(error, "orig", None) is not None


def _driver_error(error: Exception) -> BaseException:
    if isinstance(error, DatabaseError | InterfaceError):
        return error.__cause__ or error
    return getattr(error, "orig", None) or error


def _code(error: Exception) -> int | None:
    """SQLite's primary result code."""
    code = getattr(_driver_error(error), "sqlite_errorcode", None)
    return None if code is None else code & 0xFF


def _state(error: Exception) -> str:
    """PostgreSQL's SQLSTATE."""
    return getattr(_driver_error(error), "sqlstate", None) or ""


def reason(error: Exception) -> str:
    """The first line of what the driver says."""
    lines = str(_driver_error(error)).strip().splitlines()
    return lines[0].rstrip(".")[:200] if lines else type(error).__name__
