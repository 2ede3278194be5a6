"""Exports on screen: the connector's form with its filter, who fetches, batches, and exporting again."""

import pytest
from amazon_orders import batch, order
from django.utils import timezone, translation

from approdo.backoffice.tests.conftest import saved
from approdo.exchanges import delivery, due
from approdo.exchanges.models import Batch, Delivery
from approdo.nodes.models import Node
from approdo.processes import handing_over
from approdo.processes.models import Connector
from approdo.sales.models import SaleDocument
from approdo.sales.receive import Origin, receive

ADD = "/processes/connector/add/?name=ERP&type=api.export_documents"
BATCHES = "/exchanges/batch/"


@pytest.fixture
def gestionale(db):
    return saved(Node(name="Gestionale", type="api"))


@pytest.fixture
def erp(gestionale):
    return saved(Connector(name="ERP", node=gestionale, type="api.export_documents", options={"format": "json"}))


@pytest.fixture
def fetched(erp, receive_orders):
    """A batch of two documents that the ERP fetched and confirmed."""
    receive_orders(order("PO000001"), order("PO000002"))
    taken = delivery.take(handing_over.asked(erp, "ERP token", timezone.now()), 10)
    return delivery.confirm(erp.pk, taken.name, "ERP token", timezone.now())


def form(node, **changes):
    return {
        "name": "ERP",
        "node": node.pk,
        "active": "on",
        "option_format": "json",
        "option_export_once": "on",
        "option_confirm": "explicit",
        "_continue": "1",
        **changes,
    }


def test_the_form_saves_a_filter_and_shows_it_again(admin_client, gestionale, node):
    chosen = {
        "option_filter__types": ["order"],
        "option_filter__states": ["new", "accepted"],
        "option_filter__nodes": [node.pk],
        "option_filter__vendor_codes": "ROSIT, ABCDE",
        "option_filter__since": "2026-05-01",
        "option_filter__skus_known": "on",
    }
    admin_client.post(f"{ADD}&node={gestionale.pk}", form(gestionale, **chosen))
    connector = Connector.objects.get(name="ERP")
    assert connector.options["filter"] == {
        "types": ["order"],
        "states": ["new", "accepted"],
        "nodes": [node.pk],
        "vendor_codes": ["ROSIT", "ABCDE"],
        "since": "2026-05-01",
        "changed_only": False,
        "skus_known": True,
    }
    page = admin_client.get(f"/processes/connector/{connector.pk}/change/")
    shown = page.context["adminform"].form
    assert shown["option_filter__vendor_codes"].value() == "ROSIT, ABCDE"
    again = {name.name: name.value() for name in shown if name.name.startswith("option_filter")}
    admin_client.post(f"/processes/connector/{connector.pk}/change/", form(gestionale, **_filled(again)))
    before = connector.options
    connector.refresh_from_db()
    assert connector.options == before, "saved as it was shown"


def test_every_state_ticked_is_kept_as_no_filter(admin_client, gestionale):
    every = ["new", "acknowledged", "closed", "accepted", "shipped", "cancelled", "stored"]
    admin_client.post(f"{ADD}&node={gestionale.pk}", form(gestionale, option_filter__states=every))
    assert Connector.objects.get(name="ERP").options["filter"]["states"] == []


def _filled(values):
    return {name: value for name, value in values.items() if value not in (None, False, "")}


def test_what_is_wrong_in_a_filter_stands_beside_its_field(admin_client, gestionale):
    wrong = form(gestionale, option_filter__since="yesterday")
    answer = admin_client.post(f"{ADD}&node={gestionale.pk}", wrong)
    assert "option_filter__since" in answer.context["adminform"].form.errors
    assert not Connector.objects.exists()


def test_the_connectors_page_says_how_its_documents_are_fetched(admin_client, erp, receive_orders):
    receive_orders(order())
    page = admin_client.get(f"/processes/connector/{erp.pk}/change/").content.decode()
    assert f"http://testserver/api/v1/exports/{erp.pk}" in page
    assert f"/exports/{erp.pk}/batches/$BATCH/confirm" in page
    assert f"/processes/token/add/?connector={erp.pk}&amp;scopes=exports:read" in page
    token = admin_client.get(f"/processes/token/add/?connector={erp.pk}&scopes=exports:read")
    chosen = token.context["adminform"].form
    assert (chosen["connector"].value(), chosen["scopes"].value()) == (str(erp.pk), "exports:read")


@pytest.mark.parametrize(("language", "words"), [("en", "Who gets documents"), ("it", "Chi riceve documenti")])
def test_without_exports_the_page_says_how_to_begin(admin_client, language, words):
    with translation.override(language):
        page = admin_client.get(BATCHES, headers={"Accept-Language": language}).content.decode()
    assert words in page
    assert "/processes/connector/add/" in page


def test_the_list_shows_what_waits_and_each_batch(admin_client, erp, fetched, node):
    now = timezone.now()
    receive(batch(order("PO000003"), asked_at=now), Origin(node.pk, 7, now))
    page = admin_client.get(BATCHES)
    (shown,) = page.context["fetchers"]
    assert (shown.waiting, shown.unconfirmed, shown.last) == (1, 0, fetched)
    assert fetched.name in page.content.decode()


def test_ticked_documents_are_exported_again(admin_client, erp, fetched):
    page = admin_client.get(f"{BATCHES}{fetched.pk}/change/").content.decode()
    assert "PO000001" in page
    first = SaleDocument.objects.get(number="PO000001")
    address = f"{BATCHES}again/{erp.pk}/"
    back = f"{BATCHES}{fetched.pk}/change/"
    answer = admin_client.post(address, {"document": [first.pk], "back": back}, follow=True)
    assert answer.redirect_chain == [(back, 302)]
    assert "1 document is exported again." in answer.content.decode()
    assert handing_over.waiting(erp, timezone.now()) == 1
    elsewhere = admin_client.post(address, {"document": [first.pk], "back": "//evil.example.com"})
    assert elsewhere.url == BATCHES


def test_the_document_shows_who_got_it_and_offers_it_again(admin_client, erp, fetched):
    document = SaleDocument.objects.get(number="PO000001")
    delivery.receive_receipt(erp.pk, document.pk, "SO-17", timezone.now())
    page = admin_client.get(f"/sales/saledocument/{document.pk}/change/").content.decode()
    assert "SO-17" in page
    assert f"{BATCHES}{fetched.pk}/change/" in page
    assert f"{BATCHES}again/{erp.pk}/" in page


def test_documents_that_changed_since_they_were_exported_can_be_listed(admin_client, erp, fetched, receive_orders):
    def listed():
        page = admin_client.get("/sales/saledocument/?exported=changed")
        return [document.number for document in page.context["cl"].result_list]

    assert listed() == []
    later = {"purchaseOrderChangedDate": "2026-05-01T11:00:00Z", "dealCode": "new"}
    receive_orders(order("PO000002", **later), order("PO000003"), order("PO000004"))
    receive_orders(order("PO000003", **later))
    assert listed() == ["PO000002"], "the others were never exported, or did not change"
    due.look_again()
    delivery.take(handing_over.asked(erp, "ERP token", timezone.now()), 10)
    assert listed() == []


def test_who_may_only_look_cannot_export_again(clerk_client, erp, fetched):
    client = clerk_client("view_batch", "view_saledocument")
    document = SaleDocument.objects.first()
    for page in (f"{BATCHES}{fetched.pk}/change/", f"/sales/saledocument/{document.pk}/change/"):
        answer = client.get(page)
        assert answer.status_code == 200
        assert "Export again" not in answer.content.decode()
    assert client.post(f"{BATCHES}again/{erp.pk}/", {"document": [document.pk]}).status_code == 403
    assert not Delivery.objects.filter(state="withdrawn").exists()


def test_a_batch_of_a_connector_that_is_gone_can_still_be_looked_at(admin_client, erp, fetched):
    number = erp.pk
    erp.delete()
    assert f"#{number}" in admin_client.get(BATCHES).content.decode()
    assert admin_client.get(f"{BATCHES}{fetched.pk}/change/").status_code == 200
    assert Batch.objects.get() == fetched
