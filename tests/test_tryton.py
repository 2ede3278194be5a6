"""Orders become sales in a real Tryton, each of them once; what does not fit is refused by name."""

from datetime import date
from decimal import Decimal

import pytest
from amazon_orders import item
from erp import MISSING, VISITOR, installed
from tryton_orders import Desk, bought, lines, piece

from approdo.catalog.models import Place
from approdo.connectors.tryton.check import check
from approdo.exchanges.models import Receipt, RunNote
from approdo.nodes.models import Node
from approdo.nodes.sentences import explain
from approdo.sales.models import SaleLine
from approdo.sdk.connector import Context

pytestmark = [pytest.mark.once, pytest.mark.skipif(not installed(), reason=MISSING)]

ORDERED = date(2026, 4, 30)


@pytest.fixture
def desk(erp, db):
    return Desk(erp)


def test_an_order_is_a_sale_with_what_tryton_knows_of_the_customer(desk):
    Place.objects.create(code="MXP5", name="Amazon MXP5", country="IT", time_zone="Europe/Rome")
    desk.receive(bought("WHOLE001", piece("ART-001", 5, "1.1025"), item("2")))
    assert desk.refusals() == {}
    [sale] = desk.erp.sales("WHOLE001")
    assert lines(sale) == [
        ("ART-001", 5.0, "u", Decimal("1.1025")),
        ("8001234567890", 36.0, "u", Decimal("1.1000")),
    ]
    assert (sale["party."]["code"], sale["state"], sale["currency."]["code"]) == ("AMAZON", "quotation", "EUR")
    assert sale["shipment_address."]["party_name"] == "Amazon MXP5"
    assert sale["invoice_address."]["street"] == "38 avenue John F. Kennedy"
    assert (sale["sale_date"], sale["shipping_date"]) == (ORDERED, date(2026, 5, 4)), "midnight in Rome"
    assert sale["description"] == "MXP5: 2026-05-04 – 2026-05-09"
    assert sale["payment_term."]["name"] == "Direct"
    assert (sale["untaxed_amount"], sale["total_amount"]) == (Decimal("45.11"), Decimal("55.03")), "with 22 % of tax"
    assert Receipt.objects.get().number == sale["number"] != ""


def test_quantities_and_prices_are_those_of_the_unit_by_which_a_product_is_sold(desk):
    desk.receive(
        bought("BOXES001", piece("ART-BOX", 36)),
        bought("BOXES002", piece("ART-BOX", 30)),
        bought("DIGITS01", piece("ART-001", 1, "0.12345")),
        bought("KILOS001", item(netCost={"amount": "2.50", "currencyCode": "EUR", "unitOfMeasure": "KILOGRAMS"})),
    )
    refused = desk.refusals()
    assert lines(desk.erp.sales("BOXES001")[0]) == [("ART-BOX", 3.0, "bx12", Decimal("13.2000"))]
    assert "30 pieces of ART-BOX do not come out even in its unit, Box of 12 of 12" in refused["BOXES002"]
    assert "0.12345 a piece, cannot be written per Unit with 4 decimals" in refused["DIGITS01"]
    assert "8001234567890 is not ordered by the piece" in refused["KILOS001"]
    assert desk.erp.sales("BOXES002", "DIGITS01", "KILOS001") == []


def test_what_tryton_does_not_know_is_named_the_rest_goes_through_and_once_mended_so_does_it(desk):
    desk.receive(
        bought("MEND0001", piece("NEW-SKU", 1), piece("ART-001", 1, sequence="2")),
        bought("MEND0002", shipToParty={"partyId": "ZZZ9"}),
        bought("MEND0003"),
    )
    refused = desk.refusals()
    assert refused["MEND0001"].startswith("Order MEND0001: no product in Tryton has the code NEW-SKU.")
    assert refused["MEND0002"].startswith("Order MEND0002: “Amazon EU S.à r.l.” has no address for ZZZ9 in Tryton.")
    assert [sale["reference"] for sale in desk.erp.sales("MEND0001", "MEND0002", "MEND0003")] == ["MEND0003"]
    assert sorted(RunNote.objects.values_list("code", flat=True)) == ["tryton_unknown_ship_to", "tryton_unknown_sku"]
    desk.erp.add_products(["NEW-SKU"])
    amazon = desk.erp.id_of("party.party", ["code", "=", "AMAZON"])
    desk.erp.call("party.address.create", [{"party": amazon, "party_name": "Amazon ZZZ9"}])
    desk.again("MEND0001"), desk.again("MEND0002")
    assert desk.refusals() == {}
    assert [sale["reference"] for sale in desk.erp.sales("MEND0001", "MEND0002")] == ["MEND0001", "MEND0002"]


def test_products_are_found_by_the_own_sku_and_by_the_vendors_only_where_that_is_wanted(desk):
    desk.choose(vendor_sku_as_code=False)
    desk.receive(bought("OWN00001", piece("8009999999999", 2)), bought("OWN00002", piece("ART-001", 2)))
    SaleLine.objects.filter(vendor_sku="8009999999999").update(sku="ART-002")
    refused = desk.refusals()
    assert lines(desk.erp.sales("OWN00001")[0])[0][0] == "ART-002"
    assert refused == {
        "OWN00002": "Order OWN00002: lines without an own SKU: ART-001. Recode them, then let the order be exported again."
    }


def test_a_changed_order_changes_its_sale_which_keeps_its_number_and_what_was_added_to_it(desk):
    desk.receive(bought("CHANGE01", piece("ART-001", 5), piece("ART-002", 7, sequence="2")))
    desk.export()
    [before] = desk.erp.sales("CHANGE01")
    desk.erp.call("sale.sale.draft", [before["id"]])
    comment = {"sale": before["id"], "type": "comment", "description": "On pallets, please"}
    desk.erp.call("sale.line.create", [comment])
    desk.receive(
        bought("CHANGE01", piece("ART-001", 9), piece("ART-BOX", 24, sequence="3"), shipToParty={"partyId": "BGY1"})
    )
    assert desk.refusals() == {}
    [after] = desk.erp.sales("CHANGE01")
    assert sorted(lines(after)) == [("ART-001", 9.0, "u", Decimal("1.10")), ("ART-BOX", 2.0, "bx12", Decimal("13.20"))]
    assert before["lines."][0]["id"] in [one["id"] for one in after["lines."]], "the line that stays is the same"
    assert len(after["lines."]) == 3, "the comment is still there"
    assert all(one["taxes"] for one in after["lines."] if one["product."]), "new lines are taxed, too"
    assert (after["number"], after["state"]) == (before["number"], "quotation")
    assert after["shipment_address."]["party_name"] == "Amazon BGY1"


def test_a_change_that_comes_after_the_sale_was_confirmed_is_refused_and_says_what_changed(desk):
    desk.receive(bought("LATE0001"), bought("LATE0002"))
    desk.export()
    sales = {sale["reference"]: sale for sale in desk.erp.sales("LATE0001", "LATE0002")}
    desk.erp.call("sale.sale.confirm", [sale["id"] for sale in sales.values()])
    desk.receive(bought("LATE0001", piece("ART-001", 8)), bought("LATE0002", state="Acknowledged"))
    refused = desk.refusals()
    number = sales["LATE0001"]["number"]
    assert refused == {
        "LATE0001": f"Order LATE0001 changed, but its sale {number} is Processing in Tryton already."
        " Not the same: ART-001: 5 × 1.10 → 8 × 1.10."
        " Change it there by hand, or reset it to draft; then let the order be exported again."
    }, "that Amazon moved the other order on changes nothing in Tryton"
    assert lines(desk.erp.sales("LATE0001")[0])[0][1] == 5.0


def test_a_cancelled_line_is_left_out_and_an_order_that_is_cancelled_cancels_its_sale(desk):
    desk.receive(
        bought("GONE0001", piece("ART-001", 5), piece("ART-002", 0, sequence="2")),
        bought("GONE0002"),
        bought("GONE0003"),
    )
    desk.export()
    assert len(desk.erp.sales("GONE0001")[0]["lines."]) == 1
    (late,) = desk.erp.sales("GONE0003")
    desk.erp.call("sale.sale.confirm", [late["id"]])
    desk.receive(*(bought(f"GONE000{one}", piece("ART-001", 0)) for one in (1, 2, 3, 4)))
    refused = desk.refusals()
    assert refused["GONE0003"].startswith(f"Order GONE0003 was cancelled, but its sale {late['number']} is Processing")
    states = {
        sale["reference"]: sale["state"] for sale in desk.erp.sales("GONE0001", "GONE0002", "GONE0003", "GONE0004")
    }
    assert states == {"GONE0001": "cancelled", "GONE0002": "cancelled", "GONE0003": "processing"}
    desk.receive(bought("GONE0001"))
    assert "its sale" in desk.refusals()["GONE0001"], "a cancelled sale is never doubled"
    assert len(desk.erp.sales("GONE0001")) == 1


def test_a_sale_that_is_not_to_be_quoted_stays_a_draft(desk):
    desk.choose(quote=False)
    desk.receive(bought("DRAFT001"))
    desk.export()
    [sale] = desk.erp.sales("DRAFT001")
    assert (sale["state"], sale["number"]) == ("draft", None)
    assert Receipt.objects.get().number == f"id {sale['id']}"
    desk.receive(bought("DRAFT001", piece("ART-001", 6)))
    desk.export()
    assert [lines(one)[0][1] for one in desk.erp.sales("DRAFT001")] == [6.0]


def test_each_vendor_code_can_have_its_own_party(desk):
    desk.choose(party_by="vendor_code")
    spain = desk.erp.call("party.party.create", [{"name": "Amazon Spain", "code": "AMZ-ES"}])
    addresses = [{"party": spain[0], "party_name": "Amazon MAD4", "invoice": True}]
    desk.erp.call("party.address.create", addresses)
    desk.erp.call("party.identifier.create", [{"party": spain[0], "code": "ROSES"}])
    madrid = {"shipToParty": {"partyId": "MAD4"}}
    desk.receive(bought("PARTY001", sellingParty={"partyId": "ROSES"}, **madrid), bought("PARTY002", **madrid))
    refused = desk.refusals()
    assert desk.erp.sales("PARTY001")[0]["party."]["code"] == "AMZ-ES"
    assert refused["PARTY002"].startswith("Order PARTY002: no party in Tryton has “ROSIT” as its code or identifier.")


def checked(erp, **changes):
    """What *Test connection* says of each part."""
    tryton = Node(name="Gestionale", type="tryton", options={**erp.settings(), **changes})
    tryton.full_clean()
    return {one.subject: (one.outcome, str(explain(one.code, one.params))) for one in check(tryton_context(tryton))}


def tryton_context(tryton: Node) -> Context:
    return Context(account="node-1", settings=tryton.settings())


def test_the_connection_is_tested_in_words(erp, db):
    assert checked(erp) == {
        "Sign-in": ("works", "Tryton 8.0 lets “approdo” in, for the company “Rossi Casalinghi S.r.l.”."),
        "Modules": ("works", "The modules that are needed are activated: sale, product, party."),
        "Access rights": ("works", "The user may read and write what is needed."),
    }
    visitor = checked(erp, user=VISITOR[0])
    assert visitor["Access rights"][0] == "refused"
    assert "create sale.sale" in visitor["Access rights"][1]
    wrong = checked(erp, password="wrong")
    assert wrong["Sign-in"][1].startswith("Tryton does not let “approdo” in: the user or the password is wrong.")
    assert wrong["Modules"] == ("not_tried", "Not tried, because signing in failed.")
    assert checked(erp, database="nope")["Sign-in"][1].startswith("Tryton has no database “nope”.")
    assert checked(erp, company="Bianchi")["Sign-in"][1].startswith(
        "This user of Tryton has no company called “Bianchi”."
    )
    assert checked(erp, company="Rossi Casalinghi S.r.l.")["Sign-in"][0] == "works"
    assert checked(erp, address="http://127.0.0.1:9")["Sign-in"][0] == "unreachable"
