"""What a sale document's page says, ready for its template."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

import msgspec
from django.core.paginator import Paginator
from django.db.models import Q, Sum
from django.http import HttpResponse
from django.utils.safestring import SafeString
from django.utils.text import slugify
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from approdo.backoffice import export_section, formats, status_section, version_changes
from approdo.backoffice.consumer import Consumer
from approdo.backoffice.units import unit_label
from approdo.catalog.models import Place
from approdo.catalog.places import places
from approdo.nodes.time_ranges import zone_of
from approdo.processes import recodings, rereading
from approdo.sales.models import DocumentVersion, SaleDocument, SaleLine
from approdo.sdk.documents import PersonalLine

LINES_PER_PAGE = 200

PARTIES = {
    "selling": gettext_noop("Seller"),
    "buying": gettext_noop("Buyer"),
    "ship_to": gettext_noop("Ship to"),
    "bill_to": gettext_noop("Bill to"),
    "ship_from": gettext_noop("Ship from"),
}
IMPORT_DETAILS = {
    "method_of_payment": gettext_noop("Method of payment"),
    "international_commercial_terms": gettext_noop("Terms of delivery (Incoterms)"),
    "port_of_delivery": gettext_noop("Port of delivery"),
    "import_containers": gettext_noop("Containers"),
    "shipping_instructions": gettext_noop("Shipping instructions"),
}
ADDRESS = ("name", "line_1", "line_2", "line_3")


class Party(NamedTuple):
    """One side of the sale."""

    role: str
    code: str
    address: list[str]
    tax: str
    phone: str


class Fact(NamedTuple):
    """A label and what it says."""

    label: str
    value: SafeString | str


class LineRow(NamedTuple):
    """One line as the table shows it."""

    line: SaleLine
    quantity: str
    unit: str
    eaches: str
    net_cost: str
    list_price: str
    per: str
    total: str
    taxes: list[str]
    unmatched: bool
    consumer: PersonalLine | None


class VersionRow(NamedTuple):
    """One version: when and by which run it came, and what it changed."""

    version: DocumentVersion
    received: SafeString
    changes: version_changes.Changes | None


def whole(document: SaleDocument, asked: Mapping[str, Any], consumer: Consumer | None) -> dict[str, Any]:
    """All that the page shows; `asked` may hold pages of lines (`p`) and of the status (`s`), what to find (`q`)."""
    zone = zone_of(document.node)
    wanted = str(asked.get("q", "")).strip()
    page = _lines(document, wanted).get_page(asked.get("p"))
    recoded = recodings.asked(document.node_id, document.program) is not None
    return {
        "state": formats.document_state(document.state),
        "type_label": document.get_type_display(),
        "program": formats.program_label(document.program),
        "amount": formats.amount(document.total, document.currency),
        "zone": zone.key,
        "windows": _windows(document, zone),
        "dates": _dates(document, zone),
        "facts": _facts(document),
        "shipping": _shipping(document, zone),
        "import_details": _import_details(document),
        "consumer": consumer,
        "message": consumer.known.message_to_customer if consumer and consumer.known else None,
        "parties": _parties(_all_parties(document, consumer), places({document.ship_to}).get(document.ship_to)),
        "page": page,
        "wanted": wanted,
        "rows": [_row(line, consumer, recoded) for line in page.object_list],
        "eaches": formats.number(_pieces(document)),
        "tax_total": formats.amount(document.tax_total, document.currency),
        "versions": _versions(document, zone, consumer),
        "exports": export_section.of(document, zone),
        "has_status": rereading.has_statuses(document),
        "status": status_section.of(document, asked, zone),
    }


def _versions(document: SaleDocument, zone: ZoneInfo, consumer: Consumer | None) -> list[VersionRow]:
    """Newest first."""
    known = bool(consumer and consumer.known)
    versions = document.versions.defer("raw").order_by("-number")
    return [
        VersionRow(
            one,
            formats.moment(one.received_at, zone, seconds=True),
            version_changes.of(document, one, zone, known) if place < version_changes.MOST_VERSIONS else None,
        )
        for place, one in enumerate(versions)
    ]


def pretty(text: str) -> str:
    """The raw text indented, each digit as it came; the text itself where it is no JSON."""
    try:
        return msgspec.json.format(text, indent=2)
    except (msgspec.MsgspecError, RecursionError):
        return text


def download(text: str, name: str) -> HttpResponse:
    """The raw text as a file. Never shown by the browser: it is somebody else's data."""
    safe = slugify(name.removesuffix(".json")) or "document"
    answer = HttpResponse(text, content_type="application/json; charset=utf-8")
    answer["Content-Disposition"] = f'attachment; filename="{safe}.json"'
    return answer


def _lines(document: SaleDocument, wanted: str) -> "Paginator[SaleLine]":
    lines = document.lines.order_by("position")
    if wanted:
        columns = ("asin", "vendor_sku", "sku", "sequence")
        lines = lines.filter(
            Q(**{f"{columns[0]}__icontains": wanted})
            | Q(**{f"{columns[1]}__icontains": wanted})
            | Q(**{f"{columns[2]}__icontains": wanted})
            | Q(**{columns[3]: wanted})
        )
    return Paginator(lines, LINES_PER_PAGE)


def _pieces(document: SaleDocument) -> int | None:
    found = document.lines.filter(cancelled=False, vanished=False).aggregate(sum=Sum("eaches"))
    total: int | None = found["sum"]
    return total


def _windows(document: SaleDocument, zone: ZoneInfo) -> list[tuple[str, SafeString, SafeString | None]]:
    """Delivery and ship window; equal ends are one moment."""
    given = (
        (_("Delivery window"), document.delivery_window_start, document.delivery_window_end),
        (_("Ship window"), document.ship_window_start, document.ship_window_end),
    )
    return [
        (label, formats.moment(start or end, zone), formats.moment(end, zone) if start and end != start else None)
        for label, start, end in given
        if start or end
    ]


def _dates(document: SaleDocument, zone: ZoneInfo) -> list[Fact]:
    given = (
        (_("Ordered"), document.date),
        (_("Changed by Amazon"), document.changed_date),
        (_("In this state since"), document.state_changed_date),
        (_("First seen here"), document.created_at),
        (_("Last changed here"), document.updated_at),
    )
    return [Fact(label, formats.moment(moment, zone)) for label, moment in given if moment]


def _facts(document: SaleDocument) -> list[Fact]:
    given = (
        (_("Vendor code"), document.vendor_code),
        (_("Order type"), document.purchase_order_type),
        (_("Payment method"), document.payment_method),
        (_("Deal code"), document.deal_code),
    )
    return [
        Fact(_("Node"), formats.link(document.node)),
        *(Fact(label, value) for label, value in given if value),
    ]


def _import_details(document: SaleDocument) -> list[Fact]:
    details = document.import_details or {}
    known = [Fact(_(label), _flat(details[name])) for name, label in IMPORT_DETAILS.items() if details.get(name)]
    others = [Fact(name, _flat(value)) for name, value in details.items() if value and name not in IMPORT_DETAILS]
    return known + others


def _flat(value: Any) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)


def _parties(parties: Mapping[str, Any], place: Place | None) -> list[Party]:
    """Everybody named; a destination of which no more than its code came, with what is known of the place."""
    found = {name: _party(_(label), parties[name]) for name, label in PARTIES.items() if parties.get(name)}
    ship_to = found.get("ship_to")
    if place and ship_to and not ship_to.address:
        city = " ".join(filter(None, (place.postal_code, place.city)))
        about = (place.name, " · ".join(filter(None, (city, place.country))))
        found["ship_to"] = ship_to._replace(address=[line for line in about if line])
    return list(found.values())


def _party(role: str, party: Mapping[str, Any]) -> Party:
    address, tax = party.get("address") or {}, party.get("tax_registration") or {}
    city = " ".join(filter(None, (address.get("postal_code"), address.get("city"))))
    region = ", ".join(filter(None, (address.get(name) for name in ("county", "district", "state_or_region"))))
    place = " · ".join(filter(None, (city, region, address.get("country_code"))))
    lines = [address[name] for name in ADDRESS if address.get(name)]
    number = " ".join(filter(None, (tax.get("type"), tax.get("number"))))
    return Party(role, party.get("id") or "", [*lines, *filter(None, [place])], number, address.get("phone") or "")


def _all_parties(document: SaleDocument, consumer: Consumer | None) -> Mapping[str, Any]:
    known = consumer.known if consumer else None
    shown = {"ship_to": known.ship_to, "bill_to": known.bill_to} if known else {}
    found = {name: msgspec.to_builtins(party) for name, party in shown.items() if party}
    return {**document.parties, **found}


def _shipping(document: SaleDocument, zone: ZoneInfo) -> list[Fact]:
    """What only Direct Fulfillment orders say."""
    flags = (
        (_("Priority"), document.priority),
        (_("Gift"), document.gift),
        (_("Packing slip required"), document.packing_slip_required),
    )
    given = (
        (_("Customer order"), document.customer_order_number),
        (_("Ship method"), document.ship_method),
        (_("To be shipped by"), document.required_ship_date and formats.moment(document.required_ship_date, zone)),
        (
            _("Promised delivery"),
            document.promised_delivery_date and formats.moment(document.promised_delivery_date, zone),
        ),
        *((label, _("yes") if value else _("no")) for label, value in flags if value is not None),
    )
    return [Fact(label, value) for label, value in given if value]


def _row(line: SaleLine, consumer: Consumer | None, recoded: bool) -> LineRow:
    return LineRow(
        line=line,
        quantity=formats.number(line.quantity),
        unit=unit_label(line.unit, line.quantity),
        eaches=formats.number(line.eaches),
        net_cost=formats.amount(line.net_cost),
        list_price=formats.amount(line.list_price),
        per=line.price_unit or "",
        total=formats.amount(line.total),
        taxes=[_tax(tax) for tax in line.taxes or []],
        unmatched=recoded and line.sku is None and not line.vanished,
        consumer=consumer.known.lines.get(line.sequence) if consumer and consumer.known else None,
    )


def _tax(tax: Mapping[str, Any]) -> str:
    amount = formats.amount(Decimal(tax["amount"]), tax.get("currency") or "") if tax.get("amount") else ""
    return " ".join(filter(None, (tax.get("type"), amount)))
