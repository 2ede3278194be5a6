"""The status scan from the request of a run to its end, against the simulated Amazon over HTTP."""

from datetime import UTC, datetime, timedelta

import pytest
import reading
from django.utils import timezone

from amazon_simulator import CLIENT_ID, CLIENT_SECRET, REFRESH_TOKEN, Simulator
from approdo.exchanges.coverage import coverage
from approdo.exchanges.models import WindowRead
from approdo.nodes.models import Configuration, Node, TimeRange
from approdo.processes import planning, rereading, run_data
from approdo.processes.models import Connector, Run
from approdo.sales.models import DocumentStatus, SaleDocument, SetAside, StatusLine, StatusVersion
from approdo.sales.raw import compress
from approdo.sdk.connector import Scan

pytestmark = pytest.mark.django_db

STATUS = "getPurchaseOrdersStatus"


@pytest.fixture
def amazon():
    # A little behind our clock: what changes there now lies in the windows that are asked for now.
    now = datetime.now(UTC) - timedelta(seconds=5)
    with Simulator(seed=5, orders=260, days=30, lines=3, rate_limit=False, now=now) as simulator:
        yield simulator


@pytest.fixture
def connector(amazon):
    def saved(record):
        record.full_clean()
        record.save()
        return record

    address = {"region": "custom", "api_url": amazon.url, "token_url": amazon.token_url}
    keys = {"client_id": CLIENT_ID, "client_secret": CLIENT_SECRET, "refresh_token": REFRESH_TOKEN}
    node = saved(Node(name="Amazon", type="amazon_vendor", options={**address, **keys}))
    configuration = Configuration(
        kind="order_download_configuration",
        name="Everything",
        time_range=saved(TimeRange(name="Range", last=12, delay=0)),
        options={"type": "vendor_retail", "states": "all"},
    )
    type_ = "amazon_vendor.download_orders"
    return saved(Connector(name="Download", node=node, type=type_, configuration=saved(configuration), options={}))


def run(connector):
    """Work through a run as the workflow does."""
    return reading.read(Connector.objects.get(pk=connector.pk))


def truth(amazon, days=12):
    """The numbers of the orders that getPurchaseOrdersStatus calls updated in the last `days`."""
    since = int((amazon.now - timedelta(days=days)).timestamp())
    return {entry.number for entry in amazon._amazon.book() if entry.updated >= since}


def known():
    return set(DocumentStatus.objects.values_list("number", flat=True))


def test_a_run_reads_orders_and_then_every_status_and_counts_them_apart(connector, amazon):
    done = run(connector)
    assert done.state == Run.State.SUCCEEDED
    assert known() >= truth(amazon, 11.9)
    assert done.counts["statuses"]["created"] == len(known())
    assert done.counts["read"] != done.counts["statuses"]["read"]
    assert done.counts["created"] == SaleDocument.objects.count()
    scans = list(WindowRead.objects.order_by("position").values_list("scan", flat=True))
    assert scans == sorted(scans, key=list(Scan).index)
    assert scans.count("status") == 2, "twelve days are two windows"
    assert StatusLine.objects.filter(received__gt=0).exists()
    assert StatusLine.objects.count() == 3 * len(known())
    both = SaleDocument.objects.filter(number__in=known())
    assert both.exists()
    assert not both.filter(amazon_status=None).exists()
    assert not SaleDocument.objects.exclude(number__in=known()).exclude(amazon_status=None).exists()
    assert {one.scan: one.complete for one in coverage(connector.node)} == dict.fromkeys(
        ("created", "changed", "status"), True
    )


def test_the_second_run_changes_nothing_and_a_receipt_is_seen_by_the_next(connector, amazon):
    run(connector)
    run(connector)  # reads older neighbours of open orders too
    again = run(connector).counts["statuses"]
    assert again["created"] + again["updated"] + again["failed"] == 0
    assert again["unchanged"] == again["read"] > 0
    document = SaleDocument.objects.filter(amazon_status="open", confirmation="confirmed").first()
    amazon.change_order(document.number, received={"1": 1})
    TimeRange.objects.update(last=1, unit="hours")
    seen = run(connector).counts
    assert (seen["statuses"]["updated"], seen["updated"]) == (1, 0)
    document.refresh_from_db()
    assert document.receiving == "partly"
    status = DocumentStatus.objects.get(number=document.number)
    newest = status.versions.last()
    changed = [(one.line, one.field) for one in rereading.status_changes(status, newest)]
    assert (None, "last_updated_date") in changed
    assert ("1", "received.eaches") in changed


def test_a_receipt_that_is_no_update_is_seen_by_the_orders_own_date_and_not_asked_for_every_time(connector, amazon):
    run(connector)
    TimeRange.objects.update(last=1, unit="hours")
    open_orders = SaleDocument.objects.filter(amazon_status="open", confirmation="confirmed").order_by("date")
    old = open_orders.first()
    amazon.dials.set("silent_receipts")
    amazon.change_order(old.number, received={"1": 1})
    seen = run(connector)
    assert WindowRead.objects.filter(run=seen.pk, scan="status", updated__gt=0).count() == 0
    old.refresh_from_db()
    assert old.receiving == "partly"
    again = WindowRead.objects.filter(run=seen.pk, scan="status_created")
    assert again.exists()
    assert {window.purpose for window in again} == {"open"}
    assert "status_created" not in {one.scan for one in coverage(connector.node)}
    third = run(connector)
    assert not WindowRead.objects.filter(run=third.pk, scan="status_created").exists()
    WindowRead.objects.update(read_at=timezone.now() - planning.STATUSES_REST)
    fourth = run(connector)
    assert WindowRead.objects.filter(run=fourth.pk, scan="status_created").exists()


def test_a_run_that_was_killed_between_two_pages_goes_on_and_doubles_nothing(connector, amazon):
    with reading.killed_after(1, "status"):
        run(connector)
    broken = Run.objects.get()
    assert broken.live
    first = known()
    assert WindowRead.objects.get(scan="status", pages__gt=0).read == len(first)
    done = run(connector)
    assert (done.pk, done.state) == (broken.pk, Run.State.SUCCEEDED)
    assert known() > first
    assert known() >= truth(amazon, 11.9)
    assert StatusVersion.objects.count() == len(known())


def test_without_the_role_for_statuses_the_orders_are_read_and_the_run_says_which_role_is_missing(connector, amazon):
    amazon.dials.set("forbidden", operation=STATUS)
    done = run(connector)
    assert (done.state, done.error_code, done.error_kind) == (Run.State.PARTIAL, "status_refused", "config")
    assert "Inventory and Order Tracking" in run_data.errors(done)[0]["hint"]
    assert done.counts["created"] == SaleDocument.objects.count() > 0
    assert not known()
    by_scan = {one.scan: one for one in coverage(connector.node)}
    assert (by_scan["created"].complete, by_scan["changed"].complete, by_scan["status"].read) == (True, True, [])
    assert [gap.run for gap in by_scan["status"].gaps] == [done.pk]
    assert sum(request.operation == STATUS for request in amazon.requests) <= 2, "asked once, and once with a new token"
    amazon.dials.clear()
    TimeRange.objects.update(last=1)
    assert run(connector).state == Run.State.SUCCEEDED
    assert known() >= truth(amazon, 11.9), "what could not be read is read once it can be"


def test_what_kept_orders_from_being_read_is_said_before_what_kept_their_status(connector, amazon, impatient):
    amazon.dials.set("not_json", operation="getPurchaseOrders", times=2)
    amazon.dials.set("forbidden", operation=STATUS)
    done = run(connector)
    assert (done.state, done.error_code) == (Run.State.PARTIAL, "unreadable_answer")
    assert not WindowRead.objects.filter(scan="status", error_code="").exists()


@pytest.mark.parametrize(
    "dial",
    [("http_503_empty", {}), ("ok_without_orders", {}), ("not_json", {}), ("cut_body", {})],
    ids=lambda dial: dial[0],
)
def test_statuses_that_cannot_be_read_now_are_read_by_the_next_run(connector, amazon, dial, impatient):
    name, given = dial
    amazon.dials.set(name, operation=STATUS, **given)
    done = run(connector)
    assert (done.state, done.error_kind) == (Run.State.PARTIAL, "transient")
    assert done.counts["created"] > 0
    amazon.dials.clear()
    TimeRange.objects.update(last=1)
    assert run(connector).state == Run.State.SUCCEEDED
    assert known() >= truth(amazon, 11.9)


@pytest.fixture
def impatient():
    import stamina

    with stamina.set_testing(True, attempts=2, cap=True):
        yield


def test_switched_off_no_status_is_asked_for(connector, amazon):
    connector.configuration.options["read_status"] = False
    connector.configuration.full_clean()
    connector.configuration.save()
    assert run(connector).state == Run.State.SUCCEEDED
    assert not [request for request in amazon.requests if request.operation == STATUS]


def test_statuses_are_kept_whatever_order_states_are_ticked(connector, amazon):
    connector.configuration.options["states"] = ["new"]
    connector.configuration.full_clean()
    connector.configuration.save()
    assert run(connector).state == Run.State.SUCCEEDED
    assert known() >= truth(amazon, 11.9)
    assert len(known()) > SaleDocument.objects.count()
    assert {one.scan: one.states for one in coverage(connector.node)} == {
        "created": ("new",),
        "changed": ("new",),
        "status": (),
    }


def test_an_unreadable_status_makes_the_run_partly_done_until_it_can_be_read(connector, amazon):
    number = amazon.orders()[-1].number
    amazon.put_status(number, {"purchaseOrderNumber": number, "itemStatus": "none"})
    done = run(connector)
    assert (done.state, done.counts["failed"], done.counts["statuses"]["failed"]) == (Run.State.PARTIAL, 0, 1)
    waiting = SetAside.objects.get()
    assert not rereading.retry(waiting)
    good = {"purchaseOrderNumber": number, "purchaseOrderStatus": "OPEN", "itemStatus": []}
    amazon.put_status(number, good)
    assert run(connector).state == Run.State.SUCCEEDED
    done.refresh_from_db()
    waiting.refresh_from_db()
    assert (done.state, waiting.stored_at is None) == (Run.State.SUCCEEDED, False)
    assert SaleDocument.objects.get(number=number).amazon_status == "open"


def test_a_set_aside_status_is_stored_once_it_can_be_read(connector, amazon):
    number = amazon.orders()[-1].number
    amazon.put_status(number, {"purchaseOrderNumber": number, "itemStatus": "none"})
    run(connector)
    waiting = SetAside.objects.get()
    raw = b'{"purchaseOrderNumber":"%s","purchaseOrderStatus":"CLOSED"}' % number.encode()
    SetAside.objects.update(raw=compress(raw))
    waiting.refresh_from_db()
    assert rereading.retry(waiting)
    assert DocumentStatus.objects.get(number=number).status == "closed"
    assert not run_data.errors(Run.objects.get())
    assert Run.objects.get().state == Run.State.SUCCEEDED
