"""The generated Direct Fulfillment orders: the same each time, plausible, of nobody who lives."""

from base64 import b64decode
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from amazon_simulator import Simulator
from amazon_simulator.direct_generate import LONGEST_LAG
from amazon_simulator.places import COUNTRIES
from amazon_simulator.tests.client import Client, text
from amazon_simulator.tests.conftest import NOW


def orders(**options: Any) -> list[Any]:
    """Every Direct Fulfillment order of the first account, decoded."""
    with Simulator(now=NOW, **options) as simulator:
        return [simulator.df_order(order.number) for order in simulator.df_orders()]


@pytest.fixture(scope="module")
def details() -> list[Any]:
    """What is in a thousand orders."""
    return [order["orderDetails"] for order in orders(orders=0, df_orders=1000)]


def test_the_same_seed_gives_the_same_orders_whatever_retail_has() -> None:
    first = orders(orders=0, df_orders=40)
    assert first == orders(orders=300, df_orders=40)
    assert first != orders(orders=0, df_orders=40, seed=2)


def test_retail_orders_are_the_same_whatever_direct_fulfillment_has() -> None:
    def retail(df_orders: int | None) -> list[Any]:
        with Simulator(orders=60, df_orders=df_orders, now=NOW) as simulator:
            return [simulator.order(order.number) for order in simulator.orders()]

    assert retail(None) == retail(0) == retail(50)


def test_numbers_are_nine_signs_of_both_cases(df: Simulator) -> None:
    numbers = [order.number for name in ("eu", "second") for order in df.df_orders(name)]
    assert len(set(numbers)) == len({number.lower() for number in numbers}) == 330
    assert all(len(number) == 9 and number.isalnum() for number in numbers)
    assert any(number != number.upper() and number != number.lower() for number in numbers)


def test_orders_look_like_those_of_europe(details: list[Any]) -> None:
    items = [item for detail in details for item in detail["items"]]
    shipments = [detail["shipmentDetails"] for detail in details]
    assert {d["orderStatus"] for d in details} == {"NEW", "ACCEPTED", "SHIPPED", "CANCELLED"}
    assert {i["netPrice"]["currencyCode"] for i in items} == {"EUR", "GBP", "PLN", "SEK"}
    assert {t["type"] for i in items for t in i["taxDetails"]["taxLineItem"]} == {"VAT", "MwSt.", "TVA"}
    assert {i["orderedQuantity"]["unitOfMeasure"] for i in items} == {"Each"}
    assert {d["shipFromParty"]["partyId"] for d in details} == {"WROS1", "WROS2", "WROS3"}
    assert {len(d["items"]) for d in details} == {1, 2, 3, 4}
    for member in ("giftDetails", "scheduledDeliveryShipment", "buyerCustomizedInfo", "totalPrice"):
        assert {member in item for item in items} == {True, False}
    for member in ("isPriorityShipment", "isScheduledDeliveryShipment", "isPslipRequired", "isGift"):
        assert {shipment[member] for shipment in shipments} == {True, False}
    assert {"promisedDeliveryDate" in s["shipmentDates"] for s in shipments} == {True, False}


def test_what_an_order_says_of_itself_fits_its_lines(details: list[Any]) -> None:
    for detail in details:
        items, shipment = detail["items"], detail["shipmentDetails"]
        assert [i["itemSequenceNumber"] for i in items] == [f"{n:05d}" for n in range(1, len(items) + 1)]
        assert all(("giftDetails" in item) == shipment["isGift"] for item in items)
        assert all(("scheduledDeliveryShipment" in item) == shipment["isScheduledDeliveryShipment"] for item in items)
        assert any("buyerCustomizedInfo" in item for item in items) == detail["hasCustomizableItems"]
        taxes = [t for item in items for t in item["taxDetails"]["taxLineItem"]]
        (total,) = detail["taxTotal"]["taxLineItem"]
        assert Decimal(total["taxAmount"]["amount"]) == sum(Decimal(t["taxAmount"]["amount"]) for t in taxes)
        for tax in taxes:
            exact = Decimal(tax["taxableAmount"]["amount"]) * Decimal(tax["taxRate"])
            assert abs(exact - Decimal(tax["taxAmount"]["amount"])) <= Decimal("0.005")


def test_an_order_must_leave_on_a_working_day_after_it_came_and_arrives_later(details: list[Any]) -> None:
    for detail in details:
        dates = {n: datetime.fromisoformat(d) for n, d in detail["shipmentDetails"]["shipmentDates"].items()}
        ship = dates["requiredShipDate"]
        country = detail["sellingParty"]["partyId"][-2:]
        local = ship.astimezone(ZoneInfo(COUNTRIES[country].time_zone))
        assert (local.hour, local.weekday() < 5) == (17, True)
        assert (
            datetime.fromisoformat(detail["orderDate"])
            < ship
            < dates.get("promisedDeliveryDate", datetime.max.replace(tzinfo=ship.tzinfo))
        )


def test_states_follow_time(df: Simulator) -> None:
    for order in df.df_orders():
        assert (order.state == "NEW") == (order.state_changed == order.created)
        assert order.created <= order.state_changed <= NOW
        assert (order.state_changed - order.created).total_seconds() <= LONGEST_LAG["moved"]
    assert {order.state for order in df.df_orders()[:100]} == {"SHIPPED", "CANCELLED"}


def test_consumers_have_names_in_many_writings_and_addresses_that_are_examples(details: list[Any]) -> None:
    consumers = [detail["shipToParty"] for detail in details]
    names = "".join(consumer["name"] for consumer in consumers)
    for sign in "Зاד測ทΔł🙂\u0301<\"';=":
        assert sign in names
    assert max(len(consumer["name"]) for consumer in consumers) > 100
    assert {"GR", "BG", "CZ"} < {consumer["countryCode"] for consumer in consumers}
    assert any(consumer["postalCode"].startswith("00") for consumer in consumers)
    assert all(
        "000" in c["phone"] or any(part in c["phone"] for part in ("23125", "1 99 00", "1632 960", "465 004"))
        for c in consumers
        if "phone" in c
    )


def test_customised_goods_lead_to_a_url(details: list[Any]) -> None:
    infos = [i["buyerCustomizedInfo"] for d in details for i in d["items"] if "buyerCustomizedInfo" in i]
    assert infos
    for info in infos:
        assert b64decode(info["customizedUrl"]).startswith(b"https://customised.example/")


def test_a_hundred_thousand_orders_open_at_once_and_none_is_made_before_it_is_served() -> None:
    with Simulator(orders=0, df_orders=100_000, now=NOW, rate_limit=False) as simulator:
        client = Client(simulator)
        client.login()
        client.restrict()
        start = NOW - timedelta(days=45)
        window = {"createdAfter": text(start), "createdBefore": text(start + timedelta(hours=2))}
        numbers = client.df_numbers(**window)
        assert numbers
        assert simulator._amazon.direct_book()._encoded.cache_info().currsize <= len(numbers) + 1
