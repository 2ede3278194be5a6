"""Reads an uploaded file into a sheet: CSV of whatever dialect and encoding, or XLSX. Nothing is ever executed."""

import csv
from collections.abc import Iterator
from io import StringIO

from approdo.catalog.files import xlsx
from approdo.catalog.files.cells import plain
from approdo.catalog.files.sheet import RawLine, Sheet, recognised, sheet_of
from approdo.catalog.tables import Table
from approdo.sdk.errors import ConfigError

MOST_BYTES = 30_000_000
ZIP = b"PK\x03\x04"
OLD_EXCEL = b"\xd0\xcf\x11\xe0"
UTF_16 = (b"\xff\xfe", b"\xfe\xff")
DELIMITERS = (";", ",", "\t")


def read(table: Table, content: bytes) -> Sheet:
    """The sheet in a file, whose kind its first bytes tell. Raises `ConfigError` for what is no such file."""
    if len(content) > MOST_BYTES:
        raise ConfigError("table_too_large", most=MOST_BYTES // 1_000_000)
    if content.startswith(ZIP):
        return sheet_of(table, xlsx.lines(content))
    if content.startswith(OLD_EXCEL):
        raise ConfigError("old_spreadsheet")
    text = decoded(content)
    delimiter, text, skipped = _delimiter(table, text)
    return sheet_of(table, _csv_lines(text, delimiter, skipped))


def decoded(content: bytes) -> str:
    """The text in UTF-8, in the UTF-16 that spreadsheets call Unicode, or else in Windows-1252."""
    encodings = ("utf-16",) if content.startswith(UTF_16) else ("utf-8-sig", "cp1252")
    for encoding in encodings:
        try:
            text = content.decode(encoding)
        except UnicodeDecodeError:
            continue
        if "\0" not in text:
            return text
    raise ConfigError("not_a_table")


def _delimiter(table: Table, text: str) -> tuple[str, str, int]:
    """What stands between the cells, the text that follows, and how many lines were passed over.

    A first line `sep=;`, which spreadsheets write and understand, says it; otherwise it is whatever makes the most
    known columns of the first line.
    """
    first, _, rest = text.partition("\n")
    said = first.strip().lower()
    if said.startswith("sep=") and len(said) == 5:
        return said[4], rest, 1
    if said == "sep=":  # the tab was stripped
        return "\t", rest, 1

    def fits(delimiter: str) -> tuple[int, int]:
        header = next((cells for _number, cells in _lenient(text, delimiter) if any(cells)), [])
        return recognised(table, header), len(header)

    return max(DELIMITERS, key=fits), text, 0


def _lenient(text: str, delimiter: str) -> Iterator[tuple[int, list[str]]]:
    reader = csv.reader(StringIO(text[:20_000], newline=""), delimiter=delimiter)
    try:
        for cells in reader:
            yield reader.line_num, [cell.strip() for cell in cells]
    except csv.Error:
        return


def _csv_lines(text: str, delimiter: str, skipped: int) -> Iterator[RawLine]:
    reader = csv.reader(StringIO(text, newline=""), delimiter=delimiter, strict=True)
    begins = skipped + 1
    while True:
        try:
            cells = next(reader, None)
        except csv.Error as error:
            raise ConfigError("not_csv", line=begins, reason=str(error)) from None
        if cells is None:
            return
        yield begins, [plain(cell) for cell in cells]
        begins = skipped + reader.line_num + 1
