"""Purchase orders as `vendorOrders` v1 writes them: the only module that knows this JSON.

Reads leniently (every field may be absent, null, or of a value nobody announced), because Amazon's
own answers break its model (reference 5.3 and 15). What would be guessing is refused instead.
"""

from decimal import Decimal

import msgspec
from msgspec import Raw

from approdo.connectors.amazon_vendor.wire import orders
from approdo.connectors.amazon_vendor.wire.orders import BROKEN, Answer, Page, Pagination, Record
from approdo.connectors.amazon_vendor.wire.parties import read_party, to_texts
from approdo.connectors.amazon_vendor.wire.values import (
    Loose,
    is_each,
    to_amount,
    to_eaches,
    to_flag,
    to_moment,
    to_text,
    to_unit,
    to_whole,
    to_window,
)
from approdo.sdk.connector import ReadWindow, Scan
from approdo.sdk.documents import DocumentType, Line, Parties, Party, Received, SaleDocument
from approdo.sdk.errors import UnreadableDocument

PROGRAM = "vendor_retail"

_NUMBERS = frozenset({"amount", "unitSize"})


class _Orders(Record):
    orders: list[Raw]
    pagination: Pagination | None = None


class _OrdersAnswer(Answer, kw_only=True):
    payload: _Orders


class _OrderAnswer(Answer, kw_only=True):
    payload: Raw


class _Dates(Record):
    purchase_order_date: Loose = None
    purchase_order_changed_date: Loose = None
    purchase_order_state_changed_date: Loose = None


class _Dated(Record):
    order_details: _Dates | None = None


class _Money(Record):
    amount: Loose = None
    currency_code: Loose = None
    unit_of_measure: Loose = None


class _Quantity(Record):
    amount: Loose = None
    unit_of_measure: Loose = None
    unit_size: Loose = None


class _Item(Record):
    item_sequence_number: Loose = None
    amazon_product_identifier: Loose = None
    vendor_product_identifier: Loose = None
    ordered_quantity: _Quantity | None = None
    is_back_order_allowed: Loose = None
    net_cost: _Money | None = None
    list_price: _Money | None = None


class _Import(Record):
    method_of_payment: Loose = None
    international_commercial_terms: Loose = None
    port_of_delivery: Loose = None
    import_containers: Loose = None
    shipping_instructions: Loose = None


class _Details(_Dates):
    purchase_order_type: Loose = None
    import_details: _Import | None = None
    deal_code: Loose = None
    payment_method: Loose = None
    buying_party: Raw = Raw()
    selling_party: Raw = Raw()
    ship_to_party: Raw = Raw()
    bill_to_party: Raw = Raw()
    ship_window: Loose = None
    delivery_window: Loose = None
    items: list[_Item] | None = None


class _Order(Record):
    purchase_order_number: Loose = None
    purchase_order_state: Loose = None
    order_details: _Details | None = None


_ORDERS_ANSWER = msgspec.json.Decoder(_OrdersAnswer)
_ORDER_ANSWER = msgspec.json.Decoder(_OrderAnswer)
_DATED = msgspec.json.Decoder(_Dated)
_ORDER = msgspec.json.Decoder(_Order, float_hook=Decimal)


def read_page(body: bytes) -> Page:
    """Splits an answer to getPurchaseOrders into its orders, each with its raw bytes.

    Raises `TransientError("unreadable_answer")` for anything but a well-formed page: HTML, a body
    cut short, errors, no list of orders.
    """
    payload = orders.read_answer(body, _ORDERS_ANSWER).payload
    return orders.page(map(bytes, payload.orders), payload.pagination)


def read_order(body: bytes) -> Received:
    """The order in an answer to getPurchaseOrder, or `TransientError("unreadable_answer")`."""
    return orders.single(bytes(orders.read_answer(body, _ORDER_ANSWER).payload))


def belongs(raw: bytes, window: ReadWindow) -> bool:
    """Whether the order lies in the window by the date it was asked for; true if that is unknown.

    Which date moves an order into a changed window is not established: either will do.
    """
    try:
        dates = _DATED.decode(raw).order_details or _Dates()
    except BROKEN:
        return True
    asked = [dates.purchase_order_date]
    if window.scan is Scan.CHANGED:
        asked = [dates.purchase_order_changed_date, dates.purchase_order_state_changed_date]
    known = [moment for moment in map(to_moment, asked) if moment]
    return not known or any(window.start <= moment <= window.end for moment in known)


def decode(raw: bytes) -> SaleDocument:
    """One order as a sale document.

    Raises `UnreadableDocument`, its code saying why: `no_number`, `field_too_long`,
    `unexpected_shape`, `not_an_amount`, `number_out_of_range`.
    """
    try:
        order = _ORDER.decode(raw)
    except BROKEN as error:
        raise UnreadableDocument("unexpected_shape", detail=str(error)[:200]) from error
    details = order.order_details or _Details()
    items = details.items or []
    lines = tuple(map(_line, items, orders.sequences(item.item_sequence_number for item in items)))
    return SaleDocument(
        type=DocumentType.ORDER,
        program=PROGRAM,
        number=orders.to_number(order.purchase_order_number),
        state=to_text(order.purchase_order_state).lower(),
        date=to_moment(details.purchase_order_date),
        changed_date=to_moment(details.purchase_order_changed_date),
        state_changed_date=to_moment(details.purchase_order_state_changed_date),
        currency=orders.currency_of(lines),
        purchase_order_type=to_text(details.purchase_order_type) or None,
        payment_method=to_text(details.payment_method) or None,
        deal_code=to_text(details.deal_code) or None,
        import_details=to_texts(details.import_details) if details.import_details else None,
        parties=_parties(details),
        ship_window=to_window(details.ship_window),
        delivery_window=to_window(details.delivery_window),
        lines=lines,
        detailed=details.items is not None,
    )


def canonical(raw: bytes) -> bytes:
    """Bytes that are equal for equal orders: keys sorted, nulls dropped, amounts in plain notation.

    Lists keep their order. What cannot be parsed is returned as it is.
    """
    return orders.canonical(raw, _NUMBERS)


def _parties(details: _Details) -> Parties:
    return Parties(
        selling=_party("sellingParty", details.selling_party),
        buying=_party("buyingParty", details.buying_party),
        ship_to=_party("shipToParty", details.ship_to_party),
        bill_to=_party("billToParty", details.bill_to_party),
    )


def _party(member: str, raw: Raw) -> Party | None:
    try:
        return read_party(bytes(raw))
    except BROKEN as error:
        raise UnreadableDocument("unexpected_shape", detail=f"{member}: {error}"[:200]) from error


def _line(item: _Item, sequence: str) -> Line:
    ordered = item.ordered_quantity or _Quantity()
    net, listed = item.net_cost or _Money(), item.list_price or _Money()
    quantity = to_whole(ordered.amount, "orderedQuantity.amount")
    unit_size = to_whole(ordered.unit_size, "orderedQuantity.unitSize")
    unit = to_unit(ordered.unit_of_measure)
    return Line(
        sequence=sequence,
        asin=to_text(item.amazon_product_identifier),
        vendor_sku=to_text(item.vendor_product_identifier),
        quantity=quantity,
        unit=unit,
        unit_size=unit_size,
        eaches=to_eaches(quantity, unit, unit_size),
        net_cost=to_amount(net.amount, "netCost.amount"),
        list_price=to_amount(listed.amount, "listPrice.amount"),
        currency=to_text(net.currency_code) or to_text(listed.currency_code),
        price_unit=_price_unit(net) or _price_unit(listed),
        cancelled=quantity == 0,
        backorder_allowed=to_flag(item.is_back_order_allowed),
    )


def _price_unit(money: _Money) -> str | None:
    """The weight that a price is for; none for a price per each."""
    unit = to_text(money.unit_of_measure).lower()
    return unit if unit and not is_each(unit) else None
