"""What changed since it was handed over: what was written down says the same as the whole ledger, and says it sooner."""

from datetime import UTC, datetime, timedelta

import pytest
from amazon_orders import batch, node, order
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from approdo.exchanges import delivery, due, overtaken, pushing
from approdo.exchanges.delivery import Asked
from approdo.exchanges.models import Delivery, Look, Overtaken
from approdo.nodes.models import Node
from approdo.sales.models import SaleDocument
from approdo.sales.receive import Origin, receive
from approdo.sdk.errors import RefusedError
from approdo.sdk.exports import DocumentFilter, Handed, Refusal

NOW = datetime(2026, 5, 1, 12, 1, tzinfo=UTC)
ERP, OTHER = 7, 8
DAY = timedelta(days=1)
REFUSED = RefusedError("webhook_refused", host="erp.example.com", status=400)

pytestmark = pytest.mark.django_db


def store(number, at, **details):
    account = Node.objects.first() or node()
    with transaction.atomic():
        receive(batch(order(number, **details), asked_at=at), Origin(account.pk, run=1, at=at))


def change(number, at):
    store(number, at, purchaseOrderChangedDate=at.isoformat(), dealCode=at.isoformat())


def take(at, connector=ERP):
    return delivery.claim(Asked(connector, DocumentFilter(), "erp", at), 10)


def hand_over(at, connector=ERP):
    taken = take(at, connector)
    delivery.confirm(connector, taken.name, "erp", at)
    return taken


def listed(at):
    """What the list shows, which is the same as if nobody had looked before."""
    shown = numbers(at)
    looks = list(Look.objects.filter(pk=due.EVERYBODY))
    Look.objects.filter(pk=due.EVERYBODY).delete()
    assert shown == numbers(at), "what was written down is not what the ledger says"
    Look.objects.bulk_create(looks)
    return shown


def numbers(at):
    return sorted(overtaken.overtaken(SaleDocument.objects.all(), at).values_list("number", flat=True))


@pytest.fixture
def handed_over():
    """Three orders that the ERP got, the first of which changed afterwards; somebody looked a day later."""
    for number in ("PO1", "PO2", "PO3"):
        store(number, NOW)
    hand_over(NOW)
    change("PO1", NOW + timedelta(hours=1))
    overtaken.look(NOW + DAY)
    return NOW + DAY


def test_what_was_written_down_is_looked_up_and_not_looked_for(handed_over):
    assert listed(handed_over) == ["PO1"]
    with CaptureQueriesContext(connection) as asked:
        list(overtaken.overtaken(SaleDocument.objects.order_by("-updated_at", "-pk"), handed_over))
    assert f'"sales_saledocument"."id" IN ({SaleDocument.objects.get(number="PO1").pk})' in asked[-1]["sql"]


def test_what_changes_after_a_look_is_listed_at_once(handed_over):
    change("PO2", handed_over + timedelta(minutes=1))
    assert listed(handed_over + timedelta(minutes=2)) == ["PO1", "PO2"]
    overtaken.look(handed_over + timedelta(hours=3))
    assert set(Overtaken.objects.values_list("document__number", flat=True)) == {"PO1", "PO2"}


def test_what_was_stored_late_by_a_long_transaction_is_not_missed(handed_over):
    change("PO2", handed_over - timedelta(minutes=50))
    assert listed(handed_over + timedelta(minutes=2)) == ["PO1", "PO2"]


def test_what_is_handed_over_is_listed_no_longer_and_forgotten_by_the_next_look(handed_over):
    take(handed_over + timedelta(minutes=1))
    assert listed(handed_over + timedelta(minutes=2)) == []
    overtaken.look(handed_over + timedelta(hours=3))
    assert not Overtaken.objects.exists()


def test_what_a_person_wants_handed_over_again_is_listed_without_a_new_version(handed_over):
    later = handed_over + timedelta(minutes=10)
    hand_over(later)
    overtaken.look(later + DAY / 2)
    assert listed(later + DAY / 2) == []
    delivery.withdraw(ERP, SaleDocument.objects.values_list("pk", flat=True), later + DAY / 2)
    assert listed(later + DAY / 2) == ["PO1"]


def test_what_was_refused_counts_as_handed_over_once_that_is_undone():
    store("PO1", NOW)
    taken = take(NOW)
    pushing.begin(taken, 3, NOW)
    pushing.give_up(taken, REFUSED, NOW)
    change("PO1", NOW + timedelta(hours=1))
    overtaken.look(NOW + DAY)
    assert listed(NOW + DAY) == []
    pushing.send_again(ERP, taken.name, NOW + DAY)
    assert listed(NOW + DAY) == ["PO1"]


def test_a_document_that_was_refused_by_itself_is_not_listed(handed_over):
    store("PO4", handed_over)
    taken = take(handed_over)
    refusal = Refusal("webhook_refused", {"host": "erp.example.com", "status": 400})
    pushing.begin(taken, 3, handed_over)
    pushing.settle(taken, Handed(refused={Delivery.objects.get(document__number="PO4").document_id: refusal}), "", NOW)
    change("PO4", handed_over + timedelta(minutes=1))
    assert listed(handed_over + timedelta(minutes=2)) == []


def test_each_connector_counts_also_one_that_is_gone(handed_over):
    hand_over(handed_over, OTHER)
    change("PO3", handed_over + timedelta(minutes=1))
    take(handed_over + timedelta(minutes=2))
    assert listed(handed_over + timedelta(minutes=3)) == ["PO3"], "the other one has an older version still"


def test_very_many_are_not_looked_up_by_their_numbers(handed_over, monkeypatch):
    monkeypatch.setattr(overtaken, "FEW", 0)
    assert listed(handed_over) == ["PO1"]


def test_a_look_is_not_repeated_at_once_and_is_a_whole_one_every_day(handed_over):
    Overtaken.objects.all().delete()
    overtaken.look(handed_over + timedelta(minutes=4))
    assert Look.objects.get(pk=due.EVERYBODY).until == handed_over - due.OVERLAP
    overtaken.look(handed_over + timedelta(minutes=6))
    assert not Overtaken.objects.exists(), "only what changed since"
    assert numbers(handed_over + DAY) == ["PO1"], "after a day nobody relies on an older look"
    overtaken.look(handed_over + DAY)
    assert Overtaken.objects.get().document.number == "PO1"


def test_documents_that_begin_to_be_wanted_make_no_difference_to_what_changed(handed_over):
    due.look_again()
    assert Look.objects.get(pk=due.EVERYBODY).whole_at == handed_over


def test_a_worker_leaves_an_empty_hub_empty_so_that_a_copy_can_be_put_into_it():
    overtaken.look(NOW)
    assert not Look.objects.exists()
