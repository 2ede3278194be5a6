"""Finding sale documents, quickly however many there are, and giving them out as plain data."""

import base64
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
from django.db import connection
from django.db.models import BooleanField, Q, QuerySet
from django.db.models.expressions import RawSQL

from approdo.many import select
from approdo.nodes.models import Node
from approdo.sales import billing_queries, personal, status_queries
from approdo.sales.fields import plain
from approdo.sales.models import FILTERED, SaleDocument, SaleLine
from approdo.sales.personal import Reader
from approdo.sdk.documents import Personal, PersonalLine
from approdo.sdk.errors import ConfigError

FILTERS = {
    "node": "node",
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

FEW = 1000
"""Documents that have a value are looked up where they are no more than so many."""

# Written out, because SQLite uses a partial index only where it can read its condition in the statement.
EVERY = RawSQL('"sales_saledocument"."id" > 0', (), output_field=BooleanField())

LINE = (
    "sequence", "asin", "vendor_sku", "sku", "title", "quantity", "unit", "unit_size", "eaches", "net_cost",
    "list_price", "currency", "price_unit", "cancelled", "vanished", "backorder_allowed", "taxes", "total",
)  # fmt: skip
"""What is given out of a line; the columns are called the same."""

LINE_COLUMNS = ("document_id", "position", "id", "own_title", *LINE)

PARTIES = ("selling", "buying", "ship_to", "bill_to", "ship_from")
LAST_CHARACTER = "\U0010ffff"


def documents(filters: Mapping[str, Any] | None = None) -> QuerySet[SaleDocument]:
    """The documents that fit `filters` (names of `FILTERS`; empty values do not filter)."""
    given = {name: value for name, value in (filters or {}).items() if value not in (None, "")}
    found = SaleDocument.objects.select_related("node")
    if "node" in given:
        given["node"] = Node.objects.filter(name=given["node"]).values_list("pk", flat=True).first()
        if given["node"] is None:
            return found.none()
    if given.get("invoicing") == NOT_INVOICED:
        given |= {"invoicing": None, "type": SaleDocument.Type.ORDER}
    for name, value in given.items():
        column = FILTERS[name]
        found = having(found, column, value) if column in FILTERED else found.filter(**{column: value})
    return found


def having(found: QuerySet[SaleDocument], column: str, *values: Any) -> QuerySet[SaleDocument]:
    """Those of `found` that have one of these values in a column of `FILTERED`.

    Where they are few they are looked up: a list would go past all other documents to find that no more fit.
    """
    found = found.filter(**({column: values[0]} if len(values) == 1 else {f"{column}__in": values}))
    if None in values:
        return found
    numbers = [number for value in values for number in _some(column, value)]
    return found.filter(pk__in=numbers) if len(numbers) <= FEW else found


def _some(column: str, value: Any) -> QuerySet[Any]:
    """The numbers of those that have a value, of very many only some.

    In the index's own order, and asked for a range of one value: thus PostgreSQL has no other way that looks shorter
    to it, such as reading the table until it has found enough of what is no longer there.
    """
    name = "node_id" if column == "node" else column
    some = SaleDocument.objects.filter(EVERY, **{f"{name}__gte": value, f"{name}__lte": value})
    return some.order_by(name, "pk").values_list("pk", flat=True)[: FEW + 1]


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
    # Not as models: most of what it takes to give a document out is reading its lines.
    for document, _position, _number, *line in sorted(select(SaleLine, LINE_COLUMNS, {}, "document_id", lines)):
        lines[document].append(_line(*line))
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


def _line(own_title: str | None, *given: Any) -> dict[str, Any]:
    """A line from `LINE_COLUMNS` as the driver gives it: amounts are kept as they are given out, JSON is text."""
    line = dict(zip(LINE, given, strict=True))
    line["title"] = line["title"] or own_title
    line["taxes"] = msgspec.json.decode(line["taxes"]) if line["taxes"] else []
    return line


def _amount(amount: Any) -> str | None:
    return None if amount is None else plain(amount)


def _moment(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat().replace("+00:00", "Z")


def _window(start: datetime | None, end: datetime | None) -> dict[str, str | None] | None:
    if start is None and end is None:
        return None
    return {"start": _moment(start), "end": _moment(end)}
