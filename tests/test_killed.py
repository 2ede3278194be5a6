"""A worker that is killed at any instruction, at the worst ones, or together with the machine's power."""

import json
import random
import time

import pytest
import truth
from hub import Hub, declared, wait_for, wait_for_next_second
from nursery import KILLED, Nursery

from amazon_simulator import Simulator

pytestmark = pytest.mark.hub

DAYS = 18
KILLING_SECONDS = 15.0


@pytest.fixture
def amazon():
    with Simulator(seed=5, orders=250, days=40, rate_limit=False) as simulator:
        yield simulator


@pytest.fixture
def worker(hub: Hub) -> Nursery:
    return Nursery(hub)


def check_truth(hub: Hub, amazon: Simulator) -> None:
    truth.check(hub, amazon, DAYS)
    assert truth.live(hub) == []


def test_a_worker_killed_at_any_instruction_leaves_the_truth_to_the_next(hub: Hub, amazon: Simulator, worker):
    hub.apply(declared(amazon, last=f"{DAYS} days"))
    choose = random.Random(20)
    endings: list[int] = []
    until = time.monotonic() + KILLING_SECONDS
    while time.monotonic() < until:
        endings.append(worker(ask=True, die={"line": int(10 ** choose.uniform(1.5, 4.3))}))
        if not truth.live(hub):
            check_truth(hub, amazon)
            _something_happens(amazon, choose)
    assert endings.count(KILLED) > 3
    assert set(endings) <= {0, KILLED}
    assert worker() == 0
    check_truth(hub, amazon)
    assert {state for (state,) in hub.rows("SELECT state FROM processes_run")} == {"succeeded"}
    assert hub.rows("SELECT count(*) FROM exchanges_windowread WHERE NOT complete") == [(0,)]


WORST_MOMENTS = [
    ("runs.ask_engine", "call", 1),  # asked for, the engine does not know
    ("planning.write_windows", "return", 1),  # planned, not committed
    ("workflows._plan", "return", 1),  # committed, the engine does not know
    ("intake.take_page", "call", 2),  # fetched, not stored
    ("rows.write_documents", "return", 1),  # documents without lines
    ("rows.write_versions", "return", 1),  # written, not counted
    ("intake._count", "return", 1),  # counted, not committed
    ("reading._take", "return", 1),  # committed, the next page on its way
    ("workflows._finish", "return", 1),  # ended, the engine does not know
    ("engine.close", "call", 1),
]


def test_a_worker_killed_at_the_worst_moments_loses_and_doubles_nothing(hub: Hub, amazon: Simulator, worker):
    hub.apply(declared(amazon, last=f"{DAYS} days"))
    choose = random.Random(3)
    for number, (function, event, times) in enumerate(WORST_MOMENTS, 1):
        _something_happens(amazon, choose)
        assert worker(ask=True, die={"function": function, "event": event, "times": times}) == KILLED, function
        assert worker() == 0
        assert hub.run_states()[0] == {"run": number, "state": "succeeded"}, function
        check_truth(hub, amazon)
    assert hub.rows("SELECT count(*) FROM exchanges_windowread WHERE NOT complete") == [(0,)]
    assert sum_of_created(hub) == len(truth.held(hub)), "each is counted once"


def sum_of_created(hub: Hub) -> int:
    return int(hub.rows("SELECT sum(created) FROM exchanges_windowread WHERE scan IN ('created', 'changed')")[0][0])


def test_two_workers_share_the_runs_and_each_page_is_read_once(hub: Hub, amazon: Simulator):
    hub.apply(declared(amazon, last=f"{DAYS} days"))
    amazon.dials.set("slow", 1000)
    workers = [hub.start("worker") for _ in range(2)]
    runs = {hub.start("run", "Download", "--no-wait", "--json") for _ in range(3)}
    assert {json.loads(started.communicate()[0])["run"] for started in runs} == {1}, "one run, whoever asks"
    amazon.dials.clear()
    wait_for(lambda: not truth.live(hub), "the run ended")
    assert all(one.poll() is None for one in workers)
    check_truth(hub, amazon)
    pages = [tuple(asked.params.items()) for asked in amazon.requests if asked.operation == "getPurchaseOrders"]
    assert len(pages) == len(set(pages))


def _something_happens(amazon: Simulator, choose: random.Random) -> None:
    """Amazon places and changes orders, before the second in which the next run ends its windows."""
    amazon.add_orders(choose.randint(1, 30))
    for order in choose.sample(amazon.orders("eu")[-200:], 10):
        amazon.change_order(order.number, quantities={"1": choose.randint(0, 500)})
    wait_for_next_second()
