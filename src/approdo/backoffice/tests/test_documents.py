"""The list and the page of sale documents: nothing is counted, nothing is scanned, nothing is unescaped."""

import json
import re
from datetime import UTC, datetime
from decimal import Decimal

import amazon_orders
import msgspec
import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import translation
from plans import plan_of

from approdo.backoffice import formats
from approdo.sales import queries
from approdo.sales.models import FILTERED, SaleDocument, SetAside
from approdo.sales.raw import compress
from approdo.sales.receive import Origin, receive
from approdo.sdk.documents import Received

NOW = datetime(2026, 5, 1, 12, tzinfo=UTC)
LIST = "/sales/saledocument/"
NEVER = -1
"""So many are few: then nothing is looked up."""


def numbers(client, query=""):
    page = client.get(f"{LIST}{query}")
    assert page.status_code == 200
    return [document.number for document in page.context["cl"].result_list]


@pytest.fixture
def three(receive_orders):
    receive_orders(
        amazon_orders.order("AAA00001", purchaseOrderDate="2026-04-01T10:00:00Z"),
        amazon_orders.order("BBB00002", purchaseOrderDate="2026-04-02T10:00:00Z", state="Acknowledged"),
        amazon_orders.order(
            "CCC00003",
            purchaseOrderDate="2026-04-03T21:59:00Z",
            sellingParty={"partyId": "OTHER"},
            shipToParty={"partyId": "FCO1"},
            items=[amazon_orders.item("1", amazonProductIdentifier="B0OTHER001")],
        ),
    )


def test_the_newest_order_comes_first(admin_client, three):
    assert numbers(admin_client) == ["CCC00003", "BBB00002", "AAA00001"]


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("?q=AAA", ["AAA00001"]),
        ("?q=bbb00002", ["BBB00002"]),
        ("?q=B0OTHER", ["CCC00003"]),
        ("?q=0001", []),
        ("?state=acknowledged", ["BBB00002"]),
        ("?vendor_code=OTHER", ["CCC00003"]),
        ("?vendor_code=OTH", []),
        ("?ship_to=FCO1", ["CCC00003"]),
        ("?dated_from=2026-04-02&dated_to=2026-04-02", ["BBB00002"]),
        ("?dated_to=2026-04-03", ["CCC00003", "BBB00002", "AAA00001"]),
        ("?dated_from=nonsense", ["CCC00003", "BBB00002", "AAA00001"]),
        ("?type=invoice", []),
        ("?program=vendor_retail&state=new", ["CCC00003", "AAA00001"]),
        ("?program=vendor_direct_fulfillment", []),
        ("?o=1", ["AAA00001", "BBB00002", "CCC00003"]),
        ("?o=-0", ["CCC00003", "BBB00002", "AAA00001"]),
        ("?o=nonsense", ["CCC00003", "BBB00002", "AAA00001"]),
    ],
)
def test_filters_search_and_order_find_what_they_name(admin_client, three, query, found, monkeypatch):
    assert numbers(admin_client, query) == found
    monkeypatch.setattr(queries, "FEW", NEVER)
    assert numbers(admin_client, query) == found, "few are looked up, many are not: that makes no difference"


def test_the_programs_that_can_be_read_can_be_chosen(admin_client, three):
    text = admin_client.get(LIST).content.decode()
    for label in ("By program", "Vendor Retail", "Vendor Direct Fulfillment"):
        assert label in text


def test_the_node_filter_finds_a_nodes_documents(admin_client, three, node):
    assert len(numbers(admin_client, f"?node={node.pk}")) == 3
    assert numbers(admin_client, f"?node={node.pk + 1}") == []


ORDERS = {
    "": "sale_document_by_date",
    "o=0": "sale_document_(by_)?number",
    "o=-0": "sale_document_(by_)?number",
    "o=1": "sale_document_by_date",
    "o=-1": "sale_document_by_date",
    "o=8": "sale_document_by_update",
    "o=-8": "sale_document_by_update",
    "o=-8.0": "sale_document_by_update",
}
FILTERS = [
    "",
    "node={node}",
    "type=order&program=vendor_retail",
    "state=new",
    "vendor_code=ROSIT",
    "ship_to=MXP5",
    "confirmation=confirmed&receiving=not_received&amazon_status=open",
    "dated_from=2026-01-01",
    "node={node}&state=closed&vendor_code=ROSIT",
]


def about_documents(client, query):
    with CaptureQueriesContext(connection) as asked:
        numbers(client, query)
    return [one["sql"] for one in asked if "sales_" in one["sql"]]


@pytest.mark.parametrize("order", ORDERS)
def test_every_filter_in_every_order_reads_one_index_and_sorts_nothing(admin_client, three, node, order, monkeypatch):
    monkeypatch.setattr(queries, "FEW", NEVER)
    for filters in FILTERS:
        (sql,) = about_documents(admin_client, f"?{filters.format(node=node.pk)}&{order}&p=2")
        plan = plan_of(sql)
        assert "COUNT(" not in sql
        assert re.search(ORDERS[order], plan), plan
        assert "Sort" not in plan, plan
        assert "TEMP B-TREE" not in plan, plan
        assert re.search("COVERING INDEX|Index Only Scan", plan), "what lies before the page is read: " + plan


@pytest.mark.parametrize("column", FILTERED)
def test_what_few_documents_have_is_looked_up_in_an_index_of_its_own(three, node, column):
    value = node.pk if column == "node" else "NOBODY"
    plan = plan_of(str(queries._some(column, value).query).replace("NOBODY", "'NOBODY'"))
    assert re.search(f"(COVERING INDEX|Index Only Scan using) document_with_{column} ", plan), plan
    assert "Sort" not in plan, plan
    assert "TEMP B-TREE" not in plan, plan


def test_of_a_value_that_nobody_has_the_list_is_not_even_asked_for(admin_client, three):
    (looked_up,) = about_documents(admin_client, "?vendor_code=NOBODY")
    assert "OFFSET" not in looked_up
    assert "document_with_vendor_code" in plan_of(looked_up)


def test_what_changed_since_it_was_exported_is_looked_for_among_what_ever_changed(admin_client, three):
    (sql,) = about_documents(admin_client, "?exported=changed")
    plan = plan_of(sql)
    assert "COUNT(" not in sql
    assert "sale_document_changed" in plan, plan
    assert "TEMP B-TREE" not in plan, plan


def test_a_state_is_called_as_whoever_reads_it_says():
    shown = {}
    for language in ("en", "it", "en"):
        with translation.override(language):
            shown.setdefault(formats.document_state("stored"), []).append(language)
    assert list(shown.values()) == [["en", "en"], ["it"]]


@pytest.mark.parametrize("query", ["?q=AAA", "?q=B0OTHER&state=new&o=8"])
def test_no_search_counts_or_scans_the_documents(admin_client, three, query):
    asked = about_documents(admin_client, query)
    assert asked
    assert not [sql for sql in asked if "COUNT(" in sql]
    if connection.vendor == "sqlite":
        for plan in map(plan_of, asked):
            assert not re.search(r"SCAN sales_\w+", plan), plan


@pytest.fixture
def at_the_turn_of_the_day(node, receive_orders):
    """Two nodes, and on each an order of 22:30 UTC: in Rome it is the next day, in New York the same."""
    place(node, "IT")
    receive_orders(amazon_orders.order("ROME0001", purchaseOrderDate="2026-04-02T22:30:00Z"))
    other = place(amazon_orders.node("Amazon Vendor US"), "US")
    late = amazon_orders.order("YORK0001", purchaseOrderDate="2026-04-02T22:30:00Z")
    receive(amazon_orders.batch(late), Origin(other.pk, 7, NOW))


def place(node, marketplace):
    node.options["marketplace"] = marketplace
    node.full_clean()
    node.save()
    return node


def test_a_day_is_the_day_that_the_list_shows(admin_client, at_the_turn_of_the_day):
    assert "2026-04-03 00:30" in admin_client.get(LIST).content.decode()
    assert numbers(admin_client, "?dated_from=2026-04-03&dated_to=2026-04-03") == ["ROME0001"]
    assert numbers(admin_client, "?dated_from=2026-04-02&dated_to=2026-04-02") == ["YORK0001"]
    assert len(numbers(admin_client, "?dated_from=2026-04-02&dated_to=2026-04-03")) == 2
    assert numbers(admin_client, "?dated_from=2026-04-04") == []


def test_the_home_page_counts_what_its_link_lists(admin_client, at_the_turn_of_the_day):
    with time_machine.travel("2026-04-08T22:30:00Z", tick=False):  # in Rome the seventh day has begun
        home = admin_client.get("/")
        new = next(one for one in home.context["states"] if "NEW" in one.badge)
        assert len(numbers(admin_client, new.address.removeprefix(LIST))) == int(new.number) == 1


def test_a_page_shows_the_whole_order(admin_client, receive_orders):
    receive_orders(
        amazon_orders.order(
            "AAA00001",
            shipToParty={
                "partyId": "MXP5",
                "address": {"name": "Amazon MXP5", "city": "Piacenza", "countryCode": "IT"},
            },
            billToParty={"partyId": "AMZ", "taxInfo": {"taxRegistrationType": "VAT", "taxRegistrationNumber": "IT123"}},
            deliveryWindow="2026-05-01T22:00:00Z--2026-05-02T22:00:00Z",
            importDetails={"portOfDelivery": "Genova"},
        )
    )
    text = admin_client.get(f"{LIST}{SaleDocument.objects.get().pk}/change/").content.decode()
    for word in ("AAA00001", "Amazon MXP5", "Piacenza", "VAT IT123", "Genova", "B0TEST0001", "8001234567890", "39.60"):
        assert word in text


def test_windows_are_shown_in_the_nodes_time_zone_and_name_it(admin_client, node, receive_orders):
    place(node, "IT")
    receive_orders(amazon_orders.order(deliveryWindow="2026-05-01T22:00:00Z--2026-05-01T22:00:00Z"))
    text = admin_client.get(f"{LIST}{SaleDocument.objects.get().pk}/change/").content.decode()
    assert "(Europe/Rome)" in text
    assert "2026-05-02 00:00" in text
    assert 'title="2026-05-01 22:00:00 UTC"' in text


def test_html_in_an_order_is_shown_and_never_obeyed(admin_client, receive_orders):
    evil = "<script>alert(1)</script>"
    receive_orders(
        amazon_orders.order(
            "EVIL0001",
            dealCode=evil,
            sellingParty={"partyId": evil},
            shipToParty={"partyId": "X", "address": {"name": evil}},
            importDetails={"shippingInstructions": evil},
            items=[amazon_orders.item(evil, amazonProductIdentifier=evil)],
        ),
        b'{"purchaseOrderNumber": "<script>alert(1)</script>", "orderDetails": 5}',
    )
    pk, aside = SaleDocument.objects.get().pk, SetAside.objects.get().pk
    for address in (
        LIST,
        f"{LIST}{pk}/change/",
        f"{LIST}{pk}/versions/1/",
        "/sales/setaside/",
        f"/sales/setaside/{aside}/change/",
    ):
        assert evil not in admin_client.get(address).content.decode()


def test_an_order_with_2500_lines_is_shown_in_pages_and_can_be_searched(admin_client, receive_orders):
    items = [amazon_orders.item(str(n), amazonProductIdentifier=f"B0{n:08d}") for n in range(1, 2501)]
    receive_orders(amazon_orders.order(items=items))
    address = f"{LIST}{SaleDocument.objects.get().pk}/change/"
    first = admin_client.get(address).content.decode()
    assert "2500 lines" in first
    assert len(first) < 500_000
    assert "B000002500" in admin_client.get(f"{address}?p=13").content.decode()
    found = admin_client.get(f"{address}?q=B000001234").content.decode()
    assert "B000001234" in found
    assert "B000001235" not in found


def test_raw_data_is_shown_indented_and_downloaded_byte_by_byte(admin_client, node):
    order = amazon_orders.order(items=[amazon_orders.item(netCost={"amount": "PRICE", "currencyCode": "EUR"})])
    raw = json.dumps(order).replace('"PRICE"', "1.100000000001").encode()
    batch = amazon_orders.batch()
    found = msgspec.structs.replace(batch, documents=[Received(number=order["purchaseOrderNumber"], raw=raw)])
    receive(found, Origin(node.pk, None, NOW))
    address = f"{LIST}{SaleDocument.objects.get().pk}/versions/1/"
    assert "1.100000000001" in admin_client.get(address).content.decode()
    sent = admin_client.get(f"{address}?download")
    assert sent.content == raw
    assert sent["Content-Disposition"].startswith("attachment")


@pytest.mark.parametrize(
    ("language", "value", "shown"),
    [
        ("en", "1234567.1", "1,234,567.10\xa0EUR"),
        ("it", "1234567.1", "1.234.567,10\xa0EUR"),
        ("it", "0.123456789012345678901234567890", "0,12345678901234567890123456789\xa0EUR"),
        ("it", "12345678901234567890123456789012.5", "12.345.678.901.234.567.890.123.456.789.012,50\xa0EUR"),
        ("en", "1E+3", "1,000.00\xa0EUR"),
    ],
)
def test_amounts_are_written_in_the_readers_way_and_lose_no_digit(language, value, shown):
    with translation.override(language):
        assert formats.amount(Decimal(value), "EUR") == shown


def test_documents_are_neither_added_nor_changed_nor_deleted_by_hand(admin_client, three):
    pk = SaleDocument.objects.first().pk
    assert admin_client.get(f"{LIST}add/").status_code == 403
    assert admin_client.post(f"{LIST}{pk}/delete/", {"post": "yes"}).status_code == 403
    assert SaleDocument.objects.count() == 3


def test_what_could_not_be_read_is_listed_with_the_reason(admin_client, receive_orders):
    receive_orders(b'{"purchaseOrderNumber": "BAD00001", "orderDetails": {"items": [{"netCost": {"amount": "much"}}]}}')
    assert "is not a number" in admin_client.get("/sales/setaside/").content.decode()
    page = admin_client.get(f"/sales/setaside/{SetAside.objects.get().pk}/change/").content.decode()
    assert "BAD00001" in page
    assert "much" in page


def test_each_version_says_what_it_changed(admin_client, receive_orders):
    receive_orders(amazon_orders.order(items=[amazon_orders.item("1"), amazon_orders.item("2")]))
    more = {"amount": 5, "unitOfMeasure": "Cases", "unitSize": 12}
    changed = amazon_orders.order(
        state="Closed",
        items=[amazon_orders.item("1", orderedQuantity=more)],
        purchaseOrderChangedDate="2026-04-30T12:00:00Z",
    )
    receive_orders(changed)
    page = admin_client.get(f"{LIST}{SaleDocument.objects.get().pk}/change/").content.decode()
    shown = page.partition('<ul class="ap-changes')[2].partition("</ul>")[0]
    changes = re.findall(r"<li>(.*?)</li>", shown, re.DOTALL)
    said = [" ".join(re.sub(r"<[^>]+>", "", change).split()) for change in changes]
    assert said == [
        "State: NEW → CLOSED",
        "Changed by Amazon: – → 2026-04-30 12:00",
        "Line 1 Quantity: 3 → 5",
        "Line 1 Eaches: 36 → 60",
        "Line 2 line vanished",
    ]


def test_a_set_aside_document_is_given_up_with_a_reason_by_whom_it_is_allowed(
    admin_client, clerk_client, receive_orders
):
    receive_orders(b'{"purchaseOrderNumber": "BAD", "orderDetails": 5}')
    waiting = SetAside.objects.get()
    page = f"/sales/setaside/{waiting.pk}/change/"
    address = f"/sales/setaside/{waiting.pk}/give-up/"
    assert address in admin_client.get(page).content.decode()
    admin_client.post(address, {"why": ""})
    waiting.refresh_from_db()
    assert waiting.given_up_at is None
    assert "could not be read" in admin_client.get("/").content.decode()
    admin_client.post(address, {"why": "<b>Lost</b> at Amazon"})
    shown = admin_client.get(page).content.decode()
    assert "&lt;b&gt;Lost&lt;/b&gt; at Amazon" in shown
    assert "admin, <time" in shown
    assert address not in shown
    assert "could not be read" not in admin_client.get("/").content.decode()
    assert "given up" in admin_client.get("/sales/setaside/").content.decode()
    assert clerk_client("view_setaside").post(address, {"why": "x"}).status_code == 403


def test_a_set_aside_document_is_tried_again_by_whom_it_is_allowed(admin_client, clerk_client, receive_orders):
    receive_orders(amazon_orders.order(items="none"))
    waiting = SetAside.objects.get()
    address = f"/sales/setaside/{waiting.pk}/retry/"
    assert clerk_client("view_setaside").post(address).status_code == 403
    shown = admin_client.post(address, follow=True).content.decode()
    assert "still cannot be read" in shown
    SetAside.objects.update(raw=compress(json.dumps(amazon_orders.order()).encode()))
    shown = admin_client.post(address, follow=True).content.decode()
    assert "The document has been read and stored." in shown
    assert "Try again" not in shown
    assert SaleDocument.objects.get().number == "PO000001"
