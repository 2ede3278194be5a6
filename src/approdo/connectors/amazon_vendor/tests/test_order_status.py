"""The status scan: what is asked, what is understood of the answers, what is refused."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import order_statuses as amazon
import pytest
import stamina

from amazon_simulator import Simulator
from approdo.connectors.amazon_vendor.download_orders import plan, step
from approdo.connectors.amazon_vendor.order_status import beside
from approdo.connectors.amazon_vendor.tests.scripted import Answer, ScriptedServer
from approdo.connectors.amazon_vendor.wire.order_status import decode, read_page
from approdo.sdk.connector import Context, ReadWindow, Scan, Span
from approdo.sdk.documents import Received
from approdo.sdk.errors import ApprodoError, ConfigError, RefusedError, TransientError, UnreadableDocument
from approdo.sdk.statuses import Confirmation, OrderStatus, Quantity, Receiving, StatusBatch

NOW = datetime(2026, 11, 23, 9, 30, 15, tzinfo=UTC)
TEN_DAYS = Span(Scan.STATUS, NOW - timedelta(days=10), NOW)


@pytest.fixture
def no_waits() -> Iterator[None]:
    with stamina.set_testing(True, attempts=4, cap=True):
        yield


def read(given: dict[str, Any]) -> OrderStatus:
    return decode(json.dumps(given).encode())


def pages(context: Context, windows: list[ReadWindow]) -> Iterator[StatusBatch]:
    for window in windows:
        token = None
        while True:
            batch, token = step(context, window, token)
            assert isinstance(batch, StatusBatch)
            yield batch
            if token is None:
                break


def statuses(batches: Iterator[StatusBatch]) -> list[OrderStatus]:
    return [batch.decode(received.raw) for batch in batches for received in batch.statuses]


# What is asked


def test_both_bounds_go_with_every_page_and_nothing_that_amazon_gets_wrong(
    account: str, scripted: ScriptedServer
) -> None:
    more = b'{"payload":{"ordersStatus":[],"pagination":{"nextToken":"a+b"}}}'
    empty = b'{"payload":{"ordersStatus":[]}}'
    scripted.answers = [Answer(200, more), Answer(200, empty)]
    windows = plan({}, [TEN_DAYS], NOW)
    list(pages(Context(account=account, settings=scripted.settings), windows))
    first = {"updatedAfter": "2026-11-13T09:30:15Z", "updatedBefore": "2026-11-19T21:30:15Z", "limit": "100"}
    last = {"updatedAfter": "2026-11-19T19:30:15Z", "updatedBefore": "2026-11-23T09:30:15Z", "limit": "100"}
    assert [call.query for call in scripted.calls] == [first, {**first, "nextToken": "a+b"}, last]


def test_open_orders_are_asked_for_by_their_own_date(account: str, scripted: ScriptedServer) -> None:
    scripted.answers = [Answer(200, b'{"payload":{"ordersStatus":[]}}')]
    window = ReadWindow(Scan.STATUS_BY_CREATION, NOW - timedelta(days=1), NOW)
    step(Context(account=account, settings=scripted.settings), window, None)
    bounds = {"createdAfter": "2026-11-22T09:30:15Z", "createdBefore": "2026-11-23T09:30:15Z"}
    assert scripted.calls[0].query == {**bounds, "limit": "100"}


def test_statuses_are_read_for_retail_unless_switched_off() -> None:
    assert beside({"type": "vendor_retail"}) == (Scan.STATUS,)
    assert beside({"type": "vendor_retail", "read_status": False}) == ()
    assert beside({"type": "vendor_direct_fulfillment", "read_status": True}) == ()


@pytest.mark.usefixtures("no_waits")
@pytest.mark.parametrize(
    "body",
    [
        b"<html></html>",
        b"{}",
        b'{"payload":null}',
        b'{"payload":{}}',
        b'{"payload":{"orders":[]}}',
        b'{"payload":{"ordersStatus":null}}',
        b'{"payload":{"ordersStatus":{}}}',
        b'{"payload":{"ordersStatus":[]},"errors":[{"code":"InternalFailure"}]}',
        b'{"payload":{"ordersStatus":[',
    ],
)
def test_anything_but_a_list_of_statuses_is_a_failure_and_never_an_empty_page(
    account: str, scripted: ScriptedServer, body: bytes
) -> None:
    scripted.answers = [Answer(200, body)]
    context = Context(account=account, settings=scripted.settings)
    with pytest.raises(TransientError, match="unreadable_answer"):
        step(context, ReadWindow(Scan.STATUS, NOW - timedelta(days=1), NOW), None)


def window_of(simulator: Simulator) -> ReadWindow:
    return ReadWindow(Scan.STATUS, simulator.now - timedelta(days=6), simulator.now)


def test_every_order_that_was_updated_is_read_page_after_page(simulator: Simulator, context: Context) -> None:
    simulator.dials.set("empty_page_with_token", times=2)
    span = Span(Scan.STATUS, simulator.now - timedelta(days=25), simulator.now)
    found = statuses(pages(context, plan({}, [span], simulator.now)))
    assert {status.number for status in found} == {order.number for order in simulator.orders()}
    assert {status.status for status in found} == {"open", "closed"}
    assert {Confirmation.UNCONFIRMED, Confirmation.PARTLY, Confirmation.CONFIRMED} <= {s.confirmation for s in found}
    assert not simulator.unknown_parameters


def test_statuses_outside_the_window_are_delivered_with_one_note(simulator: Simulator, context: Context) -> None:
    simulator.dials.set("leak_outside_window", operation="getPurchaseOrdersStatus")
    end = simulator.now - timedelta(days=5)
    batch, _ = step(context, ReadWindow(Scan.STATUS, end - timedelta(days=2), end), None)
    (note,) = batch.notes
    assert (note.code, note.params["count"]) == ("status_outside_window", 1)
    assert "scan" not in note.params


def test_a_missing_role_says_that_the_orders_do_not_suffer(simulator: Simulator, context: Context) -> None:
    simulator.dials.set("forbidden", operation="getPurchaseOrdersStatus")
    with pytest.raises(ConfigError) as caught:
        step(context, window_of(simulator), None)
    assert caught.value.code == "status_refused"
    assert caught.value.params["operation"] == "getPurchaseOrdersStatus"


@pytest.mark.usefixtures("no_waits")
def test_a_refused_token_and_a_page_that_names_itself_have_their_own_errors(
    account: str, scripted: ScriptedServer
) -> None:
    context = Context(account=account, settings=scripted.settings)
    window = ReadWindow(Scan.STATUS, NOW - timedelta(days=1), NOW)
    cases: list[tuple[Answer, type[ApprodoError], str]] = [
        (Answer(400, b'{"errors":[{"code":"InvalidInput"}]}'), RefusedError, "page_token_refused"),
        (
            Answer(200, b'{"payload":{"ordersStatus":[],"pagination":{"nextToken":"token"}}}'),
            TransientError,
            "repeated_page_token",
        ),
    ]
    for answer, kind, code in cases:
        scripted.answers = [answer]
        with pytest.raises(kind, match=code):
            step(context, window, "token")


# What is understood


def test_figures_are_kept_as_given_and_in_eaches_with_amazons_dates() -> None:
    status = read(amazon.status("2JK3S9VC", amazon.line(received="PARTIALLY_RECEIVED")))
    assert (status.number, status.status, status.vendor_code, status.ship_to) == ("2JK3S9VC", "open", "ROSIT", "MXP5")
    assert status.last_updated_date == datetime(2026, 4, 30, 12, tzinfo=UTC)
    (line,) = status.lines
    assert line.accepted == Quantity(quantity=3, unit="cases", unit_size=12, eaches=36)
    assert line.received == Quantity(quantity=1, unit="cases", unit_size=12, eaches=12)
    assert (line.confirmation, line.receiving) == ("accepted", "partially_received")
    assert line.acknowledged_date == datetime(2026, 4, 30, 12, tzinfo=UTC)
    assert line.last_receive_date == datetime(2026, 5, 4, 8, tzinfo=UTC)
    assert (line.cancelled, line.asin, line.vendor_sku) == (None, "B0TEST0001", "8001234567890")


def test_what_was_cancelled_is_the_sum_of_the_steps_of_the_history() -> None:
    details = [
        {"updatedDate": "2026-04-30T10:00:00Z", "orderedQuantity": amazon.cases(5)},
        {"updatedDate": "2026-05-01T10:00:00Z", "cancelledQuantity": amazon.cases(1)},
        {"updatedDate": "2026-05-02T10:00:00Z", "cancelledQuantity": amazon.cases(1)},
    ]
    ordered = {"orderedQuantity": amazon.cases(3), "orderedQuantityDetails": details}
    (line,) = read(amazon.status("A", amazon.line(orderedQuantity=ordered))).lines
    assert line.cancelled == Quantity(quantity=2, unit="cases", unit_size=12, eaches=24)
    assert [change.date and change.date.day for change in line.quantity_changes] == [30, 1, 2]
    details[2]["cancelledQuantity"] = {"amount": 6, "unitOfMeasure": "Eaches"}
    (line,) = read(amazon.status("A", amazon.line(orderedQuantity=ordered))).lines
    assert line.cancelled == Quantity(quantity=18, unit="eaches", eaches=18)


def only(**changes: Any) -> Any:
    return read(amazon.status("A", amazon.line(**changes))).lines[0]


def test_an_absent_part_is_not_zero() -> None:
    line = only(receivingStatus=None, acknowledgementStatus=None, orderedQuantity=None)
    assert (line.received, line.accepted, line.ordered, line.receiving, line.confirmation) == (None, None, None, "", "")
    assert only(receivingStatus={"receiveStatus": None, "receivedQuantity": {}}).received is None


@pytest.mark.parametrize(
    ("written", "read_as"),
    [
        ("PARTIALLY_RECEIVED", "partially_received"),
        ("PARTIALLY_RECEIVE", "partially_received"),
        ("Partially_Received", "partially_received"),
        ("IN_TRANSIT", "in_transit"),
        (7, "7"),
        (None, ""),
    ],
)
def test_a_status_is_known_however_it_is_written_and_passes_through_if_not(written: Any, read_as: str) -> None:
    assert only(receivingStatus={"receiveStatus": written}).receiving == read_as


@pytest.mark.parametrize(
    ("amount", "unit", "size", "eaches"),
    [
        ("10", "Eaches", 1, 10),
        (-3, "EACH", None, -3),
        ("1e1", "CASES", "6", 60),
        (2.0, "cases", 0, None),
        (2, "Pallets", 40, None),
        (2, None, None, None),
    ],
)
def test_quantities_are_read_as_far_as_they_say_something(amount: Any, unit: Any, size: Any, eaches: Any) -> None:
    given = {"amount": amount, "unitOfMeasure": unit, "unitSize": size}
    line = only(receivingStatus={"receiveStatus": "RECEIVED", "receivedQuantity": given})
    assert line.received.eaches == eaches
    assert line.received.quantity == int(float(amount))


@pytest.mark.parametrize(
    ("raw", "code"),
    [
        (b"7", "unexpected_shape"),
        (b'{"purchaseOrderNumber":"A","itemStatus":"none"}', "unexpected_shape"),
        (b'{"purchaseOrderNumber":"A","itemStatus":[{"receivingStatus":[]}]}', "unexpected_shape"),
        (b'{"itemStatus":[]}', "no_number"),
        (
            b'{"purchaseOrderNumber":"A","itemStatus":[{"receivingStatus":{"receivedQuantity":{"amount":"many"}}}]}',
            "not_an_amount",
        ),
        (
            b'{"purchaseOrderNumber":"A","itemStatus":[{"receivingStatus":{"receivedQuantity":{"amount":1.5}}}]}',
            "not_an_amount",
        ),
        (
            b'{"purchaseOrderNumber":"A","itemStatus":[{"receivingStatus":{"receivedQuantity":{"amount":1e11}}}]}',
            "number_out_of_range",
        ),
    ],
)
def test_a_figure_that_would_be_a_guess_is_refused(raw: bytes, code: str) -> None:
    with pytest.raises(UnreadableDocument) as caught:
        decode(raw)
    assert caught.value.code == code


def test_lines_without_or_with_the_same_number_stay_apart() -> None:
    lines = [amazon.line("1"), amazon.line("1"), amazon.line(None)]  # type: ignore[arg-type]
    assert [line.sequence for line in read(amazon.status("A", *lines)).lines] == ["1", "1#2", "3"]


CANCELLED = {"orderedQuantity": amazon.cases(0)}


@pytest.mark.parametrize(
    ("lines", "confirmation", "receiving"),
    [
        ([("UNCONFIRMED", "NOT_RECEIVED")], Confirmation.UNCONFIRMED, Receiving.NOT_RECEIVED),
        ([("ACCEPTED", "RECEIVED")] * 2, Confirmation.CONFIRMED, Receiving.RECEIVED),
        ([("REJECTED", "NOT_RECEIVED")] * 2, Confirmation.REJECTED, Receiving.NOT_RECEIVED),
        ([("PARTIALLY_ACCEPTED", "PARTIALLY_RECEIVED")], Confirmation.PARTLY, Receiving.PARTLY),
        ([("ACCEPTED", "RECEIVED"), ("UNCONFIRMED", "NOT_RECEIVED")], Confirmation.PARTLY, Receiving.PARTLY),
        ([("ACCEPTED", "RECEIVED"), ("REJECTED", "NOT_RECEIVED")], Confirmation.PARTLY, Receiving.RECEIVED),
        ([("ACCEPTED", "RECEIVED"), ("BACKORDERED", "IN_TRANSIT")], None, None),
        ([("ACCEPTED", "PARTIALLY_RECEIVED"), ("BACKORDERED", "IN_TRANSIT")], None, Receiving.PARTLY),
        ([("ACCEPTED", None)], Confirmation.CONFIRMED, None),
    ],
)
def test_an_order_is_summed_up_from_its_lines_and_not_where_it_would_be_a_guess(
    lines: Any, confirmation: Confirmation | None, receiving: Receiving | None
) -> None:
    given = [amazon.line(str(place), *words) for place, words in enumerate(lines)]
    found = read(amazon.status("A", *given))
    assert (found.confirmation, found.receiving) == (confirmation, receiving)


def test_a_cancelled_line_does_not_keep_an_order_from_being_received() -> None:
    cancelled = amazon.line("2", "UNCONFIRMED", "NOT_RECEIVED", orderedQuantity=CANCELLED)
    found = read(amazon.status("A", amazon.line("1", "ACCEPTED", "RECEIVED"), cancelled))
    assert (found.confirmation, found.receiving) == (Confirmation.CONFIRMED, Receiving.RECEIVED)
    assert read(amazon.status("A", cancelled)).confirmation is Confirmation.UNCONFIRMED
    assert read(amazon.status("A", itemStatus=[])).confirmation is None


def test_dirty_pages_are_read_all_the_same(simulator: Simulator, context: Context) -> None:
    simulator.dials.set("unknown_enums")
    simulator.dials.set("missing_fields", "receivingStatus,lastUpdatedDate,shipToParty,unitSize,orderedQuantityDetails")
    batch, _ = step(context, window_of(simulator), None)
    assert isinstance(batch, StatusBatch)
    found = [batch.decode(received.raw) for received in batch.statuses]
    assert found
    assert {status.status for status in found} == {"partly_open"}
    assert {line.confirmation for status in found for line in status.lines} == {"backordered"}
    assert all(isinstance(received, Received) for received in batch.statuses)


def test_one_status_that_no_decoder_takes_leaves_the_rest_of_its_page() -> None:
    good = json.dumps(amazon.status("PO000001")).encode()
    broken = b'{"purchaseOrderNumber": "PO00000\\u0032", "purchaseOrderStatus": "\\ud800"}'
    page = read_page(b'{"payload": {"ordersStatus": [%s, %s]}}' % (good, broken))
    assert [one.number for one in page.orders] == ["PO000001", "PO000002"]
    assert decode(page.orders[0].raw).number == "PO000001"
    with pytest.raises(UnreadableDocument):
        decode(page.orders[1].raw)
