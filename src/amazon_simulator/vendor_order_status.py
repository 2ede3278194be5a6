"""How far retail purchase orders have come: getPurchaseOrdersStatus (reference 5.5)."""

from dataclasses import replace
from zlib import crc32

import msgspec

from amazon_simulator.book import Book, Progress
from amazon_simulator.generate import Entry, moment
from amazon_simulator.listing import Listing, read_window
from amazon_simulator.operations import Call, Operation
from amazon_simulator.parameters import Parameter, date_time, one_of, text
from amazon_simulator.shapes import (
    AcknowledgementDetails,
    AcknowledgementStatus,
    Line,
    LineStatus,
    OrderedQuantityDetails,
    OrderedQuantityStatus,
    OrderStatus,
    Party,
    Quantity,
    ReceivingStatus,
)
from amazon_simulator.shelf import Window
from amazon_simulator.vendor_orders import PAGE_PARAMETERS

_PAIRS = {"createdAfter", "createdBefore", "updatedAfter", "updatedBefore"}


def list_status(call: Call) -> Listing[Entry]:
    """The orders that a request asks for: by a window, or one by its number. Raises Refused."""
    values, book = call.values, call.book
    number = values.get("purchaseOrderNumber")
    if number and not _PAIRS & values.keys():
        entry = book.find(number)
        created = entry.created if entry else 0
        window = Window("created", created, created + 1)
    else:
        window = read_window(values, call.now, "created", "updated")
    silent = "silent_receipts" in call.faults
    if window.by == "updated" and silent:
        window = replace(window, by="stirred")

    def matches(entry: Entry) -> bool:
        return (
            number in (None, entry.number)
            and values.get("orderingVendorCode") in (None, entry.vendor_code)
            and values.get("shipToPartyId") in (None, entry.ship_to)
            and values.get("purchaseOrderStatus") in (None, _order_status(entry))
            and (not line_filters or any(map(line_matches, _status(book, entry, silent).item_status)))
        )

    def line_matches(line: LineStatus) -> bool:
        confirmation = line.acknowledgement_status.confirmation_status
        receipt = line.receiving_status.receive_status
        return values.get("itemConfirmationStatus") in (None, confirmation) and values.get("itemReceiveStatus") in (
            None,
            receipt,
        )

    def encode(entry: Entry) -> bytes:
        return book.progress(entry.number).raw or msgspec.json.encode(_status(book, entry, silent))

    line_filters = values.keys() & {"itemConfirmationStatus", "itemReceiveStatus"}
    return call.listing(book, window, matches, encode)


def _status(book: Book, entry: Entry, silent: bool) -> OrderStatus:
    try:
        order = book.order(entry.number)
    except msgspec.ValidationError:
        # A raw order may have no shape at all; its status then has no lines.
        lines = []
    else:
        progress = book.progress(entry.number)
        lines = [_line_status(entry, line, progress) for line in order.order_details.items]
    return OrderStatus(
        purchase_order_number=entry.number,
        purchase_order_status=_order_status(entry),
        purchase_order_date=moment(entry.created),
        last_updated_date=moment(entry.stirred if silent else entry.updated),
        selling_party=Party(party_id=entry.vendor_code),
        ship_to_party=Party(party_id=entry.ship_to),
        item_status=lines,
    )


def _order_status(entry: Entry) -> str:
    return "CLOSED" if entry.state == "Closed" else "OPEN"


def _line_status(entry: Entry, line: Line, progress: Progress) -> LineStatus:
    dice = crc32(f"{entry.number} {line.item_sequence_number}".encode())
    acknowledgement = _acknowledgement(entry, line.ordered_quantity, dice)
    return LineStatus(
        item_sequence_number=line.item_sequence_number,
        buyer_product_identifier=line.amazon_product_identifier,
        vendor_product_identifier=line.vendor_product_identifier,
        net_cost=line.net_cost,
        list_price=line.list_price,
        ordered_quantity=OrderedQuantityStatus(
            ordered_quantity=line.ordered_quantity,
            ordered_quantity_details=_steps(entry, line, progress),
        ),
        acknowledgement_status=acknowledgement,
        receiving_status=_receipt(
            entry, acknowledgement.accepted_quantity, dice, progress.received.get(line.item_sequence_number)
        ),
    )


def _steps(entry: Entry, line: Line, progress: Progress) -> list[OrderedQuantityDetails]:
    """How the quantity came about: each entry adds to it, or says what was cancelled."""
    ordered, steps = line.ordered_quantity, progress.steps.get(line.item_sequence_number, [])
    placed = entry.created if steps else entry.changed or entry.created
    first = _of(ordered, ordered.amount - sum(step.by for step in steps))
    return [
        OrderedQuantityDetails(updated_date=moment(placed), ordered_quantity=first),
        *(
            OrderedQuantityDetails(
                updated_date=moment(step.at),
                ordered_quantity=_of(ordered, step.by) if step.by > 0 else None,
                cancelled_quantity=_of(ordered, -step.by) if step.by < 0 else None,
            )
            for step in steps
        ),
    ]


def _acknowledgement(entry: Entry, ordered: Quantity, dice: int) -> AcknowledgementStatus:
    """Nine lines in ten are accepted; the rest in part, or not at all."""
    if entry.state == "New":
        return AcknowledgementStatus(confirmation_status="UNCONFIRMED")
    accepted = ordered.amount
    if dice % 20 == 0:
        accepted = 0
    elif dice % 20 == 1:
        accepted //= 2
    status = {0: "REJECTED", ordered.amount: "ACCEPTED"}.get(accepted, "PARTIALLY_ACCEPTED")
    yes, no = _of(ordered, accepted), _of(ordered, ordered.amount - accepted)
    details = AcknowledgementDetails(
        acknowledgement_date=moment(entry.state_changed),
        accepted_quantity=yes,
        rejected_quantity=no,
    )
    return AcknowledgementStatus(
        confirmation_status=status,
        accepted_quantity=yes,
        rejected_quantity=no,
        acknowledgement_status_details=[details],
    )


def _receipt(entry: Entry, accepted: Quantity | None, dice: int, told: int | None) -> ReceivingStatus:
    """A closed order was received; one that is acknowledged for days, in part. `told` at run time goes before."""
    if told is not None and accepted is not None and entry.received is not None:
        return ReceivingStatus(
            receive_status="RECEIVED" if told >= accepted.amount else "PARTIALLY_RECEIVED",
            received_quantity=_of(accepted, told),
            last_receive_date=moment(entry.received),
        )
    if entry.received is None or accepted is None or accepted.amount <= 0:
        return ReceivingStatus(receive_status="NOT_RECEIVED")
    whole = entry.state == "Closed"
    received = accepted.amount if whole else dice % accepted.amount
    if not received:
        return ReceivingStatus(receive_status="NOT_RECEIVED")
    return ReceivingStatus(
        receive_status="RECEIVED" if whole else "PARTIALLY_RECEIVED",
        received_quantity=_of(accepted, received),
        last_receive_date=moment(entry.received),
    )


def _of(quantity: Quantity, amount: int) -> Quantity:
    return Quantity(amount=amount, unit_of_measure=quantity.unit_of_measure, unit_size=quantity.unit_size)


OPERATIONS = (
    Operation(
        name="getPurchaseOrdersStatus",
        method="GET",
        path="/vendor/orders/v1/purchaseOrdersStatus",
        parameters=(
            *PAGE_PARAMETERS,
            Parameter("updatedAfter", date_time),
            Parameter("updatedBefore", date_time),
            Parameter("purchaseOrderNumber", text),
            Parameter("purchaseOrderStatus", one_of("OPEN", "CLOSED")),
            Parameter(
                "itemConfirmationStatus",
                one_of("ACCEPTED", "PARTIALLY_ACCEPTED", "REJECTED", "UNCONFIRMED"),
            ),
            Parameter("itemReceiveStatus", one_of("NOT_RECEIVED", "PARTIALLY_RECEIVED", "RECEIVED")),
            Parameter("shipToPartyId", text),
        ),
        listing=list_status,
        member="ordersStatus",
    ),
)
