"""Single values as Amazon writes them: texts, moments, windows, exact numbers.

Texts and moments are read as far as they can be; a number is exact, or refused.
"""

import re
from datetime import UTC, datetime
from decimal import Decimal
from functools import lru_cache
from typing import Any

from approdo.sdk.documents import Window
from approdo.sdk.errors import UnreadableDocument

Loose = Any
"""A string or a number by the model; whatever came, by experience."""

_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d{1,3})?", re.ASCII)

DIGITS = 18
"""Significant digits of an amount: times a quantity it still fits the 28 that are exact."""

_EACHES = frozenset({"eaches", "each"})
_CASES = frozenset({"cases", "case"})

LARGEST_EXPONENT, SMALLEST_EXPONENT = 13, -12
LARGEST_QUANTITY = 10**10
LONGEST_NUMBER = 100
EARLIEST_YEAR, LATEST_YEAR = 2, 9998
REMEMBERED = 50_000


def to_text(value: Loose) -> str:
    """What is written there; empty for nothing, or for an object. No database takes a NUL."""
    if value is None:
        return ""
    if isinstance(value, str):
        return (value.replace("\0", "") if "\0" in value else value).strip()
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value) if isinstance(value, int | Decimal) else ""


def to_flag(value: Loose) -> bool | None:
    """True, false, or null for anything else."""
    if value is True or value is False or value is None:
        return value
    return {"true": True, "false": False}.get(to_text(value).lower())


def to_moment(value: Loose) -> datetime | None:
    """ISO 8601 as aware UTC; without a zone it is taken for UTC.

    Null where it is no date, or none of the years in which any zone's calendar can show it.
    """
    try:
        moment = datetime.fromisoformat(to_text(value))
        moment = (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        return None
    return moment if EARLIEST_YEAR <= moment.year <= LATEST_YEAR else None


def to_window(value: Loose) -> Window | None:
    """`start--end` (reference 5.3); a lone date is its start."""
    start, _, end = to_text(value).partition("--")
    window = Window(start=to_moment(start), end=to_moment(end))
    return window if window.start or window.end else None


def to_amount(value: Loose, field: str) -> Decimal | None:
    """An exact amount, or null for null.

    Raises `UnreadableDocument`: `not_an_amount` for what is not a finite number,
    `number_out_of_range` for one that no price can be.
    """
    if value is None:
        return None
    amount = _sane(value) if isinstance(value, str) else None
    if amount is not None:
        return amount
    text = _number_text(value)
    if _number(text) is None:
        raise UnreadableDocument("not_an_amount", field=field, value=text[:40])
    amount = _sane(text)
    if amount is None:
        raise UnreadableDocument("number_out_of_range", field=field)
    return amount


def to_whole(value: Loose, field: str) -> int | None:
    """A whole number, negative ones included (reference 18, 11), or null for null.

    Raises as `to_amount` does; a broken number is `not_an_amount` too.
    """
    if type(value) is int and abs(value) < LARGEST_QUANTITY:  # a flag is an int too, and no number
        return value
    number = to_amount(value, field)
    if number is None:
        return None
    whole = int(number)
    if whole != number:
        raise UnreadableDocument("not_an_amount", field=field, value=to_text(value)[:40])
    if abs(whole) >= LARGEST_QUANTITY:
        raise UnreadableDocument("number_out_of_range", field=field)
    return whole


def to_unit(value: Loose) -> str:
    """`eaches` or `cases` however they are written (reference 8); any other unit as it is."""
    return _unit(to_text(value))


def is_each(unit: str) -> bool:
    """Whether the unit is a single piece."""
    return unit.lower() in _EACHES


def to_eaches(quantity: int | None, unit: str, unit_size: int | None = None) -> int | None:
    """The quantity in pieces; null where the unit, or the size of a case, is not known."""
    if quantity is None:
        return None
    if unit == "eaches":
        return quantity
    return quantity * unit_size if unit == "cases" and unit_size and unit_size > 0 else None


def plain(value: Loose) -> Any:
    """One spelling for equal numbers: `1.1` for `1.10` and `110e-2`. Anything else as it is."""
    spelled = _plain(_number_text(value))
    return value if spelled is None else spelled


def _number_text(value: Loose) -> str:
    return "" if isinstance(value, bool) else to_text(value)


# The same few prices, quantities and units stand on thousands of lines: each is worked out once.


@lru_cache(REMEMBERED)
def _unit(text: str) -> str:
    if is_each(text):
        return "eaches"
    return "cases" if text.lower() in _CASES else text


@lru_cache(REMEMBERED)
def _number(text: str) -> Decimal | None:
    return Decimal(text) if len(text) <= LONGEST_NUMBER and _NUMBER.fullmatch(text) else None


@lru_cache(REMEMBERED)
def _sane(written: str) -> Decimal | None:
    """The number that a text is, where a price can be that."""
    text = to_text(written)
    number = _number(text)
    return number if number is not None and _is_sane(text) else None


def _is_sane(text: str) -> bool:
    _, digits, exponent = Decimal(text).as_tuple()
    if not any(digits):
        return abs(int(exponent)) <= LONGEST_NUMBER
    significant = "".join(map(str, digits)).strip("0")
    return len(significant) <= DIGITS and (SMALLEST_EXPONENT <= Decimal(text).adjusted() <= LARGEST_EXPONENT)


@lru_cache(REMEMBERED)
def _plain(text: str) -> str | None:
    amount = _number(text)
    if amount is None or not _is_sane(text):
        return None
    digits = format(amount, "f")
    digits = digits.rstrip("0").rstrip(".") if "." in digits else digits
    return "0" if amount == 0 else digits
