"""When things are due: intervals, cron, weekly slots, changes of the clocks, missed times."""

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from approdo.processes.schedule import Schedule, Weekly, check_cron, first, following, is_open, upcoming
from approdo.sdk.errors import ConfigError

pytestmark = pytest.mark.once

ROME = ZoneInfo("Europe/Rome")
MINUTE = timedelta(minutes=1)
WORKDAYS = Weekly(frozenset(range(5)), time(8), time(18))


def schedule(minutes=0, days=0, cron="", zone=ROME, slots=()):
    return Schedule(minutes, days, cron, zone, tuple(slots))


def rome(*parts, fold=0):
    return datetime(*parts, tzinfo=ROME, fold=fold).astimezone(UTC)


def test_an_interval_begins_at_once_and_keeps_its_beat():
    every = schedule(minutes=15)
    start = rome(2026, 11, 25, 10, 7)
    assert first(every, start) == start
    assert following(every, start, start + timedelta(seconds=3)) == rome(2026, 11, 25, 10, 22)


def test_what_was_missed_while_the_machine_was_off_is_due_once_and_then_in_the_old_beat():
    every = schedule(minutes=15)
    due, back = rome(2026, 11, 25, 10, 7), rome(2026, 11, 25, 13, 0)
    assert following(every, due, back) == rome(2026, 11, 25, 13, 7)


def test_a_moment_that_is_due_exactly_now_is_not_due_again():
    every = schedule(minutes=15)
    due = rome(2026, 11, 25, 10, 7)
    assert following(every, due, due + timedelta(minutes=15)) == due + timedelta(minutes=30)


def test_outside_its_slots_an_interval_waits_for_the_next_one():
    every = schedule(minutes=30, slots=[WORKDAYS])
    friday = rome(2026, 11, 27, 17, 40)
    assert following(every, friday, friday) == rome(2026, 11, 30, 8, 0)
    assert first(every, rome(2026, 11, 28, 12, 0)) == rome(2026, 11, 30, 8, 0)
    assert first(every, rome(2026, 11, 30, 9, 0)) == rome(2026, 11, 30, 9, 0)


def test_a_slot_ends_before_its_last_moment():
    assert is_open(schedule(minutes=1, slots=[WORKDAYS]), rome(2026, 11, 27, 17, 59, 59))
    assert not is_open(schedule(minutes=1, slots=[WORKDAYS]), rome(2026, 11, 27, 18, 0))


def test_a_slot_can_reach_into_the_next_day_and_over_a_whole_one():
    night = schedule(minutes=5, slots=[Weekly(frozenset({4}), time(22), time(6))])
    assert is_open(night, rome(2026, 11, 28, 3, 0))
    assert not is_open(night, rome(2026, 11, 27, 3, 0))
    whole = schedule(minutes=5, slots=[Weekly(frozenset({4}), time(0), time(0))])
    assert is_open(whole, rome(2026, 11, 27, 23, 59))
    assert not is_open(whole, rome(2026, 11, 28, 0, 0))


def test_days_keep_their_time_of_day_when_the_clocks_change():
    daily = schedule(days=1)
    before = rome(2026, 10, 24, 9, 0)
    assert following(daily, before, before) == rome(2026, 10, 25, 9, 0)
    assert following(daily, before, before) - before == timedelta(hours=25)


def test_days_that_were_missed_keep_their_beat():
    second = schedule(days=2)
    due = rome(2026, 11, 1, 9, 0)
    assert following(second, due, rome(2026, 11, 6, 12, 0)) == rome(2026, 11, 7, 9, 0)
    assert following(second, due, rome(2026, 11, 7, 8, 0)) == rome(2026, 11, 7, 9, 0)


def test_minutes_are_elapsed_time_when_the_clocks_change():
    hourly = schedule(minutes=60)
    due = rome(2026, 10, 25, 1, 30)
    found = upcoming(hourly, due, 4)
    assert [one - due for one in found] == [timedelta(hours=hours) for hours in range(4)]


def test_a_cron_time_that_is_left_out_in_march_is_due_right_after_and_once():
    found = upcoming(schedule(cron="30 2 * * *"), first(schedule(cron="30 2 * * *"), rome(2026, 3, 28, 12)), 2)
    assert found == [rome(2026, 3, 29, 3, 0), rome(2026, 3, 30, 2, 30)]


def test_a_cron_time_that_comes_twice_in_october_is_due_once():
    found = upcoming(schedule(cron="30 2 * * *"), first(schedule(cron="30 2 * * *"), rome(2026, 10, 24, 12)), 2)
    assert found == [rome(2026, 10, 25, 2, 30), rome(2026, 10, 26, 2, 30)]


def test_a_cron_moment_outside_the_slots_is_left_out():
    hourly = schedule(cron="0 * * * *", slots=[WORKDAYS])
    assert first(hourly, rome(2026, 11, 27, 17, 30)) == rome(2026, 11, 30, 8, 0)
    assert following(hourly, rome(2026, 11, 30, 8, 0), rome(2026, 11, 30, 8, 0)) == rome(2026, 11, 30, 9, 0)


def test_a_cron_expression_that_no_slot_ever_holds_is_never_due():
    assert first(schedule(cron="0 3 * * *", slots=[WORKDAYS]), rome(2026, 11, 27, 17, 30)) is None


@pytest.mark.parametrize("text", ["", "* * * *", "0 * * * * *", "61 * * * *", "0 25 * * *", "0 0 30 2 *", "a b c d e"])
def test_what_is_no_cron_expression_is_refused(text):
    with pytest.raises(ConfigError, match=r"cron"):
        check_cron(text)


SLOTS = some.lists(
    some.builds(
        Weekly,
        some.frozensets(some.integers(0, 6), min_size=1),
        some.times().map(lambda one: one.replace(second=0, microsecond=0)),
        some.times().map(lambda one: one.replace(second=0, microsecond=0)),
    ),
    max_size=3,
)
MOMENTS = some.integers(0, 2 * 365 * 1440).map(lambda minute: datetime(2026, 1, 1, tzinfo=UTC) + minute * MINUTE)
SCHEDULES = some.one_of(
    some.builds(schedule, minutes=some.integers(1, 3000), slots=SLOTS),
    some.builds(schedule, days=some.integers(1, 40), slots=SLOTS),
    some.builds(schedule, cron=some.sampled_from(["*/7 * * * *", "30 2 * * *", "0 12 * * 1"]), slots=SLOTS),
)


@settings(deadline=None)
@given(planned=SCHEDULES, due=MOMENTS, away=some.timedeltas(timedelta(0), timedelta(days=90)))
def test_whatever_the_schedule_the_next_due_moment_is_later_than_both_and_in_a_slot(planned, due, away):
    found = following(planned, due, due + away)
    if found is None:
        assert planned.cron
        assert planned.slots
        return
    assert found > due
    assert found > due + away
    assert is_open(planned, found)


def test_a_time_of_day_that_is_left_out_in_march_comes_back_the_day_after():
    daily = Schedule(0, 1, "", ROME, (), time(2, 30))
    due = rome(2027, 3, 27, 2, 30)
    shifted = following(daily, due, due)
    assert shifted == rome(2027, 3, 28, 3, 30)
    assert following(daily, shifted, shifted) == rome(2027, 3, 29, 2, 30)


def test_a_slot_that_lies_in_the_hour_left_out_in_march_is_not_there_that_day():
    night = schedule(minutes=1, slots=[Weekly(frozenset({6}), time(2, 30), time(3))])
    found = first(night, rome(2027, 3, 28, 0, 0))
    assert found == rome(2027, 4, 4, 2, 30)
    assert is_open(night, found)
