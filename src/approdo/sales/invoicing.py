"""How much of an order is invoiced: what its invoices bill, less what credit notes give back.

An order is *invoiced* once every line that is still wanted is, in all the pieces that will be delivered: those that
the ERP's newest update says are accepted or backordered, else those that were ordered. *Partly* before. Amazon's own
figures of what was confirmed decide nothing here: they are informational.
"""

from collections import defaultdict
from collections.abc import Collection, Mapping
from typing import Any

from django.db.models import Sum

from approdo.many import select
from approdo.sales.models import BilledLine, OrderLink, OrderUpdate, SaleDocument, SaleLine

Invoicing = SaleDocument.Invoicing


def billed(orders: Collection[int], without: int | None = None) -> dict[tuple[int, str], int]:
    """The pieces that are billed of each line, by its order and sequence; those of one document left out."""
    lines = BilledLine.objects.filter(link__order__in=orders).order_by()
    if without is not None:
        lines = lines.exclude(link__document=without)
    sums = lines.values_list("link__order", "order_sequence").annotate(pieces=Sum("eaches"))
    return {(order, sequence): pieces for order, sequence, pieces in sums}


def refresh(orders: Collection[int]) -> None:
    """Work out anew how much of these orders is invoiced. Those that nobody billed are passed over."""
    linked = {order for (order,) in select(OrderLink, ("order_id",), {}, "order_id", orders)}
    linked |= {order for order, found in select(SaleDocument, ("id", "invoicing"), {}, "id", orders) if found}
    if not linked:
        return
    pieces: dict[int, dict[str, int]] = defaultdict(dict)
    for (order, sequence), count in billed(linked).items():
        pieces[order][sequence] = count
    wanted: dict[int, dict[str, int | None]] = defaultdict(dict)
    lines = SaleLine.objects.filter(document__in=linked, cancelled=False, vanished=False)
    for order, sequence, eaches in lines.values_list("document", "sequence", "eaches"):
        wanted[order][sequence] = eaches
    updates = newest_updates(linked)
    for order in sorted(linked):
        said = _to_be_delivered(updates[order].lines) if order in updates else {}
        due = {sequence: said.get(sequence, eaches) for sequence, eaches in wanted[order].items()}
        found = _invoicing(due, pieces[order])
        SaleDocument.objects.filter(pk=order).exclude(invoicing=found).update(invoicing=found)


def newest_updates(orders: Collection[int]) -> dict[int, OrderUpdate]:
    """The newest update of each of these orders that has one."""
    return {one.order_id: one for one in OrderUpdate.objects.filter(order__in=orders).defer("raw").order_by("number")}


def _to_be_delivered(lines: Collection[Mapping[str, Any]]) -> dict[str, int | None]:
    """The pieces that an update promises, of the lines that it speaks of."""
    return {
        line["sequence"]: sum(line[name]["eaches"] for name in ("accepted", "backordered") if line.get(name))
        for line in lines
    }


def _invoicing(wanted: Mapping[str, int | None], billed_: Mapping[str, int]) -> Invoicing | None:
    if not any(count > 0 for count in billed_.values()):
        return None
    whole = all(
        billed_.get(sequence, 0) >= eaches if eaches is not None else sequence in billed_
        for sequence, eaches in wanted.items()
    )
    return Invoicing.INVOICED if whole else Invoicing.PARTLY
