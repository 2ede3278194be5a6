"""Who a consumer is: sealed, kept no longer than allowed, and forgotten for good."""

import json
from datetime import UTC, datetime, timedelta

import amazon_orders
import pytest
from amazon_orders import node
from consumer_orders import ASKED_AT, PERSONAL, batch, item, order, raw
from cryptography.fernet import Fernet
from django.db import connection
from django.utils import timezone

from approdo.connectors.amazon_vendor.programs import DIRECT_FULFILLMENT
from approdo.nodes import secrets
from approdo.sales import personal, queries
from approdo.sales.models import DocumentVersion, PersonalData, PersonalDataLook, SaleDocument, SetAside
from approdo.sales.personal import Reader
from approdo.sales.raw import raw_bytes
from approdo.sales.receive import Origin, receive

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 5, 1, 12, 1, tzinfo=UTC)
READER = Reader("maria", "test", NOW)
DAY = timedelta(days=1)


@pytest.fixture
def amazon():
    return node()


def bring(amazon, *orders, at=NOW, asked_at=None):
    return receive(batch(*orders, asked_at=asked_at or at), Origin(amazon.pk, 7, at))


def everything_stored() -> str:
    """All that lies in the tables of sale documents, as text."""
    found = []
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            if table.startswith(("sales_", "exchanges_")):
                cursor.execute(f'SELECT * FROM "{table}"')
                found += [
                    bytes(value).decode("latin-1") if isinstance(value, bytes | memoryview) else str(value)
                    for row in cursor.fetchall()
                    for value in row
                ]
    return "\n".join(found)


def opened() -> str:
    """All that can be made readable with the installation's keys."""
    documents = list(SaleDocument.objects.all())
    known = personal.reveal(documents, READER)
    texts = [raw_bytes(kept).decode() for kept in [*DocumentVersion.objects.all(), *SetAside.objects.all()]]
    return "\n".join([str(queries.whole(documents, READER)), str(known), *texts])


def named_in(text: str) -> list[str]:
    return [word for word in PERSONAL if word in text]


def purge(number="DF0000001", at=NOW):
    document = SaleDocument.objects.get(number=number)
    return personal.purge(document, batch(), at)


def test_nothing_that_is_stored_names_the_consumer_and_the_keys_open_it(amazon):
    assert bring(amazon, order()).created == 1
    assert named_in(everything_stored()) == []
    assert set(named_in(opened())) == set(PERSONAL)
    document = SaleDocument.objects.get()
    assert (document.customer_order_number, document.state, document.vendor_code) == (
        "999-1234567-7654321",
        "new",
        "ROSIT",
    )
    assert document.parties["bill_to"] == {"id": "AMZNIT"}


def test_a_look_is_written_down_and_a_look_that_shows_nothing_is_not(amazon):
    bring(amazon, order())
    document = SaleDocument.objects.get()
    queries.whole([document])
    assert not PersonalDataLook.objects.exists()
    queries.whole([document], READER)
    look = PersonalDataLook.objects.get()
    assert (look.number, look.who, look.where, look.at) == ("DF0000001", "maria", "test", NOW)
    purge()
    queries.whole([document], READER)
    assert PersonalDataLook.objects.count() == 1


def test_a_change_is_stored_though_no_key_opens_the_former_text(amazon):
    bring(amazon, order())
    DocumentVersion.objects.update(raw=b"sealed with a key that is lost")
    counts = bring(amazon, order(state="ACCEPTED"), at=NOW + DAY)
    assert (counts.updated, SaleDocument.objects.get().state) == (1, "accepted")


def test_purged_data_are_gone_from_every_version_and_the_rest_stays(amazon):
    bring(amazon, order())
    bring(amazon, order(state="ACCEPTED", items=[item(), item(itemSequenceNumber="00002")]), at=NOW + DAY)
    assert purge()
    assert named_in(opened()) == []
    first, second = DocumentVersion.objects.order_by("number")
    assert json.loads(raw_bytes(first))["orderDetails"]["orderStatus"] == "NEW"
    assert len(json.loads(raw_bytes(second))["orderDetails"]["items"]) == 2
    document = SaleDocument.objects.get()
    assert (document.version, document.line_count, str(document.total)) == (2, 2, "40.00")
    assert not purge(), "there is nothing left to purge"


def test_a_purged_order_stays_purged_when_amazon_shows_it_again(amazon):
    shown = order()
    bring(amazon, shown)
    purge()
    assert bring(amazon, shown, at=NOW + DAY).unchanged == 1
    assert bring(amazon, order(state="SHIPPED"), at=NOW + 2 * DAY).updated == 1
    assert named_in(opened()) == []
    assert SaleDocument.objects.get().state == "shipped"
    assert bring(amazon, order(state="SHIPPED"), at=NOW + 3 * DAY).unchanged == 1
    moved = order(state="SHIPPED", shipToParty={"name": "Mario Rossi", "countryCode": "IT"})
    assert bring(amazon, moved, at=NOW + 4 * DAY).unchanged == 1, "only the consumer differs, who is forgotten"
    assert DocumentVersion.objects.count() == 2
    assert named_in(opened()) == []
    assert bring(amazon, {**order(state="SHIPPED"), "orderDetails": "Mario Rossi"}).failed == 1
    assert named_in(opened()) == []


@pytest.mark.parametrize(
    ("shown", "days"),
    [
        ({"state": "NEW"}, 64),  # 60 after the promised delivery of 5 May
        ({"state": "NEW", "shipment": {"shipmentDates": {"requiredShipDate": "2026-05-03T12:01:00Z"}}}, 62),
        ({"state": "NEW", "shipment": {"shipmentDates": None}}, 58),  # after the order's date
        ({"state": "NEW", "shipment": {"shipmentDates": None}, "orderDate": None}, 60),  # after its first coming
        ({"state": "SHIPPED"}, 30),
        ({"state": "CANCELLED"}, 30),
    ],
)
def test_personal_data_go_when_their_time_is_over(amazon, shown, days):
    bring(amazon, order(**shown))
    due = PersonalData.objects.get().purge_at
    assert (due - NOW).days == days
    assert personal.overdue(due - timedelta(seconds=1), 10) == []
    assert [document.number for document in personal.overdue(due, 10)] == ["DF0000001"]


def test_the_thirty_days_begin_when_the_end_was_first_seen(amazon):
    bring(amazon, order())
    bring(amazon, order(state="SHIPPED"), at=NOW + 5 * DAY)
    bring(amazon, order(state="CANCELLED"), at=NOW + 9 * DAY)
    kept = PersonalData.objects.get()
    assert (kept.ended_at, kept.purge_at) == (NOW + 5 * DAY, NOW + 35 * DAY)


def test_an_order_that_comes_when_its_time_is_over_is_stored_without_its_consumer(amazon):
    assert bring(amazon, order(state="SHIPPED"), at=NOW + 70 * DAY).created == 1
    assert named_in(opened()) == []
    assert PersonalData.objects.get().purged_at is not None
    assert bring(amazon, order(state="SHIPPED"), at=NOW + 71 * DAY).unchanged == 1


@pytest.mark.parametrize("numbered", [True, False])
def test_what_was_set_aside_is_sealed_and_forgotten_too(amazon, numbered):
    broken = order(items="none") if numbered else b'{"orderDetails": {"shipToParty": {"name": "Mario Rossi"}'
    assert bring(amazon, broken).failed == 1
    assert named_in(everything_stored()) == []
    assert "Mario Rossi" in opened()
    bring(amazon, broken, at=NOW + 20 * DAY)
    (waiting,) = personal.overdue_set_aside(NOW + 60 * DAY, 10)
    assert DIRECT_FULFILLMENT.privacy
    personal.purge_set_aside(waiting, DIRECT_FULFILLMENT.privacy, NOW + 60 * DAY)
    assert named_in(opened()) == []
    assert personal.overdue_set_aside(NOW + 99 * DAY, 10) == []
    bring(amazon, broken, at=NOW + 61 * DAY)
    assert named_in(opened()) == [], "shown again, it stays forgotten"
    if numbered:
        bring(amazon, order(), at=NOW + 62 * DAY)
        assert named_in(opened()) == [], "and so once it can be read"
        assert SaleDocument.objects.get().number == "DF0000001"


def test_purging_an_order_forgets_what_of_it_was_set_aside(amazon):
    bring(amazon, order())
    bring(amazon, order(state="ACCEPTED", items="none"))
    assert SetAside.objects.get().sealed
    purge()
    assert named_in(opened()) == []
    assert not SetAside.objects.get().sealed


def test_once_a_new_key_has_taken_over_the_old_one_can_be_thrown_away(amazon, settings):
    bring(amazon, order(), order("DF0000002", items="none"))
    bring(amazon, order("DF0000003", state="SHIPPED"))
    purge("DF0000003")
    old, new = settings.ENCRYPTION_KEYS, [Fernet.generate_key().decode()]
    try:
        use_keys(settings, new + old)
        personal.reseal()
        use_keys(settings, new)
        assert set(named_in(opened())) == set(PERSONAL)
    finally:
        use_keys(settings, old)


def use_keys(settings, keys):
    settings.ENCRYPTION_KEYS = keys
    secrets._fernet.cache_clear()


def test_a_live_order_keeps_its_consumer_when_what_of_it_was_once_set_aside_is_purged(amazon):
    late = {"shipment": {"shipmentDates": {"promisedDeliveryDate": "2026-12-01T00:00:00Z"}}}
    bring(amazon, order(items="none", **late))
    bring(amazon, order(**late), at=NOW + DAY)
    (waiting,) = personal.overdue_set_aside(NOW + 60 * DAY, 10)
    personal.purge_set_aside(waiting, DIRECT_FULFILLMENT.privacy, NOW + 60 * DAY)
    assert bring(amazon, order(**late), at=NOW + 61 * DAY).unchanged == 1
    assert bring(amazon, order(state="ACCEPTED", **late), at=NOW + 62 * DAY).updated == 1
    assert set(named_in(opened())) == set(PERSONAL)


def test_an_order_that_is_about_no_consumer_has_nothing_to_purge(amazon):
    receive(amazon_orders.batch(amazon_orders.order()), Origin(amazon.pk, 7, NOW))
    assert personal.purge(SaleDocument.objects.get(), amazon_orders.batch(), NOW) is False


def test_what_stands_where_a_text_should_is_forgotten_too():
    strange = order(shipment={"shipMethod": {"name": "Mario Rossi"}}, customerOrderNumber=["Mario Rossi"])
    assert named_in(DIRECT_FULFILLMENT.privacy.redact(raw(strange)).decode()) == []


def test_redacting_twice_changes_nothing_and_unannounced_members_are_dropped():
    shown = order()
    shown["orderDetails"]["consumerEmail"] = "mario@example.com"
    once = DIRECT_FULFILLMENT.privacy.redact(raw(shown))
    assert DIRECT_FULFILLMENT.privacy.redact(once) == once
    assert named_in(once.decode()) == []
    assert b"example.com" not in once
    full, left = DIRECT_FULFILLMENT.decode(raw(shown)), DIRECT_FULFILLMENT.decode(once)
    assert (left.total, left.tax_total, left.lines[0].taxes) == (full.total, full.tax_total, full.lines[0].taxes)
    assert (left.ship_method, left.date, left.state) == (full.ship_method, full.date, full.state)


def test_versions_of_an_order_without_dates_follow_the_time_of_asking(amazon):
    bring(amazon, order(state="ACCEPTED"), asked_at=ASKED_AT + timedelta(hours=2))
    late = bring(amazon, order(state="NEW"), asked_at=ASKED_AT)
    assert (late.unchanged, [note.code for note in late.notes]) == (1, ["older_version"])
    assert SaleDocument.objects.get().state == "accepted"
    assert timezone.is_aware(SaleDocument.objects.get().asked_at)
