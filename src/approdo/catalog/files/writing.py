"""Writes a table as CSV or XLSX, in the language of whoever asks; reading it again changes nothing."""

import csv
from collections.abc import Iterable, Iterator, Sequence
from io import StringIO
from typing import IO, Any

from django.utils.translation import get_language

from approdo.catalog.files import xlsx
from approdo.catalog.files.cells import marked
from approdo.catalog.files.sheet import labels
from approdo.catalog.tables import Table, data

BYTE_ORDER_MARK = "\ufeff"
"""Without it a spreadsheet takes UTF-8 for something else."""

ROWS_AT_ONCE = 1000


def delimiter() -> str:
    """What spreadsheets in the reader's language expect between cells."""
    return ";" if (get_language() or "").startswith("it") else ","


def csv_parts(table: Table, rows: Iterable[Any]) -> Iterator[bytes]:
    """The file piece by piece; how it is written is settled at once, by the language of now."""
    return _parts(table, rows, list(labels(table).values()), delimiter())


def _parts(table: Table, rows: Iterable[Any], header: Sequence[str], between: str) -> Iterator[bytes]:
    written = StringIO(newline="")
    writer = csv.writer(written, delimiter=between)
    written.write(BYTE_ORDER_MARK)
    writer.writerow(header)
    for count, row in enumerate(rows, start=1):
        writer.writerow(map(marked, texts(table, row)))
        if count % ROWS_AT_ONCE == 0:
            yield written.getvalue().encode()
            written.seek(0)
            written.truncate()
    yield written.getvalue().encode()


def write_xlsx(table: Table, rows: Iterable[Any], file: IO[bytes]) -> None:
    """The same as a spreadsheet."""
    title = str(table.model._meta.verbose_name_plural)
    xlsx.write(file, title, list(labels(table).values()), (texts(table, row) for row in rows))


def texts(table: Table, row: Any) -> list[str]:
    """What stands in each column of a row."""
    found = data(table, row)
    return [found[name] or "" for name in table.columns]
