"""`docs/imports.md` shows what is really taken and answered."""

import json
import re
from datetime import UTC, datetime
from pathlib import Path

import pytest
import time_machine
from amazon_orders import item, order
from posted import invoice, store

from approdo.api.tests.conftest import node_body
from approdo.api.tests.imports.posting import post, refused
from approdo.connectors.api.sentences import SENTENCES
from approdo.exchanges.imports import posted
from approdo.sales.models import SaleDocument

DOCS = (Path(__file__).parents[5] / "docs" / "imports.md").read_text()


def shown(language):
    (found,) = re.findall(rf"```{language}\n(.*?)```", DOCS, re.DOTALL)
    return found


def test_the_examples_are_taken_and_answered_as_shown(caller, caller_with):
    caller.post("/nodes", node_body(marketplace="IT"))
    caller.post("/nodes", {"name": "Gestionale", "type": "api"})
    made = caller.post(
        "/connectors", {"name": "Fatture dal gestionale", "node": "Gestionale", "type": "api.import_documents"}
    )
    address = f"/imports/{made.data['id']}"
    second = item(
        "2", vendorProductIdentifier="8009876543210", orderedQuantity={"amount": 6, "unitOfMeasure": "Eaches"},
        netCost={"amount": "2.40", "currencyCode": "EUR"},
    )  # fmt: skip
    store(order("7HT4KQ2M", state="Acknowledged", items=[item(), second]))
    erp = caller_with("imports:write", "documents:read")
    with time_machine.travel(datetime(2026, 5, 2, 12, tzinfo=UTC), tick=False):
        answer = erp.send("POST", address, shown("json").encode())
        as_xml = erp.send("POST", address, shown("xml").encode(), content_type="application/xml")
    wanted = json.loads(shown("answer"))
    ids = {
        "7HT4KQ2M": SaleDocument.objects.get(type="order").pk,
        "FT-2026/17": SaleDocument.objects.get(type="invoice").pk,
    }
    for one in wanted["items"]:
        one["document"] = ids.get(one["number"])
    assert answer.data == wanted
    assert [one["result"] for one in as_xml.data["items"]] == ["unchanged"]


@pytest.mark.once
def test_every_code_that_is_named_has_its_sentence():
    checks = DOCS.partition("What is checked")[2].partition("**credit note**")[0]
    named = set(re.findall(r"`([a-z]+(?:_[a-z]+)+)`", checks)) - {"tax_total", "gross_total"}
    assert len(named) > 20
    assert named <= SENTENCES.keys()


@pytest.mark.once
@pytest.mark.parametrize(
    ("row", "shapes"),
    [
        ("an invoice or a credit note", [posted.PostedInvoice]),
        ("its line", [posted.PostedLine]),
        ("a tax", [posted.PostedTax]),
        ("an order update", [posted.PostedOrderUpdate]),
        ("`order_update`", [posted.PostedUpdate]),
        ("its line there", [posted.PostedUpdateLine]),
        ("an answer", [posted.PostedDelivery, posted.PostedRejection]),
    ],
)
def test_the_members_that_may_be_posted_are_all_listed(row, shapes):
    (listed,) = re.findall(rf"^\| {re.escape(row)} \| (.*) \|$", DOCS, re.MULTILINE)
    assert set(re.findall(r"`(\w+)`", listed)) == {name for shape in shapes for name in shape.model_fields}


def test_an_exported_invoice_sent_back_is_refused_as_the_document_says(erp, ordered):
    (made,) = post(erp, invoice())
    document = erp.get(f"/documents/{made['document']}").data
    assert refused(erp, document)[0] == "unknown_option"
    named = posted.PostedInvoice.model_fields.keys() & document.keys()
    lines = [
        {name: line[name] for name in posted.PostedLine.model_fields if name in line} for line in document["lines"]
    ]
    (again,) = post(erp, {**{name: document[name] for name in named}, "lines": lines, "date": None})
    assert again["result"] == "accepted", again
