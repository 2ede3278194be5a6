"""Test connection: each operation by itself, nothing posted, reason and next step named."""

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import pytest
from msgspec.structs import replace

from amazon_simulator import Simulator
from approdo.connectors import node_type
from approdo.connectors.amazon_vendor.check import check
from approdo.connectors.amazon_vendor.tests.scripted import Answer, ScriptedServer
from approdo.sdk.connector import CheckResult, Context, Outcome, RequestMade

EMPTY = b'{"payload":{"orders":[],"ordersStatus":[]}}'


def said(results: list[CheckResult]) -> list[tuple[str, str, str]]:
    return [(result.subject, str(result.outcome), result.code) for result in results]


def test_good_settings_work_with_one_attempt_per_operation(
    simulator: Simulator, context: Context, log: list[RequestMade]
) -> None:
    simulator.add_orders(1)
    assert said(check(context)) == [
        ("Login with Amazon", "works", "signed_in"),
        ("getPurchaseOrders", "works", "operation_works"),
        ("getPurchaseOrder", "works", "operation_works"),
        ("getPurchaseOrdersStatus", "works", "operation_works"),
        ("Direct Fulfillment getOrders", "not_granted", "direct_fulfillment_refused"),
    ]
    assert [made.operation for made in log] == [
        "signIn",
        "getPurchaseOrders",
        "getPurchaseOrder",
        "getPurchaseOrdersStatus",
        "createRestrictedDataToken",
    ]
    assert not simulator.unknown_parameters


def test_a_vendor_of_direct_fulfillment_sees_that_it_works(simulator: Simulator, context: Context) -> None:
    simulator.add_df_orders(1)
    assert said(check(context))[4] == ("Direct Fulfillment getOrders", "works", "operation_works")


def test_what_direct_fulfillment_lacks_names_the_restricted_role(simulator: Simulator, context: Context) -> None:
    refused = check(context)[4]
    sentence = node_type("amazon_vendor").sentences[refused.code]
    assert "Only Direct Fulfillment needs it" in sentence.message.format_map(refused.params)
    assert "Direct-to-Consumer Shipping (Restricted)" in sentence.hint
    assert "new refresh token" in sentence.hint


def test_a_refused_operation_says_which_role_may_be_missing(simulator: Simulator, context: Context) -> None:
    simulator.dials.set("forbidden", operation="getPurchaseOrdersStatus")
    results = check(context)
    assert [result.outcome for result in results[:3]] == [Outcome.WORKS] * 3
    assert results[3].outcome is Outcome.REFUSED
    sentence = node_type("amazon_vendor").sentences[results[3].code]
    assert "getPurchaseOrdersStatus" in sentence.message.format_map(results[3].params)
    assert "Amazon Fulfillment" in sentence.hint
    assert "new refresh token" in sentence.hint


def test_without_a_recent_order_the_single_one_is_not_tried(account: str, scripted: ScriptedServer) -> None:
    scripted.answers = [Answer(200, EMPTY)]
    results = check(Context(account=account, settings=scripted.settings))
    assert said(results)[2] == ("getPurchaseOrder", "not_tried", "no_recent_order")
    assert not any("purchaseOrders/" in call.path for call in scripted.calls)


def test_an_order_that_amazon_lists_and_does_not_find_proves_access(
    simulator: Simulator, account: str, scripted: ScriptedServer
) -> None:
    listed = b'{"payload":{"orders":[{"purchaseOrderNumber":"2JK3S9VC"}],"ordersStatus":[]}}'
    scripted.answers = [Answer(200, listed), Answer(404, b""), Answer(200, listed)]
    results = check(Context(account=account, settings=scripted.settings))
    assert [result.outcome for result in results[:4]] == [Outcome.WORKS] * 4


@pytest.mark.parametrize(
    ("changed", "outcome", "code"),
    [
        ({"client_secret": "wrong"}, "refused", "client_refused"),
        ({"refresh_token": "wrong"}, "refused", "refresh_token_refused"),
        ({"token_url": "http://127.0.0.1:9/token"}, "unreachable", "unreachable"),
    ],
)
def test_where_signing_in_fails_the_operations_are_not_tried(
    context: Context,
    settings: dict[str, Any],
    log: list[RequestMade],
    changed: dict[str, str],
    outcome: str,
    code: str,
) -> None:
    results = check(replace(context, settings={**settings, **changed}))
    assert said(results)[0] == ("Login with Amazon", outcome, code)
    assert [result.code for result in results[1:]] == ["not_signed_in"] * 4
    assert len(log) == 1


def test_an_outage_is_one_attempt_and_no_refusal(account: str, scripted: ScriptedServer) -> None:
    scripted.answers = [Answer(503, b"<html>")]
    results = check(Context(account=account, settings=scripted.settings))
    assert results[1].outcome is Outcome.UNREACHABLE
    assert len({call.path for call in scripted.calls}) == len(scripted.calls) == 3


@pytest.mark.parametrize(("minutes", "codes"), [(10, ["clock_behind"]), (-10, ["clock_ahead"]), (1, [])])
def test_a_clock_that_is_off_is_noticed(account: str, scripted: ScriptedServer, minutes: int, codes: list[str]) -> None:
    theirs = datetime.now(UTC) + timedelta(minutes=minutes)
    date = {"Date": format_datetime(theirs, usegmt=True)}
    scripted.answers = [Answer(200, EMPTY, date)]
    results = check(Context(account=account, settings=scripted.settings))
    assert [r.code for r in results if r.outcome is Outcome.WARNING] == codes


@pytest.mark.parametrize(("age", "codes"), [(149, []), (150, ["secret_expires"]), (180, ["secret_expired"])])
def test_an_old_client_secret_is_warned_of(
    simulator: Simulator, context: Context, settings: dict[str, Any], age: int, codes: list[str]
) -> None:
    issued = (datetime.now(UTC).date() - timedelta(days=age)).isoformat()
    results = check(replace(context, settings={**settings, "client_secret_issued": issued}))
    assert [r.code for r in results if r.outcome is Outcome.WARNING] == codes
