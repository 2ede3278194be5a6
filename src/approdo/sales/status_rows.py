"""Statuses as rows: the limits of their columns, and the statements that write them."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

import msgspec
from django.db.models import OuterRef, Subquery

from approdo.many import select
from approdo.sales.bulk import upsert
from approdo.sales.models import (
    CODE_LENGTH,
    NUMBER_LENGTH,
    DocumentStatus,
    SaleDocument,
    StatusLine,
    StatusVersion,
)
from approdo.sdk.documents import DocumentType
from approdo.sdk.errors import UnreadableDocument
from approdo.sdk.statuses import LineStatus, OrderStatus, Quantity

LARGEST = 2**63 - 1

KEY = ("node_id", "program", "number")
CONTENT = (
    "status", "confirmation", "receiving", "date", "last_updated_date", "vendor_code", "ship_to",
    "asked_at", "version", "raw_digest", "content_digest", "last_run", "updated_at",
)  # fmt: skip
FIGURES = ("ordered", "cancelled", "accepted", "rejected", "received")
COPIED = {"amazon_status": "status", "confirmation": "confirmation", "receiving": "receiving"}
"""What a list filters by: the columns of a document, and those of its status that they are copied from."""

LINE_KEY = ("status_id", "sequence")
LINE_CONTENT = (
    "position", "asin", "vendor_sku", "confirmation", "receiving", *FIGURES,
    "acknowledged_date", "last_receive_date", "given", "history",
)  # fmt: skip
VERSION = ("status_id", "number", "raw", "run", "received_at")


class StatusRow(NamedTuple):
    """A status and what is recorded about its arrival."""

    status: OrderStatus
    version: int
    raw_digest: bytes
    content_digest: bytes
    asked_at: datetime
    node: int
    run: int | None
    at: datetime


def check(status: OrderStatus) -> None:
    """Raise `UnreadableDocument` for what no column can hold: it must not stop the rest of its page."""
    _fits("number", status.number, NUMBER_LENGTH)
    _fits("status", status.status, 40)
    _fits("selling_party", status.vendor_code, CODE_LENGTH)
    _fits("ship_to_party", status.ship_to, CODE_LENGTH)
    for line in status.lines:
        _fits("sequence", line.sequence, NUMBER_LENGTH)
        for name in ("asin", "vendor_sku", "confirmation", "receiving"):
            _fits(name, getattr(line, name), CODE_LENGTH)
        for name in FIGURES:
            if abs(_eaches(getattr(line, name)) or 0) > LARGEST:
                raise UnreadableDocument("number_out_of_range", field=name)


def _fits(name: str, text: str, limit: int) -> None:
    if len(text) > limit:
        raise UnreadableDocument("field_too_long", field=name, limit=limit)


def write_statuses(statuses: Sequence[StatusRow]) -> None:
    """Insert or update statuses."""
    rows = [
        (
            one.node, one.status.program, one.status.number,
            one.status.status, one.status.confirmation, one.status.receiving, one.status.date,
            one.status.last_updated_date, one.status.vendor_code, one.status.ship_to,
            one.asked_at, one.version, one.raw_digest, one.content_digest, one.run, one.at,
        )
        for one in statuses
    ]  # fmt: skip
    upsert(DocumentStatus, (*KEY, *CONTENT), rows, KEY, CONTENT)


def write_lines(statuses: Sequence[tuple[int, OrderStatus]]) -> None:
    """Put these lines in the place of the former ones, which the raw versions keep."""
    StatusLine.objects.filter(status_id__in=[pk for pk, _ in statuses]).delete()
    rows = [_line_row(pk, position, line) for pk, status in statuses for position, line in enumerate(status.lines, 1)]
    upsert(StatusLine, (*LINE_KEY, *LINE_CONTENT), rows, LINE_KEY, LINE_CONTENT)


def write_versions(versions: Sequence[tuple[int, int, bytes]], run: int | None, at: datetime) -> None:
    """Keep the raw text (compressed) of each (status, version)."""
    rows = [(pk, number, raw, run, at) for pk, number, raw in versions]
    upsert(StatusVersion, VERSION, rows, ("status_id", "number"), ())


def attach(node: int, program: str, numbers: Sequence[str]) -> None:
    """Copy to the orders with these numbers, as far as they are stored, what a list filters by."""
    if not numbers:
        return
    # By number alone, the rest here: asked for all of the key, SQLite reads every row of the node.
    known = select(DocumentStatus, ("node_id", "program", "number", *COPIED.values()), {}, "number", numbers)
    said = {
        number: copies for of_node, of_program, number, *copies in known if (of_node, of_program) == (node, program)
    }
    if not said:
        return
    found = SaleDocument.objects.filter(number__in=said).values_list("node", "program", "type", "number", "pk", *COPIED)
    stale = [
        pk
        for of_node, of_program, kind, number, pk, *copies in found
        if (of_node, of_program, kind) == (node, program, DocumentType.ORDER) and copies != said[number]
    ]
    if stale:
        status = DocumentStatus.objects.filter(node=node, program=program, number=OuterRef("number"))
        copies = {column: Subquery(status.values(source)[:1]) for column, source in COPIED.items()}
        SaleDocument.objects.filter(pk__in=stale).update(**copies)


def _line_row(status: int, position: int, line: LineStatus) -> tuple[Any, ...]:
    quantities = {name: getattr(line, name) for name in FIGURES}
    given = {name: _given(quantity) for name, quantity in quantities.items() if quantity}
    history = {
        "quantity_changes": msgspec.to_builtins(line.quantity_changes),
        "acknowledgements": msgspec.to_builtins(line.acknowledgements),
    }
    return (
        status, line.sequence, position, line.asin, line.vendor_sku, line.confirmation, line.receiving,
        *(_eaches(quantity) for quantity in quantities.values()),
        line.acknowledged_date, line.last_receive_date, given, history,
    )  # fmt: skip


def _eaches(quantity: Quantity | None) -> int | None:
    return quantity.eaches if quantity else None


def _given(quantity: Quantity) -> dict[str, Any]:
    return {"quantity": quantity.quantity, "unit": quantity.unit, "unit_size": quantity.unit_size}
