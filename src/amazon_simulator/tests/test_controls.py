"""The simulator's own switches over HTTP, and what it writes down."""

import json
from typing import Any

from amazon_simulator import DIALS, Simulator
from amazon_simulator.tests.client import ORDERS, Client


def post(client: Client, name: str, body: Any) -> Any:
    """POST to the simulator itself."""
    answer = client.send("POST", f"/_simulator/{name}", json.dumps(body), {})
    return answer.json if answer.status == 200 else (answer.status, answer.json["error"])


def test_dials_are_listed_set_and_cleared(simulator: Simulator, client: Client, week: dict[str, str]) -> None:
    listed = client.get("/_simulator/dials").json
    assert [dial["name"] for dial in listed["dials"]] == list(DIALS)
    assert listed["settings"] == []
    answer = post(client, "dials", {"set": [{"name": "http_500", "times": 3}]})
    assert answer["settings"][0]["name"] == "http_500"
    assert client.get(ORDERS, **week).status == 500
    assert simulator.dials.settings[0].struck == 1
    assert post(client, "dials", {"clear": ["all"]})["settings"] == []
    assert client.get(ORDERS, **week).status == 200


def test_what_makes_no_sense_is_refused_with_a_sentence(client: Client) -> None:
    assert post(client, "dials", {"set": [{"name": "nothing"}]})[0] == 400
    assert post(client, "dials", {"sets": []})[0] == 400
    assert post(client, "orders", {"change": "00000000"})[0] == 404
    assert post(client, "orders", {"add": 1, "shown": {"nothing": "x"}})[0] == 400
    assert post(client, "orders", {"add": 1, "account": "nobody"})[0] == 404
    assert post(client, "orders", {"put": {}})[0] == 400
    assert post(client, "nothing", {})[0] == 404


def test_orders_are_added_changed_and_put_over_http(simulator: Simulator, client: Client) -> None:
    (number,) = post(client, "orders", {"add": 1})["numbers"]
    post(client, "orders", {"change": number, "changes": {"state": "Closed", "cancel": ["1"]}})
    order = simulator.order(number)
    assert order["purchaseOrderState"] == "Closed"
    assert order["orderDetails"]["items"][0]["orderedQuantity"]["amount"] == 0
    dirt = {"purchaseOrderNumber": "DIRT0001", "x": 1}
    assert post(client, "orders", {"put": dirt}) == {"numbers": ["DIRT0001"]}
    assert simulator.order("DIRT0001") == dirt


def test_the_truth_of_an_account_is_told(simulator: Simulator, client: Client) -> None:
    orders = client.get("/_simulator/orders", account="second").json["orders"]
    assert [order["number"] for order in orders] == [o.number for o in simulator.orders("second")]
    assert orders[0].keys() == {
        "number", "state", "vendor_code", "ship_to", "created", "changed", "state_changed",
    }  # fmt: skip
    assert client.get("/_simulator/orders", account="nobody").status == 404


def test_requests_are_written_down(simulator: Simulator, client: Client, week: dict[str, str]) -> None:
    simulator.dials.set("http_500", times=1)
    answer = client.get(ORDERS, **week, limit=3)
    logged = client.get("/_simulator/requests").json["requests"][-1]
    assert logged["operation"] == "getPurchaseOrders"
    assert logged["account"] == "eu"
    assert logged["params"] == {**week, "limit": "3"}
    assert logged["status"] == 500
    assert logged["faults"] == ["http_500"]
    assert logged["request_id"] == answer.headers["x-amzn-RequestId"]
    assert [request.operation for request in simulator.requests] == ["token", "getPurchaseOrders"]
    later = client.get("/_simulator/requests", after=logged["number"]).json["requests"]
    assert later == []


def test_the_state_counts(simulator: Simulator, client: Client, week: dict[str, str]) -> None:
    client.get(ORDERS, **week, nonsense=1)
    state = client.get("/_simulator/state").json
    assert state["accounts"]["eu"]["orders"] == 500
    assert state["statuses"] == {"200": 2}
    assert state["unknown_parameters"] == {"getPurchaseOrders nonsense": 1}


def test_reset_is_there_too(simulator: Simulator, client: Client) -> None:
    post(client, "orders", {"add": 5})
    assert post(client, "reset", {}) == {}
    assert len(simulator.orders()) == 500
    assert simulator.requests == []
