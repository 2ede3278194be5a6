"""Documents as an Excel workbook: the columns and rows of CSV, each cell as what it is.

A workbook has its table of contents at the end, so it is made whole, in temporary files, before the first piece is
given. The same documents give the same bytes.
"""

import re
import tempfile
from collections.abc import Iterable, Iterator
from datetime import datetime
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Any

from approdo.exchanges.formats.outgoing import CHUNK, NO_BATCH, Batch, Document, Options
from approdo.exchanges.formats.table import COLUMNS, Cell, Kind, rows
from approdo.sdk.errors import ConfigError

MOST_DIGITS = 15
"""So many digits a spreadsheet keeps: in a number with more it shows others."""
LONGEST = 32_767
"""So many code units of UTF-16 a cell holds."""
CUT = "… (cut: {most} characters fit into a cell)"
"""How a longer text ends: said where it is read, and no order waits for it."""
MADE = datetime(2020, 1, 1)  # noqa: DTZ001  (no moment: what stands where the library would put the time)

# Neither may stand in XML, and the format has no other way to write them.
_IMPOSSIBLE = re.compile("[\ud800-\udfff\ufffe\uffff]")
_MARKUP = re.compile("<r>.*</r>", re.DOTALL)


def media_type(_options: Options) -> str:
    """That of Office Open XML."""
    return "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def write(documents: Iterable[Document], options: Options, batch: Batch = NO_BATCH) -> Iterator[bytes]:
    """One sheet. There is no place in it for the batch.

    Raises `ConfigError`: `too_many_rows`.
    """
    del batch
    with tempfile.TemporaryDirectory(prefix="approdo-xlsx-") as folder:
        path = Path(folder) / "documents.xlsx"
        _make(path, rows(documents, options, lambda cell, kind: (cell, kind)))
        with path.open("rb") as file:
            yield from iter(partial(file.read, CHUNK), b"")


def _make(path: Path, table: Iterable[list[tuple[Cell, Kind]]]) -> None:
    import xlsxwriter

    workbook = xlsxwriter.Workbook(str(path), {"constant_memory": True, "tmpdir": str(path.parent)})
    try:
        workbook.set_properties({"created": MADE})
        sheet = workbook.add_worksheet("Documents")
        sheet.freeze_panes(1, 0)
        strong = workbook.add_format({"bold": True})
        for place, column in enumerate(COLUMNS):
            sheet.write_string(0, place, column.name, strong)
        written = _Cells(workbook, sheet)
        for number, row in enumerate(table, 1):
            for place, (cell, kind) in enumerate(row):
                written.put(number, place, cell, kind)
    except BaseException:
        workbook.fileclosed = True  # else it would be closed, and complain, when it is collected
        raise
    workbook.close()


class _Cells:
    """Writes cells, amounts with as many decimals as they have."""

    def __init__(self, workbook: Any, sheet: Any) -> None:
        self._workbook, self._sheet = workbook, sheet
        self._plain = workbook.add_format()
        self._decimals: dict[int, Any] = {}

    def put(self, row: int, place: int, cell: Cell, kind: Kind) -> None:
        if cell is None:
            return
        if isinstance(cell, bool):
            done = self._sheet.write_boolean(row, place, cell)
        elif kind in (Kind.AMOUNT, Kind.WHOLE) and (number := exact(str(cell))) is not None:
            done = self._sheet.write_number(row, place, number, self._with_decimals(number))
        else:
            done = self._text(row, place, fitting(_IMPOSSIBLE.sub("\ufffd", str(cell))))
        if done:
            raise ConfigError("too_many_rows", most=1_048_576)

    def _text(self, row: int, place: int, text: str) -> int:
        # What looks like the library's own markup it would put into the file as it is; in two runs it does not.
        if _MARKUP.fullmatch(text):
            done: int = self._sheet.write_rich_string(row, place, text[:1], self._plain, text[1:])
        else:
            done = self._sheet.write_string(row, place, text)
        return done

    def _with_decimals(self, number: Decimal) -> Any:
        exponent = number.as_tuple().exponent
        decimals = -exponent if isinstance(exponent, int) and exponent < 0 else 0
        if decimals > MOST_DIGITS:
            return None
        if decimals not in self._decimals:
            shown = f"0.{'0' * decimals}" if decimals else "0"
            self._decimals[decimals] = self._workbook.add_format({"num_format": shown})
        return self._decimals[decimals]


def fitting(text: str) -> str:
    """The text, or as much of it as a cell holds, saying so."""
    units = text.encode("utf-16-le")
    if len(units) <= 2 * LONGEST:
        return text
    end = CUT.format(most=LONGEST)
    return units[: 2 * (LONGEST - len(end))].decode("utf-16-le", "ignore") + end


def exact(text: str) -> Decimal | None:
    """The number, if a spreadsheet keeps each of its digits; else none."""
    number = Decimal(text)
    digits = f"{number:f}".replace(".", "").lstrip("-").strip("0")
    if len(digits) > MOST_DIGITS or (number and not -300 < number.adjusted() < 300) or _negative_zero(number):
        return None
    return number if Decimal(repr(float(number))) == number else None


def _negative_zero(number: Decimal) -> bool:
    return not number and number.is_signed()
