"""The statuses beside documents, found through their key and given out as plain data."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec

from approdo.many import select
from approdo.sales.models import DocumentStatus, SaleDocument, StatusLine
from approdo.sales.status_rows import FIGURES
from approdo.sdk.documents import DocumentType

LINE = ("sequence", "asin", "vendor_sku", "confirmation", "receiving")
LINE_COLUMNS = (
    "status_id", "position", "id", "acknowledged_date", "last_receive_date", "given", "history", *LINE, *FIGURES,
)  # fmt: skip


def status_of(document: SaleDocument) -> DocumentStatus | None:
    """The newest status of an order, or none."""
    if document.type != DocumentType.ORDER:
        return None
    found = DocumentStatus.objects.filter(node=document.node_id, program=document.program, number=document.number)
    return found.select_related("node").first()


def of(documents: Sequence[SaleDocument]) -> dict[int, dict[str, Any]]:
    """By document, its status with its lines, as the REST API gives it; documents without one are not there."""
    orders = {(one.node_id, one.program, one.number): one.pk for one in documents if one.type == DocumentType.ORDER}
    nodes, programs, numbers = (set(part) for part in zip(*orders, strict=True)) if orders else ((), (), ())
    rows = [
        row
        for row in DocumentStatus.objects.filter(node__in=nodes, program__in=programs, number__in=numbers)
        if (row.node_id, row.program, row.number) in orders
    ]
    lines: dict[int, list[dict[str, Any]]] = {row.pk: [] for row in rows}
    for status, _position, _number, *line in sorted(select(StatusLine, LINE_COLUMNS, {}, "status_id", lines)):
        lines[status].append(_line(*line))
    return {orders[row.node_id, row.program, row.number]: _status(row, lines[row.pk]) for row in rows}


def open_dates(node: int, program: str, since: datetime) -> list[datetime]:
    """The dates of a node's orders, not older than `since`, of which Amazon still expects goods."""
    found = DocumentStatus.objects.filter(node=node, program=program, status="open", date__gte=since)
    return [date for date in found.order_by("date").values_list("date", flat=True).distinct() if date]


def quantity(line: StatusLine, figure: str) -> dict[str, Any] | None:
    """A figure of a line as it was given and in eaches; none where Amazon said nothing."""
    given = line.given.get(figure)
    return None if given is None else {**given, "eaches": getattr(line, figure)}


def _status(row: DocumentStatus, lines: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "status": row.status,
        "confirmation": row.confirmation,
        "receiving": row.receiving,
        "last_updated_date": _moment(row.last_updated_date),
        "version": row.version,
        "updated_at": _moment(row.updated_at),
        "lines": lines,
    }


def _line(acknowledged: Any, received: Any, given_text: str, history_text: str, *values: Any) -> dict[str, Any]:
    """A line from `LINE_COLUMNS` as the driver gives it."""
    line = dict(zip((*LINE, *FIGURES), values, strict=True))
    given, history = msgspec.json.decode(given_text), msgspec.json.decode(history_text)
    for figure in FIGURES:
        line[figure] = {**given[figure], "eaches": line[figure]} if given.get(figure) is not None else None
    line["acknowledged_date"], line["last_receive_date"] = _stored(acknowledged), _stored(received)
    line["quantity_changes"] = history.get("quantity_changes", [])
    line["acknowledgements"] = history.get("acknowledgements", [])
    return line


def _stored(moment: datetime | None) -> str | None:
    """A moment as the driver gives it: that of SQLite does not say that it is UTC."""
    return None if moment is None else f"{moment.isoformat().removesuffix('+00:00')}Z"


def _moment(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat().replace("+00:00", "Z")
