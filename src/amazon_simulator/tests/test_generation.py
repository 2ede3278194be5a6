"""The generated orders: the same each time, plausible, and none made before it is served."""

import re
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest

from amazon_simulator import Simulator
from amazon_simulator.generate import Generator
from amazon_simulator.places import COUNTRIES
from amazon_simulator.tests.client import ORDERS, Client, text
from amazon_simulator.tests.conftest import NOW


def test_the_same_seed_and_anchor_give_the_same_bytes(week: dict[str, str]) -> None:
    bodies = []
    for seed in (1, 1, 2):
        with Simulator(orders=300, seed=seed, now=NOW) as simulator:
            client = Client(simulator)
            client.login()
            bodies.append(client.get(ORDERS, **week).body)
    assert bodies[0] == bodies[1]
    assert bodies[0] != bodies[2]


def test_a_restart_on_the_same_day_gives_the_same_orders() -> None:
    def orders() -> list[str]:
        with Simulator(orders=20, anchor=datetime(2026, 3, 12, tzinfo=UTC)) as simulator:
            return [f"{order}" for order in simulator.orders()]

    assert orders() == orders()


def test_orders_lie_in_the_days_before_the_anchor_and_grow_denser(simulator: Simulator) -> None:
    created = [order.created for order in simulator.orders()]
    assert created == sorted(created)
    assert NOW - timedelta(days=180) <= created[0]
    assert created[-1] < NOW
    assert created[250] > NOW - timedelta(days=60)


def test_numbers_are_unique_and_lead_back_to_their_orders() -> None:
    generator = Generator(seed=1, account=1, vendor_codes=["ROSIT"], count=10_000, days=180, anchor=NOW)
    numbers = [generator.number(place) for place in range(10_000)]
    assert len(set(numbers)) == 10_000
    assert all(re.fullmatch("[0-9A-Z]{8}", number) for number in numbers)
    assert [generator.place(number) for number in numbers] == list(range(10_000))
    assert generator.place("lowercas") is None


def test_orders_look_like_those_of_europe(simulator: Simulator) -> None:
    orders = [simulator.order(order.number) for order in simulator.orders()]
    details = [order["orderDetails"] for order in orders]
    items = [item for detail in details for item in detail["items"]]
    assert {order["purchaseOrderState"] for order in orders} == {"New", "Acknowledged", "Closed"}
    assert {detail["purchaseOrderType"] for detail in details} == {
        "RegularOrder", "RushOrder", "NewProductIntroduction", "ConsignedOrder",
    }  # fmt: skip
    assert {i["netCost"]["currencyCode"] for i in items} == {"EUR", "GBP", "PLN", "SEK"}
    assert {i["orderedQuantity"]["unitOfMeasure"] for i in items} == {"Cases", "Eaches"}
    assert 0 in {i["orderedQuantity"]["amount"] for i in items}
    assert {len(i["vendorProductIdentifier"]) for i in items} == {9, 13}
    assert {"listPrice" in item for item in items} == {True, False}
    assert any("unitOfMeasure" in item["netCost"] for item in items)
    assert {"importDetails" in detail for detail in details} == {True, False}
    assert {"dealCode" in detail for detail in details} == {True, False}
    assert all(("shipWindow" in d) != ("deliveryWindow" in d) for d in details)
    assert all(d["billToParty"]["taxInfo"]["taxRegistrationType"] == "VAT" for d in details)


def test_a_changed_date_is_later_than_the_order(simulator: Simulator) -> None:
    changed = [order for order in simulator.orders() if order.changed]
    assert len(changed) > 20
    assert all(order.changed and order.created < order.changed <= NOW for order in changed)


def test_windows_begin_and_end_at_midnight_of_the_destination(simulator: Simulator) -> None:
    for known in simulator.orders():
        details = simulator.order(known.number)["orderDetails"]
        zone = ZoneInfo(COUNTRIES[known.vendor_code[-2:]].time_zone)
        window = details.get("shipWindow") or details["deliveryWindow"]
        start, end = (datetime.fromisoformat(part).astimezone(zone) for part in window.split("--"))
        assert start.time() == end.time() == datetime.min.time()
        assert known.created < start <= end


def test_barcodes_have_a_valid_check_digit(simulator: Simulator) -> None:
    order = simulator.order(simulator.orders()[0].number)
    for item in order["orderDetails"]["items"]:
        digits = item["vendorProductIdentifier"]
        if len(digits) == 13:
            total = sum(int(digit) * (3 if at % 2 else 1) for at, digit in enumerate(digits))
            assert total % 10 == 0


@pytest.mark.parametrize("orders", [0, 1])
def test_there_may_be_hardly_any_orders(orders: int, week: dict[str, str]) -> None:
    with Simulator(orders=orders, now=NOW) as simulator:
        client = Client(simulator)
        client.login()
        assert len(simulator.orders()) == orders
        assert client.get(ORDERS, **week).status == 200


def test_the_number_of_lines_can_be_fixed() -> None:
    with Simulator(orders=20, lines=7, now=NOW) as simulator:
        for known in simulator.orders():
            items = simulator.order(known.number)["orderDetails"]["items"]
            assert [i["itemSequenceNumber"] for i in items] == [str(n) for n in range(1, 8)]
            assert len({i["amazonProductIdentifier"] for i in items}) == 7


def test_a_million_orders_open_at_once_and_serve_a_window_in_the_middle() -> None:
    with Simulator(orders=1_000_000, now=NOW, rate_limit=False) as simulator:
        client = Client(simulator)
        client.login()
        start = NOW - timedelta(days=45)
        window = {
            "createdAfter": text(start),
            "createdBefore": text(start + timedelta(minutes=20)),
        }
        pages = list(client.pages(**window))
        created = [o["orderDetails"]["purchaseOrderDate"] for p in pages for o in p["orders"]]
        assert created
        assert created == sorted(created)
        assert all(window["createdAfter"] <= date < window["createdBefore"] for date in created)
        assert all(0 <= (datetime.fromisoformat(b) - datetime.fromisoformat(a)).seconds < 300
                   for a, b in pairwise(created))  # fmt: skip
        made = simulator._amazon.book()._encoded.cache_info().currsize
        assert made <= len(created) + 1
