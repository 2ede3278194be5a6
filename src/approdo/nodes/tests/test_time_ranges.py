"""From a time range to what has to be read."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.core.exceptions import ValidationError
from hypothesis import given
from hypothesis import strategies as st

from approdo.nodes.models import TimeRange
from approdo.nodes.time_ranges import minutes, spans
from approdo.sdk.errors import ConfigError

ROME = ZoneInfo("Europe/Rome")
NOW = datetime(2026, 5, 10, 12, tzinfo=UTC)


def test_the_last_days_end_at_now_less_the_delay():
    found = spans(TimeRange(last=7, unit="days", delay=5, by="both"), NOW, ROME)
    assert [span.scan for span in found] == ["created", "changed"]
    assert found[0].end == NOW - timedelta(minutes=5)
    assert found[0].end - found[0].start == timedelta(days=7)


@given(
    st.datetimes(datetime(2026, 1, 1), datetime(2027, 1, 1)),  # noqa: DTZ001  given their zone below
    st.integers(1, 2000),
)
def test_hours_are_elapsed_time_whatever_the_clocks_do(moment, hours):
    now = moment.replace(tzinfo=ROME)
    span = spans(TimeRange(last=hours, unit="hours", delay=0, by="created"), now, ROME)[0]
    assert span.end - span.start == timedelta(hours=hours)


def test_fixed_dates_are_whole_days_of_the_zone_and_include_the_last():
    time_range = TimeRange(start=date(2026, 3, 28), end=date(2026, 3, 29), delay=0, by="created")
    span = spans(time_range, NOW, ROME)[0]
    assert span.start == datetime(2026, 3, 27, 23, tzinfo=UTC)
    assert span.end == datetime(2026, 3, 29, 22, tzinfo=UTC), "the clocks changed: that day has 23 hours"


def test_fixed_dates_in_the_future_are_empty():
    with pytest.raises(ConfigError, match="empty_time_range"):
        spans(TimeRange(start=date(2026, 6, 1), end=date(2026, 6, 2), delay=0, by="created"), NOW, ROME)


@pytest.mark.parametrize(
    ("text", "expected"), [("7 days", 10080), ("48 hours", 2880), ("1 day", 1440), ("5 minutes", 5)]
)
def test_lengths_of_time_are_read(text, expected):
    assert minutes(text) == expected


@pytest.mark.parametrize("text", ["", "7", "days", "-1 days", "7 weeks", "1.5 days", "9" * 30 + " days"])
def test_what_is_no_length_of_time_is_refused(text):
    with pytest.raises(ConfigError, match="not_a_duration"):
        minutes(text)


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"last": 0}, "This time range is empty"),
        ({"last": 999_999}, "six months"),
        ({"last": 4_321, "unit": "hours"}, "six months"),
        ({}, "either a length or two dates"),
        ({"last": 7, "start": date(2026, 1, 1), "end": date(2026, 1, 2)}, "either a length or two dates"),
        ({"start": date(2026, 1, 1)}, "either a length or two dates"),
        ({"start": date(2026, 1, 2), "end": date(2026, 1, 1)}, "after the last"),
        ({"last": 7, "delay": 100_000}, "delay"),
    ],
)
def test_an_impossible_range_is_refused_with_a_sentence(fields, sentence):
    with pytest.raises(ValidationError, match=sentence):
        TimeRange(name="x", **fields).full_clean()
