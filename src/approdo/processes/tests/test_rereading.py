"""What was kept raw is read once more."""

from datetime import UTC, datetime, timedelta

import consumer_orders
import pytest
from amazon_orders import batch, item, node, order
from msgspec.structs import replace

from approdo.catalog.models import SkuRecoding
from approdo.connectors.amazon_vendor.programs import DIRECT_FULFILLMENT
from approdo.exchanges.coverage import coverage
from approdo.exchanges.models import WindowRead
from approdo.nodes.models import Configuration, Node
from approdo.processes import rereading, runs
from approdo.processes.models import Connector, Run
from approdo.sales import personal
from approdo.sales.models import SaleDocument, SaleLine, SetAside
from approdo.sales.receive import Origin, receive
from approdo.sdk.errors import ConfigError, UnreadableDocument

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 5, 1, 12, 1, tzinfo=UTC)


@pytest.fixture
def run():
    connector = Connector.objects.create(name="Download", node=node(), type="amazon_vendor.download_orders")
    return Run.objects.create(connector=connector, connector_name="Download", created_at=NOW, state="running")


def set_aside(run, one, minutes=0):
    """What an Approdo that cannot read `one` yet makes of it."""

    def cannot(_raw):
        raise UnreadableDocument("no_lines")

    known = replace(batch(one), decode=cannot)
    receive(known, Origin(Node.objects.get().pk, run.pk, NOW + timedelta(minutes=minutes)))
    return SetAside.objects.latest("pk")


def test_what_can_be_read_by_now_is_stored_and_waits_no_longer(run):
    waiting = set_aside(run, order("PO000001"))
    assert rereading.retry(waiting)
    waiting.refresh_from_db()
    assert waiting.stored_at is not None
    assert SaleDocument.objects.get().number == "PO000001"


def test_what_still_cannot_be_read_goes_on_waiting(run):
    receive(batch(order("PO000001", items="none")), Origin(Node.objects.get().pk, run.pk, NOW))
    waiting = SetAside.objects.get()
    assert not rereading.retry(waiting)
    waiting.refresh_from_db()
    assert waiting.stored_at is None
    assert not SaleDocument.objects.exists()


def test_what_is_given_up_is_no_open_point_any_more_and_its_run_has_succeeded(run):
    of_node = Node.objects.get()
    WindowRead.objects.create(
        node=of_node, source=of_node.identity, program="vendor_retail", run=run.pk, connector=run.connector_id,
        position=0, scan="created", start=NOW - timedelta(days=1), end=NOW, complete=True, read_at=NOW,
    )  # fmt: skip
    receive(batch(order("PO000001", items="none")), Origin(of_node.pk, run.pk, NOW))
    Run.objects.filter(pk=run.pk).update(state="partial")
    waiting = SetAside.objects.get()
    (before,) = coverage(of_node)
    assert (before.complete, before.set_aside, before.given_up) == (False, 1, 0)
    for why, code in ((" ", "missing_option"), ("x" * 1001, "text_too_long")):
        with pytest.raises(ConfigError, match=code):
            rereading.give_up(waiting, why, "anna")
    rereading.give_up(waiting, "Amazon took it back", "anna")
    (after,) = coverage(of_node)
    assert (after.complete, after.set_aside, after.given_up) == (True, 0, 1)
    run.refresh_from_db()
    assert run.state == "succeeded"
    with pytest.raises(ConfigError, match="set_aside_ended"):
        rereading.give_up(waiting, "Again", "carla")
    waiting.refresh_from_db()
    assert (waiting.given_up_by, waiting.given_up_why) == ("anna", "Amazon took it back")
    receive(batch(order("PO000001", items="none")), Origin(of_node.pk, run.pk, NOW + timedelta(hours=1)))
    assert coverage(of_node)[0].set_aside == 0, "the same, shown again, is given up already"


def test_a_purged_document_that_cannot_be_read_is_given_up_and_one_that_comes_readable_is_stored(run):
    privacy = consumer_orders.batch().privacy
    receive(consumer_orders.batch(consumer_orders.order(items="none")), Origin(Node.objects.get().pk, run.pk, NOW))
    waiting = SetAside.objects.get()
    personal.purge_set_aside(waiting, privacy, NOW)
    waiting.refresh_from_db()
    assert not rereading.retry(waiting)
    rereading.give_up(waiting, "Its consumer is purged", "anna")
    later = replace(consumer_orders.batch(consumer_orders.order()), asked_at=NOW + timedelta(hours=1))
    receive(later, Origin(Node.objects.get().pk, run.pk, later.asked_at))
    waiting.refresh_from_db()
    assert waiting.stored_at is not None


def test_an_older_version_read_at_last_does_not_replace_the_newer_one(run):
    waiting = set_aside(run, order("PO000001", purchaseOrderChangedDate="2026-04-30T11:00:00Z"))
    newer = order("PO000001", purchaseOrderChangedDate="2026-04-30T12:00:00Z", shipToParty={"partyId": "BGY3"})
    SaleDocument.objects.all().delete()
    receive(batch(newer), Origin(Node.objects.get().pk, run.pk, NOW))
    assert rereading.retry(waiting)
    assert SaleDocument.objects.get().ship_to == "BGY3"


def test_a_run_is_partly_done_until_the_last_waiting_document_is_stored(run):
    first, second = set_aside(run, order("PO000001")), set_aside(run, order("PO000002"))
    Run.objects.filter(pk=run.pk).update(state="partial")
    assert rereading.retry(first)
    run.refresh_from_db()
    assert run.state == "partial"
    assert rereading.retry(second)
    run.refresh_from_db()
    assert run.state == "succeeded"


def test_a_run_that_broke_off_stays_partly_done(run):
    waiting = set_aside(run, order("PO000001"))
    receive(batch(order("PO000002")), Origin(Node.objects.get().pk, run.pk, NOW))
    Run.objects.filter(pk=run.pk).update(state="partial", error_code="timeout")
    rereading.retry(waiting)
    run.refresh_from_db()
    assert run.state == "partial"


def test_a_later_run_that_reads_it_settles_the_earlier_one(run):
    set_aside(run, order("PO000001"))
    Run.objects.filter(pk=run.pk).update(state="partial")
    later = Run.objects.create(connector=run.connector, connector_name="Download", created_at=NOW, state="running")
    receive(batch(order("PO000001"), asked_at=NOW), Origin(Node.objects.get().pk, later.pk, NOW))
    runs.succeed(later.pk)
    run.refresh_from_db()
    assert run.state == "succeeded"


def test_what_is_left_of_a_purged_document_is_not_set_aside_once_more(run):
    broken = consumer_orders.order(items="none")
    receive(consumer_orders.batch(broken), Origin(Node.objects.get().pk, run.pk, NOW))
    personal.purge_set_aside(SetAside.objects.get(), DIRECT_FULFILLMENT.privacy, NOW)
    assert not rereading.retry(SetAside.objects.get())
    assert SetAside.objects.count() == 1


def test_a_program_that_nobody_reads_is_said(run):
    waiting = set_aside(run, order("PO000001"))
    SetAside.objects.update(program="forgotten")
    waiting.refresh_from_db()
    with pytest.raises(ConfigError, match="program_unknown"):
        rereading.retry(waiting)


def test_a_version_tells_what_it_changed_and_the_first_one_nothing(run):
    origin = Origin(Node.objects.get().pk, run.pk, NOW)
    receive(batch(order()), origin)
    changed = [item(netCost={"amount": "1.25", "currencyCode": "EUR"})]
    receive(batch(order(items=changed, purchaseOrderChangedDate="2026-04-30T12:00:00Z")), origin)
    document = SaleDocument.objects.get()
    second, first = document.versions.order_by("-number")
    assert rereading.changes(document, first) is None
    fields = [(one.line, one.field) for one in rereading.changes(document, second) or []]
    assert fields == [(None, "changed_date"), ("1", "net_cost")]


def test_what_is_read_again_is_recoded_as_the_nodes_connector_asks(run):
    waiting = set_aside(run, order("PO000001"))
    configuration = Configuration.objects.create(
        kind="order_download_configuration", name="All", options={"type": "vendor_retail"}
    )
    Connector.objects.update(configuration=configuration, options={"recode_skus": True})
    SkuRecoding.objects.create(external="8001234567890", sku="OWN")
    assert rereading.retry(waiting)
    assert SaleLine.objects.get().sku == "OWN"
