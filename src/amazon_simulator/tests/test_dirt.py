"""The dials that make orders dirty: what each does to a page, and that it leaves the rest alone."""

import msgspec
import pytest

from amazon_simulator import Simulator, dirt
from amazon_simulator.tests.client import Client

ORDERS = "/vendor/orders/v1/purchaseOrders"
Week = dict[str, str]


def details(client: Client, week: Week) -> dict:
    return client.get(ORDERS, **week).payload["orders"][0]["orderDetails"]


def test_what_is_not_needed_can_be_null(simulator: Simulator, client: Client, week: Week) -> None:
    simulator.dials.set("null_fields")
    order = client.get(ORDERS, **week).payload["orders"][0]
    assert order["purchaseOrderState"] is None
    assert order["purchaseOrderNumber"]
    assert order["orderDetails"]["sellingParty"] is None
    assert order["orderDetails"]["items"][0]["orderedQuantity"]["amount"] is not None


def test_amounts_can_have_exponents(simulator: Simulator, client: Client, week: Week) -> None:
    plain = details(client, week)["items"][0]["netCost"]["amount"]
    simulator.dials.set("exponents")
    written = details(client, week)["items"][0]["netCost"]["amount"]
    assert "E-" in written
    assert float(written) == float(plain)


def test_quantities_can_be_negative_and_costs_by_weight(simulator: Simulator, client: Client, week: Week) -> None:
    simulator.dials.set("negative_quantities")
    simulator.dials.set("priced_by_weight")
    item = details(client, week)["items"][0]
    assert item["orderedQuantity"]["amount"] <= 0
    assert item["netCost"]["unitOfMeasure"] == "KILOGRAMS"


def test_an_order_can_be_long(simulator: Simulator, client: Client, week: Week) -> None:
    simulator.dials.set("many_lines", 1200)
    items = details(client, week)["items"]
    assert [item["itemSequenceNumber"] for item in items] == [str(n) for n in range(1, 1201)]


@pytest.mark.parametrize(
    ("value", "text"), [(None, dirt.HTML), ("formula", dirt.FORMULA), ("scripts", dirt.SCRIPTS), ("Ünï", "Ünï")]
)
def test_names_can_be_hostile_or_foreign(
    simulator: Simulator, client: Client, week: Week, value: str | None, text: str
) -> None:
    simulator.dials.set("strange_names", value)
    found = details(client, week)
    assert found["dealCode"] == found["shipToParty"]["address"]["name"] == text
    assert found["items"][0]["vendorProductIdentifier"] == text


def test_kinds_of_values_can_be_mixed_up(simulator: Simulator, client: Client, week: Week) -> None:
    simulator.dials.set("numbers_for_strings")
    item = details(client, week)["items"][0]
    assert isinstance(item["itemSequenceNumber"], int)
    assert isinstance(item["orderedQuantity"]["amount"], str)
    assert isinstance(item["netCost"]["amount"], float)


def test_dates_can_lack_their_zone_or_be_none(simulator: Simulator, client: Client, week: Week) -> None:
    simulator.dials.set("odd_dates")
    assert not details(client, week)["purchaseOrderDate"].endswith("Z")
    simulator.dials.set("odd_dates", "soon")
    found = details(client, week)
    assert found["purchaseOrderStateChangedDate"] == "soon"
    assert found["purchaseOrderDate"] != "soon"


def test_texts_can_hold_nul_and_members_stand_twice(simulator: Simulator, client: Client, week: Week) -> None:
    simulator.dials.set("nul_characters")
    simulator.dials.set("duplicate_keys")
    answer = client.get(ORDERS, **week)
    assert answer.payload["orders"][0]["orderDetails"]["sellingParty"]["partyId"].endswith("\0")
    assert answer.body.count(b'"purchaseOrderState"') == 2 * len(answer.payload["orders"])


@pytest.mark.parametrize("name", ["lone_surrogate", "invalid_utf8", "deep_nesting"])
def test_some_orders_of_a_page_can_be_beyond_any_decoder(
    simulator: Simulator, client: Client, week: Week, name: str
) -> None:
    whole = client.get(ORDERS, **week).body
    simulator.dials.set(name, 2)
    body = client.get(ORDERS, **week).body
    with pytest.raises((msgspec.MsgspecError, UnicodeDecodeError, RecursionError)):
        msgspec.json.decode(body)
    assert body.count(b'"purchaseOrderNumber"') == whole.count(b'"purchaseOrderNumber"')


def test_a_cost_can_be_no_number(simulator: Simulator, client: Client, week: Week) -> None:
    simulator.dials.set("unreadable_amount")
    assert details(client, week)["items"][0]["netCost"] == {"amount": "call us"}
