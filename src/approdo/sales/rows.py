"""Documents as rows: the columns, the limits they have, and the statements that write them."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

import msgspec
from django.db import connection

from approdo.many import any_of, select
from approdo.sales.bulk import upsert
from approdo.sales.fields import plain
from approdo.sales.models import CODE_LENGTH, NUMBER_LENGTH, DocumentVersion, SaleDocument, SaleLine
from approdo.sdk.documents import Line, Party, Tax
from approdo.sdk.documents import SaleDocument as Document
from approdo.sdk.errors import UnreadableDocument

LARGEST = 2**63 - 1
NUL = "\0"
SHORT = min(NUMBER_LENGTH, CODE_LENGTH)

KEY = ("node_id", "program", "type", "number")
CONTENT = (
    "state", "vendor_code", "ship_to", "date", "changed_date", "state_changed_date", "currency", "total",
    "purchase_order_type", "payment_method", "deal_code", "import_details", "customer_order_number", "ship_method",
    "required_ship_date", "promised_delivery_date", "priority", "gift", "packing_slip_required", "tax_total", "parties",
    "ship_window_start", "ship_window_end", "delivery_window_start", "delivery_window_end",
    "line_count", "detailed", "version", "raw_digest", "content_digest", "asked_at", "last_run", "updated_at",
)  # fmt: skip
ONCE = ("first_run", "created_at")
LINE_KEY = ("document_id", "sequence")
LINE_CONTENT = (
    "position", "asin", "vendor_sku", "title", "quantity", "unit", "unit_size", "eaches", "net_cost",
    "list_price", "currency", "price_unit", "cancelled", "vanished", "backorder_allowed", "taxes",
    "total",
)  # fmt: skip
OWN = ("sku", "own_title", "unmatched")
THE_PRODUCT = ("vendor_sku", "asin")
VERSION = ("document_id", "number", "raw", "sealed", "run", "received_at")


class DocumentRow(NamedTuple):
    """A document and what is recorded about its arrival."""

    document: Document
    version: int
    raw_digest: bytes
    content_digest: bytes
    asked_at: datetime
    node: int
    run: int | None
    at: datetime


class OwnLine(NamedTuple):
    """What is ours in a line: own SKU and title, or the number of the code that has no match."""

    sku: str | None = None
    title: str | None = None
    unmatched: int | None = None


class VersionRow(NamedTuple):
    """One version's raw text, as it is stored."""

    document: int
    number: int
    raw: bytes
    sealed: bool


def check(document: Document) -> None:
    """Raise `UnreadableDocument` for what no column can hold: it must not stop the rest of its page."""
    _fits("number", document.number, NUMBER_LENGTH)
    if not document.number:
        raise UnreadableDocument("no_number")
    _fits("state", document.state, 40)
    _fits("currency", document.currency, 8)
    for name in ("purchase_order_type", "payment_method", "customer_order_number", "ship_method"):
        _fits(name, getattr(document, name), CODE_LENGTH)
    _fits("deal_code", document.deal_code, 4000)
    parties = document.parties
    for name, party in (("selling_party", parties.selling), ("ship_to_party", parties.ship_to)):
        _fits(name, _code(party), CODE_LENGTH)
    _without_nul("parties", msgspec.json.encode(parties).decode())
    _without_nul("import_details", msgspec.json.encode(document.import_details).decode())
    for line in document.lines:
        _check_line(line)


def _check_line(line: Line) -> None:
    texts = (line.sequence, line.asin, line.vendor_sku, line.unit, line.price_unit or "", line.title or "")
    together = "".join(texts) + line.currency
    # Mostly all of them together are shorter than the least of their limits.
    if len(together) > SHORT or len(line.currency) > 8 or NUL in together:
        _check_texts(line)
    for name, number in (("quantity", line.quantity), ("unit_size", line.unit_size), ("eaches", line.eaches)):
        if number and abs(number) > LARGEST:
            raise UnreadableDocument("number_out_of_range", field=name)


def _check_texts(line: Line) -> None:
    for name in ("sequence", "asin", "vendor_sku", "unit", "price_unit"):
        _fits(name, getattr(line, name), NUMBER_LENGTH if name == "sequence" else CODE_LENGTH)
    _fits("currency", line.currency, 8)
    _fits("title", line.title, 4000)


def _fits(name: str, text: str | None, limit: int) -> None:
    if text is None:
        return
    if len(text) > limit:
        raise UnreadableDocument("field_too_long", field=name, limit=limit)
    if NUL in text:
        raise UnreadableDocument("control_character", field=name)


def _without_nul(name: str, encoded: str) -> None:
    # PostgreSQL can hold U+0000 in no text and no JSON.
    if "\\u0000" in encoded:
        raise UnreadableDocument("control_character", field=name)


def write_documents(documents: Sequence[DocumentRow]) -> None:
    """Insert or update documents; the first run and the first moment stay."""
    upsert(SaleDocument, (*KEY, *CONTENT, *ONCE), [_document_row(one) for one in documents], KEY, CONTENT)


def insert_document(row: DocumentRow) -> int:
    """Insert one document that is not there. Raises `IntegrityError` where somebody else was quicker."""
    made = SaleDocument(**dict(zip((*KEY, *CONTENT, *ONCE), _document_row(row), strict=True)))
    made.save(force_insert=True)
    return made.pk


def update_document(document: int, row: DocumentRow) -> None:
    """Bring one document up to what its new version says."""
    values = dict(zip((*KEY, *CONTENT, *ONCE), _document_row(row), strict=True))
    SaleDocument.objects.filter(pk=document).update(**{name: values[name] for name in CONTENT})


def _document_row(row: DocumentRow) -> tuple[Any, ...]:
    order = row.document
    parties = order.parties
    ship, delivery = order.ship_window, order.delivery_window
    return (
        row.node, order.program, str(order.type), order.number,
        order.state, _code(parties.selling), _code(parties.ship_to), order.date, order.changed_date,
        order.state_changed_date, order.currency, order.total, order.purchase_order_type,
        order.payment_method, order.deal_code, order.import_details, order.customer_order_number, order.ship_method,
        order.required_ship_date, order.promised_delivery_date, order.priority, order.gift,
        order.packing_slip_required, order.tax_total, msgspec.to_builtins(parties),
        ship and ship.start, ship and ship.end, delivery and delivery.start, delivery and delivery.end,
        len(order.lines), order.detailed, row.version, row.raw_digest, row.content_digest, row.asked_at,
        row.run, row.at,
        row.run, row.at,
    )  # fmt: skip


def write_lines(
    documents: Sequence[tuple[int, Document]], changed: Sequence[int], own: Sequence[Sequence[OwnLine]] | None
) -> None:
    """Insert or update the lines of documents. Of those `changed`, a line that is no longer there is marked.

    `own` holds what is ours in each line of each document. Without it own SKU and title stay what they are, unless
    a line is for another product now: then they are none; and no line misses a match.
    """
    if changed:
        _mark_vanished(documents, changed)
    lines = [
        _line_row(pk, position, line) for pk, document in documents for position, line in enumerate(document.lines, 1)
    ]
    if own is None:
        columns: tuple[str, ...] = (*LINE_CONTENT, "unmatched")
        kept = {"sku": THE_PRODUCT, "own_title": THE_PRODUCT}
        lines = [(*line, None) for line in lines]
    else:
        columns, kept = (*LINE_CONTENT, *OWN), {}
        ours = (line for document in own for line in document)
        lines = [(*line, *own_line) for line, own_line in zip(lines, ours, strict=True)]
    upsert(SaleLine, (*LINE_KEY, *columns), lines, LINE_KEY, columns, kept)


def _mark_vanished(documents: Sequence[tuple[int, Document]], changed: Sequence[int]) -> None:
    """Nobody else writes these lines meanwhile: their documents' rows were written before, and are locked."""
    there = {(pk, line.sequence) for pk, document in documents for line in document.lines}
    stored = select(SaleLine, ("id", *LINE_KEY), {"vanished": False}, "document_id", changed)
    gone = [pk for pk, *key in stored if tuple(key) not in there]
    if gone:
        condition, given = any_of("id", gone)
        with connection.cursor() as cursor:
            cursor.execute(
                f"UPDATE sales_saleline SET vanished = %s, unmatched = NULL WHERE {condition}",  # noqa: S608
                [True, given],
            )


def write_own(lines: Sequence[tuple[int, OwnLine]]) -> None:
    """Put what is ours into stored lines, by their rows."""
    if not lines:
        return
    with connection.cursor() as cursor:
        cursor.executemany(
            "UPDATE sales_saleline SET sku = %s, own_title = %s, unmatched = %s WHERE id = %s",
            [(*own, line) for line, own in lines],
        )


def _line_row(document: int, position: int, line: Line) -> tuple[Any, ...]:
    return (
        document, line.sequence, position, line.asin, line.vendor_sku, line.title, line.quantity, line.unit,
        line.unit_size, line.eaches, line.net_cost, line.list_price, line.currency, line.price_unit,
        line.cancelled, False, line.backorder_allowed, taxes_as_data(line.taxes), line.total,
    )  # fmt: skip


def taxes_as_data(taxes: Sequence[Tax]) -> list[dict[str, str | None]] | None:
    """As the API gives them: amounts exact, as text."""
    return [_tax(tax) for tax in taxes] or None


def _tax(tax: Tax) -> dict[str, str | None]:
    amounts = {name: getattr(tax, name) for name in ("rate", "amount", "taxable_amount")}
    exact = {name: None if value is None else plain(value) for name, value in amounts.items()}
    return {"type": tax.type, **exact, "currency": tax.currency}


def write_versions(versions: Sequence[VersionRow], run: int | None, at: datetime) -> None:
    """Keep the raw text of each version."""
    upsert(
        DocumentVersion,
        VERSION,
        [(*version, run, at) for version in versions],
        ("document_id", "number"),
        (),
    )


def _code(party: Party | None) -> str:
    return (party.id if party else None) or ""
