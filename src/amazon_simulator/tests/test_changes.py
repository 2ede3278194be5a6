"""Orders that come, change and are put in raw while the simulator runs."""

from datetime import timedelta
from typing import Any

import pytest

from amazon_simulator import Simulator, UnknownOrder
from amazon_simulator.tests.client import ORDERS, STATUS, Client, text
from amazon_simulator.tests.conftest import NOW


def window(simulator: Simulator, kind: str) -> dict[str, str]:
    """From the fixed moment until just after now: only what happened at run time."""
    after = simulator.now + timedelta(seconds=2)
    return {f"{kind}After": text(NOW), f"{kind}Before": text(after)}


def test_new_orders_are_new_and_created_now(simulator: Simulator, client: Client) -> None:
    numbers = simulator.add_orders(3, ship_to="MXP5", vendor_code="ROSIT")
    assert client.numbers(**window(simulator, "created")) == numbers
    order = client.get(f"{ORDERS}/{numbers[0]}").payload
    assert order["purchaseOrderState"] == "New"
    assert order["orderDetails"]["shipToParty"] == {"partyId": "MXP5"}
    assert client.numbers(**window(simulator, "changed")) == []


def test_orders_can_be_filled_in_behind_the_cursor(simulator: Simulator, client: Client, week: dict[str, str]) -> None:
    before = client.numbers(**week)
    (late,) = simulator.add_orders(placed=NOW - timedelta(days=3))
    after = client.numbers(**week, limit=10)
    assert [number for number in after if number != late] == before
    assert late in after


def test_a_changed_order_is_found_by_its_change_however_old(simulator: Simulator, client: Client) -> None:
    number = simulator.orders()[0].number
    before = simulator.order(number)
    simulator.change_order(number, quantities={"1": 77}, ship_to="LEJ1", add_lines=1)
    assert client.numbers(**window(simulator, "changed")) == [number]
    after = client.get(f"{ORDERS}/{number}").payload["orderDetails"]
    assert after["items"][0]["orderedQuantity"]["amount"] == 77
    assert after["shipToParty"] == {"partyId": "LEJ1"}
    assert len(after["items"]) == len(before["orderDetails"]["items"]) + 1
    assert after["purchaseOrderChangedDate"] > after["purchaseOrderDate"]
    updated = client.numbers(STATUS, **window(simulator, "updated"))
    assert updated == [number]


def test_a_window_change_keeps_its_kind(simulator: Simulator, client: Client) -> None:
    number = simulator.orders()[-1].number
    details = simulator.order(number)["orderDetails"]
    kind = "shipWindow" if "shipWindow" in details else "deliveryWindow"
    simulator.change_order(number, window="2026-04-01T22:00:00Z--2026-04-03T22:00:00Z")
    changed = client.get(f"{ORDERS}/{number}").payload["orderDetails"]
    assert changed[kind] == "2026-04-01T22:00:00Z--2026-04-03T22:00:00Z"
    assert changed.keys() == {*details, "purchaseOrderChangedDate"}


def test_a_cancelled_line_keeps_its_place_with_quantity_zero(simulator: Simulator, client: Client) -> None:
    (number,) = simulator.add_orders()
    simulator.change_order(number, cancel=["1"])
    items = client.get(f"{ORDERS}/{number}").payload["orderDetails"]["items"]
    assert items[0]["itemSequenceNumber"] == "1"
    assert items[0]["orderedQuantity"]["amount"] == 0


def test_a_mere_change_of_state_sets_no_changed_date(simulator: Simulator, client: Client) -> None:
    (number,) = simulator.add_orders()
    simulator.change_order(number, state="Acknowledged")
    order = client.get(f"{ORDERS}/{number}").payload
    assert order["purchaseOrderState"] == "Acknowledged"
    assert "purchaseOrderChangedDate" not in order["orderDetails"]
    created = window(simulator, "created")
    assert client.numbers(**created, purchaseOrderState="Acknowledged") == [number]
    assert client.numbers(**created, purchaseOrderState="New") == []


def test_an_unknown_order_or_line_cannot_be_changed(simulator: Simulator) -> None:
    with pytest.raises(UnknownOrder):
        simulator.change_order("00000000", state="Closed")
    with pytest.raises(UnknownOrder):
        simulator.change_order(simulator.orders()[0].number, cancel=["999"])


@pytest.mark.parametrize(
    "details",
    [
        {},
        {"purchaseOrderDate": "not a date", "items": "none"},
        {"items": [None, {"orderedQuantity": {"amount": -3, "unitOfMeasure": "CASES"}}]},
    ],
)
def test_dirt_is_served_as_it_was_put_in(simulator: Simulator, client: Client, details: dict[str, Any]) -> None:
    dirt = {"purchaseOrderNumber": "TestPO3", "purchaseOrderState": 7, "orderDetails": details}
    assert simulator.put_order(dirt) == "TestPO3"
    created = window(simulator, "created")
    assert client.get(ORDERS, **created).payload["orders"] == [dirt]
    assert client.get(f"{ORDERS}/TestPO3").payload == dirt
    (status,) = client.get(STATUS, purchaseOrderNumber="TestPO3").payload["ordersStatus"]
    assert status["itemStatus"] == []


def test_a_raw_order_replaces_the_one_with_its_number(
    simulator: Simulator, client: Client, week: dict[str, str]
) -> None:
    before = client.numbers(**week)
    order = simulator.order(before[5])
    order["orderDetails"]["purchaseOrderDate"] = None
    simulator.put_order(order)
    assert client.numbers(**week, limit=4) == before
    assert client.get(f"{ORDERS}/{before[5]}").payload == order


def test_an_order_without_a_number_cannot_be_put_in(simulator: Simulator) -> None:
    with pytest.raises(ValueError, match="purchaseOrderNumber"):
        simulator.put_order({})


def test_paging_goes_on_undisturbed_when_orders_come_and_change(
    simulator: Simulator, client: Client, week: dict[str, str]
) -> None:
    whole = client.numbers(**week)
    seen: list[str] = []
    for page in client.pages(**week, limit=9):
        seen += [order["purchaseOrderNumber"] for order in page["orders"]]
        simulator.add_orders()
        simulator.change_order(whole[-1], add_lines=1)
    assert seen == whole


def test_reset_brings_back_the_beginning(simulator: Simulator, client: Client, week: dict[str, str]) -> None:
    before = client.numbers(**week)
    (added,) = simulator.add_orders()
    simulator.change_order(before[0], state="Closed")
    simulator.dials.set("http_500")
    simulator.reset()
    assert client.get(ORDERS, **week).status == 403, "access tokens are forgotten"
    client.login()
    assert client.numbers(**week) == before
    assert client.get(f"{ORDERS}/{added}").status == 404
