"""Reads every row of the hub as it stood in one moment, while others go on writing. Holds few rows at a time."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import Any, Protocol

import psycopg
from django.conf import settings
from psycopg import sql

from approdo import environment
from approdo.cli.copies.tables import FROM_POSTGRESQL, FROM_SQLITE, HubTable, changed

BUSY_SECONDS = 20.0


class Snapshot(Protocol):
    """The hub in one moment."""

    def migrations(self) -> list[str]:
        """What was applied: `app.name`, in order."""

    def key_fingerprint(self) -> str:
        """Of the key that everything is encrypted with."""

    def rows(self, table: HubTable) -> Iterator[list[Any]]:
        """Every row, as a copy keeps it."""

    def last_id(self, table: HubTable) -> int:
        """The greatest number that the table's counter has given, also to rows that are gone; 0 where none."""


@contextmanager
def snapshot() -> Iterator[Snapshot]:
    """The hub as it stands now, until the end of the block."""
    url = environment.database_url()
    if url:
        with psycopg.connect(url) as connection:
            yield _Postgresql(connection)
    else:
        # Django's own connection would take the write lock with its transaction.
        path = settings.DATABASES["default"]["NAME"]
        with closing(sqlite3.connect(path, timeout=BUSY_SECONDS, isolation_level=None)) as file:
            yield _Sqlite(file)


MIGRATIONS = "SELECT app || '.' || name FROM django_migrations ORDER BY id"
FINGERPRINT = "SELECT key_fingerprint FROM nodes_installation"


class _Sqlite:
    def __init__(self, file: sqlite3.Connection) -> None:
        self._file = file
        file.execute("PRAGMA query_only = 1")
        file.execute("BEGIN")
        self._migrations = [name for (name,) in file.execute(MIGRATIONS)]  # the first look fixes the moment

    def migrations(self) -> list[str]:
        return self._migrations

    def key_fingerprint(self) -> str:
        return str(self._file.execute(FINGERPRINT).fetchone()[0])

    def rows(self, table: HubTable) -> Iterator[list[Any]]:
        columns = ", ".join(f'"{column.name}"' for column in table.columns)
        found = self._file.execute(f'SELECT {columns} FROM "{table.name}"')
        return changed(found, table.columns, FROM_SQLITE)

    def last_id(self, table: HubTable) -> int:
        found = self._file.execute("SELECT seq FROM sqlite_sequence WHERE name = ?", (table.name,)).fetchone()
        return int(found[0]) if found else 0


class _Postgresql:
    def __init__(self, connection: psycopg.Connection[Any]) -> None:
        self._connection = connection
        connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        connection.read_only = True
        for setting in ("TimeZone = 'UTC'", "DateStyle = 'ISO'", "bytea_output = 'hex'"):
            connection.execute(f"SET LOCAL {setting}")
        self._migrations = [name for (name,) in connection.execute(MIGRATIONS)]

    def migrations(self) -> list[str]:
        return self._migrations

    def key_fingerprint(self) -> str:
        (found,) = self._connection.execute(FINGERPRINT)
        return str(found[0])

    def rows(self, table: HubTable) -> Iterator[list[Any]]:
        columns = sql.SQL(", ").join(sql.Identifier(column.name) for column in table.columns)
        statement = sql.SQL("COPY {} ({}) TO STDOUT").format(sql.Identifier(table.name), columns)
        with self._connection.cursor() as cursor, cursor.copy(statement) as copy:
            yield from changed(copy.rows(), table.columns, FROM_POSTGRESQL)

    def last_id(self, table: HubTable) -> int:
        if table.counter is None:
            return 0
        ((name,),) = self._connection.execute(
            "SELECT pg_get_serial_sequence(%s, %s)", (f'"{table.name}"', table.counter)
        )
        statement = sql.SQL("SELECT CASE WHEN is_called THEN last_value ELSE 0 END FROM {}")
        ((last,),) = self._connection.execute(statement.format(sql.SQL(name)))
        return int(last)
