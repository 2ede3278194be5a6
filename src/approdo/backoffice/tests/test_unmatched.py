"""Codes without a match on screen, recoding what is stored, and own SKUs and places on a document's page."""

from urllib.parse import parse_qs, urlsplit

import amazon_orders
import pytest
from amazon_orders import item, order
from django.db import connection
from django.test.utils import CaptureQueriesContext
from plans import plan_of

from approdo.backoffice.tests.conftest import NOW, saved
from approdo.catalog.models import Place, SkuRecoding
from approdo.exchanges import unmatched
from approdo.exchanges.intake import store
from approdo.exchanges.models import UnmatchedCode
from approdo.processes import recode_jobs, recodings
from approdo.processes.models import RecodeJob
from approdo.sales.models import SaleDocument
from approdo.sales.receive import Origin

LIST = "/exchanges/unmatchedcode/"


@pytest.fixture
def take(node, connector):
    connector.options = {"recode_skus": True}
    saved(connector)

    def taken(*skus, number="PO000001", **details):
        items = [item(str(place), vendorProductIdentifier=sku) for place, sku in enumerate(skus, 1)]
        store(amazon_orders.batch(order(number, items=items, **details)), Origin(node.pk, 7, NOW), recodings.asked)

    return taken


def text_of(page):
    return " ".join(page.content.decode().split())


def test_codes_are_listed_with_an_example_and_how_many_lines(admin_client, take, monkeypatch):
    monkeypatch.setattr(unmatched, "MOST_COUNTED", 3)
    take("V-1", "V-1", "V-2")
    take("V-1", number="PO000002")
    shown = text_of(admin_client.get(LIST))
    assert "V-1" in shown
    assert "V-2" in shown
    assert "at least 3" in shown
    assert "PO000002" in shown
    assert "V-2" not in text_of(admin_client.get(LIST, {"q": "V-1"})).split("result_list")[1]


def test_codes_are_filtered_by_node(admin_client, take, node):
    take("V-1", "V-2", "V-3")
    shown = text_of(admin_client.get(LIST, {"node": node.pk})).split("result_list")[1]
    assert [sku for sku in ("V-1", "V-2", "V-3") if sku in shown] == ["V-1", "V-2", "V-3"]
    assert "V-1" not in text_of(admin_client.get(LIST, {"node": node.pk + 1}))


def test_a_code_leads_to_the_documents_that_carry_it(admin_client, take):
    take("V-1")
    take("V-2", number="PO000002")
    code = UnmatchedCode.objects.get(vendor_sku="V-1")
    answer = admin_client.get(f"{LIST}{code.pk}/change/", follow=True)
    assert "PO000001" in text_of(answer)
    assert "PO000002" not in text_of(answer)
    assert admin_client.get(f"{LIST}999/change/").status_code == 302


def test_the_form_of_a_new_recoding_is_filled_in(admin_client, take):
    take("V-1")
    page = text_of(admin_client.get(LIST))
    address = page.split('href="/catalog/skurecoding/add/?')[1].split('"')[0].replace("&amp;", "&")
    given = {name: values[0] for name, values in parse_qs(urlsplit(f"?{address}").query).items()}
    assert given["vendor_code"] == "ROSIT"
    assert (given["kind"], given["external"]) == ("vendor_sku", "V-1")
    form = admin_client.get(f"/catalog/skurecoding/add/?{address}").content.decode()
    assert 'value="V-1"' in form


def test_recode_now_is_asked_for_and_its_progress_shown(admin_client, take):
    take("V-1", "V-2")
    SkuRecoding.objects.create(external="V-1", sku="OWN")
    asked = admin_client.post(f"{LIST}recode/", {"lines": "without_match"}, follow=True)
    assert RecodeJob.objects.get().requested_by == "admin"
    assert "No worker is running" in text_of(asked)
    panel = admin_client.get(f"{LIST}panel/")
    assert "hx-trigger" in panel.content.decode()
    assert "HX-Refresh" not in panel
    while recode_jobs.advance():
        pass
    panel = admin_client.get(f"{LIST}panel/")
    assert panel["HX-Refresh"] == "true"
    assert "hx-trigger" not in panel.content.decode()
    assert 'Lines matched: <span class="ap-number ap-strong">1</span>' in text_of(panel)
    assert "V-1" not in text_of(admin_client.get(LIST)).split("result_list")[1]


def test_who_may_only_look_recodes_nothing(clerk_client, take):
    take("V-1")
    clerk = clerk_client("view_unmatchedcode")
    page = text_of(clerk.get(LIST))
    assert "V-1" in page
    assert "Recode now" not in page.replace("“Recode now”", "")
    assert clerk.post(f"{LIST}recode/", {"lines": "all"}).status_code == 403
    assert clerk.get(f"{LIST}recode/").status_code == 405
    assert not RecodeJob.objects.exists()


def test_what_is_not_a_kind_of_recoding_is_not_asked_for(admin_client, take):
    admin_client.post(f"{LIST}recode/", {"lines": "some"})
    assert not RecodeJob.objects.exists()


def test_who_may_not_look_sees_nothing(clerk_client, take):
    clerk = clerk_client("view_node")
    assert clerk.get(LIST).status_code == 403
    assert clerk.get(f"{LIST}panel/").status_code == 403


def test_a_document_shows_own_skus_and_marks_the_lines_without(admin_client, take, connector):
    SkuRecoding.objects.create(external="V-1", sku="OWN-1", title="Caffettiera")
    take("V-1", "V-2")
    address = f"/sales/saledocument/{SaleDocument.objects.get().pk}/change/"
    page = text_of(admin_client.get(address))
    assert "OWN-1" in page
    assert "Caffettiera" in page
    assert page.count("no match") == 1
    connector.options = {}
    saved(connector)
    page = text_of(admin_client.get(address))
    assert "OWN-1" in page
    assert "no match" not in page


def test_a_document_shows_the_place_behind_its_destinations_code(admin_client, take):
    take("V-1")
    Place.objects.update(name="Amazon MXP5", city="Castel San Giovanni", country="IT")
    address = f"/sales/saledocument/{SaleDocument.objects.get().pk}/change/"
    assert "<p>Amazon MXP5</p><p>Castel San Giovanni · IT</p>" in text_of(admin_client.get(address))


def test_documents_are_filtered_by_codes_without_a_match(admin_client, take):
    SkuRecoding.objects.create(external="V-1", sku="OWN-1")
    take("V-1")
    take("V-2", number="PO000002")
    page = text_of(admin_client.get("/sales/saledocument/", {"unmatched": "1"}))
    assert "PO000002" in page
    assert "PO000001" not in page


def test_neither_list_scans_what_it_does_not_show(admin_client, take):
    take("V-1")
    addresses = {
        LIST: "unmatched_code_seen",
        f"{LIST}?q=V": "unmatched_code_vendor_sku",
        "/sales/saledocument/?unmatched=1": "",
    }
    for address, index in addresses.items():
        with CaptureQueriesContext(connection) as asked:
            admin_client.get(address)
        found = [
            query["sql"] for query in asked.captured_queries if "unmatched" in query["sql"] and "SELECT" in query["sql"]
        ]
        plans = [plan_of(sql) for sql in found if '"exchanges_unmatchedcode"' in sql or '"sales_saleline"' in sql]
        assert plans
        for plan in plans:
            assert "SCAN sales_saleline\n" not in f"{plan}\n"
            assert "Seq Scan on sales_saleline" not in plan
            assert "TEMP B-TREE FOR ORDER BY" not in plan or "q=" in address
        # PostgreSQL joins two indexes for a search, which `plan_of` keeps it from.
        searched = connection.vendor == "postgresql" and "q=" in address
        assert not index or searched or any(index in plan for plan in plans), (address, plans)
