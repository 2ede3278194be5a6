"""Which windows a run reads, one run after another: nothing is lost, whatever happened in between."""

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext, suppress
from datetime import UTC, datetime, timedelta
from itertools import count, pairwise
from types import SimpleNamespace
from zoneinfo import ZoneInfo

import pytest
import time_machine
from amazon_orders import batch, fall_quiet, node, order
from django.db import transaction
from django.utils import timezone
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from approdo.exchanges.coverage import Interval, coverage
from approdo.exchanges.intake import take_page
from approdo.exchanges.models import WindowRead
from approdo.exchanges.quiet import explain_silence
from approdo.nodes.models import Configuration, TimeRange
from approdo.processes import planning, reading, run_data, runs
from approdo.processes.models import Connector, Run
from approdo.sales.receive import Origin, receive
from approdo.sdk.errors import ConfigError

pytestmark = pytest.mark.django_db

ROME = ZoneInfo("Europe/Rome")
SECOND, HOUR, DAY = timedelta(seconds=1), timedelta(hours=1), timedelta(days=1)
START = datetime(2026, 9, 1, 12, tzinfo=UTC)


class Account:
    """A connector, and an Amazon that knows when each order was created and from when it shows it.

    Amazon takes neither bound of a window as inside it: the worst that it may do.
    """

    def __init__(self, last: int = 7, unit: str = "days", by: str = "both", delay: int = 0) -> None:
        self.node = node()
        self.node.options["marketplace"] = "IT"
        self.node.save()
        self.range = TimeRange.objects.create(name="Range", last=last, unit=unit, by=by, delay=delay)
        options = {"type": "vendor_retail", "states": ["new", "acknowledged", "closed"], "read_status": False}
        kind = "order_download_configuration"
        configuration = Configuration.objects.create(kind=kind, name="All", time_range=self.range, options=options)
        Connector.objects.create(
            name="Download", node=self.node, type="amazon_vendor.download_orders", configuration=configuration
        )
        self.orders: list[tuple[datetime, datetime]] = []
        self.seen: set[tuple[datetime, datetime]] = set()

    def run(self, now: datetime, skew: timedelta = timedelta(0), fails: tuple[int, ...] = ()) -> list[WindowRead]:
        """One run at `now` of Amazon's clock; ours is ahead by `skew`. Which of its windows fail is named by place."""
        with time_machine.travel(now + skew, tick=False):
            ours = timezone.now()
            run = Run.objects.create(
                connector=Connector.objects.get(), connector_name="Download", created_at=ours, state="succeeded"
            )
            planning.write_windows(run)
            planned = list(WindowRead.objects.filter(run=run.pk))
            for window in planned:
                assert timedelta(0) < window.end - window.start <= timedelta(days=7)
                assert ours - timedelta(days=181) <= window.start
                assert window.end <= ours
            with suppress(ConfigError) if skew > timedelta(0) else nullcontext():  # clock_ahead
                for window in planned:
                    if window.position not in fails:
                        self._read(window, now)
            return planned

    def _read(self, window: WindowRead, now: datetime) -> None:
        reading._refuse_future(window, now)
        take_page(window, 0, batch(), None, timezone.now(), now)
        if window.scan == "created" and not window.known_only:
            self.seen |= {one for one in self.orders if window.start < one[0] < window.end and one[1] <= now}

    def parts(self, windows: list[WindowRead], scan: str = "created") -> list[tuple[str, datetime, datetime]]:
        return [(one.purpose, one.start, one.end) for one in windows if one.scan == scan]


def test_the_first_run_reads_its_range_and_nothing_else():
    found = Account().run(START)
    assert {one.purpose for one in found} == {"range"}
    assert {one.scan for one in found} == {"created", "changed"}
    assert min(one.start for one in found) == START - 7 * DAY - SECOND


def test_a_run_reads_its_range_first_then_gaps_then_what_the_night_owes_then_open_orders():
    account = Account(last=1)
    with time_machine.travel(START - 40 * DAY):
        old = order(purchaseOrderDate=f"{START - 40 * DAY:%Y-%m-%dT%H:%M:%SZ}")
        receive(batch(old), Origin(account.node.pk, 1, timezone.now()))
    account.run(START - 20 * DAY)
    account.run(START - 19 * DAY + HOUR)
    found = account.run(START - 10 * DAY)
    assert list(dict.fromkeys(one.purpose for one in found)) == ["range", "gap", "deep", "open"]
    assert [one.position for one in found] == list(range(len(found)))


def test_only_the_first_run_of_a_day_reads_the_last_weeks_again():
    account = Account(last=1)
    for days in range(40):
        account.run(START + days * DAY)
    morning = START.replace(hour=1) + 40 * DAY
    deep = [part for part in account.parts(account.run(morning)) if part[0] == "deep"]
    assert deep[0][1] == morning - 28 * DAY
    assert deep[-1][2] == morning - DAY - SECOND + 2 * HOUR
    for later in (HOUR, 10 * HOUR, 22 * HOUR):
        assert {one.purpose for one in account.run(morning + later)} == {"range"}
    assert "deep" in {one.purpose for one in account.run(morning + DAY)}


def test_what_of_the_nightly_reading_failed_is_read_by_the_next_run_and_nothing_else_of_it():
    account = Account(last=1)
    for days in range(40):
        account.run(START + days * DAY)
    night = START + 40 * DAY
    deep = [one for one in account.run(night) if one.purpose == "deep"]
    account.run(night + DAY, fails=(deep[2].position,))
    repeated = [one for one in account.run(night + DAY + HOUR) if one.purpose == "deep"]
    assert [(one.scan, one.end - one.start < 8 * DAY) for one in repeated] == [("created", True)]
    assert repeated[0].start < deep[2].start + DAY + 3 * HOUR


def test_an_open_order_that_amazon_dates_in_the_future_stops_no_run():
    account = Account(last=1)
    with time_machine.travel(START):
        early = order(purchaseOrderDate=f"{START + 400 * DAY:%Y-%m-%dT%H:%M:%SZ}")
        receive(batch(early), Origin(account.node.pk, 1, timezone.now()))
    assert {one.purpose for one in account.run(START)} == {"range"}


def test_the_longest_range_with_the_longest_delay_can_be_read():
    found = Account(last=180, by="created", delay=1440).run(START)
    assert min(one.start for one in found) == START - 181 * DAY


def test_fixed_dates_read_only_themselves():
    account = Account()
    account.run(START, fails=(0,))
    TimeRange.objects.update(last=None, start=(START + DAY).date(), end=(START + 2 * DAY).date())
    assert {one.purpose for one in account.run(START + 10 * DAY)} == {"dates"}


def test_a_window_from_before_the_first_range_that_failed_is_read_by_the_next_run():
    account = Account(last=2, unit="hours", by="created")
    account.run(START)
    TimeRange.objects.update(last=9, unit="days")
    account.run(START + HOUR, fails=(0,))
    TimeRange.objects.update(last=2, unit="hours")
    account.run(START + 2 * HOUR)
    assert not coverage(account.node)[0].gaps


def test_fixed_dates_that_were_read_in_between_are_not_joined_with_today():
    account = Account(last=2, unit="hours", by="created")
    account.run(START)
    TimeRange.objects.update(last=None, start=(START - 90 * DAY).date(), end=(START - 80 * DAY).date())
    account.run(START)
    TimeRange.objects.update(last=2, start=None, end=None)
    assert min(one.start for one in account.run(START + HOUR)) > START - 3 * HOUR


def test_while_an_account_is_unusually_quiet_eight_weeks_are_read_again_until_somebody_says_why():
    account = Account(last=1)
    for days in range(0, 90, 10):
        account.run(START + days * DAY)
    night = START + 91 * DAY
    with time_machine.travel(night, tick=False):
        fall_quiet(account.node, timezone.now())
    assert min(one.start for one in account.run(night) if one.purpose == "deep") == night - 56 * DAY
    with time_machine.travel(night + DAY, tick=False):
        explain_silence(account.node, "vendor_retail", "We moved.", "anna")
    assert min(one.start for one in account.run(night + DAY) if one.purpose == "deep") == night + DAY - 28 * DAY


def test_a_run_that_read_everything_warns_of_an_unusual_silence_until_it_is_explained():
    account = Account()
    fall_quiet(account.node, timezone.now())

    def ended():
        run = Run.objects.create(connector=Connector.objects.get(), created_at=timezone.now(), state="queued")
        planning.write_windows(run)
        runs.succeed(run.pk)
        return [one["code"] for one in run_data.warnings(run)]

    assert ended() == ["unusually_quiet"]
    explain_silence(account.node, "vendor_retail", "We moved.", "anna")
    assert ended() == []


def test_the_night_begins_at_two_in_the_nodes_zone_though_the_clocks_change():
    for day, utc in (
        ((2026, 3, 28), 1),
        ((2026, 3, 29), 1),
        ((2026, 3, 30), 0),
        ((2026, 10, 25), 0),
        ((2026, 10, 26), 1),
    ):
        night = datetime(*day, utc, tzinfo=UTC)
        assert planning.last_night(night, ROME) == night
        assert planning.last_night(night + timedelta(hours=22), ROME) == night
        assert planning.last_night(night - timedelta(seconds=1), ROME) < night


# Whatever happens


@contextmanager
def nothing_stays() -> Iterator[None]:
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


def moments(first: datetime, last: datetime) -> st.SearchStrategy[datetime]:
    return st.integers(0, int((last - first).total_seconds())).map(lambda s: first + timedelta(seconds=s))


SEQUENCES = st.lists(
    st.builds(
        SimpleNamespace,
        after=st.one_of(st.integers(1, 120), st.integers(1, 20 * 1440)).map(lambda m: timedelta(minutes=m)),
        skew=st.one_of(st.just(0), st.integers(-30, 30), st.integers(-1500, 1500)).map(lambda m: timedelta(minutes=m)),
        last=st.sampled_from([(1, "hours"), (26, "hours"), (7, "days"), (30, "days")]),
        fails=st.lists(st.integers(0, 12), max_size=4).map(tuple),
    ),
    min_size=1,
    max_size=6,
)
# Both changes of Rome's clocks lie ahead of these: 29 March and 25 October 2026.
BEGINNINGS = st.sampled_from(
    [
        datetime(2026, 3, 27, 23, tzinfo=UTC),
        datetime(2026, 10, 23, 22, tzinfo=UTC),
        datetime(2026, 3, 29, 0, 59, tzinfo=UTC),
    ]
)
quick = settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def naive_union(windows: list[WindowRead]) -> list[Interval]:
    """The union of what complete windows prove, computed the slow and certain way: moment by moment."""
    proven = sorted((one.start, one.read_until) for one in windows if one.complete and one.start < one.read_until)
    ends = sorted({moment for one in proven for moment in one})
    found: list[Interval] = []
    for start, end in pairwise(ends):
        if not any(one[0] <= start and end <= one[1] for one in proven):
            continue
        joined = found and found[-1].end == start and any(one[0] < start < one[1] for one in proven)
        if joined:
            found[-1] = Interval(found[-1].start, end)
        else:
            found.append(Interval(start, end))
    return found


@quick
@given(begin=BEGINNINGS, sequence=SEQUENCES, data=st.data())
def test_after_any_runs_the_next_one_closes_every_gap_and_no_order_is_lost(begin, sequence, data):
    with nothing_stays():
        account = Account(by="created")
        end = begin + sum((one.after for one in sequence), timedelta(0))
        shown = data.draw(st.lists(moments(begin - 30 * DAY, end), max_size=30))
        account.orders = [(created, created) for created in shown]
        late = data.draw(st.lists(st.tuples(moments(begin - 30 * DAY, end), st.integers(1, 20 * 24)), max_size=10))
        account.orders += [(created, created + hours * HOUR) for created, hours in late]
        now, asked_from = begin, []
        for one in sequence:
            now += one.after
            TimeRange.objects.update(last=one.last[0], unit=one.last[1])
            account.run(now, one.skew, one.fails)
            known = coverage(account.node)
            windows = list(WindowRead.objects.exclude(purpose="open"))
            assert (known[0].read if known else []) == naive_union(windows)
            asked_from.append(min(window.start for window in windows))
        # Two days on, everything works again: one run, a short range.
        now += 2 * DAY
        TimeRange.objects.update(last=1, unit="hours")
        account.run(now)
        (known,) = coverage(account.node)
        assert [gap for gap in known.gaps if gap.start < now] == []
        since = max(min(asked_from), now - timedelta(days=180))
        lost = {one for one in account.orders if since < one[0] and one[0] == one[1]} - account.seen
        assert lost == set()
        recent = max(since, now - 28 * DAY)
        assert {one for one in account.orders if recent < one[0] and one[1] <= now} - account.seen == set()


@quick
@given(
    year=st.sampled_from([2024, 2025, 2026]),
    month=st.sampled_from([3, 10]),
    hours=st.integers(1, 200),
    minute=st.integers(0, 4 * 1440),
    every=st.integers(1, 26 * 60),
)
@example(year=2026, month=10, hours=1, minute=0, every=60)
@example(year=2026, month=3, hours=24, minute=0, every=1440)
def test_relative_ranges_join_over_a_change_of_the_clocks(year, month, hours, minute, every):
    last_sunday = max(day for day in range(25, 32) if datetime(year, month, day, tzinfo=UTC).weekday() == 6)
    begin = datetime(year, month, last_sunday, tzinfo=UTC) - 2 * DAY + timedelta(minutes=minute)
    with nothing_stays():
        account = Account(last=hours, unit="hours", by="created", delay=5)
        for turn in count():
            now = begin + turn * timedelta(minutes=every)
            account.run(now)
            if turn == 4:
                break
        (known,) = coverage(account.node)
        delay = timedelta(minutes=5)
        assert known.read == [Interval(begin - delay - hours * HOUR - SECOND, now - delay)]


@quick
@given(month=st.sampled_from([3, 10]), days=st.integers(1, 5), first=st.integers(20, 28))
def test_fixed_dates_one_after_the_other_leave_no_time_between_them(month, days, first):
    with nothing_stays():
        account = Account(by="created")
        start = datetime(2026, month, first, tzinfo=ROME)
        for place in range(6):
            day = start.date() + place * days * DAY
            TimeRange.objects.update(last=None, start=day, end=day + (days - 1) * DAY)
            account.run(datetime(2026, month, 1, tzinfo=UTC) + 90 * DAY)
        (known,) = coverage(account.node)
        end = datetime.combine(start.date() + 6 * days * DAY, datetime.min.time(), ROME)
        assert known.read == [Interval(start.astimezone(UTC) - SECOND, end.astimezone(UTC))]


@pytest.mark.parametrize("minutes", [-600, -3, 3, 50, 600])
def test_a_wrong_clock_opens_no_gap(minutes):
    account = Account(last=1, unit="hours", by="created")
    account.orders = [(moment, moment) for moment in (START + place * HOUR / 3 for place in range(-2, 60))]
    account.run(START)
    for turn in range(1, 10):
        account.run(START + turn * HOUR, skew=timedelta(minutes=minutes))
    account.run(START + 20 * HOUR)
    (known,) = coverage(account.node)
    assert [gap for gap in known.gaps if gap.start < START + 20 * HOUR] == []
    assert {one for one in account.orders if START - HOUR < one[0] < START + 20 * HOUR} <= account.seen


def test_what_lies_more_than_six_months_back_is_refused_with_the_reason():
    account = Account()
    TimeRange.objects.update(last=None, start=(START - 200 * DAY).date(), end=START.date())
    with pytest.raises(ConfigError, match="beyond_six_months"):
        account.run(START)


def test_a_gap_older_than_six_months_is_left_and_the_rest_is_read():
    account = Account(by="created")
    account.run(START)
    found = account.run(START + 200 * DAY)
    assert min(one.start for one in found) == START + 20 * DAY
