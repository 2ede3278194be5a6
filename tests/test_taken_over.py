"""Another worker goes on where one ended, and it shows; so it does after an upgrade. A run can be ended by hand."""

import os
import signal
import time
from collections import Counter
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import truth
from hub import ROUND_SECONDS, Hub, declared, wait_for

from amazon_simulator import SECOND_REFRESH_TOKEN, Simulator

pytestmark = pytest.mark.hub

DAYS = 18
CANCEL = """
from approdo.cli import start
start.open_database()
from approdo.processes import runs
from approdo.processes.models import Run
print(runs.cancel(Run.objects.latest("id")))
"""
ENGINE = """
from approdo.cli import start
start.django_ready()
from approdo.processes import engine
print(len(engine._client().list_workflows(status=engine.LIVE)))
"""
TAKEN_OVER = "SELECT run, params FROM exchanges_runnote WHERE code = 'taken_over' ORDER BY id"


@pytest.fixture
def amazon():
    with Simulator(seed=5, orders=1500, days=20, rate_limit=False) as simulator:
        yield simulator


def check_truth(hub: Hub, amazon: Simulator) -> None:
    truth.check(hub, amazon, DAYS)
    assert truth.live(hub) == []


def pages_repeated(amazon: Simulator) -> int:
    """How many requests for a page were made once more."""
    asked = Counter(
        (request.account, request.operation, *sorted(request.params.items()))
        for request in amazon.requests
        if request.operation.startswith("getPurchaseOrders")
    )
    return sum(times - 1 for times in asked.values())


def worker_of(hub: Hub, run: int = 1) -> str:
    return str(hub.rows(f"SELECT worker FROM processes_run WHERE id = {run}")[0][0])


def test_a_run_whose_worker_died_is_taken_over_within_a_minute_and_shows_it(hub: Hub, amazon: Simulator):
    hub.apply(declared(amazon, last=f"{DAYS} days"))
    amazon.dials.set("slow", 150)
    first = hub.start_faulty({"host": "first"}, "worker")
    wait_for(lambda: hub.workers_alive() == 1, "the worker lives")
    watching = hub.start("run", "Download")
    wait_for(lambda: len(amazon.requests) > 4, "the run began")
    hub.start_faulty({"host": "second"}, "worker")
    wait_for(lambda: hub.workers_alive() == 2, "both live")
    gone = worker_of(hub)
    assert gone.startswith("first-")
    first.kill()
    first.wait()
    wait_for(lambda: worker_of(hub) != gone, "another went on", seconds=60)
    amazon.dials.clear()
    said, _ = watching.communicate(timeout=180)
    assert f"The worker {gone} ended in the middle; the worker {worker_of(hub)} went on at " in said
    assert worker_of(hub).startswith("second-")
    assert [run for run, _ in hub.rows(TAKEN_OVER)] == [1]
    assert pages_repeated(amazon) <= truth.UNDER_WAY
    check_truth(hub, amazon)


def test_of_two_who_find_the_same_worker_dead_only_one_takes_its_run_over(hub: Hub, amazon: Simulator, tmp_path: Path):
    hub.apply(declared(amazon, last=f"{DAYS} days"))
    amazon.dials.set("slow", 700)
    hub.command("run", "Download", "--no-wait")
    first = hub.start("worker")
    wait_for(lambda: len(amazon.requests) > 2, "the run began")
    dwells = tmp_path / "dwells"
    hub.start_faulty({"dwells": str(dwells)}, "worker")
    wait_for(lambda: hub.workers_alive() == 2, "both live")
    first.kill()
    first.wait()
    wait_for(dwells.exists, "it has seen that the first is gone")
    hub.start("worker")
    wait_for(lambda: hub.workers_alive() == 2, "the third lives")
    time.sleep(3 * ROUND_SECONDS)
    assert truth.live(hub)
    dwells.unlink()
    time.sleep(2)
    amazon.dials.clear()
    wait_for(lambda: not truth.live(hub), "the run ended")
    assert len(hub.rows(TAKEN_OVER)) == 1
    assert pages_repeated(amazon) <= truth.UNDER_WAY
    check_truth(hub, amazon)


def test_a_new_version_goes_on_with_what_the_old_one_left_and_with_what_waited_for_it(hub: Hub, amazon: Simulator):
    given = declared(amazon, last=f"{DAYS} days")
    options = given["nodes"][0]["options"] | {"refresh_token": SECOND_REFRESH_TOKEN}
    given["nodes"].append({**given["nodes"][0], "name": "Second", "options": options})
    given["connectors"].append({**given["connectors"][0], "name": "Waiting", "node": "Second"})
    hub.apply(given)
    amazon.dials.set("slow", 150)
    hub.command("run", "Download", "--no-wait")
    old = hub.start("worker")
    wait_for(lambda: len(amazon.requests) > 4, "the run began")
    old.kill()
    old.wait()
    gone = worker_of(hub)
    hub.command("run", "Waiting", "--no-wait")
    amazon.dials.clear()
    hub.start_faulty({"version": "next"}, "worker")
    wait_for(lambda: not truth.live(hub), "the runs ended")
    assert {one["state"] for one in hub.run_states()} == {"succeeded"}
    assert gone in str(hub.rows(TAKEN_OVER)[0][1])
    assert pages_repeated(amazon) <= truth.UNDER_WAY
    check_truth(hub, amazon)
    truth.check(hub, amazon, DAYS, "second", "Second")


def test_a_new_version_leaves_a_living_worker_of_the_old_one_its_run(hub: Hub, amazon: Simulator):
    hub.apply(declared(amazon, last=f"{DAYS} days"))
    amazon.dials.set("slow", 700)
    hub.command("run", "Download", "--no-wait")
    hub.start_faulty({"host": "old"}, "worker")
    wait_for(lambda: len(amazon.requests) > 4, "the run began")
    hub.start_faulty({"host": "new", "version": "next"}, "worker")
    wait_for(lambda: hub.workers_alive() == 2, "both live")
    time.sleep(3 * ROUND_SECONDS)
    assert truth.live(hub), "the new one has looked for work while the old one worked"
    amazon.dials.clear()
    wait_for(lambda: not truth.live(hub), "the run ended")
    assert worker_of(hub).startswith("old-")
    assert hub.rows(TAKEN_OVER) == []
    assert pages_repeated(amazon) == 0
    check_truth(hub, amazon)


def test_a_run_cancelled_in_the_middle_stops_keeps_what_it_stored_and_the_next_one_reads_the_rest(
    hub: Hub, amazon: Simulator
):
    hub.apply(declared(amazon, last=f"{DAYS} days"))
    amazon.dials.set("slow", 5000, start=5)
    hub.command("run", "Download", "--no-wait")
    worker = hub.start("worker")
    stored = "SELECT 1 FROM sales_saledocument LIMIT 1"
    wait_for(lambda: hub.rows(stored) and len(amazon.requests) > 4, "some is stored, more was asked for")
    assert hub.python(CANCEL).strip() == "True"
    seen = len(amazon.requests)
    wait_for(lambda: hub.python(ENGINE).strip() == "0", "the engine let go of it")
    assert len(amazon.requests) <= seen + 1, "only the page that was on its way"
    assert hub.run_states() == [{"run": 1, "state": "cancelled"}]
    kept = truth.held(hub)
    assert 0 < len(kept) < len(truth.expected(amazon, amazon.now - timedelta(days=DAYS)))
    amazon.dials.clear()
    assert hub.run()["state"] == "succeeded"
    assert hub.run_states()[1]["state"] == "cancelled"
    assert worker.poll() is None
    check_truth(hub, amazon)


def test_a_run_whose_worker_died_can_be_cancelled_and_blocks_nothing(hub: Hub, amazon: Simulator):
    hub.apply(declared(amazon, last=f"{DAYS} days"))
    amazon.dials.set("slow", 150)
    hub.command("run", "Download", "--no-wait")
    worker = hub.start("worker")
    wait_for(lambda: len(amazon.requests) > 4, "the run began")
    worker.send_signal(signal.SIGKILL)
    worker.wait()
    assert hub.python(CANCEL).strip() == "True"
    amazon.dials.clear()
    assert hub.run()["state"] == "succeeded"
    assert [one["state"] for one in hub.run_states()] == ["succeeded", "cancelled"]
    assert hub.python(ENGINE).strip() == "0"
    check_truth(hub, amazon)


@pytest.mark.skipif("APPRODO_TEST_SERVER" not in os.environ, reason="PostgreSQL's own")
def test_the_server_itself_looks_every_few_seconds_whether_a_workers_host_is_still_there(hub: Hub):
    hub.start("worker")
    server = urlsplit(hub.environment["APPRODO_DATABASE_URL"]).port
    looks = wait_for(lambda: _seconds_to_the_next_probe(server, _port_of_the_lock(hub)), "the server looks", 30)
    assert looks <= 10


def _port_of_the_lock(hub: Hub) -> int:
    found = hub.rows(
        "SELECT client_port FROM pg_stat_activity a JOIN pg_locks l USING (pid)"
        " WHERE l.locktype = 'advisory' AND a.datname = current_database() AND l.classid = 1095782980"
    )
    return found[0][0] if found else 0


def _seconds_to_the_next_probe(server: int | None, client: int) -> float:
    """What the kernel says of the server's end of a connection (proc(5)); 0 where it will never look."""
    for line in Path("/proc/net/tcp").read_text().splitlines()[1:]:
        fields = line.split()
        ports = [int(fields[side].rpartition(":")[2], 16) for side in (1, 2)]
        if ports == [server, client]:
            kind, _, left = fields[5].partition(":")
            return int(left, 16) / os.sysconf("SC_CLK_TCK") if kind == "02" else 0
    return 0
