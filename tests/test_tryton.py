"""Orders become sales in a real Tryton, each of them once, whatever happens on the way."""

import re
import signal
import sqlite3
import subprocess
import sys
from contextlib import closing, contextmanager
from datetime import date, datetime, timedelta
from decimal import Decimal
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from urllib.request import Request, urlopen
from zoneinfo import ZoneInfo

import pytest
import yaml
from amazon_orders import batch, item, node, order
from asking import Web
from django.utils import timezone
from erp import MISSING, VISITOR, Erp, installed
from hub import Hub, declared

from amazon_simulator import Simulator
from amazon_simulator.places import COUNTRIES
from approdo.catalog.models import Place
from approdo.connectors import node_type
from approdo.connectors.tryton.check import check
from approdo.exchanges import delivery
from approdo.exchanges.models import Batch, Delivery, Receipt, RunNote
from approdo.nodes.models import Node
from approdo.nodes.sentences import explain
from approdo.processes import handing_over, runs
from approdo.processes.models import Connector, Run
from approdo.sales.models import SaleLine
from approdo.sales.receive import Origin, receive
from approdo.sdk.connector import Context
from approdo.sdk.errors import ConfigError, TransientError

pytestmark = [pytest.mark.once, pytest.mark.skipif(not installed(), reason=MISSING)]

CENTRES = sorted({centre for country in COUNTRIES.values() for centre in country.fulfilment_centres})
PAGE = (Path(__file__).parent.parent / "docs/howto-tryton.md").read_text()
WINDOW = "2026-05-03T22:00:00Z--2026-05-08T22:00:00Z"
ORDERED = date(2026, 4, 30)


@pytest.fixture(scope="session")
def erp(tmp_path_factory):
    found = Erp(tmp_path_factory.mktemp("erp"), CENTRES)
    found.add_products(["ART-001", "ART-002", "8001234567890"])
    found.add_products(["ART-BOX"], "bx12")
    yield found
    found.stop()


class Desk:
    """A connector for that Tryton, in this process; orders are received as a download receives them."""

    def __init__(self, erp: Erp, **options):
        self.erp = erp
        self.account = node()
        tryton = Node(name="Gestionale", type="tryton", options=erp.settings())
        tryton.full_clean()
        tryton.save()
        self.connector = Connector(node=tryton, name="Sales", type="tryton.export_orders")
        self.choose(**options)

    def choose(self, **options):
        self.connector.options = {"party": "AMAZON", "vendor_sku_as_code": True, **options}
        self.connector.full_clean()
        self.connector.save()

    def receive(self, *orders):
        """Store orders that Amazon has just changed."""
        at = timezone.now()
        for one in orders:
            one["orderDetails"].setdefault("purchaseOrderChangedDate", f"{at:%Y-%m-%dT%H:%M:%S.%fZ}")
        receive(batch(*orders, asked_at=at), Origin(self.account.pk, None, at))

    def export(self):
        """Run the connector to its end; what became of each document in it."""
        Run.objects.update(state=Run.State.SUCCEEDED)
        run = runs.request_run(self.connector)
        while handing_over.step(run):
            pass
        done = Delivery.objects.filter(batch__run=run.pk)
        return {one.document.number: one for one in done.select_related("document")}

    def refusals(self):
        """What each refused order says, by number."""
        return {number: said(one) for number, one in self.export().items() if one.state == "failed"}

    def again(self, number):
        documents = Delivery.objects.filter(document__number=number).values_list("document", flat=True)
        assert delivery.withdraw(self.connector.pk, set(documents), timezone.now())


def said(one: Delivery) -> str:
    return str(explain(one.code, one.params))


@pytest.fixture
def desk(erp, db):
    return Desk(erp)


def bought(number, *items, **details):
    """An order of Amazon's in Italy."""
    return order(number, items=list(items) or [piece("ART-001", 5)], deliveryWindow=WINDOW, **details)


def piece(sku, amount, cost="1.10", sequence="1", **more):
    quantity = {"amount": amount, "unitOfMeasure": "Eaches", "unitSize": 1}
    money = {"amount": cost, "currencyCode": "EUR"}
    return item(sequence, vendorProductIdentifier=sku, orderedQuantity=quantity, netCost=money, **more)


def lines(sale):
    """Code, quantity, unit and price of what a sale sells, as Tryton has it."""
    return [
        (line["product."]["code"], line["quantity"], line["unit."]["symbol"], line["unit_price"])
        for line in sale["lines."]
        if line["product."]
    ]


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


def test_a_session_that_is_over_is_renewed_and_the_run_does_not_notice(desk):
    desk.receive(bought("SESSION1"))
    assert desk.refusals() == {}
    with closing(sqlite3.connect(desk.erp.folder / "erp.sqlite", timeout=20)) as file:
        assert file.execute("DELETE FROM ir_session WHERE create_uid != 1").rowcount >= 1
        file.commit()
    desk.receive(bought("SESSION2"))
    assert desk.refusals() == {}
    assert len(desk.erp.sales("SESSION1", "SESSION2")) == 2


def test_a_tryton_that_is_away_is_waited_for(desk):
    desk.receive(bought("AWAY0001"))
    desk.erp.stop()
    try:
        with pytest.raises(TransientError) as caught:
            desk.export()
        assert caught.value.code == "tryton_unreachable"
    finally:
        desk.erp.start()
    assert Batch.objects.get().next_attempt_at > timezone.now()
    Batch.objects.update(next_attempt_at=timezone.now())
    assert desk.refusals() == {}
    assert len(desk.erp.sales("AWAY0001")) == 1


def test_a_sale_that_tryton_made_while_its_answer_was_lost_is_found_again(desk):
    desk.receive(bought("LOST0001"), bought("LOST0002"))
    tryton = Node.objects.get(type="tryton")
    with cut_off_after(desk.erp, b"sale.sale.create") as url:
        tryton.options["url"] = url
        tryton.full_clean(), tryton.save()
        desk.connector.node.refresh_from_db()
        with pytest.raises(TransientError, match="tryton_unreachable"):
            desk.export()
    assert len(desk.erp.sales("LOST0001", "LOST0002")) == 1, "made, and nobody here knows"
    tryton.options["url"] = desk.erp.url
    tryton.full_clean(), tryton.save()
    desk.connector.node.refresh_from_db()
    Batch.objects.update(next_attempt_at=timezone.now())
    assert desk.refusals() == {}
    assert [sale["reference"] for sale in desk.erp.sales("LOST0001", "LOST0002")] == ["LOST0001", "LOST0002"]
    assert {sale["state"] for sale in desk.erp.sales("LOST0001", "LOST0002")} == {"quotation"}


@contextmanager
def cut_off_after(erp, call):
    """A way to Tryton that breaks once a call was carried out: its answer never comes, nor does any later one."""
    broken = []

    class Way(BaseHTTPRequestHandler):
        def do_POST(self):
            body = self.rfile.read(int(self.headers["content-length"]))
            if broken:
                return
            headers = {name: self.headers[name] for name in ("Content-Type", "Authorization") if name in self.headers}
            with urlopen(Request(erp.url + self.path, body, headers), timeout=60) as answer:
                found = answer.read()
            if call in body:
                broken.append(body)
                return
            self.send_response(200)
            self.send_header("content-length", str(len(found)))
            self.end_headers()
            self.wfile.write(found)

        def log_message(self, *_arguments):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Way)
    Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown(), server.server_close()


def test_settings_that_name_nothing_in_tryton_stop_the_run_with_a_reason(desk):
    desk.receive(bought("SETTING1"))
    desk.choose(party="NOBODY")
    with pytest.raises(ConfigError) as caught:
        desk.export()
    assert (caught.value.code, caught.value.params) == ("tryton_no_party", {"party": "NOBODY", "many": 0})
    desk.choose(piece_unit="qq")
    with pytest.raises(ConfigError, match="tryton_no_piece_unit"):
        desk.export()
    desk.choose()
    assert desk.refusals() == {}
    assert len(desk.erp.sales("SETTING1")) == 1


def checked(erp, **changes):
    """What *Test connection* says of each part."""
    tryton = Node(name="Gestionale", type="tryton", options={**erp.settings(), **changes})
    tryton.full_clean()
    return {one.subject: (one.outcome, str(explain(one.code, one.params))) for one in check(tryton_context(tryton))}


def tryton_context(tryton: Node) -> Context:
    return Context(account="node-1", settings=tryton.settings())


def test_the_connection_is_tested_in_words(erp, db):
    assert checked(erp) == {
        "Sign-in": ("works", "Tryton 8.0: signed in as “approdo” for Rossi Casalinghi S.r.l.."),
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
    assert checked(erp, url="http://127.0.0.1:9")["Sign-in"][0] == "unreachable"


@pytest.mark.hub
def test_every_order_of_amazons_is_one_sale_though_the_worker_is_killed_before_it_knows(hub: Hub, erp: Erp):
    with Simulator(seed=13, orders=12, days=9, lines=3, rate_limit=False) as amazon:
        data, truth = exporting(amazon, erp), [amazon.order(order.number) for order in amazon.orders()]
        assert hub.apply(data).returncode == 0
        assert hub.run("Download")["state"] == "succeeded"
    erp.add_products(sorted(own_skus(truth).values()))
    worker = hub.start_faulty({"die": {"event": "call", "function": "pushing.settle"}}, "run", "Sales")
    worker.communicate(timeout=120)
    assert worker.returncode == -signal.SIGKILL
    numbers = [order["purchaseOrderNumber"] for order in truth]
    made = erp.sales(*numbers)
    assert len(made) == len(truth), "Tryton has them, the hub does not know"
    assert hub.rows("SELECT count(*) FROM exchanges_receipt") == [(0,)]
    assert hub.run("Sales")["state"] == "succeeded"
    assert erp.sales(*numbers) == made
    assert {sale["reference"]: as_sold(sale) for sale in made} == {
        order["purchaseOrderNumber"]: as_ordered(order) for order in truth
    }
    receipts = {one["number"]: one["exports"][0]["receipt"] for one in hub.documents()}
    assert receipts == {sale["reference"]: sale["number"] for sale in made}
    assert hub.run("Sales")["counts"].get("handed_over", 0) == 0
    assert erp.sales(*numbers) == made


def exporting(amazon: Simulator, erp: Erp):
    """The hub's settings: own SKUs for every second article, and the vendor's for the others."""
    data = declared(amazon)
    data["connectors"][0]["options"]["recode_skus"] = True
    data["nodes"].append({"name": "Gestionale", "type": "tryton", "options": erp.settings()})
    options = {"party": "AMAZON", "vendor_sku_as_code": True}
    data["connectors"].append(
        {"name": "Sales", "node": "Gestionale", "type": "tryton.export_orders", "options": options}
    )
    recoded = own_skus([amazon.order(order.number) for order in amazon.orders()]).items()
    data["sku_recodings"] = [{"external": code, "sku": sku} for code, sku in recoded if code != sku]
    return data


def own_skus(truth):
    """What the articles of Amazon's orders are called here."""
    codes = sorted({one["vendorProductIdentifier"] for order in truth for one in order["orderDetails"]["items"]})
    return {code: f"MINE-{code}" if place % 2 else code for place, code in enumerate(codes)}


def as_ordered(order):
    """What an order of Amazon's says, as the sale has to have it."""
    details = order["orderDetails"]
    centre, zone = details["shipToParty"]["partyId"], ZoneInfo("Europe/Rome")
    window = details.get("deliveryWindow") or details["shipWindow"]
    first = datetime.fromisoformat(window.split("--")[0]).astimezone(zone).date()
    wanted = [
        (one["vendorProductIdentifier"], pieces(one["orderedQuantity"]), Decimal(one["netCost"]["amount"]))
        for one in details["items"]
        if one["orderedQuantity"]["amount"]
    ]
    currency = details["items"][0]["netCost"]["currencyCode"]
    return sorted(wanted), f"Amazon {centre}", currency, first


def pieces(quantity):
    return quantity["amount"] * (quantity["unitSize"] if quantity["unitOfMeasure"] == "Cases" else 1)


def as_sold(sale):
    sold = [(code.removeprefix("MINE-"), quantity, price) for code, quantity, _, price in lines(sale)]
    return sorted(sold), sale["shipment_address."]["party_name"], sale["currency."]["code"], sale["shipping_date"]


IMPORTS = any(one.name == "api.import_documents" for one in node_type("api").connector_types)


@pytest.mark.hub
@pytest.mark.skipif(not IMPORTS, reason="this version takes no invoices")
def test_an_invoice_that_tryton_makes_of_the_sale_comes_back_beside_its_order(hub: Hub, erp: Erp, tmp_path):
    erp.add_products(["BACK-1"])
    erp.add_products(["BACK-2"], "bx6")
    own = {"8001234567894": "BACK-1", "8001234567900": "BACK-2"}
    lines = [piece("8001234567894", 7, "1.25"), piece("8001234567900", 24, "2.10", "2")]
    with Simulator(seed=13, orders=0, days=9, rate_limit=False) as amazon:
        data = exporting(amazon, erp) | {"sku_recodings": [{"external": code, "sku": sku} for code, sku in own.items()]}
        for kind, rows in yaml.safe_load(re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)[1]).items():
            data[kind] += rows
        recent = f"{timezone.now() - timedelta(days=2):%Y-%m-%dT%H:%M:%SZ}"
        dates = {"purchaseOrderDate": recent, "purchaseOrderStateChangedDate": recent}
        amazon.put_order(order("BACK0001", items=lines, deliveryWindow=WINDOW, **dates))
        assert hub.apply(data).returncode == 0, hub.apply(data).stderr
        assert hub.run("Download")["state"] == hub.run("Sales")["state"] == "succeeded"
    invoice = invoiced(erp, "BACK0001")
    web, token = Web(hub), hub.command("token", "add", "Tryton", "--scope", "imports:write").stdout.strip()
    said = [post_invoices(hub, web, token, erp, tmp_path) for _ in range(2)]
    assert said == [f"{invoice['number']} accepted \n", f"{invoice['number']} unchanged \n"]
    [bill] = hub.documents("--type", "invoice")
    assert (bill["number"], bill["vendor_code"]) == (invoice["number"], "ROSIT")
    assert [(one["sku"], one["eaches"], one["net_cost"]) for one in bill["lines"]] == [
        ("BACK-1", 7, "1.25"),
        ("BACK-2", 24, "2.1"),
    ]
    assert Decimal(bill["total"]) == invoice["untaxed_amount"] == Decimal("59.15")
    [ordered] = hub.documents("--type", "order")
    assert ordered["invoiced"]


def invoiced(erp, reference):
    """The invoice of a sale, posted as an accountant would."""
    [sale] = erp.read("sale.sale", [["reference", "=", reference]], "invoices")
    erp.call("sale.sale.confirm", [sale["id"]])
    [sale] = erp.read("sale.sale", [["reference", "=", reference]], "invoices")
    erp.call("account.invoice.post", sale["invoices"])
    [invoice] = erp.read("account.invoice", [["id", "in", sale["invoices"]]], "number", "state", "untaxed_amount")
    assert invoice["state"] == "posted"
    return invoice


def post_invoices(hub, web, token, erp, folder):
    """What the how-to's program prints."""
    [program] = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    tryton = {f"TRYTON_{name.upper()}": value for name, value in erp.settings().items()}
    environment = hub.environment | tryton | {"APPRODO_URL": f"http://127.0.0.1:{web.port}", "APPRODO_TOKEN": token}
    done = subprocess.run(
        [sys.executable, "-c", program], env=environment, text=True, capture_output=True, check=False, timeout=120
    )
    assert done.returncode == 0, done.stderr
    return done.stdout
