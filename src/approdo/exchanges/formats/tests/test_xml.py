"""XML: it fits the published schema, and read back by a walk of its own it says the same as JSON."""

import re
from typing import Any

import pytest
from hypothesis import example, given, settings
from lxml import etree

from approdo.api import document_schema as schema
from approdo.connectors.amazon_vendor.wire import vendor_orders
from approdo.exchanges.formats import FORMATS, Batch
from approdo.exchanges.formats.outgoing import NO_BATCH
from approdo.exchanges.formats.tests.outgoing_documents import documents, plain_document, texts
from approdo.exchanges.formats.xml import SCHEMA

pytestmark = pytest.mark.once

XSD = etree.XMLSchema(etree.parse(SCHEMA))
GROUPS = {"General", "Customer", "Delivery", "Payments", "Amounts", "Shipping"}
LISTS = {
    "Rows", "Taxes", "QuantityChanges", "Acknowledgements", "ExportedBefore", "Exports", "Orders", "Invoices",
}  # fmt: skip
INNER = {
    "SellingParty", "BuyingParty", "BillToParty", "ShipToParty", "ShipFromParty", "Address", "TaxRegistration",
    "ShipToPlace", "DeliveryWindow", "ShipWindow", "ImportDetails", "Export", "AmazonStatus", "Ordered", "Accepted",
    "Rejected", "Received", "Backordered", "PaymentTerms", "RemitToParty", "OrderUpdate", "Problem",
}  # fmt: skip
COUNTED = {"id", "version", "quantity", "unit_size", "eaches", "discount_due_days", "net_due_days"}
FLAGS = {
    "change", "acknowledged", "invoiced", "priority", "gift", "packing_slip_required", "cancelled", "vanished",
    "backorder_allowed",
}  # fmt: skip


def write(given_documents: list[dict[str, Any]], batch: Batch = NO_BATCH) -> bytes:
    return b"".join(FORMATS["xml"].write(given_documents, {}, batch=batch))


def read(written: bytes) -> list[dict[str, Any]]:
    """The documents, by nothing but what docs/exports.md says of the format."""
    root = etree.fromstring(written, etree.XMLParser(huge_tree=True))
    XSD.assertValid(root)
    assert root.tag == "Documents"
    return [members(element) for element in root]


def members(element: etree._Element, inside: str = "") -> dict[str, Any]:
    found: dict[str, Any] = {}
    for child in element:
        if child.tag in GROUPS:
            found |= members(child)
        else:
            found[key(child.tag, inside)] = value(child, inside)
    return found


def key(tag: str, inside: str) -> str:
    if tag == "Rows":
        return "lines"
    return re.sub(r"(?<!^)(?=[A-Z]|\d)", "_", tag).lower()


def value(element: etree._Element, inside: str) -> Any:
    name, text = key(element.tag, inside), text_of(element)
    if element.tag in LISTS:
        return [entry(one) for one in element]
    if is_inner(element, inside):
        return members(element, element.tag)
    if name in COUNTED and not inside.endswith("Party"):
        return int(text)
    return text == "true" if name in FLAGS else text


def entry(element: etree._Element) -> Any:
    """One of a list: of versions numbers, of orders their numbers, else what has members."""
    if element.tag == "Version":
        return int(element.text)
    return text_of(element) if element.tag == "Order" else members(element, element.tag)


def is_inner(element: etree._Element, inside: str) -> bool:
    if element.tag == "Address":
        return inside.endswith("Party")
    # In a status what is cancelled is a figure, in a line a flag.
    return element.tag in INNER or (element.tag == "Cancelled" and len(element) > 0)


def text_of(element: etree._Element) -> str:
    text = element.text or ""
    replaced = iter(element.get("Replaced", "").split())
    return "".join(chr(int(next(replaced, "FFFD"), 16)) if one == "\ufffd" else one for one in text)


def without_nulls(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: without_nulls(inner) for name, inner in value.items() if inner is not None}
    return [without_nulls(inner) for inner in value] if isinstance(value, list) else value


@settings(max_examples=200, deadline=None)
@given(documents)
def test_documents_come_back_from_xml_as_they_went(given_documents: list[dict[str, Any]]) -> None:
    assert read(write(given_documents)) == without_nulls(given_documents)


@settings(max_examples=300, deadline=None)
@given(texts)
@example("\ufffd")
@example("\ufffd\x00\ufffd")
@example("\U0010ffff\ufffe")
def test_a_text_that_xml_cannot_hold_says_so_and_comes_back(text: str) -> None:
    written = write([plain_document(lines=[{"title": text}])])
    assert read(written)[0]["lines"] == [{"title": text}]
    (title,) = etree.fromstring(written).iter("Title")
    impossible = [one for one in text if (ord(one) < 32 and one not in "\t\n\r") or one in "\ufffe\uffff"]
    assert ("Replaced" in title.attrib) == bool(impossible)


def test_batch_and_connector_stand_on_the_root() -> None:
    root = etree.fromstring(write([], Batch("17", 'Ordini "per" <ERP>\x07')))
    assert dict(root.attrib) == {"Version": "1", "Batch": "17", "Connector": 'Ordini "per" <ERP>\ufffd'}
    assert XSD.validate(root)
    assert dict(etree.fromstring(write([])).attrib) == {"Version": "1"}


def test_absent_and_empty_differ() -> None:
    written = write([plain_document(deal_code="", lines=[{"title": ""}, {"title": None}, {}])])
    (document,) = read(written)
    assert document["deal_code"] == ""
    assert "payment_method" not in document
    assert document["lines"] == [{"title": ""}, {}, {}]


def test_the_parts_stand_in_their_order() -> None:
    (document,) = etree.fromstring(write([plain_document()]))
    names = ["General", "Customer", "Delivery", "Payments", "Amounts", "Shipping", "Rows"]
    assert [part.tag for part in document] == names


def declared(name: str) -> set[str]:
    """The elements of a type of the schema."""
    published = etree.parse(SCHEMA)
    names = {"xs": "http://www.w3.org/2001/XMLSchema"}
    return set(published.xpath(f"//xs:complexType[@name='{name}']//xs:element/@name", namespaces=names))


def test_every_field_of_the_api_is_in_the_schema() -> None:
    of_groups = set().union(*(declared(group) for group in GROUPS))
    of_document = {key(tag, "") for tag in of_groups | declared("Document") - GROUPS}
    assert of_document == schema.Document.model_fields.keys() | {"export", "ship_to_place"}
    described = {
        "Row": schema.Line, "Tax": schema.Tax, "Party": schema.Party, "Address": schema.Address,
        "TaxRegistration": schema.TaxRegistration, "Window": schema.TimeWindow, "AmazonStatus": schema.AmazonStatus,
        "StatusRow": schema.LineStatus, "Quantity": schema.StatusQuantity, "QuantityChange": schema.QuantityChange,
        "Acknowledgement": schema.Acknowledgement, "Entry": schema.Export, "Invoice": schema.InvoiceOf,
        "PaymentTerms": schema.PaymentTerms, "OrderUpdate": schema.OrderUpdate, "UpdateRow": schema.UpdateLine,
        "Answer": schema.UpdateAnswer, "Problem": schema.Problem,
    }  # fmt: skip
    for name, model in described.items():
        assert {key(tag, "") for tag in declared(name)} == set(model.model_fields)
    assert {key(tag, "") for tag in declared("ImportDetails")} == set(vendor_orders._Import.__struct_fields__)


def test_the_schema_explains_everything() -> None:
    published = etree.parse(SCHEMA).getroot()
    for kind in ("element", "attribute", "complexType", "simpleType"):
        for one in published.iter(f"{{http://www.w3.org/2001/XMLSchema}}{kind}"):
            if one.get("name"):
                assert (one.findtext("{*}annotation/{*}documentation") or "").strip(), one.get("name")


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ("<NetCost>1.10</NetCost>", "<NetCost>1,10</NetCost>"),
        ("<NetCost>1.10</NetCost>", "<NetCost>1.1e0</NetCost>"),
        ("<NetCost>1.10</NetCost>", "<NetCost></NetCost>"),
        ("<NetCost>1.10</NetCost>", "<NetCost>+1.10</NetCost>"),
        ("<NetCost>1.10</NetCost>", "<NetCost>.5</NetCost>"),
        ("<Type>order</Type>", "<Type>offer</Type>"),
        ("2026-04-30T10:00:00Z", "2026-04-30T10:00:00"),
        ("2026-04-30T10:00:00Z", "2026-04-30"),
        ("<Cancelled>false</Cancelled>", "<Cancelled>no</Cancelled>"),
        ("<Eaches>3</Eaches>", "<Eaches>3.5</Eaches>"),
        ("<NetCost>1.10</NetCost>", "<NetCost>1.10</NetCost><Nonsense/>"),
        ('Version="1"', 'Version="2"'),
    ],
)
def test_the_schema_is_strict(right: str, wrong: str) -> None:
    line = {"net_cost": "1.10", "eaches": 3, "cancelled": False}
    written = write([plain_document(lines=[line])]).decode()
    assert right in written
    assert XSD.validate(etree.fromstring(written.encode()))
    assert not XSD.validate(etree.fromstring(written.replace(right, wrong, 1).encode()))


@pytest.mark.parametrize("kind", ["invoice", "credit_note"])
def test_the_schema_holds_what_an_erp_sends_back(kind: str) -> None:
    posted = f"""<Documents Version="1"><Document>
      <General><Type>{kind}</Type><Number>FT-2026/17</Number><VendorCode>ROSIT</VendorCode>
        <Date>2026-05-02T08:00:00Z</Date></General>
      <Amounts><Currency>EUR</Currency><Total>39.60</Total></Amounts>
      <Rows><Row><Sequence>1</Sequence><Sku>ART-1</Sku><Quantity>36</Quantity><Unit>eaches</Unit>
        <NetCost>1.10</NetCost></Row></Rows>
    </Document></Documents>"""
    XSD.assertValid(etree.fromstring(posted))


def test_amazon_may_add_states_and_units() -> None:
    assert read(write([plain_document(state="paused", lines=[{"unit": "pallets"}])]))[0]["state"] == "paused"
