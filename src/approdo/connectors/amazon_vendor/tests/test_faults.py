"""Each fault is caused for real over HTTP: survived, or an error; never an empty page."""

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from msgspec.structs import replace

from amazon_simulator import Simulator
from approdo.connectors.amazon_vendor import throttle
from approdo.connectors.amazon_vendor.client import Client
from approdo.connectors.amazon_vendor.operations import GET_PURCHASE_ORDERS, Rate
from approdo.connectors.amazon_vendor.tests.quick import QUICK
from approdo.connectors.amazon_vendor.tests.scripted import Answer, ScriptedServer
from approdo.connectors.amazon_vendor.wire.vendor_orders import Page, read_page
from approdo.sdk.connector import RequestMade
from approdo.sdk.errors import ApprodoError, ConfigError, RefusedError, TransientError

Log = list[RequestMade]
NAME = GET_PURCHASE_ORDERS.name


def page_of(client: Client, log: Log, **changed: str) -> Page:
    now = datetime.now(UTC)
    query = {
        "createdAfter": f"{now - timedelta(days=6):%Y-%m-%dT%H:%M:%SZ}",
        "createdBefore": f"{now:%Y-%m-%dT%H:%M:%SZ}",
        "limit": "10",
        **changed,
    }
    return client.get(GET_PURCHASE_ORDERS, read_page, log.append, query=query)


PASSING_FAULTS = [
    ("http_502_html", "amazon_unavailable", 502),
    ("http_503_empty", "amazon_unavailable", 503),
    ("http_500", "amazon_unavailable", 500),
    ("not_json", "unreadable_answer", 200),
    ("ok_without_orders", "unreadable_answer", 200),
    ("ok_null_payload", "unreadable_answer", 200),
    ("throttle", "throttled", 429),
    ("reset", "unreachable", None),
    ("cut_body", "unreachable", None),
]


@pytest.mark.parametrize(("fault", "code", "status"), PASSING_FAULTS)
def test_a_fault_that_passes_is_survived_and_recorded(
    simulator: Simulator, client: Client, log: Log, fault: str, code: str, status: int | None
) -> None:
    simulator.dials.set(fault, operation=NAME, times=2)
    assert len(page_of(client, log).orders) == 10
    calls = [made for made in log if made.operation == NAME]
    assert [made.error for made in calls] == [code, code, ""]
    assert [made.status for made in calls] == [status, status, 200]
    assert [made.attempt for made in calls] == [1, 2, 3]
    assert calls[-1].request_id


@pytest.mark.parametrize(("fault", "code", "status"), PASSING_FAULTS)
def test_a_fault_that_lasts_is_an_error_and_no_empty_page(
    simulator: Simulator, client: Client, log: Log, fault: str, code: str, status: int | None
) -> None:
    simulator.dials.set(fault, operation=NAME)
    with pytest.raises(TransientError) as caught:
        page_of(client, log)
    assert caught.value.code == code
    assert len([made for made in log if made.operation == NAME]) == QUICK.attempts


def test_silence_is_given_up_in_time(simulator: Simulator, account: str, settings: dict[str, Any], log: Log) -> None:
    simulator.dials.set("hang", 5, operation=NAME)
    impatient = Client(account, settings, replace(QUICK, attempts=2, answer=0.3))
    started = time.monotonic()
    with pytest.raises(TransientError, match="unreachable") as caught:
        page_of(impatient, log)
    assert caught.value.params["reason"] == "ReadTimeout"
    assert time.monotonic() - started < 3


def test_a_spurious_400_is_tried_twice_more(simulator: Simulator, client: Client, log: Log) -> None:
    token = page_of(client, log).next_token
    assert token
    simulator.dials.set("spurious_400", times=2)
    assert page_of(client, log, nextToken=token).orders
    simulator.dials.set("spurious_400", times=3)
    with pytest.raises(RefusedError) as caught:
        page_of(client, log, nextToken=token)
    assert caught.value.code == "request_refused"
    assert caught.value.params["amazon_code"] == "InvalidInput"


def test_an_expired_token_is_renewed_once_and_the_call_repeated(simulator: Simulator, client: Client, log: Log) -> None:
    page_of(client, log)
    simulator.expire_access_tokens()
    assert page_of(client, log).orders
    assert [made.operation for made in log] == ["signIn", NAME, NAME, "signIn", NAME]
    assert [made.error for made in log] == ["", "", "access_refused", "", ""]


def test_a_missing_role_is_a_matter_of_settings_after_one_fresh_token(
    simulator: Simulator, client: Client, log: Log
) -> None:
    simulator.dials.set("forbidden", operation=NAME)
    with pytest.raises(ConfigError) as caught:
        page_of(client, log)
    assert caught.value.code == "access_refused"
    assert caught.value.params["status"] == 403
    assert [made.operation for made in log] == ["signIn", NAME, "signIn", NAME]


def test_a_page_may_be_empty_and_still_have_a_next_one(simulator: Simulator, client: Client, log: Log) -> None:
    simulator.dials.set("empty_page_with_token", times=1)
    page = page_of(client, log)
    assert page.orders == ()
    assert page.next_token


def test_a_well_formed_empty_list_is_a_page(
    scripted: ScriptedServer, scripted_client: Callable[..., Client], log: Log
) -> None:
    assert page_of(scripted_client(), log) == Page(orders=(), next_token=None)


BROKEN_PAGES = {
    "cut JSON of the stated length": b'{"payload":{"orders":[{"purchaseOrderNumber":"A',
    "nothing": b"",
    "HTML": b"<html><body>Service notice</body></html>",
    "null": b"null",
    "a list": b"[]",
    "no payload": b"{}",
    "a null list": b'{"payload":{"orders":null}}',
    "an object for the list": b'{"payload":{"orders":{}}}',
    "errors beside an empty list": b'{"payload":{"orders":[]},"errors":[{"code":"X"}]}',
    "a token that is no text": b'{"payload":{"orders":[],"pagination":{"nextToken":7}}}',
    "no text at all": b"\xff\xfe\x00",
    "nesting without end": b'{"payload":{"orders":[],"x":' + b"[" * 100_000 + b"]" * 100_000 + b"}}",
}


@pytest.mark.parametrize("body", BROKEN_PAGES.values(), ids=BROKEN_PAGES.keys())
def test_what_is_no_page_is_asked_for_again_and_is_an_error_in_the_end(
    scripted: ScriptedServer, scripted_client: Callable[..., Client], log: Log, body: bytes
) -> None:
    scripted.answers = [Answer(200, body)]
    with pytest.raises(TransientError) as caught:
        page_of(scripted_client(), log)
    assert caught.value.code == "unreadable_answer"
    assert len(scripted.calls) == QUICK.attempts


@pytest.mark.parametrize(
    ("status", "kind", "code"),
    [
        (204, TransientError, "unexpected_status"),
        (302, TransientError, "unexpected_status"),
        (400, RefusedError, "request_refused"),
        (401, ConfigError, "access_refused"),
        (404, RefusedError, "not_found"),
        (408, TransientError, "amazon_unavailable"),
        (413, RefusedError, "request_too_large"),
        (418, RefusedError, "request_refused"),
        (504, TransientError, "amazon_unavailable"),
        (599, TransientError, "amazon_unavailable"),
    ],
)
def test_every_other_status_has_its_error_whatever_the_body(
    scripted: ScriptedServer,
    scripted_client: Callable[..., Client],
    log: Log,
    status: int,
    kind: type[ApprodoError],
    code: str,
) -> None:
    body = b"" if status == 204 else b"<html>no</html>"
    scripted.answers = [Answer(status, body, {"Location": scripted.url})]
    with pytest.raises(kind) as caught:
        page_of(scripted_client(), log)
    assert caught.value.code == code
    assert caught.value.params["status"] == status
    assert caught.value.params["request_id"] == "request-1"


def test_retry_after_is_honoured_and_capped(
    scripted: ScriptedServer, scripted_client: Callable[..., Client], log: Log
) -> None:
    scripted.answers = [
        Answer(429, b"", {"Retry-After": "1"}),
        Answer(503, b"", {"Retry-After": "3600"}),
        Answer(429, b"", {"Retry-After": "Wed, 21 Oct 2015 07:28:00 GMT"}),
        Answer(),
    ]
    policy = replace(QUICK, longest_wait=1.2)
    started = time.monotonic()
    page_of(scripted_client(policy), log)
    assert 2.1 < time.monotonic() - started < 4


def test_a_storm_of_throttling_is_waited_out(
    scripted: ScriptedServer, scripted_client: Callable[..., Client], log: Log
) -> None:
    throttled = Answer(429, b'{"errors":[{"code":"QuotaExceeded","message":null}]}')
    scripted.answers = [throttled] * 6 + [Answer()]
    page_of(scripted_client(replace(QUICK, attempts=8)), log)
    assert [made.status for made in log if made.operation == NAME] == [429] * 6 + [200]


def test_a_host_that_is_not_there_is_unreachable(scripted_client: Callable[..., Client], log: Log) -> None:
    lost = scripted_client(api_url="http://127.0.0.1:9")
    with pytest.raises(TransientError) as caught:
        page_of(lost, log)
    assert caught.value.code == "unreachable"
    assert caught.value.params == {"host": "127.0.0.1:9", "reason": "ConnectError"}


def test_no_secret_is_recorded_or_named_in_an_error(
    scripted: ScriptedServer, scripted_client: Callable[..., Client], log: Log
) -> None:
    scripted.answers = [Answer(400, b'{"errors":[{"code":"InvalidInput","message":"no"}]}')]
    with pytest.raises(RefusedError) as caught:
        page_of(scripted_client(), log)
    said = repr(log) + repr(caught.value)
    for secret in ("s3cret", "Atzr|test", "Atza|scripted"):
        assert secret not in said


def test_calls_keep_to_the_published_rate_from_an_empty_bucket(
    scripted: ScriptedServer, scripted_client: Callable[..., Client], log: Log
) -> None:
    client = scripted_client(wait=throttle.wait)
    started = time.monotonic()
    for _ in range(12):
        page_of(client, log)
    assert 1.0 < time.monotonic() - started < 3


@pytest.mark.parametrize(
    ("header", "expected"),
    [("20.0", 20.0), ("0.5", 0.5), ("10", 10.0), ("nonsense", 10.0), ("-1", 10.0), ("nan", 10.0), ("", 10.0)],
)
def test_the_rate_that_amazon_says_it_grants_is_kept_to(
    scripted: ScriptedServer, scripted_client: Callable[..., Client], header: str, expected: float
) -> None:
    scripted.answers = [Answer(headers={"x-amzn-RateLimit-Limit": header})]
    turns: list[Rate] = []
    client = scripted_client(wait=lambda _account, _bucket, rate: turns.append(rate))
    for _ in range(2):
        client.get(GET_PURCHASE_ORDERS, read_page, lambda _made: None)
    assert [(rate.per_second, rate.burst) for rate in turns] == [(10, 10), (expected, 10)]


def test_a_bucket_fills_at_the_rate_it_was_given() -> None:
    started = time.monotonic()
    for _ in range(4):
        throttle.wait("a slow account", "bucket", Rate(per_second=12.5, burst=10))
    assert 0.3 <= time.monotonic() - started < 2.0
