"""The seed's way through the screens, in a real browser, with a real worker and a simulated Amazon."""

import re
import shutil

import pytest
from browsing import add_user
from hub import Hub, declared, free_port, wait_for

from amazon_simulator import CLIENT_ID, CLIENT_SECRET, REFRESH_TOKEN, Simulator

playwright = pytest.importorskip("playwright.sync_api")

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]

pytestmark = [
    pytest.mark.browser,
    pytest.mark.hub,
    pytest.mark.once,
    pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed (Debian: apt-get install chromium)"),
]


@pytest.fixture
def amazon():
    with Simulator(seed=11, orders=400, days=20) as simulator:
        yield simulator


@pytest.fixture
def served(hub: Hub):
    """The hub's address, with a user who may do everything."""
    add_user(hub)
    port = free_port()
    up = hub.start("up", "--port", str(port))
    yield f"http://127.0.0.1:{port}"
    up.terminate()
    up.wait(20)


@pytest.fixture
def page(served):
    with playwright.sync_playwright() as started:
        browser = started.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        page = browser.new_context(locale="it", viewport={"width": 1280, "height": 900}).new_page()
        page.set_default_timeout(15_000)
        wait_for(lambda: _opened(page, f"{served}/login/"), "the web server answered")
        page.get_by_label("Nome utente").fill("anna")
        page.get_by_label("Password").fill("approdo-approdo")
        page.get_by_role("button", name="Accedi").click()
        page.get_by_role("link", name="Nodi").first.wait_for()
        yield page
        browser.close()


def _opened(page, address):
    try:
        return page.goto(address).ok
    except playwright.Error:
        return False


def menu(page, name):
    # An icon's name stands before the text.
    page.locator("a", has_text=re.compile(rf"{name}\s*$")).first.click()


def add(page):
    page.locator("a", has_text=re.compile(r"Aggiungi\s*$")).first.click()


def add_node(page, amazon):
    menu(page, "Nodi")
    add(page)
    page.locator("[name=name]").fill("Amazon Vendor IT")
    page.locator("[name=type]").select_option("amazon_vendor")
    page.get_by_role("button", name="Salva e continua").click()
    page.locator("[name=option_region]").select_option("custom")
    page.locator("[name=option_api_url]").fill(amazon.url)
    page.locator("[name=option_token_url]").fill(amazon.token_url)
    page.locator("[name=option_marketplace]").select_option("IT")
    page.locator("[name=option_client_id]").fill(CLIENT_ID)
    page.locator("[name=option_client_secret]").fill(CLIENT_SECRET)
    page.locator("[name=option_refresh_token]").fill(REFRESH_TOKEN)
    page.get_by_role("button", name="Salva e continua").click()
    page.get_by_text("Prova la connessione").first.click()
    page.get_by_text("La connessione funziona.").wait_for()
    assert CLIENT_SECRET not in page.content()
    assert not [request for request in amazon.requests if request.method == "POST" and "orders" in request.path]


def add_time_range(page):
    menu(page, "Range temporali")
    add(page)
    page.locator("[name=name]").fill("Ultimi 15 giorni")
    page.locator("[name=last]").fill("15")
    page.get_by_role("button", name="Salva e chiudi").click()


def add_configuration(page):
    menu(page, "Configurazione scarico ordini")
    add(page)
    page.locator("[name=name]").fill("Retail, tutti gli stati")
    page.locator("[name=time_range]").select_option(label="Ultimi 15 giorni")
    page.get_by_role("button", name="Salva e chiudi").click()


def run_connector(page):
    menu(page, "Connettori")
    add(page)
    page.locator("[name=name]").fill("Scarica ordini da Amazon Vendor")
    page.locator("[name=node]").select_option(label="Amazon Vendor IT")
    page.locator("[name=type]").select_option("amazon_vendor.download_orders")
    page.get_by_role("button", name="Salva e continua").click()
    page.locator("[name=configuration]").select_option(label="Retail, tutti gli stati")
    page.get_by_role("button", name="Salva e continua").click()
    page.get_by_role("button", name="Eseguire immediatamente il connettore?").click()
    page.get_by_text("Riuscita", exact=False).first.wait_for(timeout=60_000)


def find_order(page, amazon):
    menu(page, "Documenti di vendita")
    number = page.locator("#result_list tbody tr th a, #result_list tbody tr td a").first.inner_text().split()[0]
    assert number in {order.number for order in amazon.orders("eu")}
    page.locator("input[name=q]").fill(number[:6])
    page.keyboard.press("Enter")
    page.get_by_role("link", name=number).first.click()
    order = amazon.order(number, "eu")
    page.get_by_text(order["orderDetails"]["items"][0]["amazonProductIdentifier"]).first.wait_for()


def test_the_whole_main_job_is_done_on_screen_in_italian(page, amazon):
    add_node(page, amazon)
    add_time_range(page)
    add_configuration(page)
    run_connector(page)
    find_order(page, amazon)


def test_a_wrong_secret_is_said_on_the_runs_page_with_the_next_step(page, hub: Hub, amazon):
    records = declared(amazon)
    records["nodes"][0]["options"]["client_secret"] = "wrong"
    assert hub.apply(records).returncode == 0
    menu(page, "Connettori")
    page.get_by_role("link", name="Download", exact=True).first.click()
    page.get_by_role("button", name="Eseguire immediatamente il connettore?").click()
    page.get_by_text("Amazon non accetta il client id o il client secret.").first.wait_for(timeout=60_000)
    page.get_by_text("copiare client id e client secret nel nodo", exact=False).first.wait_for()


def test_a_node_in_use_is_not_deleted_and_the_screen_says_by_whom(page, hub: Hub, amazon):
    assert hub.apply(declared(amazon)).returncode == 0
    menu(page, "Nodi")
    page.get_by_role("link", name="Amazon Vendor EU").first.click()
    page.get_by_role("link", name="Elimina").first.click()
    page.get_by_text("è in uso", exact=False).first.wait_for()
    assert "Download" in page.content()
    assert hub.rows("SELECT count(*) FROM nodes_node") == [(1,)]


def test_every_screen_opens_empty_in_both_languages(page, served):
    addresses = [link.get_attribute("href") for link in page.locator("nav a[href^='/'], aside a[href^='/']").all()]
    for language in ("it", "en"):
        page.context.add_cookies([{"name": "django_language", "value": language, "url": served}])
        for address in dict.fromkeys(addresses):
            if "logout" not in address:
                assert page.goto(served + address).ok, address
