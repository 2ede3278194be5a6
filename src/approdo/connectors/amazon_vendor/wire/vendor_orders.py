"""Purchase orders as `vendorOrders` v1 writes them: the only module that knows this JSON.

Reads leniently (every field may be absent, null, or of a value nobody announced), because Amazon's
own answers break its model (reference 5.3 and 15). What would be guessing is refused instead.
"""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any, TypeVar

import msgspec
from msgspec import Raw, Struct

from approdo.connectors.amazon_vendor.wire.values import (
    Loose,
    plain,
    to_amount,
    to_flag,
    to_moment,
    to_text,
    to_whole,
    to_window,
)
from approdo.sdk.connector import ReadWindow, Scan
from approdo.sdk.documents import (
    Address,
    DocumentType,
    Line,
    Parties,
    Party,
    Received,
    SaleDocument,
    TaxRegistration,
)
from approdo.sdk.errors import TransientError, UnreadableDocument

PROGRAM = "vendor_retail"
NUMBER_LENGTH = 64

_EACHES = frozenset({"eaches", "each"})
_CASES = frozenset({"cases", "case"})
_NUMBERS = frozenset({"amount", "unitSize"})
_BROKEN = (msgspec.MsgspecError, RecursionError, ValueError, ArithmeticError)


class Page(Struct, frozen=True):
    """One answer to getPurchaseOrders. It may be empty and still have a next one."""

    orders: Sequence[Received]
    next_token: str | None


class _Record(Struct, rename="camel"):
    """An object of the API; members that the model does not name are passed over."""


class _Pagination(_Record):
    next_token: str | None = None


class _Orders(_Record):
    orders: list[Raw]
    pagination: _Pagination | None = None


class _OrdersAnswer(_Record):
    payload: _Orders
    errors: list[Any] | None = None


class _OrderAnswer(_Record):
    payload: Raw
    errors: list[Any] | None = None


class _Statuses(_Record):
    orders_status: list[Raw]


class _StatusesAnswer(_Record):
    payload: _Statuses
    errors: list[Any] | None = None


class _Dates(_Record):
    purchase_order_date: Loose = None
    purchase_order_changed_date: Loose = None
    purchase_order_state_changed_date: Loose = None


class _Numbered(_Record):
    purchase_order_number: Loose = None


class _Dated(_Record):
    order_details: _Dates | None = None


class _Address(
    Struct,
    rename={
        "line_1": "addressLine1",
        "line_2": "addressLine2",
        "line_3": "addressLine3",
        "state_or_region": "stateOrRegion",
        "postal_code": "postalCode",
        "country_code": "countryCode",
    },
):
    name: Loose = None
    line_1: Loose = None
    line_2: Loose = None
    line_3: Loose = None
    city: Loose = None
    county: Loose = None
    district: Loose = None
    state_or_region: Loose = None
    postal_code: Loose = None
    country_code: Loose = None
    phone: Loose = None


class _TaxInfo(Struct, rename={"type": "taxRegistrationType", "number": "taxRegistrationNumber"}):
    type: Loose = None
    number: Loose = None


class _Party(_Record):
    party_id: Loose = None
    address: _Address | None = None
    tax_info: _TaxInfo | None = None


class _Money(_Record):
    amount: Loose = None
    currency_code: Loose = None
    unit_of_measure: Loose = None


class _Quantity(_Record):
    amount: Loose = None
    unit_of_measure: Loose = None
    unit_size: Loose = None


class _Item(_Record):
    item_sequence_number: Loose = None
    amazon_product_identifier: Loose = None
    vendor_product_identifier: Loose = None
    ordered_quantity: _Quantity | None = None
    is_back_order_allowed: Loose = None
    net_cost: _Money | None = None
    list_price: _Money | None = None


class _Import(_Record):
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
    buying_party: _Party | None = None
    selling_party: _Party | None = None
    ship_to_party: _Party | None = None
    bill_to_party: _Party | None = None
    ship_window: Loose = None
    delivery_window: Loose = None
    items: list[_Item] | None = None


class _Order(_Record):
    purchase_order_number: Loose = None
    purchase_order_state: Loose = None
    order_details: _Details | None = None


_NUMBERED = msgspec.json.Decoder(_Numbered)
_DATED = msgspec.json.Decoder(_Dated)
_ORDER = msgspec.json.Decoder(_Order, float_hook=Decimal)
_ANYTHING = msgspec.json.Decoder(float_hook=Decimal)

_Answer = TypeVar("_Answer", _OrdersAnswer, _OrderAnswer, _StatusesAnswer)


def read_page(body: bytes) -> Page:
    """Splits an answer to getPurchaseOrders into its orders, each with its raw bytes.

    Raises `TransientError("unreadable_answer")` for anything but a well-formed page: HTML, a body
    cut short, errors, no list of orders.
    """
    answer = _answer(body, _OrdersAnswer)
    pagination = answer.payload.pagination
    orders = tuple(received(bytes(raw)) for raw in answer.payload.orders)
    return Page(orders, (pagination.next_token if pagination else None) or None)


def read_order(body: bytes) -> Received:
    """The order in an answer to getPurchaseOrder, or `TransientError("unreadable_answer")`."""
    order = received(bytes(_answer(body, _OrderAnswer).payload))
    if order.number is None:
        raise TransientError("unreadable_answer", detail="no order number")
    return order


def read_status_count(body: bytes) -> int:
    """How many orders an answer to getPurchaseOrdersStatus holds; errors as in `read_page`."""
    return len(_answer(body, _StatusesAnswer).payload.orders_status)


def belongs(raw: bytes, window: ReadWindow) -> bool:
    """Whether the order lies in the window by the date it was asked for; true if that is unknown.

    Which date moves an order into a changed window is not established: either will do.
    """
    try:
        dates = _DATED.decode(raw).order_details or _Dates()
    except _BROKEN:
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
    except _BROKEN as error:
        raise UnreadableDocument("unexpected_shape", detail=str(error)[:200]) from error
    details = order.order_details or _Details()
    items = details.items or []
    lines = tuple(map(_line, items, _sequences(items)))
    currencies = {line.currency for line in lines if line.currency}
    return SaleDocument(
        type=DocumentType.ORDER,
        program=PROGRAM,
        number=_number(order.purchase_order_number),
        state=to_text(order.purchase_order_state).lower(),
        date=to_moment(details.purchase_order_date),
        changed_date=to_moment(details.purchase_order_changed_date),
        state_changed_date=to_moment(details.purchase_order_state_changed_date),
        currency=currencies.pop() if len(currencies) == 1 else "",
        purchase_order_type=to_text(details.purchase_order_type) or None,
        payment_method=to_text(details.payment_method) or None,
        deal_code=to_text(details.deal_code) or None,
        import_details=_texts(details.import_details) if details.import_details else None,
        parties=Parties(
            selling=_party(details.selling_party),
            buying=_party(details.buying_party),
            ship_to=_party(details.ship_to_party),
            bill_to=_party(details.bill_to_party),
        ),
        ship_window=to_window(details.ship_window),
        delivery_window=to_window(details.delivery_window),
        lines=lines,
        detailed=details.items is not None,
    )


def canonical(raw: bytes) -> bytes:
    """Bytes that are equal for equal orders: keys sorted, nulls dropped, amounts in plain notation.

    Lists keep their order. What cannot be parsed is returned as it is.
    """
    try:
        return msgspec.json.encode(_canonical(_ANYTHING.decode(raw)), order="sorted")
    except (*_BROKEN, OverflowError):
        return raw


def _answer(body: bytes, shape: type[_Answer]) -> _Answer:
    try:
        answer = msgspec.json.decode(body, type=shape)
    except _BROKEN as error:
        raise TransientError("unreadable_answer", detail=str(error)[:200]) from error
    if answer.errors:
        raise TransientError("unreadable_answer", detail="errors beside the payload")
    return answer


def received(raw: bytes) -> Received:
    """One order's raw bytes with its number, where that can be read."""
    try:
        number = _number(_NUMBERED.decode(raw).purchase_order_number)
    except (*_BROKEN, UnreadableDocument):
        return Received(number=None, raw=raw)
    return Received(number=number, raw=raw)


def _number(value: Loose) -> str:
    number = to_text(value)
    if not number:
        raise UnreadableDocument("no_number")
    if len(number) > NUMBER_LENGTH:
        raise UnreadableDocument("field_too_long", field="purchaseOrderNumber", limit=NUMBER_LENGTH)
    return number


def _sequences(items: list[_Item]) -> list[str]:
    """The lines' numbers made unique: `2#2` for a second line 2, the position for want of one."""
    taken: dict[str, int] = {}
    for position, item in enumerate(items, 1):
        wanted = to_text(item.item_sequence_number) or str(position)
        sequence, copy = wanted, taken.get(wanted, 1)
        while sequence in taken:
            copy += 1
            sequence = f"{wanted}#{copy}"
        taken[wanted] = copy
        taken.setdefault(sequence, 1)
    return list(taken)


def _line(item: _Item, sequence: str) -> Line:
    ordered = item.ordered_quantity or _Quantity()
    net, listed = item.net_cost or _Money(), item.list_price or _Money()
    quantity = to_whole(ordered.amount, "orderedQuantity.amount")
    unit_size = to_whole(ordered.unit_size, "orderedQuantity.unitSize")
    unit = _unit(ordered.unit_of_measure)
    return Line(
        sequence=sequence,
        asin=to_text(item.amazon_product_identifier),
        vendor_sku=to_text(item.vendor_product_identifier),
        quantity=quantity,
        unit=unit,
        unit_size=unit_size,
        eaches=_eaches(quantity, unit, unit_size),
        net_cost=to_amount(net.amount, "netCost.amount"),
        list_price=to_amount(listed.amount, "listPrice.amount"),
        currency=to_text(net.currency_code) or to_text(listed.currency_code),
        price_unit=_price_unit(net) or _price_unit(listed),
        cancelled=quantity == 0,
        backorder_allowed=to_flag(item.is_back_order_allowed),
    )


def _unit(value: Loose) -> str:
    unit = to_text(value)
    if unit.lower() in _EACHES:
        return "eaches"
    return "cases" if unit.lower() in _CASES else unit


def _eaches(quantity: int | None, unit: str, unit_size: int | None) -> int | None:
    if quantity is None:
        return None
    if unit == "eaches":
        return quantity
    return quantity * unit_size if unit == "cases" and unit_size and unit_size > 0 else None


def _price_unit(money: _Money) -> str | None:
    """The weight that a price is for; none for a price per each."""
    unit = to_text(money.unit_of_measure).lower()
    return unit if unit and unit not in _EACHES else None


def _party(party: _Party | None) -> Party | None:
    if party is None:
        return None
    return Party(
        id=to_text(party.party_id) or None,
        address=Address(**_texts(party.address)) if party.address else None,
        tax_registration=TaxRegistration(**_texts(party.tax_info)) if party.tax_info else None,
    )


def _texts(record: Struct) -> dict[str, str]:
    """The members that hold something, by the names that our documents use."""
    texts = {name: to_text(value) for name, value in msgspec.structs.asdict(record).items()}
    return {name: text for name, text in texts.items() if text}


def _canonical(value: Any) -> Any:
    """The value with equal things made equal. Quick, because every changed page goes through it."""
    if isinstance(value, list):
        return [_canonical(inner) for inner in value]
    if not isinstance(value, dict):
        return value
    content = {}
    for key, inner in value.items():
        if inner is None:
            continue
        if isinstance(inner, dict | list):
            content[key] = _canonical(inner)
        else:
            content[key] = plain(inner) if key in _NUMBERS else inner
    return content
