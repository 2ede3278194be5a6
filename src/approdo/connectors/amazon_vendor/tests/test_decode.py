"""From Amazon's JSON to sale documents: exact, lenient where it may be, never a guess."""

import json
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
import pytest

from approdo.connectors.amazon_vendor.wire.vendor_orders import (
    belongs,
    canonical,
    decode,
    read_page,
)
from approdo.sdk.connector import ReadWindow, Scan
from approdo.sdk.documents import Address, Party, SaleDocument, TaxRegistration, Window
from approdo.sdk.errors import UnreadableDocument

FIXTURES = Path(__file__).parent / "fixtures"


def fixture(name: str) -> SaleDocument:
    return decode((FIXTURES / f"{name}.json").read_bytes())


def order(**item: Any) -> bytes:
    details = {"items": [item]}
    return json.dumps({"purchaseOrderNumber": "A", "orderDetails": details}).encode()


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def test_an_order_by_eaches_is_read_whole() -> None:
    document = fixture("eaches")
    assert (document.number, document.state, document.program) == (
        "7HT4KQ2M",
        "new",
        "vendor_retail",
    )
    assert document.date == document.state_changed_date == at("2026-11-02T06:14:09")
    assert document.changed_date is None
    assert (document.purchase_order_type, document.payment_method) == ("RegularOrder", "Invoice")
    assert document.deal_code == "AUTUNNO"
    assert document.parties.selling == Party(id="ROSIT")
    assert document.parties.ship_to == Party(id="MXP5")
    assert document.parties.bill_to == Party(
        id="AMZIT",
        address=Address(
            name="Buyer Srl",
            line_1="Via Prova 1",
            city="Milano",
            state_or_region="MI",
            postal_code="20100",
            country_code="IT",
            phone="+39 02 0000",
        ),
        tax_registration=TaxRegistration(type="VAT", number="IT00000000000"),
    )
    assert document.ship_window is None
    assert document.delivery_window == Window(start=at("2026-11-08T23:00"), end=at("2026-11-15T23:00"))
    assert (document.currency, document.total, document.detailed) == (
        "EUR",
        Decimal("121.20"),
        True,
    )


def test_a_line_ordered_by_the_piece_keeps_codes_and_exact_costs() -> None:
    line, cancelled = fixture("eaches").lines
    assert (line.sequence, line.asin, line.vendor_sku) == ("1", "B0TEST0001", "8001234567890")
    assert (line.quantity, line.unit, line.unit_size, line.eaches) == (12, "eaches", 1, 12)
    assert (str(line.net_cost), str(line.list_price), line.total) == (
        "10.10",
        "19.90",
        Decimal("121.20"),
    )
    assert (line.cancelled, line.backorder_allowed) == (False, True)
    assert (cancelled.cancelled, cancelled.net_cost, cancelled.total) == (
        True,
        Decimal("1.10"),
        Decimal(0),
    )


def test_cases_are_turned_into_eaches_and_priced_per_each() -> None:
    document = fixture("cases")
    (line,) = document.lines
    assert (line.quantity, line.unit, line.unit_size, line.eaches) == (5, "cases", 10, 50)
    assert line.total == document.total == Decimal("4748.50")
    assert document.changed_date == at("2026-10-21T08:30:00.250")
    assert document.state_changed_date == at("2026-10-21T07:00")
    window = document.ship_window
    assert window
    assert window.start == window.end
    assert document.import_details == {
        "method_of_payment": "PaidByBuyer",
        "international_commercial_terms": "FreeOnBoard",
        "port_of_delivery": "GENOVA",
        "import_containers": "1-40'HC",
    }


def test_a_price_by_weight_makes_no_total() -> None:
    document = fixture("by_weight")
    assert document.lines[0].price_unit == "kilograms"
    assert document.lines[0].total is None
    assert document.total is None


def test_an_order_without_details_says_so() -> None:
    document = fixture("without_details")
    assert (document.number, document.state) == ("5BARE000", "new")
    assert document.detailed is False
    assert document.lines == ()
    assert document.total is None


def test_a_dirty_order_is_read_as_far_as_it_goes() -> None:
    document = fixture("dirty")
    assert document.state == "partiallyreceived"
    assert document.date == at("2026-11-01T10:00")
    assert document.state_changed_date is None
    assert document.parties.selling == Party(id="42")
    assert document.ship_window is None
    assert document.delivery_window == Window(start=at("2026-11-09T00:00"))
    assert [line.sequence for line in document.lines] == ["1", "1#2", "3", "4", "5"]
    assert [line.unit for line in document.lines] == ["cases", "eaches", "Pallets", "cases", ""]
    assert [line.quantity for line in document.lines] == [4, -3, 7, 2, None]
    assert [line.eaches for line in document.lines] == [24, -3, None, None, None]
    assert document.lines[0].vendor_sku == "8001234567890"
    assert document.lines[0].net_cost == Decimal("2.1")
    assert document.lines[1].list_price == Decimal(10)
    assert document.lines[0].backorder_allowed is True
    assert not any(line.cancelled for line in document.lines)


def test_lines_in_several_currencies_give_neither_currency_nor_total() -> None:
    lines = [
        {"orderedQuantity": {"amount": 1, "unitOfMeasure": "Eaches"}, "netCost": money}
        for money in (
            {"amount": "1", "currencyCode": "EUR"},
            {"amount": "1", "currencyCode": "GBP"},
        )
    ]
    raw = {"purchaseOrderNumber": "A", "orderDetails": {"items": lines}}
    document = decode(json.dumps(raw).encode())
    assert (document.currency, document.total) == ("", None)
    assert [line.currency for line in document.lines] == ["EUR", "GBP"]


def test_line_numbers_are_unique_however_they_repeat() -> None:
    wanted = ["2", "2", "2#2", None, "4", "", "2"]
    items = [{"itemSequenceNumber": sequence} for sequence in wanted]
    raw = {"purchaseOrderNumber": "A", "orderDetails": {"items": items}}
    sequences = [line.sequence for line in decode(json.dumps(raw).encode()).lines]
    assert sequences == ["2", "2#2", "2#2#2", "4", "4#2", "6", "2#3"]


@pytest.mark.parametrize(
    ("raw", "code"),
    [
        (b"{}", "no_number"),
        (b'{"purchaseOrderNumber":" "}', "no_number"),
        (b'{"purchaseOrderNumber":{"a":1}}', "no_number"),
        (b'{"purchaseOrderNumber":"%s"}' % (b"A" * 65), "field_too_long"),
        (b"7", "unexpected_shape"),
        (b"null", "unexpected_shape"),
        (b'["A"]', "unexpected_shape"),
        (b'{"purchaseOrderNumber":"A","orderDetails":[]}', "unexpected_shape"),
        (b'{"purchaseOrderNumber":"A","orderDetails":{"items":{}}}', "unexpected_shape"),
        (b'{"purchaseOrderNumber":"A","orderDetails":{"items":[null]}}', "unexpected_shape"),
        (b'{"purchaseOrderNumber":%s}' % (b"9" * 5000), "unexpected_shape"),
        (b'{"purchaseOrderNumber":"A","orderDetails":{"sellingParty":"ABC"}}', "unexpected_shape"),
        (b'{"purchaseOrderNumber":"A","orderDetails":{"shipToParty":{"address":[]}}}', "unexpected_shape"),
    ],
)
def test_what_is_no_order_is_refused_with_its_reason(raw: bytes, code: str) -> None:
    with pytest.raises(UnreadableDocument) as caught:
        decode(raw)
    assert caught.value.code == code


@pytest.mark.parametrize(
    ("amount", "code"),
    [
        ("ten", "not_an_amount"),
        ("", "not_an_amount"),
        ("1,50", "not_an_amount"),
        ("1_000", "not_an_amount"),
        ("٣", "not_an_amount"),
        ("NaN", "not_an_amount"),
        ("-Infinity", "not_an_amount"),
        ("1e999999999", "not_an_amount"),
        (True, "not_an_amount"),
        ([1], "not_an_amount"),
        ("1e400", "number_out_of_range"),
        ("1e-400", "number_out_of_range"),
        ("1234567890.1234567891", "number_out_of_range"),
    ],
)
def test_an_amount_that_is_none_sets_the_order_aside(amount: Any, code: str) -> None:
    with pytest.raises(UnreadableDocument) as caught:
        decode(order(netCost={"amount": amount}))
    assert caught.value.code == code
    assert caught.value.params["field"] == "netCost.amount"


@pytest.mark.parametrize("amount", ["2.5", 2.5, 10**12, "many"])
def test_a_quantity_is_whole_and_possible(amount: Any) -> None:
    with pytest.raises(UnreadableDocument):
        decode(order(orderedQuantity={"amount": amount, "unitOfMeasure": "Eaches"}))


def test_a_number_keeps_every_digit_it_was_written_with() -> None:
    raw = order(netCost={"amount": 0.5}).replace(b"0.5", b"12345678901234.5678")
    assert decode(raw).lines[0].net_cost == Decimal("12345678901234.5678")


@pytest.mark.parametrize("size", [0, -6, None, ""])
def test_cases_of_an_unknown_size_are_not_guessed(size: Any) -> None:
    quantity = {"amount": 2, "unitOfMeasure": "Cases", "unitSize": size}
    if size == "":
        with pytest.raises(UnreadableDocument):
            decode(order(orderedQuantity=quantity))
    else:
        assert decode(order(orderedQuantity=quantity)).lines[0].eaches is None


def test_no_nul_reaches_a_database() -> None:
    assert decode(order(vendorProductIdentifier="A\0B")).lines[0].vendor_sku == "AB"


def test_a_page_keeps_each_orders_bytes_and_sets_nothing_apart() -> None:
    first, second = b'{ "purchaseOrderNumber" : "A",\n "x":1.10 }', b'{"purchaseOrderNumber":7}'
    page = read_page(
        b'{"payload":{"orders":[%s, %s ,null,"x"],"pagination":{"nextToken":"t"}},"errors":null}' % (first, second)
    )
    assert [(o.number, o.raw) for o in page.orders] == [
        ("A", first),
        ("7", second),
        (None, b"null"),
        (None, b'"x"'),
    ]
    assert page.next_token == "t"


@pytest.mark.parametrize("pagination", [b"null", b"{}", b'{"nextToken":null}', b'{"nextToken":""}'])
def test_the_last_page_has_no_token(pagination: bytes) -> None:
    page = read_page(b'{"payload":{"orders":[],"pagination":%s}}' % pagination)
    assert page.next_token is None


def test_an_order_belongs_to_a_window_by_the_date_it_was_asked_for() -> None:
    raw = (FIXTURES / "cases.json").read_bytes()
    created = ReadWindow(Scan.CREATED, at("2026-10-20T10:00"), at("2026-10-20T10:00"))
    changed = ReadWindow(Scan.CHANGED, at("2026-10-21T08:00"), at("2026-10-21T09:00"))
    assert belongs(raw, created)
    assert belongs(raw, changed)
    assert not belongs(raw, msgspec.structs.replace(created, scan=Scan.CHANGED))
    assert not belongs(raw, msgspec.structs.replace(changed, scan=Scan.CREATED))
    assert belongs(b'{"purchaseOrderNumber":"A"}', created)
    assert belongs(b"7", created)


@pytest.mark.parametrize("path", sorted(FIXTURES.glob("*.json")), ids=lambda path: path.stem)
def test_the_same_order_written_otherwise_is_the_same(path: Path) -> None:
    content = json.loads(path.read_bytes())
    otherwise = json.dumps({**dict(reversed(content.items())), "absent": None}, indent=7).encode()
    assert canonical(otherwise) == canonical(path.read_bytes())
    assert canonical(b'{"purchaseOrderNumber":"B"}') != canonical(path.read_bytes())


def test_a_party_that_is_null_or_has_strange_members_is_no_reason_to_refuse_its_order() -> None:
    details = {"sellingParty": None, "shipToParty": {"partyId": 7, "address": {"city": {"a": 1}}}, "buyingParty": {}}
    raw = json.dumps({"purchaseOrderNumber": "A", "orderDetails": details}).encode()
    for parties in (decode(raw).parties, decode(raw).parties):
        assert (parties.selling, parties.bill_to) == (None, None)
        assert parties.ship_to
        assert (parties.ship_to.id, parties.ship_to.address) == ("7", Address())
        assert parties.buying == Party()


def test_what_is_wrong_with_a_party_names_it() -> None:
    with pytest.raises(UnreadableDocument) as caught:
        decode(b'{"purchaseOrderNumber":"A","orderDetails":{"billToParty":7}}')
    assert caught.value.params["detail"].startswith("billToParty: ")
