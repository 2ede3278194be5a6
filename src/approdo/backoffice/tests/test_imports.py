"""Imports on screen: who takes documents, every call, why something was refused, invoices beside their orders."""

import pytest
import time_machine
from amazon_orders import order
from posted import as_json, as_xml, invoice, line, update

from approdo.backoffice.tests.conftest import NOW, saved
from approdo.exchanges.imports import reading, taking
from approdo.exchanges.models import ImportCall, ImportedDocument
from approdo.nodes.models import Node
from approdo.processes import taking_in
from approdo.processes.models import Connector
from approdo.processes.tokens import make_token
from approdo.sales.models import SaleDocument
from approdo.sdk.errors import RefusedError

CALLS = "/exchanges/importcall/"
DOCUMENTS = "/exchanges/importeddocument/"
DAY = "2026-05-01"


@pytest.fixture(autouse=True)
def today():
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def erp(db):
    return saved(
        Connector(name="Fatture", node=saved(Node(name="Gestionale", type="api")), type="api.import_documents")
    )


@pytest.fixture
def post(erp, receive_orders):
    """Posts documents about two orders that were downloaded."""
    receive_orders(order("PO000001", state="Acknowledged"), order("PO000002", state="Acknowledged"))

    def posted(*documents):
        call = taking.begin(erp.pk, "ERP token", "json", 1234)
        return taking.take(call, reading.from_json(as_json(*documents)), taking_in.allowed(erp))

    return posted


def html(client, address):
    answer = client.get(address)
    assert answer.status_code == 200
    return answer.content.decode()


def page_of(client, document):
    return html(client, f"/sales/saledocument/{document}/change/")


def test_before_the_first_connector_the_screen_says_what_to_do(admin_client):
    assert "Add a connector" in html(admin_client, CALLS)


def test_the_screen_shows_who_takes_documents_and_every_call(admin_client, erp, post):
    make_token("ERP token", ["imports:write"], erp)
    post(invoice(day=DAY), invoice("FT-9", orders=["PO000009"], day=DAY))
    shown = html(admin_client, CALLS)
    assert f"/api/v1/imports/{erp.pk}" in shown
    assert "ERP token" in shown
    assert "Some refused" in shown
    call = html(admin_client, f"{CALLS}{ImportCall.objects.get().pk}/change/")
    assert "The order PO000009 is not here." in call
    assert "<code" in call
    assert "FT-1</a>" in call


def test_a_call_that_could_not_be_read_or_was_cut_off_says_so(admin_client, erp):
    broken = taking.begin(erp.pk, "ERP token", "xml", 7)
    taking.fail(broken, RefusedError("xml_declares"))
    cut = taking.begin(erp.pk, "ERP token", "json", 7)
    assert "document type declaration" in html(admin_client, f"{CALLS}{broken.pk}/change/")
    assert "was cut off" in html(admin_client, f"{CALLS}{cut.pk}/change/")
    shown = html(admin_client, CALLS)
    assert "Not readable" in shown
    assert "Not ended" in shown
    assert admin_client.get(f"{CALLS}999999/change/").status_code == 404


def test_refused_documents_are_found_and_explained_in_the_readers_language(admin_client, erp, post):
    post(invoice(day=DAY), invoice("FT-9", orders=["PO000009"], day=DAY))
    shown = html(admin_client, f"{DOCUMENTS}?result=refused&connector={erp.pk}")
    assert "FT-9" in shown
    assert "FT-1<" not in shown
    assert '<code class="ap-quiet">orders</code>' in shown
    assert "FT-1<" in html(admin_client, f"{DOCUMENTS}?q=FT-1")
    italian = admin_client.get(f"{DOCUMENTS}?q=FT", headers={"Accept-Language": "it"}).content.decode()
    assert "L&#x27;ordine PO000009 non c&#x27;è." in italian


def test_only_who_may_see_calls_sees_them(clerk_client, erp, post):
    post(invoice(day=DAY))
    client = clerk_client("view_node")
    for address in (CALLS, f"{CALLS}{ImportCall.objects.get().pk}/change/", DOCUMENTS):
        assert client.get(address).status_code == 403
    assert "Import documents" not in client.get("/").content.decode()


def test_nobody_writes_what_was_posted(admin_client, erp, post):
    post(invoice(day=DAY))
    call = ImportCall.objects.get().pk
    for address in (f"{CALLS}add/", f"{CALLS}{call}/delete/", f"{DOCUMENTS}add/"):
        assert admin_client.post(address).status_code == 403
    assert ImportedDocument.objects.count() == 1


def test_the_connectors_page_says_where_to_post(admin_client, erp):
    shown = html(admin_client, f"/processes/connector/{erp.pk}/change/")
    assert f"/api/v1/imports/{erp.pk}" in shown
    assert "scopes=imports:write" in shown


def test_order_and_invoice_lead_to_each_other(admin_client, post):
    tax = {"type": "VAT", "rate": "22", "amount": "5.81", "taxable_amount": "26.40"}
    terms = {"type": "Basic", "net_due_days": 60, "discount_percent": "2", "discount_due_days": 10}
    (row,) = post(invoice(lines=[line(quantity=2)], taxes=[tax], gross_total="32.21", payment_terms=terms, day=DAY))
    ordered = SaleDocument.objects.get(number="PO000001")
    shown = page_of(admin_client, row.document_id)
    for text in ("PO000001", "STORED, NOT SENT", "32.21", "VAT 22 %", "2 % off within 10 days", "As they were posted"):
        assert text in shown
    assert "Amazon named no parties" not in shown
    order_page = page_of(admin_client, ordered.pk)
    assert "FT-1</a>" in order_page
    assert "Partly invoiced" in order_page
    assert "24 invoiced" in order_page


def test_a_credit_note_leads_to_the_invoice_that_it_corrects(admin_client, post):
    (first,) = post(invoice(day=DAY))
    (second,) = post(invoice("NC-1", type="credit_note", corrects="FT-1", day=DAY))
    assert f"/sales/saledocument/{first.document_id}/change/" in page_of(admin_client, second.document_id)


def test_the_orders_page_shows_what_the_erp_said_and_that_it_was_not_sent(admin_client, post):
    accepted = {"quantity": 2, "unit": "cases", "delivery_date": "2026-05-09"}
    rejected = {"quantity": 1, "unit": "cases", "reason": "obsolete_product"}
    (row,) = post(update(lines=[{"sequence": "1", "accepted": accepted, "rejected": rejected}]))
    shown = page_of(admin_client, row.document_id)
    for text in ("SO-17", "stored, not sent yet", "2 cases", "arrives 2026-05-09", "obsolete product"):
        assert text in shown


def test_the_list_tells_invoices_from_orders(admin_client, post):
    post(invoice(lines=[line(quantity=2)], gross_total="26.40", day=DAY))
    invoices = html(admin_client, "/sales/saledocument/?type=invoice")
    assert "FT-1" in invoices
    assert "26.40" in invoices
    assert "STORED, NOT SENT" in invoices

    def numbers(value):
        found = html(admin_client, f"/sales/saledocument/?invoicing={value}")
        return [number for number in ("PO000001", "PO000002", "FT-1") if f"{number}" in found]

    assert numbers("partly") == ["PO000001"]
    assert numbers("not_invoiced") == ["PO000002"]


def test_the_raw_text_of_an_invoice_is_shown_as_it_came(admin_client, erp, post):
    (row,) = post(invoice(day=DAY))
    call = taking.begin(erp.pk, "ERP token", "xml", 7)
    changed = invoice(lines=[line(quantity=1)], gross_total="13.20", day=DAY)
    taking.take(call, reading.from_xml(as_xml(changed)), taking_in.allowed(erp))
    address = f"/sales/saledocument/{row.document_id}/versions"
    assert "&lt;Document&gt;" in html(admin_client, f"{address}/2/")
    downloaded = admin_client.get(f"{address}/2/?download")
    assert downloaded["Content-Disposition"].endswith('.xml"')
    assert downloaded.content.startswith(b"<Document>")
    assert "Quantity" in page_of(admin_client, row.document_id)
