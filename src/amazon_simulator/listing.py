"""A list operation's page: choose by window and filters, cut by limit, go on by token."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import chain, islice
from math import ceil
from typing import Any, Generic

from amazon_simulator import paging
from amazon_simulator.messages import Answer, Refused, invalid_input
from amazon_simulator.shelf import By, E, Shelf, Window

# Reference 5.1: no window longer than 7 days, no order older than six months.
LONGEST_WINDOW = timedelta(days=7)
REACH = timedelta(days=184)
_FOREVER = 1 << 40


def read_window(values: Mapping[str, Any], now: datetime, *kinds: By) -> Window:
    """The window that the parameters name: exactly one pair of them (reference 5.1).

    Of half a pair the other half is now, or seven days before. Raises Refused (400).
    """
    named = [by for by in kinds if f"{by}After" in values or f"{by}Before" in values]
    if len(named) != 1:
        pairs = " or ".join(f"{by}After and {by}Before" for by in kinds)
        raise Refused(invalid_input(f"Give exactly one pair: {pairs}."))
    by = named[0]
    end = values.get(f"{by}Before", now)
    start = values.get(f"{by}After", end - LONGEST_WINDOW)
    if end < start:
        raise Refused(invalid_input(f"{by}Before is earlier than {by}After."))
    if end - start > LONGEST_WINDOW:
        raise Refused(invalid_input("The date range must not exceed 7 days."))
    return Window(by, ceil(start.timestamp()), ceil(end.timestamp()))


@dataclass
class Page:
    """Encoded orders and the token of the next page."""

    orders: list[bytes]
    next_token: str | None

    def answer(self, member: str, *, in_payload: bool = True) -> Answer:
        """The page in its envelope; without a next page there is no pagination."""
        token = self.next_token
        pagination = f'"pagination":{{"nextToken":"{token}"}},' if token else ""
        start = f'{{{pagination}"{member}":['.encode()
        page = b"".join((start, b",".join(self.orders), b"]}"))
        return Answer(200, b'{"payload":' + page + b"}" if in_payload else page)


@dataclass(frozen=True)
class Listing(Generic[E]):
    """One list request, checked: what it asks for and how an order is written in its answer."""

    book: Shelf[E]
    window: Window
    matches: Callable[[E], bool]
    encode: Callable[[E], bytes]
    oldest: int
    limit: int
    descending: bool
    position: paging.Position
    token_at: Callable[[paging.Position], str]

    def page(self) -> Page:
        """The page that was asked for."""
        found = list(islice(self._found(), self.limit + 1))
        served = found[: self.limit]
        more = len(found) > self.limit
        token = self.token_at(paging.Position(served[-1].key)) if more else None
        return Page([self.encode(entry) for entry in served], token)

    def former(self) -> E | None:
        """The last order of the page before this one."""
        key = self.position.after
        around = self.book.scan(Window("created", key[0], key[0] + 1)) if key else iter(())
        return next((entry for entry in around if entry.key == key), None)

    def outside_window(self) -> E | None:
        """An order that the window excludes though the filters let it through."""
        window = self.window
        before = self.book.scan(Window("created", self.oldest, window.start), descending=True)
        after = self.book.scan(Window("created", window.end, _FOREVER))
        near = chain(islice(before, 1000), islice(after, 1000))
        return next((e for e in near if self.matches(e) and not window.holds(e)), None)

    def outside_filter(self) -> E | None:
        """An order of the window that the filters exclude."""
        window = islice(self.book.scan(self.window), 1000)
        return next((entry for entry in window if not self.matches(entry)), None)

    def _found(self) -> Iterator[E]:
        entries = self.book.scan(self.window, self.position.after, self.descending)
        return (e for e in entries if e.created >= self.oldest and self.matches(e))
