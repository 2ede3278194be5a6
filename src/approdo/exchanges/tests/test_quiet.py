"""When an account is unusually quiet, and when its silence says nothing."""

from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from amazon_orders import batch, node, order
from django.db import connection
from django.test.utils import CaptureQueriesContext

from approdo.exchanges.models import WindowRead
from approdo.exchanges.quiet import explain_silence, unusually_quiet
from approdo.nodes.models import Node
from approdo.sales.models import SaleDocument
from approdo.sales.receive import Origin, receive
from approdo.sdk.errors import ConfigError

pytestmark = pytest.mark.django_db

DAY = timedelta(days=1)
FRIDAY = datetime(2026, 5, 29, 9, tzinfo=UTC)


@pytest.fixture
def account():
    saved = node()
    saved.options["marketplace"] = "IT"
    saved.save()
    return saved


def orders(account: Node, *dates: datetime) -> None:
    page = [
        order(f"PO{SaleDocument.objects.count():03}{place:03}", purchaseOrderDate=f"{date:%Y-%m-%dT%H:%M:%SZ}")
        for place, date in enumerate(dates)
    ]
    receive(batch(*page), Origin(account.pk, 1, FRIDAY))


def days_back(weeks: int, *weekdays: int, last: datetime = FRIDAY) -> list[datetime]:
    days = (last - place * DAY for place in range(weeks * 7))
    return [day for day in days if day.weekday() in weekdays]


def read(account: Node, until: datetime, **given) -> WindowRead:
    defaults = {"program": "vendor_retail", "run": 1, "connector": 1, "scan": "created", "complete": True}
    place = WindowRead.objects.count()
    start = given.pop("start", FRIDAY - 6 * DAY)
    return WindowRead.objects.create(
        node=account, source=account.identity, position=place, start=start, end=until, read_at=until, **defaults | given
    )


def quiet(account: Node, now: datetime):
    with time_machine.travel(now, tick=False):
        found = unusually_quiet(account)
    return found[0] if found else None


WORKDAYS = (0, 1, 2, 3, 4)


def test_three_working_days_without_an_order_are_unusual_and_a_weekend_with_two_closed_days_is_not(account):
    orders(account, *days_back(12, *WORKDAYS))
    read(account, FRIDAY + 30 * DAY)
    for days in range(1, 6):
        assert quiet(account, FRIDAY + days * DAY) is None
    found = quiet(account, FRIDAY + 6 * DAY)
    assert (found.since, found.days, found.longest) == (FRIDAY, 5, 2)
    assert found.until == FRIDAY + 6 * DAY
    assert found.explained is None


def test_an_account_with_orders_on_mondays_only_is_quiet_after_two_mondays(account):
    monday = FRIDAY - 4 * DAY
    orders(account, *days_back(12, 0, last=monday))
    read(account, FRIDAY + 60 * DAY)
    assert quiet(account, monday + 8 * DAY) is None
    assert quiet(account, monday + 14 * DAY) is None
    assert quiet(account, monday + 16 * DAY) is not None


def test_an_account_that_orders_now_and_then_is_left_in_peace_for_weeks(account):
    orders(account, *(FRIDAY - place * DAY for place in (0, 3, 13, 29, 41, 60, 77)))
    read(account, FRIDAY + 200 * DAY)
    assert quiet(account, FRIDAY + 20 * DAY) is None
    assert quiet(account, FRIDAY + 120 * DAY) is not None


@pytest.mark.parametrize(("weeks", "weekdays"), [(3, WORKDAYS), (4, (0,))])
def test_too_little_history_says_nothing(account, weeks, weekdays):
    orders(account, *days_back(weeks, *weekdays))
    read(account, FRIDAY + 200 * DAY)
    assert quiet(account, FRIDAY + 60 * DAY) is None


def test_no_longer_than_a_pause_before_is_not_unusual(account):
    summer = {FRIDAY - place * DAY for place in range(30, 42)}
    orders(account, *(day for day in days_back(12, *WORKDAYS) if day not in summer))
    read(account, FRIDAY + 60 * DAY)
    assert quiet(account, FRIDAY + 10 * DAY) is None
    assert quiet(account, FRIDAY + 20 * DAY) is not None


@pytest.mark.parametrize(
    "given",
    [{"complete": False}, {"scan": "changed"}, {"purpose": "open"}, {"source": "another account"}],
    ids=["unfinished", "by change", "open orders", "another account"],
)
def test_silence_that_was_not_read_is_no_silence(account, given):
    orders(account, *days_back(12, *WORKDAYS))
    read(account, FRIDAY + 2 * DAY)
    assert quiet(account, FRIDAY + 10 * DAY) is None
    window = read(account, FRIDAY + 10 * DAY, start=FRIDAY + DAY)
    assert quiet(account, FRIDAY + 10 * DAY) is not None
    WindowRead.objects.filter(pk=window.pk).update(**given)
    assert quiet(account, FRIDAY + 10 * DAY) is None


def test_silence_reaches_as_far_as_amazons_clock_and_the_first_gap(account):
    orders(account, *days_back(12, *WORKDAYS))
    read(account, FRIDAY + 7 * DAY, read_until=FRIDAY + 6 * DAY)
    read(account, FRIDAY + 9 * DAY, start=FRIDAY + 8 * DAY)
    assert quiet(account, FRIDAY + 9 * DAY).until == FRIDAY + 6 * DAY


def test_orders_that_were_left_out_by_their_state_are_no_silence(account):
    orders(account, *days_back(12, *WORKDAYS))
    read(account, FRIDAY + 10 * DAY, states=["closed"], left_out=3)
    assert quiet(account, FRIDAY + 10 * DAY) is None


def test_an_explanation_holds_until_an_order_comes_and_no_longer(account):
    orders(account, *days_back(12, *WORKDAYS))
    read(account, FRIDAY + 60 * DAY)
    with time_machine.travel(FRIDAY + 10 * DAY, tick=False):
        explain_silence(account, "vendor_retail", " Our warehouse moves. ", "anna")
    explained = quiet(account, FRIDAY + 12 * DAY).explained
    assert (explained.why, explained.by, explained.at) == ("Our warehouse moves.", "anna", FRIDAY + 10 * DAY)
    orders(account, FRIDAY + 13 * DAY)
    assert quiet(account, FRIDAY + 14 * DAY) is None
    again = quiet(account, FRIDAY + 40 * DAY)
    assert (again.since, again.explained) == (FRIDAY + 13 * DAY, None)


def test_only_an_unusual_silence_can_be_explained_and_only_with_a_reason(account):
    orders(account, *days_back(12, *WORKDAYS))
    read(account, FRIDAY + 60 * DAY)
    with time_machine.travel(FRIDAY + DAY), pytest.raises(ConfigError, match="not_quiet"):
        explain_silence(account, "vendor_retail", "why not", "anna")
    with time_machine.travel(FRIDAY + 10 * DAY):
        with pytest.raises(ConfigError, match="missing_option"):
            explain_silence(account, "vendor_retail", "  ", "anna")
        with pytest.raises(ConfigError, match="text_too_long"):
            explain_silence(account, "vendor_retail", "x" * 1001, "anna")


def test_an_account_that_is_not_quiet_costs_one_look_through_an_index_for_each_program(account):
    orders(account, *days_back(12, *WORKDAYS))
    with CaptureQueriesContext(
        connection,
    ) as made:
        assert quiet(account, FRIDAY + DAY) is None
    assert len(made) == 2, "one for each program"
    if connection.vendor == "sqlite":
        with connection.cursor() as cursor:
            cursor.execute("EXPLAIN QUERY PLAN " + made[0]["sql"])
            assert "COVERING INDEX sale_document_by_date" in str(cursor.fetchall())


def test_a_date_that_is_still_to_come_does_not_hide_a_silence(account):
    orders(account, *days_back(12, *WORKDAYS), FRIDAY + 3000 * DAY)
    read(account, FRIDAY + 60 * DAY)
    assert quiet(account, FRIDAY + 10 * DAY) is not None
