"""Takes an answer apart by its brackets alone, so that one order that cannot be decoded does not cost its page.

The decoder refuses a whole body for a lone surrogate, for bytes that are no UTF-8, or for endless
nesting in one of its orders. Used only on what it refused: scanning in Python is slow.
"""

import re
from collections.abc import Collection
from typing import NamedTuple

import msgspec

Path = tuple[str, ...]
"""The names that lead to a value; an element of a list has the name `ELEMENT`."""

ELEMENT = ""

_TOKEN = re.compile(rb'\s*+("(?:[^"\\]|\\.)*+"|[][{}:,]|[^][{}:,"\s]++)', re.DOTALL)
_SPACE = re.compile(rb"\s*+")
_OPENING = {b"}": b"{", b"]": b"["}
_DEEPEST = 3


class Parts(NamedTuple):
    """An answer in which some values were replaced by numbers, counted from 0, and these values."""

    rest: bytes
    values: list[bytes]


def take_apart(body: bytes, paths: Collection[Path]) -> Parts | None:
    """The body without the values at `paths`; nothing where its brackets or quotes do not match."""
    spans = _spans(body, paths)
    if spans is None:
        return None
    pieces, end = [], 0
    for number, (start, stop) in enumerate(spans):
        pieces += [body[end:start], str(number).encode()]
        end = stop
    return Parts(b"".join([*pieces, body[end:]]), [body[start:stop] for start, stop in spans])


_TEXT = msgspec.json.Decoder(str)


def text_at(body: bytes, path: Path) -> str:
    """The text at `path`, as far as its bytes can be read; empty where there is no plain text."""
    spans = _spans(body, [path])
    text = body[slice(*spans[-1])] if spans else b""
    if not text.startswith(b'"'):
        return ""
    try:
        return _TEXT.decode(text)
    except (msgspec.MsgspecError, ValueError):
        return "" if b"\\" in text else text[1:-1].decode("utf-8", "replace")


def _spans(body: bytes, paths: Collection[Path]) -> list[tuple[int, int]] | None:
    """Where each value at `paths` starts and stops."""
    spans: list[tuple[int, int]] = []
    opened: list[bytes] = []
    names: list[str | None] = []  # of the value to come, in each open bracket; None where a name is due
    begun: tuple[int, int] | None = None  # where the wanted value started, and how deep
    at = 0
    while token := _TOKEN.match(body, at):
        text, start, at = token[1], token.start(1), token.end()
        if text in _OPENING:
            if not opened or opened.pop() != _OPENING[text]:
                return None
            names.pop()
        elif text == b",":
            names[-1:] = [None if opened[-1:] == [b"{"] else ELEMENT]
            continue
        elif text == b":":
            continue
        elif names and names[-1] is None and text.startswith(b'"'):
            names[-1] = text[1:-1].decode("utf-8", "replace")
            continue
        elif begun is None and len(names) <= _DEEPEST and tuple(names) in paths:
            begun = (start, len(opened))
        if text in _OPENING.values():
            opened.append(text)
            names.append(None if text == b"{" else ELEMENT)
        elif begun and begun[1] == len(opened):
            spans.append((begun[0], at))
            begun = None
    whole = not opened and _SPACE.fullmatch(body, at)
    return spans if whole else None
