"""Lines named by an own SKU that the order does not carry: found by the table, where the connector asks for it."""

import pytest
from amazon_orders import item, node, order
from posted import invoice, line, store, update

from approdo.api.tests.imports.posting import post, refused
from approdo.catalog.models import SkuRecoding
from approdo.nodes.models import Node
from approdo.sales.models import OrderUpdate, SaleDocument, SaleLine


@pytest.fixture
def erp(connector_of):
    return connector_of(recode_skus=True)


@pytest.fixture
def row(erp):
    """Adds a row to the table, by which an own SKU stands for a vendor SKU."""

    def add(sku, external, **where):
        return SkuRecoding.objects.create(sku=sku, external=external, **where)

    return add


def billed_line(erp, sku="ART-9"):
    """The order's line that an invoice of this own SKU bills."""
    (answer,) = post(erp, invoice(lines=[by_sku(sku)]))
    assert answer["result"] == "accepted", answer
    (found,) = erp.get(f"/documents/{answer['document']}").data["lines"]
    return found


def by_sku(sku="ART-9"):
    return {"sku": sku, **{name: value for name, value in line().items() if name != "order_line"}}


def two_lines():
    store(order(state="Acknowledged", items=[item("1"), item("2", vendorProductIdentifier="V-2")]))


def test_an_own_sku_that_no_line_has_is_found_by_its_vendor_sku(erp, ordered, row):
    assert refused(erp, invoice(lines=[by_sku()])) == ("line_not_found", "lines.0")
    row("ART-9", "8001234567890")
    found = billed_line(erp)
    assert (found["order_line"], found["vendor_sku"], found["sku"]) == ("1", "8001234567890", "ART-9")
    assert SaleLine.objects.get(document=ordered).sku is None
    (again,) = post(erp, invoice(lines=[by_sku()]))
    assert again["result"] == "unchanged"


def test_an_order_update_is_matched_the_same_way(erp, ordered, row):
    row("ART-9", "8001234567890")
    said = update(lines=[{"sku": "ART-9", "accepted": {"quantity": 2, "unit": "cases"}}])
    (answer,) = post(erp, said)
    assert answer["result"] == "accepted", answer
    assert [one["sequence"] for one in OrderUpdate.objects.get().lines] == ["1"]


def test_a_connector_that_does_not_ask_leaves_the_table_alone(connector_of):
    erp = connector_of()
    store(order(state="Acknowledged"))
    SkuRecoding.objects.create(sku="ART-9", external="8001234567890")
    assert refused(erp, invoice(lines=[by_sku()]))[0] == "line_not_found"


@pytest.mark.parametrize("where", [{"vendor_code": "ROSIT"}, {"marketplace": "IT"}, {"node": "own"}])
def test_the_most_specific_row_says_which_line_it_is(erp, row, where):
    two_lines()
    where = {"node": Node.objects.get(type="amazon_vendor")} if "node" in where else where
    row("ART-9", "8001234567890")
    row("ART-9", "V-2", **where)
    assert billed_line(erp)["order_line"] == "2"


def test_a_row_of_another_vendor_code_or_node_does_not_count(erp, ordered, row):
    row("ART-9", "8001234567890", vendor_code="OTHER")
    row("ART-9", "8001234567890", node=node("Other"))
    assert refused(erp, invoice(lines=[by_sku()]))[0] == "line_not_found"


def test_a_vendor_sku_that_a_more_specific_row_gives_to_another_product_is_not_taken(erp, ordered, row):
    row("ART-9", "8001234567890")
    row("ART-1", "8001234567890", vendor_code="ROSIT")
    assert refused(erp, invoice(lines=[by_sku()]))[0] == "line_not_found"


def test_a_line_that_has_the_own_sku_is_preferred_and_one_with_another_is_left_alone(erp, row):
    two_lines()
    row("ART-9", "8001234567890")
    lines = SaleLine.objects.filter(document=SaleDocument.objects.get())
    lines.filter(sequence="1").update(sku="ART-1")
    assert refused(erp, invoice(lines=[by_sku()]))[0] == "line_not_found"
    lines.filter(sequence="2").update(sku="ART-9")
    assert billed_line(erp)["order_line"] == "2"


def test_two_lines_that_it_could_be_are_ambiguous(erp, row):
    two_lines()
    row("ART-9", "8001234567890")
    row("ART-9", "V-2")
    assert refused(erp, invoice(lines=[by_sku()]))[0] == "line_ambiguous"
