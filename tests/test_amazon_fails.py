"""Every fault of Amazon's: the run that suffers says so and proves nothing, the next one ends with exactly the truth."""

from functools import partial

import pytest
import reading
from django.core.exceptions import ValidationError
from hub import wait_for_next_second

from amazon_simulator import LATER_REFRESH_TOKEN, Simulator
from approdo import processes
from approdo.connectors.amazon_vendor import client
from approdo.connectors.amazon_vendor.tests.quick import QUICK
from approdo.exchanges.models import RunNote

pytestmark = pytest.mark.django_db

ORDERS = {"operation": "getPurchaseOrders"}


@pytest.fixture
def amazon():
    with Simulator(seed=8, orders=60, days=20, rate_limit=False) as simulator:
        yield simulator


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    """The same client, with shorter waits."""
    monkeypatch.setattr(client, "Client", partial(client.Client, policy=QUICK, wait=lambda *_: None))
    client._clients.clear()


@pytest.fixture
def reader(amazon: Simulator):
    """A connector that has read everything once, before more happened than one page holds."""
    made = reading.connector(amazon)
    assert reading.read(made).state == "succeeded"
    amazon.add_orders(150)
    for order in amazon.orders("eu")[:5]:
        amazon.change_order(order.number, quantities={"1": 7}, state="Closed")
    wait_for_next_second()
    return made


# Dial, its value and aim, and the error of the run.
LASTING = {
    "expired access tokens": ("expired_access_token", ORDERS, "access_refused"),
    "a revoked refresh token": ("revoked_refresh_token", {}, "refresh_token_refused"),
    "a wrong secret": ("wrong_secret", {}, "client_refused"),
    "a missing role": ("forbidden", ORDERS, "access_refused"),
    "a storm of 429": ("throttle", ORDERS, "throttled"),
    "a login that is throttled": ("throttle", {"operation": "token"}, "sign_in_unavailable"),
    "silence": ("hang", {"value": 0.1, **ORDERS}, "unreachable"),
    "a reset": ("reset", ORDERS, "unreachable"),
    "a body cut short": ("cut_body", ORDERS, "unreachable"),
    "a gateway's page": ("http_502_html", ORDERS, "amazon_unavailable"),
    "nothing": ("http_503_empty", ORDERS, "amazon_unavailable"),
    "an internal failure": ("http_500", ORDERS, "amazon_unavailable"),
    "HTML for JSON": ("not_json", ORDERS, "unreadable_answer"),
    "no list": ("ok_without_orders", {}, "unreadable_answer"),
    "no payload": ("ok_null_payload", {}, "unreadable_answer"),
}


@pytest.mark.once
@pytest.mark.parametrize(("dial", "aim", "code"), LASTING.values(), ids=LASTING.keys())
def test_a_fault_that_lasts_fails_the_run_moves_no_coverage_and_costs_nothing(
    amazon: Simulator, reader, dial: str, aim: dict, code: str
):
    before = reading.proven(reader.node)
    amazon.expire_access_tokens()
    amazon.dials.set(dial, **aim)
    suffered = reading.read(reader)
    assert (suffered.state, suffered.error_code) == ("failed", code)
    assert reading.proven(reader.node) == before
    _is_made_good(amazon, reader, before)


ON_LATER_PAGES = {
    "a spurious 400 in the middle": ("spurious_400", "page_token_refused"),
    "a page that names itself": ("repeat_token", "repeated_page_token"),
}


@pytest.mark.parametrize(("dial", "code"), ON_LATER_PAGES.values(), ids=ON_LATER_PAGES.keys())
def test_a_fault_on_a_later_page_leaves_its_window_open(amazon: Simulator, reader, dial: str, code: str):
    before = reading.proven(reader.node)
    amazon.dials.set(dial)
    suffered = reading.read(reader)
    assert (suffered.state, suffered.error_code) == ("partial", code)
    assert reading.proven(reader.node)["created"] == before["created"]
    _is_made_good(amazon, reader, before)


def test_pages_without_end_are_given_up(amazon: Simulator, reader, monkeypatch):
    before = reading.proven(reader.node)
    monkeypatch.setattr(processes.reading, "MOST_PAGES", 5)
    amazon.dials.set("empty_page_with_token")
    suffered = reading.read(reader)
    assert suffered.error_code == "endless_pages"
    assert reading.proven(reader.node) == before
    _is_made_good(amazon, reader, before)


PASSING = {
    "expired access tokens": ("expired_access_token", {"times": 1, "start": 2, **ORDERS}),
    "a storm of 429 that ends": ("throttle", {"times": 3, **ORDERS}),
    "two spurious 400": ("spurious_400", {"times": 2}),
    "a refused page token": ("spurious_400", {"times": 3}),
    "tokens on empty pages": ("empty_page_with_token", {"times": 3}),
    "silence once": ("hang", {"value": 0.1, "times": 1, **ORDERS}),
    "a reset in the middle": ("reset", {"times": 2, "start": 2, **ORDERS}),
    "orders twice": ("repeat_orders", {}),
    "orders from outside the window": ("leak_outside_window", {}),
    "orders from outside the filter": ("leak_outside_filter", {}),
}


@pytest.mark.once
@pytest.mark.parametrize(("dial", "aim"), PASSING.values(), ids=PASSING.keys())
def test_a_fault_that_passes_is_survived_by_the_same_run(amazon: Simulator, reader, dial: str, aim: dict):
    before = reading.proven(reader.node)
    amazon.dials.set(dial, **aim)
    _is_made_good(amazon, reader, before, clear=False)


def test_a_role_lost_in_the_middle_keeps_what_was_stored_and_says_what_is_missing(amazon: Simulator, reader):
    before = reading.proven(reader.node)
    amazon.dials.set("forbidden", start=2, **ORDERS)
    suffered = reading.read(reader)
    assert (suffered.state, suffered.error_code) == ("partial", "access_refused")
    assert reading.proven(reader.node) == before, "the first window has a second page"
    _is_made_good(amazon, reader, before)


def test_two_nodes_for_one_account_each_hold_the_truth_though_they_share_its_quota(amazon: Simulator, reader):
    amazon.set_rate_limit((200.0, 3))
    other = reading.connector(amazon, "Again", refresh_token=LATER_REFRESH_TOKEN)
    with pytest.raises(ValidationError):
        reading.connector(amazon, "The same token")
    runs = [reading.read(one) for one in (other, reader)]
    assert [run.state for run in runs] == ["succeeded", "succeeded"]
    for node in (other.node, reader.node):
        assert reading.held(node) == reading.expected(amazon)


def _is_made_good(amazon: Simulator, reader, before, *, clear: bool = True) -> None:
    if clear:
        amazon.dials.clear()
    run = reading.read(reader)
    assert (run.state, run.error_code) == ("succeeded", ""), list(RunNote.objects.filter(run=run.pk))
    assert reading.held(reader.node) == reading.expected(amazon)
    after = reading.proven(reader.node)
    assert {scan: len(parts) for scan, parts in after.items()} == {"created": 1, "changed": 1}, "no gap is left"
    assert all(after[scan][0].end > before[scan][0].end for scan in after)
