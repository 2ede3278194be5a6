"""The retail orders of one account, and how Amazon changes them (reference 5.4)."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from amazon_simulator.generate import LONGEST_LAG, Entry, Generator, country_of
from amazon_simulator.shapes import Line, Order, Party, State
from amazon_simulator.shelf import Shelf, UnknownOrder


class Change(Struct, kw_only=True, forbid_unknown_fields=True):
    """What Amazon changes in an order (reference 5.4); all but state and receipts set the changed date.

    Quantities and what was `received` by line number, in the line's own unit; a cancelled line keeps
    its place with quantity 0; `window` is `start--end`, `ship_to` a fulfilment centre.
    """

    state: State | None = None
    quantities: dict[str, int] = {}
    cancel: list[str] = []
    add_lines: int = 0
    window: str | None = None
    ship_to: str | None = None
    received: dict[str, int] = {}


class Step(Struct, kw_only=True):
    """One change of a line's quantity: when (seconds since 1970), and by how much, in its own unit."""

    at: int
    by: int


class Progress(Struct, kw_only=True):
    """What only getPurchaseOrdersStatus tells of an order that was touched; by line number.

    `raw` is served as it is in the status's place.
    """

    steps: dict[str, list[Step]] = {}
    received: dict[str, int] = {}
    raw: bytes = b""


_ORDER = msgspec.json.Decoder(Order)


class Book(Shelf[Entry]):
    """The retail orders of an account."""

    def __init__(self, generator: Generator, cache: int = 30_000) -> None:
        super().__init__(
            generator.timeline,
            entry=generator.entry,
            write=lambda entry: msgspec.json.encode(generator.order(entry)),
            read=_read,
            lags=LONGEST_LAG,
            screens={"changed": generator.may_be_changed},
            cache=cache,
        )
        self._generator = generator
        self._progress: dict[str, Progress] = {}

    def progress(self, number: str) -> Progress:
        """What has become of the order since the start."""
        return self._progress.get(number) or Progress()

    def put_status(self, number: str, raw: bytes, now: datetime) -> None:
        """Serve this as the order's status, however dirty; it is updated now. Raises UnknownOrder."""
        with self._lock:
            self._progress[number] = replace(self.progress(number), raw=raw)
            self._update(number, now)

    def order(self, number: str) -> Order:
        """The order by its shape. Raises UnknownOrder; ValueError for a raw order that has none."""
        return _ORDER.decode(self.encoded(self.known(number)))

    def add(self, count: int, placed: datetime, shown: Mapping[str, Any]) -> list[str]:
        """Place `count` new orders; `shown` sets members of Entry (vendor_code, ship_to, state)."""
        created = int(placed.timestamp())
        return self._place_new(count, lambda rank: replace(self._generator.new_entry(rank, created), **shown))

    def change(self, number: str, change: Change, now: datetime) -> None:
        """Change an order as Amazon does. Raises UnknownOrder."""
        with self._lock:
            order = self.order(number)
            details = order.order_details
            now = max(now.replace(microsecond=0), _just_after(details.purchase_order_date))
            before = {line.item_sequence_number: line.ordered_quantity.amount for line in details.items}
            _set_quantities(order, {**change.quantities, **dict.fromkeys(change.cancel, 0)})
            self._note(number, before, details.items, change.received, now)
            details.items.extend(self._more_lines(order, change.add_lines))
            if change.window and details.ship_window:
                details.ship_window = change.window
            elif change.window:
                details.delivery_window = change.window
            if change.ship_to:
                details.ship_to_party = Party(party_id=change.ship_to)
            if replace(change, state=None, received={}) != Change():
                details.purchase_order_changed_date = now
            if change.state:
                order.purchase_order_state = change.state
                details.purchase_order_state_changed_date = now
            self.put(msgspec.json.encode(order), now)
            if change.received:
                self._update(number, now)

    def _update(self, number: str, now: datetime) -> None:
        entry = self.known(number)
        self._touch([(replace(entry, received=int(now.timestamp())), self.encoded(entry))])

    def _note(
        self, number: str, before: Mapping[str, int], lines: Sequence[Line], received: Mapping[str, int], now: datetime
    ) -> None:
        """Remember what the order itself does not say: how its quantities came about, what arrived."""
        if received.keys() - before.keys():
            raise UnknownOrder(f"Order {number} has no line {min(received.keys() - before.keys())}.")
        known = self.progress(number)
        steps = {sequence: list(taken) for sequence, taken in known.steps.items()}
        for line in lines:
            by = line.ordered_quantity.amount - before[line.item_sequence_number]
            if by:
                steps.setdefault(line.item_sequence_number, []).append(Step(at=int(now.timestamp()), by=by))
        self._progress[number] = replace(known, steps=steps, received={**known.received, **received})

    def _more_lines(self, order: Order, count: int) -> list[Line]:
        selling = order.order_details.selling_party
        country = country_of(selling.party_id if selling else "")
        have = len(order.order_details.items)
        return [self._generator.line(have + more, len(self) + have + more, country, 6) for more in range(1, count + 1)]


def _just_after(moment: datetime) -> datetime:
    """A changed date is always later than the order's own (reference 5.3)."""
    return datetime.fromtimestamp(int(moment.timestamp()) + 1, UTC)


def _set_quantities(order: Order, quantities: Mapping[str, int]) -> None:
    lines = {line.item_sequence_number: line for line in order.order_details.items}
    for sequence, amount in quantities.items():
        if sequence not in lines:
            raise UnknownOrder(f"Order {order.purchase_order_number} has no line {sequence}.")
        lines[sequence].ordered_quantity.amount = amount


def _read(body: Mapping[str, Any], known: Entry | None, rank: int, now: datetime) -> Entry:
    """What a raw order shows to queries; what cannot be read there falls back to something sane."""
    details = as_object(body.get("orderDetails"))
    fallback = int(now.timestamp())
    created = known.created if known else as_seconds(details.get("purchaseOrderDate")) or fallback
    items = details.get("items")
    lines = [as_object(line) for line in items] if isinstance(items, list) else []
    return Entry(
        number=body["purchaseOrderNumber"],
        rank=known.rank if known else rank,
        created=created,
        changed=as_seconds(details.get("purchaseOrderChangedDate")),
        state=str(body.get("purchaseOrderState", "")),
        state_changed=as_seconds(details.get("purchaseOrderStateChangedDate")) or created,
        received=known.received if known else None,
        vendor_code=str(as_object(details.get("sellingParty")).get("partyId", "")),
        ship_to=str(as_object(details.get("shipToParty")).get("partyId", "")),
        has_cancelled_line=any(as_object(line.get("orderedQuantity")).get("amount") == 0 for line in lines),
    )


def as_object(value: object) -> Mapping[str, Any]:
    """A member of a raw order as an object; an empty one for what is none."""
    return value if isinstance(value, dict) else {}


def as_seconds(value: object) -> int | None:
    """A member of a raw order as a moment (seconds since 1970), or None for what is none."""
    try:
        moment = datetime.fromisoformat(str(value))
    except ValueError:
        return None
    return int((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp())
