"""What codes, countries and time zones have to look like. Each check gives the value as it is kept, or refuses it."""

import unicodedata
from functools import cache
from zoneinfo import available_timezones

from django.core.exceptions import ValidationError

from approdo.catalog import gtin
from approdo.connectors import NODE_TYPES
from approdo.nodes.sentences import validation_error

EAN_LENGTHS = (8, 12, 13, 14)
ASIN_LENGTH = 10
UNPRINTABLE = frozenset({"Cc", "Cs"})
NO_CHARACTERS = frozenset("\ufffe\uffff")
"""No character of XML, and so of no spreadsheet."""


def code(text: str) -> str:
    """A code without the spaces around it. Invisible characters in it would never match what Amazon says."""
    text = text.strip()
    if not text.isprintable():
        raise validation_error("control_characters")
    return text


def words(text: str) -> str:
    """A text on one line, with single spaces between its words."""
    text = " ".join(text.split())
    if text.isascii() and text.isprintable():
        return text
    if not NO_CHARACTERS.isdisjoint(text) or any(unicodedata.category(one) in UNPRINTABLE for one in text):
        raise validation_error("control_characters")
    return text


def ean(text: str) -> str:
    """8, 12, 13 or 14 digits of which the last is right, in the one spelling that the table has of them."""
    if not (text.isascii() and text.isdecimal()):
        raise validation_error("not_digits", value=text)
    if len(text) not in EAN_LENGTHS:
        raise validation_error("not_an_ean", value=text, count=len(text))
    right = check_digit(text[:-1])
    if text[-1] != right:
        raise validation_error("wrong_check_digit", value=text, right=right)
    return gtin.usual(text)


def check_digit(digits: str) -> str:
    """The last digit of an EAN, reckoned from those before it: every other one counts three times, from the right."""
    total = sum(int(one) * (3 if place % 2 == 0 else 1) for place, one in enumerate(reversed(digits)))
    return str(-total % 10)


def asin(text: str) -> str:
    """Ten letters and digits, in upper case."""
    text = text.upper()
    if len(text) != ASIN_LENGTH or not (text.isascii() and text.isalnum()):
        raise validation_error("not_an_asin", value=text)
    return text


def marketplace(text: str) -> str:
    """The country of one of the marketplaces that a node type declares, in upper case; none stays none."""
    text = text.upper()
    if text and text not in marketplaces():
        raise validation_error("not_a_marketplace", value=text, known=", ".join(marketplaces()))
    return text


@cache
def marketplaces() -> dict[str, str]:
    """Every marketplace that a node can be for, as its type declares them: country and label."""
    return {
        choice.value: choice.label
        for node_type in NODE_TYPES
        for option in node_type.options
        if option.name == "marketplace"
        for choice in option.choices
    }


def country(text: str) -> str:
    """Two letters, in upper case; none stays none."""
    text = text.upper()
    if text and not (len(text) == 2 and text.isascii() and text.isalpha()):
        raise validation_error("not_a_country", value=text)
    return text


def time_zone(text: str) -> str:
    """A name of IANA's; none stays none."""
    if text and text not in _zones():
        raise validation_error("not_a_time_zone", name=text)
    return text


@cache
def _zones() -> frozenset[str]:
    return frozenset(available_timezones())


class Complaints:
    """What is wrong with each field, gathered so that all of it is said at once."""

    def __init__(self) -> None:
        self.found: dict[str, ValidationError] = {}

    def add(self, field: str, error: ValidationError) -> None:
        """Remember the first thing that is wrong with a field."""
        self.found.setdefault(field, error)

    def tell(self) -> None:
        """Raise `ValidationError` where anything is wrong."""
        if self.found:
            raise ValidationError(dict(self.found))
