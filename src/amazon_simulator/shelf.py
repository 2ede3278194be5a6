"""The orders of one account and one program: generated ones, and over them those that were touched.

Retail and Direct Fulfillment orders differ in shape and history, not in how they are kept, found
by a window of time and paged through.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from heapq import merge
from threading import RLock
from typing import Any, Generic, Literal, Protocol, TypeVar

import msgspec

from amazon_simulator.timeline import Timeline

By = Literal["created", "changed", "updated", "stirred", "moved"]
Key = tuple[int, int]


class UnknownOrder(LookupError):
    """There is no such order, or no such line of it."""


class Kept(Protocol):
    """What is known of an order without making it; times in seconds since 1970, UTC."""

    @property
    def number(self) -> str:
        """The purchase order number."""

    @property
    def rank(self) -> int:
        """Its place among all orders of the account."""

    @property
    def created(self) -> int:
        """When it became available."""

    @property
    def key(self) -> Key:
        """By date of creation, and for equal dates always in the same order."""


E = TypeVar("E", bound=Kept)


@dataclass(frozen=True)
class Window:
    """Orders `by` created, changed ... from `start` until before `end` (seconds, UTC).

    `also`: orders of which this other moment lies in the window are in it too. Whether Amazon
    counts the bounds in is not known (reference 20); here the start counts, the end does not, so
    that neighbouring windows neither overlap nor leave a gap.
    """

    by: By
    start: int
    end: int
    also: By | None = None

    def holds(self, entry: Kept) -> bool:
        """Whether the order is inside."""
        return self._around(getattr(entry, self.by)) or (
            self.also is not None and self._around(getattr(entry, self.also))
        )

    def _around(self, moment: int | None) -> bool:
        return moment is not None and self.start <= moment < self.end


class Shelf(Generic[E]):
    """All orders of an account in one program. Safe to change while others read it.

    - `entry` makes what is known of the order at a place, `write` its JSON, `read` the entry of a
      raw order (its JSON object, the entry it replaces, the rank of a new one, now).
    - `lags`: how long after its creation each moment of a generated order may still lie.
    - `screens`: a quick test of a place, for moments that most orders do not have.

    Only orders that were touched are kept; `cache` is how many encoded ones are remembered besides.
    """

    def __init__(
        self,
        timeline: Timeline,
        *,
        entry: Callable[[int], E],
        write: Callable[[E], bytes],
        read: Callable[[Mapping[str, Any], E | None, int, datetime], E],
        lags: Mapping[By, int],
        screens: Mapping[By, Callable[[int], bool]],
        cache: int,
    ) -> None:
        self._timeline = timeline
        self._entry = entry
        self._write = write
        self._read = read
        self._lags = lags
        self._screens = screens
        self._lock = RLock()
        self._touched: dict[int, tuple[E, bytes]] = {}
        self._touched_ranks: dict[str, int] = {}
        # The touched entries in order, and their ranks. Replaced together, never changed in place:
        # whoever is reading goes on with what was there when it began.
        self._overlay: tuple[list[E], frozenset[int]] = ([], frozenset())
        self._next_rank = timeline.count
        self._encoded = lru_cache(maxsize=cache)(self._encode)

    def __len__(self) -> int:
        return self._next_rank

    def __iter__(self) -> Iterator[E]:
        """Every order by creation date."""
        touched, ranks = self._overlay
        untouched = self._untouched(range(self._timeline.count), ranks)
        yield from merge(untouched, touched, key=lambda entry: entry.key)

    def find(self, number: str) -> E | None:
        """The order with this number."""
        if number in self._touched_ranks:
            return self._touched[self._touched_ranks[number]][0]
        place = self._timeline.place(number)
        return None if place is None else self._entry(place)

    def known(self, number: str) -> E:
        """The order with this number. Raises UnknownOrder."""
        entry = self.find(number)
        if entry is None:
            raise UnknownOrder(f"There is no order {number}.")
        return entry

    def encoded(self, entry: E) -> bytes:
        """The order as Amazon's JSON."""
        touched = self._touched.get(entry.rank)
        return touched[1] if touched else self._encoded(entry.rank)

    def scan(self, window: Window, after: Key | None = None, descending: bool = False) -> Iterator[E]:
        """The orders of a window by creation date.

        `after` is the key of the last order that was had already.
        """
        overlay, ranks = self._overlay
        touched = [e for e in overlay if after is None or _passed(e, after, descending)]
        lag = max(self._lags[by] for by in (window.by, window.also) if by)
        places: Iterable[int] = self._places(window.start - lag, window.end, after, descending)
        if window.by in self._screens and window.also is None:
            places = filter(self._screens[window.by], places)
        entries: Iterator[E] = merge(
            self._untouched(places, ranks),
            reversed(touched) if descending else touched,
            key=lambda entry: entry.key,
            reverse=descending,
        )
        return filter(window.holds, entries)

    def put(self, raw: bytes, now: datetime) -> str:
        """Keep this JSON object as an order, whatever is wrong with it; it needs a number only.

        An order with the same number is replaced and keeps its place; a new one is placed at its
        date, or `now` where that cannot be read.
        """
        body = msgspec.json.decode(raw)
        if not isinstance(body, dict) or not isinstance(body.get("purchaseOrderNumber"), str):
            raise ValueError("An order must be a JSON object with a purchaseOrderNumber.")  # noqa: TRY004
        with self._lock:
            entry = self._read(body, self.find(body["purchaseOrderNumber"]), self._next_rank, now)
            self._next_rank = max(self._next_rank, entry.rank + 1)
            self._touch([(entry, raw)])
        return entry.number

    def _place_new(self, count: int, make: Callable[[int], E]) -> list[str]:
        """Place `count` new orders, made by their ranks; their numbers."""
        with self._lock:
            entries = [make(self._next_rank + more) for more in range(count)]
            self._next_rank += count
            self._touch([(entry, self._write(entry)) for entry in entries])
        return [entry.number for entry in entries]

    def _encode(self, place: int) -> bytes:
        return self._write(self._entry(place))

    def _untouched(self, places: Iterable[int], touched: frozenset[int]) -> Iterator[E]:
        return (self._entry(place) for place in places if place not in touched)

    def _places(self, start: int, end: int, after: Key | None, descending: bool) -> range:
        first, last = self._timeline.first_at(start), self._timeline.first_at(end)
        if after and descending:
            # The order with that key itself was had already; keys are unique.
            last = min(last, self._timeline.first_after((after[0], after[1] - 1)))
        elif after:
            first = max(first, self._timeline.first_after(after))
        places = range(first, max(first, last))
        return places[::-1] if descending else places

    def _touch(self, orders: Sequence[tuple[E, bytes]]) -> None:
        self._touched.update({entry.rank: (entry, raw) for entry, raw in orders})
        self._touched_ranks.update({entry.number: entry.rank for entry, _ in orders})
        entries = sorted((entry for entry, _ in self._touched.values()), key=lambda e: e.key)
        self._overlay = entries, frozenset(self._touched)


def _passed(entry: Kept, after: Key, descending: bool) -> bool:
    return entry.key < after if descending else entry.key > after
