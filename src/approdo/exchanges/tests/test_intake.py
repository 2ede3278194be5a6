"""A page and the fact that it was read go together."""

from datetime import UTC, datetime

import order_statuses
import pytest
from amazon_orders import batch, node, order
from msgspec.structs import replace

from approdo.exchanges.intake import counts_of, keep_requests, restart_window, take_page
from approdo.exchanges.models import RunNote, WindowRead
from approdo.sales.models import DocumentStatus, SaleDocument

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 5, 1, 12, 1, tzinfo=UTC)


@pytest.fixture
def window():
    return WindowRead.objects.create(
        node=node(),
        program="vendor_retail",
        run=1,
        connector=1,
        position=0,
        scan="created",
        start=datetime(2026, 4, 24, tzinfo=UTC),
        end=datetime(2026, 5, 1, tzinfo=UTC),
    )


def test_a_window_is_complete_only_when_its_last_page_is_stored(window):
    take_page(window, 0, batch(order("PO000001")), "token", NOW)
    window.refresh_from_db()
    assert (window.pages, window.next_token, window.complete) == (1, "token", False)
    take_page(window, 1, batch(order("PO000002")), None, NOW)
    window.refresh_from_db()
    assert (window.pages, window.next_token, window.complete) == (2, None, True)
    assert counts_of(1) == {
        "requests": 0,
        "read": 2,
        "created": 2,
        "updated": 0,
        "unchanged": 0,
        "failed": 0,
        "left_out": 0,
    }


def test_a_page_that_was_stored_is_not_counted_again(window):
    take_page(window, 0, batch(order()), "token", NOW)
    take_page(window, 0, batch(order()), "token", NOW)
    window.refresh_from_db()
    assert (window.pages, window.read) == (1, 1)


def test_a_page_of_known_orders_is_one_look_at_them_and_one_at_what_waits(window, django_assert_num_queries):
    page = batch(order("PO000001"), order("PO000002"))
    take_page(window, 0, page, "token", NOW)
    with django_assert_num_queries(5) as asked:
        take_page(window, 1, page, "other token", NOW)
    statements = [query["sql"].split()[0] for query in asked.captured_queries]
    assert statements == ["SAVEPOINT", "UPDATE", "SELECT", "SELECT", "RELEASE"]
    window.refresh_from_db()
    assert (window.read, window.created, window.unchanged) == (4, 2, 2)


def test_a_page_out_of_turn_changes_nothing(window):
    take_page(window, 3, batch(order()), None, NOW)
    window.refresh_from_db()
    assert (window.pages, window.complete, SaleDocument.objects.count()) == (0, False, 0)


def test_when_storing_fails_the_progress_does_not_move(window):
    def break_off(raw):
        raise RuntimeError("the power is gone")

    broken = replace(batch(order()), decode=break_off)
    with pytest.raises(RuntimeError):
        take_page(window, 0, broken, None, NOW)
    window.refresh_from_db()
    assert (window.pages, window.complete, window.read) == (0, False, 0)


def test_a_restarted_window_begins_at_its_first_page_and_doubles_nothing(window):
    take_page(window, 0, batch(order()), "token", NOW)
    window.refresh_from_db()
    restart_window(window)
    take_page(window, 0, batch(order()), None, NOW)
    window.refresh_from_db()
    assert (window.complete, window.restarts, SaleDocument.objects.count()) == (True, 1, 1)


def test_what_was_set_aside_is_noted_beside_the_run(window):
    take_page(window, 0, batch(order(items="none")), None, NOW)
    note = RunNote.objects.get(run=1)
    assert (note.code, note.params["number"]) == ("unreadable_document", "PO000001")


@pytest.fixture
def statuses(window):
    return WindowRead.objects.create(
        node=window.node,
        program=window.program,
        run=1,
        connector=1,
        position=1,
        scan="status",
        start=window.start,
        end=window.end,
    )


def test_statuses_are_counted_apart_from_orders(window, statuses):
    take_page(window, 0, batch(order("PO000001")), None, NOW)
    page = order_statuses.batch(order_statuses.status(), order_statuses.status("PO000002", itemStatus="none"))
    take_page(statuses, 0, page, "token", NOW)
    take_page(statuses, 0, page, "token", NOW)
    counts = counts_of(1)
    assert (counts["read"], counts["created"], counts["failed"]) == (1, 1, 0)
    assert counts["statuses"] == {"read": 2, "created": 1, "updated": 0, "unchanged": 0, "failed": 1}
    assert RunNote.objects.get().code == "unreadable_status"


def test_a_run_that_read_no_statuses_says_nothing_of_them(window):
    take_page(window, 0, batch(order()), None, NOW)
    assert "statuses" not in counts_of(1)


def test_when_storing_a_page_of_statuses_breaks_off_none_is_stored_and_the_progress_has_not_moved(statuses):
    page = order_statuses.batch(order_statuses.status("PO000001"), order_statuses.status("PO000002"))

    def at_the_second(raw):
        if b"PO000002" in raw:
            raise RuntimeError("the power is gone")
        return page.decode(raw)

    bad = order_statuses.batch(order_statuses.status("PO000000", itemStatus="none"), order_statuses.status("PO000002"))
    for broken in (replace(page, decode=at_the_second), replace(bad, decode=at_the_second)):
        with pytest.raises(RuntimeError):
            take_page(statuses, 0, broken, None, NOW)
    statuses.refresh_from_db()
    assert (statuses.pages, statuses.complete, statuses.read) == (0, False, 0)
    assert not DocumentStatus.objects.exists()
    assert not RunNote.objects.exists()


def test_a_page_of_a_window_that_was_begun_anew_meanwhile_changes_nothing(window):
    take_page(window, 0, batch(order("PO000001")), "token", NOW)
    window.refresh_from_db()
    stale = WindowRead.objects.get(pk=window.pk)
    restart_window(window)
    take_page(window, 0, batch(order("PO000001")), "other token", NOW)
    take_page(stale, 1, batch(order("PO000002")), None, NOW)
    window.refresh_from_db()
    assert (window.pages, window.next_token, window.complete) == (1, "other token", False)
    restart_window(stale)
    window.refresh_from_db()
    assert window.pages == 1, "begun anew once"


@pytest.mark.django_db(transaction=True)
def test_without_requests_nobody_waits_for_the_databases_lock(django_assert_num_queries):
    with django_assert_num_queries(0):
        keep_requests(1, [])
