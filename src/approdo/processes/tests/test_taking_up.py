"""A worker takes up a run: what it writes down, where it goes on, and what it may ask of the account."""

import time
from datetime import timedelta

import httpx2
import pytest
import reading
from django.utils import timezone, translation

from amazon_simulator import CLIENT_ID, CLIENT_SECRET, REFRESH_TOKEN, Simulator
from approdo.exchanges.models import RunNote, WindowRead
from approdo.nodes.sentences import explain
from approdo.processes import engine, run_data, runs, workflows
from approdo.processes.models import Run
from approdo.processes.reading import read

pytestmark = pytest.mark.django_db


@pytest.fixture
def amazon():
    with Simulator(seed=8, orders=250, days=20, rate_limit=False) as simulator:
        yield simulator


@pytest.fixture
def connector(amazon):
    return reading.connector(amazon, by="created")


def again(run: Run) -> Run:
    run.refresh_from_db()
    return run


def test_the_first_worker_is_written_down_and_only_another_one_is_worth_a_note(connector):
    run = runs.request_run(connector)
    assert [runs.take_up(again(run), name) for name in ("one", "one", "two", "two")] == [True, False, True, False]
    note = RunNote.objects.get()
    assert (note.code, note.params["gone"], note.params["worker"]) == ("taken_over", "one", "two")
    assert note.params["at"].split()[-1] in ("CET", "CEST"), "in the zone of the node"
    with translation.override("it"):
        assert "two" in explain(note.code, note.params).message
        assert "ended" not in explain(note.code, note.params).message
    assert run_data.warnings(run)[0]["code"] == "taken_over"
    runs.cancel(run)
    assert not runs.take_up(again(run), "three")
    assert again(run).worker == "two"


def test_whoever_does_a_step_of_a_run_stands_on_it(connector):
    assert reading.read(connector).worker == engine.executor()
    assert not RunNote.objects.filter(code="taken_over").exists()


@pytest.mark.parametrize(("minutes", "begins_again"), [(9, False), (11, True)])
def test_a_window_goes_on_from_its_last_page_for_ten_minutes_and_begins_again_later(
    amazon: Simulator, connector, minutes: int, begins_again: bool
):
    run = runs.request_run(connector)
    work = runs.workflow_id(run)
    planned = workflows._guarded(workflows._plan, work)
    for window in planned:
        with reading.killed_after(1):
            workflows._guarded(read, work, [window])
        if WindowRead.objects.get(pk=window).next_token:
            break
    WindowRead.objects.filter(pk=window).update(read_at=timezone.now() - timedelta(minutes=minutes))
    before = len(pages(amazon))
    with reading.killed_after(1):
        workflows._guarded(read, work, [window])
    asked = pages(amazon)[before]
    assert ("nextToken" not in asked.params) == begins_again
    assert WindowRead.objects.get(pk=window).restarts == begins_again
    workflows._guarded(read, work, planned)
    workflows._guarded(workflows._finish, work)
    assert again(run).state == "succeeded"
    assert reading.held(connector.node) == reading.expected(amazon)


def pages(amazon: Simulator):
    return [request for request in amazon.requests if request.operation == "getPurchaseOrders"]


def test_a_worker_that_comes_back_to_an_account_counts_on_nothing_that_another_may_have_spent(
    amazon: Simulator, connector
):
    amazon.set_rate_limit((5.0, 10))
    reading.read(connector)
    amazon.set_rate_limit((5.0, 10))
    time.sleep(2.1)  # ours is full again
    _spend_everything(amazon)
    assert reading.read(connector).state == "succeeded"
    assert [request for request in pages(amazon) if request.status == 429 and "spent" not in request.params] == []


def _spend_everything(amazon: Simulator) -> None:
    """As another worker of the same account."""
    form = {"grant_type": "refresh_token", "client_id": CLIENT_ID, "client_secret": CLIENT_SECRET}
    with httpx2.Client() as client:
        said = client.post(amazon.token_url, data={**form, "refresh_token": REFRESH_TOKEN}).json()
        headers = {"x-amz-access-token": said["access_token"], "user-agent": "Other/1 (Language=Python)"}
        now = amazon.now
        window = {"createdAfter": f"{now - timedelta(days=1):%Y-%m-%dT%H:%M:%SZ}", "spent": "1"}
        window["createdBefore"] = f"{now:%Y-%m-%dT%H:%M:%SZ}"
        while True:
            address = f"{amazon.url}/vendor/orders/v1/purchaseOrders"
            if client.get(address, params=window, headers=headers).status_code == 429:
                return


@pytest.mark.parametrize(
    ("work", "workers", "each"), [(0, 1, 16), (8, 1, 16), (0, 3, 1), (3, 3, 1), (8, 3, 3), (100, 2, 16), (5, 0, 16)]
)
def test_work_is_shared_among_the_workers_that_live(work: int, workers: int, each: int):
    assert engine.share(work, workers) == each
