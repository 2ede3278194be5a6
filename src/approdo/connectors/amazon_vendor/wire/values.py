"""Single values as Amazon writes them: texts, moments, windows, exact numbers.

Texts and moments are read as far as they can be; a number is exact, or refused.
"""

import re
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from approdo.sdk.documents import Window
from approdo.sdk.errors import UnreadableDocument

Loose = Any
"""A string or a number by the model; whatever came, by experience."""

_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d{1,3})?", re.ASCII)

DIGITS = 18
"""Significant digits of an amount: times a quantity it still fits the 28 that are exact."""

LARGEST_EXPONENT, SMALLEST_EXPONENT = 13, -12
LARGEST_QUANTITY = 10**10
LONGEST_NUMBER = 100


def to_text(value: Loose) -> str:
    """What is written there; empty for nothing, or for an object. No database takes a NUL."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value).replace("\0", "").strip() if isinstance(value, str | int | Decimal) else ""


def to_flag(value: Loose) -> bool | None:
    """True, false, or null for anything else."""
    return {"true": True, "false": False}.get(to_text(value).lower())


def to_moment(value: Loose) -> datetime | None:
    """ISO 8601 as aware UTC; without a zone it is taken for UTC. Null where it is no date."""
    try:
        moment = datetime.fromisoformat(to_text(value))
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


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
    amount = _parsed(value)
    if amount is None:
        raise UnreadableDocument("not_an_amount", field=field, value=to_text(value)[:40])
    if not _sane(amount):
        raise UnreadableDocument("number_out_of_range", field=field)
    return amount


def to_whole(value: Loose, field: str) -> int | None:
    """A whole number, negative ones included (reference 18, 11), or null for null.

    Raises as `to_amount` does; a broken number is `not_an_amount` too.
    """
    number = to_amount(value, field)
    if number is None:
        return None
    if number != number.to_integral_value():
        raise UnreadableDocument("not_an_amount", field=field, value=to_text(value)[:40])
    if abs(number) >= LARGEST_QUANTITY:
        raise UnreadableDocument("number_out_of_range", field=field)
    return int(number)


def plain(value: Loose) -> Any:
    """One spelling for equal numbers: `1.1` for `1.10` and `110e-2`. Anything else as it is."""
    amount = _parsed(value)
    if amount is None or not _sane(amount):
        return value
    text = format(amount, "f")
    text = text.rstrip("0").rstrip(".") if "." in text else text
    return "0" if amount == 0 else text


def _parsed(value: Loose) -> Decimal | None:
    if isinstance(value, bool):
        return None
    text = to_text(value)
    return Decimal(text) if len(text) <= LONGEST_NUMBER and _NUMBER.fullmatch(text) else None


def _sane(amount: Decimal) -> bool:
    _, digits, exponent = amount.as_tuple()
    if amount == 0:
        return abs(int(exponent)) <= LONGEST_NUMBER
    significant = "".join(map(str, digits)).strip("0")
    return len(significant) <= DIGITS and SMALLEST_EXPONENT <= amount.adjusted() <= LARGEST_EXPONENT
