"""The database under a run: full, locked, away for a minute, or without its last writes after a power cut."""

import json
import os
import resource
import sqlite3
import subprocess
import time
from contextlib import closing
from pathlib import Path

import postgres
import pytest
import truth
from hub import Hub, declared, wait_for

from amazon_simulator import Simulator

UNREAD = "SELECT count(*) FROM exchanges_windowread WHERE NOT complete"
DAYS = 18

pytestmark = pytest.mark.hub

POSTGRESQL = "APPRODO_TEST_SERVER" in os.environ

sqlite_only = pytest.mark.skipif(POSTGRESQL, reason="SQLite's own")


@pytest.fixture
def amazon():
    with Simulator(seed=9, orders=2500, days=40, rate_limit=False) as simulator:
        yield simulator


def check_truth(hub: Hub, amazon: Simulator) -> None:
    truth.check(hub, amazon, DAYS)
    assert truth.live(hub) == []


def errors_of(hub: Hub, run: int) -> tuple[str, str, str]:
    return hub.rows(f"SELECT state, error_code, error_params FROM processes_run WHERE id = {run}")[0]


def ask(hub: Hub) -> int:
    return int(json.loads(hub.command("run", "Download", "--no-wait", "--json").stdout)["run"])


def pages(hub: Hub) -> int:
    return int(hub.rows("SELECT coalesce(sum(pages), 0) FROM exchanges_windowread")[0][0])


@sqlite_only
def test_a_full_database_ends_the_run_with_what_to_do_and_the_next_one_reads_the_rest(hub: Hub, amazon: Simulator):
    hub.apply(declared(amazon, last=f"{DAYS} days"))
    with closing(sqlite3.connect(hub.home / "hub.sqlite3")) as file:
        size = file.execute("PRAGMA page_count").fetchone()[0]
    full = hub.start_faulty({"pragmas": [f"max_page_count = {size + 300}"]}, "run", "Download", "--json")
    said, _ = full.communicate(timeout=60)
    assert full.returncode == 1
    suffered = json.loads(said.splitlines()[-1])
    assert suffered["state"] == "partial"
    assert "could not be written: database or disk is full" in suffered["errors"][0]["message"]
    assert "Make room" in suffered["errors"][0]["hint"]
    before = truth.coverage(hub)
    assert truth.live(hub) == []
    truth.check_coverage(hub)
    assert hub.run()["state"] == "succeeded"
    assert truth.coverage(hub) != before
    check_truth(hub, amazon)


@sqlite_only
def test_where_no_file_may_grow_any_more_the_worker_says_so_and_ends_the_run_once_it_may(hub: Hub, amazon: Simulator):
    hub.apply(declared(amazon, last=f"{DAYS} days"))
    amazon.dials.set("slow", 200)
    run = ask(hub)
    worker = hub.start("worker")
    wait_for(lambda: pages(hub) > 1, "the run began")
    amazon.dials.set("slow", 3000)
    time.sleep(1)  # the worker waits for a page now: what fails next is to store it, not to remember that it was stored
    _limit(worker, 1000)
    time.sleep(12)
    assert truth.live(hub) == [run], "that it failed cannot be written either"
    _limit(worker, resource.RLIM_INFINITY)
    wait_for(lambda: not truth.live(hub), "the run ended")
    assert errors_of(hub, run)[:2] == ("partial", "database_cannot_write")
    worker.terminate()
    assert f"run-{run}-" in worker.communicate(timeout=20)[0], "the log said what it waited for"
    before = truth.coverage(hub)
    amazon.dials.clear()
    assert hub.run()["state"] == "succeeded"
    assert truth.coverage(hub) != before
    check_truth(hub, amazon)


@sqlite_only
def test_work_that_the_engine_could_not_write_down_goes_on_with_the_same_worker(hub: Hub, amazon: Simulator):
    hub.apply(declared(amazon, last=f"{DAYS} days"))
    amazon.dials.set("slow", 200)
    run = ask(hub)
    obstacle = hub.home / "obstacle"
    hub.start_faulty({"engine_read_only": str(obstacle)}, "worker")
    wait_for(lambda: pages(hub) > 1, "the run began")
    obstacle.touch()
    amazon.dials.clear()
    wait_for(lambda: hub.rows(UNREAD) == [(0,)], "every page is stored")
    time.sleep(1)
    assert truth.live(hub), "the work stopped"
    obstacle.unlink()
    wait_for(lambda: not truth.live(hub), "the run ended")
    assert errors_of(hub, run)[:2] == ("succeeded", "")
    check_truth(hub, amazon)


@sqlite_only
def test_a_lock_held_for_longer_than_anybody_waits_is_waited_out(hub: Hub, amazon: Simulator):
    hub.apply(declared(amazon, last=f"{DAYS} days"))
    amazon.dials.set("slow", 200)
    run = ask(hub)
    hub.start_faulty({"pragmas": ["busy_timeout = 200"]}, "worker")
    wait_for(lambda: pages(hub) > 1, "the run began")
    with closing(sqlite3.connect(hub.home / "hub.sqlite3", timeout=20, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        time.sleep(3)
        other.execute("ROLLBACK")
    amazon.dials.clear()
    wait_for(lambda: not truth.live(hub), "the run ended")
    assert errors_of(hub, run)[:2] == ("succeeded", "")
    check_truth(hub, amazon)


@pytest.fixture
def own_server(tmp_path: Path):
    server = postgres.Server()
    hub = Hub(tmp_path, server.address)
    hub.migrate()
    yield server, hub
    hub.close()


@pytest.mark.skipif(not POSTGRESQL, reason="PostgreSQL's own")
def test_a_server_that_is_away_is_waited_for_and_knows_the_worker_again(own_server, amazon: Simulator):
    server, hub = own_server
    hub.apply(declared(amazon, last=f"{DAYS} days"))
    amazon.dials.set("slow", 200)
    run = ask(hub)
    worker = hub.start("worker")
    wait_for(lambda: pages(hub) > 1, "the run began")
    server.stop()
    time.sleep(6)
    server.start()
    amazon.dials.clear()
    wait_for(lambda: not truth.live(hub), "the run ended")
    assert errors_of(hub, run)[:2] == ("succeeded", "")
    check_truth(hub, amazon)
    locks = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND classid = 1095782980"
    wait_for(lambda: hub.rows(locks) == [(1,)], "the worker's sign of life is there again")
    assert worker.poll() is None
    assert hub.run()["state"] == "succeeded"


def _limit(process: subprocess.Popen[str], largest_file: int) -> None:
    resource.prlimit(process.pid, resource.RLIMIT_FSIZE, (largest_file, resource.RLIM_INFINITY))
