"""Finding sale documents, quickly however many there are, and giving them out as plain data."""

import base64
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
from django.db import connection
from django.db.models import Q, QuerySet

from approdo.sales import billing_queries, personal, status_queries
from approdo.sales.fields import plain
from approdo.sales.models import SaleDocument, SaleLine
from approdo.sales.personal import Reader
from approdo.sdk.documents import Personal, PersonalLine
from approdo.sdk.errors import ConfigError

FILTERS = {
    "node": "node__name",
    "type": "type",
    "program": "program",
    "state": "state",
    "vendor_code": "vendor_code",
    "ship_to": "ship_to",
    "amazon_status": "amazon_status",
    "confirmation": "confirmation",
    "receiving": "receiving",
    "invoicing": "invoicing",
    "number": "number",
    "updated_since": "updated_at__gte",
}
"""What documents are filtered by: our names and the columns behind them."""

NOT_INVOICED = "not_invoiced"
"""By `invoicing`: the orders that nobody has invoiced yet."""

MOST_FOUND = 1000
"""A search stops at so many documents for each of number, ASIN and SKU."""

PARTIES = ("selling", "buying", "ship_to", "bill_to", "ship_from")
LAST_CHARACTER = "\U0010ffff"


def documents(filters: Mapping[str, Any] | None = None) -> QuerySet[SaleDocument]:
    """The documents that fit `filters` (names of `FILTERS`; empty values do not filter)."""
    given = {name: value for name, value in (filters or {}).items() if value not in (None, "")}
    chosen = {FILTERS[name]: value for name, value in given.items()}
    if given.get("invoicing") == NOT_INVOICED:
        chosen |= {FILTERS["invoicing"]: None, "type": SaleDocument.Type.ORDER}
    return SaleDocument.objects.filter(**chosen).select_related("node")


def dates_of(node: int, program: str, states: Collection[str], since: datetime) -> list[datetime]:
    """The dates, in order, of a node's documents that are in one of `states` and not older than `since`."""
    found = SaleDocument.objects.filter(node=node, program=program, state__in=states, date__gte=since)
    dates = found.order_by("date").values_list("date", flat=True).distinct()
    return [date for date in dates if date]


def newest_order(node: int, program: str, before: datetime) -> datetime | None:
    """The latest date of a node's orders of one program in the half year up to `before`.

    Walks the index on dates from its end; more than half a year lies in no account's reach.
    """
    half_year = (before - timedelta(days=183), before)
    orders = SaleDocument.objects.filter(
        node=node, program=program, type=SaleDocument.Type.ORDER, date__range=half_year
    )
    return orders.order_by("-date").values_list("date", flat=True).first()


def prefix(column: str, text: str) -> Q:
    """A column that begins with `text`, written so that each database uses its index."""
    if connection.vendor == "postgresql":
        return Q(**{f"{column}__startswith": text})
    # SQLite's LIKE cannot use the index; a range over the binary order can.
    return Q(**{f"{column}__gte": text, f"{column}__lt": text + LAST_CHARACTER})


def search(found: QuerySet[SaleDocument], text: str) -> QuerySet[SaleDocument]:
    """Those of `found` whose number, customer's order number, ASIN, vendor SKU or own SKU begins with `text`.

    Five index look-ups, each stopping at `MOST_FOUND`; never a scan, never a join with DISTINCT.
    """
    text = text.strip()
    if not text:
        return found
    ids: set[int] = set()
    for spelling in {text, text.upper()}:
        for column in ("number", "customer_order_number"):
            ids.update(
                SaleDocument.objects.filter(prefix(column, spelling))
                .order_by()
                .values_list("pk", flat=True)[:MOST_FOUND]
            )
        for column in ("asin", "vendor_sku", "sku"):
            ids.update(
                SaleLine.objects.filter(prefix(column, spelling))
                .order_by()
                .values_list("document_id", flat=True)[:MOST_FOUND]
            )
    return found.filter(pk__in=ids)


def page(found: QuerySet[SaleDocument], cursor: str | None, limit: int) -> tuple[list[SaleDocument], str | None]:
    """Up to `limit` documents, oldest change first, and the cursor of what follows, or none.

    A document that changes while somebody pages moves to the end: it may come twice, never not at all.
    Raises `ConfigError` for a cursor that is not ours.
    """
    if cursor:
        moment, pk = _decoded(cursor)
        found = found.filter(Q(updated_at__gt=moment) | Q(updated_at=moment, pk__gt=pk), updated_at__gte=moment)
    rows = list(found.order_by("updated_at", "pk")[: limit + 1])
    if len(rows) <= limit:
        return rows, None
    last = rows[limit - 1]
    return rows[:limit], _encoded(last.updated_at, last.pk)


def _encoded(moment: datetime, pk: int) -> str:
    return base64.urlsafe_b64encode(f"{moment.isoformat()} {pk}".encode()).decode().rstrip("=")


def _decoded(cursor: str) -> tuple[datetime, int]:
    try:
        text = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode()
        moment, _, pk = text.rpartition(" ")
        return datetime.fromisoformat(moment).astimezone(UTC), int(pk)
    except (ValueError, OverflowError):
        raise ConfigError("bad_cursor") from None


def whole(rows: Sequence[SaleDocument], reader: Reader | None = None) -> list[dict[str, Any]]:
    """Documents with their lines, as the REST API and `approdo documents --json` give them.

    Who the consumers are is given to a `reader` alone, and written down; others find null there.
    """
    lines: dict[int, list[dict[str, Any]]] = {row.pk: [] for row in rows}
    for line in SaleLine.objects.filter(document__in=lines).order_by("document_id", "position"):
        lines[line.document_id].append(_line(line))
    statuses = status_queries.of(rows)
    found = {row.pk: {**_document(row, lines[row.pk]), "amazon_status": statuses.get(row.pk)} for row in rows}
    for pk in personal.purged(rows):
        found[pk]["personal_data"] = "hidden"
    for row in rows:
        if "personal_data" in found[row.pk]:
            found[row.pk] |= _direct(row)
    billing_queries.add(rows, found)
    documents = list(found.values())
    add_consumers(documents, reader)
    return documents


def add_consumers(documents: Sequence[dict[str, Any]], reader: Reader | None) -> None:
    """Put into documents, as `whole` made them, who their consumers are: for a `reader` alone, who is written down."""
    about = {one["id"]: one for one in documents if "personal_data" in one}
    rows = list(SaleDocument.objects.filter(pk__in=about)) if about else []
    purged = personal.purged(rows)
    revealed = personal.reveal(rows, reader) if reader and rows else {}
    for pk, document in about.items():
        _add_consumer(document, revealed.get(pk), purged[pk])


def _add_consumer(document: dict[str, Any], known: Personal | None, purged: bool) -> None:
    parts = known or Personal()
    document["ship_to_party"] = msgspec.to_builtins(parts.ship_to)
    document["bill_to_party"] = msgspec.to_builtins(parts.bill_to) or document["bill_to_party"]
    document["message_to_customer"] = parts.message_to_customer
    document["personal_data"] = "purged" if purged else "given" if known else "hidden"
    for line in document["lines"]:
        line.update(msgspec.structs.asdict(parts.lines.get(line["sequence"], PersonalLine())))


def _direct(row: SaleDocument) -> dict[str, Any]:
    """What only Direct Fulfillment documents have."""
    return {
        "customer_order_number": row.customer_order_number,
        "ship_method": row.ship_method,
        "required_ship_date": _moment(row.required_ship_date),
        "promised_delivery_date": _moment(row.promised_delivery_date),
        "priority": row.priority,
        "gift": row.gift,
        "packing_slip_required": row.packing_slip_required,
        "tax_total": _amount(row.tax_total),
    }


def _document(row: SaleDocument, lines: Iterable[dict[str, Any]]) -> dict[str, Any]:
    return {
        "id": row.pk,
        "type": row.type,
        "program": row.program,
        "number": row.number,
        "node": row.node.name,
        "vendor_code": row.vendor_code,
        "state": row.state,
        "date": _moment(row.date),
        "changed_date": _moment(row.changed_date),
        "state_changed_date": _moment(row.state_changed_date),
        "currency": row.currency,
        "total": plain(row.total) if row.total is not None else None,
        "purchase_order_type": row.purchase_order_type,
        "payment_method": row.payment_method,
        "deal_code": row.deal_code,
        "import_details": row.import_details,
        **{f"{name}_party": row.parties.get(name) for name in PARTIES},
        "ship_window": _window(row.ship_window_start, row.ship_window_end),
        "delivery_window": _window(row.delivery_window_start, row.delivery_window_end),
        "version": row.version,
        "updated_at": _moment(row.updated_at),
        "exports": [],
        "acknowledged": False,
        "invoiced": row.invoicing == SaleDocument.Invoicing.INVOICED,
        "lines": list(lines),
    }


def _line(line: SaleLine) -> dict[str, Any]:
    return {
        "sequence": line.sequence,
        "asin": line.asin,
        "vendor_sku": line.vendor_sku,
        "sku": line.sku,
        "title": line.title or line.own_title,
        "quantity": line.quantity,
        "unit": line.unit,
        "unit_size": line.unit_size,
        "eaches": line.eaches,
        "net_cost": _amount(line.net_cost),
        "list_price": _amount(line.list_price),
        "currency": line.currency,
        "price_unit": line.price_unit,
        "cancelled": line.cancelled,
        "vanished": line.vanished,
        "backorder_allowed": line.backorder_allowed,
        "taxes": line.taxes or [],
        "total": _amount(line.total),
    }


def _amount(amount: Any) -> str | None:
    return None if amount is None else plain(amount)


def _moment(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat().replace("+00:00", "Z")


def _window(start: datetime | None, end: datetime | None) -> dict[str, str | None] | None:
    if start is None and end is None:
        return None
    return {"start": _moment(start), "end": _moment(end)}
