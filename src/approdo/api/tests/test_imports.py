"""An ERP posts invoices, credit notes and order updates, and is answered one by one."""

import json
from copy import deepcopy
from datetime import UTC, datetime

import pytest
import time_machine
from amazon_orders import item, order
from posted import as_json, as_xml, invoice, line, store, update

from approdo.api.tests.conftest import escaped, node_body
from approdo.exchanges.models import ImportCall, ImportedDocument, Receipt
from approdo.nodes.models import Node
from approdo.processes import news
from approdo.processes.models import Connector
from approdo.sales.models import DocumentVersion, OrderUpdate, SaleDocument, SaleLine

ERP = {"name": "Fatture dal gestionale", "node": "Gestionale", "type": "api.import_documents"}
ADDRESS = f"/imports/{escaped(ERP['name'])}"
NOW = datetime(2026, 5, 3, 9, tzinfo=UTC)


@pytest.fixture(autouse=True)
def today():
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def connector_of(caller_with, caller):
    """Makes the connector with these options, and gives a caller that may post."""
    assert caller.post("/nodes", node_body(marketplace="IT")).status == 201
    assert caller.post("/nodes", {"name": "Gestionale", "type": "api"}).status == 201

    def make(**options):
        made = caller.post("/connectors", {**ERP, "options": options})
        assert made.status == 201, made.text
        return caller_with("imports:write", "documents:read", "exports:read")

    return make


@pytest.fixture
def erp(connector_of):
    return connector_of()


@pytest.fixture
def ordered(erp):
    store(order(state="Acknowledged"))
    return SaleDocument.objects.get()


def post(caller, *documents, **headers):
    answer = caller.send("POST", ADDRESS, as_json(*documents), **headers)
    assert answer.status == 200, answer.text
    return answer.data["items"]


def post_xml(caller, *documents):
    answer = caller.send("POST", ADDRESS, as_xml(*documents), content_type="application/xml")
    assert answer.status == 200, answer.text
    return answer.data["items"]


def results(answers):
    return [one["code"] or one["result"] for one in answers]


def refused(caller, document):
    """Code and field of the refusal, after which nothing is stored."""
    before = SaleDocument.objects.count()
    (answer,) = post(caller, document)
    assert answer["result"] == "refused", answer
    assert answer["detail"]
    assert "?" not in answer["detail"]
    assert SaleDocument.objects.count() == before
    return answer["code"], answer["field"]


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


def credit(number="NC-1", **changes):
    return invoice(number, **{"type": "credit_note", "corrects": "FT-1", **changes})


def test_a_credit_note_at_the_invoiced_cost_gives_its_pieces_back(erp, ordered):
    post(erp, invoice())
    (answer,) = post(erp, credit(lines=[line(quantity=1)], gross_total="13.20", orders=[]))
    assert (answer["result"], answer["warnings"]) == ("accepted", [])
    assert erp.get(f"/documents/{answer['document']}").data["corrects"] == "FT-1"
    assert SaleDocument.objects.get(pk=ordered.pk).invoicing == "partly"
    assert refused(erp, credit("NC-2")) == ("credited_too_much", "lines.0.quantity")
    assert results(post(erp, invoice("FT-2", lines=[line(quantity=1)], gross_total="13.20"))) == ["accepted"]


def test_a_credit_note_at_another_cost_corrects_a_price(erp, ordered):
    post(erp, invoice())
    (answer,) = post(erp, credit(lines=[line(net_cost="0.10")], gross_total="3.60"))
    assert answer["result"] == "accepted"
    assert erp.get(f"/documents/{ordered.pk}").data["invoiced"]
    assert refused(erp, invoice("FT-2"))[0] == "invoiced_too_much"


def test_a_credit_note_for_an_invoice_that_is_not_here_is_taken_with_a_warning(erp, ordered):
    (answer,) = post(erp, credit(corrects="FT-0"))
    assert [one["code"] for one in answer["warnings"]] == ["corrected_unknown"]


ACCEPTED = {"sequence": "1", "accepted": {"quantity": 2, "unit": "cases", "delivery_date": "2026-05-09"}}


def test_an_order_update_is_kept_and_shown_not_sent(erp, ordered):
    rest = {"rejected": {"quantity": 12, "unit": "eaches", "reason": "temporarily_unavailable"}}
    (answer,) = post(erp, update(lines=[{**ACCEPTED, **rest}]))
    assert (answer["result"], answer["document"], answer["version"], answer["warnings"]) == (
        "accepted", ordered.pk, 1, [],
    )  # fmt: skip
    shown = erp.get(f"/documents/{ordered.pk}").data["order_update"]
    assert (shown["receipt"], shown["state"], shown["version"]) == ("SO-17", "stored", 1)
    (said,) = shown["lines"]
    assert said["accepted"] == {
        "quantity": 2, "unit": "cases", "unit_size": 12, "eaches": 24, "delivery_date": "2026-05-09",
    }  # fmt: skip
    assert (said["rejected"]["eaches"], said["backordered"]) == (12, None)
    assert Receipt.objects.get().number == "SO-17"
    assert results(post_xml(erp, update(lines=[{**ACCEPTED, **rest}]))) == ["unchanged"]
    assert OrderUpdate.objects.count() == 1


def test_what_was_accepted_is_what_has_to_be_invoiced(erp, ordered):
    post(erp, update(lines=[ACCEPTED]))
    post(erp, invoice(lines=[line(quantity=2)], gross_total="26.40"))
    assert erp.get(f"/documents/{ordered.pk}").data["invoiced"]
    more = {"sequence": "1", "accepted": {"quantity": 3, "unit": "cases"}}
    (answer,) = post(erp, update(lines=[more]))
    assert answer["version"] == 2
    assert not erp.get(f"/documents/{ordered.pk}").data["invoiced"]


@pytest.mark.parametrize(
    ("document", "code"),
    [
        (update("PO000009"), "order_not_downloaded"),
        (update(vendor_code="OTHER"), "order_of_other_vendor"),
        (update(receipt=None), "nothing_said"),
        (update(lines=[{"sequence": "9", "accepted": {"quantity": 1, "unit": "cases"}}]), "line_not_found"),
        (update(lines=[{"sequence": "1", "accepted": {"quantity": 4, "unit": "cases"}}]), "answered_too_much"),
        (update(lines=[{"sequence": "1", "accepted": {"quantity": 0, "unit": "cases"}}]), "number_not_possible"),
        (update(lines=[ACCEPTED, ACCEPTED]), "line_twice"),
        ({"type": "order", "number": "PO000001"}, "missing_option"),
    ],
)
def test_an_update_that_does_not_fit_is_refused(erp, ordered, document, code):
    assert refused(erp, document)[0] == code
    assert not OrderUpdate.objects.exists()


def test_every_call_is_written_down(erp, ordered):
    post(erp, invoice(), invoice("FT-2", orders=["PO000009"]), invoice())
    call = ImportCall.objects.get()
    assert (call.accepted, call.unchanged, call.refused) == (1, 1, 1)
    assert (call.called_by, call.format, bool(call.ended_at)) == ("token 1", "json", True)
    rows = ImportedDocument.objects.order_by("position").values_list("number", "result", "code", "field")
    assert list(rows) == [
        ("FT-1", "accepted", "", ""),
        ("FT-2", "refused", "order_not_downloaded", "orders"),
        ("FT-1", "unchanged", "", ""),
    ]


BOMB = b'<!DOCTYPE d [<!ENTITY a "ha">%s]><Documents Version="1">&z;</Documents>' % b"".join(
    b'<!ENTITY %c "%s">' % (97 + place, b"&%c;" % (96 + place) * 10) for place in range(1, 26)
)
FETCHES = b'<!DOCTYPE d [<!ENTITY x SYSTEM "file:///etc/passwd">]><Documents Version="1">&x;</Documents>'


@pytest.mark.parametrize(
    ("body", "content_type", "status", "code"),
    [
        (BOMB, "application/xml", 400, "xml_declares"),
        (FETCHES, "application/xml", 400, "xml_declares"),
        (b'<!DOCTYPE d SYSTEM "http://127.0.0.1:9/x"><Documents Version="1"/>', "text/xml", 400, "xml_declares"),
        (FETCHES.decode().encode("utf-16"), "application/xml", 400, "xml_declares"),
        (b"<Documents", "application/xml", 400, "bad_xml"),
        (b'<Documents Version="1"><Document></Documents>', "application/xml", 400, "bad_xml"),
        (b'<Documents Version="2"/>', "application/xml", 422, "not_documents"),
        (b"<Orders/>", "application/xml", 422, "not_documents"),
        (b"{", "application/json", 400, "bad_json"),
        (b"[]", "application/json", 422, "not_a_body"),
        (b'{"documents": [], "more": 1}', "application/json", 422, "not_a_body"),
        (b'{"documents": [' + b"[" * 5000 + b"]" * 5000 + b"]}", "application/json", 400, "bad_json"),
        (as_json(*[1] * 201), "application/json", 422, "invalid_request"),
        (b"x" * (32 * 1024**2 + 1), "application/json", 413, "import_too_large"),
    ],
    ids=str,
)
def test_a_body_that_is_none_is_refused_whole_and_written_down(erp, body, content_type, status, code):
    answer = erp.send("POST", ADDRESS, body, content_type=content_type)
    assert (answer.status, answer.data["code"]) == (status, code)
    call = ImportCall.objects.get()
    assert call.error_code
    assert call.ended_at


def test_other_bodies_other_callers_and_other_connectors_are_refused(erp, caller, caller_with):
    assert erp.send("POST", ADDRESS, b"a;b", content_type="text/csv").data["code"] == "not_json_or_xml"
    assert caller_with("documents:read").send("POST", ADDRESS, as_json()).status == 403
    mine = Connector.objects.get()
    other = Connector.objects.create(name="Other", node=mine.node, type=mine.type, options={})
    export = Connector.objects.create(name="Out", node=mine.node, type="api.export_documents", options={})
    assert caller_with("imports:write", connector=other).send("POST", ADDRESS, as_json()).status == 403
    assert caller_with("imports:write", connector=mine).send("POST", ADDRESS, as_json()).status == 200
    assert erp.send("POST", f"/imports/{export.pk}", as_json()).data["code"] == "not_an_import"
    assert caller.get(f"/exports/{mine.pk}").data["code"] == "not_an_export"
    caller.patch(f"/connectors/{mine.pk}", {"active": False})
    assert erp.send("POST", ADDRESS, as_json()).status == 409


def test_xml_that_is_not_per_schema_is_refused_document_by_document(erp, ordered):
    store(order("PO000002"))
    body = as_xml(invoice(), invoice("FT-2", orders=["PO000002"])).replace(b"<Quantity>3<", b"<Quantity>3.5<", 1)
    answers = erp.send("POST", ADDRESS, body, content_type="application/xml").data["items"]
    assert results(answers) == ["not_per_schema", "accepted"]
    assert (answers[0]["number"], answers[0]["field"]) == ("FT-1", "Rows.Row.Quantity")


def test_what_only_approdo_says_is_refused_in_xml_too(erp, ordered):
    body = as_xml(invoice()).replace(b"<General>", b"<General><Id>7</Id>", 1)
    (answer,) = erp.send("POST", ADDRESS, body, content_type="application/xml").data["items"]
    assert (answer["code"], answer["field"]) == ("unknown_option", "id")


def test_an_invoice_of_ten_thousand_lines(erp):
    lines = [item(str(place), amazonProductIdentifier=f"B{place:09}") for place in range(1, 10_001)]
    store(order(items=lines))
    billed = [line(order_line=str(place)) for place in range(1, 10_001)]
    document = invoice(lines=billed, gross_total="396000.00")
    assert results(post(erp, document)) == ["accepted"]
    assert results(post_xml(erp, document)) == ["unchanged"]
    assert SaleDocument.objects.get(type="order").invoicing == "invoiced"
    one_more = invoice("FT-2", lines=[*deepcopy(billed), line(order_line="1")], gross_total="396039.60")
    assert refused(erp, one_more) == ("too_many_entries", "lines")


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
