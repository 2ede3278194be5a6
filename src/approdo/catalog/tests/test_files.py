"""Files as people have them: whatever dialect, encoding, names and damage; read, or refused with the reason."""

import zipfile
from datetime import date
from io import BytesIO

import openpyxl
import pytest

from approdo.catalog.files import sheet, xlsx
from approdo.catalog.files.reading import read
from approdo.catalog.tables import PLACES, RECODINGS
from approdo.sdk.errors import ConfigError

pytestmark = pytest.mark.once

HEADER = "external;sku;title"


def rows(content, table=RECODINGS):
    found = read(table, content if isinstance(content, bytes) else content.encode())
    return [line.values for line in found.lines]


def refused(content, table=RECODINGS):
    with pytest.raises(ConfigError) as refusal:
        read(table, content if isinstance(content, bytes) else content.encode())
    return refusal.value.code


def spoilt(content):
    (line,) = read(RECODINGS, content if isinstance(content, bytes) else content.encode()).lines
    return {name: code for name, (code, _value) in line.spoilt.items()}


def book(*lines, **formats):
    made = openpyxl.Workbook()
    for line in lines:
        made.active.append(line)
    for cell, shown_as in formats.items():
        made.active[cell].number_format = shown_as
    file = BytesIO()
    made.save(file)
    return file.getvalue()


@pytest.mark.parametrize("delimiter", [";", ",", "\t"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252", "utf-16"])
@pytest.mark.parametrize("line_end", ["\n", "\r\n", "\r"])
def test_every_usual_dialect_and_encoding_is_read(delimiter, encoding, line_end):
    text = line_end.join(["external;sku;title", "X1;A1;Perché no", "", ";;", 'X2;"A""2";città']) + line_end
    found = rows(text.replace(";", delimiter).encode(encoding))
    assert found == [
        {"external": "X1", "sku": "A1", "title": "Perché no"},
        {"external": "X2", "sku": 'A"2', "title": "città"},
    ]


@pytest.mark.parametrize("first", ["sep=;", "sep=|", "sep=\t"])
def test_a_first_line_may_say_the_separator(first):
    between = first[4]
    text = f"{first}\r\nexternal{between}sku\r\nX,1{between}A\r\n"
    (line,) = read(RECODINGS, text.encode()).lines
    assert (line.number, line.values) == (3, {"external": "X,1", "sku": "A"})


@pytest.mark.parametrize(
    "header",
    [
        "node;vendor_code;marketplace;kind;external;sku;title",
        "Node;Vendor code;Marketplace;Kind of code;External SKU;Own SKU;Title",
        "NODO;CODICE FORNITORE;MARKETPLACE;TIPO DI CODICE;SKU ESTERNO;SKU PROPRIO;TITOLO",
        " nodo ; Codice-Fornitore;marketplace *;tipo_di_codice;sku  esterno;Sku proprio;titolo",
    ],
)
def test_columns_are_named_in_either_language_and_any_case(header):
    (found,) = rows(f"{header}\n n ; v ; IT ; EAN ; x ; a ; t \n")
    assert found == {
        "node": "n", "vendor_code": "v", "marketplace": "IT", "kind": "ean", "external": "x", "sku": "a", "title": "t",
    }  # fmt: skip


def test_columns_come_in_any_order_and_unknown_ones_are_named():
    found = read(RECODINGS, b"Marca,own sku,,Note,external\nb,A,,n,X\n")
    assert (found.columns, found.ignored) == (["sku", "external"], ["Marca", "Note"])
    assert found.lines[0].values == {"sku": "A", "external": "X"}


def test_lines_are_counted_as_an_editor_does():
    found = read(RECODINGS, b'\n\nexternal;sku;title\nX1;A1;"two\nlines"\n\nX2;A2;t\n')
    assert [line.number for line in found.lines] == [4, 7]


@pytest.mark.parametrize("kind", ["ean", "EAN", "gtin"])
def test_an_ean_that_became_a_number_is_mended(kind):
    (found,) = rows(f"kind;external;sku\n{kind};8001234567890.0;A\n")
    assert found["external"] == "8001234567890"


def test_a_vendor_sku_that_only_looks_like_a_number_stays():
    assert [found["external"] for found in rows("external;sku\n12.0;A\n0012;A\n12E5;A\n")] == ["12.0", "0012", "12E5"]


@pytest.mark.parametrize("cell", ["8.00123E+12", "8,00123E+12", "8.00123e+12", "8E+12"])
def test_digits_that_a_spreadsheet_dropped_are_not_guessed(cell):
    assert spoilt(f"external;sku\n{cell};A\n") == {"external": "digits_lost"}
    assert spoilt(f"external\tsku\nX\t{cell}\n") == {"sku": "digits_lost"}


def test_a_line_with_more_cells_than_columns_is_refused_and_one_with_fewer_is_not():
    assert spoilt("external,sku,title\nX,A,Olio, un litro\n") == {"": "cells_left_over"}
    assert rows("external,sku,title\nX,A,t,,\nX2,A2\n") == [
        {"external": "X", "sku": "A", "title": "t"},
        {"external": "X2", "sku": "A2", "title": ""},
    ]


@pytest.mark.parametrize(
    ("content", "code"),
    [
        ("", "table_empty"),
        ("\n \n", "table_empty"),
        ("external;title\nX;t\n", "columns_missing"),
        ("X1;A1\nX2;A2\n", "columns_missing"),
        ("external;sku;SKU esterno\nX;A;Y\n", "columns_twice"),
        (f'{HEADER}\nX;"A;t\n', "not_csv"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1", "old_spreadsheet"),
        (b"\x89PNG\r\n\x1a\n\0\0", "not_a_table"),
        (b"PK\x03\x04 and nothing", "not_a_spreadsheet"),
        (b"x" * 30_000_001, "table_too_large"),
    ],
)
def test_what_is_no_table_is_refused_as_a_whole(content, code):
    assert refused(content) == code


def test_a_file_may_have_no_more_rows_than_the_limit(monkeypatch):
    monkeypatch.setattr(sheet, "MOST_ROWS", 3)
    assert len(rows(f"{HEADER}\n" + "X;A;t\n\n" * 3)) == 3
    assert refused(f"{HEADER}\n" + "X;A;t\n\n" * 4) == "table_too_long"
    assert refused(book(["code"], *[["A"]] * 4), PLACES) == "table_too_long"


def test_a_spreadsheet_is_read_with_its_numbers_as_codes():
    content = book(
        ["external", "sku", "title"],
        [8001234567890, 12.5, None],
        [None, None],
        [8001234567890.0, True, " two  words "],
        [42, "0042", "t"],
        A5="00000",
    )
    found = read(RECODINGS, content)
    assert [line.number for line in found.lines] == [2, 4, 5]
    assert [list(line.values.values()) for line in found.lines] == [
        ["8001234567890", "12.5", ""],
        ["8001234567890", "TRUE", "two  words"],
        ["00042", "0042", "t"],
    ]


@pytest.mark.parametrize(
    ("value", "code"),
    [
        ("=1+1", "cell_is_formula"),
        ('=HYPERLINK("http://x")', "cell_is_formula"),
        (date(2026, 1, 2), "cell_is_date"),
        ("#N/A", "cell_is_error"),
        (1234567890123456, "digits_lost"),
        (1e300, "digits_lost"),
        ("8.00123E+12", "digits_lost"),
    ],
)
def test_what_a_spreadsheet_spoilt_is_refused_with_the_reason(value, code):
    assert spoilt(book(["external", "sku"], [value, "A"])) == {"external": code}


def test_a_spreadsheet_that_unpacks_to_too_much_is_refused_unread(monkeypatch):
    bomb = BytesIO()
    with zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("xl/worksheets/sheet1.xml", b"0" * (xlsx.MOST_UNPACKED + 1))
    assert len(bomb.getvalue()) < 1_000_000
    assert refused(bomb.getvalue()) == "spreadsheet_too_large"


def test_a_spreadsheet_that_claims_endless_rows_is_given_up():
    content = book(["external", "sku"], ["X", "A"])
    with zipfile.ZipFile(BytesIO(content)) as packed:
        parts = {name: packed.read(name) for name in packed.namelist()}
    parts["xl/worksheets/sheet1.xml"] = parts["xl/worksheets/sheet1.xml"].replace(b'r="2"', b'r="4000000000"')
    made = BytesIO()
    with zipfile.ZipFile(made, "w") as packed:
        for name, part in parts.items():
            packed.writestr(name, part)
    assert refused(made.getvalue()) == "table_too_long"
