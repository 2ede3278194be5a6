"""What becomes of received orders."""

import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from amazon_orders import ASKED_AT, batch, item, node, order, received
from django.db import connection
from django.test.utils import CaptureQueriesContext
from msgspec.structs import replace

from approdo.sales import rows
from approdo.sales.models import DocumentVersion, SaleDocument, SaleLine, SetAside
from approdo.sales.raw import raw_bytes
from approdo.sales.receive import Counts, Origin, receive
from approdo.sdk.documents import Received

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 5, 1, 12, 1, tzinfo=UTC)


@pytest.fixture
def origin():
    return Origin(node().pk, run=7, at=NOW)


def counted(counts: Counts) -> dict[str, int]:
    names = ("read", "created", "updated", "unchanged", "failed", "left_out")
    return {name: getattr(counts, name) for name in names if getattr(counts, name)}


def test_an_order_becomes_a_document_with_its_lines_in_cases_and_eaches(origin):
    assert counted(receive(batch(order()), origin)) == {"read": 1, "created": 1}
    document = SaleDocument.objects.get()
    assert (document.number, document.state, document.vendor_code, document.ship_to) == (
        "PO000001",
        "new",
        "ROSIT",
        "MXP5",
    )
    assert document.date == datetime(2026, 4, 30, 10, tzinfo=UTC)
    assert (document.version, document.first_run, document.last_run) == (1, 7, 7)
    line = document.lines.get()
    assert (line.quantity, line.unit, line.unit_size, line.eaches) == (3, "cases", 12, 36)
    assert (line.net_cost, line.total, document.total) == (
        Decimal("1.10"),
        Decimal("39.60"),
        Decimal("39.60"),
    )


def test_an_older_answer_that_can_be_read_settles_nothing_newer(origin):
    receive(batch(order(items="none")), origin)
    receive(batch(order(), asked_at=ASKED_AT - timedelta(hours=1)), origin)
    assert SetAside.objects.get().stored_at is None
    receive(batch(order(dealCode="new"), asked_at=NOW), origin)
    assert SetAside.objects.get().stored_at is not None


def test_a_copy_of_the_stored_order_beside_its_newer_version_makes_no_third_one(origin):
    receive(batch(order()), origin)
    newer = order(purchaseOrderChangedDate="2026-05-01T00:00:00Z")
    respelled = json.dumps(order(), indent=1).encode()
    page = replace(batch(newer), documents=[*received(newer), Received(number="PO000001", raw=respelled)])
    assert receive(page, origin).updated == 1
    assert counted(receive(batch(newer, asked_at=NOW), origin)) == {"read": 1, "unchanged": 1}


def test_the_same_orders_received_twice_leave_the_same_documents(origin):
    page = batch(order("PO000001"), order("PO000002"))
    receive(page, origin)
    before = list(SaleDocument.objects.values())
    assert counted(receive(page, origin)) == {"read": 2, "unchanged": 2}
    assert list(SaleDocument.objects.values()) == before
    assert DocumentVersion.objects.count() == 2


def test_an_order_that_stands_twice_on_one_page_is_stored_once(origin):
    assert counted(receive(batch(order(), order()), origin)) == {"read": 2, "created": 1, "unchanged": 1}
    assert SaleDocument.objects.count() == 1


def test_of_two_different_versions_on_one_page_the_later_changed_one_wins(origin):
    newer = order(purchaseOrderChangedDate="2026-05-01T09:00:00Z", dealCode="NEWER")
    receive(batch(newer, order()), origin)
    assert SaleDocument.objects.get().deal_code == "NEWER"


def test_a_changed_order_updates_its_document_and_keeps_each_version_raw(origin):
    first = order()
    second = order(items=[item(orderedQuantity={"amount": 5, "unitOfMeasure": "Eaches", "unitSize": 1})])
    receive(batch(first), origin)
    counts = receive(batch(second, asked_at=ASKED_AT + timedelta(hours=1)), origin._replace(run=8))
    assert counted(counts) == {"read": 1, "updated": 1}
    document = SaleDocument.objects.get()
    assert (document.version, document.first_run, document.last_run) == (2, 7, 8)
    assert document.lines.get().eaches == 5
    versions = document.versions.all()
    assert [json.loads(raw_bytes(version)) for version in versions] == [first, second]
    assert [version.run for version in versions] == [7, 8]


def test_other_spelling_of_the_same_content_is_no_new_version(origin):
    receive(batch(order()), origin)
    same = json.loads(json.dumps(order()))
    same["orderDetails"]["items"][0]["netCost"] = {"currencyCode": "EUR", "amount": "110e-2"}
    same["orderDetails"]["dealCode"] = None
    assert counted(receive(batch(same), origin)) == {"read": 1, "unchanged": 1}
    assert SaleDocument.objects.get().version == 1


def test_a_document_that_is_not_made_of_its_newest_version_is_written_again(origin):
    """As two workers leave it who wrote the same version at once: the text of the first, the row of the second."""
    receive(batch(order()), origin)
    newer = batch(order(dealCode="RIGHT"), asked_at=ASKED_AT + timedelta(hours=1))
    receive(newer, origin)
    SaleDocument.objects.update(raw_digest=b"of another text", deal_code="WRONG")
    assert counted(receive(newer, origin)) == {"read": 1, "updated": 1}
    document = SaleDocument.objects.get()
    assert (document.version, document.deal_code) == (3, "RIGHT")
    assert counted(receive(newer, origin)) == {"read": 1, "unchanged": 1}


def test_a_change_is_stored_though_the_former_text_is_damaged(origin):
    receive(batch(order()), origin)
    DocumentVersion.objects.update(raw=b"no longer what it was")
    assert counted(receive(batch(order(dealCode="NEW")), origin)) == {"read": 1, "updated": 1}
    assert SaleDocument.objects.get().deal_code == "NEW"


def test_an_older_version_that_arrives_late_replaces_nothing(origin):
    newer = order(purchaseOrderChangedDate="2026-05-01T09:00:00Z", dealCode="NEWER")
    receive(batch(newer), origin)
    counts = receive(batch(order(), asked_at=ASKED_AT + timedelta(hours=1)), origin)
    assert counted(counts) == {"read": 1, "unchanged": 1}
    assert [note.code for note in counts.notes] == ["older_version"]
    assert SaleDocument.objects.get().deal_code == "NEWER"


def test_a_later_state_counts_though_amazon_leaves_out_the_date_of_the_change(origin):
    receive(batch(order(purchaseOrderChangedDate="2026-05-01T09:00:00Z")), origin)
    closed = order(purchaseOrderStateChangedDate="2026-05-02T09:00:00Z")
    closed["purchaseOrderState"] = "Closed"
    receive(batch(closed, asked_at=ASKED_AT + timedelta(hours=1)), origin)
    assert SaleDocument.objects.get().state == "closed"


def test_what_is_read_again_brings_known_documents_up_to_date_and_no_others(origin):
    receive(batch(order()), origin)
    closed = order(purchaseOrderStateChangedDate="2026-05-02T09:00:00Z")
    closed["purchaseOrderState"] = "Closed"
    stranger = {**order(), "purchaseOrderNumber": "PO000002"}
    counts = receive(batch(closed, stranger), origin, known_only=True)
    assert counted(counts) == {"read": 1, "updated": 1}
    assert list(SaleDocument.objects.values_list("number", "state")) == [("PO000001", "closed")]


def test_an_answer_without_details_never_replaces_one_with_details(origin):
    receive(batch(order()), origin)
    bare = {"purchaseOrderNumber": "PO000001", "purchaseOrderState": "Closed"}
    receive(batch(bare, asked_at=ASKED_AT + timedelta(hours=1)), origin)
    assert SaleDocument.objects.get().lines.count() == 1


def test_a_line_that_vanishes_is_marked_and_not_deleted(origin):
    receive(batch(order(items=[item("1"), item("2")])), origin)
    receive(batch(order(items=[item("2")]), asked_at=ASKED_AT + timedelta(hours=1)), origin)
    assert dict(SaleLine.objects.values_list("sequence", "vanished")) == {"1": True, "2": False}


def test_a_line_that_comes_back_is_there_again_and_another_orders_is_not_touched(origin):
    one, two = item("1"), item("2")
    for minutes, (first, second) in enumerate([([one, two], [one, two]), ([two], [one]), ([one, two], [one])]):
        orders = (order("PO000001", items=first), order("PO000002", items=second))
        receive(batch(*orders, asked_at=ASKED_AT + timedelta(minutes=minutes)), origin)
    lines = SaleLine.objects.order_by("document__number", "sequence").values_list("sequence", "vanished")
    assert list(lines) == [("1", False), ("2", False), ("1", False), ("2", True)]


def test_lines_that_say_the_same_are_not_written(origin):
    def written():
        """Where PostgreSQL keeps each row, which moves with each writing; how many rows SQLite has written."""
        with connection.cursor() as cursor:
            server = connection.vendor == "postgresql"
            cursor.execute("SELECT ctid::text FROM sales_saleline" if server else "SELECT total_changes()")
            return cursor.fetchall()

    page = batch(order(items=[item("1"), item("2")]))
    receive(page, origin)
    same = page.decode(page.documents[0].raw)
    other = replace(same, lines=[same.lines[0], replace(same.lines[1], vendor_sku="OTHER")])
    number, before = SaleDocument.objects.get().pk, written()
    rows.write_lines([(number, same)], [], None)
    assert written() == before
    rows.write_lines([(number, other)], [], None)
    assert written() != before
    assert [line.vendor_sku for line in SaleLine.objects.order_by("sequence")] == [same.lines[0].vendor_sku, "OTHER"]


def test_many_changed_orders_cost_as_many_statements_as_one(origin):
    numbers = [f"PO{number:06}" for number in range(20)]
    receive(batch(*(order(number) for number in numbers)), origin)

    def statements(deal_code, *changed):
        with CaptureQueriesContext(connection) as asked:
            counts = receive(batch(*(order(number, dealCode=deal_code) for number in changed)), origin)
        assert counts.updated == len(changed)
        return len(asked)

    # The second and the twenty-first version of the one; of the others the second.
    assert statements("A", numbers[0]) == statements("A", *numbers[1:])
    assert statements("B", numbers[0]) == statements("B", *numbers[1:])


def test_an_unknown_order_in_a_state_that_is_not_ticked_is_left_out_and_a_known_one_updated(origin):
    receive(batch(order("PO000001")), origin)
    page = batch(
        order("PO000001", state="Closed"),
        order("PO000002", state="Closed"),
        states=["new"],
        asked_at=ASKED_AT + timedelta(hours=1),
    )
    assert counted(receive(page, origin)) == {"read": 2, "updated": 1, "left_out": 1}
    assert list(SaleDocument.objects.values_list("number", "state")) == [("PO000001", "closed")]


def test_one_unreadable_order_is_set_aside_whole_and_the_rest_is_stored(origin):
    bad = order("PO000002", items="none")
    counts = receive(batch(order("PO000001"), bad, b'"not an order"', order("PO000003")), origin)
    assert counted(counts) == {"read": 4, "created": 2, "failed": 2}
    assert sorted(SaleDocument.objects.values_list("number", flat=True)) == ["PO000001", "PO000003"]
    assert json.loads(raw_bytes(SetAside.objects.get(number="PO000002"))) == bad
    receive(batch(bad), origin)
    assert SetAside.objects.count() == 2, "the same unreadable text is kept once"


@pytest.mark.parametrize(
    "details",
    [
        {"sellingParty": {"partyId": "V" * 101}},
        {"items": [item(orderedQuantity={"amount": 10**30, "unitOfMeasure": "Eaches"})]},
        {"items": [item(amazonProductIdentifier="B" * 101)]},
        {"items": [item(netCost={"amount": "1", "currencyCode": "E" * 9})]},
    ],
)
def test_what_no_column_can_hold_sets_one_order_aside_and_not_its_page(origin, details):
    counts = receive(batch(order("PO000001"), order("PO000002", **details)), origin)
    assert counted(counts) == {"read": 2, "created": 1, "failed": 1}


@pytest.mark.parametrize(
    "details",
    [
        {"purchaseOrderType": "SomethingNew", "paymentMethod": None, "dealCode": "=cmd()"},
        {"items": []},
        {"dealCode": "a\0b", "shipToParty": {"partyId": "X", "address": {"name": "nul\0"}}},
        {"items": [item(orderedQuantity={"amount": -3, "unitOfMeasure": "CASES", "unitSize": 6})]},
        {"items": [item(netCost={"amount": "2.5", "currencyCode": "EUR", "unitOfMeasure": "KILOGRAMS"})]},
        {"items": [item(str(n)) for n in range(2500)]},
        {"shipToParty": {"partyId": "ΑΘΗ1", "address": {"name": "<script>株式会社</script>"}}},
    ],
)
def test_strange_but_readable_orders_are_stored(origin, details):
    assert counted(receive(batch(order(**details)), origin)) == {"read": 1, "created": 1}


def test_whatever_characters_a_text_has_it_is_stored_as_it_is(origin):
    text = "\"'\\ %s {} \t\n\r\x01\x7f\u2028\ufeff\U0001f600é\\u0041 \\x41"
    line = item(vendorProductIdentifier=text)
    ship_to = {"partyId": text[:50], "address": {"name": text, "addressLine1": text}}
    counts = receive(batch(order(items=[line], dealCode=text, shipToParty=ship_to)), origin)
    assert counts.created == 1, counts.notes
    document = SaleDocument.objects.get()
    assert (document.deal_code, document.ship_to) == (text, text[:50])
    assert document.parties["ship_to"]["address"]["name"] == text
    assert document.lines.get().vendor_sku == text
    assert json.loads(raw_bytes(document.versions.get()))["orderDetails"]["dealCode"] == text


def test_the_total_is_null_where_a_line_is_priced_by_weight(origin):
    by_weight = item("2", netCost={"amount": "2.5", "currencyCode": "EUR", "unitOfMeasure": "KILOGRAMS"})
    receive(batch(order(items=[item("1"), by_weight])), origin)
    assert SaleDocument.objects.get().total is None


def test_the_same_number_at_two_accounts_is_two_documents():
    for name in ("Italy", "Germany"):
        receive(batch(order()), Origin(node(name).pk, run=1, at=NOW))
    assert SaleDocument.objects.count() == 2


def test_amounts_keep_every_digit(origin):
    receive(
        batch(order(items=[item(netCost={"amount": "1234567890.12345678", "currencyCode": "EUR"})])),
        origin,
    )
    line = SaleLine.objects.get()
    assert line.net_cost == Decimal("1234567890.12345678")
    assert line.total == Decimal("1234567890.12345678") * 36
