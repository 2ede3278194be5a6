"""What becomes of received order statuses."""

import json
from datetime import UTC, datetime, timedelta

import amazon_orders
import pytest
from amazon_orders import ASKED_AT, node, order
from msgspec.structs import replace
from order_statuses import batch, cases, line, status

from approdo.sales.models import DocumentStatus, SaleDocument, SetAside, StatusLine, StatusVersion
from approdo.sales.raw import raw_bytes
from approdo.sales.receive import Counts, Origin, receive
from approdo.sales.status import receive_statuses
from approdo.sales.status_queries import status_of
from approdo.sdk.documents import Received

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 5, 1, 12, 1, tzinfo=UTC)
LATER = ASKED_AT + timedelta(hours=1)


@pytest.fixture
def origin():
    return Origin(node().pk, run=7, at=NOW)


def counted(counts: Counts) -> dict[str, int]:
    names = ("read", "created", "updated", "unchanged", "failed", "left_out")
    return {name: getattr(counts, name) for name in names if getattr(counts, name)}


def copied(number="PO000001"):
    return SaleDocument.objects.values_list("amazon_status", "confirmation", "receiving").get(number=number)


def test_a_status_stands_beside_its_order_with_its_figures_by_line(origin):
    receive(amazon_orders.batch(order()), origin)
    assert counted(receive_statuses(batch(status("PO000001", line(received="PARTIALLY_RECEIVED"))), origin)) == {
        "read": 1,
        "created": 1,
    }
    found = status_of(SaleDocument.objects.get())
    assert (found.status, found.confirmation, found.receiving, found.version) == ("open", "confirmed", "partly", 1)
    (one,) = found.lines.all()
    assert (one.ordered, one.cancelled, one.accepted, one.rejected, one.received) == (36, None, 36, 0, 12)
    assert one.given["received"] == {"quantity": 1, "unit": "cases", "unit_size": 12}
    assert one.last_receive_date == datetime(2026, 5, 4, 8, tzinfo=UTC)
    assert copied() == ("open", "confirmed", "partly")


def test_a_status_changes_nothing_in_the_order_itself(origin):
    receive(amazon_orders.batch(order()), origin)
    names = [
        field.name
        for field in SaleDocument._meta.fields
        if field.name not in ("amazon_status", "confirmation", "receiving")
    ]
    before = SaleDocument.objects.values(*names).get()
    receive_statuses(batch(status()), origin._replace(at=NOW + timedelta(days=1)))
    assert SaleDocument.objects.values(*names).get() == before


def test_a_status_that_comes_before_its_order_waits_for_it(origin):
    receive_statuses(batch(status("PO000001"), status("PO000002")), origin)
    assert not SaleDocument.objects.exists()
    receive(amazon_orders.batch(order("PO000001")), origin)
    assert copied() == ("open", "confirmed", "not_received")
    assert status_of(SaleDocument.objects.get()).lines.count() == 1
    assert DocumentStatus.objects.count() == 2


def test_the_same_number_of_another_account_is_another_order(origin):
    receive_statuses(batch(status()), Origin(node("Germany").pk, 1, NOW))
    receive(amazon_orders.batch(order()), origin)
    assert copied() == (None, None, None)
    assert status_of(SaleDocument.objects.get()) is None


def test_the_same_page_twice_leaves_the_same_rows(origin):
    page = batch(status("PO000001"), status("PO000002"))
    receive_statuses(page, origin)
    before = [list(model.objects.values()) for model in (DocumentStatus, StatusLine, StatusVersion)]
    assert counted(receive_statuses(page, origin._replace(run=8))) == {"read": 2, "unchanged": 2}
    assert [list(model.objects.values()) for model in (DocumentStatus, StatusLine, StatusVersion)] == before


def test_an_unchanged_status_is_not_decoded(origin, django_assert_max_num_queries):
    page = batch(*(status(f"PO{number:06}") for number in range(100)))
    receive_statuses(page, origin)

    def never(_raw):
        raise AssertionError("decoded")

    with django_assert_max_num_queries(2):
        receive_statuses(replace(page, decode=never, canonical=never), origin)


def test_other_spelling_of_the_same_content_is_no_new_status(origin):
    receive_statuses(batch(status()), origin)
    same = json.dumps({**status(), "deliveryNote": None}, indent=1).replace('"amount": 3', '"amount": "3.0"').encode()
    page = replace(batch(), statuses=[Received(number="PO000001", raw=same)])
    assert counted(receive_statuses(page, origin)) == {"read": 1, "unchanged": 1}
    assert StatusVersion.objects.count() == 1


def test_each_different_status_is_kept_raw_with_its_time_and_run(origin):
    receive(amazon_orders.batch(order()), origin)
    first = status("PO000001", line("1", "UNCONFIRMED"), line("2"), lastUpdatedDate="2026-04-30T10:00:00Z")
    second = status("PO000001", line("1", received="RECEIVED"), purchaseOrderStatus="CLOSED")
    receive_statuses(batch(first), origin)
    later = origin._replace(run=8, at=NOW + timedelta(hours=1))
    assert counted(receive_statuses(batch(second, asked_at=LATER), later)) == {"read": 1, "updated": 1}
    versions = StatusVersion.objects.order_by("number")
    assert [json.loads(raw_bytes(version)) for version in versions] == [first, second]
    assert [(version.run, version.received_at) for version in versions] == [(7, NOW), (8, NOW + timedelta(hours=1))]
    assert [one.sequence for one in StatusLine.objects.all()] == ["1"]
    assert copied() == ("closed", "confirmed", "received")


def test_a_late_older_answer_never_replaces_a_newer_one(origin):
    receive_statuses(batch(status(lastUpdatedDate="2026-05-02T00:00:00Z", purchaseOrderStatus="CLOSED")), origin)
    counts = receive_statuses(batch(status(), asked_at=LATER), origin)
    assert counted(counts) == {"read": 1, "unchanged": 1}
    assert [note.code for note in counts.notes] == ["older_status"]
    assert DocumentStatus.objects.get().status == "closed"


@pytest.mark.parametrize("date", ["2026-04-30T12:00:00Z", None, "soon"])
def test_where_amazons_dates_do_not_tell_the_later_request_is_the_newer_one(origin, date):
    receive_statuses(batch(status(lastUpdatedDate=date), asked_at=LATER), origin)
    old = status("PO000001", line(received="RECEIVED"), lastUpdatedDate=date)
    assert [note.code for note in receive_statuses(batch(old), origin).notes] == ["older_status"]
    receive_statuses(batch(old, asked_at=LATER + timedelta(minutes=1)), origin)
    assert DocumentStatus.objects.get().receiving == "received"


def test_a_receipt_that_amazon_takes_back_is_taken_back(origin):
    receive_statuses(batch(status("PO000001", line(received="RECEIVED"))), origin)
    back = status("PO000001", line(receivingStatus={"receiveStatus": "NOT_RECEIVED"}))
    receive_statuses(batch(back, asked_at=LATER), origin)
    assert DocumentStatus.objects.get().receiving == "not_received"
    assert StatusLine.objects.get().received is None


def test_of_two_statuses_of_one_order_on_a_page_the_later_updated_one_wins(origin):
    newer = status(lastUpdatedDate="2026-05-02T00:00:00Z", purchaseOrderStatus="CLOSED")
    assert counted(receive_statuses(batch(newer, status()), origin)) == {"read": 2, "created": 1, "unchanged": 1}
    assert DocumentStatus.objects.get().status == "closed"


@pytest.mark.parametrize(
    "bad",
    [
        status("PO000002", itemStatus="none"),
        status("PO000002", line("L" * 65)),
        status("PO000002", line(buyerProductIdentifier="B" * 101)),
        status("PO000002", line(receivingStatus={"receivedQuantity": cases("many")})),
        status("PO000002", line(receivingStatus={"receivedQuantity": cases(9 * 10**9, 9 * 10**9)})),
        status("PO000002", sellingParty={"partyId": "V" * 101}),
        status("PO000002", purchaseOrderStatus="S" * 41),
        b'"not a status"',
    ],
)
def test_one_unreadable_status_is_set_aside_and_the_rest_of_its_page_is_stored(origin, bad):
    counts = receive_statuses(batch(status("PO000001"), bad, status("PO000003")), origin)
    assert counted(counts) == {"read": 3, "created": 2, "failed": 1}
    assert [note.code for note in counts.notes] == ["unreadable_status"]
    waiting = SetAside.objects.get()
    assert (waiting.about, waiting.stored_at) == ("status", None)
    assert raw_bytes(waiting).decode() == (bad.decode() if isinstance(bad, bytes) else json.dumps(bad))


def test_an_order_and_its_status_wait_apart(origin):
    receive_statuses(batch(status(itemStatus="none")), origin)
    receive(amazon_orders.batch(order()), origin)
    assert SetAside.objects.get().stored_at is None, "the order came readable, its status did not"
    receive(amazon_orders.batch(order(items="none")), origin)
    receive_statuses(batch(status(), asked_at=LATER), origin)
    assert dict(SetAside.objects.values_list("about", "stored_at")) == {"status": NOW, "order": None}


@pytest.mark.parametrize(
    "strange",
    [
        status("PO000001", line(receivingStatus=None), purchaseOrderStatus="PARTLY_OPEN"),
        status("PO000001", *(line(str(number)) for number in range(2500))),
        status("PO000001", line("<script>", vendorProductIdentifier="=cmd()\0", orderedQuantity=None)),
        status("PO000001", line(receivingStatus={"receiveStatus": "RECEIVED", "receivedQuantity": cases(-3)})),
        status("PO000001", itemStatus=None, purchaseOrderDate=None, sellingParty=None, shipToParty=None),
    ],
)
def test_strange_but_readable_statuses_are_stored(origin, strange):
    assert counted(receive_statuses(batch(strange), origin)) == {"read": 1, "created": 1}
    assert StatusLine.objects.count() == len(strange["itemStatus"] or [])
