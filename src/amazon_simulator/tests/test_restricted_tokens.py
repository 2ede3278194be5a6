"""createRestrictedDataToken, and what its tokens open."""

import time
from typing import Any

import pytest

from amazon_simulator import SECOND_REFRESH_TOKEN, Simulator
from amazon_simulator.tests.client import DF_ORDER, DF_ORDERS, ORDERS, RDT, Client
from amazon_simulator.tests.conftest import NOW

Week = dict[str, str]
LABELS = "/vendor/directFulfillment/shipping/2021-12-28/shippingLabels"


def test_a_token_for_an_hour_is_given(df_client: Client) -> None:
    answer = df_client.restrict()
    assert answer.status == 200
    assert answer.json.keys() == {"restrictedDataToken", "expiresIn"}
    assert answer.json["restrictedDataToken"].startswith("Atz.sprdt|")
    assert answer.json["expiresIn"] == 3600
    assert answer.headers["x-amzn-RateLimit-Limit"] == "1000.0"


def test_personal_data_is_denied_to_an_access_token(df: Simulator, df_client: Client, week: Week) -> None:
    number = df.df_orders()[-1].number
    for path, params in ((DF_ORDERS, {**week, "includeDetails": "false"}), (f"{DF_ORDERS}/{number}", {})):
        answer = df_client.get(path, **params)
        assert (answer.status, answer.code) == (403, "Unauthorized")
        assert b"orderDetails" not in answer.body
        assert df_client.get_restricted(path, **params).status == 200


def test_a_restricted_token_opens_nothing_unrestricted(df_client: Client, week: Week) -> None:
    assert df_client.get(ORDERS, **week).status == 200
    assert df_client.get_restricted(ORDERS, **week).status == 403
    df_client.headers["x-amz-access-token"] = df_client.restricted_token
    assert df_client.restrict().status == 403


def test_a_token_opens_the_paths_it_was_given_for_alone(df: Simulator, df_client: Client, week: Week) -> None:
    first, second = (order.number for order in df.df_orders()[-2:])
    paths: dict[str, dict[str, str]] = {DF_ORDERS: week, f"{DF_ORDERS}/{first}": {}, f"{DF_ORDERS}/{second}": {}}

    def opened(*given: str) -> list[str]:
        assert df_client.restrict(*given).status == 200
        return [path for path, params in paths.items() if df_client.get_restricted(path, **params).status == 200]

    whole, one, two = paths
    assert opened(DF_ORDERS) == [whole]
    assert opened(DF_ORDER) == [one, two]
    assert opened(one) == [one]
    assert opened(one, DF_ORDERS, LABELS) == [whole, one]
    assert opened(DF_ORDERS + "/{orderId}") == []
    assert opened(DF_ORDERS.replace("2021-12-28", "v1")) == []


def test_a_token_for_another_method_opens_nothing(df_client: Client, week: Week) -> None:
    answer = df_client.post(
        RDT, {"restrictedResources": [{"method": "POST", "path": LABELS + "/{purchaseOrderNumber}"}]}
    )
    df_client.restricted_token = answer.json["restrictedDataToken"]
    assert df_client.get_restricted(DF_ORDERS, **week).status == 403


@pytest.mark.parametrize("path", ["getOrders", DF_ORDERS[1:], "https://sellingpartnerapi-eu.amazon.com" + DF_ORDERS])
def test_a_path_without_a_leading_slash_gives_a_useless_token(df_client: Client, week: Week, path: str) -> None:
    assert df_client.restrict(path).status == 200
    assert df_client.get_restricted(DF_ORDERS, **week).status == 403


@pytest.mark.parametrize("path", ["/orders/v0/orders", ORDERS, DF_ORDERS + "?limit=1", DF_ORDERS + "/", "/"])
def test_a_path_that_the_role_does_not_open_is_refused(df_client: Client, path: str) -> None:
    answer = df_client.restrict(DF_ORDERS, path)
    assert (answer.status, answer.code) == (400, "InvalidInput")
    message = "Application do not have access to some or all requested resource"
    assert answer.json["errors"][0]["message"] == message


@pytest.mark.parametrize("element", ["buyerInfo", "shippingAddress", "shipToParty"])
def test_data_elements_are_not_for_vendors(df_client: Client, element: str) -> None:
    answer = df_client.restrict(dataElements=[element])
    assert (answer.status, answer.code) == (400, "InvalidInput")
    assert element in answer.json["errors"][0]["message"]
    assert df_client.restrict(dataElements=[]).status == 200


@pytest.mark.parametrize(
    "body",
    [
        {},
        [],
        {"restrictedResources": []},
        {"restrictedResources": [{"method": "", "path": DF_ORDERS}]},
        {"restrictedResources": [{"method": "get", "path": DF_ORDERS}]},
        {"restrictedResources": [{"method": "GET", "path": ""}]},
        {"restrictedResources": [{"method": "GET"}]},
        {"restrictedResources": {"method": "GET", "path": DF_ORDERS}},
        {"restrictedResources": [{"method": "GET", "path": DF_ORDERS}] * 51},
        {"restrictedResources": [{"method": "GET", "path": DF_ORDERS, "marketplaceIds": []}]},
        {"restrictedResources": [{"method": "GET", "path": DF_ORDERS}], "marketplaceIds": []},
    ],
)
def test_a_body_that_breaks_the_model_is_refused(df_client: Client, body: Any) -> None:
    answer = df_client.post(RDT, body)
    assert (answer.status, answer.code) == (400, "InvalidRequest")


def test_the_body_must_be_called_json(df_client: Client) -> None:
    assert df_client.post(RDT, {}, **{"content-type": "text/plain"}).status == 415


def test_a_target_application_may_be_named(df_client: Client) -> None:
    resources = [{"method": "GET", "path": DF_ORDERS}]
    body = {"targetApplication": "amzn1.sellerapps.app.other", "restrictedResources": resources}
    assert df_client.post(RDT, body).status == 200


def test_each_account_sees_its_own_df_orders(df: Simulator, df_client: Client, week: Week) -> None:
    other = Client(df, SECOND_REFRESH_TOKEN)
    other.login()
    other.restrict()
    ours, theirs = df_client.df_numbers(**week), other.df_numbers(**week)
    assert ours
    assert theirs
    assert not set(ours) & set(theirs)
    assert other.get_restricted(f"{DF_ORDERS}/{ours[0]}").status == 404


def test_ten_tokens_may_be_taken_at_once_and_then_one_a_second() -> None:
    with Simulator(orders=0, df_orders=5, now=NOW) as simulator:
        client = Client(simulator)
        client.login()
        start = time.monotonic()
        statuses = [client.restrict().status for _ in range(14)]
        most = 10 + int(time.monotonic() - start) + 1
        assert 10 <= statuses.count(200) <= most
        assert 429 in statuses


def test_an_expired_token_is_denied_until_the_next(df: Simulator, df_client: Client, week: Week) -> None:
    df.expire_restricted_tokens()
    answer = df_client.get_restricted(DF_ORDERS, **week)
    assert answer.status == 403
    assert answer.json["errors"][0]["details"] == "The access token you provided has expired."
    df_client.restrict()
    assert df_client.get_restricted(DF_ORDERS, **week).status == 200


def test_a_token_outlives_the_access_token_that_it_was_taken_with(df: Simulator, df_client: Client, week: Week) -> None:
    df.expire_access_tokens()
    assert df_client.get_restricted(DF_ORDERS, **week).status == 200
    assert df_client.restrict().status == 403


def test_tokens_are_forgotten_on_reset(df: Simulator, df_client: Client, week: Week) -> None:
    df.reset()
    assert df_client.get_restricted(DF_ORDERS, **week).status == 403


@pytest.mark.parametrize(("name", "says"), [("short_rdt", 0), ("early_rdt", 3600)])
def test_tokens_can_live_less_than_an_hour(df: Simulator, df_client: Client, week: Week, name: str, says: int) -> None:
    df.dials.set(name, 0.3)
    assert df_client.restrict().json["expiresIn"] == says
    assert df_client.get_restricted(DF_ORDERS, **week).status == 200
    time.sleep(0.35)
    assert df_client.get_restricted(DF_ORDERS, **week).status == 403


def test_a_token_can_be_over_in_the_middle_of_paging(df: Simulator, df_client: Client, week: Week) -> None:
    page = df_client.get_restricted(DF_ORDERS, **week, limit=2).json
    df.dials.set("expired_access_token", operation="getOrders", times=1)
    following = {**week, "limit": 2, "nextToken": page["pagination"]["nextToken"]}
    assert df_client.get_restricted(DF_ORDERS, **following).status == 403
    df_client.restrict()
    assert df_client.get_restricted(DF_ORDERS, **following).status == 200


def test_the_restricted_role_can_be_missing(df: Simulator, df_client: Client, week: Week) -> None:
    df.dials.set("rdt_refused")
    answer = df_client.restrict()
    assert (answer.status, answer.code) == (400, "InvalidInput")
    assert "do not have access" in answer.json["errors"][0]["message"]
    assert df_client.get_restricted(DF_ORDERS, **week).status == 200, "what was issued before goes on"


def test_a_vendor_of_retail_alone_gets_no_token_until_it_has_a_df_order(simulator: Simulator, client: Client) -> None:
    assert client.restrict().code == "InvalidInput"
    simulator.add_df_orders()
    assert client.restrict().status == 200


def test_a_vendor_may_have_the_role_and_no_order_yet(week: Week) -> None:
    with Simulator(orders=0, df_orders=0, now=NOW) as simulator:
        client = Client(simulator)
        client.login()
        assert client.restrict().status == 200
        assert client.get_restricted(DF_ORDERS, **week).json == {"orders": []}
