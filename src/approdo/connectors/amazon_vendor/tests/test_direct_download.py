"""Direct Fulfillment orders over HTTP: restricted data tokens, pages, windows, single orders."""

from collections import Counter
from datetime import timedelta
from typing import Any

import pytest
from msgspec.structs import replace

from amazon_simulator import Account, Simulator
from approdo.connectors.amazon_vendor import client as clients
from approdo.connectors.amazon_vendor.client import Client
from approdo.connectors.amazon_vendor.download_orders import fetch, plan, scans, states, step
from approdo.connectors.amazon_vendor.operations import CREATE_RESTRICTED_TOKEN, GET_DIRECT_ORDERS
from approdo.connectors.amazon_vendor.programs import DIRECT_FULFILLMENT
from approdo.connectors.amazon_vendor.tests.quick import QUICK, at_once
from approdo.sdk.connector import Context, RequestMade, Scan, Span
from approdo.sdk.errors import ConfigError, RefusedError

pytestmark = pytest.mark.once

OPTIONS = {"type": DIRECT_FULFILLMENT.name, "states": list(DIRECT_FULFILLMENT.states)}


@pytest.fixture
def amazon():
    account = Account("df", "Atzr|df", ("ROSIT", "ROSDE"), orders=0, df_orders=350)
    with Simulator(seed=5, days=15, accounts=[account], rate_limit=False) as simulator:
        yield simulator


@pytest.fixture
def direct(amazon: Simulator, account: str, log: list[RequestMade], monkeypatch: pytest.MonkeyPatch) -> Context:
    """What the connector sees, with a client that does not wait long."""
    (one,) = amazon.accounts
    settings: dict[str, Any] = {
        "region": "custom",
        "api_url": amazon.url,
        "token_url": amazon.token_url,
        "client_id": one.client_id,
        "client_secret": one.client_secret,
        "refresh_token": one.refresh_token,
    }
    made = Context(account=account, settings=settings, options=OPTIONS, record=log.append)
    clients.client_for(made)
    known, _ = clients._clients[account]
    monkeypatch.setitem(clients._clients, account, (known, Client(account, settings, QUICK, at_once)))
    return made


def read_all(direct: Context, amazon: Simulator, days: int = 20) -> dict[str, str]:
    """Number and state of all that a range brings."""
    span = Span(Scan.CREATED, amazon.now - timedelta(days=days), amazon.now)
    found = {}
    for window in plan(OPTIONS, [span], amazon.now):
        token: str | None = None
        while True:
            batch, token = step(direct, window, token)
            found.update({one.number: one.state for one in map(batch.decode, (r.raw for r in batch.documents))})
            if token is None:
                break
    return found


def truth(amazon: Simulator) -> dict[str, str]:
    return {order.number: order.state.lower() for order in amazon.df_orders()}


def operations(log: list[RequestMade]) -> Counter[str]:
    return Counter(made.operation for made in log)


def test_every_order_comes_with_one_restricted_token_for_all_of_them(direct, amazon, log):
    assert read_all(direct, amazon) == truth(amazon)
    assert len(truth(amazon)) == 350
    made = operations(log)
    assert (made["signIn"], made["createRestrictedDataToken"]) == (1, 1)
    assert made["getOrders"] > 4
    number = next(iter(truth(amazon)))
    assert fetch(direct, number).documents[0].number == number
    assert operations(log)["createRestrictedDataToken"] == 1, "the token is for single orders too"
    assert not amazon.unknown_parameters


@pytest.mark.parametrize("expire", ["restricted", "access", "both"])
def test_a_token_that_is_over_before_its_time_is_renewed_once_and_nothing_is_lost(direct, amazon, log, expire):
    read_all(direct, amazon)
    log.clear()
    if expire in ("restricted", "both"):
        amazon.expire_restricted_tokens()
    if expire in ("access", "both"):
        amazon.expire_access_tokens()
    assert read_all(direct, amazon) == truth(amazon)
    assert operations(log)["createRestrictedDataToken"] <= 2


def test_a_short_lived_token_is_asked_for_again(direct, amazon, log):
    amazon.dials.set("short_rdt", 2)
    assert read_all(direct, amazon) == truth(amazon)
    made = operations(log)
    assert made["createRestrictedDataToken"] == made["getOrders"], "one that lives less than a minute is not kept"


def test_a_missing_role_is_said_and_not_tried_again_and_again(direct, amazon, log):
    amazon.dials.set("rdt_refused")
    with pytest.raises(ConfigError, match="restricted_role_missing") as refused:
        read_all(direct, amazon)
    assert "do not have access" in refused.value.params["amazon_message"]
    assert operations(log)["createRestrictedDataToken"] == 1


def test_a_refused_listing_is_tried_once_more_with_a_fresh_token(direct, amazon, log):
    amazon.dials.set("forbidden", operation="getOrders")
    with pytest.raises(ConfigError, match="restricted_access_refused"):
        read_all(direct, amazon)
    assert operations(log)["getOrders"] == 2


def test_an_order_that_is_not_there_is_said(direct):
    with pytest.raises(RefusedError, match="order_not_found"):
        fetch(direct, "NoSuchOne")


def test_retail_never_sees_a_restricted_token(direct, amazon, log):
    amazon.add_orders(1, placed=amazon.now - timedelta(hours=1))
    retail = replace(direct, options={"type": "vendor_retail"})
    span = Span(Scan.CREATED, amazon.now - timedelta(days=1), amazon.now)
    (window,) = plan({}, [span], amazon.now)
    assert len(step(retail, window, None)[0].documents) == 1
    assert operations(log)["createRestrictedDataToken"] == 0


def test_the_program_decides_dates_and_states():
    assert scans(OPTIONS) == {Scan.CREATED}
    assert scans({"type": "vendor_retail"}) == {Scan.CREATED, Scan.CHANGED}
    assert states(OPTIONS) == frozenset()
    assert states({**OPTIONS, "states": ["new", "accepted"]}) == {"new", "accepted"}


def test_restricted_tokens_have_their_own_rate_and_the_listing_is_restricted():
    assert (CREATE_RESTRICTED_TOKEN.rate.per_second, CREATE_RESTRICTED_TOKEN.rate.burst) == (1, 10)
    assert GET_DIRECT_ORDERS.restricted
