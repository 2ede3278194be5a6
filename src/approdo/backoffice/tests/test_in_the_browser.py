"""The screens in a real browser: the seed's way up to the queued run, and what only script and style can break."""

import re

import amazon_orders
import browser
import pytest
from django.utils import timezone

from approdo.nodes.models import Configuration, Node, TimeRange
from approdo.processes.models import Connector, Run
from approdo.sales.models import SaleDocument

pytestmark = browser.MARKS


def menu(page, name):
    page.locator("#nav-sidebar-apps a", has_text=re.compile(rf"{name}\s*$")).click()


def add(page):
    page.locator("a.addlink", has_text="Aggiungi").click()


def press(page, name):
    page.get_by_role("button", name=name, exact=True).click()


def add_node(page):
    menu(page, "Nodi")
    add(page)
    page.get_by_label("Nome").fill("Amazon Vendor IT")
    page.get_by_label("Tipo di nodo").select_option(label="Amazon Vendor")
    press(page, "Salva e continua")
    page.get_by_label("Regione").select_option(label="Europa")
    page.locator("[name=option_client_id]").fill("amzn1.application-oa2-client.x")
    page.locator("[name=option_client_secret]").fill("segreto")
    page.locator("[name=option_refresh_token]").fill("Atzr|x")
    press(page, "Salva e chiudi")
    page.get_by_role("link", name="Amazon Vendor IT").first.wait_for()


def add_time_range(page):
    menu(page, "Range temporali")
    add(page)
    page.get_by_label("Nome").fill("Ultimi 7 giorni")
    page.locator("[name=last]").fill("7")
    press(page, "Salva e chiudi")


def add_configuration(page):
    menu(page, "Configurazione scarico ordini")
    add(page)
    page.get_by_label("Nome configurazione").fill("Retail")
    page.get_by_label("Tipo").first.select_option(label="Vendor Retail")
    page.get_by_label("Configurazione parametri temporali").select_option(label="Ultimi 7 giorni")
    page.get_by_label("CHIUSO").uncheck()
    press(page, "Salva e chiudi")


def add_connector_and_run(page):
    menu(page, "Connettori")
    add(page)
    page.get_by_label("Nome").fill("Scarica ordini da Amazon Vendor")
    page.get_by_label("Tipo di nodo").select_option(label="Amazon Vendor")
    page.locator("[name=node]").select_option(label="Amazon Vendor IT")
    page.get_by_label("Tipo di connettore").select_option(label="Marketplace Amazon Vendor [Scarico ordini]")
    press(page, "Salva e continua")
    page.get_by_label("Eseguire la ricodifica SKU?").check()
    page.get_by_label("Configurazione connettore").select_option(label="Retail")
    press(page, "Salva e continua")
    page.get_by_role("button", name="Eseguire immediatamente il connettore?").click()
    page.get_by_text("In coda").first.wait_for()
    page.get_by_text("Nessun worker è in funzione").first.wait_for()


def test_the_seeds_way_in_italian_ends_at_the_queued_run(opened):
    page = opened(language="it")
    add_node(page)
    add_time_range(page)
    add_configuration(page)
    add_connector_and_run(page)

    connector = Connector.objects.get()
    assert connector.options == {"recode_skus": True}
    assert Configuration.objects.get().options["states"] == ["new", "acknowledged"]
    assert Run.objects.get().requested_by == "anna"


def test_fields_that_do_not_apply_are_hidden_until_they_do(opened):
    page = opened("/nodes/node/add/?name=Simulator&type=amazon_vendor")
    address = page.locator("[name=option_api_url]")
    assert not address.is_visible()
    page.locator("[name=option_region]").select_option("custom")
    assert address.is_visible()
    assert not page.locator("[name=option_sandbox]").is_visible()


def test_a_time_range_shows_the_fields_of_its_kind(opened):
    page = opened("/nodes/timerange/add/")
    assert page.locator("[name=last]").is_visible()
    page.get_by_text("Fixed dates").click()
    assert not page.locator("[name=last]").is_visible()
    assert page.locator("[name=start]").is_visible()


def test_one_box_ticks_every_state(opened):
    page = opened("/backoffice/orderdownloadconfiguration/add/")
    every, one = page.get_by_label("All", exact=True), page.get_by_label("NEW", exact=True)
    one.uncheck()
    assert not every.is_checked()
    every.check()
    assert one.is_checked()


def test_only_what_fits_the_node_type_is_offered(opened, db):
    amazon_orders.node("Amazon Vendor EU")
    Node.objects.create(name="ERP", type="api", options={})
    page = opened("/processes/connector/add/")
    offered = page.locator("[name=node] option").all_inner_texts()
    assert "Amazon Vendor EU" in offered
    assert "ERP" not in offered


def test_a_run_moves_before_the_readers_eyes(opened, connector):
    run = Run.objects.create(
        connector=connector, connector_name="Orders", state="running", created_at=timezone.now(), windows=4
    )
    page = opened(f"/processes/run/{run.pk}/change/")
    page.get_by_text("0 of 4 windows read").wait_for()
    Run.objects.update(windows_done=3, counts={"read": 1234})
    page.get_by_text("3 of 4 windows read").wait_for()
    page.get_by_text("1,234").wait_for()
    Run.objects.update(state="succeeded", windows_done=4, ended_at=timezone.now())
    page.get_by_text("Succeeded").first.wait_for()
    page.get_by_role("button", name="Run again").wait_for()


def test_raw_data_is_fetched_when_somebody_looks(opened, receive_orders):
    receive_orders(amazon_orders.order("RAW00001"))
    page = opened(f"/sales/saledocument/{SaleDocument.objects.get().pk}/change/")
    assert page.get_by_text('"purchaseOrderNumber": "RAW00001"').count() == 0
    page.get_by_text("Version 1").click()
    page.get_by_text('"purchaseOrderNumber": "RAW00001"').wait_for()


def test_filters_are_chosen_and_kept_by_the_search(opened, receive_orders):
    receive_orders(amazon_orders.order("AAA00001"), amazon_orders.order("AAA00002", state="Closed"))
    page = opened("/sales/saledocument/")
    page.get_by_text("Filters").first.click()
    page.get_by_label("From").fill("2026-04-30")
    page.locator("#changelist-filter [name=vendor_code]").fill("ROSIT")
    page.get_by_role("button", name="Apply Filters").click()
    page.wait_for_url("**vendor_code=ROSIT**")
    page.locator("#searchbar").fill("AAA00002")
    page.keyboard.press("Enter")
    page.wait_for_url("**q=AAA00002**")
    assert "vendor_code=ROSIT" in page.url
    assert "dated_from=2026-04-30" in page.url
    assert page.locator("#result_list tr.data-row").count() == 1


def test_on_a_phone_labels_read_as_sentences_and_saving_comes_before_deleting(opened, node):
    page = opened("/nodes/node/", language="it", width=390)
    cell = page.locator("[data-label='Tipo di nodo']").first
    assert cell.evaluate("(cell) => getComputedStyle(cell, '::before').textTransform") == "none"
    page.goto(f"{page.url}{node.pk}/change/")
    heights = [page.get_by_text(text, exact=True).bounding_box()["y"] for text in ("Salva e chiudi", "Elimina")]
    assert heights == sorted(heights)


def test_the_language_is_switched_in_the_menu_of_the_user(opened):
    page = opened()
    page.get_by_text("anna", exact=True).click()
    page.get_by_role("button", name="Italiano").click()
    page.get_by_text("Parametri di sistema").wait_for()


ADDRESSES = [
    "/",
    "/nodes/node/",
    "/nodes/node/add/?name=x&type=amazon_vendor",
    "/nodes/timerange/add/",
    "/backoffice/orderdownloadconfiguration/add/",
    "/processes/connector/",
    "/processes/connector/add/",
    "/processes/procedure/",
    "/processes/procedure/add/",
    "/processes/run/",
    "/processes/alarm/",
    "/processes/notice/",
    "/processes/recipient/",
    "/processes/recipient/add/",
    "/processes/run/timeline/",
    "/sales/saledocument/",
    "/sales/setaside/",
    "/processes/token/add/",
    "/auth/user/add/",
    "/auth/group/add/",
]


@pytest.mark.parametrize("width", [390, 1280])
def test_no_page_is_wider_than_the_screen(opened, live_server, connector, receive_orders, width):
    items = [amazon_orders.item(str(number), vendorProductIdentifier="V" * 90) for number in range(30)]
    receive_orders(amazon_orders.order("LONG0001", items=items), b'{"purchaseOrderNumber": "BAD", "orderDetails": 5}')
    run = Run.objects.create(
        connector=connector, connector_name="Orders", state="failed", created_at=timezone.now(), error_code="throttled"
    )
    document = SaleDocument.objects.get().pk
    own = [f"/processes/run/{run.pk}/change/", f"/sales/saledocument/{document}/change/"]
    page = opened("/", language="it", width=width)
    for address in [*ADDRESSES, *own, f"/processes/connector/{connector.pk}/change/"]:
        page.goto(f"{live_server.url}{address}")
        assert page.evaluate("document.documentElement.scrollWidth") <= width, address


def test_the_form_offers_the_states_of_the_chosen_program_and_sends_no_others(opened):
    TimeRange.objects.create(name="Last 7 days", last=7)
    page = opened("/backoffice/orderdownloadconfiguration/add/")
    page.get_by_label("Configuration name").fill("Consumers")

    def offered():
        labels = page.locator("input[name=option_states]").locator("xpath=ancestor::label")
        return [label.inner_text().strip() for label in labels.all() if label.is_visible()]

    assert offered() == ["NEW", "ACKNOWLEDGED", "CLOSED"]
    page.get_by_label("Type").select_option("vendor_direct_fulfillment")
    assert offered() == ["NEW", "ACKNOWLEDGED", "SHIPPED", "CANCELLED"]
    page.get_by_label("All", exact=True).uncheck()
    page.get_by_label("SHIPPED").check()
    page.get_by_label("Time range settings").select_option(label="Last 7 days")
    press(page, "Save and close")
    page.wait_for_url(re.compile("/orderdownloadconfiguration/$"))
    saved = Configuration.objects.get(name="Consumers")
    assert saved.options == {"type": "vendor_direct_fulfillment", "states": ["shipped"]}
