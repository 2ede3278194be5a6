"""Several hosts on one PostgreSQL: work spreads, every account keeps its quota, any process may die or be added."""

import os
from collections import Counter
from pathlib import Path

import httpx2
import pytest
import truth
from browsing import add_user, answers, sign_in
from hub import Hub, declared, free_port, wait_for

from amazon_simulator import Simulator, numbered_accounts

pytestmark = [
    pytest.mark.hub,
    pytest.mark.skipif("APPRODO_TEST_SERVER" not in os.environ, reason="PostgreSQL's own: SQLite is one machine's"),
]

DAYS = 12
ACCOUNTS = 5
ASK = """
from approdo.cli import start
start.open_database()
from approdo.processes import runs
from approdo.processes.models import Connector
for connector in Connector.objects.all():
    runs.request_run(connector)
"""
LOCKS = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND classid = 1095782980"
WORKERS = "SELECT worker FROM processes_run WHERE worker <> '' AND state IN ('queued', 'running') ORDER BY id"
TAKEN_OVER = "SELECT params ->> 'gone' FROM exchanges_runnote WHERE code = 'taken_over'"
ENGINE = "SELECT count(*) FROM dbos.workflow_status WHERE status IN ('ENQUEUED', 'PENDING')"
LIMITED = ("getPurchaseOrders", "getPurchaseOrdersStatus")
RATE = BURST = 10
UNDER_WAY = 5
"""Pages of a run that were asked for and not stored yet: the next of each of its four windows, and the one being stored."""


@pytest.fixture
def amazon():
    accounts = numbered_accounts(ACCOUNTS, orders=2500)
    with Simulator(seed=6, days=20, lines=2, accounts=accounts) as simulator:
        simulator.dials.set("slow", 20)
        yield simulator


def apply_for_each(hub: Hub, amazon: Simulator) -> None:
    """A node and a connector for every account; they share range and configuration."""
    given = declared(amazon, last=f"{DAYS} days")
    node, connector = given["nodes"][0], given["connectors"][0]
    given["nodes"] = [
        {**node, "name": one.name, "options": {**node["options"], "refresh_token": one.refresh_token}}
        for one in amazon.accounts
    ]
    given["connectors"] = [{**connector, "name": f"Download {one.name}", "node": one.name} for one in amazon.accounts]
    assert hub.apply(given).returncode == 0


def check_truth_of_each(hub: Hub, amazon: Simulator) -> None:
    for account in amazon.accounts:
        truth.check(hub, amazon, DAYS, account.name, account.name)
    assert truth.live(hub) == []
    assert hub.rows(ENGINE) == [(0,)]


def check_quotas(amazon: Simulator) -> None:
    """No request was refused, and no second of any account holds more than its bucket gives."""
    asked: dict[tuple[str | None, str], list[float]] = {}
    for request in amazon.requests:
        assert request.status != 429
        if request.operation in LIMITED:
            asked.setdefault((request.account, request.operation), []).append(request.time.timestamp())
    assert len(asked) == ACCOUNTS * len(LIMITED)
    for moments in asked.values():
        within = max(sum(1 for other in moments if moment <= other < moment + 1) for moment in moments)
        assert within <= RATE + BURST


def pages_repeated(amazon: Simulator) -> int:
    asked = Counter(
        (request.account, request.operation, *sorted(request.params.items()))
        for request in amazon.requests
        if request.operation in LIMITED
    )
    return sum(times - 1 for times in asked.values())


def host(hub: Hub, tmp_path: Path, name: str) -> Hub:
    home = tmp_path / name
    home.mkdir()
    return hub.host(home)


def test_work_spreads_over_the_hosts_and_survives_the_death_of_one(hub: Hub, amazon: Simulator, tmp_path: Path):
    apply_for_each(hub, amazon)
    names = ("alba", "bosco", "cima", "dosso")
    hosts = {name: host(hub, tmp_path, name) for name in names}
    workers = {name: hosts[name].start_faulty({"host": name}, "worker") for name in names[:3]}
    wait_for(lambda: hub.rows(LOCKS) == [(3,)], "three workers live")
    hub.python(ASK)
    wait_for(lambda: len(hub.rows(WORKERS)) == ACCOUNTS, "every account is read")
    on = Counter(worker.rpartition("-")[0] for (worker,) in hub.rows(WORKERS))
    assert len(on) == 3, on
    (victim, had), *_ = on.most_common()
    assert had == 2
    workers[victim].kill()
    workers[victim].wait()
    hosts["dosso"].start_faulty({"host": "dosso"}, "worker")
    wait_for(lambda: not truth.live(hub), "the runs ended", seconds=180)
    assert {one["state"] for one in hub.run_states()} == {"succeeded"}
    gone = [name.rpartition("-")[0] for (name,) in hub.rows(TAKEN_OVER)]
    assert gone == [victim] * had
    assert pages_repeated(amazon) <= had * UNDER_WAY, "no more than what each run that lost its worker had not stored"
    check_quotas(amazon)
    check_truth_of_each(hub, amazon)

    hub.python(ASK)
    wait_for(lambda: not truth.live(hub), "the runs ended", seconds=180)
    again = hub.rows("SELECT state, counts ->> 'created', counts ->> 'updated' FROM processes_run ORDER BY id DESC")
    assert set(again[:ACCOUNTS]) == {("succeeded", "0", "0")}
    check_quotas(amazon)
    check_truth_of_each(hub, amazon)
    for home in hosts.values():
        assert not list(home.home.glob("*.sqlite3")), "everything is in the one database"


def test_one_of_two_web_processes_may_die_and_whoever_is_signed_in_goes_on_with_the_other(hub: Hub, tmp_path: Path):
    add_user(hub)
    ports = [free_port(), free_port()]
    webs = [host(hub, tmp_path, f"web-{port}").start("web", "--port", str(port)) for port in ports]
    first, second = (f"http://127.0.0.1:{port}" for port in ports)
    with httpx2.Client(follow_redirects=True) as browser:
        for address in (first, second):
            wait_for(lambda address=address: answers(address), "the web server answered")
        sign_in(browser, first)
        assert browser.get(f"{first}/sales/saledocument/").status_code == 200
        webs[0].kill()
        webs[0].wait()
        wait_for(lambda: not answers(first), "its children ended with it")
        for _ in range(20):
            answer = browser.get(f"{second}/sales/saledocument/")
            assert (answer.status_code, answer.url.path) == (200, "/sales/saledocument/"), "still signed in"
