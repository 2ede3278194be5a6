"""getPurchaseOrdersStatus."""

from datetime import timedelta

import pytest

from amazon_simulator import Simulator, UnknownOrder
from amazon_simulator.tests.client import ORDERS, STATUS, Client, text
from amazon_simulator.tests.conftest import NOW


def test_a_created_window_gives_the_same_orders_as_the_list(client: Client, week: dict[str, str]) -> None:
    assert client.numbers(STATUS, **week, limit=30) == client.numbers(ORDERS, **week)


def test_one_order_is_found_by_its_number_alone(simulator: Simulator, client: Client) -> None:
    order = simulator.orders()[100]
    (status,) = client.get(STATUS, purchaseOrderNumber=order.number).payload["ordersStatus"]
    assert status["purchaseOrderNumber"] == order.number
    assert status["purchaseOrderDate"] == text(order.created)
    whole = simulator.order(order.number)["orderDetails"]["items"]
    assert [i["buyerProductIdentifier"] for i in status["itemStatus"]] == [i["amazonProductIdentifier"] for i in whole]
    assert client.get(STATUS, purchaseOrderNumber="00000000").payload == {"ordersStatus": []}


def test_an_updated_window_gives_what_was_updated_in_it(client: Client) -> None:
    start = NOW - timedelta(days=3)
    window = {"updatedAfter": text(start), "updatedBefore": text(NOW)}
    pages = list(client.pages(STATUS, **window))
    dates = [o["lastUpdatedDate"] for page in pages for o in page["ordersStatus"]]
    created = [o["purchaseOrderDate"] for page in pages for o in page["ordersStatus"]]
    assert all(text(start) <= date < text(NOW) for date in dates)
    assert min(created) < text(start), "orders created long before are updated too"


@pytest.mark.parametrize("status", ["OPEN", "CLOSED"])
def test_open_and_closed_are_filtered(simulator: Simulator, client: Client, status: str) -> None:
    day = NOW - timedelta(days=20)
    window = {"createdAfter": text(day - timedelta(days=7)), "createdBefore": text(day)}
    orders = client.get(STATUS, **window, purchaseOrderStatus=status).payload["ordersStatus"]
    assert {order["purchaseOrderStatus"] for order in orders} == {status}
    known = {order.number: order.state for order in simulator.orders()}
    for order in orders:
        assert (known[order["purchaseOrderNumber"]] == "Closed") == (status == "CLOSED")


@pytest.mark.parametrize(
    ("filter_name", "place", "member", "value"),
    [
        ("itemConfirmationStatus", "acknowledgementStatus", "confirmationStatus", "UNCONFIRMED"),
        ("itemConfirmationStatus", "acknowledgementStatus", "confirmationStatus", "REJECTED"),
        ("itemReceiveStatus", "receivingStatus", "receiveStatus", "NOT_RECEIVED"),
    ],
)
def test_a_line_filter_gives_orders_with_such_a_line(
    client: Client, week: dict[str, str], filter_name: str, place: str, member: str, value: str
) -> None:
    orders = client.get(STATUS, **week, **{filter_name: value}).payload["ordersStatus"]
    assert orders
    for order in orders:
        assert any(item[place][member] == value for item in order["itemStatus"])


def test_a_fulfilment_centre_is_filtered(client: Client, week: dict[str, str]) -> None:
    orders = client.get(STATUS, **week, shipToPartyId="MXP5").payload["ordersStatus"]
    assert {order["shipToParty"]["partyId"] for order in orders} == {"MXP5"}


def test_without_window_and_number_nothing_is_served(client: Client) -> None:
    assert client.get(STATUS).code == "InvalidInput"


def test_what_amazon_changes_is_told_as_a_history_of_steps(simulator: Simulator, client: Client) -> None:
    number = next(order.number for order in simulator.orders() if order.state == "Closed")
    simulator.change_order(number, quantities={"1": 50})
    simulator.change_order(number, quantities={"1": 30})
    (status,) = client.get(STATUS, purchaseOrderNumber=number).payload["ordersStatus"]
    ordered = status["itemStatus"][0]["orderedQuantity"]
    first, more, less = ordered["orderedQuantityDetails"]
    assert ordered["orderedQuantity"]["amount"] == 30
    assert first["updatedDate"] == status["purchaseOrderDate"]
    assert first["orderedQuantity"]["amount"] + more["orderedQuantity"]["amount"] == 50
    assert less["cancelledQuantity"]["amount"] == 20
    assert "orderedQuantity" not in less


def test_what_arrives_updates_the_status_and_does_not_change_the_order(simulator: Simulator, client: Client) -> None:
    number = next(order.number for order in simulator.orders() if order.state == "Closed")
    simulator.change_order(number, received={"1": 1})
    after = simulator.now + timedelta(seconds=2)
    window = {"updatedAfter": text(NOW), "updatedBefore": text(after)}
    (status,) = client.get(STATUS, **window).payload["ordersStatus"]
    receipt = status["itemStatus"][0]["receivingStatus"]
    assert (receipt["receivedQuantity"]["amount"], receipt["lastReceiveDate"]) == (1, status["lastUpdatedDate"])
    assert client.numbers(ORDERS, changedAfter=text(NOW), changedBefore=text(after)) == []
    with pytest.raises(UnknownOrder):
        simulator.change_order(number, received={"99": 1})


def test_a_receipt_can_be_silent(simulator: Simulator, client: Client) -> None:
    number = next(order.number for order in simulator.orders() if order.state == "Closed")
    simulator.change_order(number, received={"1": 1})
    simulator.dials.set("silent_receipts")
    window = {"updatedAfter": text(NOW), "updatedBefore": text(simulator.now + timedelta(seconds=2))}
    assert client.numbers(STATUS, **window) == []
    (status,) = client.get(STATUS, purchaseOrderNumber=number).payload["ordersStatus"]
    receipt = status["itemStatus"][0]["receivingStatus"]
    assert receipt["receivedQuantity"]["amount"] == 1
    assert receipt["lastReceiveDate"] > status["lastUpdatedDate"]


def test_any_status_is_served_as_it_is(simulator: Simulator, client: Client) -> None:
    number = simulator.orders()[0].number
    simulator.put_status(number, {"purchaseOrderNumber": number, "itemStatus": "none"})
    (status,) = client.get(STATUS, purchaseOrderNumber=number).payload["ordersStatus"]
    assert status == {"purchaseOrderNumber": number, "itemStatus": "none"}
