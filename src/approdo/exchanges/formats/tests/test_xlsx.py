"""XLSX: read back by openpyxl it says what CSV says, no digit is another one, and no text is a formula."""

import re
import zipfile
from decimal import Decimal
from io import BytesIO
from typing import Any

import openpyxl
import pytest
from hypothesis import example, given, settings
from lxml import etree

from approdo.exchanges.formats import FORMATS, xlsx
from approdo.exchanges.formats.table import COLUMNS, Kind
from approdo.exchanges.formats.tests import test_csv
from approdo.exchanges.formats.tests.outgoing_documents import amounts, documents, plain_document, texts

pytestmark = pytest.mark.once

KINDS = {column.name: column.kind for column in COLUMNS}
NUMBERS = (Kind.AMOUNT, Kind.WHOLE)


def write(given_documents: list[dict[str, Any]], **options: Any) -> bytes:
    return b"".join(FORMATS["xlsx"].write(given_documents, options))


def cells(given_documents: list[dict[str, Any]], **options: Any) -> list[dict[str, Any]]:
    """The sheet as openpyxl reads it."""
    book = openpyxl.load_workbook(BytesIO(write(given_documents, **options)))
    header, *rows = book["Documents"].iter_rows()
    names = [cell.value for cell in header]
    return [dict(zip(names, row, strict=True)) for row in rows]


def read(given_documents: list[dict[str, Any]], **options: Any) -> list[dict[str, str]]:
    """The same spelled as in CSV; what the format itself escapes (ECMA-376, ST_Xstring) undone."""
    return [
        {name: spelled(name, cell.value) for name, cell in row.items()} for row in cells(given_documents, **options)
    ]


def spelled(name: str, value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int | float):
        return number(repr(value))
    text = re.sub("_x([0-9A-Fa-f]{4})_", lambda found: chr(int(found[1], 16)), value)
    return number(text) if KINDS[name] in NUMBERS else text


def number(text: str) -> str:
    """Without what does not change it."""
    return f"{Decimal(text).normalize():f}" if text else ""


def plain(text: str) -> str:
    """As the sheet gives it back: two characters have no place in XML, and a line end is one."""
    return re.sub("[\ufffe\uffff]", "\ufffd", text)


def check(given_documents: list[dict[str, Any]]) -> None:
    rows = iter(read(given_documents))
    for document in given_documents:
        for line in document["lines"] or [{}]:
            row = next(rows)
            wanted = test_csv.expected(document, line, comma=False)
            assert {name: row[name] for name in wanted} == {
                name: number(text) if KINDS[name] in NUMBERS else plain(text) for name, text in wanted.items()
            }
    assert list(rows) == []


@settings(max_examples=30, deadline=None)
@given(documents)
def test_documents_come_back_from_xlsx_as_they_went(given_documents: list[dict[str, Any]]) -> None:
    check(given_documents)


@settings(max_examples=60, deadline=None)
@given(amounts)
@example("9.95")
@example("0.1")
@example("999999999999999")
@example("1234567890123456")
@example("-0")
@example("-0.00")
@example("1.10")
@example("0.30000000000000004")
def test_a_number_has_its_own_digits_or_is_a_text(amount: str) -> None:
    data = write([plain_document(lines=[{"net_cost": amount}])])
    sheet = etree.fromstring(zipfile.ZipFile(BytesIO(data)).read("xl/worksheets/sheet1.xml"))
    (column,) = [openpyxl.utils.get_column_letter(n) for n, one in enumerate(COLUMNS, 1) if one.name == "net_cost"]
    (cell,) = sheet.xpath(f"//*[@r='{column}2']")
    written = "".join(cell.itertext())
    if cell.get("t") == "inlineStr":
        assert written == amount
        assert xlsx.exact(amount) is None
    else:
        assert Decimal(written) == Decimal(amount) == Decimal(repr(float(written)))
        assert len(amount.replace(".", "").replace("-", "").strip("0")) <= 15


@settings(max_examples=60, deadline=None)
@given(texts)
@example("<r><t>=1</t></r>")
@example("<r></r>")
@example("_x0041_")
@example("=cmd|' /C calc'!A0")
@example("http://example.com")
@example("1E5")
def test_no_text_is_a_formula_a_link_or_a_number(text: str) -> None:
    (row,) = cells([plain_document(number=text, lines=[{"title": text, "net_cost": "-1.50"}])])
    for name in ("number", "title"):
        cell = row[name]
        assert cell.data_type in ("s", "inlineStr", "n")
        assert cell.hyperlink is None
        assert cell.value is None or isinstance(cell.value, str)
        assert spelled(name, cell.value) == plain(text)
    assert (row["net_cost"].value, row["net_cost"].number_format) == (-1.5, "0.00")


def test_moments_and_days_are_texts_and_flags_are_flags() -> None:
    (row,) = cells([plain_document(lines=[{"cancelled": True}])])
    assert (row["date"].value, row["date"].data_type) == ("2026-04-30T10:00:00Z", "s")
    assert (row["order_day"].value, row["cancelled"].value, row["document_id"].value) == ("2026-04-30", True, 1)


def test_the_same_documents_give_the_same_bytes() -> None:
    order = plain_document(lines=[{"title": "a", "net_cost": "1.10"}])
    assert write([order]) == write([order])


@pytest.mark.parametrize("character", ["x", "\N{PACKAGE}"])
def test_a_text_longer_than_a_cell_is_cut_and_says_so(character: str) -> None:
    fits, longer = character * (65_534 // len(character.encode("utf-16-le"))), character * 40_000
    (whole, cut) = cells([plain_document(lines=[{"title": fits}, {"title": longer}])])
    assert whole["title"].value == fits
    assert re.fullmatch(f"{character}{{16000,}}… \\(cut: 32767 characters fit into a cell\\)", cut["title"].value)
    assert len(cut["title"].value.encode("utf-16-le")) <= 2 * 32_767
