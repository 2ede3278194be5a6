"""Documents as CSV: one line for each document line, in the dialect that the receiver reads.

Two things keep every text whole, whoever opens the file; both can be undone exactly (`docs/exports.md`):

- A text that a spreadsheet would take for a formula gets an apostrophe in front, as does one that begins with an
  apostrophe. Whoever reads takes one apostrophe off where a text begins with one.
- A character that Windows-1252 does not have is written by its number, `&#322;`, and where a text holds `&#` itself,
  that is written `&#38;#`. Refusing would hold an order up for somebody's name; `?` would lose it.
"""

import codecs
import csv
import re
from collections.abc import Iterable, Iterator
from functools import partial
from typing import NamedTuple

from approdo.exchanges.formats.outgoing import NO_BATCH, Batch, Document, Options, in_chunks
from approdo.exchanges.formats.table import COLUMNS, Cell, Kind, rows

DELIMITERS = {"semicolon": ";", "comma": ",", "tab": "\t"}
DECIMAL_SEPARATORS = {"point": ".", "comma": ","}
ENCODINGS = {"utf-8": "utf-8", "utf-8-bom": "utf-8", "windows-1252": "cp1252"}
LINE_ENDS = {"crlf": "\r\n", "lf": "\n"}

# Spreadsheets look past what cannot be seen, and some take the wide signs for the common ones.
_FORMULA = re.compile("'|[\\s\x00-\x1f\x7f\xad\u200b-\u200f\u2060\ufeff]*[-=+@－＝＋＠\t\r\n]")


class _Dialect(NamedTuple):
    delimiter: str
    decimal_separator: str
    encoding: str
    mark: bytes
    line_end: str
    header: bool

    @classmethod
    def of(cls, options: Options) -> "_Dialect":
        """As the connector is set; a connector of another format that is asked for CSV has none of these."""
        encoding = options.get("encoding", "utf-8")
        return cls(
            delimiter=DELIMITERS[options.get("delimiter", "semicolon")],
            decimal_separator=DECIMAL_SEPARATORS[options.get("decimal_separator", "point")],
            encoding=ENCODINGS[encoding],
            mark=codecs.BOM_UTF8 if encoding == "utf-8-bom" else b"",
            line_end=LINE_ENDS[options.get("line_end", "crlf")],
            header=options.get("header", True),
        )


def media_type(options: Options) -> str:
    """With the encoding and whether the first line names the columns, as RFC 4180 has it."""
    dialect = _Dialect.of(options)
    charset = "windows-1252" if dialect.encoding == "cp1252" else dialect.encoding
    return f"text/csv; charset={charset}; header={'present' if dialect.header else 'absent'}"


def write(documents: Iterable[Document], options: Options, batch: Batch = NO_BATCH) -> Iterator[bytes]:
    """Rows only: there is no place in CSV for the batch."""
    del batch
    return in_chunks(_parts(documents, options, _Dialect.of(options)))


def _parts(documents: Iterable[Document], options: Options, dialect: _Dialect) -> Iterator[bytes]:
    lines = _Lines()
    # Always CR LF here, because the writer quotes only the line ends that it is told of: a lone CR in a text would
    # else break a file with LF in two.
    writer = csv.writer(lines, delimiter=dialect.delimiter, lineterminator="\r\n")
    yield dialect.mark
    if dialect.header:
        writer.writerow(column.name for column in COLUMNS)
        yield _encoded(lines.last, dialect)
    for row in rows(documents, options, partial(_text, dialect)):
        writer.writerow(row)
        yield _encoded(lines.last, dialect)


class _Lines:
    """Where the writer writes: each line at once."""

    last = ""

    def write(self, line: str) -> None:
        self.last = line


def _encoded(line: str, dialect: _Dialect) -> bytes:
    return (line.removesuffix("\r\n") + dialect.line_end).encode(dialect.encoding)


def _text(dialect: _Dialect, cell: Cell, kind: Kind) -> str:
    if cell is None:
        return ""
    match kind:
        case Kind.TEXT:
            return _writable(guarded(str(cell)), dialect.encoding)
        case Kind.AMOUNT:
            return str(cell).replace(".", dialect.decimal_separator)
        case Kind.FLAG:
            return "true" if cell else "false"
        case _:
            return str(cell)


def guarded(text: str) -> str:
    """The text so that no spreadsheet takes it for a formula."""
    return f"'{text}" if _FORMULA.match(text) else text


def _writable(text: str, encoding: str) -> str:
    # Before the writer quotes: the number of a character ends with a semicolon.
    if encoding == "utf-8":
        return text
    return text.replace("&#", "&#38;#").encode(encoding, "xmlcharrefreplace").decode(encoding)
