"""Runs in a real browser: what moves by itself, what the keyboard reaches, what fits a phone."""

from datetime import timedelta

import browser
import pytest
from django.utils import timezone

from approdo.exchanges.models import RequestLogged
from approdo.processes.models import Procedure, Run, RunStep

pytestmark = browser.MARKS

MINUTE = timedelta(minutes=1)


@pytest.fixture
def failed(connector):
    """A run of half an hour ago, with 150 requests of which three failed."""
    at = timezone.now() - 30 * MINUTE
    run = Run.objects.create(
        connector=connector, connector_name="Orders", state="failed", created_at=at, started_at=at,
        ended_at=at + MINUTE, counts={"requests": 150}, error_code="throttled", error_kind="transient",
    )  # fmt: skip
    RequestLogged.objects.bulk_create(
        RequestLogged(
            run=run.pk, at=at, operation="getPurchaseOrders", status=200 if number % 50 else 429,
            error="" if number % 50 else "throttled", request_id=f"id-{number:03}", milliseconds=1, attempt=1,
        )
        for number in range(150)
    )  # fmt: skip
    return run


def test_the_timeline_moves_by_itself_and_stays_where_the_reader_is(opened, connector, failed):
    page = opened("/processes/run/timeline/", width=390)
    bars, picture = page.locator(".ap-run"), page.locator(".ap-timeline")
    assert bars.count() == 1
    at_end = picture.evaluate("(box) => box.scrollLeft + box.clientWidth >= box.scrollWidth - 1")
    assert at_end, "it begins at its newest end"
    picture.evaluate("(box) => box.scrollLeft = 50")
    bars.first.focus()
    assert page.get_by_text(f"#{failed.pk} · Failed").is_visible()
    Run.objects.create(connector=connector, connector_name="Orders", state="queued", created_at=timezone.now())
    page.locator(".ap-run.ap-queued").wait_for()
    assert page.get_by_text(f"#{failed.pk} · Failed").is_visible(), "what is looked at stays open"
    assert picture.evaluate("(box) => box.scrollWidth > box.clientWidth")
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/processes/run/{failed.pk}/change/")


def test_the_timelines_first_and_last_labels_are_whole(opened, live_server, connector):
    page = opened("/processes/run/timeline/?hours=6&until=2026-05-01T06:00:00Z", width=1280)
    for until in ("06:00", "06:01"):
        page.goto(f"{live_server.url}/processes/run/timeline/?hours=6&until=2026-05-01T{until}:00Z")
        lane, labels = page.locator(".ap-axis .ap-lane").bounding_box(), page.locator(".ap-axis .ap-lane span")
        for label in (labels.first.bounding_box(), labels.last.bounding_box()):
            assert label["x"] >= lane["x"]
            assert label["x"] + label["width"] <= lane["x"] + lane["width"]


def test_the_timeline_asks_nothing_while_nobody_can_see_it(opened):
    page = opened("/processes/run/timeline/")
    hide = "(hidden) => { Object.defineProperty(document, 'hidden', {value: hidden, configurable: true}); %s }"
    page.evaluate(hide % "", True)
    asked = []
    page.on("request", lambda request: asked.append(request.url))
    page.wait_for_timeout(6000)
    assert asked == []
    with page.expect_response("**/timeline/**"):
        page.evaluate(hide % "document.dispatchEvent(new Event('visibilitychange'))", False)


def test_requests_are_paged_and_filtered_without_a_new_page(opened, failed):
    page = opened(f"/processes/run/{failed.pk}/change/")
    page.evaluate("window.same = true")
    page.get_by_text("Older").click()
    page.get_by_text("101–150 of 150").wait_for()
    page.get_by_text("Only failed ones").click()
    page.get_by_text("1–3 of 3").wait_for()
    page.get_by_role("button", name="Copy").first.click()
    page.locator(".ap-copy", has_text="check").wait_for()
    assert page.evaluate("window.same")


def test_a_procedures_run_moves_before_the_readers_eyes(opened, live_server, connector, failed):
    procedure = Procedure.objects.create(name="Every morning")
    run = Run.objects.create(
        procedure=procedure, procedure_name=procedure.name, state="running", created_at=timezone.now()
    )
    step = RunStep.objects.create(run=run, position=0, connector=connector, connector_name="Orders")
    page = opened(f"/processes/run/{run.pk}/change/")
    page.get_by_text("0 of 1 connectors done").wait_for()
    step.part, step.result = failed, "joined"
    step.save()
    page.get_by_text("1 of 1 connectors done").wait_for()
    page.get_by_text("Joined a run that was under way").wait_for()
    Run.objects.filter(pk=run.pk).update(state="failed", ended_at=timezone.now())
    page.get_by_role("button", name="Retry what failed").wait_for()


@pytest.mark.parametrize("width", [390, 1280])
def test_no_page_of_runs_is_wider_than_the_screen(opened, live_server, connector, failed, width):
    procedure = Procedure.objects.create(name="Every morning, as soon as the night's orders can be read" * 2)
    run = Run.objects.create(
        procedure=procedure, procedure_name=procedure.name[:100], state="failed", created_at=timezone.now()
    )
    RunStep.objects.create(run=run, position=0, connector=connector, connector_name="Orders", part=failed)
    page = opened("/processes/run/timeline/?hours=168", language="it", width=width)
    for path in ("timeline/?hours=6", "", f"{run.pk}/change/", f"{failed.pk}/change/"):
        page.goto(f"{live_server.url}/processes/run/{path}")
        assert page.evaluate("document.documentElement.scrollWidth") <= width, path
