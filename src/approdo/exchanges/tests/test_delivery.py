"""Handing documents over: nothing twice, nothing lost, whoever calls and however often."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta

import pytest
from amazon_orders import batch, item, node, order
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from plans import plan_of

from approdo.exchanges import delivery, due
from approdo.exchanges.delivery import Asked
from approdo.exchanges.models import Batch, Delivery, Look
from approdo.nodes.models import Node
from approdo.sales.models import SaleDocument, SaleLine
from approdo.sales.receive import Origin, receive
from approdo.sdk.errors import ConfigError
from approdo.sdk.exports import DocumentFilter

NOW = datetime(2026, 5, 1, 12, 1, tzinfo=UTC)
ERP, OTHER = 7, 8

pytestmark = pytest.mark.django_db
at_once = pytest.mark.skipif(connection.vendor == "sqlite", reason="PostgreSQL's own: SQLite has one writer")


def store(*orders, at=NOW):
    account = Node.objects.first() or node()
    with transaction.atomic():
        receive(batch(*orders, asked_at=at), Origin(account.pk, run=1, at=at))


def changed(number="PO000001", at=NOW + timedelta(minutes=90), **details):
    store(order(number, purchaseOrderChangedDate=at.isoformat(), **details), at=at)


def asked(at=NOW + timedelta(hours=2), connector=ERP, **wanted):
    return Asked(connector, DocumentFilter(**wanted), "erp", at)


def numbers(taken):
    return [document["number"] for document in delivery.content(taken)] if taken else []


def take(most=10, **asking):
    return delivery.take(asked(**asking), most)


def drained(**asking):
    """Everything that a caller gets that confirms each batch."""
    found = []
    while taken := take(**asking):
        found += numbers(taken)
        delivery.confirm(taken.connector, taken.name, "erp", NOW)
    return found


def test_each_document_is_handed_over_once():
    store(*(order(f"PO{number:06}") for number in range(5)))
    assert drained(most=2) == [f"PO{number:06}" for number in range(5)]
    assert drained() == []
    assert take() is None


def test_whether_a_document_was_handed_over_is_looked_up_by_its_own_number_however_much_the_connector_got():
    store(*(order(f"PO{number:06}") for number in range(300)))
    documents = list(SaleDocument.objects.values_list("pk", flat=True))
    got = {"version": 1, "change": False, "state": "confirmed", "at": NOW}
    for connector in (OTHER, ERP):
        taken = Batch.objects.create(connector=connector, claimed_at=NOW, given_at=NOW)
        Delivery.objects.bulk_create(
            Delivery(connector=connector, document_id=one, batch=taken, **got) for one in documents
        )
        if connector == OTHER:  # of the other's hand-overs alone the database has statistics
            with connection.cursor() as cursor:
                cursor.execute("ANALYZE")
    with CaptureQueriesContext(connection) as made:
        assert list(due.due(ERP, DocumentFilter())[:200]) == []
    plan = plan_of(made[0]["sql"])
    assert "delivery_once" in plan or "delivery_of_document" in plan, plan
    assert "Join" not in plan, "each is looked up, not compared with all that the connector got"


def test_each_connector_gets_every_document():
    store(order())
    assert drained() == drained(connector=OTHER) == ["PO000001"]


def test_a_changed_document_comes_again_as_a_change():
    store(order())
    first = take()
    assert delivery.content(first)[0]["export"] == {"change": False, "version": 1, "exported_before": []}
    delivery.confirm(ERP, first.name, "erp", NOW)
    changed(dealCode="new")
    again = delivery.content(take())[0]
    assert (again["version"], again["deal_code"]) == (2, "new")
    assert again["export"] == {"change": True, "version": 2, "exported_before": [1]}
    assert list(Delivery.objects.order_by("pk").values_list("version", "change", "state")) == [
        (1, False, "confirmed"),
        (2, True, "sending"),
    ]


def test_versions_that_nobody_called_for_are_passed_over():
    store(order())
    changed(dealCode="second")
    changed(dealCode="third", at=NOW + timedelta(minutes=91))
    (only,) = delivery.content(take())
    assert (only["version"], only["export"]["change"]) == (3, False)


def test_an_unconfirmed_batch_comes_again_under_its_number_as_it_was():
    store(order())
    taken = take()
    changed(dealCode="new")
    soon = take(at=NOW + timedelta(hours=2, minutes=14))
    assert [document["version"] for document in delivery.content(soon)] == [2]
    assert take(at=NOW + timedelta(hours=2, minutes=14)) is None
    later = take(at=NOW + timedelta(hours=2, minutes=15))
    assert (later.pk, delivery.content(later)) == (taken.pk, delivery.content(taken))


def test_a_batch_that_is_waited_for_is_given_to_one_of_two_callers():
    store(order())
    taken = take()
    stale = Batch.objects.get()
    assert take(at=NOW + timedelta(hours=3)).pk == taken.pk
    assert take(at=NOW + timedelta(hours=3)) is None
    assert not delivery._give(stale, NOW + timedelta(hours=3))


def test_confirming_twice_is_confirming_once_and_an_unknown_batch_is_refused():
    store(order())
    taken = take()
    confirmed = delivery.confirm(ERP, taken.name, "erp", NOW)
    assert delivery.confirm(ERP, taken.name, "again", NOW + timedelta(days=1)).confirmed_at == confirmed.confirmed_at
    for connector, name in ((OTHER, taken.name), (ERP, f"{taken.pk}-00000000"), (ERP, "x"), (ERP, "9" * 30)):
        with pytest.raises(ConfigError, match="batch_not_found"):
            delivery.confirm(connector, name, "erp", NOW)
    assert take(at=NOW + timedelta(days=2)) is None


def test_a_batch_can_be_had_again_by_its_number_until_its_content_goes():
    store(order())
    taken = take()
    assert numbers(delivery.take_again(asked(), taken.name)) == ["PO000001"]
    delivery.confirm(ERP, taken.name, "erp", NOW)
    assert delivery.empty_old(NOW + timedelta(days=30)) == 0
    assert numbers(delivery.take_again(asked(), taken.name)) == ["PO000001"]
    assert delivery.empty_old(NOW + timedelta(days=31)) == 1
    with pytest.raises(ConfigError, match="batch_too_old"):
        delivery.take_again(asked(), taken.name)
    with pytest.raises(ConfigError, match="batch_not_found"):
        delivery.take_again(asked(connector=OTHER), taken.name)
    assert drained() == []


def test_what_was_withdrawn_is_handed_over_again_and_nothing_else():
    store(order("PO000001"), order("PO000002"))
    assert len(drained()) == 2
    first = SaleDocument.objects.get(number="PO000001").pk
    assert delivery.withdraw(ERP, [first], NOW) == {first}
    assert delivery.withdraw(ERP, [first], NOW) == set()
    taken = take()
    assert numbers(taken) == ["PO000001"]
    assert delivery.content(taken)[0]["export"] == {"change": False, "version": 1, "exported_before": [1]}
    assert delivery.withdraw(ERP, [first], NOW) == set(), "it is on its way"


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        ({}, ["PO000001", "PO000002"]),
        ({"types": frozenset({"order"}), "programs": frozenset({"vendor_retail"})}, ["PO000001", "PO000002"]),
        ({"types": frozenset({"invoice"})}, []),
        ({"states": frozenset({"acknowledged"})}, ["PO000002"]),
        ({"vendor_codes": frozenset({"OTHER"})}, ["PO000002"]),
        ({"since": date(2026, 4, 30)}, ["PO000001", "PO000002"]),
        ({"since": date(2026, 5, 1)}, []),
        ({"until": date(2026, 4, 30)}, ["PO000001", "PO000002"]),
        ({"until": date(2026, 4, 29)}, []),
        ({"changed_only": True}, []),
        ({"skus_known": True}, []),
        ({"nodes": frozenset({-1})}, []),
    ],
)
def test_the_filter_says_which(wanted, found):
    store(order("PO000001"), order("PO000002", state="Acknowledged", sellingParty={"partyId": "OTHER"}))
    assert drained(**wanted) == found


def test_the_accounts_of_a_filter_are_their_numbers():
    store(order())
    assert drained(nodes=frozenset({SaleDocument.objects.get().node_id})) == ["PO000001"]


def test_a_document_waits_until_each_of_its_skus_is_known():
    store(order(items=[item("1"), item("2")]))
    assert take(skus_known=True) is None
    SaleLine.objects.filter(sequence="1").update(sku="ART-1")
    due.look_again()
    assert take(skus_known=True) is None
    SaleLine.objects.filter(sequence="2").update(sku="ART-2")
    due.look_again()
    assert numbers(take(skus_known=True)) == ["PO000001"]


def test_a_line_that_is_no_longer_wanted_holds_up_no_document():
    nothing = {"amount": 0, "unitOfMeasure": "Eaches", "unitSize": 1}
    store(order(items=[item("1"), item("2", orderedQuantity=nothing)]))
    SaleLine.objects.filter(sequence="1").update(sku="ART-1")
    assert SaleLine.objects.get(sequence="2").cancelled
    assert numbers(take(skus_known=True)) == ["PO000001"]


def test_states_decide_only_what_is_handed_over_first():
    only = {"states": frozenset({"acknowledged"})}
    store(order("PO000001", state="Acknowledged"), order("PO000002", state="Closed"))
    assert drained(**only) == ["PO000001"]
    changed(state="Closed")
    changed("PO000002", state="Closed", dealCode="new")
    assert due.waiting(ERP, DocumentFilter(**only), NOW + timedelta(hours=2)).count() == 1
    assert take(connector=OTHER, **only) is None, "it never got the order"
    taken = take(**only)
    (closed,) = delivery.content(taken)
    assert (closed["number"], closed["state"], closed["version"]) == ("PO000001", "closed", 2)
    assert closed["export"] == {"change": True, "version": 2, "exported_before": [1]}
    delivery.confirm(ERP, taken.name, "erp", NOW)
    assert drained(**only) == []


def test_what_is_on_its_way_or_wanted_again_comes_in_its_newest_state():
    only = {"states": frozenset({"acknowledged"})}
    store(order("PO000001", state="Acknowledged"), order("PO000002", state="Acknowledged"))
    delivery.confirm(ERP, take(most=1, **only).name, "erp", NOW)
    take(**only)
    assert delivery.withdraw(ERP, SaleDocument.objects.values_list("pk", flat=True), NOW)
    changed(state="Closed")
    changed("PO000002", state="Closed")
    assert [(one["number"], one["state"]) for one in delivery.content(take(**only))] == [
        ("PO000001", "closed"),
        ("PO000002", "closed"),
    ]


def test_whatever_else_is_wanted_holds_for_changes_too():
    store(order(state="Acknowledged"))
    only = {"states": frozenset({"acknowledged"})}
    assert drained(**only) == ["PO000001"]
    changed(state="Closed")
    assert take(vendor_codes=frozenset({"OTHER"}), **only) is None
    assert take(until=date(2026, 4, 29), **only) is None
    assert numbers(take(**only)) == ["PO000001"]


def test_a_filter_that_was_widened_lets_old_documents_through():
    store(order("PO000001"), order("PO000002", state="Acknowledged"))
    assert drained(states=frozenset({"acknowledged"})) == ["PO000002"]
    assert drained(states=frozenset({"acknowledged"})) == []
    assert drained() == ["PO000001"]


def test_a_look_goes_on_where_the_last_one_came_to_and_once_a_day_looks_at_everything():
    store(order("PO000001"))
    moment = NOW + timedelta(days=10)
    assert drained(at=moment) == ["PO000001"]
    assert Look.objects.get().until == moment - due.OVERLAP
    store(order("PO000002"))  # bears a moment long before: a transaction that hung, or a clock that was wrong
    assert take(at=moment + timedelta(hours=1)) is None
    assert numbers(take(at=moment + timedelta(days=1))) == ["PO000002"]


def test_a_clock_that_ran_ahead_hides_nothing_once_it_is_right_again():
    ahead = NOW + timedelta(days=30)
    store(order("PO000001"))
    taken = take(at=ahead)
    store(order("PO000002"), at=NOW + timedelta(hours=1))
    later = NOW + timedelta(hours=2)
    assert due.waiting(ERP, DocumentFilter(), later).count() == 1
    assert take(at=later).pk == taken.pk, "nobody confirmed it, and its moment has not come yet"
    assert numbers(take(at=later)) == ["PO000002"]


def test_a_look_that_others_overtook_says_nothing():
    store(order())
    look = due.begin(ERP, DocumentFilter(), NOW)
    due.look_again(ERP)
    due.end(look, [], 10, NOW + timedelta(days=1))
    assert Look.objects.get().whole_at is None


def test_what_waits_is_counted_without_taking_it():
    store(order("PO000001"), order("PO000002"))
    assert due.waiting(ERP, DocumentFilter(), NOW).count() == 2
    take(most=1)
    assert due.waiting(ERP, DocumentFilter(), NOW).count() == 1
    assert Batch.objects.count() == 1


def test_what_the_erp_calls_a_document_is_kept_and_can_be_corrected():
    store(order())
    document = SaleDocument.objects.get()
    delivery.receive_receipt(ERP, document.pk, "SO-1", NOW)
    delivery.receive_receipt(ERP, document.pk, "SO-2", NOW)
    delivery.receive_receipt(OTHER, document.pk, "X", NOW)
    assert sorted(document.receipts.values_list("connector", "number")) == [(ERP, "SO-2"), (OTHER, "X")]


@pytest.mark.skipif(connection.vendor == "sqlite", reason="PostgreSQL's own: SQLite compiles nothing")
@pytest.mark.django_db
def test_what_waits_is_looked_up_without_compiling_the_question():
    store(order())
    with connection.cursor() as cursor, CaptureQueriesContext(connection) as asked:
        cursor.execute("SET LOCAL jit_above_cost = 0")
        assert take()
        question = next(one["sql"] for one in asked.captured_queries if "exchanges_delivery" in one["sql"])
        cursor.execute(f"EXPLAIN {question}")
        assert "JIT" not in str(cursor.fetchall())
        cursor.execute("SET LOCAL jit = on")
        cursor.execute(f"EXPLAIN {question}")
        assert "JIT" in str(cursor.fetchall())


@at_once
@pytest.mark.django_db(transaction=True)
def test_callers_at_the_same_time_get_no_document_twice_and_together_all():
    store(*(order(f"PO{number:06}") for number in range(60)))

    def caller(_):
        try:
            found = []
            while taken := take(most=7):
                found += numbers(taken)
            return found
        finally:
            connection.close()

    with ThreadPoolExecutor(6) as callers:
        found = sorted(number for some in callers.map(caller, range(6)) for number in some)
    assert found == [f"PO{number:06}" for number in range(60)]


@at_once
@pytest.mark.django_db(transaction=True)
def test_documents_that_change_while_they_are_claimed_end_as_they_are():
    store(*(order(f"PO{number:06}") for number in range(40)))

    def change(round_):
        try:
            moment = NOW + timedelta(minutes=90 + round_)
            changes = [
                order(
                    f"PO{number:06}",
                    purchaseOrderChangedDate=moment.isoformat(),
                    items=[item(orderedQuantity={"amount": round_, "unitOfMeasure": "Eaches", "unitSize": 1})],
                    dealCode=str(round_),
                )
                for number in range(40)
            ]
            store(*changes, at=moment)
        finally:
            connection.close()

    last = {}
    with ThreadPoolExecutor(1) as changer:
        changing = changer.map(change, range(1, 16))
        for _ in range(200):
            if not (taken := take(most=10)):
                continue
            for document in delivery.content(taken):
                if document["version"] > 1:
                    assert str(document["lines"][0]["quantity"]) == document["deal_code"], "lines of another version"
                assert document["version"] > last.get(document["number"], 0)
                last[document["number"]] = document["version"]
        list(changing)
    while taken := take(most=10):
        last |= {document["number"]: document["version"] for document in delivery.content(taken)}
    assert last == dict(SaleDocument.objects.values_list("number", "version"))
