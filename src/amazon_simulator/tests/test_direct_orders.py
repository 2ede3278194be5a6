"""getOrders and getOrder of Direct Fulfillment: windows, filters, pages, changes, dials."""

import socket
from datetime import datetime, timedelta
from http.client import HTTPException
from itertools import chain
from typing import Any

import pytest

from amazon_simulator import Simulator, UnknownOrder
from amazon_simulator.tests.client import DF_ORDERS, ORDERS, Client, text
from amazon_simulator.tests.conftest import NOW

Week = dict[str, str]
START = NOW - timedelta(days=7)


def run_time(simulator: Simulator) -> Week:
    """From the fixed moment until just after now: only what happened at run time."""
    return {"createdAfter": text(NOW), "createdBefore": text(simulator.now + timedelta(seconds=3))}


def test_a_window_gives_exactly_its_orders_by_creation(df: Simulator, df_client: Client, week: Week) -> None:
    truth = [order.number for order in df.df_orders() if order.created >= START]
    assert len(truth) > 20
    for limit in (1, 7, 100):
        assert df_client.df_numbers(**week, limit=limit) == truth
    assert df_client.df_numbers(**week, limit=6, sortOrder="DESC") == truth[::-1]


def test_windows_beside_each_other_give_each_order_once(df: Simulator, df_client: Client) -> None:
    numbers: list[str] = []
    for days in range(182, 0, -7):
        start = NOW - timedelta(days=days)
        numbers += df_client.df_numbers(createdAfter=text(start), createdBefore=text(start + timedelta(days=7)))
    assert numbers == [order.number for order in df.df_orders()]


@pytest.mark.parametrize("state", ["NEW", "ACCEPTED", "SHIPPED", "CANCELLED"])
def test_the_state_filter_holds(df: Simulator, df_client: Client, week: Week, state: str) -> None:
    df.add_df_orders(2, placed=NOW - timedelta(hours=1), state=state)
    truth = [order.number for order in df.df_orders() if order.created >= START and order.state == state]
    assert df_client.df_numbers(**week, status=state) == truth
    for page in df_client.df_pages(**week, status=state):
        assert {order["orderDetails"]["orderStatus"] for order in page["orders"]} == {state}


def test_the_warehouse_filter_holds(df: Simulator, df_client: Client, week: Week) -> None:
    warehouses = {order.ship_from for order in df.df_orders()}
    assert len(warehouses) == 3
    found = {warehouse: df_client.df_numbers(**week, shipFromPartyId=warehouse) for warehouse in warehouses}
    assert all(found.values())
    assert sorted(chain(*found.values())) == sorted(df_client.df_numbers(**week))
    assert df_client.df_numbers(**week, shipFromPartyId="NONE") == []


def test_without_details_there_is_only_the_number(df_client: Client, week: Week) -> None:
    orders = df_client.get_restricted(DF_ORDERS, **week, includeDetails="false").json["orders"]
    assert orders
    assert {tuple(order) for order in orders} == {("purchaseOrderNumber",)}


def test_one_order_is_the_same_as_in_the_list_and_in_no_payload(df_client: Client, week: Week) -> None:
    page = df_client.get_restricted(DF_ORDERS, **week, limit=2).json
    assert list(page) == ["pagination", "orders"]
    for listed in page["orders"]:
        assert df_client.get_restricted(f"{DF_ORDERS}/{listed['purchaseOrderNumber']}").json == listed


def test_an_unknown_number_is_not_found_and_a_malformed_one_is_bad(df: Simulator, df_client: Client) -> None:
    unknown = df_client.get_restricted(f"{DF_ORDERS}/UvgABdBjQ")
    assert (unknown.status, unknown.code) == (404, "ResourceNotFound")
    other_case = df.df_orders()[0].number.swapcase()
    assert df_client.get_restricted(f"{DF_ORDERS}/{other_case}").status == 404
    assert df_client.get_restricted(f"{DF_ORDERS}/{df.orders()[0].number}").status == 404
    assert df_client.get_restricted(f"{DF_ORDERS}/a-b").status == 400


def test_orders_older_than_six_months_are_not_served() -> None:
    with Simulator(orders=0, df_orders=300, days=400, now=NOW, rate_limit=False) as simulator:
        client = Client(simulator)
        client.login()
        client.restrict()
        old = simulator.df_orders()[0]
        window = {"createdAfter": text(old.created), "createdBefore": text(old.created + timedelta(days=1))}
        assert client.df_numbers(**window) == []
        assert client.get_restricted(f"{DF_ORDERS}/{old.number}").status == 404


@pytest.mark.parametrize(("after", "before"), [(8, 0), (7.01, 0), (0, 1), (3, None), (None, 0), (None, None)])
def test_a_window_must_be_whole_and_of_at_most_seven_days(
    df_client: Client, after: float | None, before: float | None
) -> None:
    days = {"createdAfter": after, "createdBefore": before}
    window = {name: text(NOW - timedelta(days=ago)) for name, ago in days.items() if ago is not None}
    answer = df_client.get_restricted(DF_ORDERS, **window)
    assert (answer.status, answer.code) == (400, "InvalidInput")


@pytest.mark.parametrize(
    ("name", "value"),
    [("status", "New"), ("status", "CLOSED"), ("limit", "0"), ("limit", "101"), ("sortOrder", "asc"),
     ("includeDetails", "yes"), ("nextToken", "MDAwMDAwMDAwMQ=="), ("createdAfter", "yesterday")],
)  # fmt: skip
def test_a_value_that_breaks_the_model_is_refused(df_client: Client, week: Week, name: str, value: str) -> None:
    answer = df_client.get_restricted(DF_ORDERS, **{**week, name: value})
    assert (answer.status, answer.code) == (400, "InvalidInput")


def test_retails_parameters_are_unknown_here(df: Simulator, df_client: Client, week: Week) -> None:
    before = df_client.df_numbers(**week)
    assert df_client.df_numbers(**week, changedAfter=text(NOW), purchaseOrderState="New") == before
    assert df.unknown_parameters == ["getOrders changedAfter", "getOrders purchaseOrderState"]


def test_new_orders_are_new_and_created_now(df: Simulator, df_client: Client) -> None:
    numbers = df.add_df_orders(3, ship_from="WROS2", vendor_code="ROSDE")
    assert df_client.df_numbers(**run_time(df)) == numbers
    details = df_client.get_restricted(f"{DF_ORDERS}/{numbers[0]}").json["orderDetails"]
    assert details["orderStatus"] == "NEW"
    assert details["shipFromParty"] == {"partyId": "WROS2"}
    assert details["sellingParty"] == {"partyId": "ROSDE"}


def test_orders_can_be_filled_in_behind_the_cursor(df: Simulator, df_client: Client, week: Week) -> None:
    before = df_client.df_numbers(**week)
    (late,) = df.add_df_orders(placed=NOW - timedelta(days=3))
    after = df_client.df_numbers(**week, limit=10)
    assert late in after
    assert [number for number in after if number != late] == before


def test_a_change_of_state_moves_an_order_into_no_window(df: Simulator, df_client: Client, week: Week) -> None:
    before = df_client.df_numbers(**week)
    df.change_df_order(before[0], state="CANCELLED")
    assert df_client.df_numbers(**week) == before
    assert df_client.df_numbers(**week, status="CANCELLED", limit=2)[0] == before[0]
    assert df_client.df_numbers(**run_time(df)) == []
    assert df_client.get_restricted(f"{DF_ORDERS}/{before[0]}").json["orderDetails"]["orderStatus"] == "CANCELLED"


def test_a_change_of_state_can_show_the_order_once_more(df: Simulator, df_client: Client, week: Week) -> None:
    old, recent = df.df_orders()[0].number, df.df_orders()[-1].number
    before = df_client.df_numbers(**week)
    df.change_df_order(old, state="CANCELLED")
    df.change_df_order(recent, promised_delivery=NOW + timedelta(days=9))
    (new,) = df.add_df_orders()
    df.dials.set("state_change_reappears", operation="getOrders")
    assert df_client.df_numbers(**run_time(df), limit=1) == [old, new]
    shown = df_client.df_numbers(**week, limit=3)
    assert set(before) <= set(shown)
    truth = [o.number for o in df.df_orders() if START <= o.created < NOW or START <= o.state_changed < NOW]
    assert shown == truth
    assert len(shown) > len(before), "those whose state changed in the week, created before"


def test_a_change_of_state_can_put_a_retail_order_into_the_changed_window(
    simulator: Simulator, client: Client, changed_week: Week
) -> None:
    before = client.numbers(**changed_week)
    number = simulator.orders()[0].number
    simulator.change_order(number, state="Closed")
    now = {"changedAfter": text(NOW), "changedBefore": text(simulator.now + timedelta(seconds=3))}
    assert client.numbers(**now) == []
    simulator.dials.set("state_change_reappears", operation="getPurchaseOrders")
    assert client.numbers(**now) == [number]
    assert "purchaseOrderChangedDate" not in client.get(f"{ORDERS}/{number}").payload["orderDetails"]
    after = client.numbers(**changed_week, limit=20)
    assert set(before) < set(after)
    truth = {o.number for o in simulator.orders() if o.state_changed != o.created and START <= o.state_changed < NOW}
    assert set(after) == set(before) | truth


def test_dates_and_the_address_of_an_order_can_change(df: Simulator, df_client: Client) -> None:
    number = df.df_orders()[-1].number
    before = df.df_order(number)["orderDetails"]
    later = datetime(2026, 4, 1, 15)  # noqa: DTZ001
    df.change_df_order(number, required_ship=later, ship_to={"addressLine1": "Example Street 2", "county": "X"})
    after = df_client.get_restricted(f"{DF_ORDERS}/{number}").json["orderDetails"]
    assert after["shipmentDetails"]["shipmentDates"]["requiredShipDate"] == "2026-04-01T15:00:00Z"
    assert after["shipToParty"] == {**before["shipToParty"], "addressLine1": "Example Street 2", "county": "X"}
    assert after["orderStatus"] == before["orderStatus"]


def test_what_is_unknown_cannot_be_changed(df: Simulator) -> None:
    with pytest.raises(UnknownOrder):
        df.change_df_order(df.orders()[0].number, state="SHIPPED")
    with pytest.raises(ValueError, match="address_line1"):
        df.change_df_order(df.df_orders()[0].number, ship_to={"address_line1": "x"})


@pytest.mark.parametrize(
    "details",
    [{}, {"orderDate": "not a date", "items": "none", "shipToParty": "nobody"}, {"items": [None], "orderStatus": 7}],
)
def test_dirt_is_served_as_it_was_put_in(df: Simulator, df_client: Client, details: dict[str, Any]) -> None:
    dirt = {"purchaseOrderNumber": "DIRTdirt7", "orderDetails": details}
    assert df.put_df_order(dirt) == "DIRTdirt7"
    df.dials.set("masked_addresses", start=2)
    assert [page["orders"] for page in df_client.df_pages(**run_time(df))] == [[dirt]]
    assert df_client.get_restricted(f"{DF_ORDERS}/DIRTdirt7").json == dirt


def test_a_raw_order_replaces_the_one_with_its_number(df: Simulator, df_client: Client, week: Week) -> None:
    before = df_client.df_numbers(**week)
    order = df.df_order(before[5])
    order["orderDetails"]["orderDate"] = None
    df.put_df_order(order)
    assert df_client.df_numbers(**week, limit=4) == before
    assert df_client.get_restricted(f"{DF_ORDERS}/{before[5]}").json == order


def test_addresses_can_be_masked_as_for_vendors_with_amazons_labels(
    df: Simulator, df_client: Client, week: Week
) -> None:
    number = df_client.df_numbers(**week)[0]
    plain = df.df_order(number)["orderDetails"]
    df.dials.set("masked_addresses")
    listed = df_client.get_restricted(DF_ORDERS, **week).json["orders"][0]
    assert listed == df_client.get_restricted(f"{DF_ORDERS}/{number}").json
    masked = listed["orderDetails"]["shipToParty"]
    assert masked.keys() == plain["shipToParty"].keys()
    assert masked["name"] == masked["addressLine1"] == masked["city"] == "xxxxx"
    for name in ("stateOrRegion", "postalCode", "countryCode"):
        assert masked[name] == plain["shipToParty"][name]
    assert {**listed["orderDetails"], "shipToParty": plain["shipToParty"]} == plain


@pytest.mark.parametrize(
    ("name", "status", "body"),
    [
        ("http_502_html", 502, b"<html>"),
        ("http_503_empty", 503, b""),
        ("http_500", 500, b'{"errors":'),
        ("not_json", 200, b"<html>"),
        ("ok_without_orders", 200, b'{"payload":{}}'),
        ("ok_null_payload", 200, b'{"payload":null}'),
        ("throttle", 429, b'{"errors":'),
        ("forbidden", 403, b'{"errors":'),
    ],
)
def test_faults_strike_here_too(
    df: Simulator, df_client: Client, week: Week, name: str, status: int, body: bytes
) -> None:
    df.dials.set(name, operation="getOrders", times=1)
    assert df_client.restrict().status == 200
    answer = df_client.get_restricted(DF_ORDERS, **week)
    assert (answer.status, answer.body[: len(body)]) == (status, body)
    assert df_client.get_restricted(DF_ORDERS, **week).json["orders"]


@pytest.mark.parametrize(("value", "body"), [("empty", {}), ("null", {"orders": None})])
def test_a_list_can_be_missing_in_other_ways(
    df: Simulator, df_client: Client, week: Week, value: str, body: dict[str, None]
) -> None:
    df.dials.set("ok_without_orders", value)
    assert df_client.get_restricted(DF_ORDERS, **week).json == body


@pytest.mark.parametrize("name", ["reset", "hang", "cut_body"])
def test_the_wire_can_break_here_too(df: Simulator, df_client: Client, week: Week, name: str) -> None:
    df.dials.set(name, 0.2 if name == "hang" else None, operation="getOrders", times=1)
    with pytest.raises((HTTPException, socket.error)):
        df_client.get_restricted(DF_ORDERS, **week)
    assert df_client.get_restricted(DF_ORDERS, **week).status == 200


def test_bad_pages_come_here_too(df: Simulator, df_client: Client, week: Week) -> None:
    whole = df_client.df_numbers(**week)
    df.dials.set("empty_page_with_token", times=2)
    df.dials.set("leak_outside_window", start=3, times=1)
    df.dials.set("repeat_orders", start=3, times=1)
    seen = df_client.df_numbers(**week, limit=10)
    assert [number for number in seen if number in whole] == [*whole[:10], whole[9], *whole[10:]]
    assert len(seen) == len(whole) + 2
    df.dials.clear()
    df.dials.set("spurious_400", times=1)
    token = df_client.get_restricted(DF_ORDERS, **week, limit=5).json["pagination"]["nextToken"]
    assert df_client.get_restricted(DF_ORDERS, **week, limit=5, nextToken=token).code == "InvalidInput"
    df.dials.set("repeat_token", times=1)
    again = df_client.get_restricted(DF_ORDERS, **week, limit=5, nextToken=token).json
    assert again["pagination"]["nextToken"] == token


def test_an_order_outside_the_filter_can_leak_in(df: Simulator, df_client: Client, week: Week) -> None:
    whole = df_client.df_numbers(**week, status="SHIPPED")
    df.dials.set("leak_outside_filter", times=1)
    leaked = df_client.df_numbers(**week, status="SHIPPED")
    assert leaked[1:] == whole
    assert leaked[0] not in whole


def test_orders_can_be_unlike_the_model(df: Simulator, df_client: Client, week: Week) -> None:
    df.dials.set("unknown_enums", times=1)
    details = df_client.get_restricted(DF_ORDERS, **week).json["orders"][0]["orderDetails"]
    assert details["orderStatus"] == "PARTIALLY_SHIPPED"
    assert details["items"][0]["orderedQuantity"]["unitOfMeasure"] == "EACH"
    assert details["taxTotal"]["taxLineItem"][0]["type"] == "IVA"
    df.dials.set("missing_fields", times=1)
    details = df_client.get_restricted(DF_ORDERS, **week).json["orders"][0]["orderDetails"]
    assert "orderStatus" not in details
    assert "netPrice" not in details["items"][0]


def test_the_limit_is_ten_a_second() -> None:
    with Simulator(orders=0, df_orders=5, now=NOW, rate_limit=(0.01, 10)) as simulator:
        client = Client(simulator)
        client.login()
        client.restrict()
        window = {"createdAfter": text(START), "createdBefore": text(NOW)}
        answers = [client.get_restricted(DF_ORDERS, **window) for _ in range(11)]
        assert [answer.status for answer in answers] == [200] * 10 + [429]


def test_orders_are_told_added_changed_and_put_over_http(df: Simulator, df_client: Client) -> None:
    def post(body: object) -> Any:
        return df_client.post("/_simulator/df-orders", body).json

    (number,) = post({"add": 1})["numbers"]
    post({"change": number, "changes": {"state": "SHIPPED"}})
    dirt = {"purchaseOrderNumber": "DIRT", "x": 1}
    assert post({"put": dirt}) == {"numbers": ["DIRT"]}
    assert df.df_order("DIRT") == dirt
    told = {order["number"]: order for order in df_client.get("/_simulator/df-orders").json["orders"]}
    assert told[number]["state"] == "SHIPPED"
    assert told[number].keys() == {"number", "state", "vendor_code", "ship_from", "created", "state_changed"}
    assert df_client.get("/_simulator/state").json["accounts"]["eu"]["df_orders"] == 302
    assert "error" in post({"change": "unknown"})
    assert "error" in post({"add": 1, "shown": {"ship_to": "x"}})
    df.reset()
    assert len(df.df_orders()) == 300
