"""Whatever stands in an order: it is stored exactly, or it alone is set aside, and its page is stored."""

import csv
import html
from decimal import Decimal
from io import StringIO

import pytest
import reading

from amazon_simulator import Simulator, dirt
from approdo.cli import documents as command
from approdo.exchanges.coverage import coverage
from approdo.processes import rereading
from approdo.sales.models import SaleDocument, SaleLine, SetAside
from approdo.sales.raw import raw_bytes

pytestmark = pytest.mark.django_db

LIST = "/sales/saledocument/"
UNREADABLE = ["lone_surrogate", "invalid_utf8", "deep_nesting", "unreadable_amount"]


@pytest.fixture
def amazon():
    with Simulator(seed=8, orders=40, days=20, rate_limit=False) as simulator:
        yield simulator


def numbers(amazon: Simulator, account: str = "eu") -> list[str]:
    return sorted(order.number for order in amazon.orders(account))


def stored() -> list[str]:
    return sorted(SaleDocument.objects.values_list("number", flat=True))


READABLE = {
    "unknown_enums": (None, lambda line: line.document.state == "partiallyreceived"),
    "missing_fields": (None, lambda line: (line.document.state, line.net_cost) == ("", None)),
    "null_fields": (None, lambda line: (line.document.state, line.document.date, line.currency) == ("", None, "")),
    "exponents": (None, lambda line: line.net_cost.as_tuple().exponent == -2),
    "negative_quantities": (None, lambda line: line.quantity <= 0),
    "priced_by_weight": (
        None,
        lambda line: (line.price_unit, line.total, line.document.total) == ("kilograms", None, None),
    ),
    "strange_names": ("scripts", lambda line: line.document.deal_code == line.vendor_sku == dirt.SCRIPTS),
    "numbers_for_strings": (None, lambda line: line.sequence.isdecimal() and isinstance(line.net_cost, Decimal)),
    "odd_dates": (None, lambda line: line.document.date and line.document.date.tzinfo),
    "nul_characters": (None, lambda line: line.document.vendor_code.isalnum()),
    "duplicate_keys": (None, lambda line: line.document.state),
}


@pytest.mark.parametrize("name", READABLE)
def test_dirt_that_can_be_read_is_stored_with_every_order_once(amazon: Simulator, name: str, admin_client):
    value, holds = READABLE[name]
    amazon.dials.set(name, value)
    run = reading.read(reading.connector(amazon))
    assert (run.state, run.error_code) == ("succeeded", "")
    assert stored() == numbers(amazon)
    document = SaleDocument.objects.filter(lines__net_cost__isnull=name in ("missing_fields", "null_fields")).first()
    assert document
    assert all(holds(line) for line in document.lines.all()[:3])
    assert admin_client.get(LIST).status_code == 200
    assert admin_client.get(f"{LIST}{document.pk}/change/").status_code == 200
    again = reading.read(run.connector)
    assert (again.counts["created"], again.counts["updated"]) == (0, 0), "the same dirt is the same order"


@pytest.mark.once
def test_amounts_with_exponents_are_the_amounts(amazon: Simulator):
    amazon.dials.set("exponents")
    reading.read(reading.connector(amazon))
    for number in numbers(amazon)[:10]:
        costs = SaleLine.objects.filter(document__number=number).values_list("sequence", "net_cost")
        items = amazon.order(number)["orderDetails"]["items"]
        assert dict(costs) == {
            item["itemSequenceNumber"]: Decimal(item["netCost"]["amount"]) if "netCost" in item else None
            for item in items
        }


@pytest.mark.once
def test_of_a_member_that_stands_twice_the_last_counts(amazon: Simulator):
    amazon.dials.set("duplicate_keys")
    reading.read(reading.connector(amazon))
    states = dict(SaleDocument.objects.values_list("number", "state"))
    assert states == {order.number: order.state.lower() for order in amazon.orders("eu")}


@pytest.mark.parametrize("name", UNREADABLE)
def test_an_order_that_cannot_be_read_is_set_aside_alone_and_stored_once_it_can(
    amazon: Simulator, name: str, admin_client
):
    amazon.dials.set(name, 2)
    run = reading.read(reading.connector(amazon, by="created"))
    assert (run.state, run.error_code) == ("partial", "")
    # Where windows overlap, one of them may have shown in full what the other spoilt.
    waiting = list(SetAside.objects.filter(stored_at=None))
    assert {one.number for one in waiting} < set(numbers(amazon)), "each says which order it is"
    assert set(numbers(amazon)) - set(stored()), "windows overlap, but not at every order"
    assert sorted({*stored(), *(one.number for one in waiting)}) == numbers(amazon)
    assert reading.complete(), "a set-aside order counts as read"
    assert {one.complete for one in coverage(run.connector.node)} == {False}
    assert {one.set_aside for one in coverage(run.connector.node)} == {len(waiting)}
    for one in waiting:
        assert one.number.encode() in raw_bytes(one)
        assert not rereading.retry(one)
        assert admin_client.get(f"/sales/setaside/{one.pk}/change/").status_code == 200
    listed = admin_client.get("/sales/setaside/").content.decode()
    assert all(one.number in listed for one in waiting)
    amazon.dials.clear()
    assert reading.read(run.connector).state == "succeeded"
    assert stored() == numbers(amazon)
    run.refresh_from_db()
    assert run.state == "succeeded", "nothing of it waits any more"


@pytest.mark.once
@pytest.mark.parametrize(
    ("date", "zone"),
    [
        ("9999-12-31T23:59:59Z", "Pacific/Kiritimati"),
        ("0001-01-01T00:00:00Z", "Pacific/Pago_Pago"),
        ("0000-00-00", "UTC"),
        ("2026-13-45T99:99:99Z", "UTC"),
        ("2026-05-01T10:00:00+99:99", "UTC"),
    ],
)
def test_a_date_that_no_calendar_shows_is_none(amazon: Simulator, date: str, zone: str, admin_client):
    amazon.dials.set("odd_dates", date)
    assert reading.read(reading.connector(amazon, time_zone=zone)).state == "succeeded"
    document = SaleDocument.objects.first()
    assert document.state_changed_date is None
    assert admin_client.get(LIST).status_code == 200
    assert admin_client.get(f"{LIST}{document.pk}/change/").status_code == 200


@pytest.mark.once
def test_hostile_names_are_shown_as_text(amazon: Simulator, admin_client):
    amazon.dials.set("strange_names", "html")
    reading.read(reading.connector(amazon, "<script>alert(2)</script>"))
    document = SaleDocument.objects.first()
    assert document.deal_code == dirt.HTML
    for address in (LIST, f"{LIST}?q=<script>", f"{LIST}{document.pk}/change/", f"{LIST}{document.pk}/change/?q=<b"):
        shown = admin_client.get(address).content.decode()
        assert "<script>alert(" not in shown
        assert "<b title='" not in shown
    assert html.escape(dirt.HTML) in admin_client.get(f"{LIST}{document.pk}/change/").content.decode()


@pytest.mark.once
def test_no_cell_of_the_csv_is_a_formula(amazon: Simulator, capsys):
    amazon.dials.set("strange_names", "formula")
    reading.read(reading.connector(amazon, "=cmd|' /C calc'!A0"))
    command._print_csv(SaleDocument.objects.all())
    rows = list(csv.reader(StringIO(capsys.readouterr().out)))
    assert len(rows) == len(numbers(amazon)) + 1
    cells = [cell for row in rows for cell in row]
    assert f"'{dirt.FORMULA}" in cells
    assert not [cell for cell in cells if cell.startswith(("=", "+", "@"))]


def test_2500_lines_are_stored_and_shown_in_pages(amazon: Simulator, admin_client):
    amazon.dials.set("many_lines")
    assert reading.read(reading.connector(amazon)).state == "succeeded"
    document = SaleDocument.objects.filter(line_count=dirt.MANY_LINES).first()
    assert document.lines.count() == dirt.MANY_LINES
    first = admin_client.get(f"{LIST}{document.pk}/change/")
    assert len(first.context["rows"]) == 200
    last = admin_client.get(f"{LIST}{document.pk}/change/?p=13")
    assert [row.line.sequence for row in last.context["rows"]][-1] == "2500"


def test_a_number_that_two_accounts_have_is_two_orders(amazon: Simulator):
    number = numbers(amazon)[0]
    amazon.put_order({**amazon.order(number), "purchaseOrderState": "Closed"}, account="second")
    first, second = reading.connector(amazon), reading.second_account(amazon)
    assert {reading.read(one).state for one in (first, second)} == {"succeeded"}
    own = amazon.order(number)["purchaseOrderState"].lower()
    found = dict(SaleDocument.objects.filter(number=number).values_list("node__name", "state"))
    assert found == {"Amazon": own, "Other": "closed"}
    assert SaleDocument.objects.filter(node=second.node).count() == len(numbers(amazon, "second"))
