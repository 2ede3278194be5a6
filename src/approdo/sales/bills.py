"""Invoices and credit notes into rows: each once beside its orders, in each of its versions.

Called inside a transaction of its own for each document (`exchanges.imports.taking`).
"""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any, Literal, NamedTuple

import msgspec

from approdo.sales import bill_checks, invoicing, matching, rows
from approdo.sales.bill_checks import Billed, Checked
from approdo.sales.fields import plain
from approdo.sales.matching import Matched
from approdo.sales.models import BilledLine, Billing, OrderLink, SaleDocument, SaleLine
from approdo.sales.raw import compress, digest
from approdo.sdk.documents import Note
from approdo.sdk.documents import SaleDocument as Document
from approdo.sdk.errors import RefusedError, UnreadableDocument

BILLS = (SaleDocument.Type.INVOICE, SaleDocument.Type.CREDIT_NOTE)


class Taken(NamedTuple):
    """What became of a document: its row, its version, and what to look at in it."""

    result: Literal["accepted", "unchanged"]
    document: int
    version: int
    notes: Sequence[Note] = ()


class Came(NamedTuple):
    """How a document came: its raw text, its stated net total, and when (UTC)."""

    raw: bytes
    total: Decimal | None
    at: datetime


def take(document: Document, matched: Matched, came: Came) -> Taken:
    """Store a document, or a new version of it; what is there already changes nothing.

    Raises `RefusedError` for what does not fit its orders, and then has changed nothing.
    """
    matching.lock([order.pk for order in matched.orders.values()])
    known = _known(document, matched)
    raw_digest, content = digest(came.raw), digest(canonical(document))
    if known and content == bytes(known.content_digest):
        if raw_digest != bytes(known.raw_digest):
            SaleDocument.objects.filter(pk=known.pk).update(raw_digest=raw_digest)
        return Taken("unchanged", known.pk, known.version)
    asked = bill_checks.Asked(came.total, known.pk if known else None, came.at)
    checked = bill_checks.check(document, matched, asked)
    _fits(checked.document)
    version = known.version + 1 if known else 1
    row = rows.DocumentRow(
        document=checked.document,
        version=version,
        raw_digest=raw_digest,
        content_digest=content,
        asked_at=came.at,
        node=matched.node.pk,
        run=None,
        at=came.at,
    )
    if known:
        rows.update_document(known.pk, row)
    pk = known.pk if known else rows.insert_document(row)
    rows.write_versions([rows.VersionRow(pk, version, compress(came.raw), sealed=False)], None, came.at)
    _write_parts(pk, checked, matched, changed=known is not None)
    return Taken("accepted", pk, version, checked.notes)


def canonical(document: Document) -> bytes:
    """Bytes that are equal for equal content, however its numbers were spelt and in whatever format it came."""
    return msgspec.json.encode(
        _normal(msgspec.to_builtins(document, builtin_types=(Decimal, datetime))), order="sorted"
    )


def _normal(value: Any) -> Any:
    match value:
        case Decimal():
            return plain(value.normalize())
        case dict():
            return {name: _normal(one) for name, one in value.items() if one is not None}
        case list() | tuple():
            return [_normal(one) for one in value]
    return value


def _known(document: Document, matched: Matched) -> SaleDocument | None:
    """The document of this number, where it is the same one. Raises `RefusedError` where the number is another's."""
    others = SaleDocument.objects.filter(number=document.number, type__in=BILLS)
    found = None
    for other in others:
        here = (other.node_id, other.program, other.type) == (matched.node.pk, matched.program, str(document.type))
        if not here and other.vendor_code != matched.vendor_code:
            continue
        orders = dict(OrderLink.objects.filter(document=other).values_list("order", "order__number"))
        common = orders.keys() & {order.pk for order in matched.orders.values()}
        if not here or not common or other.vendor_code != matched.vendor_code:
            numbers = matching.some(list(orders.values()))
            raise RefusedError("number_used", number=document.number, orders=numbers, field="number")
        found = other
    return found


def _fits(document: Document) -> None:
    try:
        rows.check(document)
    except UnreadableDocument as error:
        raise RefusedError(error.code, **error.params) from None


def _write_parts(pk: int, checked: Checked, matched: Matched, *, changed: bool) -> None:
    document = checked.document
    before = set(OrderLink.objects.filter(document=pk).values_list("order", flat=True))
    own = [_own(one) for one in checked.billed]
    rows.write_lines([(pk, document)], [pk] if changed else [], [own])
    SaleLine.objects.filter(document=pk, vanished=True).delete()  # what is no longer billed stands in its version
    billing: dict[str, Any] = {
        "gross_total": document.gross_total,
        "taxes": rows.taxes_as_data(document.taxes) or [],
        "payment_terms": _terms(document),
        "corrects": document.corrects,
    }
    Billing.objects.update_or_create(document_id=pk, defaults=billing)
    _link(pk, checked.billed, matched)
    places = {order.ship_to for order in matched.orders.values()}
    if len(places) == 1 and not document.parties.ship_to:
        SaleDocument.objects.filter(pk=pk).update(ship_to=places.pop())
    invoicing.refresh(before | {order.pk for order in matched.orders.values()})


def _link(pk: int, billed: Sequence[Billed], matched: Matched) -> None:
    OrderLink.objects.filter(document=pk).delete()
    links = {
        order.pk: OrderLink.objects.create(document_id=pk, order=order, position=place)
        for place, order in enumerate(matched.orders.values(), 1)
    }
    BilledLine.objects.bulk_create(
        (
            BilledLine(
                link=links[one.ordered.document_id],
                sequence=one.line.sequence,
                order_sequence=one.ordered.sequence,
                eaches=one.eaches,
            )
            for one in billed
        ),
        batch_size=1000,
    )


def _own(one: Billed) -> rows.OwnLine:
    return rows.OwnLine(one.ordered.sku or one.line.sku, one.ordered.own_title)


def _terms(document: Document) -> dict[str, Any] | None:
    terms = document.payment_terms
    if terms is None:
        return None
    percent = None if terms.discount_percent is None else plain(terms.discount_percent)
    days = {"discount_due_days": terms.discount_due_days, "net_due_days": terms.net_due_days}
    return {"type": terms.type, "discount_percent": percent, **days}
