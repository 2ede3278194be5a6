"""What a receiver may answer: its own number of a document, or that it did not take one. Read leniently."""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from approdo.sdk.exports import Handed, Refusal

LONGEST = 300
LISTS = ("items", "receipts")
"""As `POST /exports/{connector}/receipts` answers and as it is given."""


def read(content: bytes, documents: Sequence[Mapping[str, Any]]) -> Handed:
    """What became of each document. Of those that the answer does not name nothing was said against."""
    numbers = {document["id"]: document["number"] for document in documents}
    receipts: dict[int, str] = {}
    refused: dict[int, Refusal] = {}
    for one in _entries(content):
        document = _number(one.get("document"))
        if document is None or document not in numbers:
            continue
        if one.get("result") == "refused":
            said = _text(one.get("detail")) or _text(one.get("code")) or "–"
            refused[document] = Refusal("document_refused", {"number": numbers[document], "said": said})
        if receipt := _text(one.get("receipt")):
            receipts[document] = receipt[:200]
    return Handed(receipts=receipts, refused=refused)


def _entries(content: bytes) -> list[dict[str, Any]]:
    """What stands in the answer's list; nothing where it is not of this kind."""
    try:
        answer = msgspec.json.decode(content) if content else None
    except (msgspec.DecodeError, RecursionError):
        return []
    if isinstance(answer, dict):
        answer = next((answer[name] for name in LISTS if isinstance(answer.get(name), list)), None)
    return [one for one in answer if isinstance(one, dict)] if isinstance(answer, list) else []


def _number(value: Any) -> int | None:
    if isinstance(value, str) and value.isascii() and value.isdecimal() and len(value) < 19:
        return int(value)
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _text(value: Any) -> str:
    if isinstance(value, bool) or not isinstance(value, str | int):
        return ""
    words = " ".join(str(value).split())
    return "".join(sign for sign in words if sign.isprintable())[:LONGEST]
