"""Which tables and columns make the hub, and what the values of each database are in a copy, and back."""

import base64
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any, NamedTuple

from django.apps import apps
from django.db import models

from approdo.cli.copies.archive import Column

LEFT_OUT = frozenset({"django_session", "processes_worker", "processes_look", "backoffice_tableupload"})
"""Whoever holds the key of a session is signed in: these do not belong into a file that travels. Workers, and who
looked for alarms when, are of the machines that the copy was made on. An upload waits for a click in a browser.
"""

FILLED_BY_MIGRATING = frozenset({"auth_permission", "django_content_type", "nodes_installation"}) | LEFT_OUT
"""What has rows in a hub that nobody has used yet."""

_KINDS: Mapping[str, str] = {
    "AutoField": "integer",
    "BigAutoField": "integer",
    "BigIntegerField": "integer",
    "BinaryField": "bytes",
    "BooleanField": "boolean",
    "CharField": "text",
    "DateField": "text",
    "DateTimeField": "moment",
    "GenericIPAddressField": "text",
    "IntegerField": "integer",
    "JSONField": "text",  # as the database keeps it: a JSON null and an absent value stay apart
    "PositiveBigIntegerField": "integer",
    "PositiveIntegerField": "integer",
    "PositiveSmallIntegerField": "integer",
    "TextField": "text",
    "TimeField": "text",
    "UUIDField": "uuid",
}

Change = Callable[[Any], Any]


class HubTable(NamedTuple):
    """A table of this version. `counter` is the column that the database numbers by itself, if any."""

    name: str
    columns: list[Column]
    counter: str | None


def hub_tables() -> Iterator[HubTable]:
    """Every table that a copy holds."""
    for model in apps.get_models(include_auto_created=True):
        options = model._meta
        if options.managed and not options.proxy and options.db_table not in LEFT_OUT:
            columns = [Column(str(field.column), _kind(field)) for field in options.local_concrete_fields]
            yield HubTable(options.db_table, columns, options.auto_field.column if options.auto_field else None)


def _kind(field: Any) -> str:
    while field.is_relation:
        field = field.target_field
    return _KINDS[field.get_internal_type()]


def _moment(text: str) -> datetime:
    found = datetime.fromisoformat(text)
    return found.astimezone(UTC) if found.tzinfo else found.replace(tzinfo=UTC)


FROM_SQLITE: Mapping[str, Change] = {"boolean": bool, "moment": _moment}

FROM_POSTGRESQL: Mapping[str, Change] = {
    "boolean": "t".__eq__,
    "bytes": lambda text: bytes.fromhex(text[2:]),
    "integer": int,
    "moment": _moment,
    "uuid": lambda text: text.replace("-", ""),
}
"""From its text format."""

TO_SQLITE: Mapping[str, Change] = {
    "bytes": base64.b64decode,
    "moment": lambda text: datetime.fromisoformat(text).replace(tzinfo=None).isoformat(sep=" "),
}

TO_POSTGRESQL: Mapping[str, Change] = {"bytes": base64.b64decode}


def changed(rows: Iterator[Any], columns: list[Column], changes: Mapping[str, Change]) -> Iterator[list[Any]]:
    """The rows with those values changed whose kind asks for it; what is absent stays absent."""
    places = [(place, changes[column.kind]) for place, column in enumerate(columns) if column.kind in changes]
    for row in rows:
        values = list(row)
        for place, change in places:
            if values[place] is not None:
                values[place] = change(values[place])
        yield values


def model_tables(found: list[type[models.Model]]) -> list[str]:
    """The tables behind these models."""
    return [model._meta.db_table for model in found if model._meta.managed and not model._meta.proxy]
