"""A page and the fact that it was read go together."""

from datetime import UTC, datetime

import pytest
from amazon_orders import batch, node, order

from approdo.exchanges.intake import counts_of, restart_window, take_page
from approdo.exchanges.models import RunNote, WindowRead
from approdo.sales.models import SaleDocument

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


def test_a_page_out_of_turn_changes_nothing(window):
    take_page(window, 3, batch(order()), None, NOW)
    window.refresh_from_db()
    assert (window.pages, window.complete, SaleDocument.objects.count()) == (0, False, 0)


def test_when_storing_fails_the_progress_does_not_move(window):
    from msgspec.structs import replace

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
