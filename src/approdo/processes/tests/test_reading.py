"""Windows are read several at a time: what is asked is logged, what is stored is stored once, whatever happens."""

from datetime import timedelta
from functools import partial
from unittest.mock import patch

import pytest
import reading as hub
from msgspec import structs

from amazon_simulator import Simulator
from approdo.connectors.amazon_vendor import client
from approdo.connectors.amazon_vendor.tests.quick import QUICK
from approdo.exchanges import intake
from approdo.exchanges.intake import restart_window
from approdo.exchanges.models import RequestLogged, WindowRead
from approdo.processes import database, reading, runs, workflows
from approdo.processes.models import Run
from approdo.sales.models import DocumentVersion, SaleDocument

pytestmark = [pytest.mark.django_db, pytest.mark.once]

LISTING = "getPurchaseOrders"
OUTAGE = 5
"""So many pages that are asked for at the same time are not answered."""


@pytest.fixture
def amazon():
    with Simulator(seed=8, orders=600, days=28, lines=1, rate_limit=False) as simulator:
        yield simulator


@pytest.fixture
def connector(amazon):
    return hub.connector(amazon)


@pytest.fixture
def planned(connector):
    """A run, and the windows that it is to read."""
    run = runs.request_run(connector)
    return run, workflows._guarded(workflows._plan, runs.workflow_id(run))


@pytest.fixture
def attempts(request):
    """How often a page is asked for at most."""
    return getattr(request, "param", 4)


@pytest.fixture
def impatient(monkeypatch, attempts):
    """Waits for nothing."""
    patience = structs.replace(QUICK, attempts=attempts)
    monkeypatch.setattr(client, "Client", partial(client.Client, policy=patience, wait=lambda *_: None))
    client._clients.clear()
    yield
    client._clients.clear()


def fresh(row):
    row.refresh_from_db()
    return row


def asked(amazon: Simulator):
    return [request for request in amazon.requests if request.operation == LISTING]


def whole(connector, amazon: Simulator, run: Run) -> bool:
    """Whether the run read everything, each order once."""
    workflows._guarded(workflows._finish, runs.workflow_id(run))
    run.refresh_from_db()
    held = hub.held(connector.node)
    assert (run.state, run.counts["created"]) == ("succeeded", len(held))
    assert DocumentVersion.objects.count() == len(held)
    return held == hub.expected(amazon)


def test_several_windows_are_asked_for_while_the_first_answers_are_on_their_way(planned, amazon):
    run, windows = planned
    amazon.dials.set("slow", 1000)
    with hub.killed_after(2):
        reading.read(run, windows)
    first, *others = sorted(request.time for request in asked(amazon))
    soon = [moment for moment in others if moment - others[0] < timedelta(seconds=1)]
    assert others[0] - first >= timedelta(seconds=1), "as long as nothing was answered one is asked for"
    assert len(soon) >= min(len(windows) - 1, reading.AT_ONCE)


def test_what_is_read_at_the_same_time_is_stored_once_and_every_request_is_logged(connector, planned, amazon):
    run, windows = planned
    amazon.dials.set("slow", 50)
    reading.read(run, windows)
    assert whole(connector, amazon, run)
    assert RequestLogged.objects.filter(operation=LISTING).count() == len(asked(amazon))


def test_somebody_else_who_reads_the_same_run_doubles_nothing(connector, planned, amazon):
    run, windows = planned
    overtaken = []

    def take_page(*page):
        if not overtaken:
            overtaken.append(page)
            reading.read(run, windows)
        return intake.take_page(*page)

    with patch.object(reading, "take_page", take_page):
        reading.read(run, windows)
    assert overtaken
    assert not WindowRead.objects.filter(complete=False).exists()
    assert whole(connector, amazon, run)


def test_a_reading_that_somebody_else_overtook_in_the_middle_goes_on_where_that_one_stood(connector, planned, amazon):
    run, windows = planned
    overtaken = []

    def take_page(window, number, batch, next_token, *more):
        if next_token and not overtaken:
            overtaken.append(window)
            with hub.killed_after(1):
                reading.read(run, [window.pk])
        return intake.take_page(window, number, batch, next_token, *more)

    with patch.object(reading, "take_page", take_page):
        reading.read(run, windows)
    assert whole(connector, amazon, run)
    assert WindowRead.objects.get(pk=overtaken[0].pk).pages > 1


def test_what_was_asked_for_again_is_as_new_as_the_answer_that_came(connector, planned, amazon, impatient):
    run, windows = planned
    amazon.dials.set("throttle", operation=LISTING, times=3)
    reading.read(run, windows)
    answered = set(RequestLogged.objects.filter(operation=LISTING, status=200).values_list("at", flat=True))
    assert RequestLogged.objects.filter(operation=LISTING, status=429).count() == 3
    assert set(SaleDocument.objects.values_list("asked_at", flat=True)) <= answered


def test_a_run_that_is_cancelled_stops_and_what_was_under_way_is_logged(planned, amazon):
    run, windows = planned
    amazon.dials.set("slow", 100)

    def take_page(*page):
        taken = intake.take_page(*page)
        if WindowRead.objects.filter(pages__gt=0).count() == 2:
            runs.cancel(run)
        return taken

    with patch.object(reading, "take_page", take_page):
        reading.read(run, windows)
    assert len(asked(amazon)) < len(windows) + reading.AT_ONCE
    assert WindowRead.objects.filter(complete=False).exists()
    assert RequestLogged.objects.filter(operation=LISTING).count() == len(asked(amazon))


def test_what_is_wrong_with_all_of_them_is_asked_once_and_not_for_each(planned, amazon):
    amazon.dials.set("forbidden", operation=LISTING)
    run, windows = planned
    workflows._guarded(reading.read, runs.workflow_id(run), windows)
    run.refresh_from_db()
    assert (run.state, run.error_kind) == ("failed", "config")
    assert len(asked(amazon)) == 2, "once, and once with a new token"
    assert RequestLogged.objects.filter(operation=LISTING).count() == 2


def test_a_worker_that_ends_begins_no_other_page(connector, planned, amazon):
    run, windows = planned
    database.closing.set()
    try:
        with pytest.raises(database.Closing):
            reading.read(run, windows)
    finally:
        database.closing.clear()
    assert not asked(amazon)
    reading.read(run, windows)
    assert whole(connector, amazon, run)


@pytest.mark.parametrize("attempts", [1], indirect=True)
def test_one_outage_is_not_the_fault_of_every_window_that_meets_it(connector, planned, amazon, impatient):
    run, windows = planned

    def take_page(*page):
        taken = intake.take_page(*page)
        if WindowRead.objects.filter(pages__gt=0).count() == 1 and not amazon.dials.settings:
            amazon.dials.set("http_503_empty", operation=LISTING, times=OUTAGE)
        return taken

    with patch.object(reading, "take_page", take_page):
        workflows._guarded(reading.read, runs.workflow_id(run), windows)
    failed = WindowRead.objects.exclude(error_code="")
    assert (failed.count(), WindowRead.objects.filter(complete=False).count()) == (1, 1)
    assert RequestLogged.objects.filter(operation=LISTING, status=503).count() == OUTAGE
    amazon.dials.clear()
    workflows._guarded(workflows._finish, runs.workflow_id(run))
    work = runs.workflow_id(runs.retry(fresh(run)))
    workflows._guarded(reading.read, work, workflows._guarded(workflows._plan, work))
    assert hub.held(connector.node) == hub.expected(amazon)


def test_a_worker_that_another_one_took_the_run_over_from_stops(planned):
    run, windows = planned

    def take_page(*page):
        taken = intake.take_page(*page)
        Run.objects.filter(pk=run.pk).update(worker="another")
        return taken

    with patch.object(reading, "take_page", take_page), pytest.raises(reading.TakenOver):
        workflows._guarded(reading.read, runs.workflow_id(run), windows)
    assert (fresh(run).state, run.worker) == ("running", "another")
    assert WindowRead.objects.filter(pages__gt=0).count() == 1


def test_a_window_that_was_begun_anew_by_somebody_else_before_our_last_page_of_it_is_read(connector, planned, amazon):
    run, windows = planned
    begun = []

    def take_page(window, number, batch, next_token, *more):
        if next_token is None and not begun:
            begun.append(window)
            restart_window(WindowRead.objects.get(pk=window.pk))
        return intake.take_page(window, number, batch, next_token, *more)

    with patch.object(reading, "take_page", take_page):
        reading.read(run, windows)
    assert begun
    assert whole(connector, amazon, run)
