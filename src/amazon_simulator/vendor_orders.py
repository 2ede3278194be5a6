"""Retail purchase orders: getPurchaseOrders and getPurchaseOrder (reference 5.1, 5.2)."""

import re
from dataclasses import replace
from functools import partial

import msgspec

from amazon_simulator.generate import Entry
from amazon_simulator.listing import Listing, read_window
from amazon_simulator.messages import Answer, errors, invalid_input
from amazon_simulator.operations import Call, Operation
from amazon_simulator.parameters import Parameter, date_time, flag, integer, one_of, text

PATH = "/vendor/orders/v1/purchaseOrders"

PAGE_PARAMETERS = (
    Parameter("limit", integer(1, 100)),
    Parameter("sortOrder", one_of("ASC", "DESC")),
    Parameter("nextToken", text),
    Parameter("createdAfter", date_time),
    Parameter("createdBefore", date_time),
    Parameter("orderingVendorCode", text),
)


def list_orders(call: Call) -> Listing[Entry]:
    """The orders that a getPurchaseOrders request asks for. Raises Refused."""
    window = read_window(call.values, call.now, "created", "changed")
    if window.by == "changed" and "state_change_reappears" in call.faults:
        window = replace(window, also="moved")
    whole = call.values.get("includeDetails", True)
    return call.listing(call.book, window, partial(_matches, call), call.book.encoded if whole else _number)


def get_order(call: Call) -> Answer:
    """One order, in its current version; 404 if it is unknown or too old to be served."""
    number = call.place["purchaseOrderNumber"]
    entry = call.book.find(number)
    if entry and entry.created >= call.oldest:
        return Answer(200, b'{"payload":' + call.book.encoded(entry) + b"}")
    if not re.fullmatch("[0-9A-Z]{8}", number):
        return invalid_input("purchaseOrderNumber must be 8 letters and digits.")
    return errors(404, "ResourceNotFound", f"Purchase order {number} was not found.")


def _matches(call: Call, entry: Entry) -> bool:
    values = call.values
    return (
        values.get("purchaseOrderState") in (None, entry.state)
        and values.get("orderingVendorCode") in (None, entry.vendor_code)
        and not (values.get("isPOChanged") and entry.changed is None)
        and not ("poItemState" in values and not entry.has_cancelled_line)
    )


def _number(entry: Entry) -> bytes:
    """All that includeDetails=false gives."""
    brief = {"purchaseOrderNumber": entry.number, "purchaseOrderState": entry.state}
    return msgspec.json.encode(brief)


OPERATIONS = (
    Operation(
        name="getPurchaseOrders",
        method="GET",
        path=PATH,
        parameters=(
            *PAGE_PARAMETERS,
            Parameter("includeDetails", flag),
            Parameter("changedAfter", date_time),
            Parameter("changedBefore", date_time),
            Parameter("poItemState", one_of("Cancelled")),
            Parameter("isPOChanged", flag),
            Parameter("purchaseOrderState", one_of("New", "Acknowledged", "Closed")),
        ),
        listing=list_orders,
        member="orders",
    ),
    Operation(
        name="getPurchaseOrder",
        method="GET",
        path=PATH + "/{purchaseOrderNumber}",
        answer=get_order,
    ),
)
