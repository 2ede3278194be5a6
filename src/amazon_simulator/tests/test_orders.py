"""getPurchaseOrders and getPurchaseOrder: windows, filters, pages."""

from datetime import datetime, timedelta

import pytest

from amazon_simulator import KnownOrder, Simulator
from amazon_simulator.tests.client import ORDERS, Client, text
from amazon_simulator.tests.conftest import NOW

START = NOW - timedelta(days=7)


def within(moment: datetime | None) -> bool:
    """In the week, the start counted in."""
    return moment is not None and START <= moment < NOW


def test_a_created_window_gives_exactly_its_orders(simulator: Simulator, client: Client, week: dict[str, str]) -> None:
    truth = [order.number for order in simulator.orders() if within(order.created)]
    assert len(truth) > 50
    assert client.numbers(**week) == truth


def test_a_changed_window_gives_exactly_its_orders(
    simulator: Simulator, client: Client, changed_week: dict[str, str]
) -> None:
    truth = [order.number for order in simulator.orders() if within(order.changed)]
    assert truth
    assert client.numbers(**changed_week) == truth


@pytest.mark.parametrize("limit", [1, 7, 100])
@pytest.mark.parametrize("order", ["ASC", "DESC"])
def test_the_pages_together_are_the_window_and_repeat_nothing(
    simulator: Simulator, client: Client, week: dict[str, str], limit: int, order: str
) -> None:
    truth = [order.number for order in simulator.orders() if within(order.created)]
    if order == "DESC":
        truth.reverse()
    pages = list(client.pages(**week, limit=limit, sortOrder=order))
    assert [o["purchaseOrderNumber"] for page in pages for o in page["orders"]] == truth
    assert all(len(page["orders"]) == limit for page in pages[:-1])
    assert "pagination" not in pages[-1]


def test_windows_beside_each_other_give_each_order_once(simulator: Simulator, client: Client) -> None:
    numbers: list[str] = []
    for days in range(182, 0, -7):
        start = NOW - timedelta(days=days)
        end = start + timedelta(days=7)
        numbers += client.numbers(createdAfter=text(start), createdBefore=text(end))
    assert numbers == [order.number for order in simulator.orders()]


@pytest.mark.parametrize("state", ["New", "Acknowledged", "Closed"])
def test_the_state_filter_holds(simulator: Simulator, client: Client, state: str) -> None:
    start = NOW - timedelta(days=14)
    window = {"createdAfter": text(start), "createdBefore": text(NOW - timedelta(days=7))}
    if state == "New":
        window = {"createdAfter": text(START), "createdBefore": text(NOW)}
    numbers = set(client.numbers(**window, purchaseOrderState=state))
    known = {order.number: order for order in simulator.orders()}
    assert numbers
    assert {known[number].state for number in numbers} == {state}


def test_the_vendor_code_filter_holds(client: Client, week: dict[str, str]) -> None:
    orders = client.get(ORDERS, **week, orderingVendorCode="ROSIT").payload["orders"]
    assert orders
    assert {o["orderDetails"]["sellingParty"]["partyId"] for o in orders} == {"ROSIT"}
    assert client.get(ORDERS, **week, orderingVendorCode="NONE").payload == {"orders": []}


def test_only_changed_orders_can_be_asked_for(simulator: Simulator, client: Client, week: dict[str, str]) -> None:
    truth = [o.number for o in simulator.orders() if within(o.created) and o.changed]
    assert client.numbers(**week, isPOChanged="true") == truth
    assert len(client.numbers(**week, isPOChanged="false")) > len(truth)


def test_orders_with_cancelled_lines_can_be_asked_for(simulator: Simulator, client: Client) -> None:
    number = simulator.add_orders(2)[0]
    simulator.change_order(number, cancel=["1"])
    now = simulator.now
    window = {
        "createdAfter": text(NOW - timedelta(days=6)),
        "createdBefore": text(now + timedelta(1)),
    }
    found = client.get(ORDERS, **window, poItemState="Cancelled").payload["orders"]
    assert number in {order["purchaseOrderNumber"] for order in found}
    for order in found:
        assert any(i["orderedQuantity"]["amount"] == 0 for i in order["orderDetails"]["items"])


def test_without_details_there_is_only_number_and_state(client: Client, week: dict[str, str]) -> None:
    orders = client.get(ORDERS, **week, includeDetails="false").payload["orders"]
    assert {tuple(order) for order in orders} == {("purchaseOrderNumber", "purchaseOrderState")}


def test_one_order_is_the_same_as_in_the_list(client: Client, week: dict[str, str]) -> None:
    listed = client.get(ORDERS, **week).payload["orders"][3]
    assert client.get(f"{ORDERS}/{listed['purchaseOrderNumber']}").payload == listed


def test_an_unknown_number_is_not_found_and_a_malformed_one_is_bad(client: Client) -> None:
    unknown = client.get(f"{ORDERS}/00000000")
    assert (unknown.status, unknown.code) == (404, "ResourceNotFound")
    assert unknown.headers["x-amzn-RateLimit-Limit"] == "10000.0"
    assert client.get(f"{ORDERS}/abc").status == 400


def test_orders_older_than_six_months_are_not_served() -> None:
    with Simulator(orders=500, days=400, now=NOW, rate_limit=False) as simulator:
        client = Client(simulator)
        client.login()
        old = simulator.orders()[0]
        window = {
            "createdAfter": text(old.created),
            "createdBefore": text(old.created + timedelta(days=1)),
        }
        assert client.get(ORDERS, **window).payload == {"orders": []}
        assert client.get(f"{ORDERS}/{old.number}").status == 404


def test_half_a_window_reaches_to_now_or_seven_days_back(simulator: Simulator, client: Client) -> None:
    recent = NOW - timedelta(days=2)
    truth = {order.number for order in simulator.orders() if order.created >= recent}
    assert set(client.numbers(createdAfter=text(recent))) == truth
    assert set(client.numbers(createdBefore=text(NOW))) > truth


def test_a_window_ends_before_its_end(simulator: Simulator, client: Client) -> None:
    order: KnownOrder = simulator.orders()[-1]
    before = {"createdAfter": text(START), "createdBefore": text(order.created)}
    assert order.number not in client.numbers(**before)
    start = {"createdAfter": text(order.created), "createdBefore": text(NOW)}
    assert order.number in client.numbers(**start)


def test_an_answer_of_a_hundred_orders_keeps_the_connection(client: Client, week: dict[str, str]) -> None:
    for _ in range(20):
        assert client.get(ORDERS, **week).headers["x-amzn-RequestId"]
