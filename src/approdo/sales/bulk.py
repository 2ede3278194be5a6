"""Many rows in one statement, the quickest way each database has, on Django's own connection.

SQLite takes `executemany`; PostgreSQL takes `COPY` into a temporary table and one `INSERT … SELECT`.
Both measured against `bulk_create` in `bench/`, as are `approdo.many`'s against `__in`; the model layer stays
Django's everywhere else.
"""

import zlib
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

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

    With nothing to update, existing rows stay as they are. Of columns that are not written, those of `kept` stay
    while the columns named with them stay the same, and else become null. Runs inside the caller's transaction.
    Within `rows` a key stands once.
    """
    if not rows:
        return
    table = model._meta.db_table
    conflict = _conflict(key, [*map(_excluded, update), *(_kept(table, *one) for one in (kept or {}).items())])
    fields: list[Any] = [model._meta.get_field(name) for name in columns]
    names: list[str] = [field.column for field in fields]
    prepared = _prepared(fields, rows)
    if connection.vendor == "postgresql":
        _copy(table, names, prepared, conflict)
    else:
        _executemany(table, names, prepared, conflict)


# Written as they are: asking these fields to prepare a value costs more than writing it.
_AS_IT_IS = (models.CharField, models.BooleanField, models.IntegerField, models.ForeignKey, models.BinaryField)

_Preparing = Callable[[Any], Any]


def _prepared(fields: Sequence[Any], rows: Sequence[Sequence[Any]]) -> list[list[Any]]:
    """The rows as they are written: the few values of a row that cannot be written as they are, prepared."""
    special = [(place, how) for place, field in enumerate(fields) if (how := _preparing(field))]
    prepared = [list(row) for row in rows]
    for row in prepared:
        for place, how in special:
            if row[place] is not None:
                row[place] = how(row[place])
    return prepared


def _preparing(field: Any) -> _Preparing | None:
    if isinstance(field, AmountField):
        return plain
    if isinstance(field, models.DateTimeField):
        return _as_sqlite_keeps_it if connection.vendor == "sqlite" else None
    if isinstance(field, models.JSONField):
        return _json
    if isinstance(field, _AS_IT_IS):
        return None
    return lambda value: field.get_db_prep_save(value, connection)


def _as_sqlite_keeps_it(moment: datetime) -> str:
    """As Django itself writes a moment there: UTC, without saying so."""
    if moment.tzinfo is UTC:  # as nearly all are; a third of the time
        return str(moment).removesuffix("+00:00")
    return moment.astimezone(UTC).replace(tzinfo=None).isoformat(sep=" ")


def _json(value: Any) -> str:
    return msgspec.json.encode(value).decode()


def _conflict(key: Sequence[str], assignments: Sequence[str]) -> str:
    target = ", ".join(map(quoted, key))
    if not assignments:
        return f"ON CONFLICT ({target}) DO NOTHING" if key else "ON CONFLICT DO NOTHING"
    return f"ON CONFLICT ({target}) DO UPDATE SET {', '.join(assignments)}"


def _excluded(name: str) -> str:
    return f"{quoted(name)} = excluded.{quoted(name)}"


def _kept(table: str, name: str, same: Sequence[str]) -> str:
    unchanged = " AND ".join(f"{quoted(table)}.{quoted(one)} = excluded.{quoted(one)}" for one in same)
    return f"{quoted(name)} = CASE WHEN {unchanged} THEN {quoted(table)}.{quoted(name)} END"


def _executemany(table: str, names: list[str], rows: list[list[Any]], conflict: str) -> None:
    columns = ", ".join(map(quoted, names))
    places = ", ".join(["%s"] * len(names))
    with connection.cursor() as cursor:
        cursor.executemany(f"INSERT INTO {quoted(table)} ({columns}) VALUES ({places}) {conflict}", rows)


def _copy(table: str, names: list[str], rows: list[list[Any]], conflict: str) -> None:
    columns = ", ".join(map(quoted, names))
    # It lives as long as the connection, and other rows of the same table may come with other columns.
    temporary = f"{table}_incoming_{zlib.crc32(columns.encode()):08x}"
    with connection.cursor() as cursor:
        cursor.execute(
            f"CREATE TEMPORARY TABLE IF NOT EXISTS {quoted(temporary)} ON COMMIT DELETE ROWS "
            f"AS SELECT {columns} FROM {quoted(table)} WHERE false"
        )
        cursor.execute(f"DELETE FROM {quoted(temporary)}")
        with cursor.copy(f"COPY {quoted(temporary)} ({columns}) FROM STDIN") as copy:
            for row in rows:
                copy.write_row(row)
        cursor.execute(f"INSERT INTO {quoted(table)} ({columns}) SELECT {columns} FROM {quoted(temporary)} {conflict}")
