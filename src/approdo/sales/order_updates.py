"""What an ERP says of an order, kept for the acknowledgement: its own number, and what becomes of each line.

Each different update is kept; the newest holds, with that part of the one before it that it does not give: the number,
or all of the lines. Nothing of it is sent to Amazon yet.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

import msgspec

from approdo.sales import invoicing, matching
from approdo.sales.bills import Taken
from approdo.sales.matching import Matched, Named, OrderLines, pieces
from approdo.sales.models import OrderUpdate, SaleLine
from approdo.sales.raw import compress, digest
from approdo.sdk.documents import Note
from approdo.sdk.errors import RefusedError

ANSWERS = ("accepted", "backordered", "rejected")
STATE = "stored"
"""Kept here, not sent to Amazon."""


class LineSaid(NamedTuple):
    """What an update says of one line: by its answer the quantity, unit and unit size, dates and reason."""

    named: Named
    answers: Mapping[str, Mapping[str, Any]]


class Said(NamedTuple):
    """An update as it came, who said it, and when (UTC)."""

    receipt: str
    lines: Sequence[LineSaid]
    raw: bytes
    by: str
    at: datetime


def take(said: Said, matched: Matched) -> Taken:
    """Keep an update of the one order that was found; one that says the same changes nothing.

    Raises `RefusedError` for what does not fit the order, and then has changed nothing.
    """
    (order,) = matched.orders.values()
    if not said.receipt and not any(line.answers for line in said.lines):
        raise RefusedError("nothing_said", field="order_update")
    matching.lock([order.pk])
    notes: list[Note] = []
    lines = _lines(said.lines, OrderLines(order, matched.recoded), notes)
    newest = invoicing.newest_updates([order.pk]).get(order.pk)
    receipt = said.receipt or (newest.receipt if newest else "")
    lines = lines or (newest.lines if newest else [])
    content = digest(msgspec.json.encode([receipt, _answers(lines)], order="sorted"))
    if newest and bytes(newest.digest) == content:
        return Taken("unchanged", order.pk, newest.number)
    number = newest.number + 1 if newest else 1
    OrderUpdate.objects.create(
        order=order,
        number=number,
        receipt=receipt,
        lines=lines,
        raw=compress(said.raw),
        digest=content,
        said_by=said.by[:150],
        received_at=said.at,
    )
    invoicing.refresh([order.pk])
    return Taken("accepted", order.pk, number, notes)


def as_data(update: OrderUpdate) -> dict[str, Any]:
    """An update as the API gives it."""
    return {
        "receipt": update.receipt or None,
        "version": update.number,
        "state": STATE,
        "received_at": update.received_at.isoformat().replace("+00:00", "Z"),
        "lines": [{**line, **{name: line.get(name) for name in ANSWERS}} for line in update.lines],
    }


def _lines(said: Sequence[LineSaid], order: OrderLines, notes: list[Note]) -> list[dict[str, Any]]:
    found = []
    seen: set[str] = set()
    for place, line in enumerate(said):
        field = f"order_update.lines.{place}"
        ordered = order.find(line.named, field)
        if ordered.sequence in seen:
            raise RefusedError("line_twice", value=ordered.sequence, field=field)
        seen.add(ordered.sequence)
        answers = {name: _answer(answer, ordered, f"{field}.{name}") for name, answer in line.answers.items()}
        _check(answers, ordered, field, notes)
        named = {"sequence": ordered.sequence, "asin": ordered.asin, "vendor_sku": ordered.vendor_sku}
        found.append({**named, "sku": ordered.sku, **answers})
    return found


def _answers(lines: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """What is said of the lines, without what their order says: that can change, and nobody said it."""
    return [{name: line[name] for name in ("sequence", *ANSWERS) if name in line} for line in lines]


def _answer(answer: Mapping[str, Any], ordered: SaleLine, field: str) -> dict[str, Any]:
    quantity, unit = answer["quantity"], answer["unit"]
    eaches, unit_size = pieces(quantity, unit, answer.get("unit_size"), ordered, field)
    stated = answer.get("eaches")
    if stated is not None and stated != eaches:
        raise RefusedError(
            "eaches_differ", quantity=quantity, unit=unit, eaches=eaches, value=stated, field=f"{field}.eaches"
        )
    return {**answer, "unit_size": unit_size, "eaches": eaches}


def _check(answers: Mapping[str, Mapping[str, Any]], ordered: SaleLine, field: str, notes: list[Note]) -> None:
    about: dict[str, Any] = {"order": ordered.document.number, "line": ordered.sequence, "field": field}
    answered = sum(answer["eaches"] for answer in answers.values())
    if ordered.eaches is None:
        notes.append(Note(code="quantity_not_compared", params=about))
    elif answered > ordered.eaches:
        raise RefusedError("answered_too_much", **about, value=answered, ordered=ordered.eaches)
    elif answered < ordered.eaches:
        notes.append(Note(code="not_all_answered", params={**about, "value": answered, "ordered": ordered.eaches}))
    if "backordered" in answers and not ordered.backorder_allowed:
        notes.append(Note(code="backorder_not_allowed", params=about))
