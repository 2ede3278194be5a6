"""What Amazon's two order APIs have in common: pages, numbers, lines' numbers, equality of bytes."""

from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Any, TypeVar, cast

import msgspec
from msgspec import Raw, Struct

from approdo.connectors.amazon_vendor.wire import mending
from approdo.connectors.amazon_vendor.wire.values import Loose, plain, to_text
from approdo.sdk.documents import Line, Received
from approdo.sdk.errors import TransientError, UnreadableDocument

NUMBER_LENGTH = 64
BROKEN = (msgspec.MsgspecError, RecursionError, ValueError, ArithmeticError)
"""What reading JSON that is none can raise."""


class Page(Struct, frozen=True):
    """One answer to a question for orders. It may be empty and still have a next one."""

    orders: Sequence[Received]
    next_token: str | None


class Record(Struct, rename="camel", omit_defaults=True):
    """An object of the API; members that the model does not name are passed over."""


class Pagination(Record):
    """Where the next page is."""

    next_token: str | None = None


class Answer(Record):
    """What every answer may hold beside what was asked for."""

    errors: list[Any] | None = None


class _Numbered(Record):
    purchase_order_number: Loose = None


_LISTED = frozenset(
    {("payload", "orders", mending.ELEMENT), ("orders", mending.ELEMENT), ("payload", "ordersStatus", mending.ELEMENT)}
)
_SINGLE = frozenset({("payload",)})

_NUMBERED = msgspec.json.Decoder(_Numbered, float_hook=Decimal)
_ANYTHING = msgspec.json.Decoder(float_hook=Decimal)

_Answer = TypeVar("_Answer", bound=Answer)


def read_answer(body: bytes, shape: msgspec.json.Decoder[_Answer]) -> _Answer:
    """The body of an answer, or `TransientError("unreadable_answer")`: not JSON, other, errors.

    An order that is no JSON of its own is left as it is, where the rest of the answer is well-formed.
    """
    try:
        answer = shape.decode(body)
    except BROKEN as error:
        mended = _without_orders(body, shape)
        if mended is None:
            raise TransientError("unreadable_answer", detail=str(error)[:200]) from error
        answer = mended
    if answer.errors:
        raise TransientError("unreadable_answer", detail="errors beside the payload")
    return answer


def _without_orders(body: bytes, shape: msgspec.json.Decoder[_Answer]) -> _Answer | None:
    """The answer with its orders as they came, taken apart by its brackets; nothing where it is no such answer."""
    single = any(field.name == "payload" and field.type is Raw for field in msgspec.structs.fields(shape.type))
    parts = mending.take_apart(body, _SINGLE if single else _LISTED)
    if parts is None or not parts.values:
        return None
    try:
        answer: Any = shape.decode(parts.rest)
        if single:
            answer.payload = Raw(parts.values[int(bytes(answer.payload))])
        else:
            # In a payload or, with Direct Fulfillment, without one (reference 13).
            places = ((getattr(answer, "payload", None), "orders"), (answer, "orders"))
            statuses = ((getattr(answer, "payload", None), "orders_status"),)
            ((holder, name),) = [place for place in (*places, *statuses) if getattr(*place, None)]
            setattr(holder, name, [Raw(parts.values[int(bytes(number))]) for number in getattr(holder, name)])
    except BROKEN:
        return None
    return cast("_Answer", answer)


def page(raws: Iterable[bytes], pagination: Pagination | None) -> Page:
    """The page with these orders."""
    orders = tuple(received(bytes(raw)) for raw in raws)
    return Page(orders, (pagination.next_token if pagination else None) or None)


def single(raw: bytes) -> Received:
    """The one order that was asked for, or `TransientError("unreadable_answer")`."""
    order = received(raw)
    if order.number is None:
        raise TransientError("unreadable_answer", detail="no order number")
    return order


def received(raw: bytes) -> Received:
    """One order's raw bytes with its number, where that can be read."""
    try:
        written = _NUMBERED.decode(raw).purchase_order_number
    except BROKEN:
        written = mending.text_at(raw, ("purchaseOrderNumber",))
    try:
        return Received(number=to_number(written), raw=raw)
    except UnreadableDocument:
        return Received(number=None, raw=raw)


def to_number(value: Loose) -> str:
    """An order's number. Raises `UnreadableDocument`: `no_number`, `field_too_long`."""
    number = to_text(value)
    if not number:
        raise UnreadableDocument("no_number")
    if len(number) > NUMBER_LENGTH:
        raise UnreadableDocument("field_too_long", field="purchaseOrderNumber", limit=NUMBER_LENGTH)
    return number


def sequences(written: Iterable[Loose]) -> list[str]:
    """The lines' numbers made unique: `2#2` for a second line 2, the position for want of one."""
    texts = [to_text(value) for value in written]
    if all(texts) and len(set(texts)) == len(texts):
        return texts
    taken: dict[str, int] = {}
    for position, text in enumerate(texts, 1):
        wanted = text or str(position)
        sequence, copy = wanted, taken.get(wanted, 1)
        while sequence in taken:
            copy += 1
            sequence = f"{wanted}#{copy}"
        taken[wanted] = copy
        taken.setdefault(sequence, 1)
    return list(taken)


def currency_of(lines: Iterable[Line]) -> str:
    """The currency that all lines share; empty where there is none, or more than one."""
    currencies = {line.currency for line in lines if line.currency}
    return currencies.pop() if len(currencies) == 1 else ""


def canonical(raw: bytes, numbers: frozenset[str]) -> bytes:
    """Bytes that are equal for equal orders: keys sorted, nulls dropped, amounts in plain notation.

    `numbers` are the members that hold an amount. Lists keep their order. What cannot be parsed is
    returned as it is.
    """
    try:
        return msgspec.json.encode(_canonical(_ANYTHING.decode(raw), numbers), order="sorted")
    except (*BROKEN, OverflowError):
        return raw


def _canonical(value: Any, numbers: frozenset[str]) -> Any:
    """The value with equal things made equal. Quick, because every changed page goes through it."""
    if isinstance(value, list):
        return [_canonical(inner, numbers) for inner in value]
    if not isinstance(value, dict):
        return value
    content = {}
    for key, inner in value.items():
        if inner is None:
            continue
        if isinstance(inner, dict | list):
            content[key] = _canonical(inner, numbers)
        else:
            content[key] = plain(inner) if key in numbers else inner
    return content
