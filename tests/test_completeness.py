"""Whatever happened to a run, the next one ends with exactly the truth, and nobody has to know what was missed."""

import json
from datetime import timedelta

import pytest
from hub import Hub, declared

from amazon_simulator import Simulator

pytestmark = pytest.mark.hub

DAYS = 20


@pytest.fixture
def amazon():
    with Simulator(seed=11, orders=900, days=40, rate_limit=False) as simulator:
        yield simulator


def truth(amazon: Simulator) -> set[str]:
    """The numbers of all orders of the first account created or changed in the range that tests read."""
    since = amazon.now - timedelta(days=DAYS)
    return {
        order.number
        for order in amazon.orders("eu")
        if order.created >= since or (order.changed and order.changed >= since)
    }


def numbers(hub: Hub) -> list[str]:
    return sorted(document["number"] for document in hub.documents())


@pytest.mark.once
def test_what_a_broken_off_run_missed_is_read_by_the_next_one_though_its_range_is_short(hub: Hub, amazon: Simulator):
    hub.apply(declared(amazon, last=f"{DAYS} days"))
    amazon.dials.set("forbidden", operation="getPurchaseOrders", start=4)
    broken = hub.run()
    assert broken["state"] == "partial"
    assert set(numbers(hub)) < truth(amazon)
    amazon.dials.clear()
    hub.apply(declared(amazon, last="2 hours"))
    assert hub.run()["state"] == "succeeded"
    assert numbers(hub) == sorted(truth(amazon))
    again = hub.run()
    assert again["counts"]["created"] + again["counts"]["updated"] == 0


@pytest.mark.once
def test_single_orders_are_fetched_by_number_whatever_their_state_and_date(hub: Hub, amazon: Simulator):
    hub.apply(declared(amazon, last="1 hours"))
    old = [order.number for order in amazon.orders("eu") if order.created < amazon.now - timedelta(days=30)][:3]
    assert len(old) == 3
    wanted = " ".join([*old, old[0], "NOSUCHPO", "not-a-number!"])
    done = hub.command("run", "Download", "--orders", wanted, "--json")
    assert done.returncode == 1, "two of them could not be fetched"
    result = json.loads(done.stdout)
    assert (result["state"], result["counts"]["created"], result["counts"]["read"]) == ("partial", 3, 3)
    assert "NOSUCHPO" in result["errors"][0]["message"]
    assert "not-a-number!" in result["errors"][0]["message"]
    assert numbers(hub) == sorted(old)
    again = json.loads(hub.command("run", "Download", "--orders", ",".join(old), "--json").stdout)
    assert (again["state"], again["counts"]["unchanged"], again["counts"]["created"]) == ("succeeded", 3, 0)
    nothing = hub.command("run", "Download", "--orders", "  ")
    assert nothing.returncode != 0
    assert "number" in nothing.stderr
