"""Codes without a match: listed while a line carries them, never guessed.

A line holds the number of its code, so that the list is exact whatever becomes of orders: a code counts as long
as a line holds its number, and its row goes when none does. Whoever gives a line a number has locked the code's
row before, whoever takes a row away locks it before looking for lines.
"""

from collections.abc import Collection, Iterable
from datetime import datetime
from functools import reduce
from hashlib import blake2b
from operator import or_
from typing import Any

import msgspec
from django.db.models import OuterRef, QuerySet, Subquery

from approdo.catalog.recode import Code
from approdo.exchanges.models import UnmatchedCode
from approdo.many import select
from approdo.sales.bulk import upsert
from approdo.sales.models import SaleDocument, SaleLine
from approdo.sales.queries import prefix

COLUMNS = ("node_id", "key", *Code._fields, "first_seen", "last_seen")

MOST_COUNTED = 1000
"""Lines of a code are counted up to here; what has more has at least so many."""

MOST_FORGOTTEN = 1000
"""Rows that are taken away at once."""

MOST_FOUND = 1000


def numbers(node: int, codes: Collection[Code], at: datetime, *, came: bool) -> dict[Code, int]:
    """The numbers of these codes, which are listed from now on and locked until the transaction ends.

    `came`: an order just brought them.
    """
    keys = {_key(code): code for code in codes if code.vendor_sku or code.asin}
    if not keys:
        return {}
    # In one order, so that two who want the same ones do not wait for each other.
    rows = [(node, key, *code, at, at) for key, code in sorted(keys.items())]
    upsert(UnmatchedCode, COLUMNS, rows, ("key", "node_id"), ("last_seen",) if came else ("node_id",))
    return {keys[key]: pk for key, pk in select(UnmatchedCode, ("key", "id"), {"node_id": node}, "key", keys)}


def _key(code: Code) -> str:
    return blake2b(msgspec.json.encode(code), digest_size=16).hexdigest()


def listed() -> QuerySet[UnmatchedCode]:
    """The codes that a line carries."""
    return _with_line().filter(line__isnull=False)


def _with_line() -> QuerySet[Any]:
    """Codes with one of their lines, looked up row by row: asked whether one exists, PostgreSQL reads all lines."""
    line = SaleLine.objects.filter(unmatched=OuterRef("pk")).order_by().values("pk")
    return UnmatchedCode.objects.alias(line=Subquery(line[:1]))


def search(rows: QuerySet[UnmatchedCode], text: str) -> QuerySet[UnmatchedCode]:
    """Those whose vendor SKU or ASIN begins with `text`. Through indexes."""
    text = text.strip()
    found = [prefix(column, spelling) for column in ("vendor_sku", "asin") for spelling in {text, text.upper()}]
    return rows.filter(reduce(or_, found)) if text else rows


def documents() -> list[int]:
    """The newest `MOST_FOUND` documents with a line that carries such a code, through their index."""
    lines = SaleLine.objects.filter(unmatched__isnull=False).order_by("-document")
    return list(lines.values_list("document", flat=True).distinct()[:MOST_FOUND])


def forget(codes: Collection[int]) -> None:
    """Take away those of the codes that no line carries any more. One that somebody else is at is left to them."""
    if not codes:
        return
    locked = UnmatchedCode.objects.select_for_update(skip_locked=True).filter(pk__in=codes).order_by("pk")
    ours = list(locked.values_list("pk", flat=True))
    _with_line().filter(pk__in=ours, line__isnull=True).delete()


def left_over() -> list[int]:
    """Some of the codes that no line carries and that are still there."""
    found = _with_line().filter(line__isnull=True).order_by("pk").values_list("pk", flat=True)
    return list(found[:MOST_FORGOTTEN])


def line_counts(codes: Collection[int]) -> dict[int, int]:
    """How many lines carry each of the codes; of one with `MOST_COUNTED` there may be more."""
    lines = SaleLine.objects.order_by().values("pk")
    return {code: lines.filter(unmatched=code)[:MOST_COUNTED].count() for code in codes}


def examples(codes: Iterable[int]) -> dict[int, SaleDocument]:
    """For each of the codes the newest order that carries it."""
    lines = SaleLine.objects.order_by("-document").values_list("document", flat=True)
    documents = {code: lines.filter(unmatched=code).first() for code in codes}
    found = SaleDocument.objects.only("number").in_bulk({pk for pk in documents.values() if pk})
    return {code: found[pk] for code, pk in documents.items() if pk}
