"""Many rows in one statement, the quickest way each database has, on Django's own connection.

SQLite takes `executemany`; PostgreSQL takes `COPY` into a temporary table and one `INSERT … SELECT`.
Both measured against `bulk_create` in `bench/`, as are `among` and `select` against
`__in`; the model layer stays Django's
everywhere else.
"""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from django.db import connection, models

from approdo.sales.fields import AmountField, plain


def among(name: str, texts: Iterable[str]) -> models.Func:
    """For `filter`: whether the text column `name` holds one of `texts`, which go over as one parameter.

    With `__in`, Django and the driver prepare each of them by itself, for every page.
    """
    joined, closed, given = _many(texts)
    template = f"%(expressions)s{closed}"
    return models.Func(
        models.F(name), models.Value(given), template=template, arg_joiner=joined, output_field=models.BooleanField()
    )


def select(
    model: type[models.Model], columns: Sequence[str], where: Mapping[str, Any], name: str, texts: Iterable[str]
) -> list[tuple[Any, ...]]:
    """The rows that are as `where` says and whose text column `name` holds one of `texts`, as the driver gives them.

    For what is asked with every page: no model is built and no value converted. Columns are field attnames.
    """
    joined, closed, given = _many(texts)
    conditions = [f"{_quoted(column)} = %s" for column in where] + [f"{_quoted(name)}{joined}%s{closed}"]
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT {', '.join(map(_quoted, columns))} FROM {_quoted(model._meta.db_table)}"
            f" WHERE {' AND '.join(conditions)}",
            [*where.values(), given],
        )
        found: list[tuple[Any, ...]] = cursor.fetchall()
    return found


def _many(texts: Iterable[str]) -> tuple[str, str, Any]:
    """How a column is compared with many texts at once: what stands before and behind the one parameter, and it."""
    if connection.vendor == "postgresql":
        return " = ANY (", ")", list(texts)
    return " IN (SELECT value FROM json_each(", "))", json.dumps(list(texts))


def upsert(
    model: type[models.Model],
    columns: Sequence[str],
    rows: Sequence[Sequence[Any]],
    key: Sequence[str],
    update: Sequence[str],
) -> None:
    """Insert `rows` (values in the order of `columns`, field attnames); where `key` exists, set `update`.

    With nothing to update, existing rows stay as they are. Runs inside the caller's transaction.
    Within `rows` a key stands once.
    """
    if not rows:
        return
    fields: list[Any] = [model._meta.get_field(name) for name in columns]
    names: list[str] = [field.column for field in fields]
    prepared = _prepared(fields, rows)
    if connection.vendor == "postgresql":
        _copy(model._meta.db_table, names, prepared, key, update)
    else:
        _executemany(model._meta.db_table, names, prepared, key, update)


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
    if isinstance(field, _AS_IT_IS):
        return None
    return lambda value: field.get_db_prep_save(value, connection)


def _as_sqlite_keeps_it(moment: datetime) -> str:
    """As Django itself writes a moment there: UTC, without saying so."""
    return moment.astimezone(UTC).replace(tzinfo=None).isoformat(sep=" ")


def _conflict(key: Sequence[str], update: Sequence[str]) -> str:
    target = ", ".join(map(_quoted, key))
    if not update:
        return f"ON CONFLICT ({target}) DO NOTHING"
    assignments = ", ".join(f"{_quoted(name)} = excluded.{_quoted(name)}" for name in update)
    return f"ON CONFLICT ({target}) DO UPDATE SET {assignments}"


def _executemany(
    table: str, names: list[str], rows: list[list[Any]], key: Sequence[str], update: Sequence[str]
) -> None:
    columns = ", ".join(map(_quoted, names))
    places = ", ".join(["%s"] * len(names))
    with connection.cursor() as cursor:
        cursor.executemany(f"INSERT INTO {_quoted(table)} ({columns}) VALUES ({places}) {_conflict(key, update)}", rows)


def _copy(table: str, names: list[str], rows: list[list[Any]], key: Sequence[str], update: Sequence[str]) -> None:
    columns = ", ".join(map(_quoted, names))
    temporary = f"{table}_incoming"
    with connection.cursor() as cursor:
        cursor.execute(
            f"CREATE TEMPORARY TABLE IF NOT EXISTS {_quoted(temporary)} ON COMMIT DELETE ROWS "
            f"AS SELECT {columns} FROM {_quoted(table)} WHERE false"
        )
        cursor.execute(f"DELETE FROM {_quoted(temporary)}")
        with cursor.copy(f"COPY {_quoted(temporary)} ({columns}) FROM STDIN") as copy:
            for row in rows:
                copy.write_row(row)
        cursor.execute(
            f"INSERT INTO {_quoted(table)} ({columns}) SELECT {columns} FROM {_quoted(temporary)} "
            f"{_conflict(key, update)}"
        )


def _quoted(name: str) -> str:
    return connection.ops.quote_name(name)
