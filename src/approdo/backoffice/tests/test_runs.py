"""The button, and what a run's page says while and after it works."""

from datetime import UTC, datetime, timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from approdo.backoffice import run_words
from approdo.exchanges.models import NumberRead, RequestLogged, RunNote, WindowRead
from approdo.processes import runs
from approdo.processes.models import Run

COUNTS = {"requests": 2, "read": 0, "created": 0, "updated": 0, "unchanged": 0, "failed": 0, "left_out": 0}


@pytest.fixture
def make_run(connector):
    def made(state, **more):
        now = timezone.now()
        values = {"created_at": now, "started_at": now, "windows": 4, "windows_done": 4, "counts": COUNTS, **more}
        if state not in Run.LIVE:
            values.setdefault("ended_at", now + timedelta(seconds=65))
        return Run.objects.create(connector=connector, connector_name=connector.name, state=state, **values)

    return made


def page(client, run):
    return client.get(f"/processes/run/{run.pk}/change/").content.decode()


def test_the_button_asks_for_a_run_and_shows_it(admin_client, connector):
    answer = admin_client.post(f"/processes/connector/{connector.pk}/run/")
    run = Run.objects.get()
    assert answer.url == f"/processes/run/{run.pk}/change/"
    assert (run.state, run.requested_by) == ("queued", "admin")


def test_pressing_twice_shows_the_same_run(admin_client, connector):
    addresses = {admin_client.post(f"/processes/connector/{connector.pk}/run/").url for _ in range(2)}
    assert len(addresses) == 1
    assert Run.objects.count() == 1


def test_the_button_is_pressed_not_followed(admin_client, connector):
    assert admin_client.get(f"/processes/connector/{connector.pk}/run/").status_code == 405
    assert not Run.objects.exists()


def test_an_inactive_connector_is_not_run_and_says_why(admin_client, connector):
    connector.active = False
    connector.save()
    answer = admin_client.post(f"/processes/connector/{connector.pk}/run/", follow=True)
    assert "is not active" in answer.content.decode()
    assert not Run.objects.exists()


NOTHING = "Amazon was asked for this time and answered that there is nothing."


def asked(run, complete=True, hours=0, **given):
    start = datetime(2026, 5, 1, tzinfo=UTC) + timedelta(hours=hours)
    WindowRead.objects.create(
        node=run.connector.node, program="vendor_retail", run=run.pk, connector=run.connector_id,
        position=WindowRead.objects.count(), scan="created", start=start, end=start + timedelta(hours=4),
        complete=complete, **given,
    )  # fmt: skip


def test_a_run_that_found_nothing_says_for_which_time_amazon_said_so(admin_client, make_run):
    run = make_run("succeeded")
    asked(run)
    asked(run, hours=3, read_until=datetime(2026, 5, 1, 6, tzinfo=UTC))
    text = page(admin_client, run)
    assert NOTHING in text
    assert "2026-05-01T06:00:00+00:00" in text, "no later than Amazon's own clock"
    assert "2026-05-01T04:00:00+00:00" not in text.partition(NOTHING)[2].partition("</ul>")[0]
    assert "1 min 5 s" in text


def test_a_run_that_found_only_what_was_known_says_so_too(admin_client, make_run):
    run = make_run("succeeded", counts={**COUNTS, "read": 2, "unchanged": 2})
    asked(run)
    assert "showed nothing new: the 2 orders that came are known" in page(admin_client, run)


@pytest.mark.parametrize(
    ("state", "counts", "complete"),
    [
        ("failed", {}, True),
        ("partial", {}, True),
        ("cancelled", {}, True),
        ("succeeded", {}, False),
        ("succeeded", {"read": 1, "left_out": 1}, True),
        ("succeeded", {"read": 1, "created": 1}, True),
        ("succeeded", {"read": 1, "failed": 1}, True),
    ],
)
def test_nothing_new_is_never_said_where_anything_failed_or_was_left_out(
    admin_client, make_run, state, counts, complete
):
    run = make_run(state, counts={**COUNTS, **counts})
    asked(run)
    asked(run, complete=complete)
    assert "Amazon was asked for this time" not in page(admin_client, run)


def test_each_window_says_why_it_was_read(admin_client, make_run):
    run = make_run("succeeded")
    for purpose in ("range", "dates", "gap", "deep", "open"):
        asked(run, purpose=purpose)
    text = page(admin_client, run)
    for label in ("Time range", "Fixed dates", "Gap", "Deep re-scan", "Open orders"):
        assert f'<span class="ap-quiet ap-small">{label}</span></td>' in text


def test_a_failed_run_says_why_and_what_to_do(admin_client, make_run):
    params = {"operation": "getPurchaseOrders", "status": 403, "amazon_code": "Unauthorized"}
    run = make_run("failed", error_kind="refused", error_code="access_refused", error_params=params)
    text = page(admin_client, run)
    assert "Amazon refused access to getPurchaseOrders" in text
    assert "Usually a role is missing" in text
    assert "Amazon was asked for this time" not in text


def test_warnings_are_grouped_by_cause(admin_client, make_run):
    run = make_run("partial", counts={**COUNTS, "read": 9, "failed": 9})
    for number in range(9):
        params = {"number": f"BAD{number}", "reason_code": "not_an_amount", "value": "<b>", "field": "netCost"}
        RunNote.objects.create(run=run.pk, at=run.created_at, code="unreadable_document", params=params)
    text = page(admin_client, run)
    assert "9 times, for example:" in text
    assert "BAD4" in text
    assert "BAD5" not in text
    assert "“&lt;b&gt;” in the field “netCost” is not a number" in text


def test_windows_and_requests_are_listed(admin_client, node, make_run):
    run = make_run("succeeded")
    now = run.created_at
    WindowRead.objects.create(
        node=node, program="vendor_retail", run=run.pk, connector=1, position=0, scan="created",
        start=now - timedelta(days=7), end=now, pages=3, complete=True, read=250,
    )  # fmt: skip
    RequestLogged.objects.create(
        run=run.pk, at=now, operation="getPurchaseOrders", status=429, request_id="id-42",
        milliseconds=180, attempt=2, error="throttled",
    )  # fmt: skip
    text = page(admin_client, run)
    for word in ("getPurchaseOrders", "429", "id-42", "180", "250", "limit of requests"):
        assert word in text


def test_the_live_part_asks_again_while_the_run_works_and_for_the_whole_page_after(admin_client, make_run):
    run = make_run("running", windows_done=1, ended_at=None)
    part = admin_client.get(f"/processes/run/{run.pk}/live/")
    assert "every 1s" in part.content.decode()
    assert "1 of 4 windows read" in part.content.decode()
    assert "HX-Refresh" not in part
    Run.objects.update(state="succeeded")
    part = admin_client.get(f"/processes/run/{run.pk}/live/")
    assert "every 1s" not in part.content.decode()
    assert part["HX-Refresh"] == "true"


def test_a_queued_run_without_a_worker_says_what_it_waits_for(admin_client, make_run):
    assert "No worker is running" in page(admin_client, make_run("queued", ended_at=None))


def test_a_run_that_another_worker_went_on_with_says_so_while_it_works_and_after(admin_client, make_run):
    run = make_run("running", ended_at=None, worker="first-1")
    runs.take_up(run, "second-2")
    sentence = "The worker first-1 ended in the middle; the worker second-2 went on at "
    assert sentence in admin_client.get(f"/processes/run/{run.pk}/live/").content.decode()
    Run.objects.update(state="succeeded", ended_at=timezone.now())
    assert page(admin_client, run).count(sentence) == 1


def test_a_run_is_cancelled_once(admin_client, make_run):
    run = make_run("running")
    first = admin_client.post(f"/processes/run/{run.pk}/cancel/", follow=True)
    assert "The run was cancelled." in first.content.decode()
    again = admin_client.post(f"/processes/run/{run.pk}/cancel/", follow=True)
    assert "had ended already" in again.content.decode()


def test_the_list_shows_each_result_in_words(admin_client, make_run):
    make_run("succeeded", counts={**COUNTS, "read": 1240, "created": 1200, "unchanged": 40})
    make_run("succeeded")
    make_run("failed", error_code="throttled")
    text = admin_client.get("/processes/run/").content.decode()
    for word in ("1,200 new · 40 unchanged", "No orders", "limit of requests was exceeded"):
        assert word in text


def test_a_run_outlives_its_connector(admin_client, connector, make_run):
    run = make_run("succeeded")
    connector.delete()
    assert "Orders" in page(admin_client, run)


def test_orders_fetched_by_number_stand_with_their_result_and_reason(admin_client, node, make_run):
    run = make_run("partial", orders=["PO1", "PO2"])
    NumberRead.objects.create(node=node, run=run.pk, position=0, number="PO1", result="created")
    NumberRead.objects.create(
        node=node,
        run=run.pk,
        position=1,
        number="PO2",
        result="missed",
        code="order_not_found",
        params={"number": "PO2"},
    )
    shown = admin_client.get(reverse("admin:processes_run_change", args=[run.pk])).content.decode()
    assert "PO1" in shown
    assert "Not fetched" in shown
    assert "Amazon does not find the order PO2 for this account." in shown


def test_the_box_asks_for_the_pasted_numbers_and_refuses_an_empty_one(admin_client, connector):
    address = reverse("admin:processes_connector_run", args=[connector.pk])
    admin_client.post(address, {"orders": " \n"})
    assert not Run.objects.exists()
    admin_client.post(address, {"orders": "PO1, PO2;PO3\nPO1"})
    assert Run.objects.get().orders == ["PO1", "PO2", "PO3"]


def test_a_runs_moments_are_shown_in_its_nodes_zone(admin_client, make_run, node):
    node.options["marketplace"] = "IT"
    node.full_clean()
    node.save()
    moment = datetime(2026, 4, 2, 22, 30, tzinfo=UTC)
    run = make_run("succeeded", created_at=moment, started_at=moment)
    own = (f"/processes/run/{run.pk}/change/", f"/processes/connector/{run.connector_id}/change/")
    for address in ("/", "/processes/run/", "/processes/connector/", *own):
        assert "2026-04-03 00:30" in admin_client.get(address).content.decode(), address


@pytest.mark.once
@pytest.mark.parametrize(
    ("run", "words"),
    [
        (Run(counts={"read": 0}, windows=2), "No orders"),
        (Run(counts={"read": 0, "handed_over": 249, "refused": 1, "waiting": 0}), "249 handed over · 1 refused"),
        (Run(counts={"read": 0, "waiting": 720}), "720 waiting"),
        (Run(counts={"read": 0, "waiting": 0}), "Nothing to hand over"),
        (Run(counts={"read": 0}), "–"),
    ],
)
def test_a_run_says_only_of_what_was_its_work_that_there_was_nothing(run, words):
    run.state = Run.State.SUCCEEDED
    assert run_words.summary(run) == words


def test_a_procedure_says_how_much_waits_only_where_each_of_its_exports_counted():
    counted = Run(counts={"handed_over": 3, "refused": 0, "waiting": 2})
    broken_off = Run(counts={"handed_over": 1, "refused": 0})
    assert runs.totals([counted, counted])["counts"] == {"handed_over": 6, "refused": 0, "waiting": 4}
    assert runs.totals([counted, broken_off])["counts"] == {"handed_over": 4, "refused": 0}
