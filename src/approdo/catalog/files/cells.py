"""What a cell holds: text that a spreadsheet cannot take for a formula or a number, and that reads back the same."""

import re
from typing import NamedTuple

MARK = "'"
"""Stands before a text that a spreadsheet would take for something else; reading takes one away."""

DANGEROUS = ("=", "+", "-", "@", "\t", "\r", MARK)

ROUNDED = re.compile(r"\d+(?:[.,]\d+)?E\+\d+", re.IGNORECASE)
"""A number as a spreadsheet shortens it: the digits that it dropped are in the file no more."""

WHOLE = re.compile(r"(\d+)[.,]0+")
"""A whole number as a spreadsheet writes it."""


class Spoilt(NamedTuple):
    """A cell that cannot be taken; `code` and the shown `value` make the sentence."""

    code: str
    value: str


def marked(text: str) -> str:
    """The text as a file holds it."""
    return MARK + text if text.startswith(DANGEROUS) or ROUNDED.fullmatch(text) else text


def plain(cell: str) -> str | Spoilt:
    """The text that a cell of a file stands for."""
    text = cell.strip()
    if text.startswith(MARK):
        return text[1:]
    if ROUNDED.fullmatch(text):
        return Spoilt("digits_lost", text)
    return text
