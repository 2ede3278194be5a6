"""What an ERP posts, made for tests: documents in JSON, and the same in XML by a writer of its own."""

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from amazon_orders import batch
from django.db import transaction
from django.utils import timezone
from lxml import etree

from approdo.nodes.models import Node
from approdo.sales.receive import Origin, receive

Data = dict[str, Any]

GROUPS = {
    "General": ["type", "number", "vendor_code", "date", "selling_party", "day", "orders", "corrects"],
    "Customer": ["buying_party", "bill_to_party"],
    "Delivery": ["ship_to_party"],
    "Payments": ["payment_terms", "remit_to_party"],
    "Amounts": ["currency", "total", "tax_total", "gross_total", "taxes"],
    "Shipping": ["ship_from_party"],
}
INSIDE: dict[str, list[str]] = {
    "party": ["id", "address", "tax_registration"],
    "line": [
        "sequence", "asin", "vendor_sku", "sku", "title", "quantity", "unit", "unit_size", "eaches", "net_cost",
        "currency", "total", "taxes", "order", "order_line",
    ],
    "answer": ["quantity", "unit", "unit_size", "eaches", "ship_date", "delivery_date", "reason"],
}  # fmt: skip
ITEMS = {"taxes": "Tax", "orders": "Order", "lines": "Row"}
"""What the entries of a list are called."""


def store(*orders: Data | bytes, node: Node | None = None, at: datetime | None = None) -> None:
    """The orders as if they had been downloaded."""
    moment = at or timezone.now()
    account = node or Node.objects.filter(type="amazon_vendor").get()
    with transaction.atomic():
        receive(batch(*orders, asked_at=moment), Origin(account.pk, run=1, at=moment))


def line(**changes: Any) -> Data:
    """All of the one line of an order as `amazon_orders` makes it: three cases of twelve at 1.10."""
    return {"order_line": "1", "quantity": 3, "unit": "cases", "unit_size": 12, "net_cost": "1.10", **changes}


def invoice(number: str = "FT-1", lines: Sequence[Data] | None = None, **changes: Any) -> Data:
    """An invoice of the whole order PO000001 without taxes."""
    return {
        "type": "invoice", "number": number, "vendor_code": "ROSIT", "day": "2026-05-02", "orders": ["PO000001"],
        "currency": "EUR", "lines": [line()] if lines is None else lines, "gross_total": "39.60", **changes,
    }  # fmt: skip


def update(number: str = "PO000001", lines: Sequence[Data] = (), receipt: str | None = "SO-17", **changes: Any) -> Data:
    """What the ERP says of an order."""
    said = {"receipt": receipt, "lines": list(lines)}
    return {"type": "order", "number": number, "vendor_code": "ROSIT", "order_update": said, **changes}


def as_json(*documents: Any) -> bytes:
    return json.dumps({"documents": documents}).encode()


def as_xml(*documents: Data) -> bytes:
    root = etree.Element("Documents", Version="1")
    for document in documents:
        element = etree.SubElement(root, "Document")
        for group, names in GROUPS.items():
            if any(name in document for name in names):
                _put(etree.SubElement(element, group), document, names)
        if "lines" in document:
            _put_one(element, "lines", document["lines"])
        if "order_update" in document:
            _put_one(element, "order_update", document["order_update"])
    return etree.tostring(root, encoding="utf-8", xml_declaration=True, pretty_print=True)


def _put(element: etree._Element, values: Data, names: Sequence[str]) -> None:
    for name in names:
        if values.get(name) is not None:
            _put_one(element, name, values[name])


def _put_one(element: etree._Element, name: str, value: Any) -> None:
    tag = "Rows" if name == "lines" else "".join(word.capitalize() for word in name.split("_"))
    inside = etree.SubElement(element, tag)
    match value:
        case list():
            for one in value:
                item = etree.SubElement(inside, ITEMS[name])
                _fill(item, name, one)
        case dict():
            _fill(inside, name, value)
        case _:
            inside.text = str(value)


def _fill(element: etree._Element, name: str, value: Any) -> None:
    if not isinstance(value, dict):
        element.text = str(value)
        return
    kind = "party" if name.endswith("_party") else "line" if name == "lines" and "unit" in value else name
    kind = "answer" if name in ("accepted", "backordered", "rejected") else kind
    _put(element, value, INSIDE.get(kind, list(value)))
