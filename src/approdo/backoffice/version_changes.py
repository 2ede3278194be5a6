"""What a version of a document changed, in the reader's words."""

from collections.abc import Collection
from datetime import datetime
from decimal import Decimal
from typing import NamedTuple
from zoneinfo import ZoneInfo

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from approdo.backoffice import formats, status_labels
from approdo.backoffice.status_labels import CONFIRMATIONS, RECEIVINGS, STATUSES
from approdo.processes import rereading
from approdo.sales.differences import Difference, Kind, Value, kinds
from approdo.sales.models import DocumentStatus, DocumentVersion, SaleDocument, StatusVersion

MOST_VERSIONS = 20
"""Older versions are shown without their changes: each costs the decoding of two raw texts."""

MOST_CHANGES = 200

LABELS: dict[str, str | Promise] = {
    "state": gettext_lazy("State"),
    "date": gettext_lazy("Ordered"),
    "changed_date": gettext_lazy("Changed by Amazon"),
    "state_changed_date": gettext_lazy("In this state since"),
    "purchase_order_type": gettext_lazy("Order type"),
    "payment_method": gettext_lazy("Payment method"),
    "deal_code": gettext_lazy("Deal code"),
    "delivery_window.start": gettext_lazy("Delivery window, from"),
    "delivery_window.end": gettext_lazy("Delivery window, to"),
    "ship_window.start": gettext_lazy("Ship window, from"),
    "ship_window.end": gettext_lazy("Ship window, to"),
    "parties.selling.id": gettext_lazy("Vendor code"),
    "parties.ship_to.id": gettext_lazy("Ship to"),
    "parties.bill_to.id": gettext_lazy("Bill to"),
    "parties.buying.id": gettext_lazy("Buyer"),
    "currency": gettext_lazy("Currency"),
    "asin": "ASIN",
    "vendor_sku": gettext_lazy("Vendor SKU"),
    "title": gettext_lazy("Title"),
    "quantity": gettext_lazy("Quantity"),
    "unit": gettext_lazy("Unit"),
    "unit_size": gettext_lazy("Unit size"),
    "eaches": gettext_lazy("Eaches"),
    "net_cost": gettext_lazy("Net cost"),
    "list_price": gettext_lazy("List price"),
    "price_unit": gettext_lazy("Price for"),
    "cancelled": pgettext_lazy("of a line", "Cancelled"),
    "backorder_allowed": gettext_lazy("Backorder allowed"),
    # of an invoice
    "gross_total": gettext_lazy("To be paid"),
    "tax_total": gettext_lazy("Taxes"),
    "corrects": gettext_lazy("Corrects invoice"),
    "order_line": gettext_lazy("Line of the order"),
    "stated_total": gettext_lazy("Total"),
    # of a status
    "status": gettext_lazy("Open or closed"),
    "last_updated_date": gettext_lazy("Updated by Amazon"),
    "confirmation": gettext_lazy("Confirmation"),
    "receiving": gettext_lazy("Receiving"),
    "last_receive_date": gettext_lazy("Last received"),
    **{
        f"{figure}.{part}": label
        for part in ("eaches", "quantity")
        for figure, label in {
            "ordered": pgettext_lazy("quantity", "Ordered"),
            "cancelled": pgettext_lazy("quantity", "Cancelled"),
            "accepted": pgettext_lazy("quantity", "Confirmed"),
            "rejected": pgettext_lazy("quantity", "Rejected"),
            "received": pgettext_lazy("quantity", "Received"),
        }.items()
    },
}
WORDS = {"status": STATUSES, "confirmation": CONFIRMATIONS, "receiving": RECEIVINGS}


KINDS: dict[Kind, str | Promise] = {
    Kind.STATE: pgettext_lazy("a change", "state"),
    Kind.QUANTITY: pgettext_lazy("a change", "quantity"),
    Kind.COST: pgettext_lazy("a change", "cost"),
    Kind.WINDOW: pgettext_lazy("a change", "window"),
    Kind.SHIP_TO: pgettext_lazy("a change", "ship-to"),
    Kind.CANCELLED: pgettext_lazy("a change", "cancelled"),
    Kind.NEW_LINE: pgettext_lazy("a change", "new line"),
    Kind.VANISHED_LINE: pgettext_lazy("a change", "line vanished"),
    Kind.OTHER: pgettext_lazy("a change", "other"),
}


class ChangeRow(NamedTuple):
    """One changed field as the page shows it; `line` is empty for the document itself."""

    line: str
    label: str
    before: str
    after: str


class Changes(NamedTuple):
    """What a version changed, of which kinds, and how many changes are not shown."""

    rows: list[ChangeRow]
    more: int
    kinds: list[str]


def of(document: SaleDocument, version: DocumentVersion, zone: ZoneInfo, consumer: bool) -> Changes | None:
    """What `version` changed; none for the first one, and where a version can no longer be read.

    Of the consumer only with `consumer`.
    """
    found = rereading.changes(document, version, consumer)
    if found is None:
        return None
    rows = [_row(one, zone) for one in found[:MOST_CHANGES]]
    return Changes(rows, max(len(found) - MOST_CHANGES, 0), [str(KINDS[kind]) for kind in kinds(found)])


def of_status(status: DocumentStatus, version: StatusVersion, zone: ZoneInfo) -> Changes | None:
    """The same for an order's status: figures in eaches, without the other side's own histories."""
    found = rereading.status_changes(status, version)
    if found is None:
        return None
    counted = {(one.line, one.field.removesuffix(".eaches")) for one in found if one.field.endswith(".eaches")}
    told = [one for one in found if _tells(one, counted)]
    return Changes([_row(one, zone) for one in told[:MOST_CHANGES]], max(len(told) - MOST_CHANGES, 0), [])


def _tells(found: Difference, counted: Collection[tuple[str | None, str]]) -> bool:
    figure, _, part = found.field.partition(".")
    if part == "quantity":
        return (found.line, figure) not in counted
    return not part or part == "eaches"


def _row(found: Difference, zone: ZoneInfo) -> ChangeRow:
    line = "" if found.line is None else _("Line {number}").format(number=found.line)
    if found.line is not None and not found.field:
        return ChangeRow(line, _("new line") if found.after else _("line vanished"), "", "")
    label = str(LABELS.get(found.field, found.field))
    return ChangeRow(line, label, _shown(found.field, found.before, zone), _shown(found.field, found.after, zone))


def _shown(field: str, value: Value, zone: ZoneInfo) -> str:
    if value is None:
        return "–"
    if field == "state":
        return formats.state_labels().get(str(value), str(value))
    if field in WORDS:
        return status_labels.label(WORDS[field], str(value))
    match value:
        case bool():
            return _("yes") if value else _("no")
        case Decimal():
            return formats.amount(value)
        case int():
            return formats.number(value)
        case datetime():
            local = value.astimezone(zone)
            return f"{formats.day(local)} {local:%H:%M}"
    return str(value)
