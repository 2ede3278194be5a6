"""Order statuses as getPurchaseOrdersStatus of `vendorOrders` v1 writes them (reference 5.5).

Reads leniently, as `vendor_orders` does: whole parts are missing at times (reference 18, 12), and
Amazon's own table misspells a value. A number that is none is refused: figures are not guessed.
"""

from collections.abc import Sequence
from decimal import Decimal
from functools import lru_cache

import msgspec
from msgspec import Raw

from approdo.connectors.amazon_vendor.wire import orders
from approdo.connectors.amazon_vendor.wire.orders import BROKEN, Answer, Page, Pagination, Record
from approdo.connectors.amazon_vendor.wire.parties import PartyRecord, to_party
from approdo.connectors.amazon_vendor.wire.values import (
    REMEMBERED,
    Loose,
    to_eaches,
    to_moment,
    to_text,
    to_unit,
    to_whole,
)
from approdo.sdk.connector import ReadWindow, Scan
from approdo.sdk.errors import UnreadableDocument
from approdo.sdk.statuses import Acknowledgement, LineStatus, OrderStatus, Quantity, QuantityChange

PROGRAM = "vendor_retail"

_NUMBERS = frozenset({"amount", "unitSize"})
_MISSPELT = {"partially_receive": "partially_received"}


class _Statuses(Record):
    orders_status: list[Raw]
    pagination: Pagination | None = None


class _StatusesAnswer(Answer, kw_only=True):
    payload: _Statuses


class _Dates(Record):
    purchase_order_date: Loose = None
    last_updated_date: Loose = None


class _Quantity(Record):
    amount: Loose = None
    unit_of_measure: Loose = None
    unit_size: Loose = None


class _QuantityChange(Record):
    updated_date: Loose = None
    ordered_quantity: _Quantity | None = None
    cancelled_quantity: _Quantity | None = None


class _Ordered(Record):
    ordered_quantity: _Quantity | None = None
    ordered_quantity_details: list[_QuantityChange] | None = None


class _Acknowledgement(Record):
    acknowledgement_date: Loose = None
    accepted_quantity: _Quantity | None = None
    rejected_quantity: _Quantity | None = None


class _Acknowledged(Record):
    confirmation_status: Loose = None
    accepted_quantity: _Quantity | None = None
    rejected_quantity: _Quantity | None = None
    acknowledgement_status_details: list[_Acknowledgement] | None = None


class _Received(Record):
    receive_status: Loose = None
    received_quantity: _Quantity | None = None
    last_receive_date: Loose = None


class _Item(Record):
    item_sequence_number: Loose = None
    buyer_product_identifier: Loose = None
    vendor_product_identifier: Loose = None
    ordered_quantity: _Ordered | None = None
    acknowledgement_status: _Acknowledged | None = None
    receiving_status: _Received | None = None


class _Status(_Dates):
    purchase_order_number: Loose = None
    purchase_order_status: Loose = None
    selling_party: PartyRecord | None = None
    ship_to_party: PartyRecord | None = None
    item_status: list[_Item] | None = None


_STATUSES_ANSWER = msgspec.json.Decoder(_StatusesAnswer)
_DATED = msgspec.json.Decoder(_Dates)
_STATUS = msgspec.json.Decoder(_Status, float_hook=Decimal)


def read_page(body: bytes) -> Page:
    """Splits an answer to getPurchaseOrdersStatus into its statuses, each with its raw bytes.

    Raises `TransientError("unreadable_answer")` for anything but a well-formed page.
    """
    payload = orders.read_answer(body, _STATUSES_ANSWER).payload
    return orders.page(map(bytes, payload.orders_status), payload.pagination)


def belongs(raw: bytes, window: ReadWindow) -> bool:
    """Whether the status lies in the window by the date it was asked for; true if that is unknown."""
    try:
        dates = _DATED.decode(raw)
    except BROKEN:
        return True
    asked = to_moment(dates.last_updated_date if window.scan is Scan.STATUS else dates.purchase_order_date)
    return asked is None or window.start <= asked <= window.end


def decode(raw: bytes) -> OrderStatus:
    """One order's status.

    Raises `UnreadableDocument`, its code saying why: `no_number`, `field_too_long`,
    `unexpected_shape`, `not_an_amount`, `number_out_of_range`.
    """
    try:
        status = _STATUS.decode(raw)
    except BROKEN as error:
        raise UnreadableDocument("unexpected_shape", detail=str(error)[:200]) from error
    items = status.item_status or []
    selling, ship_to = to_party(status.selling_party), to_party(status.ship_to_party)
    return OrderStatus(
        program=PROGRAM,
        number=orders.to_number(status.purchase_order_number),
        status=to_text(status.purchase_order_status).lower(),
        date=to_moment(status.purchase_order_date),
        last_updated_date=to_moment(status.last_updated_date),
        vendor_code=(selling.id if selling else None) or "",
        ship_to=(ship_to.id if ship_to else None) or "",
        lines=tuple(map(_line, items, orders.sequences(item.item_sequence_number for item in items))),
    )


def canonical(raw: bytes) -> bytes:
    """Bytes that are equal for equal statuses; see `wire.orders.canonical`."""
    return orders.canonical(raw, _NUMBERS)


def _line(item: _Item, sequence: str) -> LineStatus:
    ordered = item.ordered_quantity or _Ordered()
    acknowledged = item.acknowledgement_status or _Acknowledged()
    received = item.receiving_status or _Received()
    changes = tuple(map(_change, ordered.ordered_quantity_details or ()))
    return LineStatus(
        sequence=sequence,
        asin=to_text(item.buyer_product_identifier),
        vendor_sku=to_text(item.vendor_product_identifier),
        confirmation=_word(acknowledged.confirmation_status),
        receiving=_word(received.receive_status),
        ordered=_quantity(ordered.ordered_quantity, "orderedQuantity"),
        cancelled=_sum([change.cancelled for change in changes if change.cancelled]),
        accepted=_quantity(acknowledged.accepted_quantity, "acceptedQuantity"),
        rejected=_quantity(acknowledged.rejected_quantity, "rejectedQuantity"),
        received=_quantity(received.received_quantity, "receivedQuantity"),
        last_receive_date=to_moment(received.last_receive_date),
        quantity_changes=changes,
        acknowledgements=tuple(map(_acknowledgement, acknowledged.acknowledgement_status_details or ())),
    )


def _change(change: _QuantityChange) -> QuantityChange:
    return QuantityChange(
        date=to_moment(change.updated_date),
        ordered=_quantity(change.ordered_quantity, "orderedQuantity"),
        cancelled=_quantity(change.cancelled_quantity, "cancelledQuantity"),
    )


def _acknowledgement(answer: _Acknowledgement) -> Acknowledgement:
    return Acknowledgement(
        date=to_moment(answer.acknowledgement_date),
        accepted=_quantity(answer.accepted_quantity, "acceptedQuantity"),
        rejected=_quantity(answer.rejected_quantity, "rejectedQuantity"),
    )


def _quantity(given: _Quantity | None, field: str) -> Quantity | None:
    """The quantity with its unit; none where no amount stands there."""
    if given is None:
        return None
    written = (given.amount, given.unit_of_measure, given.unit_size)
    plain = all(value is None or isinstance(value, str | int) for value in written)
    return _known_quantity(*written, field) if plain else _read_quantity(*written, field)


def _read_quantity(amount: Loose, unit_of_measure: Loose, unit_size: Loose, field: str) -> Quantity | None:
    quantity = to_whole(amount, f"{field}.amount")
    if quantity is None:
        return None
    unit, size = to_unit(unit_of_measure), to_whole(unit_size, f"{field}.unitSize")
    return Quantity(quantity=quantity, unit=unit, unit_size=size, eaches=to_eaches(quantity, unit, size))


# A line says the same few quantities half a dozen times: each is worked out once.
_known_quantity = lru_cache(REMEMBERED, typed=True)(_read_quantity)


def _sum(parts: Sequence[Quantity]) -> Quantity | None:
    """What was cancelled in all: each entry of the history is a step (Amazon's own examples add up so)."""
    if not parts:
        return None
    eaches = [part.eaches for part in parts if part.eaches is not None]
    whole = sum(eaches) if len(eaches) == len(parts) else None
    units = {(part.unit, part.unit_size) for part in parts}
    if len(units) > 1:
        return Quantity(eaches=whole) if whole is None else Quantity(quantity=whole, unit="eaches", eaches=whole)
    unit, size = units.pop()
    return Quantity(quantity=sum(part.quantity or 0 for part in parts), unit=unit, unit_size=size, eaches=whole)


def _word(value: Loose) -> str:
    """A value of an enum in lower case, however it is written; one that nobody announced as it is."""
    word = to_text(value).lower()
    return _MISSPELT.get(word, word)
