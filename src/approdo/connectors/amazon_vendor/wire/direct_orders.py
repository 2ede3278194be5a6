"""Direct Fulfillment orders as version 2021-12-28 writes them: the only module that knows this JSON.

Reads as leniently as `vendor_orders` does. Answers come bare or, against the model, in a `payload`
(reference 13). Orders name consumers: `redact` tells what of them does not.
"""

from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Any

import msgspec
from msgspec import Raw, Struct

from approdo.connectors.amazon_vendor.wire import orders
from approdo.connectors.amazon_vendor.wire.orders import BROKEN, Answer, Page, Pagination, Record
from approdo.connectors.amazon_vendor.wire.parties import AddressRecord, PartyRecord, to_address, to_party
from approdo.connectors.amazon_vendor.wire.values import (
    Loose,
    to_amount,
    to_eaches,
    to_flag,
    to_moment,
    to_text,
    to_unit,
    to_whole,
)
from approdo.sdk.connector import ReadWindow
from approdo.sdk.documents import DocumentType, Line, Parties, Party, Received, SaleDocument, Tax
from approdo.sdk.errors import TransientError, UnreadableDocument

PROGRAM = "vendor_direct_fulfillment"

_NUMBERS = frozenset({"amount", "taxRate"})
_SUM = "TOTAL"


class _List(Record):
    orders: list[Raw] | None = None
    pagination: Pagination | None = None


class _ListAnswer(Answer, kw_only=True):
    orders: list[Raw] | None = None
    pagination: Pagination | None = None
    payload: _List | None = None


class _OrderAnswer(Answer, kw_only=True):
    payload: Raw = Raw()


class _Dates(Record):
    order_date: Loose = None


class _Dated(Record):
    order_details: _Dates | None = None


class _Money(Record):
    amount: Loose = None
    currency_code: Loose = None


class _Tax(Record):
    type: Loose = None
    tax_rate: Loose = None
    tax_amount: _Money | None = None
    taxable_amount: _Money | None = None


class _Taxes(Record):
    tax_line_item: list[_Tax] | None = None


class _ShipmentDates(Record):
    required_ship_date: Loose = None
    promised_delivery_date: Loose = None


class _Shipment(Record):
    is_priority_shipment: Loose = None
    is_scheduled_delivery_shipment: Loose = None
    is_pslip_required: Loose = None
    is_gift: Loose = None
    ship_method: Loose = None
    shipment_dates: _ShipmentDates | None = None
    message_to_customer: Loose = None


class _Quantity(Record):
    amount: Loose = None
    unit_of_measure: Loose = None


class _Gift(Record):
    gift_message: Loose = None
    gift_wrap_id: Loose = None


class _Customized(Record):
    customized_url: Loose = None


class _ScheduledDelivery(Record):
    scheduled_delivery_service_type: Loose = None
    earliest_nominated_delivery_date: Loose = None
    latest_nominated_delivery_date: Loose = None


class _Item(Record):
    item_sequence_number: Loose = None
    buyer_product_identifier: Loose = None
    vendor_product_identifier: Loose = None
    title: Loose = None
    ordered_quantity: _Quantity | None = None
    scheduled_delivery_shipment: _ScheduledDelivery | None = None
    gift_details: _Gift | None = None
    net_price: _Money | None = None
    tax_details: _Taxes | None = None
    total_price: _Money | None = None
    buyer_customized_info: _Customized | None = None


class _Details(_Dates):
    customer_order_number: Loose = None
    order_status: Loose = None
    shipment_details: _Shipment | None = None
    tax_total: _Taxes | None = None
    selling_party: PartyRecord | None = None
    ship_from_party: PartyRecord | None = None
    ship_to_party: AddressRecord | None = None
    bill_to_party: PartyRecord | None = None
    has_customizable_items: Loose = None
    items: list[_Item] | None = None


class _Order(Record):
    purchase_order_number: Loose = None
    order_details: _Details | None = None


_LIST_ANSWER = msgspec.json.Decoder(_ListAnswer)
_ORDER_ANSWER = msgspec.json.Decoder(_OrderAnswer)
_DATED = msgspec.json.Decoder(_Dated)
_ORDER = msgspec.json.Decoder(_Order, float_hook=Decimal)


def read_page(body: bytes) -> Page:
    """Splits an answer to getOrders into its orders, each with its raw bytes.

    Raises `TransientError("unreadable_answer")` for anything but a well-formed page: no list of
    orders is never an empty one.
    """
    answer = orders.read_answer(body, _LIST_ANSWER)
    found = answer.payload or answer
    if found.orders is None:
        raise TransientError("unreadable_answer", detail="no list of orders")
    return orders.page(map(bytes, found.orders), found.pagination)


def read_order(body: bytes) -> Received:
    """The order in an answer to getOrder, or `TransientError("unreadable_answer")`."""
    wrapped = bytes(orders.read_answer(body, _ORDER_ANSWER).payload)
    return orders.single(wrapped or body)


def belongs(raw: bytes, window: ReadWindow) -> bool:
    """Whether the order was placed in the window; true where its date cannot be read."""
    try:
        placed = to_moment((_DATED.decode(raw).order_details or _Dates()).order_date)
    except BROKEN:
        return True
    return placed is None or window.start <= placed <= window.end


def decode(raw: bytes) -> SaleDocument:
    """One order as a sale document. A line's net cost is Amazon's net price: per each, before tax.

    Raises `UnreadableDocument`, its code saying why: `no_number`, `field_too_long`,
    `unexpected_shape`, `not_an_amount`, `number_out_of_range`.
    """
    try:
        order = _ORDER.decode(raw)
    except BROKEN as error:
        raise UnreadableDocument("unexpected_shape", detail=str(error)[:200]) from error
    details = order.order_details or _Details()
    shipment = details.shipment_details or _Shipment()
    dates = shipment.shipment_dates or _ShipmentDates()
    items = details.items or []
    lines = tuple(map(_line, items, orders.sequences(item.item_sequence_number for item in items)))
    return SaleDocument(
        type=DocumentType.ORDER,
        program=PROGRAM,
        number=orders.to_number(order.purchase_order_number),
        state=to_text(details.order_status).lower(),
        date=to_moment(details.order_date),
        currency=orders.currency_of(lines),
        customer_order_number=to_text(details.customer_order_number) or None,
        ship_method=to_text(shipment.ship_method) or None,
        required_ship_date=to_moment(dates.required_ship_date),
        promised_delivery_date=to_moment(dates.promised_delivery_date),
        priority=to_flag(shipment.is_priority_shipment),
        gift=to_flag(shipment.is_gift),
        packing_slip_required=to_flag(shipment.is_pslip_required),
        message_to_customer=to_text(shipment.message_to_customer) or None,
        tax_total=_tax_total(_taxes(details.tax_total, "taxTotal")),
        parties=Parties(
            selling=to_party(details.selling_party),
            ship_from=to_party(details.ship_from_party),
            ship_to=Party(address=to_address(details.ship_to_party)) if details.ship_to_party else None,
            bill_to=to_party(details.bill_to_party),
        ),
        lines=lines,
        detailed=details.items is not None,
    )


def canonical(raw: bytes) -> bytes:
    """Bytes that are equal for equal orders, as `vendor_orders.canonical` makes them."""
    return orders.canonical(raw, _NUMBERS)


def redact(raw: bytes) -> bytes:
    """The order without its consumer: what the model names and does not say who that is.

    Members that nobody announced are dropped too, for who knows what they hold. Empty where the
    order cannot be read. Redacted once more it stays the same.
    """
    try:
        order = _ORDER.decode(raw)
    except BROKEN:
        return b""
    _drop_strays(order)
    details = order.order_details
    if details:
        details.ship_to_party = None
        if details.bill_to_party:
            details.bill_to_party = PartyRecord(party_id=details.bill_to_party.party_id)
        if details.shipment_details:
            details.shipment_details.message_to_customer = None
        for item in details.items or []:
            item.buyer_customized_info = None
            if item.gift_details:
                item.gift_details.gift_message = None
    return msgspec.json.encode(order)


def _drop_strays(record: Struct) -> None:
    """Leave out what stands where a text or a number should: nobody knows what it says."""
    for name in record.__struct_fields__:
        value = getattr(record, name)
        inner = value if isinstance(value, list) else [value]
        if all(isinstance(one, Struct) for one in inner):
            for one in inner:
                _drop_strays(one)
        elif isinstance(value, dict | list):
            setattr(record, name, None)


def _line(item: _Item, sequence: str) -> Line:
    ordered, price = item.ordered_quantity or _Quantity(), item.net_price or _Money()
    quantity = to_whole(ordered.amount, "orderedQuantity.amount")
    unit = to_unit(ordered.unit_of_measure)
    return Line(
        sequence=sequence,
        asin=to_text(item.buyer_product_identifier),
        vendor_sku=to_text(item.vendor_product_identifier),
        title=to_text(item.title) or None,
        quantity=quantity,
        unit=unit,
        eaches=to_eaches(quantity, unit),
        net_cost=to_amount(price.amount, "netPrice.amount"),
        currency=to_text(price.currency_code),
        cancelled=quantity == 0,
        taxes=_taxes(item.tax_details, "taxDetails"),
        gift_message=to_text((item.gift_details or _Gift()).gift_message) or None,
        customized_url=to_text((item.buyer_customized_info or _Customized()).customized_url) or None,
    )


def _taxes(given: _Taxes | None, field: str) -> tuple[Tax, ...]:
    return tuple(_tax(tax, field) for tax in (given.tax_line_item if given else None) or [])


def _tax(tax: _Tax, field: str) -> Tax:
    amount, taxable = tax.tax_amount or _Money(), tax.taxable_amount or _Money()
    return Tax(
        type=to_text(tax.type) or None,
        rate=to_amount(tax.tax_rate, f"{field}.taxRate"),
        amount=to_amount(amount.amount, f"{field}.taxAmount"),
        taxable_amount=to_amount(taxable.amount, f"{field}.taxableAmount"),
        currency=to_text(amount.currency_code) or to_text(taxable.currency_code),
    )


def _tax_total(taxes: Sequence[Tax]) -> Decimal | None:
    """The tax that is called the total, else the sum; null where a part is absent or in another currency."""
    stated = [tax for tax in taxes if (tax.type or "").upper() == _SUM]
    return _sum(stated if len(stated) == 1 else taxes)


def _sum(taxes: Iterable[Tax]) -> Decimal | None:
    counted = list(taxes)
    amounts: list[Any] = [tax.amount for tax in counted]
    if not counted or None in amounts or len({tax.currency for tax in counted}) > 1:
        return None
    return sum(amounts, Decimal(0))
