"""Login with Amazon, and what an access token opens."""

import time

import pytest

from amazon_simulator import SECOND_REFRESH_TOKEN, Simulator
from amazon_simulator.tests.client import ORDERS, USER_AGENT, Client


def test_a_refresh_token_gives_an_access_token_for_an_hour(simulator: Simulator) -> None:
    answer = Client(simulator).login()
    assert answer.status == 200
    assert answer.json["access_token"].startswith("Atza|")
    assert answer.json["token_type"] == "bearer"
    assert answer.json["expires_in"] == 3600
    assert answer.json["refresh_token"] == "Atzr|simulator-eu"
    assert answer.headers["x-amzn-RequestId"]


@pytest.mark.parametrize(
    ("changed", "status", "error"),
    [
        ({"client_secret": "wrong"}, 401, "invalid_client"),
        ({"client_id": "wrong"}, 401, "invalid_client"),
        ({"refresh_token": "Atzr|unknown"}, 400, "invalid_grant"),
        ({"grant_type": "client_credentials"}, 400, "unsupported_grant_type"),
        ({"grant_type": ""}, 400, "invalid_request"),
        ({"refresh_token": ""}, 400, "invalid_request"),
    ],
)
def test_a_wrong_login_is_refused_as_oauth_does(
    simulator: Simulator, changed: dict[str, str], status: int, error: str
) -> None:
    answer = Client(simulator).login(**changed)
    assert answer.status == status
    assert answer.json["error"] == error
    assert answer.json["error_description"]


def test_each_account_sees_its_own_orders(simulator: Simulator, week: dict[str, str]) -> None:
    first, second = Client(simulator), Client(simulator, SECOND_REFRESH_TOKEN)
    first.login()
    second.login()
    ours, theirs = first.numbers(**week), second.numbers(**week)
    assert ours
    assert theirs
    assert not set(ours) & set(theirs)
    assert second.get(f"{ORDERS}/{ours[0]}").status == 404


def test_without_an_access_token_all_is_denied(simulator: Simulator, week: dict[str, str]) -> None:
    answer = Client(simulator).get(ORDERS, **week)
    assert (answer.status, answer.code) == (403, "Unauthorized")
    assert "x-amzn-RateLimit-Limit" not in answer.headers
    assert answer.headers["x-amzn-RequestId"]


def test_an_expired_access_token_is_denied_until_the_next_login(
    simulator: Simulator, client: Client, week: dict[str, str]
) -> None:
    simulator.expire_access_tokens()
    answer = client.get(ORDERS, **week)
    assert answer.status == 403
    assert answer.json["errors"][0]["details"] == "The access token you provided has expired."
    client.login()
    assert client.get(ORDERS, **week).status == 200


def test_access_tokens_can_be_made_short_lived(simulator: Simulator, client: Client, week: dict[str, str]) -> None:
    simulator.dials.set("short_access_token", 0.2)
    client.login()
    assert client.get(ORDERS, **week).status == 200
    time.sleep(0.25)
    assert client.get(ORDERS, **week).status == 403


def test_a_path_that_does_not_exist_is_denied(client: Client) -> None:
    assert client.get("/vendor/orders/v1/nothing").status == 403


@pytest.mark.parametrize("user_agent", ["", "Test", "Test/1.0", "T/1 (Language=x)" + " " * 500])
def test_the_user_agent_must_have_its_shape(client: Client, week: dict[str, str], user_agent: str) -> None:
    client.headers["user-agent"] = user_agent
    assert client.get(ORDERS, **week).status == 400


@pytest.mark.parametrize("user_agent", [USER_AGENT, r"My\/App/2.0 (Language=Java\/1.8; P=x)"])
def test_a_user_agent_of_the_right_shape_is_let_in(client: Client, week: dict[str, str], user_agent: str) -> None:
    client.headers["user-agent"] = user_agent
    assert client.get(ORDERS, **week).status == 200


def test_a_body_on_get_is_refused_with_html(client: Client, week: dict[str, str]) -> None:
    answer = client.send("GET", ORDERS, "body", client.headers)
    assert answer.status == 400
    assert answer.headers["Content-Type"] == "text/html"
    assert answer.body.startswith(b"<html>")
