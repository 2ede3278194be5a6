"""The orders of one account: the generated ones, and over them what happened at run time."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from heapq import merge
from threading import RLock
from typing import Any, Literal

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from amazon_simulator.generate import LONGEST_LAG, Entry, Generator, country_of
from amazon_simulator.shapes import Line, Order, Party, State

By = Literal["created", "changed", "updated"]
Key = tuple[int, int]


class UnknownOrder(LookupError):
    """There is no such order, or no such line of it."""


class Change(Struct, kw_only=True, forbid_unknown_fields=True):
    """What Amazon changes in an order (reference 5.4); all but the state sets the changed date.

    Quantities by line number, in the line's own unit; a cancelled line keeps its place with
    quantity 0; `window` is `start--end`, `ship_to` a fulfilment centre.
    """

    state: State | None = None
    quantities: dict[str, int] = {}
    cancel: list[str] = []
    add_lines: int = 0
    window: str | None = None
    ship_to: str | None = None


class Book:
    """All orders of an account. Safe to change while others read it.

    Only orders that were touched are kept; `cache` is how many encoded ones are remembered besides.
    """

    def __init__(self, generator: Generator, cache: int = 30_000) -> None:
        self._generator = generator
        self._lock = RLock()
        self._touched: dict[int, tuple[Entry, bytes]] = {}
        self._touched_ranks: dict[str, int] = {}
        # The touched entries in order, and their ranks. Replaced together, never changed in place:
        # whoever is reading goes on with what was there when it began.
        self._overlay: tuple[list[Entry], frozenset[int]] = ([], frozenset())
        self._next_rank = generator.count
        self._encoded = lru_cache(maxsize=cache)(self._encode)

    def __len__(self) -> int:
        return self._next_rank

    def find(self, number: str) -> Entry | None:
        """The order with this number."""
        if number in self._touched_ranks:
            return self._touched[self._touched_ranks[number]][0]
        place = self._generator.place(number)
        return None if place is None else self._generator.entry(place)

    def encoded(self, entry: Entry) -> bytes:
        """The order as Amazon's JSON."""
        touched = self._touched.get(entry.rank)
        return touched[1] if touched else self._encoded(entry.rank)

    def order(self, number: str) -> Order:
        """The order by its shape. Raises UnknownOrder; ValueError for a raw order that has none."""
        entry = self.find(number)
        if entry is None:
            raise UnknownOrder(f"There is no order {number}.")
        return msgspec.json.decode(self.encoded(entry), type=Order)

    def scan(self, by: By, start: int, end: int, after: Key | None = None, descending: bool = False) -> Iterator[Entry]:
        """Orders created, changed or updated from `start` until before `end`, by creation date.

        Times in seconds since 1970. `after` is the key of the last order that was had already.
        """
        overlay, ranks = self._overlay
        touched = [e for e in overlay if after is None or _passed(e, after, descending)]
        places: Iterable[int] = self._places(start - LONGEST_LAG[by], end, after, descending)
        if by == "changed":
            places = filter(self._generator.may_be_changed, places)
        entries: Iterator[Entry] = merge(
            self._untouched(places, ranks),
            reversed(touched) if descending else touched,
            key=lambda entry: entry.key,
            reverse=descending,
        )
        for entry in entries:
            when = getattr(entry, by)
            if when is not None and start <= when < end:
                yield entry

    def __iter__(self) -> Iterator[Entry]:
        """Every order by creation date."""
        touched, ranks = self._overlay
        untouched = self._untouched(range(self._generator.count), ranks)
        yield from merge(untouched, touched, key=lambda entry: entry.key)

    def add(self, count: int, placed: datetime, shown: Mapping[str, Any]) -> list[str]:
        """Place `count` new orders; `shown` sets members of Entry (vendor_code, ship_to, state)."""
        with self._lock:
            entries = []
            for _ in range(count):
                fresh = self._generator.new_entry(self._next_rank, int(placed.timestamp()))
                entries.append(replace(fresh, **shown))
                self._next_rank += 1
            self._touch([(e, msgspec.json.encode(self._generator.order(e))) for e in entries])
        return [entry.number for entry in entries]

    def change(self, number: str, change: Change, now: datetime) -> None:
        """Change an order as Amazon does. Raises UnknownOrder."""
        with self._lock:
            order = self.order(number)
            details = order.order_details
            now = max(now.replace(microsecond=0), _just_after(details.purchase_order_date))
            _set_quantities(order, {**change.quantities, **dict.fromkeys(change.cancel, 0)})
            details.items.extend(self._more_lines(order, change.add_lines))
            if change.window and details.ship_window:
                details.ship_window = change.window
            elif change.window:
                details.delivery_window = change.window
            if change.ship_to:
                details.ship_to_party = Party(party_id=change.ship_to)
            if replace(change, state=None) != Change():
                details.purchase_order_changed_date = now
            if change.state:
                order.purchase_order_state = change.state
                details.purchase_order_state_changed_date = now
            self.put(msgspec.json.encode(order), now)

    def put(self, raw: bytes, now: datetime) -> str:
        """Keep this JSON object as an order, whatever is wrong with it; it needs a number only.

        An order with the same number is replaced and keeps its place; a new one is placed at its
        purchaseOrderDate, or `now` where that cannot be read.
        """
        body = msgspec.json.decode(raw)
        if not isinstance(body, dict) or not isinstance(body.get("purchaseOrderNumber"), str):
            raise ValueError("An order must be a JSON object with a purchaseOrderNumber.")  # noqa: TRY004
        with self._lock:
            entry = _read(body, self.find(body["purchaseOrderNumber"]), self._next_rank, now)
            self._next_rank = max(self._next_rank, entry.rank + 1)
            self._touch([(entry, raw)])
        return entry.number

    def _encode(self, place: int) -> bytes:
        return msgspec.json.encode(self._generator.order(self._generator.entry(place)))

    def _untouched(self, places: Iterable[int], touched: frozenset[int]) -> Iterator[Entry]:
        return (self._generator.entry(place) for place in places if place not in touched)

    def _places(self, start: int, end: int, after: Key | None, descending: bool) -> range:
        first, last = self._generator.first_at(start), self._generator.first_at(end)
        if after and descending:
            # The order with that key itself was had already; keys are unique.
            last = min(last, self._generator.first_after((after[0], after[1] - 1)))
        elif after:
            first = max(first, self._generator.first_after(after))
        places = range(first, max(first, last))
        return places[::-1] if descending else places

    def _touch(self, orders: Sequence[tuple[Entry, bytes]]) -> None:
        self._touched.update({entry.rank: (entry, raw) for entry, raw in orders})
        self._touched_ranks.update({entry.number: entry.rank for entry, _ in orders})
        entries = sorted((entry for entry, _ in self._touched.values()), key=lambda e: e.key)
        self._overlay = entries, frozenset(self._touched)

    def _more_lines(self, order: Order, count: int) -> list[Line]:
        selling = order.order_details.selling_party
        country = country_of(selling.party_id if selling else "")
        have = len(order.order_details.items)
        return [self._generator.line(have + more, len(self) + have + more, country, 6) for more in range(1, count + 1)]


def _passed(entry: Entry, after: Key, descending: bool) -> bool:
    return entry.key < after if descending else entry.key > after


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
    details = _object(body.get("orderDetails"))
    fallback = int(now.timestamp())
    created = known.created if known else _seconds(details.get("purchaseOrderDate")) or fallback
    items = details.get("items")
    lines = [_object(line) for line in items] if isinstance(items, list) else []
    return Entry(
        number=body["purchaseOrderNumber"],
        rank=known.rank if known else rank,
        created=created,
        changed=_seconds(details.get("purchaseOrderChangedDate")),
        state=str(body.get("purchaseOrderState", "")),
        state_changed=_seconds(details.get("purchaseOrderStateChangedDate")) or created,
        received=known.received if known else None,
        vendor_code=str(_object(details.get("sellingParty")).get("partyId", "")),
        ship_to=str(_object(details.get("shipToParty")).get("partyId", "")),
        has_cancelled_line=any(_object(line.get("orderedQuantity")).get("amount") == 0 for line in lines),
    )


def _object(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _seconds(value: object) -> int | None:
    try:
        moment = datetime.fromisoformat(str(value))
    except ValueError:
        return None
    return int((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp())
