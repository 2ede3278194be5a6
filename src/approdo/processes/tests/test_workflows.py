"""The engine may remember more than the rows hold; then the rows are right and the run says what it lacks."""

import pytest
import reading

from amazon_simulator import Simulator
from approdo.exchanges.models import WindowRead
from approdo.processes import runs, workflows
from approdo.processes.models import Run
from approdo.processes.reading import read

pytestmark = pytest.mark.django_db


@pytest.fixture
def amazon():
    with Simulator(seed=8, orders=20, days=20, rate_limit=False) as simulator:
        yield simulator


@pytest.fixture
def run(amazon):
    return runs.request_run(reading.connector(amazon))


def ending(run: Run) -> tuple[str, str]:
    workflows._guarded(workflows._finish, runs.workflow_id(run))
    run.refresh_from_db()
    return run.state, run.error_code


def test_a_plan_that_is_gone_is_no_success(run):
    work = runs.workflow_id(run)
    windows = workflows._guarded(workflows._plan, work)
    assert windows
    WindowRead.objects.all().delete()
    assert workflows._guarded(read, work, windows) == []
    assert ending(run) == ("failed", "progress_lost")


def test_pages_that_are_gone_are_no_success(run):
    assert workflows._guarded(workflows._plan, runs.workflow_id(run))
    assert ending(run) == ("failed", "progress_lost")


def test_work_for_a_run_that_is_gone_touches_no_other_run_of_its_number(run):
    gone = f"run-{run.pk}-20200101T000000000000"
    assert workflows._guarded(workflows._plan, gone) == []
    assert workflows._guarded(workflows._finish, gone) == []
    assert workflows._guarded(workflows._plan, f"run-{run.pk}") == []
    run.refresh_from_db()
    assert run.state == "queued"
