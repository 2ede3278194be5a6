"""How far an order has come in the other side's own eyes: confirmed, cancelled, received.

Informational figures only: what Amazon says was received is known to be wrong at times (reference
18, 12). They stand beside a document, never in its place, and decide nothing about money.
"""

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from enum import StrEnum
from typing import TypeVar

from msgspec import Struct

from approdo.sdk.documents import Note, Received


class Confirmation(StrEnum):
    """How far an order as a whole is confirmed. Ours, worked out from its lines."""

    UNCONFIRMED = "unconfirmed"
    PARTLY = "partly"
    CONFIRMED = "confirmed"
    REJECTED = "rejected"


class Receiving(StrEnum):
    """How far an order as a whole has been received. Ours, worked out from its lines."""

    NOT_RECEIVED = "not_received"
    PARTLY = "partly"
    RECEIVED = "received"


class Quantity(Struct, frozen=True, kw_only=True):
    """An amount as it was given, counting `unit`; `eaches` is the same in pieces, null where the unit is unknown."""

    quantity: int | None = None
    unit: str = ""
    unit_size: int | None = None
    eaches: int | None = None


class QuantityChange(Struct, frozen=True, kw_only=True):
    """One entry of a line's own history: so much was ordered, or cancelled, on that day (UTC)."""

    date: datetime | None = None
    ordered: Quantity | None = None
    cancelled: Quantity | None = None


class Acknowledgement(Struct, frozen=True, kw_only=True):
    """One answer of the vendor to a line, as the other side took it (UTC)."""

    date: datetime | None = None
    accepted: Quantity | None = None
    rejected: Quantity | None = None


class LineStatus(Struct, frozen=True, kw_only=True):
    """One line. `confirmation` and `receiving` are the other side's words in lower case, new ones as they are.

    Where nothing is said a quantity is null: that is not zero.
    """

    sequence: str
    asin: str = ""
    vendor_sku: str = ""
    confirmation: str = ""
    receiving: str = ""
    ordered: Quantity | None = None
    cancelled: Quantity | None = None
    accepted: Quantity | None = None
    rejected: Quantity | None = None
    received: Quantity | None = None
    last_receive_date: datetime | None = None
    quantity_changes: tuple[QuantityChange, ...] = ()
    acknowledgements: tuple[Acknowledgement, ...] = ()

    @property
    def acknowledged_date(self) -> datetime | None:
        """When the vendor last answered."""
        return max((one.date for one in self.acknowledgements if one.date), default=None)


class OrderStatus(Struct, frozen=True, kw_only=True):
    """The status of one order. `status` is `open` or `closed`: whether the buyer still expects goods."""

    program: str
    number: str
    status: str
    date: datetime | None = None
    last_updated_date: datetime | None = None
    vendor_code: str = ""
    ship_to: str = ""
    lines: tuple[LineStatus, ...] = ()

    @property
    def confirmation(self) -> Confirmation | None:
        """The lines' confirmations in one word; null where a line's is not known and the others agree."""
        said = {line.confirmation for line in self._meant()}
        return _together(said, _CONFIRMATIONS, Confirmation.PARTLY)

    @property
    def receiving(self) -> Receiving | None:
        """The same for receiving. Of a line that was rejected nothing is expected."""
        meant = self._meant()
        expected = [line for line in meant if line.confirmation != "rejected"] or meant
        return _together({line.receiving for line in expected}, _RECEIVINGS, Receiving.PARTLY)

    def _meant(self) -> Sequence[LineStatus]:
        """The lines that count: a cancelled one keeps its place with nothing ordered."""
        return [line for line in self.lines if not line.ordered or line.ordered.quantity != 0] or self.lines


class StatusBatch(Struct, frozen=True, kw_only=True):
    """What one request for statuses brought; the members are those of a `Batch`."""

    program: str
    statuses: Sequence[Received]
    asked_at: datetime
    decode: Callable[[bytes], OrderStatus]
    canonical: Callable[[bytes], bytes]
    notes: Sequence[Note] = ()


_Word = TypeVar("_Word", bound=StrEnum)

_CONFIRMATIONS = {
    "unconfirmed": Confirmation.UNCONFIRMED,
    "partially_accepted": Confirmation.PARTLY,
    "accepted": Confirmation.CONFIRMED,
    "rejected": Confirmation.REJECTED,
}
_RECEIVINGS = {
    "not_received": Receiving.NOT_RECEIVED,
    "partially_received": Receiving.PARTLY,
    "received": Receiving.RECEIVED,
}


def _together(said: Iterable[str], known: dict[str, _Word], partly: _Word) -> _Word | None:
    words = {known.get(word) for word in said}
    if partly in words or len(words - {None}) > 1:
        return partly
    return words.pop() if len(words) == 1 else None
