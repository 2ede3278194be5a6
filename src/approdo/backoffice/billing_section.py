"""What a document's page says of billing: the orders of an invoice, the invoices of an order, what the ERP said."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from django.utils.html import format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from approdo.backoffice import formats
from approdo.backoffice.units import unit_label
from approdo.sales import invoicing
from approdo.sales.bills import BILLS
from approdo.sales.models import BilledLine, Billing, OrderLink, OrderUpdate, SaleDocument

ANSWERS = ("accepted", "backordered", "rejected")
LOOKS = {SaleDocument.Invoicing.PARTLY: "warning", SaleDocument.Invoicing.INVOICED: "success"}


class Bill(NamedTuple):
    """An invoice or a credit note of an order."""

    link: SafeString
    kind: str
    state: SafeString
    day: str
    amount: str


class LineSaid(NamedTuple):
    """What becomes of one line; by answer, how much, and when or why."""

    sequence: str
    code: str
    answers: list[tuple[str, str]]


class Said(NamedTuple):
    """The ERP's newest update of the order."""

    update: OrderUpdate
    at: SafeString
    lines: list[LineSaid]


def of(document: SaleDocument, zone: ZoneInfo) -> dict[str, Any]:
    """What the page needs."""
    if document.type in BILLS:
        return {
            "is_bill": True,
            "gross": gross(document),
            "billing": _billing(document),
            "billed": _billed(document),
        }
    return {
        "bills": _bills(document, zone),
        "invoicing": badge(document),
        "said": _said(document, zone),
        "pieces": {sequence: count for (_order, sequence), count in invoicing.billed([document.pk]).items()},
    }


def badge(document: SaleDocument) -> SafeString | str:
    """How much of an order is invoiced; empty where nothing is."""
    if not document.invoicing:
        return ""
    return formats.badge(document.get_invoicing_display(), LOOKS[SaleDocument.Invoicing(document.invoicing)])


def gross(document: SaleDocument) -> str:
    """What is to be paid of an invoice: the list reads no more than the document's own row."""
    if document.total is None:
        return ""
    return formats.amount(document.total + (document.tax_total or Decimal(0)), document.currency)


def day(document: SaleDocument, zone: ZoneInfo) -> str:
    """The day of an invoice: it has no time of the day."""
    return formats.day(document.date.astimezone(zone)) if document.date else "–"


def _billing(document: SaleDocument) -> list[tuple[str, SafeString | str]]:
    billing = Billing.objects.filter(pk=document).first()
    links = OrderLink.objects.filter(document=document).select_related("order").order_by("position")
    orders = format_html_join(", ", "{}", ((formats.link(link.order),) for link in links))
    currency, taxes = document.currency, billing.taxes if billing else []
    given = [
        (_("Orders"), orders),
        (_("Corrects invoice"), _corrected(document, billing.corrects) if billing and billing.corrects else ""),
        (_("Net"), formats.amount(document.total, currency)),
        *((_tax_label(tax), formats.amount(Decimal(tax["amount"]), currency)) for tax in taxes),
        (_("Taxes"), formats.amount(document.tax_total, currency) if len(taxes) != 1 else ""),
        (_("To be paid"), formats.amount(billing.gross_total, currency) if billing else ""),
        (_("Terms of payment"), _terms(billing.payment_terms) if billing and billing.payment_terms else ""),
    ]
    return [(label, value) for label, value in given if value]


def _tax_label(tax: Mapping[str, Any]) -> str:
    rate = f"{tax['rate']} %" if tax.get("rate") else ""
    return " ".join(filter(None, (tax.get("type") or _("Tax"), rate)))


def _corrected(document: SaleDocument, number: str) -> SafeString | str:
    invoice = SaleDocument.objects.filter(
        node=document.node_id, program=document.program, type=SaleDocument.Type.INVOICE, number=number
    ).first()
    return formats.link(invoice) if invoice else number


def _terms(terms: Mapping[str, Any]) -> str:
    parts = [terms.get("type")]
    if terms.get("net_due_days") is not None:
        parts.append(_("within {days} days").format(days=terms["net_due_days"]))
    if terms.get("discount_percent"):
        within = {"percent": terms["discount_percent"], "days": terms.get("discount_due_days") or 0}
        parts.append(_("{percent} % off within {days} days").format(**within))
    return ", ".join(filter(None, parts))


def _billed(document: SaleDocument) -> dict[str, str]:
    """Of each line which line of which order it bills."""
    lines = BilledLine.objects.filter(link__document=document)
    return {
        sequence: f"{order} · {of_order}"
        for sequence, order, of_order in lines.values_list("sequence", "link__order__number", "order_sequence")
    }


def _bills(document: SaleDocument, zone: ZoneInfo) -> list[Bill]:
    links = OrderLink.objects.filter(order=document).select_related("document").order_by("document__date", "document")
    return [
        Bill(
            link=formats.link(link.document),
            kind=link.document.get_type_display(),
            state=formats.document_state(link.document.state),
            day=day(link.document, zone),
            amount=gross(link.document),
        )
        for link in links
    ]


def _said(document: SaleDocument, zone: ZoneInfo) -> Said | None:
    update = invoicing.newest_updates([document.pk]).get(document.pk)
    if update is None:
        return None
    lines = [
        LineSaid(
            sequence=line["sequence"],
            code=line.get("vendor_sku") or line.get("asin") or "",
            answers=[_answer(line.get(name)) for name in ANSWERS],
        )
        for line in update.lines
    ]
    return Said(update, formats.moment(update.received_at, zone, seconds=True), lines)


def _answer(answer: Mapping[str, Any] | None) -> tuple[str, str]:
    if not answer:
        return "–", ""
    reasons = {
        "temporarily_unavailable": _("temporarily unavailable"),
        "invalid_product_identifier": _("invalid product identifier"),
        "obsolete_product": _("obsolete product"),
    }
    dates = [
        _("ships {day}").format(day=answer["ship_date"]) if answer.get("ship_date") else "",
        _("arrives {day}").format(day=answer["delivery_date"]) if answer.get("delivery_date") else "",
        reasons.get(answer.get("reason") or "", answer.get("reason") or ""),
    ]
    quantity = f"{formats.number(answer['quantity'])} {unit_label(answer['unit'], answer['quantity'])}"
    return quantity, ", ".join(filter(None, dates))
