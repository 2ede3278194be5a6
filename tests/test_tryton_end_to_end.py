"""From a simulated Amazon into a real Tryton and back, by the real command, though its worker is killed."""

import re
import signal
import subprocess
import sys
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
import yaml
from amazon_orders import order
from asking import Web
from django.utils import timezone
from erp import MISSING, Erp, installed
from hub import Hub, declared
from tryton_orders import WINDOW, lines, piece

from amazon_simulator import Simulator
from approdo.connectors import node_type

pytestmark = [pytest.mark.hub, pytest.mark.once, pytest.mark.skipif(not installed(), reason=MISSING)]

PAGE = (Path(__file__).parent.parent / "docs/howto-tryton.md").read_text()
IMPORTS = any(one.name == "api.import_documents" for one in node_type("api").connector_types)


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
    tryton = {f"TRYTON_{name.upper()}": value for name, value in erp.settings().items()} | {"TRYTON_URL": erp.url}
    environment = hub.environment | tryton | {"APPRODO_URL": f"http://127.0.0.1:{web.port}", "APPRODO_TOKEN": token}
    done = subprocess.run(
        [sys.executable, "-c", program], env=environment, text=True, capture_output=True, check=False, timeout=120
    )
    assert done.returncode == 0, done.stderr
    return done.stdout
