"""Amazon's status of orders over the API: whole, filtered, with its history, apart from our own counts."""

from datetime import UTC, datetime, timedelta

import amazon_orders
import pytest
from order_statuses import batch, line, status

from approdo.exchanges.models import WindowRead
from approdo.nodes.models import Node
from approdo.processes.models import Connector, Run
from approdo.sales.receive import Origin, receive
from approdo.sales.status import receive_statuses

NOW = datetime(2026, 5, 1, 12, tzinfo=UTC)


@pytest.fixture
def amazon(db):
    return amazon_orders.node()


def bring(of, *statuses, minutes=0):
    moment = NOW + timedelta(minutes=minutes)
    return receive_statuses(batch(*statuses, asked_at=moment), Origin(of.pk, 7, moment))


def orders(of, *numbers):
    receive(amazon_orders.batch(*map(amazon_orders.order, numbers)), Origin(of.pk, 7, NOW))


def test_a_document_is_given_out_with_amazons_status(amazon, caller):
    orders(amazon, "PO1", "PO2")
    bring(amazon, status("PO1", line(received="PARTIALLY_RECEIVED")))
    with_status, without = caller.get("/documents").data["items"]
    assert without["amazon_status"] is None
    assert caller.get(f"/documents/{with_status['id']}").data == with_status
    found = with_status["amazon_status"]
    (one,) = found.pop("lines")
    assert found == {
        "status": "open",
        "confirmation": "confirmed",
        "receiving": "partly",
        "last_updated_date": "2026-04-30T12:00:00Z",
        "version": 1,
        "updated_at": "2026-05-01T12:00:00Z",
    }
    assert one["received"] == {"quantity": 1, "unit": "cases", "unit_size": 12, "eaches": 12}
    assert one["cancelled"] is None
    assert (one["confirmation"], one["receiving"]) == ("accepted", "partially_received")
    assert (one["acknowledged_date"], one["last_receive_date"]) == ("2026-04-30T12:00:00Z", "2026-05-04T08:00:00Z")
    assert one["acknowledgements"][0]["date"] == "2026-04-30T12:00:00Z"
    assert one["quantity_changes"][0]["ordered"]["eaches"] == 36
    assert with_status["lines"][0]["eaches"] == 36, "the order's own figures stay the order's"


def test_the_status_of_another_account_is_not_given(amazon, caller):
    orders(amazon, "PO1")
    bring(amazon_orders.node("Second"), status("PO1"))
    assert caller.get("/documents").data["items"][0]["amazon_status"] is None


def test_documents_are_filtered_by_status(amazon, caller):
    orders(amazon, "PO1", "PO2", "PO3")
    bring(
        amazon,
        status("PO1", line("1", "REJECTED"), purchaseOrderStatus="CLOSED"),
        status("PO2", line("1", "ACCEPTED", "RECEIVED")),
    )
    for query, expected in [
        ({"confirmation": "rejected"}, ["PO1"]),
        ({"confirmation": "unconfirmed"}, []),
        ({"receiving": "received"}, ["PO2"]),
        ({"amazon_status": "closed"}, ["PO1"]),
        ({"amazon_status": "open", "receiving": "received"}, ["PO2"]),
    ]:
        assert [one["number"] for one in caller.get("/documents", **query).data["items"]] == expected, query
    assert caller.get("/documents", confirmation="maybe").status == 422


def test_every_different_status_is_given_as_it_came(amazon, caller):
    orders(amazon, "PO1", "PO2")
    first, second = status("PO1"), status("PO1", line(received="RECEIVED"))
    bring(amazon, first)
    bring(amazon, second, minutes=1)
    one, other = caller.get("/documents").data["items"]
    kept = caller.get(f"/documents/{one['id']}/statuses").data["items"]
    assert [(version["number"], version["run"], version["raw"]) for version in kept] == [(1, 7, first), (2, 7, second)]
    assert caller.get(f"/documents/{other['id']}/statuses").data["items"] == []
    assert caller.get("/documents/999/statuses").status == 404


def test_a_token_of_another_connector_sees_no_status(amazon, connector, caller_with):
    orders(amazon, "PO1")
    bring(amazon, status("PO1"))
    bound = caller_with("documents:read", connector=Connector.objects.get())
    assert bound.get("/documents").data["items"] == []
    mine = caller_with("documents:read").get("/documents").data["items"][0]["id"]
    assert bound.get(f"/documents/{mine}/statuses").status == 404


def test_a_run_counts_statuses_apart(connector, caller):
    of = Connector.objects.get()
    statuses = {"read": 9, "created": 2, "updated": 3, "unchanged": 3, "failed": 1}
    counts = {"requests": 4, "read": 5, "created": 5, "statuses": statuses}
    run = Run.objects.create(connector=of, connector_name=of.name, created_at=NOW, state="partial", counts=counts)
    found = caller.get(f"/runs/{run.pk}").data
    assert (found["counts"]["read"], found["statuses"]) == (5, statuses)
    assert "statuses" not in found["counts"]
    Run.objects.update(counts={})
    assert caller.get(f"/runs/{run.pk}").data["statuses"]["read"] == 0


def test_coverage_shows_the_status_scan_and_set_aside_names_what_waits(connector, caller):
    node = Node.objects.get()
    WindowRead.objects.create(
        node=node, program="vendor_retail", run=1, connector=1, position=0, scan="status",
        start=NOW, end=NOW + timedelta(days=1), complete=True, read_at=NOW, source=node.identity,
    )  # fmt: skip
    bring(node, status("PO1", itemStatus="none"))
    (known,) = caller.get(f"/nodes/{node.pk}/coverage").data["items"]
    assert (known["scan"], known["complete"], known["set_aside"]) == ("status", False, 1)
    assert [one["about"] for one in caller.get("/set-aside").data["items"]] == ["status"]
