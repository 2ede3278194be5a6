"""Orders on their way into a real Tryton, in this process, and what became of them there."""

from amazon_orders import batch, item, node, order
from django.utils import timezone
from erp import Erp

from approdo.exchanges import delivery
from approdo.exchanges.models import Delivery
from approdo.nodes.models import Node
from approdo.nodes.sentences import explain
from approdo.processes import handing_over, runs
from approdo.processes.models import Connector, Run
from approdo.sales.receive import Origin, receive

WINDOW = "2026-05-03T22:00:00Z--2026-05-08T22:00:00Z"


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
