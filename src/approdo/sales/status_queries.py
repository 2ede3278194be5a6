"""The statuses beside documents, found through their key and given out as plain data."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec

from approdo.many import select
from approdo.sales.models import DocumentStatus, SaleDocument, StatusLine
from approdo.sales.status_rows import FIGURES
from approdo.sdk.documents import DocumentType

SHOWN = ("status", "confirmation", "receiving")
COLUMNS = ("id", "number", "last_updated_date", "updated_at", "version", *SHOWN)
LINE = ("sequence", "asin", "vendor_sku", "confirmation", "receiving", *FIGURES)
LINE_COLUMNS = ("status_id", "position", "id", "acknowledged_date", "last_receive_date", "given", "history", *LINE)


def status_of(document: SaleDocument) -> DocumentStatus | None:
    """The newest status of an order, or none."""
    if document.type != DocumentType.ORDER:
        return None
    found = DocumentStatus.objects.filter(node=document.node_id, program=document.program, number=document.number)
    return found.select_related("node").first()


def of(documents: Sequence[SaleDocument]) -> dict[int, dict[str, Any]]:
    """By document, its status with its lines, as the REST API gives it; documents without one are not there."""
    orders: dict[tuple[int, str], dict[str, int]] = defaultdict(dict)
    for one in documents:
        if one.type == DocumentType.ORDER:
            orders[one.node_id, one.program][one.number] = one.pk
    rows = [
        (pk, numbers[number], shown)
        for (node, program), numbers in orders.items()
        for pk, number, *shown in select(
            DocumentStatus, COLUMNS, {"node_id": node, "program": program}, "number", numbers
        )
    ]
    lines: dict[int, list[dict[str, Any]]] = {pk: [] for pk, _order, _shown in rows}
    for status, _position, _number, *line in sorted(select(StatusLine, LINE_COLUMNS, {}, "status_id", lines)):
        lines[status].append(_line(*line))
    return {order: {**_status(*shown), "lines": lines[pk]} for pk, order, shown in rows}


def open_dates(node: int, program: str, since: datetime) -> list[datetime]:
    """The dates of a node's orders, not older than `since`, of which Amazon still expects goods."""
    found = DocumentStatus.objects.filter(node=node, program=program, status="open", date__gte=since)
    return [date for date in found.order_by("date").values_list("date", flat=True).distinct() if date]


def quantity(line: StatusLine, figure: str) -> dict[str, Any] | None:
    """A figure of a line as it was given and in eaches; none where Amazon said nothing."""
    given = line.given.get(figure)
    return None if given is None else {**given, "eaches": getattr(line, figure)}


def _status(last_updated: datetime | None, updated: datetime, version: int, *values: str | None) -> dict[str, Any]:
    """A status from `COLUMNS` as the driver gives it."""
    return {
        **dict(zip(SHOWN, values, strict=True)),
        "last_updated_date": _stored(last_updated),
        "version": version,
        "updated_at": _stored(updated),
    }


def _line(acknowledged: Any, received: Any, given_text: str, history_text: str, *values: Any) -> dict[str, Any]:
    """A line from `LINE_COLUMNS` as the driver gives it."""
    line = dict(zip(LINE, values, strict=True))
    given, history = msgspec.json.decode(given_text), msgspec.json.decode(history_text)
    for figure in FIGURES:
        said = given.get(figure)
        if said is not None:
            said["eaches"] = line[figure]
        line[figure] = said
    line["acknowledged_date"], line["last_receive_date"] = _stored(acknowledged), _stored(received)
    line["quantity_changes"] = history.get("quantity_changes", [])
    line["acknowledgements"] = history.get("acknowledgements", [])
    return line


def _stored(moment: datetime | None) -> str | None:
    """A moment as the driver gives it: that of SQLite does not say that it is UTC."""
    return None if moment is None else f"{moment.isoformat().removesuffix('+00:00')}Z"
