"""SKUs recoded, both ways, by what the table says. Knows no documents.

The kind of a code comes first: a vendor SKU before an EAN, an EAN before an ASIN. Of the rows that fit, the most
specific one counts: with a vendor code before with a marketplace before with a node. Rows of one kind and equally
specific differ in their code, as their constraints say; an EAN alone can stand there twice, with leading zeros and
without. Then, as wherever the table says two things, nothing is chosen.
"""

from collections.abc import Collection, Iterable, Iterator
from typing import NamedTuple

from approdo.catalog.gtin import gtin14, spellings
from approdo.catalog.models import SkuRecoding
from approdo.many import select

Kind = SkuRecoding.Kind

FALLBACKS = (Kind.EAN, Kind.ASIN)
"""The kinds that are tried after the vendor SKU, where the user says so, in this order."""


class Code(NamedTuple):
    """What a line is known by at the other side, and where it was sold."""

    vendor_code: str
    marketplace: str
    vendor_sku: str
    asin: str


class Own(NamedTuple):
    """Our name for it: the own SKU, and the title or an empty text."""

    sku: str
    title: str


class Wanted(NamedTuple):
    """An own SKU whose external one is asked for, and where it is sold."""

    sku: str
    vendor_code: str
    marketplace: str


class _Row(NamedTuple):
    kind: str
    external: str
    vendor_code: str
    marketplace: str
    node: int | None
    sku: str
    title: str

    def fits(self, vendor_code: str, marketplace: str) -> bool:
        """Whether each field that it gives is so."""
        return self.vendor_code in ("", vendor_code) and self.marketplace in ("", marketplace)

    @property
    def level(self) -> tuple[bool, bool, bool]:
        """How specific it is; the greater, the more."""
        return bool(self.vendor_code), bool(self.marketplace), self.node is not None


def own_skus(node: int, codes: Collection[Code], fallbacks: Collection[str] = ()) -> dict[Code, Own]:
    """What the table says of the codes; those without a match, or with an ambiguous one, are absent.

    One question to the database, however many codes. `fallbacks` are kinds of `FALLBACKS`.
    """
    names = {code: list(_names(code, fallbacks)) for code in codes}
    asked = {spelling for found in names.values() for kind, name in found for spelling in _spelled(kind, name)}
    if not asked:
        return {}
    by_name: dict[tuple[str, str], list[_Row]] = {}
    for row in _rows(node, "external", asked):
        name = gtin14(row.external) if row.kind == Kind.EAN else row.external
        by_name.setdefault((row.kind, name or ""), []).append(row)
    found = {code: _first(code, names[code], by_name) for code in codes}
    return {code: own for code, own in found.items() if own}


def _names(code: Code, fallbacks: Collection[str]) -> Iterator[tuple[str, str]]:
    """Under which kinds and names a code is looked up, in this order."""
    vendor_sku, asin = code.vendor_sku.strip(), code.asin.strip()
    if vendor_sku:
        yield Kind.VENDOR_SKU, vendor_sku
    if Kind.EAN in fallbacks:
        yield from ((Kind.EAN, number) for number in map(gtin14, (vendor_sku, asin)) if number)
    if asin and Kind.ASIN in fallbacks:
        yield Kind.ASIN, asin


def _spelled(kind: str, name: str) -> list[str]:
    return spellings(name) if kind == Kind.EAN else [name]


def _first(code: Code, names: Iterable[tuple[str, str]], by_name: dict[tuple[str, str], list[_Row]]) -> Own | None:
    for name in names:
        best = _most_specific(by_name.get(name, ()), code.vendor_code, code.marketplace)
        if best:
            first = best[0]
            clear = len(best) == 1 or all(row.sku == first.sku for row in best)
            return Own(first.sku, first.title) if clear else None
    return None


def external_skus(node: int, wanted: Collection[Wanted]) -> dict[Wanted, tuple[str, ...]]:
    """The vendor SKUs that stand for own ones; none where there is no row for it.

    More than one is ambiguous: the table holds them at the same level, and nobody but a person can choose.
    """
    skus = {one.sku.strip() for one in wanted} - {""}
    by_sku: dict[str, list[_Row]] = {}
    for row in _rows(node, "sku", skus) if skus else ():
        if row.kind == Kind.VENDOR_SKU:
            by_sku.setdefault(row.sku, []).append(row)
    found = {}
    for one in wanted:
        best = _most_specific(by_sku.get(one.sku.strip(), ()), one.vendor_code, one.marketplace)
        found[one] = tuple(sorted({row.external for row in best}))
    return found


def _rows(node: int, column: str, texts: Collection[str]) -> Iterator[_Row]:
    """Those with one of the texts there that count for the node.

    Which nodes count is not asked: a database would take the index on nodes, which finds nearly every row.
    """
    columns = ("kind", "external", "vendor_code", "marketplace", "node_id", "sku", "title")
    found = (_Row(*values) for values in select(SkuRecoding, columns, {}, column, texts))
    return (row for row in found if row.node in (None, node))


def _most_specific(rows: Iterable[_Row], vendor_code: str, marketplace: str) -> list[_Row]:
    """All that fit at the highest level that one of them has, in an order that does not change."""
    fitting = [row for row in rows if row.fits(vendor_code, marketplace)]
    if len(fitting) < 2:  # as nearly always: asked a thousand times a page
        return fitting
    top = max((row.level for row in fitting), default=None)
    return sorted((row for row in fitting if row.level == top), key=lambda row: (row.external, row.sku))
