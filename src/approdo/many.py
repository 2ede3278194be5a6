"""Many texts compared with a column as one parameter: databases limit how many parameters a statement has."""

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from functools import cache
from typing import Any

from django.db import connection, models


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
    model: type[models.Model], columns: Sequence[str], where: Mapping[str, Any], name: str, values: Iterable[Any]
) -> list[tuple[Any, ...]]:
    """The rows that are as `where` says and whose column `name` holds one of `values`, as the driver gives them.

    `values` are all texts or all whole numbers.

    For what is asked with every page: no model is built and no value converted. Columns are field attnames.
    """
    joined, closed, given = _many(values)
    conditions = [f"{quoted(column)} = %s" for column in where] + [f"{quoted(name)}{joined}%s{closed}"]
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT {', '.join(map(quoted, columns))} FROM {quoted(model._meta.db_table)}"
            f" WHERE {' AND '.join(conditions)}",
            [*where.values(), given],
        )
        found: list[tuple[Any, ...]] = cursor.fetchall()
    return found


def update(
    model: type[models.Model], where: Mapping[str, Any], values: Mapping[str, Any], more: Mapping[str, int]
) -> int:
    """Put `values` into the rows that are as `where` says, add `more` to theirs, and say how many they were.

    For what is done with every page.
    """
    sets = ", ".join(
        [f"{quoted(column)} = %s" for column in values] + [f"{quoted(one)} = {quoted(one)} + %s" for one in more]
    )
    conditions = " AND ".join(f"{quoted(column)} = %s" for column in where)
    fields: list[Any] = [model._meta.get_field(name) for name in values]
    given = [field.get_db_prep_save(value, connection) for field, value in zip(fields, values.values(), strict=True)]
    statement = f"UPDATE {quoted(model._meta.db_table)} SET {sets} WHERE {conditions}"
    with connection.cursor() as cursor:
        cursor.execute(statement, [*given, *more.values(), *where.values()])
        found: int = cursor.rowcount
    return found


def aware(moment: datetime | None) -> datetime | None:
    """A moment that `select` gave. On SQLite it is in UTC and does not say so."""
    return moment.replace(tzinfo=UTC) if moment else None


def _many(values: Iterable[Any]) -> tuple[str, str, Any]:
    """How a column is compared with many values at once: what stands before and behind the one parameter, and it."""
    if connection.vendor == "postgresql":
        return " = ANY (", ")", list(values)
    return " IN (SELECT value FROM json_each(", "))", json.dumps(list(values))


@cache
def quoted(name: str) -> str:
    """The name of a table or column as statements hold it."""
    return connection.ops.quote_name(name)
