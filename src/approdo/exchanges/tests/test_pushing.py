"""Batches that are sent out: tried again with growing waits, given up in the end, settled document by document."""

from datetime import UTC, datetime, timedelta

import pytest
from amazon_orders import batch, node, order

from approdo.exchanges import delivery, pushing
from approdo.exchanges.delivery import Asked
from approdo.exchanges.models import Batch, Delivery, Receipt
from approdo.sales.models import SaleDocument
from approdo.sales.receive import Origin, receive
from approdo.sdk.errors import ApprodoError, ConfigError, RefusedError, TransientError
from approdo.sdk.exports import DocumentFilter, Handed, Refusal

NOW = datetime(2026, 5, 1, 12, 1, tzinfo=UTC)
FTP, RUN = 7, 3
AWAY = TransientError("unreachable", host="ftp.example.com")
REFUSED = RefusedError("webhook_refused", host="erp.example.com", status=400)
IN_THE_WAY = TransientError("file_in_the_way", name="orders.xml", nothing_arrived=True)
HALF_TAKEN = RefusedError("file_not_taken", name="2.xml", nothing_arrived=False)
SETTINGS = ConfigError("webhook_redirects", host="erp.example.com", status=302)
BUG = ApprodoError("internal", reason="KeyError")
KILLED = "killed"

pytestmark = pytest.mark.django_db


@pytest.fixture
def claimed():
    receive(batch(order("PO000001"), order("PO000002")), Origin(node().pk, run=1, at=NOW))
    return delivery.claim(asked(NOW), 10)


def asked(at):
    return Asked(FTP, DocumentFilter(), "Files", at)


def tried(one, error, at):
    pushing.begin(one, RUN, at)
    return pushing.postpone(one, error, at)


def states():
    return sorted(Delivery.objects.values_list("document__number", "state", "code"))


def test_what_does_not_arrive_is_tried_again_with_growing_waits_for_three_days(claimed):
    at, waits = NOW, []
    while tried(claimed, AWAY, at):
        claimed.refresh_from_db()
        waits.append(claimed.next_attempt_at - at)
        assert pushing.due([FTP], claimed.next_attempt_at - timedelta(seconds=1)) == set()
        assert pushing.due([FTP], claimed.next_attempt_at) == {FTP}
        at = claimed.next_attempt_at
    assert waits == sorted(waits)
    assert (waits[0], waits[-1]) == (timedelta(seconds=30), timedelta(hours=6))
    assert timedelta(days=3) <= at - NOW < timedelta(days=3, hours=6)
    assert states() == [("PO000001", "failed", "unreachable"), ("PO000002", "failed", "unreachable")]
    assert pushing.on_its_way(FTP) is None
    assert pushing.due([FTP], at + timedelta(days=30)) == set()


def test_a_batch_that_is_tried_again_goes_out_under_its_number_with_the_same_documents(claimed):
    before = delivery.content(claimed)
    tried(claimed, AWAY, NOW)
    waiting = pushing.on_its_way(FTP)
    assert (waiting.pk, waiting.given, delivery.content(waiting)) == (claimed.pk, 1, before)


def test_the_outside_systems_answer_settles_each_document(claimed):
    first, second = SaleDocument.objects.order_by("number").values_list("pk", flat=True)
    pushing.begin(claimed, RUN, NOW)
    handed = Handed(receipts={first: "SO-1"}, refused={second: Refusal("unknown_sku", {"sku": "ART-9"})})
    pushing.settle(claimed, handed, "ERP", NOW)
    assert states() == [("PO000001", "confirmed", ""), ("PO000002", "failed", "unknown_sku")]
    assert Delivery.objects.get(document=second).params == {"sku": "ART-9"}
    assert Receipt.objects.get().number == "SO-1"
    assert pushing.counts(RUN) == {"handed_over": 1, "refused": 1}


def test_what_was_refused_is_no_earlier_version_of_a_change(claimed):
    first = SaleDocument.objects.order_by("number").first().pk
    pushing.settle(claimed, Handed(refused={first: Refusal("unfit")}), "ERP", NOW)
    later = NOW + timedelta(minutes=90)
    newer = {"purchaseOrderChangedDate": later.isoformat(), "dealCode": "new"}
    account = SaleDocument.objects.first().node_id
    newest = batch(order("PO000001", **newer), order("PO000002", **newer), asked_at=later)
    receive(newest, Origin(account, run=1, at=later))
    said = {one["number"]: one["export"] for one in delivery.content(delivery.claim(asked(later), 10))}
    assert (said["PO000001"]["change"], said["PO000001"]["exported_before"]) == (False, [])
    assert (said["PO000002"]["change"], said["PO000002"]["exported_before"]) == (True, [1])


def given_up(one, *errors):
    for error in errors:
        attempt = pushing.begin(one, RUN, NOW)
        if error is not KILLED:
            pushing.end(attempt, error, NOW)
    pushing.give_up(one, errors[-1], NOW)


def said_of_the_next_version(at=NOW + timedelta(minutes=90)):
    newer = order("PO000001", purchaseOrderChangedDate=at.isoformat(), dealCode="new")
    receive(batch(newer, asked_at=at), Origin(SaleDocument.objects.first().node_id, run=1, at=at))
    (export,) = (one["export"] for one in delivery.content(delivery.claim(asked(at), 10)))
    assert Delivery.objects.latest("pk").change == export["change"]
    return export["change"], export["exported_before"]


@pytest.mark.parametrize("errors", [[REFUSED], [SETTINGS, REFUSED], [IN_THE_WAY, IN_THE_WAY]])
def test_what_certainly_never_arrived_is_no_earlier_version_of_a_change(claimed, errors):
    given_up(claimed, *errors)
    assert said_of_the_next_version() == (False, [])


@pytest.mark.parametrize("errors", [[AWAY], [AWAY, REFUSED], [KILLED, REFUSED], [HALF_TAKEN], [BUG, REFUSED]])
def test_what_perhaps_arrived_before_it_was_given_up_is_an_earlier_version(claimed, errors):
    given_up(claimed, *errors)
    assert said_of_the_next_version() == (True, [1])


def test_what_was_given_up_long_ago_is_emptied_and_cannot_be_sent_again(claimed):
    given_up(claimed, AWAY, REFUSED)
    name, later = claimed.name, NOW + delivery.KEPT
    assert delivery.empty_old(later) == 0
    assert pushing.send_again(FTP, name, later).content
    pushing.give_up(claimed, REFUSED, later)
    later += delivery.KEPT + timedelta(seconds=1)
    assert (delivery.empty_old(later), delivery.empty_old(later)) == (1, 0)
    with pytest.raises(ConfigError, match="batch_too_old"):
        pushing.send_again(FTP, name, later)
    assert Batch.objects.get().state == Batch.State.GIVEN_UP
    assert states() == [("PO000001", "failed", "webhook_refused"), ("PO000002", "failed", "webhook_refused")]
    assert said_of_the_next_version(later) == (True, [1]), "how its attempts went is still known"


def test_what_is_refused_counts_though_the_batch_was_confirmed_while_it_was_sent(claimed):
    first = SaleDocument.objects.order_by("number").first().pk
    delivery.confirm(FTP, claimed.name, "ERP", NOW)
    pushing.settle(claimed, Handed(refused={first: Refusal("unknown_sku")}), "ERP", NOW)
    assert states() == [("PO000001", "failed", "unknown_sku"), ("PO000002", "confirmed", "")]


def test_a_pause_is_no_attempt(claimed):
    assert tried(claimed, AWAY, NOW + timedelta(days=4))
    assert pushing.on_its_way(FTP) is not None


def test_what_was_refused_waits_until_a_person_sends_it_again(claimed):
    pushing.begin(claimed, RUN, NOW)
    pushing.give_up(claimed, RefusedError("no_such_folder"), NOW)
    assert delivery.claim(asked(NOW + timedelta(days=3)), 10) is None
    first = SaleDocument.objects.order_by("number").first().pk
    assert delivery.withdraw(FTP, [first], NOW) == {first}
    again = delivery.claim(asked(NOW + timedelta(days=3)), 10)
    assert [document["number"] for document in delivery.content(again)] == ["PO000001"]


def test_what_arrived_is_not_given_up_whatever_another_attempt_found(claimed):
    second = SaleDocument.objects.order_by("number").last().pk
    pushing.begin(claimed, RUN, NOW)
    pushing.give_up(claimed, AWAY, NOW)
    delivery.withdraw(FTP, [second], NOW)
    pushing.settle(claimed, Handed(), "ERP", NOW)
    claimed.refresh_from_db()
    assert (claimed.state, claimed.given_up_at, claimed.error_code) == (claimed.State.HANDED_OVER, None, "")
    assert states() == [("PO000001", "confirmed", ""), ("PO000002", "withdrawn", "unreachable")]


def test_what_landed_was_handed_over_though_the_rest_of_its_batch_was_given_up(claimed):
    first = SaleDocument.objects.order_by("number").first().pk
    attempt = pushing.begin(claimed, RUN, NOW)
    pushing.land(claimed, [first], "in/PO000001.xml", NOW)
    pushing.end(attempt, IN_THE_WAY, NOW)
    pushing.give_up(claimed, IN_THE_WAY, NOW)
    later = NOW + timedelta(minutes=90)
    newer = {"purchaseOrderChangedDate": later.isoformat(), "dealCode": "new"}
    newest = batch(order("PO000001", **newer), order("PO000002", **newer), asked_at=later)
    receive(newest, Origin(SaleDocument.objects.first().node_id, run=1, at=later))
    said = {
        one["number"]: one["export"]["exported_before"] for one in delivery.content(delivery.claim(asked(later), 10))
    }
    assert said == {"PO000001": [1], "PO000002": []}


def test_a_run_that_sent_nothing_counts_nothing(claimed):
    assert pushing.counts(99) == {}
