"""CSV: read back by the standard library, its two marks undone, it says the same in every dialect."""

import csv
import io
import re
from datetime import datetime
from itertools import product
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from approdo.connectors.api.formats_options import FORMAT_OPTIONS
from approdo.exchanges.formats import FORMATS
from approdo.exchanges.formats.tests.outgoing_documents import documents, plain_document, texts
from approdo.sdk.errors import ConfigError
from approdo.sdk.options import clean

pytestmark = pytest.mark.once

CHOICES = {option.name: [choice.value for choice in option.choices] for option in FORMAT_OPTIONS}
DIALECTS = [
    dict(zip(("delimiter", "decimal_separator", "encoding", "line_end", "header"), values, strict=True))
    for values in product(
        CHOICES["delimiter"], CHOICES["decimal_separator"], CHOICES["encoding"], CHOICES["line_end"], [True, False]
    )
]
SIGNS = {"semicolon": ";", "comma": ",", "tab": "\t"}
CODECS = {"utf-8": "utf-8", "utf-8-bom": "utf-8-sig", "windows-1252": "windows-1252"}
FORMULA_SIGNS = "=+-@＝＋－＠\t\r\n"
HEADER = b"".join(FORMATS["csv"].write([], {})).decode().strip().split(";")


def write(given_documents: list[dict[str, Any]], **options: Any) -> bytes:
    return b"".join(FORMATS["csv"].write(given_documents, options))


def cells(given_documents: list[dict[str, Any]], **options: Any) -> list[list[str]]:
    """The cells as a program reads them that knows the dialect and nothing of the marks."""
    text = write(given_documents, **options).decode(CODECS[options.get("encoding", "utf-8")])
    sign = SIGNS[options.get("delimiter", "semicolon")]
    found = list(csv.reader(io.StringIO(text, newline=""), delimiter=sign, strict=True))
    return found[1:] if options.get("header", True) else found


def read(given_documents: list[dict[str, Any]], **options: Any) -> list[dict[str, str]]:
    """Rows by their columns, the marks undone as docs/exports.md says."""
    rows = cells(given_documents, **options)
    return [{name: unmarked(cell, **options) for name, cell in zip(HEADER, row, strict=True)} for row in rows]


def unmarked(cell: str, encoding: str = "utf-8", **_: Any) -> str:
    if encoding == "windows-1252":
        cell = re.sub(r"&#(\d+);", lambda found: chr(int(found[1])), cell)
    return cell.removeprefix("'")


def spelled(value: Any, comma: bool = False) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    return str(value).replace(".", ",") if comma else str(value)


OF_DOCUMENT = (
    "type", "program", "number", "node", "vendor_code", "state", "date", "changed_date", "state_changed_date",
    "purchase_order_type", "payment_method", "deal_code", "customer_order_number", "ship_method", "priority", "gift",
    "packing_slip_required", "message_to_customer", "currency", "version", "required_ship_date",
    "promised_delivery_date", "corrects",
)  # fmt: skip
OF_LINE = (
    "asin", "vendor_sku", "sku", "title", "quantity", "unit", "unit_size", "eaches", "price_unit", "cancelled",
    "vanished", "backorder_allowed", "gift_message", "customized_url",
)  # fmt: skip


DAYS = [name for name in HEADER if name.endswith("_day") and name != "invoice_day"]
"""Those that are cut from a moment."""


def expected(document: dict[str, Any], line: dict[str, Any], comma: bool) -> dict[str, str]:
    ship, delivery = document["ship_window"] or {}, document["delivery_window"] or {}
    return {
        **{name: spelled(document.get(name)) for name in OF_DOCUMENT},
        **{name: spelled(line.get(name)) for name in OF_LINE},
        "document_id": spelled(document["id"]),
        "change": spelled(document["export"]["change"]),
        "ship_window_start": spelled(ship.get("start")),
        "ship_window_end": spelled(ship.get("end")),
        "delivery_window_start": spelled(delivery.get("start")),
        "delivery_window_end": spelled(delivery.get("end")),
        "total": spelled(document["total"], comma),
        "tax_total": spelled(document.get("tax_total"), comma),
        "gross_total": spelled(document.get("gross_total"), comma),
        "invoice_day": spelled(document.get("day")),
        "order_number": spelled(line.get("order")),
        "order_line": spelled(line.get("order_line")),
        "line_sequence": spelled(line.get("sequence")),
        "line_currency": spelled(line.get("currency")),
        "net_cost": spelled(line.get("net_cost"), comma),
        "list_price": spelled(line.get("list_price"), comma),
        "line_total": spelled(line.get("total"), comma),
        **{
            f"{name}_party_code": spelled((document[f"{name}_party"] or {}).get("id"))
            for name in ("buying", "bill_to", "ship_from")
        },
    }


@settings(max_examples=200, deadline=None)
@given(documents, st.sampled_from(DIALECTS))
def test_documents_come_back_from_csv_as_they_went(given_documents: list[dict[str, Any]], dialect: Any) -> None:
    comma = dialect["decimal_separator"] == "comma"
    wanted = [expected(document, line, comma) for document in given_documents for line in document["lines"] or [{}]]
    found = read(given_documents, **dialect)
    elsewhere = [name for name in HEADER if name.startswith("ship_to_") or name in DAYS or name == "time_zone"]
    assert [{name: row[name] for name in row if name not in elsewhere} for row in found] == wanted


@settings(max_examples=300, deadline=None)
@given(texts)
@example("'")
@example("\u200b =1")
@example(" \n")
@example("&#322;")
def test_no_text_is_a_formula_to_a_spreadsheet_and_each_comes_back(text: str) -> None:
    document = plain_document(number=text, lines=[{"title": text, "net_cost": "-1.50"}])
    for encoding in CODECS:
        (row,) = cells([document], encoding=encoding)
        for name in ("number", "title"):
            cell = row[HEADER.index(name)]
            assert not cell.strip(" \x00\x1f\u200b\ufeff").startswith(tuple(FORMULA_SIGNS))
            assert not cell.startswith(("\t", "\r", "\n"))
            assert unmarked(cell, encoding) == text
        assert row[HEADER.index("net_cost")] == "-1.50"


def test_a_text_that_a_line_end_breaks_stays_in_its_row_with_either_line_end() -> None:
    document = plain_document(lines=[{"title": "one\rtwo\r\nthree\nfour"}])
    for line_end in ("crlf", "lf"):
        (row,) = read([document], line_end=line_end)
        assert row["title"] == "one\rtwo\r\nthree\nfour"
    assert write([document], line_end="lf").endswith(b"\n")
    assert not write([document], line_end="lf").endswith(b"\r\n")


def test_windows_1252_writes_what_it_lacks_by_number_whatever_the_delimiter() -> None:
    document = plain_document(lines=[{"title": "Łódź à 5 € &#9;"}])
    for delimiter in SIGNS:
        (row,) = cells([document], encoding="windows-1252", delimiter=delimiter)
        assert row[HEADER.index("title")] == "&#321;ód&#378; à 5 € &#38;#9;"
    assert "Łódź à 5 € &#9;".encode() in write([document])


def test_the_mark_stands_at_the_beginning_only_where_it_is_wanted() -> None:
    mark = b"\xef\xbb\xbf"
    assert write([], encoding="utf-8-bom").startswith(mark + b"document_id;")
    assert write([], encoding="utf-8-bom", header=False) == mark
    assert mark not in write([], encoding="utf-8")
    assert write([], header=False) == b""


def test_a_document_without_lines_has_one_row() -> None:
    rows = read(
        [plain_document(number="A", lines=[]), plain_document(number="B", lines=[{"asin": "1"}, {"asin": "2"}])]
    )
    assert [(row["number"], row["asin"]) for row in rows] == [("A", ""), ("B", "1"), ("B", "2")]


def test_days_are_those_of_the_place_else_of_the_node() -> None:
    # Midnights in Rome: the end of October is in winter time, its start in summer time.
    window = {"start": "2026-10-23T22:00:00Z", "end": "2026-10-26T23:00:00Z"}
    document = plain_document(date="2026-10-22T22:30:00Z", ship_window=window, delivery_window=window)
    rome = {"code": "MXP5", "name": "", "address": "", "postal_code": "", "city": "", "country": "IT"}

    def found(place: dict[str, Any] | None, **options: Any) -> tuple[str, ...]:
        (row,) = read([{**document, "ship_to_place": place}], **options)
        assert (row["ship_from_day"], row["ship_until_day"]) == (row["delivery_from_day"], row["delivery_until_day"])
        assert row["delivery_window_start"] == "2026-10-23T22:00:00Z"
        return row["order_day"], row["delivery_from_day"], row["delivery_until_day"], row["time_zone"]

    of_rome = ("2026-10-23", "2026-10-24", "2026-10-27", "Europe/Rome")
    assert found({**rome, "time_zone": "Europe/Rome"}, time_zone="America/Los_Angeles") == of_rome
    assert found({**rome, "time_zone": ""}, time_zone="Europe/Rome") == of_rome
    assert found(None, time_zone="Europe/Rome") == of_rome
    assert found(None, time_zones={"Amazon": "Europe/Rome", "other": "UTC"}, time_zone="UTC") == of_rome
    assert found(None) == ("2026-10-22", "2026-10-23", "2026-10-26", "UTC")


def test_a_zone_that_does_not_exist_is_a_matter_of_settings() -> None:
    for name in ("Europe/Roma", "../etc/passwd", "Europe"):
        place = {"code": "MXP5", "time_zone": name}
        with pytest.raises(ConfigError) as caught:
            write([plain_document(ship_to_place=place)])
        assert caught.value.params == {"zone": name, "number": "A1", "place": "MXP5"}


@settings(max_examples=100, deadline=None)
@given(documents)
def test_days_are_cut_as_the_calendar_there_says(given_documents: list[dict[str, Any]]) -> None:
    rows = iter(read(given_documents, time_zone="Asia/Tokyo"))
    for document in given_documents:
        zone = (document["ship_to_place"] or {}).get("time_zone") or "Asia/Tokyo"
        for _ in document["lines"] or [None]:
            row = next(rows)
            for column, moment in (("order_day", "date"), ("ship_until_day", "ship_window_end")):
                if not row[moment]:
                    assert row[column] == ""
                    continue
                there = datetime.fromisoformat(row[moment]).astimezone(ZoneInfo(zone))
                assert row[column] == f"{there.year:04}-{there.month:02}-{there.day:02}"


def test_the_address_is_the_documents_else_the_places_never_half_of_each() -> None:
    place = {
        "code": "MXP5", "name": "Amazon MXP5", "address": "Strada 1", "postal_code": "29015",
        "city": "Castel San Giovanni", "country": "IT", "time_zone": "",
    }  # fmt: skip
    names = [name for name in HEADER if name.startswith("ship_to_")]

    def found(party: dict[str, Any] | None, known: dict[str, Any] | None) -> dict[str, str]:
        (row,) = read([plain_document(ship_to_party=party, ship_to_place=known)])
        return {name.removeprefix("ship_to_"): row[name] for name in names if row[name]}

    of_place = {
        "code": "MXP5", "name": "Amazon MXP5", "address": "Strada 1", "postal_code": "29015",
        "city": "Castel San Giovanni", "country": "IT",
    }  # fmt: skip
    assert found({"id": "MXP5"}, place) == of_place
    consumer = {"name": "Mario Rossi", "line_1": "Via Finta 7", "line_2": "Scala B", "country_code": "IT"}
    told = {"name": "Mario Rossi", "address": "Via Finta 7", "address_2": "Scala B", "country": "IT"}
    assert found({"address": consumer}, None) == told
    assert found({"id": "MXP5", "address": consumer}, place) == {"code": "MXP5", **told}
    assert found(None, None) == {}


@pytest.mark.parametrize("chosen", DIALECTS[::7])
def test_every_dialect_that_can_be_chosen_is_understood(chosen: dict[str, Any]) -> None:
    options = clean(FORMAT_OPTIONS, {"format": "csv", **chosen})
    assert options == {"format": "csv", **chosen}
    charset = {"utf-8-bom": "utf-8"}.get(chosen["encoding"], chosen["encoding"])
    present = "present" if chosen["header"] else "absent"
    assert FORMATS["csv"].media_type(options) == f"text/csv; charset={charset}; header={present}"


def test_what_is_not_set_is_what_the_options_declare() -> None:
    declared = clean(FORMAT_OPTIONS, {"format": "csv"})
    document = plain_document(lines=[{"net_cost": "1.50", "title": "a;b"}])
    assert write([document]) == write([document], **declared)
    assert clean(FORMAT_OPTIONS, {"format": "xml"}) == {"format": "xml"}
