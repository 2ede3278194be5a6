"""SKUs recoded in documents: own SKU and title beside what the other side said, never in its place.

Of documents that are being taken in (`Intake`, inside their transaction) and of those already stored (`apply`). And
back again for who names lines by own SKUs (`outward`).
"""

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

import msgspec

from approdo.catalog import places
from approdo.catalog.recode import Code, Own, Wanted, external_skus, own_skus
from approdo.connectors import node_type
from approdo.exchanges import due, unmatched
from approdo.nodes.models import Node
from approdo.sales.models import SaleDocument, SaleLine
from approdo.sales.receive import Origin
from approdo.sales.rows import OwnLine, write_own
from approdo.sdk.documents import Address, Batch
from approdo.sdk.documents import SaleDocument as Document
from approdo.sdk.errors import ConfigError


class Asked(NamedTuple):
    """How SKUs are recoded: by which fallbacks, and which marketplace an order counts to for want of another."""

    fallbacks: tuple[str, ...] = ()
    marketplace: str = ""


Asks = Callable[[int, str], Asked | None]
"""Given a node and a program: how the SKUs of such documents are recoded, or none where they are not."""


def nobody_asks(_node: int, _program: str) -> None:
    """SKUs are not recoded."""
    return


class Sold(NamedTuple):
    """What says to whom a document belongs and where it was sold."""

    vendor_code: str
    ship_to: str
    address: Address | None


class Intake:
    """Notes the places that documents name and recodes their SKUs while `sales.receive` writes them.

    Nothing is asked where nothing is written. `settle` ends it, in the same transaction.
    """

    def __init__(self, batch: Batch, origin: Origin, asks: Asks) -> None:
        self._batch = batch
        self._origin = origin
        self._asks = asks
        self._released: set[int] = set()

    def recode(self, documents: Sequence[Document], known: Sequence[int]) -> list[list[OwnLine]] | None:
        """What is ours in the lines of documents that are being written; none where nobody asked for it."""
        sold = [_sold(document) for document in documents]
        if self._batch.privacy is None:  # else they go to where consumers live
            _note_places(sold)
        node, at = self._origin.node, self._origin.at
        asked = self._asks(node, self._batch.program)
        if asked is None:
            return None
        if known:
            self._released = _missed_by(known)
        codes = [
            [_code(one, marketplace, line.vendor_sku, line.asin) for line in document.lines]
            for one, marketplace, document in zip(sold, _marketplaces(sold, asked), documents, strict=True)
        ]
        every = {code for lines in codes for code in lines}
        own = own_skus(node, every, asked.fallbacks)
        listed = unmatched.numbers(node, every - own.keys(), at, came=True)
        found = {code: _own_line(own.get(code), listed.get(code)) for code in every}
        return [[found[code] for code in lines] for lines in codes]

    def settle(self) -> None:
        """Take codes off the list that documents carried before and no longer do."""
        unmatched.forget(self._released)


def apply(documents: Collection[int], asks: Asks, at: datetime, *, only_missing: bool) -> Counter[str]:
    """Recode the SKUs of stored documents, by their rows, which the caller has locked (`unmatched_or_all`).

    `only_missing` leaves lines alone that have a match. Where the table has none any more, own SKU and title are taken
    away. Counts `documents` and `lines` looked at, `documents_changed`, and lines `matched` anew, `replaced`, `removed`
    and left `without` a match.
    """
    rows = SaleDocument.objects.filter(pk__in=documents).order_by("node", "program", "pk")
    groups: dict[tuple[int, str], dict[int, Sold]] = {}
    for pk, node, program, vendor_code, ship_to, parties in rows.values_list(
        "pk", "node", "program", "vendor_code", "ship_to", "parties"
    ):
        groups.setdefault((node, program), {})[pk] = _stored(vendor_code, ship_to, parties)
    _note_places(sold for group in groups.values() for sold in group.values())
    lines = _lines(documents, only_missing)
    codes: dict[int, dict[int, Code]] = {}
    new: dict[int, OwnLine] = {}
    for (node, program), group in groups.items():
        asked = asks(node, program)
        if asked is None:  # nobody misses a match any more
            new |= {line.pk: OwnLine(line.sku, line.title) for pk in group for line in lines.get(pk, ())}
            continue
        marketplaces = zip(group.items(), _marketplaces(list(group.values()), asked), strict=True)
        here = {
            line.pk: _code(sold, marketplace, line.vendor_sku, line.asin)
            for (pk, sold), marketplace in marketplaces
            for line in lines.get(pk, ())
        }
        own = own_skus(node, set(here.values()), asked.fallbacks)
        new |= {line: _own_line(own[code], None) for line, code in here.items() if code in own}
        codes.setdefault(node, {}).update({line: code for line, code in here.items() if code not in own})
    for node, missing in sorted(codes.items()):
        listed = unmatched.numbers(node, set(missing.values()), at, came=False)
        new |= {line: _own_line(None, listed.get(code)) for line, code in missing.items()}
    return _written([line for found in lines.values() for line in found], new) + Counter(documents=len(documents))


def outward(
    node: Node, orders: Mapping[str, SaleDocument], named: Collection[tuple[str, str]]
) -> dict[tuple[str, str], tuple[str, ...]]:
    """The vendor SKUs that stand for own ones in orders of a node; `named` by the order's number and the own SKU.

    Only those that the same table turns into that own SKU again: one with a more specific row is another product's.
    """
    sold = [_stored(order.vendor_code, order.ship_to, order.parties) for order in orders.values()]
    asked = Asked(marketplace=_marketplace_of(node))
    known = dict(zip(orders, zip(sold, _marketplaces(sold, asked), strict=True), strict=True))
    wanted = {
        (number, sku): Wanted(sku, known[number][0].vendor_code, known[number][1])
        for number, sku in named
        if number in known
    }
    found = external_skus(node.pk, set(wanted.values()))
    codes = {one: [Code(one.vendor_code, one.marketplace, sku, "") for sku in skus] for one, skus in found.items()}
    own = own_skus(node.pk, {code for several in codes.values() for code in several})
    return {
        key: tuple(code.vendor_sku for code in codes[one] if code in own and own[code].sku == one.sku)
        for key, one in wanted.items()
    }


class _Line(NamedTuple):
    pk: int
    document: int
    vendor_sku: str
    asin: str
    sku: str | None
    title: str | None
    unmatched: int | None


def _lines(documents: Collection[int], only_missing: bool) -> dict[int, list[_Line]]:
    rows = SaleLine.objects.filter(document__in=documents, vanished=False).order_by("pk")
    if only_missing:
        rows = rows.filter(unmatched__isnull=False)
    found: dict[int, list[_Line]] = {}
    for values in rows.values_list("pk", "document", "vendor_sku", "asin", "sku", "own_title", "unmatched"):
        line = _Line(*values)
        found.setdefault(line.document, []).append(line)
    return found


def _written(lines: Collection[_Line], new: dict[int, OwnLine]) -> Counter[str]:
    """Write what is different, tell whom it concerns, and count."""
    counts = Counter(lines=len(lines))
    changes: list[tuple[int, OwnLine]] = []
    documents: set[int] = set()
    for line in lines:
        now = new[line.pk]
        counts["without"] += now.unmatched is not None
        if now == (line.sku, line.title, line.unmatched):
            continue
        changes.append((line.pk, now))
        if (now.sku, now.title) != (line.sku, line.title):
            documents.add(line.document)
            counts["matched" if line.sku is None else "removed" if now.sku is None else "replaced"] += 1
    write_own(changes)
    unmatched.forget({line.unmatched for line in lines if line.unmatched is not None})
    if documents:
        changed(documents)
    counts["documents_changed"] = len(documents)
    return counts


def changed(documents: Collection[int]) -> None:
    """Called inside the transaction that changed own SKUs or titles of these stored documents, by their rows.

    Documents that waited for their SKUs are looked at again by whoever hands documents over.
    """
    if documents:
        due.look_again()


def unmatched_or_all(
    after: int, asked: Collection[tuple[int, str]], most: int, *, only_missing: bool
) -> tuple[list[int], bool]:
    """The next documents to recode after the row `after`, locked, and whether there are more.

    With `only_missing` those with a line on the list, else those of the nodes and programs of `asked`. What somebody
    else writes at this moment is not waited for, so that nobody waits in a circle: it comes next time.
    """
    if only_missing:
        lines = SaleLine.objects.filter(unmatched__isnull=False, document__gt=after)
        found = list(lines.order_by("document").values_list("document", flat=True).distinct()[: most + 1])
    else:
        found = _after(after, asked, most + 1)
    wanted = found[:most]
    rows = SaleDocument.objects.select_for_update(skip_locked=True, no_key=True)
    locked = set(rows.filter(pk__in=wanted).order_by("pk").values_list("pk", flat=True))
    free = next((place for place, pk in enumerate(wanted) if pk not in locked), len(wanted))
    return wanted[:free], free < len(found)


def _after(after: int, asked: Collection[tuple[int, str]], most: int) -> list[int]:
    found: list[int] = []
    for node, program in asked:
        rows = SaleDocument.objects.filter(pk__gt=after, node=node, program=program)
        found += rows.order_by("pk").values_list("pk", flat=True)[:most]
    return sorted(found)[:most]


def _sold(document: Document) -> Sold:
    selling, ship_to = document.parties.selling, document.parties.ship_to
    code, address = (ship_to.id or "", ship_to.address) if ship_to else ("", None)
    return Sold((selling.id if selling else None) or "", code, address)


def _marketplace_of(node: Node) -> str:
    try:
        return node_type(node.type).marketplace(node.options) or ""
    except ConfigError:  # nothing is left of its type
        return ""


_ADDRESS = msgspec.json.Decoder(Address)


def _stored(vendor_code: str, ship_to: str, parties: Mapping[str, Any]) -> Sold:
    address = (parties.get("ship_to") or {}).get("address")
    return Sold(vendor_code, ship_to, _ADDRESS.decode(msgspec.json.encode(address)) if address else None)


def _note_places(sold: Iterable[Sold]) -> None:
    met: dict[str, Address | None] = {}
    for one in sold:
        if one.ship_to:
            met[one.ship_to] = one.address or met.get(one.ship_to)
    places.note(met)


def _marketplaces(sold: Sequence[Sold], asked: Asked) -> list[str]:
    """The country of the ship-to address, else of the ship-to place, else the node's. No operation says it."""
    said = [places.country_of(one.address) for one in sold]
    codes = {one.ship_to for one, country in zip(sold, said, strict=True) if one.ship_to and not country}
    known = places.countries(codes)
    both = zip(sold, said, strict=True)
    return [country or known.get(one.ship_to) or asked.marketplace for one, country in both]


def _code(sold: Sold, marketplace: str, vendor_sku: str, asin: str) -> Code:
    return Code(sold.vendor_code, marketplace, vendor_sku.strip(), asin.strip())


def _own_line(own: Own | None, number: int | None) -> OwnLine:
    return OwnLine(own.sku, own.title or None) if own else OwnLine(unmatched=number)


def _missed_by(documents: Collection[int]) -> set[int]:
    lines = SaleLine.objects.filter(document__in=documents, unmatched__isnull=False).order_by()
    return {code for code in lines.values_list("unmatched", flat=True) if code}
