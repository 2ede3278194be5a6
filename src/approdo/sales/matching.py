"""Which orders, and which lines of them, somebody means who writes about them: never guessed, refused with the reason.

`field` in a refusal says where in the document it stands.
"""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from typing import NamedTuple

from django.db.models import F

from approdo.nodes.models import Node
from approdo.sales.models import OrderLink, SaleDocument, SaleLine
from approdo.sdk.errors import RefusedError

CODES = ("vendor_sku", "asin", "sku")
THEIRS = ("vendor_sku", "asin")
"""The other side's codes: it wants them back as they came."""


class Matched(NamedTuple):
    """The orders that a document is about, by their numbers, and what they have in common.

    `recoded` gives the vendor SKUs that stand for own ones, by the order's number and the own SKU.
    """

    node: Node
    program: str
    vendor_code: str
    orders: dict[str, SaleDocument]
    recoded: Mapping[tuple[str, str], Collection[str]] = {}


class Named(NamedTuple):
    """By what a line of an order is named."""

    sequence: str = ""
    vendor_sku: str = ""
    asin: str = ""
    sku: str = ""

    @property
    def by_sku_alone(self) -> bool:
        """Whether the own SKU is all that says which line it is."""
        return bool(self.sku) and not any(self[:-1])

    def __str__(self) -> str:
        return ", ".join(f"{name} {value}" for name, value in zip(self._fields, self, strict=True) if value)


def find_orders(numbers: Sequence[str], vendor_code: str | None, nodes: Collection[int]) -> Matched:
    """The orders with these numbers, of `nodes` (none: of any), and of this vendor code where one is given."""
    if not numbers:
        raise RefusedError("no_order_named", field="orders")
    found: dict[str, list[SaleDocument]] = {number: [] for number in numbers}
    orders = SaleDocument.objects.filter(type=SaleDocument.Type.ORDER, number__in=found).select_related("node")
    for order in orders.filter(node__in=nodes) if nodes else orders:
        found[order.number].append(order)
    chosen = {number: _one(number, here, vendor_code) for number, here in found.items()}
    kinds = {(order.node_id, order.program, order.vendor_code) for order in chosen.values()}
    if len(kinds) > 1:
        raise RefusedError("orders_apart", orders=some(chosen), field="orders")
    first = next(iter(chosen.values()))
    return Matched(first.node, first.program, first.vendor_code or vendor_code or "", chosen)


def orders_of_invoice(number: str, vendor_code: str | None, nodes: Collection[int]) -> list[str]:
    """The numbers of the orders that the invoice of this number bills."""
    links = OrderLink.objects.filter(document__type=SaleDocument.Type.INVOICE, document__number=number)
    if vendor_code:
        links = links.filter(document__vendor_code=vendor_code)
    if nodes:
        links = links.filter(document__node__in=nodes)
    return list(links.order_by("position").values_list("order__number", flat=True))


def _one(number: str, found: list[SaleDocument], vendor_code: str | None) -> SaleDocument:
    if not found:
        raise RefusedError("order_not_downloaded", order=number, field="orders")
    if vendor_code:
        # An order that came without its details says nothing of its vendor code.
        fitting = [one for one in found if one.vendor_code == vendor_code] or [
            one for one in found if not one.vendor_code
        ]
        if not fitting:
            raise RefusedError("order_of_other_vendor", order=number, vendor_code=vendor_code, field="vendor_code")
        found = fitting
    if len(found) > 1:
        raise RefusedError("order_ambiguous", order=number, count=len(found), field="vendor_code")
    return found[0]


def lock(orders: Collection[int]) -> None:
    """Let nobody else bill these orders until the transaction ends. One after the other, always in the same order."""
    for order in sorted(orders):
        SaleDocument.objects.filter(pk=order).update(invoicing=F("invoicing"))


class OrderLines:
    """The lines of one order, to be found by their sequence or by a code.

    An own SKU that no line has is looked up in `recoded`; only a line without an own SKU is found that way.
    """

    def __init__(self, order: SaleDocument, recoded: Mapping[tuple[str, str], Collection[str]]) -> None:
        self.order = order
        self._recoded = recoded
        self._by_sequence: dict[str, SaleLine] = {}
        self._by_code: dict[tuple[str, str], list[SaleLine]] = defaultdict(list)
        for line in order.lines.all():
            self._by_sequence[line.sequence] = line
            for code in CODES:
                self._by_code[code, getattr(line, code) or ""].append(line)

    def find(self, named: Named, field: str) -> SaleLine:
        """The line that is meant; it is wanted still."""
        if not any(named):
            raise RefusedError("line_names_nothing", field=field)
        line = self._known(named, field)
        for code in THEIRS:
            value = getattr(named, code)
            if value and value != getattr(line, code):
                self._refuse("line_differs", f"{field}.{code}", line, value=value, ordered=getattr(line, code))
        if line.cancelled or line.vanished:
            self._refuse("line_gone", field, line)
        return line

    def _known(self, named: Named, field: str) -> SaleLine:
        number = self.order.number
        if named.sequence:
            if named.sequence not in self._by_sequence:
                raise RefusedError("line_not_found", order=number, named=str(named), field=field)
            return self._by_sequence[named.sequence]
        code = next(code for code in CODES if getattr(named, code))
        found = self._by_code.get((code, getattr(named, code)), [])
        if not found and code == "sku":
            vendor_skus = self._recoded.get((number, named.sku), ())
            by_table = [line for one in vendor_skus for line in self._by_code.get(("vendor_sku", one), ())]
            found = [line for line in by_table if not line.sku]
        found = [line for line in found if not (line.cancelled or line.vanished)] or found
        if not found:
            raise RefusedError("line_not_found", order=number, named=str(named), field=field)
        if len(found) > 1:
            raise RefusedError("line_ambiguous", order=number, named=str(named), field=field)
        return found[0]

    def _refuse(self, code: str, field: str, line: SaleLine, **params: str) -> None:
        raise RefusedError(code, order=self.order.number, line=line.sequence, field=field, **params)


def pieces(quantity: int, unit: str, unit_size: int | None, ordered: SaleLine, field: str) -> tuple[int, int | None]:
    """How many pieces so many units are, and how many one holds. Never rounded: it is a product or a refusal."""
    order = ordered.document.number
    if quantity <= 0:
        raise RefusedError("not_positive", value=quantity, field=f"{field}.quantity")
    if unit == "eaches":
        return quantity, unit_size
    if unit != "cases":
        raise RefusedError("unknown_unit", value=unit, field=f"{field}.unit")
    known = ordered.unit_size if ordered.unit == "cases" else None
    if unit_size and known and unit_size != known:
        raise RefusedError("unit_size_differs", order=order, ordered=known, value=unit_size, field=f"{field}.unit_size")
    size = unit_size or known
    if not size or size < 0:
        raise RefusedError("unit_size_missing", field=f"{field}.unit_size")
    return quantity * size, size


def some(numbers: Collection[str], most: int = 5) -> str:
    """A few of the numbers, for a sentence."""
    return ", ".join([*numbers][:most]) + (" …" if len(numbers) > most else "")
