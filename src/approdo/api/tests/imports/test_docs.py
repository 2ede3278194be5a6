"""`docs/imports.md` shows what is really taken and answered."""

import json
import re
from datetime import UTC, datetime
from pathlib import Path

import pytest
import time_machine
from amazon_orders import item, order
from posted import store

from approdo.api.tests.conftest import node_body
from approdo.connectors.api.sentences import SENTENCES
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
