"""The power goes: hub and engine lose the tails of their write-ahead logs, each as much as it happens to.

Also what happens when one of the two is put back from a copy and the other is not.
"""

import os
import random
import shutil
import signal
import sqlite3
import struct
import subprocess
from contextlib import closing
from pathlib import Path

import pytest
import truth
from hub import Hub, declared, wait_for
from nursery import Nursery

from amazon_simulator import Simulator

pytestmark = [
    pytest.mark.hub,
    pytest.mark.skipif("APPRODO_TEST_SERVER" in os.environ, reason="SQLite's own: a server looks after itself"),
]

DAYS = 18
HUB, ENGINE = "hub.sqlite3", "engine.sqlite3"
WAL_HEADER = 32
CHECKPOINTED = 96
"""Where the shared memory says how many frames are in the database already: those cannot be lost."""

ENDED = {("succeeded", ""), ("partial", "progress_lost"), ("failed", "progress_lost")}


@pytest.fixture(scope="module")
def amazon():
    with Simulator(seed=9, orders=900, days=40, rate_limit=False) as simulator:
        yield simulator


@pytest.fixture(scope="module")
def moments(migrated_hub: Hub, amazon: Simulator, tmp_path_factory):
    """Copies of an installation at several moments of one run, the oldest first, with whole logs."""
    hub = migrated_hub.copy(tmp_path_factory.mktemp("hub"))
    hub.apply(declared(amazon, last=f"{DAYS} days"))
    hub.command("run", "Download", "--no-wait")
    copies = []
    with closing(sqlite3.connect(hub.home / HUB)) as reader:
        reader.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
        reader.execute("SELECT count(*) FROM processes_run").fetchall()  # an open reader: nobody deletes the log
        amazon.dials.set("slow", 100)
        worker = hub.start_faulty({"pragmas": ["wal_autocheckpoint = 0"]}, "worker")
        for pages in (0, 2, 4):
            wait_for(lambda pages=pages: _pages(hub) >= pages, "the run went on")
            os.kill(worker.pid, signal.SIGSTOP)
            copies.append(_copy(hub.home, tmp_path_factory.mktemp("moment")))
            os.kill(worker.pid, signal.SIGCONT)
        worker.kill()
        worker.wait()
    amazon.dials.clear()
    return copies


def _copy(home: Path, to: Path) -> Path:
    # By another process: to close a file that SQLite holds open here would let go of its locks.
    subprocess.run(["/bin/cp", "-a", f"{home}/.", str(to)], check=True)
    return to


def _pages(hub: Hub) -> int:
    return int(hub.rows("SELECT coalesce(sum(pages), 0) FROM exchanges_windowread")[0][0])


def _cut(database: Path, choose: random.Random) -> None:
    """Lose a tail of the log, within a frame too, but nothing that is in the database already."""
    log, shared = Path(f"{database}-wal"), Path(f"{database}-shm")
    if not log.exists() or log.stat().st_size < WAL_HEADER:
        return
    page = struct.unpack(">I", log.read_bytes()[8:12])[0]
    done = struct.unpack("=I", shared.read_bytes()[CHECKPOINTED : CHECKPOINTED + 4])[0]
    kept = WAL_HEADER + done * (page + 24)
    os.truncate(log, choose.randint(min(kept, log.stat().st_size), log.stat().st_size))
    shared.unlink()


def check_that_the_truth_comes_back(home: Path, amazon: Simulator) -> None:
    hub = Hub(home)
    worker = Nursery(hub)
    assert worker() == 0
    assert truth.live(hub) == []
    assert set(hub.rows("SELECT state, error_code FROM processes_run")) <= ENDED
    assert worker(ask=True) == 0
    assert hub.rows("SELECT state FROM processes_run ORDER BY id DESC LIMIT 1") == [("succeeded",)]
    truth.check(hub, amazon, DAYS)
    hub.close()


def test_after_a_power_cut_the_next_run_ends_with_the_truth(moments, amazon: Simulator, tmp_path_factory):
    choose = random.Random(4)
    for moment in moments:
        home = _copy(moment, tmp_path_factory.mktemp("cut"))
        _cut(home / HUB, choose)
        _cut(home / ENGINE, choose)
        check_that_the_truth_comes_back(home, amazon)


def _take_from(home: Path, other: Path, name: str) -> None:
    for part in ("", "-wal", "-shm"):
        (home / f"{name}{part}").unlink(missing_ok=True)
        if (other / f"{name}{part}").exists():
            shutil.copy(other / f"{name}{part}", home)


@pytest.mark.parametrize("name", [HUB, ENGINE])
def test_one_database_may_be_older_than_the_other(moments, amazon: Simulator, tmp_path: Path, name: str):
    first, _, last = moments
    home = _copy(last, tmp_path)
    _take_from(home, first, name)
    check_that_the_truth_comes_back(home, amazon)


def test_a_run_that_a_copy_does_not_know_lends_its_number_to_another_and_nothing_else(
    hub: Hub, amazon, tmp_path_factory
):
    """The engine remembers run 1 as done; the hub, put back from a copy, gives the number 1 again."""
    hub.apply(declared(amazon, last=f"{DAYS} days"))
    before = _copy(hub.home, tmp_path_factory.mktemp("copy"))
    assert hub.run()["run"] == 1
    assert len(truth.held(hub)) > 100
    _take_from(hub.home, before, HUB)
    assert truth.held(hub) == {}
    again = hub.run()
    assert (again["run"], again["state"]) == (1, "succeeded")
    truth.check(hub, amazon, DAYS)
