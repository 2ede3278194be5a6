"""What orders and the documents that bill them say of each other, as plain data beside each document."""

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from approdo.nodes.time_ranges import zone_of
from approdo.sales import invoicing, order_updates
from approdo.sales.bills import BILLS
from approdo.sales.fields import plain
from approdo.sales.models import BilledLine, Billing, OrderLink, SaleDocument

Data = dict[str, Any]


def add(rows: Sequence[SaleDocument], documents: dict[int, Data]) -> None:
    """Put into documents, by their row, what bills an order, what a bill says besides, and what the ERP said."""
    _add_to_orders([row for row in rows if row.type not in BILLS], documents)
    _add_to_bills({row.pk: row for row in rows if row.type in BILLS}, documents)


def _add_to_orders(rows: Sequence[SaleDocument], documents: dict[int, Data]) -> None:
    orders = [row.pk for row in rows]
    for order in orders:
        documents[order] |= {"invoices": [], "order_update": None}
    for order, pk, kind, number in invoices_of(orders):
        documents[order]["invoices"].append({"id": pk, "type": kind, "number": number})
    for order, update in invoicing.newest_updates(orders).items():
        documents[order]["order_update"] = order_updates.as_data(update)


def invoices_of(orders: Sequence[int]) -> list[tuple[int, int, str, str]]:
    """The documents that bill these orders, oldest first: the order, and row, type and number of the document."""
    links = OrderLink.objects.filter(order__in=orders).order_by("document__date", "document")
    return list(links.values_list("order", "document", "document__type", "document__number"))


def _add_to_bills(rows: dict[int, SaleDocument], documents: dict[int, Data]) -> None:
    if not rows:
        return
    orders: dict[int, list[str]] = defaultdict(list)
    links = OrderLink.objects.filter(document__in=rows).order_by("document", "position")
    for document, number in links.values_list("document", "order__number"):
        orders[document].append(number)
    lines = BilledLine.objects.filter(link__document__in=rows)
    billed = {
        (document, sequence): {"order": order, "order_line": of_order}
        for document, sequence, order, of_order in lines.values_list(
            "link__document", "sequence", "link__order__number", "order_sequence"
        )
    }
    billings = Billing.objects.in_bulk(rows)
    for pk, row in rows.items():
        documents[pk] |= {"orders": orders[pk], "day": _day(row), **_billing(row, billings.get(pk))}
        for line in documents[pk]["lines"]:
            line.update(billed.get((pk, line["sequence"]), {"order": None, "order_line": None}))


def _billing(row: SaleDocument, billing: Billing | None) -> Data:
    return {
        "corrects": billing.corrects if billing else None,
        "payment_terms": billing.payment_terms if billing else None,
        "remit_to_party": row.parties.get("remit_to"),
        "tax_total": None if row.tax_total is None else plain(row.tax_total),
        "gross_total": plain(billing.gross_total) if billing else None,
        "taxes": billing.taxes if billing else [],
    }


def _day(row: SaleDocument) -> str | None:
    return row.date.astimezone(zone_of(row.node)).date().isoformat() if row.date else None
