"""What counts as read, what as a gap, and what a run with a relative range reads beside its range."""

from datetime import UTC, datetime, timedelta
from itertools import count

import order_statuses
import pytest
from amazon_orders import batch, node, order
from django.utils import timezone

from approdo.exchanges.coverage import Gap, Interval, Reach, Reason, coverage, missing, union, unread
from approdo.exchanges.intake import take_page
from approdo.exchanges.models import WindowRead
from approdo.nodes.models import Node
from approdo.sdk.connector import Scan, Span

pytestmark = pytest.mark.django_db

OVERLAP = timedelta(hours=2)
OLDEST = datetime(2026, 1, 1, tzinfo=UTC)
positions = count()


def account():
    return Node.objects.filter(name="Amazon").first() or node()


def day(number, hour=0):
    return datetime(2026, 5, number, hour, tzinfo=UTC)


def window(start, end, **given):
    defaults = {"program": "vendor_retail", "run": 1, "connector": 1, "scan": "created", "complete": True}
    return WindowRead.objects.create(
        **{"node": account(), "source": account().identity, **defaults, **given},
        position=next(positions),
        start=start,
        end=end,
    )


def reread(start, end, states=(), connector=1, overlap=OVERLAP, oldest=OLDEST, since=None):
    reach = Reach(account(), "vendor_retail", connector, states)
    spans = [Span(Scan.CREATED, start, end)]
    return [(span.start, span.end) for span in unread(reach, spans, overlap, oldest, since)]


def test_before_the_first_run_only_the_range_is_read():
    assert reread(day(3), day(5)) == []


def test_a_pause_between_two_runs_is_read_by_the_next_one():
    window(day(1), day(3))
    assert reread(day(9), day(10)) == [(day(3) - OVERLAP, day(9) + OVERLAP)]


def test_a_window_that_was_not_finished_is_read_by_the_next_run():
    window(day(1), day(3))
    window(day(3) - OVERLAP, day(5), complete=False)
    window(day(5) - OVERLAP, day(8))
    assert reread(day(7), day(9)) == [(day(3) - OVERLAP, day(5))]


def test_what_was_read_is_not_read_again():
    window(day(1), day(9))
    assert reread(day(8), day(10)) == []


def test_windows_that_only_touch_leave_a_seam_that_is_read():
    window(day(1), day(3))
    window(day(3), day(9))
    assert reread(day(8), day(10)) == [(day(3) - OVERLAP, day(3) + OVERLAP)]


def test_what_was_read_before_the_night_is_read_again_and_what_came_later_is_not():
    night = timezone.now() - timedelta(hours=3)
    window(day(1), day(5), read_at=night - timedelta(hours=1))
    window(day(4), day(9), read_at=night + timedelta(hours=1))
    assert reread(day(8), day(10)) == []
    assert reread(day(8), day(10), since=night) == [(day(1), day(4) + OVERLAP)]


def test_a_deep_window_that_failed_is_still_owed():
    night = timezone.now() - timedelta(hours=3)
    window(day(1), day(9), read_at=night - timedelta(hours=1))
    window(day(1), day(5), read_at=night, run=2, complete=False)
    assert reread(day(8), day(10), since=night) == [(day(1), day(8) + OVERLAP)]


def test_what_a_clock_that_was_ahead_wrote_down_does_not_count_as_read_this_night():
    window(day(1), day(9), read_at=timezone.now() + timedelta(days=3))
    assert reread(day(8), day(10), since=timezone.now() - timedelta(hours=3)) == [(day(1), day(8) + OVERLAP)]


def test_open_orders_that_were_asked_for_prove_no_time():
    window(day(1), day(3))
    window(day(3), day(9), purpose="open")
    assert reread(day(8), day(10)) == [(day(3) - OVERLAP, day(8) + OVERLAP)]


def test_nothing_before_the_oldest_moment_is_asked_for():
    window(day(1), day(8), complete=False)
    assert reread(day(7), day(9), oldest=day(5)) == [(day(5), day(7) + OVERLAP)]


def test_states_that_were_not_ticked_then_are_a_gap_now():
    window(day(1), day(9), states=["new"])
    assert reread(day(8), day(10), states=["new"]) == []
    assert reread(day(8), day(10), states=["new", "closed"]) == [(day(1), day(8) + OVERLAP)]
    assert reread(day(8), day(10)) == [(day(1), day(8) + OVERLAP)]


def test_what_another_connector_of_the_account_read_is_read():
    window(day(1), day(3))
    window(day(2), day(9), connector=2, run=2)
    assert reread(day(8), day(10)) == []


def test_another_date_another_program_and_another_account_prove_nothing():
    window(day(1), day(3))
    window(day(2), day(9), scan="changed")
    window(day(2), day(9), program="vendor_direct")
    window(day(2), day(9), node=node("Other"))
    assert reread(day(8), day(10)) == [(day(3) - OVERLAP, day(8) + OVERLAP)]


def test_a_window_proves_nothing_beyond_the_other_sides_clock():
    late = window(day(1), day(9), complete=False)
    take_page(late, 0, batch(order()), None, day(9), their_clock=day(8))
    assert [known.read for known in coverage(account())] == [[Interval(day(1), day(8))]]
    assert reread(day(9), day(10)) == [(day(8) - OVERLAP, day(9) + OVERLAP)]


def test_the_clock_at_the_first_page_bounds_the_whole_window():
    late = window(day(1), day(9), complete=False)
    take_page(late, 0, batch(order()), "token", day(9), their_clock=day(8))
    take_page(late, 1, batch(order("PO000002")), None, day(9), their_clock=day(10))
    assert coverage(account())[0].read == [Interval(day(1), day(8))]


def test_coverage_names_each_gap_its_reason_and_its_run():
    window(day(1), day(3), run=4)
    window(day(3), day(5), run=5, complete=False)
    window(day(4), day(6), run=6, complete=False)
    window(day(6), day(9), run=7)
    window(day(12), day(14), run=8)
    found = coverage(account())[0]
    assert found.read == [Interval(day(1), day(3)), Interval(day(6), day(9)), Interval(day(12), day(14))]
    assert found.gaps == [
        Gap(day(3), day(6), Reason.UNFINISHED, 6),
        Gap(day(9), day(12), Reason.NOT_ASKED, None),
    ]
    assert not found.complete


def test_an_unfinished_end_is_a_gap_and_not_silence():
    window(day(1), day(3))
    window(day(2), day(5), complete=False, run=2)
    assert coverage(account())[0].gaps == [Gap(day(3), day(5), Reason.UNFINISHED, 2)]


def test_complete_is_said_only_for_every_state():
    window(day(1), day(3))
    window(day(2), day(9), states=["new", "closed"])
    every, some = coverage(account())
    assert (every.states, every.complete, every.read) == ((), True, [Interval(day(1), day(3))])
    assert (some.states, some.complete, some.read) == (("closed", "new"), False, [Interval(day(1), day(9))])


def test_a_set_aside_order_keeps_the_time_from_being_complete_until_it_is_stored():
    first = window(day(1), day(3), complete=False)
    broken = order("PO000001", items="none")
    take_page(first, 0, batch(broken), None, day(3))
    found = coverage(account())[0]
    assert (found.set_aside, found.complete, found.gaps) == (1, False, [])
    second = window(day(1), day(3), run=2, complete=False)
    take_page(second, 0, batch(order("PO000001"), asked_at=day(4)), None, day(4))
    found = coverage(account())[0]
    assert (found.set_aside, found.complete) == (0, True)


def test_nothing_is_known_of_an_account_that_was_never_read():
    assert coverage(account()) == []


def test_intervals_join_where_they_overlap_and_stay_apart_where_they_touch():
    assert union([Interval(day(4), day(6)), Interval(day(1), day(3)), Interval(day(2), day(4))]) == [
        Interval(day(1), day(4)),
        Interval(day(4), day(6)),
    ]


def test_what_is_missing_between_two_moments_is_found_at_both_ends():
    assert missing([Interval(day(3), day(5))], day(1), day(9)) == [Interval(day(1), day(3)), Interval(day(5), day(9))]
    assert missing([Interval(day(1), day(9))], day(3), day(5)) == []
    assert missing([], day(3), day(5)) == [Interval(day(3), day(5))]


def test_some_states_are_not_listed_where_every_state_is_known_as_well():
    window(day(1), day(9))
    window(day(2), day(5), states=["new"])
    assert [found.states for found in coverage(account())] == [()]


def test_statuses_have_a_coverage_of_their_own():
    window(day(1), day(9))
    window(day(1), day(4), scan="status")
    window(day(4) - OVERLAP, day(9), scan="status", complete=False, run=2)
    orders, statuses = coverage(account())
    assert (orders.scan, orders.complete) == ("created", True)
    assert (statuses.scan, statuses.read, statuses.states) == ("status", [Interval(day(1), day(4))], ())
    assert statuses.gaps == [Gap(day(4), day(9), Reason.UNFINISHED, 2)]
    reach = Reach(account(), "vendor_retail", 1, ["new"])
    found = unread(reach, [Span(Scan.STATUS, day(8), day(10))], OVERLAP, OLDEST)
    assert [(span.scan, span.start, span.end) for span in found] == [(Scan.STATUS, day(4) - OVERLAP, day(8) + OVERLAP)]


def test_a_status_that_waits_unread_is_an_open_point_of_the_status_scan_alone():
    window(day(1), day(9))
    first = window(day(1), day(9), scan="status", complete=False)
    take_page(first, 0, order_statuses.batch(order_statuses.status(itemStatus="none")), None, day(9))
    orders, statuses = coverage(account())
    assert (orders.complete, orders.set_aside) == (True, 0)
    assert (statuses.complete, statuses.set_aside, statuses.gaps) == (False, 1, [])
