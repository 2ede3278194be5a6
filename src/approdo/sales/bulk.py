"""Many rows in one statement, the quickest way each database has, on Django's own connection.

SQLite takes `executemany`; PostgreSQL takes one JSON of all rows, which for a page's thousand lines is as quick as
`COPY` into a temporary table, and for a few rows much quicker: such a table is emptied at each commit.
Both measured against `bulk_create` in `bench/`, as are `approdo.many`'s against `__in`; the model layer stays
Django's everywhere else.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from functools import cache
from typing import Any, NamedTuple

import msgspec
from django.db import connection, models

from approdo.many import quoted
from approdo.sales.fields import AmountField, plain


def upsert(
    model: type[models.Model],
    columns: Sequence[str],
    rows: Sequence[Sequence[Any]],
    key: Sequence[str],
    update: Sequence[str],
    kept: Mapping[str, Sequence[str]] | None = None,
) -> None:
    """Insert `rows` (values in the order of `columns`, field attnames); where `key` exists, set `update`.

    Rows that say the same already are not written; with nothing to update, all that exist stay as they are. Of columns
    that are not written, those of `kept` stay while the columns named with them stay the same, and else become null.
    Runs inside the caller's transaction. Within `rows` a key stands once.
    """
    unless = tuple((name, tuple(same)) for name, same in (kept or {}).items())
    _write(_way(model, tuple(columns), tuple(key), tuple(update), unless), rows)


def insert(model: type[models.Model], columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
    """Insert `rows` (values in the order of `columns`, field attnames). Runs inside the caller's transaction."""
    _write(_way(model, tuple(columns)), rows)


def _write(way: "_Way", rows: Sequence[Sequence[Any]]) -> None:
    if not rows:
        return
    prepared = _prepared(way.special, rows)
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            records = [dict(zip(way.names, row, strict=True)) for row in prepared]
            cursor.execute(way.statement, [msgspec.json.encode(records).decode()])
        else:
            cursor.executemany(way.statement, prepared)


_Preparing = Callable[[Any], Any]


class _Way(NamedTuple):
    """How rows of a table are written: the columns, the places of values to prepare, the statement."""

    names: list[str]
    special: list[tuple[int, _Preparing]]
    statement: str


@cache
def _way(
    model: type[models.Model],
    columns: tuple[str, ...],
    key: tuple[str, ...] | None = None,
    update: tuple[str, ...] = (),
    kept: tuple[tuple[str, tuple[str, ...]], ...] = (),
) -> _Way:
    """Worked out once: for the few changes of a page it took longer than writing them."""
    fields: list[Any] = [model._meta.get_field(name) for name in columns]
    names: list[str] = [field.column for field in fields]
    special = [(place, how) for place, field in enumerate(fields) if (how := _preparing(field))]
    table, into = quoted(model._meta.db_table), ", ".join(map(quoted, names))
    places = ", ".join(["%s"] * len(names))
    values = f"VALUES ({places})"
    if connection.vendor == "postgresql":
        values = f"SELECT {into} FROM json_populate_recordset(NULL::{table}, %s)"
    return _Way(names, special, f"INSERT INTO {table} ({into}) {values} {_conflict(table, key, update, kept)}")


# Written as they are: asking these fields to prepare a value costs more than writing it.
_AS_IT_IS = (models.CharField, models.BooleanField, models.IntegerField, models.ForeignKey)


def _prepared(special: Sequence[tuple[int, _Preparing]], rows: Sequence[Sequence[Any]]) -> list[list[Any]]:
    """The rows as they are written: the few values of a row that cannot be written as they are, prepared."""
    prepared = [list(row) for row in rows]
    for row in prepared:
        for place, how in special:
            if row[place] is not None:
                row[place] = how(row[place])
    return prepared


def _preparing(field: Any) -> _Preparing | None:
    if isinstance(field, AmountField):
        return plain
    if isinstance(field, _AS_IT_IS):
        return None
    postgresql = connection.vendor == "postgresql"
    if isinstance(field, models.DateTimeField):
        return None if postgresql else _as_sqlite_keeps_it
    if isinstance(field, models.JSONField):
        return None if postgresql else _json
    if isinstance(field, models.BinaryField):
        return _as_postgresql_reads_it if postgresql else None
    return lambda value: field.get_db_prep_save(value, connection)


def _as_sqlite_keeps_it(moment: datetime) -> str:
    """As Django itself writes a moment there: UTC, without saying so."""
    if moment.tzinfo is UTC:  # as nearly all are; a third of the time
        return str(moment).removesuffix("+00:00")
    return moment.astimezone(UTC).replace(tzinfo=None).isoformat(sep=" ")


def _as_postgresql_reads_it(value: bytes) -> str:
    """As PostgreSQL reads bytes in a text (its manual, 8.4.1)."""
    return f"\\x{value.hex()}"


def _json(value: Any) -> str:
    return msgspec.json.encode(value).decode()


def _conflict(
    table: str, key: Sequence[str] | None, update: Sequence[str], kept: Sequence[tuple[str, Sequence[str]]]
) -> str:
    if key is None:
        return ""
    conflict = f"ON CONFLICT ({', '.join(map(quoted, key))})" if key else "ON CONFLICT"
    if not update:
        return f"{conflict} DO NOTHING"
    sets = [f"{quoted(name)} = excluded.{quoted(name)}" for name in update]
    sets += [_kept(table, *one) for one in kept]
    differs = "IS DISTINCT FROM" if connection.vendor == "postgresql" else "IS NOT"
    there, came = (", ".join(f"{whose}.{quoted(name)}" for name in update) for whose in (table, "excluded"))
    return f"{conflict} DO UPDATE SET {', '.join(sets)} WHERE ({there}) {differs} ({came})"


def _kept(table: str, name: str, same: Sequence[str]) -> str:
    unchanged = " AND ".join(f"{table}.{quoted(one)} = excluded.{quoted(one)}" for one in same)
    return f"{quoted(name)} = CASE WHEN {unchanged} THEN {table}.{quoted(name)} END"
