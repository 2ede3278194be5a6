"""Amazon's own shapes on their whole way: received, stored, given out by the API, and read back from each format."""

import json
import os
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import amazon_orders
import consumer_orders
import order_statuses
import pytest

from approdo.connectors.amazon_vendor.tests.test_decode import FIXTURES
from approdo.connectors.amazon_vendor.tests.test_published_examples import direct_examples, examples
from approdo.exchanges.formats import FORMATS
from approdo.exchanges.formats.tests import test_csv, test_edifact, test_xlsx, test_xml
from approdo.sales import queries
from approdo.sales.personal import Reader
from approdo.sales.receive import Origin, receive
from approdo.sales.status import receive_statuses

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 5, 1, 12, 1, tzinfo=UTC)
PLACE = {
    "code": "MXP5", "name": "Amazon MXP5", "address": "Strada Dogana Po 2U", "postal_code": "29015",
    "city": "Castel San Giovanni", "country": "IT", "time_zone": "Europe/Rome",
}  # fmt: skip


@pytest.fixture
def origin() -> Origin:
    return Origin(amazon_orders.node().pk, run=7, at=NOW)


def outgoing(reader: Reader | None = None) -> list[dict[str, Any]]:
    """All that is stored, as the hand-over gives it to a format."""
    given = queries.whole(list(queries.documents().order_by("pk")), reader)
    export = {"change": False, "version": 1, "exported_before": []}
    return [{**one, "export": export, "ship_to_place": PLACE if index % 2 else None} for index, one in enumerate(given)]


def check(documents: list[dict[str, Any]]) -> None:
    as_json = b"".join(FORMATS["json"].write(documents, {}))
    assert json.loads(as_json)["documents"] == documents
    assert test_xml.read(test_xml.write(documents)) == test_xml.without_nulls(documents)
    rows = iter(test_csv.read(documents, decimal_separator="comma"))
    for document in documents:
        for line in document["lines"] or [{}]:
            row = next(rows)
            wanted = test_csv.expected(document, line, comma=True)
            assert {name: row[name] for name in wanted} == wanted
    test_xlsx.check(documents)
    check_edifact(documents)


def check_edifact(documents: list[dict[str, Any]]) -> None:
    """Every order of Amazon's shapes that is fit to be acted upon, with its quantities and prices."""
    orders = [one for one in documents if FORMATS["edifact"].unfit(one, test_edifact.PARTIES) is None]
    assert orders
    for order, message in zip(orders, test_edifact.messages(test_edifact.write(orders)), strict=True):
        found = test_edifact.Read(message)
        assert found.number == order["number"]
        for line, wanted in zip(found.lines, order["lines"], strict=True):
            gone = wanted["cancelled"] or wanted["vanished"]
            assert (line["quantity"], line["unit"]) == (0 if gone else wanted["quantity"], wanted["unit"])
            assert (line.get("net_cost"), line.get("asin", "")) == (wanted["net_cost"], wanted["asin"])


def pages(answers: Iterable[bytes]) -> list[dict[str, Any]]:
    found = [json.loads(answer) for answer in answers]
    return [order for one in found for order in one.get("payload", one)["orders"]]


def test_what_the_client_reads_comes_back_from_each_format(origin: Origin) -> None:
    orders = [json.loads(path.read_bytes()) for path in sorted(FIXTURES.glob("*.json"))]
    counts = receive(amazon_orders.batch(*orders), origin)
    assert counts.created == len(orders) == 5
    receive_statuses(order_statuses.batch(order_statuses.status("7HT4KQ2M", order_statuses.line())), origin)
    documents = outgoing()
    assert [document["amazon_status"] is not None for document in documents].count(True) == 1
    check(documents)


def test_direct_fulfillment_comes_back_with_and_without_its_consumer(origin: Origin) -> None:
    receive(consumer_orders.batch(consumer_orders.order(), consumer_orders.order("DF0000002", items=[])), origin)
    hidden, shown = outgoing(), outgoing(Reader("ERP", "API", NOW))
    check(hidden)
    check(shown)
    for name in ("json", "xml", "csv", "edifact"):
        written = (b"".join(FORMATS[name].write(one, test_edifact.PARTIES)) for one in (hidden, shown))
        first, second = (one.decode("latin-1") for one in written)
        assert "Mario Rossi" in second
        assert not any(text in first for text in consumer_orders.PERSONAL)


@pytest.mark.skipif("APPRODO_SP_API_DIR" not in os.environ, reason="set APPRODO_SP_API_DIR to Amazon's examples")
def test_what_amazon_published_comes_back_from_each_format(origin: Origin) -> None:
    assert Path(os.environ["APPRODO_SP_API_DIR"], "examples").is_dir()
    receive(amazon_orders.batch(*pages(examples("getPurchaseOrders"))), origin)
    receive(consumer_orders.batch(*pages(direct_examples("getOrders"))), origin)
    documents = outgoing(Reader("ERP", "API", NOW))
    assert len(documents) > 5
    check(documents)
