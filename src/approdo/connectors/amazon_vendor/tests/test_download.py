"""The order download as a whole: windows, pages, notes, one order by its number."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta, timezone
from itertools import pairwise
from typing import Any

import pytest
import stamina
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from amazon_simulator import Simulator
from approdo.connectors.amazon_vendor.download_orders import (
    LONGEST_WINDOW,
    OVERLAP,
    REACH,
    fetch,
    plan,
    step,
)
from approdo.connectors.amazon_vendor.tests.scripted import Answer, ScriptedServer
from approdo.sdk.connector import Context, ReadWindow, RequestMade, Scan, Span
from approdo.sdk.documents import Batch
from approdo.sdk.errors import ConfigError, RefusedError, TransientError

NOW = datetime(2026, 11, 23, 9, 30, 15, 700_000, tzinfo=UTC)


@pytest.fixture
def no_waits() -> Iterator[None]:
    """The patient policy with its waits left out."""
    with stamina.set_testing(True, attempts=4, cap=True):
        yield


def days(first: float, last: float = 0, scan: Scan = Scan.CREATED) -> Span:
    return Span(scan, NOW - timedelta(days=first), NOW - timedelta(days=last))


def download(context: Context, windows: Sequence[ReadWindow]) -> list[Batch]:
    batches = []
    for window in windows:
        token = None
        while True:
            batch, token = step(context, window, token)
            batches.append(batch)
            if token is None:
                break
    return batches


def numbers(batches: Sequence[Batch]) -> set[str]:
    return {received.number or "" for batch in batches for received in batch.documents}


# The plan


def test_a_short_span_is_one_window_of_whole_seconds() -> None:
    (window,) = plan({}, [days(2, 1)], NOW)
    assert window.start == datetime(2026, 11, 21, 9, 30, 15, tzinfo=UTC)
    assert window.end == datetime(2026, 11, 22, 9, 30, 16, tzinfo=UTC)
    assert window.scan is Scan.CREATED


def test_a_window_never_reaches_beyond_now() -> None:
    (window,) = plan({}, [Span(Scan.CHANGED, NOW - timedelta(hours=1), NOW + REACH)], NOW)
    assert window.end == NOW.replace(microsecond=0)


def test_spans_in_any_zone_become_utc() -> None:
    rome = timezone(timedelta(hours=1))
    span = Span(Scan.CREATED, (NOW - timedelta(days=1)).astimezone(rome), NOW.astimezone(rome))
    (window,) = plan({}, [span], NOW)
    assert window.start.tzinfo is UTC


@given(
    st.timedeltas(min_value=timedelta(seconds=1), max_value=REACH - timedelta(seconds=1)),
    st.timedeltas(min_value=timedelta(0), max_value=timedelta(days=3)),
)
def test_windows_cover_a_span_overlap_and_stay_short(back: timedelta, delay: timedelta) -> None:
    start, end = NOW - back, max(NOW - delay, NOW - back + timedelta(seconds=1))
    windows = plan({}, [Span(Scan.CREATED, start, end)], NOW)
    assert windows[0].start <= start
    assert windows[-1].end >= min(end, NOW.replace(microsecond=0))
    assert all(timedelta(0) < w.end - w.start <= LONGEST_WINDOW for w in windows)
    assert all(b.start == a.end - OVERLAP for a, b in pairwise(windows))
    assert all(w.start.microsecond == w.end.microsecond == 0 for w in windows)


@pytest.mark.parametrize("span", [days(1, 1), days(1, 2), Span(Scan.CREATED, NOW, NOW + REACH)])
def test_a_span_without_a_moment_in_it_is_refused(span: Span) -> None:
    with pytest.raises(ConfigError, match="empty_time_range"):
        plan({}, [span], NOW)


def test_what_is_not_a_second_old_is_left_to_the_next_run() -> None:
    assert plan({}, [Span(Scan.CREATED, NOW - timedelta(milliseconds=100), NOW)], NOW) == []


def test_more_than_six_months_are_refused() -> None:
    with pytest.raises(ConfigError, match="beyond_six_months") as caught:
        plan({}, [days(182)], NOW)
    assert caught.value.params["start"] == "2026-05-25T09:30:15Z"
    assert plan({}, [days(180)], NOW)


# The pages


def test_every_order_of_the_account_is_downloaded(simulator: Simulator, context: Context) -> None:
    span = Span(Scan.CREATED, simulator.now - timedelta(days=21), simulator.now)
    batches = download(context, plan({}, [span], simulator.now))
    assert numbers(batches) == {order.number for order in simulator.orders()}
    assert not simulator.unknown_parameters
    assert not any(batch.notes for batch in batches)
    for batch in batches:
        for received in batch.documents:
            assert batch.decode(received.raw).number == received.number


def test_a_changed_scan_brings_what_was_changed(simulator: Simulator, context: Context) -> None:
    number = simulator.orders()[0].number
    simulator.change_order(number, state="Closed", add_lines=1)
    span = Span(Scan.CHANGED, simulator.now - timedelta(hours=1), simulator.now)
    later = span.end + timedelta(seconds=2)
    batches = download(context, plan({}, [replace(span, end=later)], later))
    assert number in numbers(batches)


def test_all_states_ticked_leave_none_out_and_some_are_named(simulator: Simulator, context: Context) -> None:
    window = ReadWindow(Scan.CREATED, simulator.now - OVERLAP, simulator.now)
    everything = {"states": ["new", "acknowledged", "closed"]}
    assert step(replace(context, options=everything), window, None)[0].states == frozenset()
    some = {"states": ["new", "closed"]}
    assert step(replace(context, options=some), window, None)[0].states == {"new", "closed"}


def test_orders_outside_the_window_are_delivered_with_one_note(simulator: Simulator, context: Context) -> None:
    simulator.dials.set("leak_outside_window")
    end = simulator.now - timedelta(days=5)
    batch, _ = step(context, ReadWindow(Scan.CREATED, end - timedelta(days=2), end), None)
    (note,) = batch.notes
    assert note.code == "order_outside_window"
    assert note.params["count"] == 1
    assert note.params["examples"] == batch.documents[0].number


def test_a_page_that_names_itself_as_the_next_is_an_error(simulator: Simulator, context: Context) -> None:
    simulator.add_orders(150)
    window = ReadWindow(Scan.CREATED, simulator.now - OVERLAP, simulator.now + OVERLAP)
    _, token = step(context, window, None)
    simulator.dials.set("repeat_token")
    with pytest.raises(TransientError, match="repeated_page_token"):
        step(context, window, token)


@pytest.mark.usefixtures("no_waits")
def test_a_token_refused_three_times_has_an_own_error(context: Context) -> None:
    now = datetime.now(UTC)
    window = ReadWindow(Scan.CREATED, now - OVERLAP, now)
    with pytest.raises(RefusedError) as caught:
        step(context, window, "no token of Amazon's")
    assert caught.value.code == "page_token_refused"


def test_the_same_filters_go_with_every_page(account: str, scripted: ScriptedServer, log: list[RequestMade]) -> None:
    next_page = b'{"payload":{"orders":[],"pagination":{"nextToken":"a+b/c=&%20"}}}'
    scripted.answers = [Answer(200, next_page), Answer()]
    context = Context(account=account, settings=scripted.settings, record=log.append)
    download(context, plan({}, [days(1, scan=Scan.CHANGED)], NOW))
    filters = {
        "changedAfter": "2026-11-22T09:30:15Z",
        "changedBefore": "2026-11-23T09:30:15Z",
        "limit": "100",
    }
    assert [call.query for call in scripted.calls] == [
        filters,
        {**filters, "nextToken": "a+b/c=&%20"},
    ]


# One order


def test_one_order_is_fetched_by_its_number(simulator: Simulator, context: Context) -> None:
    number = simulator.orders()[3].number
    batch = fetch(context, number)
    assert batch.decode(batch.documents[0].raw).number == number
    assert batch.states == frozenset()


def test_an_unknown_order_is_said_to_be_unknown(context: Context) -> None:
    with pytest.raises(RefusedError) as caught:
        fetch(context, "ZZZZZZZZ")
    assert caught.value.code == "order_not_found"
    assert caught.value.params["number"] == "ZZZZZZZZ"


@pytest.mark.parametrize("number", ["", "..", "A/B", "4Z32 PABC", "é", "A" * 65])
def test_what_cannot_be_an_order_number_is_not_sent(context: Context, log: list[RequestMade], number: str) -> None:
    with pytest.raises(RefusedError, match="not_an_order_number"):
        fetch(context, number)
    assert log == []


@pytest.mark.usefixtures("no_waits")
@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b'{"payload":{"purchaseOrderNumber":"OTHER"}}', "other_order_returned"),
        (b'{"payload":null}', "unreadable_answer"),
        (b'{"payload":{}}', "unreadable_answer"),
    ],
)
def test_an_answer_that_is_not_the_order_is_an_error(
    account: str, scripted: ScriptedServer, body: bytes, code: str
) -> None:
    scripted.answers = [Answer(200, body)]
    with pytest.raises(TransientError) as caught:
        fetch(Context(account=account, settings=scripted.settings), "2JK3S9VC")
    assert caught.value.code == code


def test_dirty_pages_are_read_all_the_same(simulator: Simulator, context: Context) -> None:
    names: Any = "purchaseOrderState,purchaseOrderStateChangedDate,buyingParty,netCost,unitSize"
    simulator.dials.set("unknown_enums")
    simulator.dials.set("missing_fields", names)
    end = simulator.now - timedelta(days=3)
    batch, _ = step(context, ReadWindow(Scan.CREATED, end - timedelta(days=3), end), None)
    documents = [batch.decode(received.raw) for received in batch.documents]
    assert documents
    assert {line.unit for document in documents for line in document.lines} <= {"eaches", "cases"}
    assert all(document.state == "" for document in documents)
