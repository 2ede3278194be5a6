"""An ERP posts invoices and is answered one by one."""

import json

import pytest
from amazon_orders import item, order
from posted import invoice, line, store, update

from approdo.api.tests.conftest import escaped, node_body
from approdo.api.tests.imports.conftest import NOW
from approdo.api.tests.imports.posting import ERP, post, post_xml, refused, results
from approdo.nodes.models import Node
from approdo.processes import news
from approdo.sales.models import DocumentVersion, SaleDocument, SaleLine


def test_an_invoice_stands_beside_its_order(erp, ordered):
    (answer,) = post(erp, invoice())
    assert (answer["result"], answer["version"], answer["warnings"]) == ("accepted", 1, [])
    shown = erp.get(f"/documents/{answer['document']}").data
    assert (shown["type"], shown["number"], shown["orders"]) == ("invoice", "FT-1", ["PO000001"])
    assert (shown["vendor_code"], shown["program"], shown["node"]) == ("ROSIT", "vendor_retail", "Amazon Vendor EU")
    assert (shown["day"], shown["date"], shown["state"]) == ("2026-05-02", "2026-05-01T22:00:00Z", "stored")
    assert (shown["total"], shown["tax_total"], shown["gross_total"]) == ("39.60", "0", "39.60")
    (billed,) = shown["lines"]
    assert (billed["order"], billed["order_line"]) == ("PO000001", "1")
    assert (billed["asin"], billed["vendor_sku"], billed["eaches"]) == ("B0TEST0001", "8001234567890", 36)
    order_shown = erp.get(f"/documents/{ordered.pk}").data
    assert order_shown["invoices"] == [{"id": answer["document"], "type": "invoice", "number": "FT-1"}]
    assert order_shown["invoiced"]


def test_the_same_posted_again_changes_nothing(erp, ordered):
    (first,) = post(erp, invoice())
    before = list(SaleDocument.objects.order_by("pk").values())
    differently = json.dumps(dict(reversed(invoice(gross_total="39.6").items())), indent=1)
    again = [*post(erp, invoice()), *post_xml(erp, invoice()), *post(erp, json.loads(differently))]
    assert results(again) == ["unchanged"] * 3
    assert {one["document"] for one in again} == {first["document"]}
    after = list(SaleDocument.objects.order_by("pk").values())
    assert [{**one, "raw_digest": 0} for one in after] == [{**one, "raw_digest": 0} for one in before]
    assert DocumentVersion.objects.filter(document=first["document"]).count() == 1


def test_a_changed_invoice_is_a_new_version_of_it(erp, ordered):
    (first,) = post(erp, invoice())
    changed = invoice(lines=[line(quantity=12, unit="eaches", unit_size=None)], gross_total="13.20")
    (second,) = post_xml(erp, changed)
    assert (second["result"], second["document"], second["version"]) == ("accepted", first["document"], 2)
    versions = erp.get(f"/documents/{first['document']}/versions").data["items"]
    assert [one["kinds"] for one in versions] == [[], ["quantity", "other"]]
    assert {"line": "1", "field": "quantity", "before": 3, "after": 12} in versions[1]["changes"]
    assert versions[0]["raw"]["number"] == "FT-1"
    assert versions[1]["raw"].startswith("<Document>")
    assert not erp.get(f"/documents/{ordered.pk}").data["invoiced"]
    assert SaleLine.objects.get(document=first["document"]).eaches == 12


def test_an_order_that_was_not_downloaded_cannot_be_invoiced(erp):
    assert refused(erp, invoice()) == ("order_not_downloaded", "orders")


def test_one_refused_document_does_not_hold_up_the_others(erp, ordered):
    store(order("PO000002"), order("PO000003"))
    answers = post(
        erp,
        invoice("FT-2", orders=["PO000002"]),
        invoice("FT-9", orders=["PO000009"]),
        invoice("FT-0", quantity=3),
        7,
        invoice("FT-3", orders=["PO000003"]),
    )
    assert results(answers) == ["accepted", "order_not_downloaded", "unknown_option", "not_an_object", "accepted"]
    assert [one["number"] for one in answers] == ["FT-2", "FT-9", "FT-0", "", "FT-3"]
    stored = SaleDocument.objects.filter(type="invoice").values_list("number", flat=True)
    assert sorted(stored) == ["FT-2", "FT-3"]


REFUSED = [
    ({"currency": "USD"}, "currency_differs", "currency"),
    ({"vendor_code": "OTHER"}, "order_of_other_vendor", "vendor_code"),
    ({"vendor_code": "ROSIT", "selling_party": {"id": "OTHER"}}, "vendor_code_differs", "selling_party.id"),
    ({"day": "2026-05-05"}, "date_in_future", "day"),
    ({"date": "2026-05-02T10:00:00Z"}, "day_or_date", "day"),
    ({"day": "2026-02-30"}, "not_a_day", "day"),
    ({"orders": []}, "no_order_named", "orders"),
    ({"gross_total": "39.61"}, "gross_total_differs", "gross_total"),
    ({"gross_total": "39.60000000000000001"}, "gross_total_differs", "gross_total"),
    ({"date": "0001-01-01"}, "not_a_moment_here", "date"),
    ({"gross_total": 39.6}, "not_exact_amount", "gross_total"),
    ({"gross_total": "39,60"}, "not_exact_amount", "gross_total"),
    ({"gross_total": "3.96e1"}, "not_exact_amount", "gross_total"),
    ({"gross_total": "NaN"}, "not_exact_amount", "gross_total"),
    ({"gross_total": "٣"}, "not_exact_amount", "gross_total"),
    ({"gross_total": "1" * 21}, "amount_too_long", "gross_total"),
    ({"total": "39.59"}, "total_differs", "total"),
    ({"taxes": [{"amount": "8.71"}], "tax_total": "8.72", "gross_total": "48.32"}, "taxes_differ", "tax_total"),
    ({"taxes": [{"amount": "8.71"}]}, "gross_total_differs", "gross_total"),
    ({"type": "receipt"}, "not_a_posted_type", "type"),
    ({"number": ""}, "missing_option", "number"),
    ({"number": "F" * 65}, "text_too_long", "number"),
    ({"number": "a\0b"}, "nul_in_document", ""),
    ({"currency": "eur"}, "not_a_currency", "currency"),
    ({"id": 7}, "unknown_option", "id"),
    ({"lines": []}, "missing_option", "lines"),
]
WRONG_LINES = [
    ({"order_line": "2"}, "line_not_found", ""),
    ({"order_line": None}, "line_names_nothing", ""),
    ({"order_line": None, "asin": "B0NOTHERE"}, "line_not_found", ""),
    ({"vendor_sku": "800"}, "line_differs", ".vendor_sku"),
    ({"order": "PO000007"}, "order_not_downloaded", "orders"),
    ({"quantity": 4}, "invoiced_too_much", ".quantity"),
    ({"quantity": 0}, "not_positive", ".quantity"),
    ({"quantity": "3"}, "not_a_number", ".quantity"),
    ({"unit": "Cases"}, "not_a_choice", ".unit"),
    ({"unit_size": 10}, "unit_size_differs", ".unit_size"),
    ({"eaches": 35}, "eaches_differ", ".eaches"),
    ({"net_cost": "0.00"}, "not_positive", ".net_cost"),
    ({"net_cost": 1.1}, "not_exact_amount", ".net_cost"),
    ({"total": "39.61"}, "line_total_differs", ".total"),
    ({"total": "40"}, "line_total_differs", ".total"),
    ({"taxes": [{"amount": "1", "currency": "USD"}]}, "tax_currency_differs", "taxes"),
]


@pytest.mark.parametrize(("changes", "code", "field"), REFUSED)
def test_what_does_not_fit_is_refused_with_its_field(erp, ordered, changes, code, field):
    assert refused(erp, invoice(**changes)) == (code, field)


@pytest.mark.parametrize(("changes", "code", "field"), WRONG_LINES)
def test_a_line_that_does_not_fit_is_refused_with_its_place(erp, ordered, changes, code, field):
    wanted = field if field and not field.startswith(".") else f"lines.0{field}"
    total = {"gross_total": "40.60"} if "taxes" in changes else {}
    assert refused(erp, invoice(lines=[line(**changes)], **total)) == (code, wanted)


def test_the_sentences_come_in_the_callers_language(erp):
    (answer,) = post(erp, invoice(), Accept_Language="it")
    assert answer["detail"] == "L'ordine PO000001 non c'è."


def test_taxes_of_lines_and_of_the_whole_add_up(erp, ordered):
    tax = {"type": "VAT", "rate": "22", "amount": "8.71", "taxable_amount": "39.60"}
    (answer,) = post(
        erp,
        invoice(
            lines=[line(taxes=[tax], total="39.60")], total="39.60", taxes=[tax], tax_total="8.71", gross_total="48.31"
        ),
    )
    shown = erp.get(f"/documents/{answer['document']}").data
    whole = {**tax, "currency": "EUR"}
    assert (shown["taxes"], shown["lines"][0]["taxes"]) == ([whole], [whole])
    assert (shown["total"], shown["tax_total"], shown["gross_total"]) == ("39.60", "8.71", "48.31")


def test_a_line_total_may_be_rounded_to_a_cent(erp):
    cost = {"netCost": {"amount": "1.2345", "currencyCode": "EUR"}}
    store(order(items=[item(orderedQuantity={"amount": 7, "unitOfMeasure": "Eaches"}, **cost)]))
    seven = {"order_line": "1", "quantity": 7, "unit": "eaches", "net_cost": "1.2345"}
    assert refused(erp, invoice(lines=[{**seven, "total": "8.65"}], gross_total="8.65"))[0] == "line_total_differs"
    (answer,) = post(erp, invoice(lines=[{**seven, "total": "8.64"}], gross_total="8.64"))
    assert answer["result"] == "accepted"
    shown = erp.get(f"/documents/{answer['document']}").data
    assert (shown["lines"][0]["total"], shown["total"]) == ("8.64", "8.64")


def test_what_is_odd_is_taken_and_said(erp):
    store(order())
    cheaper = invoice(lines=[line(net_cost="1.00")], gross_total="36.00", day="2026-04-29")
    (answer,) = post(erp, cheaper)
    assert answer["result"] == "accepted"
    assert [(one["code"], one["field"]) for one in answer["warnings"]] == [
        ("before_the_order", "day"),
        ("order_not_accepted", "orders"),
        ("cost_differs", "lines.0.net_cost"),
    ]


def test_a_line_is_found_by_its_codes(erp):
    store(order(items=[item("1"), item("2", vendorProductIdentifier="800", amazonProductIdentifier="B0TEST0002")]))
    SaleLine.objects.filter(sequence="2").update(sku="ART-2")
    by = [{"vendor_sku": "800"}, {"asin": "B0TEST0002"}, {"sku": "ART-2"}]
    for place, code in enumerate(by):
        one = {**code, "quantity": 1, "unit": "cases", "net_cost": "1.10"}
        (answer,) = post(erp, invoice(f"FT-{place}", lines=[one], gross_total="13.20"))
        (billed,) = erp.get(f"/documents/{answer['document']}").data["lines"]
        assert (billed["order_line"], billed["sku"], billed["unit_size"]) == ("2", "ART-2", 12)


def test_two_lines_of_one_code_need_their_sequence(erp):
    store(order(items=[item("1"), item("2")]))
    one = {"asin": "B0TEST0001", "quantity": 1, "unit": "cases", "net_cost": "1.10"}
    assert refused(erp, invoice(lines=[one], gross_total="13.20"))[0] == "line_ambiguous"


def test_a_cancelled_line_cannot_be_invoiced(erp):
    store(order(items=[item("1"), item("2", orderedQuantity={"amount": 0, "unitOfMeasure": "Eaches"})]))
    SaleLine.objects.filter(sequence="2").update(cancelled=True)
    assert refused(erp, invoice(lines=[line(order_line="2")]))[0] == "line_gone"


def test_no_more_is_invoiced_than_was_ordered_all_invoices_together(erp, ordered):
    (first,) = post(erp, invoice("FT-1", lines=[line(quantity=2)], gross_total="26.40"))
    assert first["result"] == "accepted"
    (second,) = post(erp, invoice("FT-2", lines=[line(quantity=2)], gross_total="26.40"))
    assert second["code"] == "invoiced_too_much"
    assert "12" in second["detail"]
    twice = [line(sequence="1", quantity=1), line(sequence="2", quantity=1)]
    assert refused(erp, invoice("FT-2", lines=twice, gross_total="26.40"))[0] == "invoiced_too_much"
    pieces = line(quantity=12, unit="eaches", unit_size=None)
    (third,) = post(erp, invoice("FT-2", lines=[pieces], gross_total="13.20"))
    assert third["result"] == "accepted"
    shown = erp.get(f"/documents/{ordered.pk}").data
    assert shown["invoiced"]
    assert [one["number"] for one in shown["invoices"]] == ["FT-1", "FT-2"]


def test_documents_are_found_by_how_much_is_invoiced(erp, ordered):
    store(order("PO000002"))
    post(erp, invoice("FT-1", lines=[line(quantity=2)], gross_total="26.40"))

    def found(value):
        return [one["number"] for one in erp.get("/documents", invoicing=value).data["items"]]

    assert (found("not_invoiced"), found("partly"), found("invoiced")) == (["PO000002"], ["PO000001"], [])
    post(erp, invoice("FT-2", lines=[line(quantity=1)], gross_total="13.20"))
    assert (found("partly"), found("invoiced")) == ([], ["PO000001"])
    assert erp.get("/documents", invoicing="perhaps").status == 422


def test_an_order_that_changes_is_looked_at_anew(erp, ordered):
    post(erp, invoice("FT-1", lines=[line(quantity=2)], gross_total="26.40"))
    fewer = item(orderedQuantity={"amount": 2, "unitOfMeasure": "Cases", "unitSize": 12})
    store(order(state="Acknowledged", items=[fewer], purchaseOrderChangedDate="2026-05-02T10:00:00Z"))
    assert erp.get(f"/documents/{ordered.pk}").data["invoiced"]


def test_one_invoice_bills_several_orders(erp, ordered):
    store(order("PO000002"))
    both = [line(sequence="1", order="PO000001"), line(sequence="2", order="PO000002", quantity=1)]
    assert refused(erp, invoice(orders=["PO000001", "PO000002"], lines=[line()]))[0] == "line_names_no_order"
    (answer,) = post(erp, invoice(orders=[], lines=both, gross_total="52.80"))
    assert answer["result"] == "accepted"
    assert erp.get(f"/documents/{answer['document']}").data["orders"] == ["PO000001", "PO000002"]
    again = invoice(lines=[line(sequence="1", order="PO000002", quantity=1)], orders=[], gross_total="13.20")
    assert results(post(erp, again)) == ["accepted"]
    assert erp.get(f"/documents/{ordered.pk}").data["invoices"] == []
    assert SaleDocument.objects.get(pk=ordered.pk).invoicing is None


def test_a_number_belongs_to_one_document(erp, ordered):
    store(order("PO000002"))
    post(erp, invoice())
    assert refused(erp, invoice(orders=["PO000002"])) == ("number_used", "number")
    assert refused(erp, invoice(type="credit_note", corrects="FT-1")) == ("number_used", "number")


def other_account(caller, vendor_code, number="PO000001"):
    assert caller.post("/nodes", node_body(f"Amazon {vendor_code}")).status == 201
    account = Node.objects.get(name=f"Amazon {vendor_code}")
    store(order(number, sellingParty={"partyId": vendor_code}), node=account)
    return account


def test_of_two_accounts_with_the_same_order_number_the_vendor_code_decides(caller, erp, connector_of):
    store(order())
    other = other_account(caller, "OTHER")
    unknown = {**invoice()}
    del unknown["vendor_code"]
    assert refused(erp, unknown) == ("order_ambiguous", "vendor_code")
    (answer,) = post(erp, invoice(vendor_code="OTHER"))
    assert SaleDocument.objects.get(pk=answer["document"]).node == other
    assert results(post(erp, invoice())) == ["accepted"], "another vendor code may use the same number"


def test_a_connector_writes_to_the_orders_of_its_nodes_only(caller, connector_of):
    store(order())
    other_account(caller, "OTHER", "PO000002")
    erp = connector_of(nodes=["Amazon OTHER"], takes=["invoice"])
    assert refused(erp, invoice()) == ("order_not_downloaded", "orders")
    assert results(post(erp, invoice("FT-2", vendor_code="OTHER", orders=["PO000002"]))) == ["accepted"]
    assert refused(erp, update("PO000002", vendor_code="OTHER")) == ("type_not_taken", "type")


def test_orders_of_two_vendor_codes_are_not_on_one_invoice(caller, erp):
    store(order())
    other_account(caller, "OTHER", "PO000002")
    both = invoice(orders=["PO000001", "PO000002"])
    del both["vendor_code"]
    assert refused(erp, both) == ("orders_apart", "orders")


@pytest.mark.parametrize("written", ["json", "xml", "csv"])
def test_invoices_are_exported_as_orders_are(caller, erp, ordered, written):
    options = {"format": written, "filter": {"types": ["invoice"], "states": ["stored"]}}
    made = caller.post(
        "/connectors", {"name": "Out", "node": "Gestionale", "type": "api.export_documents", "options": options}
    )
    post(erp, invoice(), update())
    text = erp.get(f"/exports/{made.data['id']}").text
    assert "FT-1" in text
    assert "PO000001" in text
    assert "39.60" in text
    assert text.count("vendor_retail") == 1
    assert "FT-1" not in erp.get(f"/exports/{made.data['id']}").text


def test_what_came_in_on_a_day_are_orders(erp, ordered):
    post(erp, invoice())
    assert news.of_days(NOW.date(), NOW.date())["counts"] == {"new": 1, "changed": 0, "cancelled": 0}


def test_it_is_run_by_those_who_call(caller, connector_of):
    connector_of()
    assert caller.post(f"/connectors/{escaped(ERP['name'])}/run", {"orders": ["PO1"]}).data["code"] == (
        "fetch_not_possible"
    )
