"""An invoice or a credit note held against its orders before it is stored: whatever Amazon would hold it for.

What cannot be is refused with the field and the reason; what can be and is odd is noted, and stored.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, NamedTuple

from msgspec.structs import replace

from approdo.nodes.time_ranges import zone_of
from approdo.sales import invoicing
from approdo.sales.fields import plain
from approdo.sales.matching import Matched, Named, OrderLines, pieces
from approdo.sales.models import BilledLine, SaleLine
from approdo.sdk.documents import DocumentType, Line, Note, Tax
from approdo.sdk.documents import SaleDocument as Document
from approdo.sdk.errors import RefusedError

AHEAD = timedelta(days=1)
"""So far in the future a document may be dated: clocks and days differ."""

CENTS = {"JPY": 0, "KRW": 0}
"""To how many decimals a total may be rounded at most; two where nothing stands here."""

MOST_NOTES = 50

Key = tuple[int, str]
"""An order's line: the order's row and the line's sequence."""


class Billed(NamedTuple):
    """A line of the document, the line of an order that it bills, and how many of its pieces."""

    line: Line
    ordered: SaleLine
    eaches: int

    @property
    def key(self) -> Key:
        """Which line of which order."""
        return self.ordered.document_id, self.ordered.sequence


class Checked(NamedTuple):
    """A document that may be stored, its lines with their orders, and what to look at."""

    document: Document
    billed: list[Billed]
    notes: list[Note]


class Asked(NamedTuple):
    """What a document is checked with: its stated net total, its row where it is known already, and the moment."""

    total: Decimal | None
    known: int | None
    at: datetime


def check(document: Document, matched: Matched, asked: Asked) -> Checked:
    """The document with what its orders say of its lines. Raises `RefusedError` for what cannot be."""
    notes: list[Note] = []
    _check_date(document, matched, asked.at, notes)
    _check_parties(document, matched)
    billed = _lines(document, matched, notes)
    if document.type is DocumentType.CREDIT_NOTE:
        billed = _given_back(document, billed, asked, notes)
    else:
        _check_left(billed, asked, notes)
    lines = tuple(one.line for one in billed)
    tax_total = _check_totals(document, lines, asked.total)
    checked = replace(document, lines=lines, tax_total=tax_total, orders=tuple(number for number in matched.orders))
    return Checked(checked, billed, notes[:MOST_NOTES])


def _check_date(document: Document, matched: Matched, at: datetime, notes: list[Note]) -> None:
    date = document.date
    if date is None or date > at + AHEAD:
        raise RefusedError("date_in_future", value=f"{date:%Y-%m-%d}" if date else "", field="day")
    zone = zone_of(matched.node)
    for number, order in matched.orders.items():
        if order.date and date.astimezone(zone).date() < order.date.astimezone(zone).date():
            notes.append(_note("before_the_order", "day", order=number))
        if order.state == "new":
            notes.append(_note("order_not_accepted", "orders", order=number))


def _check_parties(document: Document, matched: Matched) -> None:
    if document.parties.ship_to and matched.program == "vendor_direct_fulfillment":
        raise RefusedError("consumer_not_wanted", field="ship_to_party")


def _lines(document: Document, matched: Matched, notes: list[Note]) -> list[Billed]:
    orders = {number: OrderLines(order, matched.recoded) for number, order in matched.orders.items()}
    found, seen = [], set()
    for place, line in enumerate(document.lines):
        field = f"lines.{place}"
        if line.sequence in seen:
            raise RefusedError("line_twice", value=line.sequence, field=f"{field}.sequence")
        seen.add(line.sequence)
        order = _order_of(line, orders, field)
        found.append(_billed(line, order.find(named(line), field), field, notes))
    return found


def named(line: Line) -> Named:
    """By what a line of a bill names the line of its order."""
    return Named(line.order_line or "", line.vendor_sku, line.asin, line.sku or "")


def _order_of(line: Line, orders: Mapping[str, OrderLines], field: str) -> OrderLines:
    if line.order is None:
        if len(orders) > 1:
            raise RefusedError("line_names_no_order", field=f"{field}.order")
        return next(iter(orders.values()))
    if line.order not in orders:
        raise RefusedError("line_of_other_order", order=line.order, field=f"{field}.order")
    return orders[line.order]


def _billed(line: Line, ordered: SaleLine, field: str, notes: list[Note]) -> Billed:
    about = {"order": ordered.document.number, "line": ordered.sequence}
    if ordered.price_unit:
        raise RefusedError("priced_by_weight", **about, field=field)
    if ordered.currency and ordered.currency != line.currency:
        raise RefusedError(
            "currency_differs", order=about["order"], value=line.currency, ordered=ordered.currency, field="currency"
        )
    eaches, unit_size = pieces(line.quantity or 0, line.unit, line.unit_size, ordered, field)
    if line.eaches is not None and line.eaches != eaches:
        raise RefusedError(
            "eaches_differ", quantity=line.quantity, unit=line.unit, eaches=eaches, value=line.eaches,
            field=f"{field}.eaches",
        )  # fmt: skip
    if line.net_cost is None or line.net_cost <= 0:
        raise RefusedError("not_positive", value=plain(line.net_cost or Decimal(0)), field=f"{field}.net_cost")
    if ordered.net_cost is not None and ordered.net_cost != line.net_cost:
        costs = {"ordered": plain(ordered.net_cost), "value": plain(line.net_cost)}
        notes.append(_note("cost_differs", f"{field}.net_cost", **about, **costs))
    _check_line_total(line, eaches, field)
    whole = replace(
        line,
        asin=ordered.asin,
        vendor_sku=ordered.vendor_sku,
        title=line.title or ordered.title,
        eaches=eaches,
        unit_size=unit_size,
        order=about["order"],
        order_line=ordered.sequence,
    )
    return Billed(whole, ordered, eaches)


def _check_line_total(line: Line, eaches: int, field: str) -> None:
    """A stated total is the product, exact or rounded to as many decimals as it has, no coarser than a cent."""
    stated, cost = line.stated_total, line.net_cost
    if stated is None or cost is None:
        return
    decimals = max(-int(stated.as_tuple().exponent), CENTS.get(line.currency, 2))
    if abs(stated - eaches * cost) > Decimal(5).scaleb(-decimals - 1):
        raise RefusedError(
            "line_total_differs", eaches=eaches, net_cost=plain(cost), expected=plain(eaches * cost),
            value=plain(stated), field=f"{field}.total",
        )  # fmt: skip


def _check_left(billed: Sequence[Billed], asked: Asked, notes: list[Note]) -> None:
    """Nothing is invoiced twice: of each line no more than was ordered, all its invoices together."""
    before = invoicing.billed({order for order, _ in (one.key for one in billed)}, asked.known)
    now: dict[Key, int] = defaultdict(int)
    for place, one in enumerate(billed):
        about = {"order": one.ordered.document.number, "line": one.ordered.sequence}
        ordered, others = one.ordered.eaches, before.get(one.key, 0)
        if ordered is None:
            notes.append(_note("quantity_not_compared", f"lines.{place}.quantity", **about))
            continue
        left = ordered - others - now[one.key]
        if one.eaches > left:
            raise RefusedError(
                "invoiced_too_much", **about, value=one.eaches, left=max(left, 0), ordered=ordered, invoiced=others,
                field=f"lines.{place}.quantity",
            )  # fmt: skip
        now[one.key] += one.eaches


def _given_back(document: Document, billed: Sequence[Billed], asked: Asked, notes: list[Note]) -> list[Billed]:
    """What a credit note gives back: the pieces of a line at the cost at which they were invoiced, negative.

    A line at another cost corrects a price and gives nothing back.
    """
    before = invoicing.billed({order for order, _ in (one.key for one in billed)}, asked.known)
    costs = _invoiced_costs(billed)
    if document.corrects and document.corrects not in costs.values():
        notes.append(_note("corrected_unknown", "corrects", number=document.corrects))
    now: dict[Key, int] = defaultdict(int)
    found = []
    for place, one in enumerate(billed):
        if (one.key, one.line.net_cost) not in costs:
            found.append(one._replace(eaches=0))
            continue
        left = before.get(one.key, 0) - now[one.key]
        if one.eaches > left:
            raise RefusedError(
                "credited_too_much", order=one.ordered.document.number, line=one.ordered.sequence, value=one.eaches,
                left=max(left, 0), field=f"lines.{place}.quantity",
            )  # fmt: skip
        now[one.key] += one.eaches
        found.append(one._replace(eaches=-one.eaches))
    return found


def _invoiced_costs(billed: Sequence[Billed]) -> dict[tuple[Key, Any], str]:
    """At which costs the lines were invoiced, and by which number."""
    links = BilledLine.objects.filter(link__order__in={one.ordered.document_id for one in billed}, eaches__gt=0)
    keys = {
        (document, sequence): ((order, order_sequence), number)
        for document, number, sequence, order, order_sequence in links.values_list(
            "link__document", "link__document__number", "sequence", "link__order", "order_sequence"
        )
    }
    lines = SaleLine.objects.filter(document__in={document for document, _ in keys})
    found = lines.values_list("document", "sequence", "net_cost")
    return {
        (keys[document, sequence][0], cost): keys[document, sequence][1]
        for document, sequence, cost in found
        if (document, sequence) in keys
    }


def _check_totals(document: Document, lines: Sequence[Line], stated: Decimal | None) -> Decimal:
    """The whole tax, once net total, taxes and what is to be paid add up exactly."""
    net = sum((line.total for line in lines if line.total is not None), Decimal(0))
    if stated is not None and stated != net:
        raise RefusedError("total_differs", expected=plain(net), value=plain(stated), field="total")
    tax = _check_taxes(document, lines)
    gross = document.gross_total or Decimal(0)
    if gross <= 0:
        raise RefusedError("not_positive", value=plain(gross), field="gross_total")
    if gross != net + tax:
        raise RefusedError("gross_total_differs", expected=plain(net + tax), value=plain(gross), field="gross_total")
    return tax


def _check_taxes(document: Document, lines: Sequence[Line]) -> Decimal:
    """The taxes of the lines, those of the whole document and their stated sum are the same, where they are given."""
    of_lines = [tax for line in lines for tax in line.taxes]
    given = [("taxes", _sum(taxes)) for taxes in (of_lines, document.taxes) if taxes]
    if document.tax_total is not None:
        given.append(("tax_total", document.tax_total))
    if not given:
        return Decimal(0)
    first = given[0][1]
    for field, amount in given[1:]:
        if amount != first:
            raise RefusedError("taxes_differ", expected=plain(first), value=plain(amount), field=field)
    for tax in (*of_lines, *document.taxes):
        if tax.currency != document.currency:
            raise RefusedError("tax_currency_differs", value=tax.currency, ordered=document.currency, field="taxes")
    return first


def _sum(taxes: Sequence[Tax]) -> Decimal:
    return sum((tax.amount for tax in taxes if tax.amount is not None), Decimal(0))


def _note(code: str, field: str, **params: object) -> Note:
    return Note(code=code, params={**params, "field": field})
