"""Each fault, as a client sees it."""

import socket
import time
from http.client import HTTPException, IncompleteRead

import pytest

from amazon_simulator import DIALS, Simulator
from amazon_simulator.dials import parse
from amazon_simulator.tests.client import ORDERS, STATUS, Client

Week = dict[str, str]


def test_every_dial_is_declared_with_a_sentence() -> None:
    for name, dial in DIALS.items():
        assert name == dial.name
        assert dial.does.endswith(".")


@pytest.mark.parametrize(
    ("name", "status", "body"),
    [
        ("http_502_html", 502, b"<html>"),
        ("http_503_empty", 503, b""),
        ("http_500", 500, b'{"errors":[{"code":"InternalFailure"'),
        ("not_json", 200, b"<html>"),
        ("ok_without_orders", 200, b'{"payload":{}}'),
        ("ok_null_payload", 200, b'{"payload":null}'),
        ("throttle", 429, b'{"errors":[{"code":"QuotaExceeded"'),
        ("forbidden", 403, b'{"errors":[{"code":"Unauthorized"'),
    ],
)
def test_a_fault_answers_once_in_amazons_place(
    simulator: Simulator, client: Client, week: Week, name: str, status: int, body: bytes
) -> None:
    simulator.dials.set(name, times=1)
    answer = client.get(ORDERS, **week)
    assert answer.status == status
    assert answer.body.startswith(body)
    assert bool(answer.body) == bool(body)
    assert answer.headers["x-amzn-RequestId"]
    assert client.get(ORDERS, **week).payload["orders"]


def test_ok_can_be_an_empty_object(simulator: Simulator, client: Client, week: Week) -> None:
    simulator.dials.set("ok_without_orders", "empty")
    assert client.get(ORDERS, **week).json == {}
    assert client.get(STATUS, **week).json == {}


def test_throttling_can_say_how_long(simulator: Simulator, client: Client, week: Week) -> None:
    simulator.dials.set("throttle", 2, times=1)
    assert client.get(ORDERS, **week).headers["Retry-After"] == "2"


def test_a_body_can_be_cut(simulator: Simulator, client: Client, week: Week) -> None:
    simulator.dials.set("cut_body", times=1)
    with pytest.raises(IncompleteRead) as caught:
        client.get(ORDERS, **week)
    assert caught.value.partial
    assert client.get(ORDERS, **week).status == 200


def test_a_connection_can_be_reset_without_a_word(
    simulator: Simulator, client: Client, week: Week, capfd: pytest.CaptureFixture[str]
) -> None:
    simulator.dials.set("reset", times=1)
    with pytest.raises(ConnectionResetError):
        client.get(ORDERS, **week)
    assert client.get(ORDERS, **week).status == 200
    assert [logged.status for logged in simulator.requests[-2:]] == [None, 200]
    assert capfd.readouterr().err == ""


def test_amazon_can_hang_and_then_close(simulator: Simulator, client: Client, week: Week) -> None:
    simulator.dials.set("hang", 0.2, times=1)
    start = time.monotonic()
    with pytest.raises((HTTPException, socket.error)):
        client.get(ORDERS, **week)
    assert time.monotonic() - start >= 0.2


def test_amazon_can_be_slow(simulator: Simulator, client: Client, week: Week) -> None:
    simulator.dials.set("slow", 120)
    start = time.monotonic()
    assert client.get(ORDERS, **week).status == 200
    assert time.monotonic() - start >= 0.12


def test_a_400_can_come_in_the_middle_of_paging(simulator: Simulator, client: Client, week: Week) -> None:
    simulator.dials.set("spurious_400", times=1)
    token = client.get(ORDERS, **week, limit=5).payload["pagination"]["nextToken"]
    assert client.get(ORDERS, **week, limit=5, nextToken=token).code == "InvalidInput"
    assert client.get(ORDERS, **week, limit=5, nextToken=token).status == 200


def test_a_role_can_be_missing_for_one_operation(simulator: Simulator, client: Client, week: Week) -> None:
    simulator.dials.set("forbidden", operation="getPurchaseOrdersStatus")
    assert [client.get(STATUS, **week).status for _ in range(2)] == [403, 403]
    assert client.get(ORDERS, **week).status == 200


def test_an_access_token_can_be_over_before_its_time(simulator: Simulator, client: Client, week: Week) -> None:
    simulator.dials.set("expired_access_token", times=1)
    assert [client.get(ORDERS, **week).status for _ in range(2)] == [403, 403]
    client.login()
    assert client.get(ORDERS, **week).status == 200


@pytest.mark.parametrize(
    ("name", "status", "error"),
    [
        ("revoked_refresh_token", 400, "invalid_grant"),
        ("wrong_secret", 401, "invalid_client"),
    ],
)
def test_the_login_can_refuse(
    simulator: Simulator, client: Client, week: Week, name: str, status: int, error: str
) -> None:
    simulator.dials.set(name)
    answer = client.login()
    assert (answer.status, answer.json["error"]) == (status, error)
    assert client.get(ORDERS, **week).status == 200, "what was issued before goes on"


def test_a_network_fault_strikes_the_login_only_when_it_is_named(
    simulator: Simulator, client: Client, week: Week
) -> None:
    simulator.dials.set("http_502_html")
    assert client.login().status == 200
    simulator.dials.clear()
    simulator.dials.set("http_502_html", operation="token")
    assert client.login().status == 502
    assert client.get(ORDERS, **week).status == 200


def test_a_page_can_name_itself_as_the_next(simulator: Simulator, client: Client, week: Week) -> None:
    simulator.dials.set("repeat_token")
    token = client.get(ORDERS, **week, limit=5).payload["pagination"]["nextToken"]
    again = client.get(ORDERS, **week, limit=5, nextToken=token).payload
    assert again["orders"]
    assert again["pagination"]["nextToken"] == token


def test_empty_pages_lose_nothing(simulator: Simulator, client: Client, week: Week) -> None:
    whole = client.numbers(**week, limit=10)
    simulator.dials.set("empty_page_with_token", start=1, times=1)
    first = client.get(ORDERS, **week, limit=10).payload
    assert first["orders"] == []
    assert first["pagination"]["nextToken"]
    simulator.dials.set("empty_page_with_token", start=3, times=2)
    assert client.numbers(**week, limit=10) == whole


def test_an_order_from_outside_the_window_can_leak_in(
    simulator: Simulator, client: Client, week: Week, changed_week: Week
) -> None:
    for window in (week, changed_week):
        whole = client.numbers(**window)
        simulator.dials.set("leak_outside_window", times=1)
        leaked = client.numbers(**window)
        assert leaked[1:] == whole
        assert leaked[0] not in whole


def test_an_order_from_outside_the_filter_can_leak_in(simulator: Simulator, client: Client, week: Week) -> None:
    whole = client.numbers(**week, purchaseOrderState="New")
    simulator.dials.set("leak_outside_filter", times=1)
    leaked = client.numbers(**week, purchaseOrderState="New")
    assert leaked[1:] == whole
    assert leaked[0] in client.numbers(**week)
    assert leaked[0] not in whole


def test_a_page_can_repeat_an_order_of_the_page_before(simulator: Simulator, client: Client, week: Week) -> None:
    whole = client.numbers(**week, limit=10)
    simulator.dials.set("repeat_orders", times=1)
    repeated = client.numbers(**week, limit=10)
    assert repeated == [*whole[:10], whole[9], *whole[10:]]


def test_orders_can_use_values_that_the_model_does_not_list(simulator: Simulator, client: Client, week: Week) -> None:
    simulator.dials.set("unknown_enums")
    order = client.get(ORDERS, **week).payload["orders"][0]
    assert order["purchaseOrderState"] == "PartiallyReceived"
    units = {i["orderedQuantity"]["unitOfMeasure"] for i in order["orderDetails"]["items"]}
    assert units <= {"CASES", "EACH"}


def test_orders_can_lack_what_they_should_have(simulator: Simulator, client: Client, week: Week) -> None:
    simulator.dials.set("missing_fields")
    order = client.get(ORDERS, **week).payload["orders"][0]
    assert "purchaseOrderState" not in order
    assert "purchaseOrderStateChangedDate" not in order["orderDetails"]
    assert "netCost" not in order["orderDetails"]["items"][0]
    simulator.dials.set("missing_fields", "orderDetails,purchaseOrderNumber")
    assert client.get(ORDERS, **week).payload["orders"][0].keys() == {"purchaseOrderState"}


def test_a_dial_strikes_from_the_nth_request_so_many_times(simulator: Simulator, client: Client, week: Week) -> None:
    setting = simulator.dials.set("http_500", start=2, times=2)
    assert [client.get(ORDERS, **week).status for _ in range(4)] == [200, 500, 500, 200]
    assert (setting.matched, setting.struck) == (4, 2)


def test_a_dial_can_strike_by_chance_and_the_same_way_each_time(week: Week) -> None:
    def statuses() -> list[int]:
        with Simulator(orders=5, rate_limit=False) as simulator:
            simulator.dials.set("http_500", probability=0.5)
            client = Client(simulator)
            client.login()
            return [client.get(ORDERS, **week).status for _ in range(30)]

    first = statuses()
    assert 5 < first.count(500) < 25
    assert statuses() == first


def test_a_dial_can_be_for_one_account(simulator: Simulator, client: Client, week: Week) -> None:
    simulator.dials.set("http_500", account="second")
    assert client.get(ORDERS, **week).status != 500


def test_two_faults_for_the_same_request_take_turns(simulator: Simulator, client: Client, week: Week) -> None:
    simulator.dials.set("http_502_html", times=1)
    simulator.dials.set("http_503_empty", times=1)
    assert [client.get(ORDERS, **week).status for _ in range(2)] == [502, 503]
    assert client.get(ORDERS, **week).status == 200


@pytest.mark.parametrize(("name", "value"), [("nothing", None), ("http_500", 3), ("hang", "long")])
def test_a_dial_that_cannot_be_set_says_why(simulator: Simulator, name: str, value: float | str | None) -> None:
    with pytest.raises(ValueError, match=name if value is None else r"."):
        simulator.dials.set(name, value)


def test_a_dial_can_be_written_on_one_line() -> None:
    setting = parse("hang=1.5,times=2,start=3,probability=0.5,operation=getPurchaseOrder")
    assert (setting.name, setting.value, setting.times, setting.start) == ("hang", 1.5, 2, 3)
    assert (setting.probability, setting.operation) == (0.5, "getPurchaseOrder")
    assert parse("missing_fields=netCost,items,times=1").value == "netCost,items"
    with pytest.raises(ValueError, match="no option"):
        parse("hang,forever=yes")
