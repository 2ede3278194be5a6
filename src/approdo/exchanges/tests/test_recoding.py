"""Own SKUs and titles beside what Amazon said, and the list of codes that have none."""

from datetime import UTC, datetime, timedelta

import amazon_orders
import consumer_orders
import pytest
from amazon_orders import item, order
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from approdo.catalog.models import Place, SkuRecoding
from approdo.exchanges import recoding, unmatched
from approdo.exchanges.intake import store
from approdo.exchanges.models import UnmatchedCode
from approdo.exchanges.recoding import Asked, nobody_asks
from approdo.sales import queries
from approdo.sales.models import SaleDocument, SaleLine
from approdo.sales.receive import Origin, receive

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 5, 1, 12, 1, tzinfo=UTC)
LATER = NOW + timedelta(hours=1)


@pytest.fixture
def node():
    return amazon_orders.node()


@pytest.fixture
def take(node):
    def taken(*orders, asks=lambda _node, _program: Asked(("ean", "asin"), "IT"), at=NOW, **more):
        return store(amazon_orders.batch(*orders, **more), Origin(node.pk, 1, at), asks)

    return taken


def row(sku, external="V-1", kind="vendor_sku", **more):
    return SkuRecoding.objects.create(external=external, kind=kind, sku=sku, **more)


def line(sku="V-1", sequence="1", **more):
    return item(sequence, **{"vendorProductIdentifier": sku, **more})


def changed(number="PO000001", **details):
    """The order as it comes a day later."""
    return order(number, purchaseOrderStateChangedDate="2026-05-02T10:00:00Z", **details)


def own():
    return [one.sku for one in SaleLine.objects.filter(vanished=False).order_by("document__number", "position")]


def listed():
    return [(one.vendor_sku, one.asin) for one in unmatched.listed().order_by("pk")]


def test_own_sku_and_title_stand_beside_what_amazon_said(take):
    row("OWN", title="Caffettiera")
    counts = take(order(items=[line()]))
    stored = SaleLine.objects.get()
    assert counts.written == [stored.document_id]
    assert (stored.sku, stored.own_title, stored.vendor_sku, stored.title) == ("OWN", "Caffettiera", "V-1", None)
    [shown] = queries.whole(SaleDocument.objects.select_related("node").all())[0]["lines"]
    assert (shown["sku"], shown["title"], shown["vendor_sku"]) == ("OWN", "Caffettiera", "V-1")
    SaleLine.objects.update(title="Amazon's")
    assert queries.whole(SaleDocument.objects.select_related("node").all())[0]["lines"][0]["title"] == "Amazon's"


def test_nobody_asked_nothing_is_recoded_or_listed(take):
    row("OWN")
    take(order(items=[line(), line("V-2", "2")]), asks=nobody_asks)
    assert (own(), listed()) == ([None, None], [])


@pytest.mark.parametrize(
    ("address", "place", "expected"),
    [("de", "FR", "GERMAN"), (None, "FR", "FRENCH"), (None, "", "ITALIAN"), ("Germany", "FR", "FRENCH")],
)
def test_the_marketplace_is_where_the_order_goes_else_the_nodes(take, address, place, expected):
    for marketplace, sku in (("DE", "GERMAN"), ("FR", "FRENCH"), ("IT", "ITALIAN")):
        row(sku, marketplace=marketplace)
    Place.objects.create(code="MXP5", name="Known", country=place)
    ship_to = {"partyId": "MXP5", **({"address": {"countryCode": address}} if address else {})}
    take(order(items=[line()], shipToParty=ship_to))
    assert own() == [expected]


def test_a_changed_order_is_recoded_by_the_table_as_it_is_then(take):
    row("OWN")
    take(order(items=[line(), line("V-2", "2")]))
    row("OWN-2", "V-2", title="Two")
    SkuRecoding.objects.filter(sku="OWN").update(sku="NEW")
    take(changed(items=[line(), line("V-2", "2"), line("V-3", "3")]), at=LATER)
    assert own() == ["NEW", "OWN-2", None]
    assert listed() == [("V-3", "B0TEST0001")]


def test_own_skus_are_not_lost_when_a_change_comes_while_nobody_asks(take):
    row("OWN", title="Mine")
    take(order(items=[line(), line(sequence="2"), line(sequence="3")]))
    more = line(sequence="1", orderedQuantity={"amount": 9, "unitOfMeasure": "Eaches", "unitSize": 1})
    take(
        changed(items=[more, line("V-9", "2"), line(amazonProductIdentifier="B0OTHER", sequence="3")]), asks=nobody_asks
    )
    assert SaleLine.objects.get(sequence="1").eaches == 9
    assert own() == ["OWN", None, None], "of another product it would be wrong"
    assert [one.own_title for one in SaleLine.objects.order_by("position")] == ["Mine", None, None]


def test_a_code_without_a_match_is_listed_once_with_when_it_was_seen_and_how_many_lines_carry_it(take):
    take(order("PO000001", items=[line(), line(sequence="2"), line("V-2", "3")]))
    take(order("PO000002", items=[line()]), at=LATER)
    first, second = (
        unmatched.listed().order_by("pk").filter(vendor_sku="V-1").get(),
        unmatched.listed().get(vendor_sku="V-2"),
    )
    assert (first.vendor_code, first.marketplace, first.asin) == ("ROSIT", "IT", "B0TEST0001")
    assert (first.first_seen, first.last_seen, second.last_seen) == (NOW, LATER, NOW)
    assert unmatched.line_counts([first.pk, second.pk]) == {first.pk: 3, second.pk: 1}
    assert {code: one.number for code, one in unmatched.examples([first.pk, second.pk]).items()} == {
        first.pk: "PO000002",
        second.pk: "PO000001",
    }


def test_a_line_with_no_code_at_all_is_not_listed(take):
    take(order(items=[line("", amazonProductIdentifier="")]))
    assert (own(), listed()) == ([None], [])


@pytest.mark.parametrize("later", [[line("V-2")], [line("V-2", "2")], []])
def test_a_code_leaves_the_list_when_no_line_carries_it_any_more(take, later):
    row("OWN", "V-2")
    take(order("PO000001", items=[line()]))
    take(order("PO000002", items=[line()]))
    take(changed("PO000001", items=later))
    assert listed() == [("V-1", "B0TEST0001")]
    take(changed("PO000002", items=later))
    assert (listed(), UnmatchedCode.objects.count()) == ([], 0)


def test_a_code_whose_line_changed_while_nobody_asks_is_not_listed_any_more(take):
    take(order(items=[line()]))
    take(changed(items=[line("V-2")]), asks=nobody_asks)
    assert listed() == []
    unmatched.forget(unmatched.left_over())
    assert not UnmatchedCode.objects.exists()


def test_a_page_without_anything_new_costs_nothing_more(take, django_assert_num_queries):
    page = [order(f"PO{n:06}", items=[line()]) for n in range(20)]
    take(*page)
    with django_assert_num_queries(2):
        take(*page)


def test_nobody_asks_a_new_page_costs_one_question_more_for_its_places(take, django_assert_num_queries, node):
    take(order("PO000000"), asks=nobody_asks)
    with CaptureQueriesContext(connection) as bare:
        receive(amazon_orders.batch(order("PO000001"), order("PO000002")), Origin(node.pk, 1, NOW))
    with django_assert_num_queries(len(bare.captured_queries) + 1):
        take(order("PO000003"), order("PO000004"), asks=nobody_asks)


def test_what_breaks_off_leaves_neither_codes_nor_places(take):
    def cut_off():
        with transaction.atomic():
            take(order(items=[line()]))
            raise RuntimeError("the power is gone")

    with pytest.raises(RuntimeError):
        cut_off()
    assert not UnmatchedCode.objects.exists()
    assert not Place.objects.exists()
    take(order(items=[line()]))
    assert (listed(), Place.objects.count()) == ([("V-1", "B0TEST0001")], 1)


# Already stored documents


def ask(only_missing=True, asks=lambda _node, _program: Asked(("ean", "asin"), "IT")):
    return recoding.apply(
        list(SaleDocument.objects.values_list("pk", flat=True)), asks, LATER, only_missing=only_missing
    )


def test_what_is_stored_is_recoded_once_the_table_has_a_match(take):
    take(order(items=[line(), line("V-2", "2")]))
    row("OWN", title="Mine")
    counts = ask()
    assert (own(), listed()) == (["OWN", None], [("V-2", "B0TEST0001")])
    assert counts == {"documents": 1, "lines": 2, "documents_changed": 1, "matched": 1, "without": 1}
    assert SaleLine.objects.get(sku="OWN").own_title == "Mine"
    assert UnmatchedCode.objects.get().last_seen == NOW, "no order brought it anew"
    assert not ask() - ask(), "once more it changes nothing"


def test_only_missing_leaves_alone_what_has_a_match(take):
    row("OLD")
    take(order(items=[line(), line("V-2", "2")]))
    SkuRecoding.objects.update(sku="NEW")
    ask()
    assert own() == ["OLD", None]
    counts = ask(only_missing=False)
    assert own() == ["NEW", None]
    assert (counts["replaced"], counts["without"]) == (1, 1)


def test_a_match_that_is_gone_from_the_table_is_taken_away_and_listed(take):
    row("OWN", title="Mine")
    take(order(items=[line()]))
    SkuRecoding.objects.all().delete()
    assert ask(only_missing=False)["removed"] == 1
    assert (own(), listed()) == ([None], [("V-1", "B0TEST0001")])
    assert SaleLine.objects.get().own_title is None


def test_documents_from_before_anybody_asked_are_recoded_with_all(take):
    row("OWN")
    take(order(items=[line(), line("V-2", "2")]), asks=nobody_asks)
    ask()
    assert own() == [None, None]
    ask(only_missing=False)
    assert (own(), listed()) == (["OWN", None], [("V-2", "B0TEST0001")])


def test_where_nobody_asks_any_more_the_list_is_cleared_and_own_skus_stay(take):
    row("OWN")
    take(order(items=[line(), line("V-2", "2")]))
    ask(asks=nobody_asks)
    assert (own(), listed()) == (["OWN", None], [])


def test_whom_a_change_concerns_is_told(take, monkeypatch):
    told = []
    monkeypatch.setattr(recoding, "changed", lambda documents: told.append(set(documents)))
    take(order("PO000001", items=[line()]), order("PO000002", items=[line("V-2")]))
    ask()
    assert told == []
    row("OWN")
    ask()
    assert told == [{SaleDocument.objects.get(number="PO000001").pk}]


def test_a_place_whose_country_becomes_known_moves_its_codes_to_that_marketplace(take):
    take(order(items=[line()]))
    Place.objects.update(name="Somewhere", country="DE")
    ask()
    assert [one.marketplace for one in unmatched.listed()] == ["DE"]
    assert UnmatchedCode.objects.count() == 1
    row("GERMAN", marketplace="DE")
    ask()
    assert own() == ["GERMAN"]


# Places


ADDRESS = {
    "name": "Amazon MXP5", "addressLine1": "Via dell'Industria 1", "city": "Castel San Giovanni", "postalCode": "29015",
    "countryCode": "it",
}  # fmt: skip


def test_every_destination_is_a_place_and_filled_where_an_address_comes_with_it(take):
    take(order("PO000001"), order("PO000002", shipToParty={"partyId": "FCO1", "address": ADDRESS}), asks=nobody_asks)
    unknown, filled = Place.objects.get(code="MXP5"), Place.objects.get(code="FCO1")
    assert (unknown.name, unknown.from_orders) == ("", False)
    assert (filled.name, filled.address, filled.postal_code) == ("Amazon MXP5", "Via dell'Industria 1", "29015")
    assert (filled.city, filled.country, filled.from_orders) == ("Castel San Giovanni", "IT", True)
    take(order("PO000003", shipToParty={"partyId": "MXP5", "address": ADDRESS}), asks=nobody_asks)
    unknown.refresh_from_db()
    assert (unknown.city, unknown.from_orders) == ("Castel San Giovanni", True)


def test_what_a_person_wrote_of_a_place_stays(take):
    Place.objects.create(code="MXP5", city="Mine")
    Place.objects.create(code="FCO1", country="FR", time_zone="Europe/Paris")
    take(
        order("PO000001", shipToParty={"partyId": "MXP5", "address": ADDRESS}),
        order("PO000002", shipToParty={"partyId": "FCO1", "address": ADDRESS}),
    )
    kept, filled = Place.objects.get(code="MXP5"), Place.objects.get(code="FCO1")
    assert (kept.name, kept.city, kept.from_orders) == ("", "Mine", False)
    assert (filled.name, filled.country, filled.time_zone) == ("Amazon MXP5", "FR", "Europe/Paris")


def test_a_place_that_was_deleted_comes_back_with_the_next_order(take):
    take(order("PO000001"))
    Place.objects.all().delete()
    take(order("PO000002"))
    assert Place.objects.get().code == "MXP5"


def test_an_address_that_says_no_more_than_a_country_fills_no_place(take):
    take(order(shipToParty={"partyId": "MXP5", "address": {"countryCode": "IT"}}))
    assert (Place.objects.get().country, Place.objects.get().from_orders) == ("", False)


def test_where_consumers_live_is_no_place_and_no_marketplace(node):
    batch = consumer_orders.batch(consumer_orders.order())
    store(batch, Origin(node.pk, 1, NOW), lambda _node, _program: Asked((), "IT"))
    assert not Place.objects.exists()
    assert {one.marketplace for one in unmatched.listed()} == {"IT"}
