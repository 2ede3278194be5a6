"""XLSX, read cell by cell from the first sheet, and written row by row. Formulas are neither read nor written."""

import zipfile
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime, time, timedelta
from io import BytesIO
from typing import IO, Any

from openpyxl import Workbook, load_workbook
from openpyxl.cell import WriteOnlyCell

from approdo.catalog.files.cells import Spoilt, marked, plain
from approdo.catalog.files.sheet import MOST_COLUMNS, MOST_ROWS, RawLine
from approdo.sdk.errors import ConfigError

MOST_UNPACKED = 200_000_000
"""A spreadsheet is a zip: this many bytes may come out of it. What it says it holds is all that is unpacked."""

EXACT = 10**15
"""Spreadsheets keep 15 digits of a number."""

MOST_LINES = 1_048_576
"""No spreadsheet has more; a file that says so would be read for ever."""

DATES = (date, datetime, time, timedelta)


def lines(content: bytes) -> Iterator[RawLine]:
    """The rows of the first sheet. Raises `ConfigError` for what is no spreadsheet, or unpacks to too much."""
    try:
        with zipfile.ZipFile(BytesIO(content)) as packed:
            size = sum(part.file_size for part in packed.infolist())
        if size > MOST_UNPACKED:
            raise ConfigError("spreadsheet_too_large", most=MOST_UNPACKED // 1_000_000)
        book = load_workbook(BytesIO(content), read_only=True, data_only=False, keep_links=False)
        try:
            yield from _rows(book.worksheets[0])
        finally:
            book.close()
    except ConfigError:
        raise
    except Exception as error:  # noqa: BLE001  openpyxl has no error of its own for a file that is broken
        raise ConfigError("not_a_spreadsheet", reason=type(error).__name__) from None


def _rows(sheet: Any) -> Iterator[RawLine]:
    sheet.reset_dimensions()  # what the file says of its size need not be so
    for number, row in enumerate(sheet.iter_rows(), start=1):
        if number > MOST_LINES:
            raise ConfigError("table_too_long", most=MOST_ROWS)
        yield number, [_text(cell) for cell in row[:MOST_COLUMNS]]


def _text(cell: Any) -> str | Spoilt:
    value = cell.value
    if value is None:
        return ""
    if isinstance(value, str):
        if cell.data_type == "f":
            return Spoilt("cell_is_formula", value)
        return Spoilt("cell_is_error", value) if cell.data_type == "e" else plain(value)
    if isinstance(value, bool):
        return str(value).upper()
    if isinstance(value, DATES):
        return Spoilt("cell_is_date", str(value))
    if isinstance(value, int | float):
        return _number(value, str(cell.number_format))
    return Spoilt("cell_is_formula", "=")  # an array of formulas


def _number(value: float, shown_as: str) -> str | Spoilt:
    if abs(value) >= EXACT or value != value:  # noqa: PLR0124  not a number
        return Spoilt("digits_lost", str(value))
    if value != int(value):
        return repr(value)
    digits = str(int(value))
    return digits.zfill(len(shown_as)) if shown_as and set(shown_as) == {"0"} else digits


def write(file: IO[bytes], title: str, header: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """A book of one sheet whose cells are all text."""
    book = Workbook(write_only=True)
    sheet = book.create_sheet(title[:31])
    sheet.freeze_panes = "A2"
    for place in range(len(header)):
        sheet.column_dimensions[chr(ord("A") + place)].width = 24
    sheet.append(header)
    for row in rows:
        sheet.append([_cell(sheet, text) for text in row])
    book.save(file)


def _cell(sheet: Any, text: str) -> Any:
    if not text:
        return None
    cell = WriteOnlyCell(sheet, marked(text))
    cell.data_type = "s"
    cell.number_format = "@"
    return cell
