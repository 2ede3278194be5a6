"""Documents as XML: all that JSON says of them, in groups that read like an ERP's order; `documents.xsd` describes it.

An element is called like the member that it holds, `net_cost` as `NetCost`; null is no element, an empty text an
empty one. Written element by element: no more than one document is in memory.

XML 1.0 cannot hold every character that a text may have (U+0007, U+FFFF). Refusing would keep an order from the ERP
for a title that nobody here can change, and dropping would change it unseen. So U+FFFD stands in its place, and the
attribute `Replaced` tells what the text has wherever U+FFFD stands: a reader sees it, and can undo it exactly.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from lxml import etree

from approdo.exchanges.formats.outgoing import NO_BATCH, Batch, Document, Options, in_chunks

VERSION = "1"
SCHEMA = Path(__file__).with_name("documents.xsd")
"""The published schema."""

REPLACEMENT = "\ufffd"
_IMPOSSIBLE = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


class Group(NamedTuple):
    """An element of ours around some members of a document. It is always there."""

    element: str
    parts: "Parts"


class Inner(NamedTuple):
    """A member that has members of its own."""

    key: str
    parts: "Parts"


class Many(NamedTuple):
    """A member that is a list, each of its values in an element `item`; without parts they are plain."""

    key: str
    element: str
    item: str
    parts: "Parts" = ()


Parts = Sequence[str | Group | Inner | Many]
"""What is written inside an element, in this order; a text is a member with a plain value."""

_QUANTITY = ("quantity", "unit", "unit_size", "eaches")
_WINDOW = ("start", "end")
_ADDRESS = (
    "name", "attention", "line_1", "line_2", "line_3", "city", "county", "district", "state_or_region", "postal_code",
    "country_code", "phone",
)  # fmt: skip
_PARTY = ("id", Inner("address", _ADDRESS), Inner("tax_registration", ("type", "number")))
_PLACE = ("code", "name", "address", "postal_code", "city", "country", "time_zone")
_IMPORT = (
    "method_of_payment", "international_commercial_terms", "port_of_delivery", "import_containers",
    "shipping_instructions",
)  # fmt: skip
_TAX = ("type", "rate", "amount", "taxable_amount", "currency")
_ROW: Parts = (
    "sequence", "asin", "vendor_sku", "sku", "title", "quantity", "unit", "unit_size", "eaches", "net_cost",
    "list_price", "currency", "price_unit", "total", "cancelled", "vanished", "backorder_allowed",
    Many("taxes", "Taxes", "Tax", _TAX), "gift_message", "customized_url", "order", "order_line",
)  # fmt: skip
_ANSWER = (*_QUANTITY, "ship_date", "delivery_date", "reason")
_UPDATE_ROW: Parts = (
    "sequence", "asin", "vendor_sku", "sku",
    *(Inner(answer, _ANSWER) for answer in ("accepted", "backordered", "rejected")),
)  # fmt: skip
_UPDATE: Parts = ("receipt", "version", "state", "received_at", Many("lines", "Rows", "Row", _UPDATE_ROW))
_TERMS = ("type", "discount_percent", "discount_due_days", "net_due_days")
_STATUS_ROW: Parts = (
    "sequence", "asin", "vendor_sku", "confirmation", "receiving",
    *(Inner(figure, _QUANTITY) for figure in ("ordered", "cancelled", "accepted", "rejected", "received")),
    "acknowledged_date", "last_receive_date",
    Many(
        "quantity_changes", "QuantityChanges", "QuantityChange",
        ("date", Inner("ordered", _QUANTITY), Inner("cancelled", _QUANTITY)),
    ),
    Many(
        "acknowledgements", "Acknowledgements", "Acknowledgement",
        ("date", Inner("accepted", _QUANTITY), Inner("rejected", _QUANTITY)),
    ),
)  # fmt: skip
_STATUS = (
    "status", "confirmation", "receiving", "last_updated_date", "version", "updated_at",
    Many("lines", "Rows", "Row", _STATUS_ROW),
)  # fmt: skip
_EXPORTED: Parts = (
    "connector", "version", "change", "state", "at", "batch", "receipt", "where",
    Inner("problem", ("code", "message", "hint")),
)  # fmt: skip
_EXPORT = ("change", "version", Many("exported_before", "ExportedBefore", "Version"))

DOCUMENT: Parts = (
    Group("General", (
        "id", "type", "program", "number", "node", "vendor_code", "state", "date", "changed_date",
        "state_changed_date", "purchase_order_type", "deal_code", "customer_order_number",
        Inner("selling_party", _PARTY), "version", "updated_at", "acknowledged", "invoiced", "personal_data",
        Inner("export", _EXPORT), Many("exports", "Exports", "Entry", _EXPORTED), "day",
        Many("orders", "Orders", "Order"), "corrects",
        Many("invoices", "Invoices", "Invoice", ("id", "type", "number")),
    )),
    Group("Customer", (Inner("buying_party", _PARTY), Inner("bill_to_party", _PARTY), "message_to_customer")),
    Group("Delivery", (
        Inner("ship_to_party", _PARTY), Inner("ship_to_place", _PLACE), Inner("delivery_window", _WINDOW),
        "promised_delivery_date",
    )),
    Group("Payments", ("payment_method", Inner("payment_terms", _TERMS), Inner("remit_to_party", _PARTY))),
    Group("Amounts", ("currency", "total", "tax_total", "gross_total", Many("taxes", "Taxes", "Tax", _TAX))),
    Group("Shipping", (
        Inner("ship_from_party", _PARTY), Inner("ship_window", _WINDOW), "required_ship_date", "ship_method",
        "priority", "gift", "packing_slip_required", Inner("import_details", _IMPORT),
    )),
    Many("lines", "Rows", "Row", _ROW),
    Inner("amazon_status", _STATUS),
    Inner("order_update", _UPDATE),
)  # fmt: skip
"""Where each member of a document stands."""


def media_type(_options: Options) -> str:
    """The document's own declaration says how it is encoded."""
    return "application/xml"


def write(documents: Iterable[Document], _options: Options, batch: Batch = NO_BATCH) -> Iterator[bytes]:
    """One `Documents` element. It is closed only after the last document."""
    return in_chunks(_parts(documents, batch))


def _parts(documents: Iterable[Document], batch: Batch) -> Iterator[bytes]:
    written = _Written()
    with etree.xmlfile(written, encoding="utf-8") as file:
        file.write_declaration()
        with file.element("Documents", _attributes(batch)):
            file.write("\n")
            for document in documents:
                element = etree.Element("Document")
                _fill(element, document, DOCUMENT)
                file.write(element, pretty_print=True)
                file.flush()
                yield written.taken()
    yield written.taken() + b"\n"


class _Written:
    """Where the XML is written to, until it is given out."""

    def __init__(self) -> None:
        self._waiting = bytearray()

    def write(self, data: bytes) -> None:
        self._waiting += data

    def taken(self) -> bytes:
        data = bytes(self._waiting)
        self._waiting.clear()
        return data


def _attributes(batch: Batch) -> dict[str, str]:
    named = {"Batch": batch.id, "Connector": batch.connector}
    known = {name: _IMPOSSIBLE.sub(REPLACEMENT, value) for name, value in named.items() if value is not None}
    return {"Version": VERSION, **known}


def _fill(element: etree._Element, values: Mapping[str, Any], parts: Parts) -> None:
    for part in parts:
        if isinstance(part, str):  # as most are
            if (value := values.get(part)) is not None:
                _put(etree.SubElement(element, name_of(part)), value)
            continue
        if isinstance(part, Group):
            _fill(etree.SubElement(element, part.element), values, part.parts)
            continue
        value = values.get(part.key)
        if value is None:
            continue
        if isinstance(part, Many):
            inside = etree.SubElement(element, part.element)
            for one in value:
                item = etree.SubElement(inside, part.item)
                _fill(item, one, part.parts) if part.parts else _put(item, one)
        else:
            _fill(etree.SubElement(element, name_of(part.key)), value, part.parts)


def _put(element: etree._Element, value: Any) -> None:
    if isinstance(value, bool):
        element.text = "true" if value else "false"
    else:
        _put_text(element, str(value))


def _put_text(element: etree._Element, text: str) -> None:
    if _IMPOSSIBLE.search(text):
        codes = [f"{ord(one):04X}" for one in text if one == REPLACEMENT or _IMPOSSIBLE.match(one)]
        element.set("Replaced", " ".join(codes))
        text = _IMPOSSIBLE.sub(REPLACEMENT, text)
    element.text = text


@cache
def name_of(key: str) -> str:
    """What the element of a member is called: `net_cost` is `NetCost`."""
    return "".join(word.capitalize() for word in key.split("_"))
