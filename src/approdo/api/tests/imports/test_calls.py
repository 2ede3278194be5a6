"""Every call of an ERP is written down, whatever its body."""

from copy import deepcopy

import pytest
from amazon_orders import item, order
from posted import as_json, as_xml, invoice, line, store

from approdo.api.tests.imports.posting import ADDRESS, post, post_xml, refused, results
from approdo.exchanges.models import ImportCall, ImportedDocument
from approdo.processes.models import Connector
from approdo.sales.models import SaleDocument


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
    ids=lambda value: value[:24].decode("ascii", "replace") if isinstance(value, bytes) else None,
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
