"""Work that was killed is finished by somebody else, with nothing lost and nothing doubled."""

import json
import random
import signal
from collections import Counter

import pytest
import truth
from hub import Hub, declared, wait_for

from amazon_simulator import Simulator

pytestmark = pytest.mark.hub

STATUSES = """
    SELECT (SELECT count(*) FROM sales_documentstatus) - (SELECT count(DISTINCT number) FROM sales_documentstatus),
           (SELECT count(*) FROM sales_statusversion) - (SELECT sum(version) FROM sales_documentstatus)
"""


@pytest.fixture
def amazon():
    with Simulator(seed=5, orders=2000, days=20, rate_limit=False) as simulator:
        yield simulator


def pages_asked(amazon: Simulator) -> Counter[tuple[tuple[str, str], ...]]:
    """How often each page was asked for."""
    asked = [request for request in amazon.requests if request.operation == "getPurchaseOrders"]
    return Counter(tuple(sorted(request.params.items())) for request in asked)


def test_a_worker_killed_at_any_moment_loses_and_doubles_nothing(hub: Hub, amazon: Simulator):
    hub.apply(declared(amazon, last="18 days"))
    amazon.dials.set("slow", 60)
    choose = random.Random(7)
    hub.command("run", "Download", "--no-wait")
    kills = 0
    for _ in range(4):
        worker = hub.start("worker")
        seen = len(amazon.requests)
        more = choose.randint(1, 6)
        wait_for(lambda seen=seen, more=more: len(amazon.requests) >= seen + more, "the worker took up the run")
        worker.send_signal(signal.SIGKILL)
        worker.wait()
        kills += 1
    amazon.dials.clear()
    hub.start("worker")
    run = wait_for(lambda: _ended(hub), "the run ended")
    assert run["state"] == "succeeded"
    numbers = [document["number"] for document in hub.documents()]
    assert len(numbers) == len(set(numbers))
    assert hub.rows(STATUSES) == [(0, 0)], "each status stands once, with the versions it counts"
    assert {one["amazon_status"] is None for one in hub.documents()} == {False}
    assert pages_asked(amazon).most_common(1)[0][1] <= 1 + kills
    assert sum(pages_asked(amazon).values()) <= len(pages_asked(amazon)) + truth.UNDER_WAY * kills, (
        "no page that was stored"
    )
    again = hub.run()
    assert (again["counts"]["created"], again["counts"]["updated"]) == (0, 0), "the run had read everything"


def _ended(hub: Hub) -> dict[str, str] | None:
    """The only run, once it has ended."""
    found = hub.run_states()
    return found[0] if found and found[0]["state"] not in ("queued", "running") else None


def test_a_second_run_of_a_connector_is_the_one_that_is_live(hub: Hub, amazon: Simulator):
    hub.apply(declared(amazon, last="18 days"))
    first = json.loads(hub.command("run", "Download", "--no-wait", "--json").stdout)
    second = json.loads(hub.command("run", "Download", "--no-wait", "--json").stdout)
    assert first["run"] == second["run"]


def test_losing_the_engines_database_loses_no_run(hub: Hub, amazon: Simulator):
    hub.apply(declared(amazon, last="18 days"))
    hub.command("run", "Download", "--no-wait")
    hub.forget_engine()
    hub.command("migrate")
    hub.start("worker")
    run = wait_for(lambda: _ended(hub), "the run ended")
    assert run["state"] == "succeeded"


@pytest.mark.once
def test_a_command_that_was_killed_leaves_a_run_that_the_next_worker_ends(hub: Hub, amazon: Simulator):
    hub.apply(declared(amazon, last="18 days"))
    amazon.dials.set("slow", 100)
    running = hub.start("run", "Download")
    wait_for(lambda: len(amazon.requests) > 3, "the run began")
    running.kill()
    running.wait()
    amazon.dials.clear()
    result = hub.run()
    assert result["state"] == "succeeded"
    assert len(hub.run_states()) == 1, "it was taken up, not begun anew"
