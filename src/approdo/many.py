"""What is asked and written with every page, past the model layer, whose statements take longer to make than to do.

Many values compared with a column go over as one parameter: databases limit how many a statement has.
"""

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

    For what is asked with every page: no model is built and no value converted. Columns are field attnames.
    """
    condition, given = any_of(quoted(name), values)
    conditions = [*(f"{quoted(column)} = %s" for column in where), condition]
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT {', '.join(map(quoted, columns))} FROM {quoted(model._meta.db_table)}"
            f" WHERE {' AND '.join(conditions)}",
            [*where.values(), given],
        )
        found: list[tuple[Any, ...]] = cursor.fetchall()
    return found


def update(
    model: type[models.Model], where: Mapping[str, Any], values: Mapping[str, Any], added: Mapping[str, int]
) -> int:
    """Of the rows that are as `where` says, set the columns of `values` and count those of `added` up; how many rows.

    For what is done with every page. Columns are field attnames; what is in `where` goes over as it is.
    """
    sets = ", ".join(
        [f"{quoted(column)} = %s" for column in values]
        + [f"{quoted(column)} = {quoted(column)} + %s" for column in added]
    )
    conditions = " AND ".join(f"{quoted(column)} = %s" for column in where)
    fields: list[Any] = [model._meta.get_field(name) for name in values]
    given = [field.get_db_prep_save(value, connection) for field, value in zip(fields, values.values(), strict=True)]
    statement = f"UPDATE {quoted(model._meta.db_table)} SET {sets} WHERE {conditions}"
    with connection.cursor() as cursor:
        cursor.execute(statement, [*given, *added.values(), *where.values()])
        found: int = cursor.rowcount
    return found


def aware(moment: datetime) -> datetime:
    """A moment as the driver gave it. SQLite's is in UTC and does not say so."""
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def any_of(column: str, values: Iterable[Any]) -> tuple[str, Any]:
    """For a statement's condition: whether `column`, as it is written there, holds one of `values`; its one parameter.

    `values` are all texts or all whole numbers.
    """
    joined, closed, given = _many(values)
    return f"{column}{joined}%s{closed}", given


def _many(values: Iterable[Any]) -> tuple[str, str, Any]:
    """How a column is compared with many values at once: what stands before and behind the one parameter, and it."""
    if connection.vendor == "postgresql":
        return " = ANY (", ")", list(values)
    return " IN (SELECT value FROM json_each(", "))", json.dumps(list(values))


@cache
def quoted(name: str) -> str:
    """The name of a table or column as statements hold it."""
    return connection.ops.quote_name(name)
