"""Procedures with real workers: due once whoever asks, on to the next connector, whatever dies in between."""

import signal

import pytest
import truth
from hub import Hub, declared, wait_for
from nursery import KILLED, Nursery

from amazon_simulator import SECOND_REFRESH_TOKEN, Simulator

pytestmark = pytest.mark.hub

RUNS = "SELECT state, due_at IS NOT NULL FROM processes_run WHERE procedure_name = 'Both' ORDER BY id"
PARTS = "SELECT connector_name, state FROM processes_run WHERE procedure_name = '' ORDER BY id"
DAYS = 18
DUE = "SELECT procedure_name, due_at, state FROM processes_run WHERE procedure_name <> '' ORDER BY procedure_name"
ENDED = "SELECT connector_name, state FROM processes_run WHERE procedure_name = '' ORDER BY connector_name"

KILLED_AT = [
    ("starting._write", "return", False),  # all is written, nothing committed
    ("runs.ask_engine", "call", True),  # committed, the engine not asked
    ("engine.enqueue", "return", True),  # asked, not worked on
]


@pytest.fixture
def amazon():
    with Simulator(seed=4, orders=600, days=20, rate_limit=False) as simulator:
        yield simulator


def two_accounts(amazon: Simulator, **schedule):
    data = declared(amazon, last=f"{DAYS} days")
    node, connector = data["nodes"][0], data["connectors"][0]
    other = {**node["options"], "refresh_token": SECOND_REFRESH_TOKEN}
    data["nodes"].append({**node, "name": "Other", "options": other})
    data["connectors"].append({**connector, "name": "Other", "node": "Other"})
    return data | {"procedures": [{"name": "Both", "connectors": ["Download", "Other"], **schedule}]}


def test_a_due_procedure_is_started_once_by_many_workers_and_ends_though_all_of_them_are_killed(
    hub: Hub, amazon: Simulator
):
    amazon.dials.set("slow", 100)
    hub.apply(two_accounts(amazon, every="1 day"))
    workers = [hub.start("worker") for _ in range(3)]
    wait_for(lambda: ("Download", "running") in hub.rows(PARTS), "the first connector was started")
    for worker in workers:
        worker.send_signal(signal.SIGKILL)
        worker.wait()
    amazon.dials.clear()
    for _ in range(2):
        hub.start("worker")
    wait_for(lambda: not truth.live(hub), "the procedure ended")
    assert [(state, bool(due)) for state, due in hub.rows(RUNS)] == [("succeeded", True)], "due once, for all workers"
    assert hub.rows(PARTS) == [("Download", "succeeded"), ("Other", "succeeded")]
    truth.check(hub, amazon, DAYS)
    truth.check(hub, amazon, DAYS, "second", "Other")


def test_what_was_due_while_no_worker_lived_is_made_up_once(hub: Hub, amazon: Simulator):
    hub.apply(two_accounts(amazon, every="1 hour"))
    worker = hub.start("worker")
    wait_for(lambda: [state for state, _due in hub.rows(RUNS)] == ["succeeded"], "it ran once")
    worker.terminate()
    worker.wait(20)
    hub.change("UPDATE processes_procedure SET due_at = '2026-01-01 00:00:00'")
    hub.start("worker")
    wait_for(lambda: len(hub.rows(RUNS)) == 2, "it was made up")
    wait_for(lambda: not truth.live(hub), "and ended")
    ahead = hub.rows("SELECT due_at > CURRENT_TIMESTAMP FROM processes_procedure")
    assert [bool(value) for (value,) in ahead] == [True]


def many(count: int, **schedule):
    """So many procedures, each with a connector of its own that has nothing to do."""
    names = [f"ERP {number:02}" for number in range(count)]
    return {
        "nodes": [{"name": name, "type": "api"} for name in names],
        "connectors": [{"name": name, "node": name, "type": "api.import_documents"} for name in names],
        "procedures": [{"name": f"{name} takes", "connectors": [name], **schedule} for name in names],
    }


def each_ran(hub: Hub, count: int, times: int = 1) -> None:
    numbers = [number for number in range(count) for _ in range(times)]
    ran = [(name, bool(due), state) for name, due, state in hub.rows(DUE)]
    assert ran == [(f"ERP {number:02} takes", True, "succeeded") for number in numbers]
    assert hub.rows(ENDED) == [(f"ERP {number:02}", "succeeded") for number in numbers]


def test_many_that_are_due_at_once_are_each_started_once_by_many_workers(hub: Hub):
    count = 40
    hub.apply(many(count, every="1 day"))
    for _ in range(3):
        hub.start("worker")
    wait_for(lambda: len(hub.rows(DUE)) == count and not truth.live(hub), "all of them ended")
    each_ran(hub, count)
    workers = hub.rows("SELECT DISTINCT worker FROM processes_run WHERE procedure_name = ''")
    assert len(workers) > 1, "they share the work"


def test_a_worker_killed_while_it_starts_many_leaves_none_and_doubles_none(hub: Hub):
    count = 8
    hub.apply(many(count, every="1 day"))
    worker = Nursery(hub)
    for times, (function, event, begun) in enumerate(KILLED_AT, 1):
        assert worker(die={"function": function, "event": event}) == KILLED, function
        assert len(hub.rows(DUE)) == count * (times if begun else times - 1), function
        assert [worker() for _ in range(2)] == [0, 0], "the first may end as soon as it has started them"
        each_ran(hub, count, times)
        hub.change("UPDATE processes_procedure SET due_at = '2026-01-01 00:00:00+00:00'")
