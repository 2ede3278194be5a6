"""Amazon's status of an order on the screens: shown as Amazon's, filtered by, never obeyed."""

import json
import re
from datetime import UTC, datetime, timedelta

import amazon_orders
import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from order_statuses import batch, cases, line, status

from approdo.exchanges.models import WindowRead
from approdo.processes.models import Run
from approdo.sales import queries
from approdo.sales.models import SaleDocument, SetAside
from approdo.sales.receive import Origin
from approdo.sales.status import receive_statuses

NOW = datetime(2026, 5, 1, 12, tzinfo=UTC)
LIST = "/sales/saledocument/"


@pytest.fixture
def receive_status(node):
    def received(*statuses, at=NOW):
        return receive_statuses(batch(*statuses, asked_at=at), Origin(node.pk, 7, at))

    return received


def page_of(admin_client, query=""):
    return admin_client.get(f"{LIST}{SaleDocument.objects.get().pk}/change/{query}").content.decode()


def section(page):
    """The text of the section, without its tags."""
    html = page.partition('id="status"')[2].partition("<h2>Versions")[0]
    return " ".join(re.sub(r"<[^>]+>", " ", html).split())


def test_the_page_shows_the_figures_as_amazons_and_informational(admin_client, receive_orders, receive_status):
    receive_orders(amazon_orders.order())
    receive_status(status("PO000001", line(received="PARTIALLY_RECEIVED")))
    said = section(page_of(admin_client))
    assert "Amazon's status (informational)" in page_of(admin_client).replace("&#x27;", "'")
    assert "no ground for a payment" in said
    assert "Open Confirmed Partly received" in said
    row = said.partition("Receiving 1 ")[2]
    assert row.startswith("B0TEST0001 8001234567890 36 3 cases × 12 – 36 3 cases × 12 0 0 cases × 12 12 1 case × 12")
    assert "2026-04-30 12:00" in row
    assert "2026-05-04 08:00" in row


def test_an_order_without_a_status_says_how_it_comes(admin_client, receive_orders):
    receive_orders(amazon_orders.order())
    assert "has not been read" in section(page_of(admin_client))


def test_the_history_says_what_each_status_changed(admin_client, receive_orders, receive_status):
    receive_orders(amazon_orders.order())
    receive_status(status("PO000001", line("1", "UNCONFIRMED"), line("2")))
    later = status("PO000001", line("1", received="RECEIVED"), line("2"), purchaseOrderStatus="CLOSED")
    receive_status(later, at=NOW + timedelta(hours=1))
    page = page_of(admin_client)
    shown = page.partition('<ul class="ap-changes')[2].partition("</ul>")[0]
    changes = re.findall(r"<li>(.*?)</li>", shown, re.DOTALL)
    assert [" ".join(re.sub(r"<[^>]+>", "", change).split()) for change in changes] == [
        "Open or closed: Open → Closed",
        "Line 1 Confirmation: Not confirmed → Confirmed",
        "Line 1 Receiving: Not received → Received",
        "Line 1 Confirmed: 0 → 36",
        "Line 1 Rejected: 36 → 0",
        "Line 1 Received: 0 → 36",
    ]
    assert "Status 2" in page
    address = f"{LIST}{SaleDocument.objects.get().pk}/statuses/2/"
    assert "CLOSED" in admin_client.get(address).content.decode()
    sent = admin_client.get(f"{address}?download")
    assert json.loads(sent.content) == later
    assert sent["Content-Disposition"] == 'attachment; filename="po000001-status-2.json"'
    assert admin_client.get(address.replace("/2/", "/3/")).status_code == 404


def test_amazons_own_history_of_a_line_is_told(admin_client, receive_orders, receive_status):
    receive_orders(amazon_orders.order())
    details = [
        {"updatedDate": "2026-04-30T10:00:00Z", "orderedQuantity": cases(5)},
        {"updatedDate": "2026-05-01T10:00:00Z", "cancelledQuantity": cases(2)},
    ]
    ordered = {"orderedQuantity": cases(3), "orderedQuantityDetails": details}
    receive_status(status("PO000001", line(orderedQuantity=ordered)))
    said = section(page_of(admin_client))
    assert "2026-04-30 10:00 ordered 5 cases × 12 2026-04-30 12:00 confirmed 3 cases × 12" in said
    assert "2026-05-01 10:00 cancelled 2 cases × 12" in said


def test_strange_words_are_shown_as_they_are_and_html_is_never_obeyed(admin_client, receive_orders, receive_status):
    evil = "<script>alert(1)</script>"
    receive_orders(amazon_orders.order())
    odd = {"receiveStatus": "IN_TRANSIT", "receivedQuantity": {"amount": 2, "unitOfMeasure": evil}}
    receive_status(status("PO000001", line(evil, vendorProductIdentifier=evil, receivingStatus=odd)))
    page = page_of(admin_client)
    assert evil not in page
    assert "IN_TRANSIT" in page


def test_2500_lines_are_shown_in_pages(admin_client, receive_orders, receive_status):
    receive_orders(amazon_orders.order())
    receive_status(status("PO000001", *(line(str(n), buyerProductIdentifier=f"B0{n:08d}") for n in range(1, 2501))))
    first = page_of(admin_client)
    assert "Lines 1–100 of 2500" in first
    assert len(first) < 500_000
    assert "B000002500" in page_of(admin_client, "?s=25")


@pytest.fixture
def four(receive_orders, receive_status):
    receive_orders(
        *(amazon_orders.order(f"PO00000{n}", purchaseOrderDate=f"2026-04-0{n}T10:00:00Z") for n in range(1, 5))
    )
    receive_status(
        status("PO000001", line("1", "UNCONFIRMED")),
        status("PO000002", line("1", "ACCEPTED", "RECEIVED"), purchaseOrderStatus="CLOSED"),
        status("PO000003", line("1", "ACCEPTED", "PARTIALLY_RECEIVED"), line("2", "REJECTED")),
    )


FILTERS = [
    ("?confirmation=unconfirmed", ["PO000001"]),
    ("?confirmation=partly", ["PO000003"]),
    ("?confirmation=confirmed", ["PO000002"]),
    ("?confirmation=rejected", []),
    ("?receiving=not_received", ["PO000001"]),
    ("?receiving=partly", ["PO000003"]),
    ("?receiving=received", ["PO000002"]),
    ("?amazon_status=open", ["PO000003", "PO000001"]),
    ("?amazon_status=closed", ["PO000002"]),
    ("?amazon_status=open&confirmation=partly", ["PO000003"]),
    ("?confirmation=nonsense", ["PO000004", "PO000003", "PO000002", "PO000001"]),
]


@pytest.mark.parametrize(("query", "found"), FILTERS)
def test_the_list_is_filtered_by_status_through_an_index(admin_client, four, query, found, monkeypatch):
    monkeypatch.setattr(queries, "FEW", -1)  # few are looked up; this is about many
    with CaptureQueriesContext(connection) as asked:
        listed = [document.number for document in admin_client.get(LIST + query).context["cl"].result_list]
    assert listed == found
    if connection.vendor != "sqlite" or "nonsense" in query:
        return
    sql, *_the_rows = [one["sql"] for one in asked if 'FROM "sales_saledocument"' in one["sql"]]
    with connection.cursor() as cursor:
        plan = "; ".join(row[3] for row in cursor.execute(f"EXPLAIN QUERY PLAN {sql}").fetchall())
    assert "sales_saledocument USING COVERING INDEX sale_document_by_date" in plan, plan
    assert "TEMP B-TREE" not in plan, plan


def test_the_nodes_page_shows_the_status_scan(admin_client, node):
    for scan in ("created", "status"):
        WindowRead.objects.create(
            node=node, program="vendor_retail", run=1, connector=1, position=len(scan), scan=scan,
            start=NOW, end=NOW + timedelta(days=1), complete=True, read_at=NOW, source=node.identity,
        )  # fmt: skip
    text = admin_client.get(f"/nodes/node/{node.pk}/change/").content.decode()
    assert "by status update (informational)" in text


def test_a_runs_page_counts_statuses_apart(admin_client, connector):
    counts = {"read": 5, "created": 5, "statuses": {"read": 7777, "created": 7777, "failed": 1}}
    run = Run.objects.create(
        connector=connector, connector_name="Orders", created_at=NOW, state="partial", counts=counts
    )
    text = admin_client.get(f"/processes/run/{run.pk}/change/").content.decode()
    assert "counted apart" in text
    assert "7,777" in text
    assert "status: 1 set aside" in admin_client.get("/processes/run/").content.decode()


def test_a_set_aside_status_is_named_as_one(admin_client, receive_status):
    receive_status(status(itemStatus="none"))
    assert "Order status" in admin_client.get("/sales/setaside/").content.decode()
    page = admin_client.get(f"/sales/setaside/{SetAside.objects.get().pk}/change/").content.decode()
    assert "Order status" in page


def test_a_configuration_saved_before_there_was_the_switch_shows_it_as_it_works(admin_client, configuration):
    type(configuration).objects.update(options={"type": "vendor_retail", "states": ["new"]})
    page = admin_client.get(f"/backoffice/orderdownloadconfiguration/{configuration.pk}/change/")
    assert page.context["adminform"].form["option_read_status"].initial is True
