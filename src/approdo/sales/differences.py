"""What one version of a document says differently from another: field by field, line by line.

Computed from the two versions when somebody looks, and never stored: what is purged from the
versions is then purged from their differences too.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any, NamedTuple, Protocol

from msgspec import Struct
from msgspec.structs import fields

Value = str | int | bool | Decimal | datetime | None


class Difference(NamedTuple):
    """One field that changed. `line` is the line's sequence, none for the document itself.

    `field` is a path of the names that the API uses too, for example `delivery_window.start`. For a
    line that came or went `field` is empty, and `after` says whether it is there.
    """

    line: str | None
    field: str
    before: Value
    after: Value


class HasLines(Protocol):
    """A document, or the status of one."""

    @property
    def lines(self) -> Sequence[Any]:
        """Structs with a `sequence` each."""


def differences(old: HasLines, new: HasLines) -> list[Difference]:
    """What changed from `old` to `new`, both of one kind: the document's own fields first, then line by line."""
    found = [Difference(None, *change) for change in _changes(old, new, skip=("lines",))]
    before = {line.sequence: line for line in old.lines}
    after = {line.sequence: line for line in new.lines}
    for sequence in dict.fromkeys([*before, *after]):
        found += _of_line(sequence, before.get(sequence), after.get(sequence))
    return found


def _of_line(sequence: str, old: Struct | None, new: Struct | None) -> list[Difference]:
    if old is None or new is None:
        return [Difference(sequence, "", old is not None, new is not None)]
    return [Difference(sequence, *change) for change in _changes(old, new)]


def _changes(old: Any, new: Any, skip: tuple[str, ...] = ()) -> Iterator[tuple[str, Value, Value]]:
    before, after = dict(_flat(old, skip)), dict(_flat(new, skip))
    for path in dict.fromkeys([*before, *after]):
        if before.get(path) != after.get(path):
            yield path, before.get(path), after.get(path)


def _flat(value: Any, skip: tuple[str, ...] = (), path: str = "") -> Iterator[tuple[str, Value]]:
    """Every plain value with its path; what is absent is left out, so that it equals null."""
    if isinstance(value, Struct):
        parts = [(field.name, getattr(value, field.name)) for field in fields(value)]
    elif isinstance(value, dict):
        parts = list(value.items())
    elif isinstance(value, list | tuple):
        parts = [(str(number), part) for number, part in enumerate(value, 1)]
    else:
        if value is not None:
            yield path, value
        return
    for name, part in parts:
        if name not in skip:
            yield from _flat(part, (), f"{path}.{name}" if path else name)
