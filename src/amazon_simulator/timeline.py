"""Generated orders along time: a place has a moment, a number and a die, by arithmetic alone.

No order is created before its predecessor, so that a window of time is a range of places and is
found by bisection. Times are whole seconds since 1970, UTC.
"""

from bisect import bisect_left
from datetime import datetime

HOUR = 3600
DAY = 24 * HOUR
# The newest order is this old at the anchor, so that a client that lets minutes settle sees it.
_SETTLED = 600
_JITTER = 1024
# How many numbers an account has before those of the next begin.
_ACCOUNT_SHARE = 10**9


class Numbers:
    """Order numbers of `length` signs that look shuffled and lead back to their position.

    `factor` must be coprime with the number of numbers: multiplying by it can be undone.
    """

    def __init__(self, alphabet: str, length: int, factor: int) -> None:
        self._values = {sign: value for value, sign in enumerate(alphabet)}
        self._alphabet = alphabet
        self._length = length
        self._count: int = len(alphabet) ** length
        self._factor = factor
        self._inverse: int = pow(factor, -1, self._count)

    def at(self, position: int) -> str:
        """The number at a position, counted from 0."""
        value = (position + 1) * self._factor % self._count
        signs = []
        for _ in range(self._length):
            value, digit = divmod(value, len(self._alphabet))
            signs.append(self._alphabet[digit])
        return "".join(reversed(signs))

    def position(self, number: str) -> int | None:
        """The position of a number, or None for what is not made of these signs."""
        if len(number) != self._length or not self._values.keys() >= set(number):
            return None
        value = 0
        for sign in number:
            value = value * len(self._alphabet) + self._values[sign]
        return value * self._inverse % self._count - 1


class Timeline:
    """When the orders of an account were created, and under which numbers.

    `count` of them lie in the `days` before `anchor`, growing denser towards it: half of them in
    the last quarter. No account shares a number with another.
    """

    def __init__(self, *, salt: int, account: int, count: int, days: int, anchor: datetime, numbers: Numbers) -> None:
        self.count = count
        self.anchor = int(anchor.timestamp())
        self._salt = mix(salt)
        self._first = account * _ACCOUNT_SHARE
        self._span = days * DAY - _SETTLED
        self._numbers = numbers

    def created(self, place: int) -> int:
        """When the order at this place was created."""
        whole = self.count * _JITTER
        rest = whole - (place * _JITTER + (self.dice(place) & _JITTER - 1))
        return self.anchor - _SETTLED - self._span * rest * rest // (whole * whole)

    def dice(self, place: int) -> int:
        """64 random bits of the order at this place."""
        return mix(self._salt + place)

    def first_at(self, moment: int) -> int:
        """The place of the first order created at `moment` or later."""
        return bisect_left(range(self.count), moment, key=self.created)

    def first_after(self, key: tuple[int, int]) -> int:
        """The place of the first order whose (created, place) is greater than `key`."""
        return bisect_left(range(self.count), True, key=lambda at: (self.created(at), at) > key)

    def number(self, place: int) -> str:
        """The number of the order at this place, also behind the generated ones."""
        return self._numbers.at(self._first + place)

    def place(self, number: str) -> int | None:
        """The place of the generated order with this number, if there is one."""
        position = self._numbers.position(number)
        if position is None:
            return None
        place = position - self._first
        return place if 0 <= place < self.count else None


def mix(value: int) -> int:
    """64 well-stirred bits (the SplitMix64 finaliser), much quicker than seeding `Random`."""
    value = (value * 0x9E3779B97F4A7C15 + 0x9E3779B97F4A7C15) & 0xFFFFFFFFFFFFFFFF
    value = ((value ^ value >> 30) * 0xBF58476D1CE4E5B9) & 0xFFFFFFFFFFFFFFFF
    value = ((value ^ value >> 27) * 0x94D049BB133111EB) & 0xFFFFFFFFFFFFFFFF
    return value ^ value >> 31
