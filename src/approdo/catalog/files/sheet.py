"""A table as it was read from a file: which column is which, and the cells of each line."""

import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache
from typing import Any, NamedTuple

import msgspec
from django.utils.text import capfirst
from django.utils.translation import override

from approdo.catalog.files.cells import WHOLE, Spoilt
from approdo.catalog.models import SkuRecoding
from approdo.catalog.tables import Table
from approdo.sdk.errors import ConfigError

LANGUAGES = ("en", "it")
MOST_ROWS = 200_000
MOST_COLUMNS = 60

RawLine = tuple[int, Sequence[str | Spoilt]]


class Line(NamedTuple):
    """One line: its number in the file, what stands in each column, and which cells cannot be taken.

    Values are texts; a list in JSON may hold anything.
    """

    number: int
    values: dict[str, Any]
    spoilt: dict[str, tuple[str, str]]


class Sheet(NamedTuple):
    """What a file holds. `columns` are those that it has, `ignored` the names of those that nobody knows."""

    columns: list[str]
    ignored: list[str]
    lines: list[Line]


_SHEET = msgspec.json.Decoder(Sheet)


def packed(sheet: Sheet) -> bytes:
    """The sheet, to be kept for a while."""
    return zlib.compress(msgspec.json.encode(sheet), level=1)


def unpacked(kept: bytes) -> Sheet:
    """The sheet that was kept."""
    return _SHEET.decode(zlib.decompress(kept))


def sheet_of(table: Table, raw: Iterable[RawLine]) -> Sheet:
    """The lines under the first one, which names the columns; empty ones are left out.

    Raises `ConfigError` where the columns cannot be told, or there are too many lines.
    """
    lines = iter(raw)
    header = next((cells for _number, cells in lines if any(cells)), None)
    if header is None:
        raise ConfigError("table_empty")
    named = columns_of(table, header)
    ignored = [str(_text(cell)) for cell, name in zip(header, named, strict=True) if name is None and _text(cell)]
    return Sheet([name for name in named if name], ignored, list(_lines(named, lines)))


def _lines(named: Sequence[str | None], raw: Iterator[RawLine]) -> Iterator[Line]:
    count = 0
    for number, cells in raw:
        if not any(cells):
            continue
        count += 1
        if count > MOST_ROWS:
            raise ConfigError("table_too_long", most=MOST_ROWS)
        yield _line(number, named, cells)


def _line(number: int, named: Sequence[str | None], cells: Sequence[str | Spoilt]) -> Line:
    values: dict[str, str] = {}
    spoilt: dict[str, tuple[str, str]] = {}
    for place, name in enumerate(named):
        cell = cells[place] if place < len(cells) else ""
        if name is None:
            continue
        if isinstance(cell, Spoilt):
            spoilt[name] = (cell.code, cell.value)
        else:
            values[name] = cell
    left_over = next((cell for cell in cells[len(named) :] if cell), None)
    if left_over:
        spoilt[""] = ("cells_left_over", _text(left_over))
    return Line(number, _tidied(values), spoilt)


def _tidied(values: dict[str, str]) -> dict[str, str]:
    """The values without what people and spreadsheets do to a recoding's kind and to an EAN."""
    if "kind" in values:
        values["kind"] = _kinds().get(alike(values["kind"]), values["kind"])
    whole = WHOLE.fullmatch(values.get("external", ""))
    if whole and values.get("kind") == SkuRecoding.Kind.EAN:
        values["external"] = whole[1]
    return values


@cache
def _kinds() -> dict[str, str]:
    """Every name of every kind of code; none is the usual one."""
    names = {"": str(SkuRecoding.Kind.VENDOR_SKU), "gtin": str(SkuRecoding.Kind.EAN)}
    for kind in SkuRecoding.Kind:
        names[alike(kind.value)] = kind.value
        for language in LANGUAGES:
            with override(language):
                names[alike(str(kind.label))] = kind.value
    return names


def columns_of(table: Table, header: Sequence[str | Spoilt]) -> list[str | None]:
    """The column that each name of the first line means. Raises `ConfigError` where one is missing or stands twice."""
    known = names_of(table)
    found = [known.get(alike(_text(cell))) for cell in header]
    twice = next((name for name in found if name and found.count(name) > 1), None)
    if twice:
        same = [_text(cell) for cell, name in zip(header, found, strict=True) if name == twice]
        raise ConfigError("columns_twice", names=", ".join(same))
    missing = [name for name in table.required if name not in found]
    if missing:
        given = ", ".join(filter(None, map(_text, header)))
        wanted = ", ".join(labels(table)[name] for name in missing)
        raise ConfigError("columns_missing", missing=wanted, given=given[:300])
    return found


def recognised(table: Table, header: Sequence[str]) -> int:
    """How many of these names are columns."""
    known = names_of(table)
    return sum(alike(cell) in known for cell in header)


def names_of(table: Table) -> dict[str, str]:
    """Every name of every column: its own, and what it is called in each language."""
    names = {alike(name): name for name in table.columns}
    for language in LANGUAGES:
        with override(language):
            names.update({alike(label): name for name, label in labels(table).items()})
    return names


def labels(table: Table) -> Mapping[str, str]:
    """What each column is called in the reader's language."""
    return {name: capfirst(str(table.model._meta.get_field(name).verbose_name)) for name in table.columns}  # type: ignore[union-attr]  # columns are fields


def alike(name: str) -> str:
    """The name without what people write differently: case, underscores, an asterisk, spaces."""
    return " ".join(name.replace("_", " ").replace("-", " ").replace("*", " ").split()).casefold()


def _text(cell: str | Spoilt) -> str:
    return cell.value if isinstance(cell, Spoilt) else cell
