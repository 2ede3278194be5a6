"""EDIFACT ORDERS D.96A: read back by pydifact, an order says what it said; what would be wrong is not written."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import assume, example, given, settings
from pydifact.segmentcollection import Interchange

from approdo.exchanges.formats import FORMATS, Batch, edifact
from approdo.exchanges.formats.tests.outgoing_documents import documents, plain_document, texts
from approdo.sdk.errors import ConfigError

pytestmark = pytest.mark.once

PARTIES = {"sender": "8012345000004", "sender_qualifier": "14", "receiver": "ERP+1", "receiver_qualifier": "ZZZ"}
BATCH = Batch("1042-ab12cd34", "Files", datetime(2026, 5, 1, 22, 30, tzinfo=UTC))
UNITS = {"PCE": "eaches", "CS": "cases"}


def write(given_documents: list[dict[str, Any]], batch: Batch = BATCH, **options: Any) -> bytes:
    return b"".join(FORMATS["edifact"].write(given_documents, {**PARTIES, **options}, batch=batch))


def segments(data: bytes) -> list[list[Any]]:
    """Every segment but the interchange's own: its tag, then its elements, each a list of components."""
    found = Interchange.from_str(data.decode("iso-8859-1"))
    return [
        [one.tag, *([part] if isinstance(part, str) else part for part in one.elements)]
        for one in found.segments
        if one.tag not in ("UNA", "UNB", "UNZ")
    ]


def messages(data: bytes) -> list[list[list[Any]]]:
    found: list[list[list[Any]]] = []
    for segment in segments(data):
        if segment[0] == "UNH":
            found.append([])
        found[-1].append(segment)
    return found


class Read:
    """What a message says, read by its qualifiers alone."""

    def __init__(self, message: list[list[Any]]) -> None:
        first_line = next((n for n, one in enumerate(message) if one[0] == "LIN"), len(message))
        head, rest = message[:first_line], message[first_line:]
        self.number, self.function = next((one[2][0], one[3][0]) for one in head if one[0] == "BGM")
        self.dates = {one[1][0]: one[1][1] for one in head if one[0] == "DTM"}
        self.references = {one[1][0]: one[1][1] for one in head if one[0] == "RFF"}
        self.parties = {one[1][0]: one[2:] for one in head if one[0] == "NAD"}
        self.currency = next((one[1][1] for one in head if one[0] == "CUX"), "")
        self.lines: list[dict[str, Any]] = []
        for segment in rest:
            if segment[0] == "LIN":
                self.lines.append({"sequence": segment[1][0], "gone": segment[2] == ["2"], "title": ""})
                self._item(*segment[3])
            elif segment[0] not in ("UNS", "CNT", "UNT"):
                self._of_line(segment)

    def _item(self, code: str, kind: str) -> None:
        self.lines[-1][{"EN": "vendor_sku", "SA": "vendor_sku", "IN": "asin"}[kind]] = code

    def _of_line(self, segment: list[Any]) -> None:
        line = self.lines[-1]
        match segment[0]:
            case "PIA":
                line["asin" if segment[1] == ["1"] else "sku"] = segment[2][0]
            case "IMD":
                line["title"] += "".join(segment[3][3:])
            case "QTY":
                qualifier, quantity, unit = segment[1]
                name = {"21": "quantity", "59": "unit_size", "1": "eaches"}[qualifier]
                line[name] = int(quantity)
                line.setdefault("unit", UNITS[unit])
            case "PRI":
                qualifier, price, _, _, basis, unit = segment[1]
                line[{"AAA": "net_cost", "AAB": "list_price"}[qualifier]] = price
                assert (basis, unit in ("PCE", "KGM", "LBR", "ONZ", "GRM")) == ("1", True)
                line["per"] = unit
            case "CUX":
                line["currency"] = segment[1][1]


def says(found: str, wanted: str | None) -> bool:
    """Whether a text for people holds, in their order, all characters of the other one that ISO 8859-1 has."""
    rest = iter(found)
    return all(one in rest for one in wanted or "" if " " <= one <= "~" or "\xa0" <= one <= "\xff")


def fitting(document: dict[str, Any]) -> dict[str, Any]:
    """An order made of the odd one, as far as EDIFACT holds it."""

    def code(text: str | None, most: int = 35) -> str:
        return "".join(one for one in text or "" if " " <= one <= "~" or "\xa0" <= one <= "\xff")[:most].strip()

    def line(one: dict[str, Any]) -> dict[str, Any]:
        price = {name: one[name] and f"{Decimal(one[name][:14].rstrip('.')):f}" for name in ("net_cost", "list_price")}
        return {
            **one, **price, "unit": "cases" if one["unit"] == "cases" else "eaches", "price_unit": None,
            "asin": code(one["asin"]), "vendor_sku": code(one["vendor_sku"]) or "V", "sku": code(one["sku"]),
            "quantity": (one["quantity"] or 0) % 10**15, "unit_size": one["unit_size"] and one["unit_size"] % 10**15,
            "eaches": one["eaches"] and one["eaches"] % 10**15, "currency": code(one["currency"], 3),
        }  # fmt: skip

    parties = {
        f"{side}_party": {**party, "id": code(party.get("id"), 17), "tax_registration": None}
        for side in ("selling", "buying", "ship_to", "bill_to", "ship_from")
        if (party := document[f"{side}_party"])
    }
    return {
        **document, **parties, "type": "order", "number": code(document["number"]) or "N",
        "vendor_code": code(document["vendor_code"], 17), "currency": code(document["currency"], 3),
        "deal_code": code(document["deal_code"]), "lines": [line(one) for one in document["lines"]],
        "customer_order_number": code(document.get("customer_order_number")),
    }  # fmt: skip


@settings(max_examples=100, deadline=None)
@given(documents)
def test_orders_come_back_from_edifact_as_they_went(odd: list[dict[str, Any]]) -> None:
    orders = [fitting(document) for document in odd]
    assert [FORMATS["edifact"].unfit(order, PARTIES) for order in orders] == [None] * len(orders)
    for order, message in zip(orders, messages(write(orders)), strict=True):
        found = Read(message)
        assert (found.number, found.currency) == (order["number"], order["currency"])
        assert found.references.get("PD", "") == order["deal_code"]
        assert len(found.lines) == len(order["lines"])
        for line, wanted in zip(found.lines, order["lines"], strict=True):
            gone = wanted["cancelled"] or wanted["vanished"]
            assert line["gone"] == gone
            assert (line["quantity"], line["unit"]) == (0 if gone else wanted["quantity"], wanted["unit"])
            if wanted["unit"] == "cases":
                assert line.get("unit_size") == wanted["unit_size"]
                assert line.get("eaches") == (0 if gone and wanted["eaches"] is not None else wanted["eaches"])
            for name in ("asin", "vendor_sku", "sku"):
                assert line.get(name, "") == wanted[name]
            assert says(line["title"], wanted["title"])
            for name in ("net_cost", "list_price"):
                assert line.get(name) == wanted[name]


@settings(max_examples=200, deadline=None)
@given(texts)
@example("+':?")
@example("a?")
@example("'UNZ+1'")
def test_a_code_is_exact_or_the_order_is_not_written(text: str) -> None:
    assume(text)
    order = plain_document(number=text, lines=[line(vendor_sku=text, net_cost="1.10")])
    if refusal := FORMATS["edifact"].unfit(order, PARTIES):
        assert refusal.code == "edifact_code"
        assert len(text) > 35 or not all(" " <= one <= "~" or "\xa0" <= one <= "\xff" for one in text)
        return
    (message,) = messages(write([order]))
    found = Read(message)
    assert (found.number, found.lines[0]["vendor_sku"]) == (text, text)
    assert [one[0] for one in message].count("LIN") == 1


def line(**changes: Any) -> dict[str, Any]:
    return {
        "sequence": "1", "asin": "", "vendor_sku": "V", "sku": None, "title": None, "quantity": 3, "unit": "eaches",
        "unit_size": None, "eaches": 3, "net_cost": None, "list_price": None, "currency": "EUR", "price_unit": None,
        "cancelled": False, "vanished": False, **changes,
    }  # fmt: skip


def only(order: dict[str, Any], **options: Any) -> Read:
    (message,) = messages(write([order], **options))
    return Read(message)


def test_counts_and_references_hold_together() -> None:
    orders = [plain_document(number="A", lines=[line(), line(sequence="2")]), plain_document(number="B")]
    data = write(orders, test_interchange=True)
    text = data.decode("ascii")
    assert text.startswith("UNA:+.? 'UNB+UNOC:3+8012345000004:14+ERP?+1:ZZZ+260501:2230+AB12CD3400SY00++ORDERS++++1'")
    assert text.endswith("'UNZ+2+AB12CD3400SY00'")
    for number, message in enumerate(messages(data), 1):
        (_, reference, name), (_, count, same) = message[0], message[-1]
        assert name == ["ORDERS", "D", "96A", "UN"]
        assert reference == same == [f"AB12CD34000{number}"]
        assert count == [str(len(message))]
        assert message[-2] == ["CNT", ["2", "2" if number == 1 else "0"]]
        assert message[-3] == ["UNS", ["S"]]
    assert write(orders, test_interchange=True) == data


def test_each_batch_and_each_part_of_one_is_an_interchange_of_its_own() -> None:
    made = [
        edifact.interchange_reference(Batch(f"{number}-{tag}", part=part))
        for number in (1, 35, 36, 1042, 99999)
        for tag in ("ab12cd34", "ab12cd35")
        for part in (0, 1, 9, 10, 200)
    ]
    assert len(set(made)) == len(made)
    assert {len(one) for one in made} == {14}


def test_the_hour_of_the_interchange_is_the_one_of_the_installation() -> None:
    assert b"+260502:0030+" in write([], time_zone="Europe/Rome")


def test_an_order_a_change_and_a_cancellation_are_told_apart() -> None:
    changed = {"change": True, "version": 2, "exported_before": [1]}
    order = plain_document(number="A1", lines=[line(), line(sequence="2", cancelled=True)])
    assert (only(order).function, only(order).references) == ("9", {})
    assert (only({**order, "export": changed}).function, only({**order, "export": changed}).references["ON"]) == (
        "4", "A1",
    )  # fmt: skip
    gone = {**order, "lines": [line(cancelled=True), line(sequence="2", vanished=True)]}
    assert only(gone).function == "1"
    assert only({**order, "state": "cancelled"}).function == "1"


def test_a_window_is_one_day_or_a_first_and_a_last_day_where_the_goods_go() -> None:
    # Midnights in Rome.
    window = {"start": "2026-05-03T22:00:00Z", "end": "2026-05-08T22:00:00Z"}
    place = {
        "code": "MXP5", "name": "Amazon MXP5", "address": "Strada 1", "postal_code": "29015", "city": "Castel",
        "country": "IT", "time_zone": "Europe/Rome",
    }  # fmt: skip
    order = plain_document(delivery_window=window, ship_to_place=place, ship_to_party={"id": "MXP5"})
    assert only(order).dates == {"137": "20260430", "64": "20260504", "63": "20260509"}
    one_day = {**order, "delivery_window": {"start": window["start"], "end": window["start"]}}
    assert only(one_day).dates == {"137": "20260430", "2": "20260504"}
    assert only({**order, "delivery_window": {"start": None, "end": window["end"]}}).dates["63"] == "20260509"
    assert only({**order, "ship_window": window}).dates["37"] == "20260504"
    assert only(order).parties["DP"] == [
        ["MXP5", "", "92"], [""], ["Amazon MXP5"], ["Strada 1"], ["Castel"], [""], ["29015"], ["IT"],
    ]  # fmt: skip


def test_cases_come_with_what_one_holds_and_prices_with_what_they_are_for() -> None:
    order = plain_document(
        lines=[
            line(quantity=3, unit="cases", unit_size=12, eaches=36, net_cost="1.10"),
            line(sequence="2", net_cost="7.5", price_unit="Kilograms", currency="USD"),
        ]
    )
    found = only(order).lines
    assert {name: found[0][name] for name in ("quantity", "unit", "unit_size", "eaches", "net_cost", "per")} == {
        "quantity": 3, "unit": "cases", "unit_size": 12, "eaches": 36, "net_cost": "1.10", "per": "PCE",
    }  # fmt: skip
    assert (found[1]["per"], found[1]["currency"]) == ("KGM", "USD")


@pytest.mark.parametrize(
    ("code", "kind"),
    [("8001234567890", "SA"), ("8001234567897", "EN"), ("012345678905", "EN"), ("96385074", "EN"), ("V-1", "SA")],
)
def test_an_ean_is_known_by_its_check_digit(code: str, kind: str) -> None:
    data = write([plain_document(lines=[line(vendor_sku=code, asin="B0TEST0001", sku="ART-1")])])
    assert f"LIN+1++{code}:{kind}'PIA+1+B0TEST0001:IN'PIA+5+ART-1:SA'".encode() in data


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"type": "invoice"}, "edifact_orders_only"),
        ({"number": ""}, "edifact_lacks"),
        ({"number": "x" * 36}, "edifact_code"),
        ({"number": "Ł"}, "edifact_code"),
        ({"lines": [line(unit="Pallet")]}, "edifact_unit"),
        ({"lines": [line(quantity=None)]}, "edifact_lacks"),
        ({"lines": [line(vendor_sku="", asin="")]}, "edifact_lacks"),
        ({"lines": [line(net_cost="1234567890123456")]}, "edifact_number"),
        ({"lines": [line(net_cost="1", price_unit="Furlongs")]}, "edifact_unit"),
    ],
)
def test_what_would_be_wrong_is_not_written(changes: dict[str, Any], why: str) -> None:
    refusal = FORMATS["edifact"].unfit(plain_document(**changes), PARTIES)
    assert refusal is not None
    assert refusal.code == why


def test_texts_for_people_lose_their_marks_and_are_cut_into_fields() -> None:
    title = "Łódź – “Caffè” 3 €; " + "x" * 100
    address = {"name": "N" * 36, "line_1": "Street?", "city": "C" * 40, "state_or_region": "Emilia-Romagna"}
    found = only(plain_document(lines=[line(title=title)], ship_to_party={"address": address}))
    assert found.lines[0]["title"] == 'Lódz - "Caffè" 3 EUR; ' + "x" * 100
    assert found.parties["DP"] == [[""], [""], ["N" * 35, "N"], ["Street?"], ["C" * 35]]


def test_without_sender_or_receiver_nothing_is_written() -> None:
    with pytest.raises(ConfigError) as caught:
        FORMATS["edifact"].write([], {"sender": "1"})
    assert caught.value.code == "edifact_parties"


def test_days_are_cut_as_the_calendar_there_says() -> None:
    order = plain_document(date="2026-10-24T22:30:00Z")
    for zone in ("Europe/Rome", "America/Los_Angeles", "UTC"):
        there = datetime.fromisoformat(order["date"]).astimezone(ZoneInfo(zone))
        assert only(order, time_zone=zone).dates["137"] == f"{there:%Y%m%d}"
