"""Direct Fulfillment orders are read leniently, exactly, and never guessed at."""

import json
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from consumer_orders import item, order, raw

from approdo.connectors.amazon_vendor.wire import direct_orders
from approdo.connectors.amazon_vendor.wire.direct_orders import belongs, canonical, decode, read_order, read_page
from approdo.sdk.connector import ReadWindow, Scan
from approdo.sdk.errors import TransientError, UnreadableDocument

pytestmark = pytest.mark.once

WINDOW = ReadWindow(Scan.CREATED, datetime(2026, 4, 28, tzinfo=UTC), datetime(2026, 5, 1, tzinfo=UTC))


def test_an_order_is_read_whole():
    document = decode(raw(order()))
    assert (document.number, document.program, document.state) == ("DF0000001", "vendor_direct_fulfillment", "new")
    assert document.date == datetime(2026, 4, 30, 10, tzinfo=UTC)
    assert (document.changed_date, document.state_changed_date) == (None, None)
    assert document.parties.ship_from.id == "WROS1"
    assert document.parties.ship_to.address.attention == "Scala B"
    assert (document.currency, document.total, document.tax_total) == ("EUR", Decimal("20.00"), Decimal("4.40"))
    (line,) = document.lines
    assert (line.sequence, line.asin, line.vendor_sku) == ("00001", "B0TEST0001", "8001234567890")
    assert (line.taxes[0].type, line.taxes[0].rate) == ("VAT", Decimal("0.22"))


@pytest.mark.parametrize(
    ("details", "field", "value"),
    [
        ({"orderStatus": "PARTIALLY_SHIPPED"}, "state", "partially_shipped"),
        ({"orderStatus": None}, "state", ""),
        ({"orderDate": "2026-04-30T10:00:00"}, "date", datetime(2026, 4, 30, 10, tzinfo=UTC)),
        ({"orderDate": "yesterday"}, "date", None),
        ({"shipmentDetails": None}, "ship_method", None),
        ({"taxTotal": None}, "tax_total", None),
        ({"taxTotal": {"taxLineItem": []}}, "tax_total", None),
        ({"items": None}, "detailed", False),
        ({"shipToParty": None}, "parties.ship_to", None),
    ],
)
def test_what_is_absent_or_unknown_is_kept_as_it_is(details, field, value):
    found = decode(raw(order(**details)))
    for name in field.split("."):
        found = getattr(found, name)
    assert found == value


@pytest.mark.parametrize(
    ("ordered", "quantity", "eaches", "unit"),
    [
        ({"amount": 2, "unitOfMeasure": "EACH"}, 2, 2, "eaches"),
        ({"amount": "3", "unitOfMeasure": "Each"}, 3, 3, "eaches"),
        ({"amount": -3, "unitOfMeasure": "Each"}, -3, -3, "eaches"),
        ({"amount": 2, "unitOfMeasure": "Pallet"}, 2, None, "Pallet"),
        ({"amount": 0, "unitOfMeasure": "Each"}, 0, 0, "eaches"),
        (None, None, None, ""),
    ],
)
def test_quantities_count_pieces_where_the_unit_is_known(ordered, quantity, eaches, unit):
    (line,) = decode(raw(order(items=[item(orderedQuantity=ordered)]))).lines
    assert (line.quantity, line.eaches, line.unit, line.cancelled) == (quantity, eaches, unit, quantity == 0)


def taxes(*parts):
    return {"taxLineItem": [{"type": kind, "taxAmount": {"amount": a, "currencyCode": c}} for kind, a, c in parts]}


@pytest.mark.parametrize(
    ("given", "total"),
    [
        (taxes(("VAT", "1.5", "EUR"), ("PST", "0.25", "EUR")), Decimal("1.75")),
        (taxes(("VAT", "1.5", "EUR"), ("TOTAL", "2E-1", "EUR")), Decimal("0.2")),
        (taxes(("VAT", "1.5", "EUR"), ("GST", "1", "GBP")), None),
        (taxes(("VAT", None, "EUR")), None),
    ],
)
def test_the_tax_of_an_order_is_its_total_or_the_exact_sum(given, total):
    assert decode(raw(order(taxTotal=given))).tax_total == total


@pytest.mark.parametrize(
    ("details", "code"),
    [
        ({"items": "none"}, "unexpected_shape"),
        ({"items": [item(netPrice={"amount": "ten", "currencyCode": "EUR"})]}, "not_an_amount"),
        ({"items": [item(orderedQuantity={"amount": 1e30, "unitOfMeasure": "Each"})]}, "number_out_of_range"),
    ],
)
def test_what_would_be_guessing_is_refused(details, code):
    with pytest.raises(UnreadableDocument, match=code):
        decode(raw(order(**details)))


@pytest.mark.parametrize(
    "body",
    [
        b'{"orders": [{"purchaseOrderNumber": "A1"}], "pagination": {"nextToken": "next"}}',
        b'{"payload": {"orders": [{"purchaseOrderNumber": "A1"}], "pagination": {"nextToken": "next"}}}',
    ],
)
def test_a_page_is_read_with_and_without_its_envelope(body):
    page = read_page(body)
    assert ([one.number for one in page.orders], page.next_token) == (["A1"], "next")


def test_one_order_that_no_decoder_takes_leaves_the_rest_of_its_page():
    broken = b'{"purchaseOrderNumber": "B2", "orderDetails": {"customerOrderNumber": "\\ud800"}}'
    for body in (b'{"orders": [%s, %s]}', b'{"payload": {"orders": [%s, %s]}}'):
        page = read_page(body % (raw(order("A1")), broken))
        assert [one.number for one in page.orders] == ["A1", "B2"]
        assert decode(page.orders[0].raw).number == "A1"
        with pytest.raises(UnreadableDocument):
            decode(page.orders[1].raw)


@pytest.mark.parametrize(
    "body",
    [
        b"<html>",
        b"",
        b"{}",
        b"null",
        b"[]",
        b'{"orders": null}',
        b'{"payload": {}}',
        b'{"orders": {}}',
        b'{"orders": [], "errors": [{"code": "InternalFailure"}]}',
        b'{"orders": [{"purchaseOrderNumber": "A1"',
    ],
)
def test_anything_but_a_list_of_orders_is_a_failure_and_never_an_empty_page(body):
    with pytest.raises(TransientError, match="unreadable_answer"):
        read_page(body)


def test_a_single_order_is_read_with_and_without_its_envelope():
    assert read_order(raw(order())).number == "DF0000001"
    assert read_order(json.dumps({"payload": order()}).encode()).number == "DF0000001"
    for body in (b"{}", b'{"payload": {}}', b"<html>", b'{"errors": [{"code": "x"}]}'):
        with pytest.raises(TransientError, match="unreadable_answer"):
            read_order(body)


def test_an_order_from_outside_the_window_is_recognised():
    assert belongs(raw(order()), WINDOW)
    assert not belongs(raw(order(orderDate="2026-04-01T00:00:00Z")), WINDOW)
    assert belongs(raw(order(orderDate="soon")), WINDOW)
    assert belongs(b"{broken", WINDOW)


def test_the_spelling_of_an_amount_makes_no_other_order():
    same = order(items=[item(netPrice={"amount": "1.0E1", "currencyCode": "EUR"})])
    assert canonical(raw(order())) == canonical(raw(same))
    other = order(items=[item(netPrice={"amount": "10.01", "currencyCode": "EUR"})])
    assert canonical(raw(order())) != canonical(raw(other))


def test_the_program_has_its_name_from_the_contract():
    assert direct_orders.PROGRAM == "vendor_direct_fulfillment"
