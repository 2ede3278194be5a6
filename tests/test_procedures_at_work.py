"""Procedures with real workers: due once whoever asks, on to the next connector, whatever dies in between."""

import signal

import pytest
import truth
from hub import Hub, declared, wait_for

from amazon_simulator import SECOND_REFRESH_TOKEN, Simulator

pytestmark = pytest.mark.hub

RUNS = "SELECT state, due_at IS NOT NULL FROM processes_run WHERE procedure_name = 'Both' ORDER BY id"
PARTS = "SELECT connector_name, state FROM processes_run WHERE procedure_name = '' ORDER BY id"
DAYS = 18


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
