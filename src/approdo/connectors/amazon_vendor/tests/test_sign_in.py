"""Login with Amazon: one token for many calls, and an own error for each reason of a refusal."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from amazon_simulator import Simulator
from approdo.connectors.amazon_vendor.auth import Credentials
from approdo.connectors.amazon_vendor.client import Client, client_for, identity
from approdo.connectors.amazon_vendor.operations import GET_PURCHASE_ORDERS
from approdo.connectors.amazon_vendor.tests.scripted import TOKEN, Answer, ScriptedServer
from approdo.connectors.amazon_vendor.wire.vendor_orders import Page, read_page
from approdo.sdk.connector import Context, RequestMade
from approdo.sdk.errors import ApprodoError, ConfigError, TransientError

Log = list[RequestMade]


def first_page(client: Client, log: Log) -> Page:
    return client.get(GET_PURCHASE_ORDERS, read_page, log.append)


def test_threads_share_one_sign_in(scripted: ScriptedServer, scripted_client: Callable[..., Client], log: Log) -> None:
    client = scripted_client()
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: first_page(client, log), range(4)))
    assert len(scripted.calls) == 4
    assert len(scripted.asked) == 5


def test_a_token_is_renewed_a_minute_early(
    scripted: ScriptedServer, scripted_client: Callable[..., Client], log: Log
) -> None:
    client = scripted_client()
    scripted.logins = [Answer(200, TOKEN.replace(b"3600", b"59")), Answer(200, TOKEN)]
    for _ in range(3):
        first_page(client, log)
    assert [made.operation for made in log].count("signIn") == 2


def test_a_sign_in_is_asked_for_as_oauth_says(
    scripted: ScriptedServer, scripted_client: Callable[..., Client], log: Log
) -> None:
    first_page(scripted_client(), log)
    asked = scripted.asked[0]
    assert asked.method == "POST"
    assert asked.headers["Content-Type"] == "application/x-www-form-urlencoded"
    assert asked.form == {
        "grant_type": "refresh_token",
        "refresh_token": "Atzr|test",
        "client_id": "amzn1.application-oa2-client.test",
        "client_secret": "s3cret",
    }


@pytest.mark.parametrize(
    ("fault", "code"),
    [("revoked_refresh_token", "refresh_token_refused"), ("wrong_secret", "client_refused")],
)
def test_a_refused_sign_in_is_not_repeated(
    simulator: Simulator, client: Client, log: Log, fault: str, code: str
) -> None:
    simulator.dials.set(fault)
    with pytest.raises(ConfigError) as caught:
        first_page(client, log)
    assert caught.value.code == code
    assert [made.error for made in log] == [code]


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"client_secret": "old"}, "client_refused"),
        ({"refresh_token": "Atzr|other"}, "refresh_token_refused"),
    ],
)
def test_wrong_credentials_are_told_apart(
    simulator: Simulator,
    account: str,
    settings: dict[str, Any],
    log: Log,
    changed: dict[str, str],
    code: str,
) -> None:
    with pytest.raises(ConfigError) as caught:
        first_page(Client(account, {**settings, **changed}), log)
    assert caught.value.code == code


@pytest.mark.parametrize(
    ("status", "body", "kind", "code"),
    [
        (400, b'{"error":"unauthorized_client"}', ConfigError, "application_not_authorised"),
        (400, b'{"error":"invalid_scope"}', ConfigError, "sign_in_refused"),
        (404, b"<html>", ConfigError, "sign_in_address_wrong"),
        (400, b'{"error":"temporarily_unavailable"}', TransientError, "sign_in_unavailable"),
        (429, b"", TransientError, "sign_in_unavailable"),
        (503, b"<html>", TransientError, "sign_in_unavailable"),
        (200, b"<html>", TransientError, "sign_in_unreadable"),
        (200, b"{}", TransientError, "sign_in_unreadable"),
        (403, b"<html>", TransientError, "sign_in_unreadable"),
    ],
)
def test_every_answer_to_a_sign_in_has_its_error(
    scripted: ScriptedServer,
    scripted_client: Callable[..., Client],
    log: Log,
    status: int,
    body: bytes,
    kind: type[ApprodoError],
    code: str,
) -> None:
    scripted.logins = [Answer(status, body)]
    with pytest.raises(kind) as caught:
        first_page(scripted_client(), log)
    assert caught.value.code == code
    assert scripted.calls == []


def test_a_passing_failure_to_sign_in_is_survived(
    scripted: ScriptedServer, scripted_client: Callable[..., Client], log: Log
) -> None:
    scripted.logins = [Answer(500, b""), Answer(200, b"{"), Answer(200, TOKEN)]
    first_page(scripted_client(), log)
    assert [made.error for made in log] == ["sign_in_unavailable", "sign_in_unreadable", "", ""]


def test_a_process_has_one_client_per_account_until_its_secrets_change(account: str, scripted: ScriptedServer) -> None:
    context = Context(account=account, settings=scripted.settings)
    replaced = Context(account=account, settings={**scripted.settings, "client_secret": "new"})
    client = client_for(context)
    assert client_for(context) is client
    assert client_for(replaced) is not client


def test_two_nodes_for_one_account_have_one_identity(scripted: ScriptedServer) -> None:
    settings = scripted.settings
    assert identity(settings) == identity({**settings, "client_secret": "new", "sandbox": False})
    assert identity(settings) != identity({**settings, "refresh_token": "Atzr|other"})
    assert settings["refresh_token"] not in identity(settings)


def test_credentials_do_not_show_themselves() -> None:
    assert "s3cret" not in repr(Credentials("id", "s3cret", "token"))
