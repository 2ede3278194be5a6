"""Direct Fulfillment orders, version 2021-12-28: getOrders and getOrder (reference 11.1).

Both are restricted: they want a restricted data token (reference 12). Their answers are not
wrapped in a payload (reference 13).
"""

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import msgspec

from amazon_simulator.direct_generate import DirectEntry
from amazon_simulator.listing import Listing, read_window
from amazon_simulator.messages import Answer, Refused, errors, invalid_input
from amazon_simulator.operations import Call, Operation
from amazon_simulator.parameters import Parameter, date_time, flag, integer, one_of, text

PATH = "/vendor/directFulfillment/orders/2021-12-28/purchaseOrders"

# What vendors that use Amazon's labels only do not see of a shipToParty, by the model.
_MASKED = {
    "name",
    "attention",
    "addressLine1",
    "addressLine2",
    "addressLine3",
    "city",
    "county",
    "district",
    "phone",
}


def list_orders(call: Call) -> Listing[DirectEntry]:
    """The orders that a getOrders request asks for. Raises Refused."""
    values = call.values
    missing = [name for name in ("createdAfter", "createdBefore") if name not in values]
    if missing:
        raise Refused(invalid_input(f"{' and '.join(missing)} must be given."))
    window = read_window(values, call.now, "created")
    if "state_change_reappears" in call.faults:
        window = replace(window, also="moved")

    def matches(entry: DirectEntry) -> bool:
        return values.get("status") in (None, entry.state) and values.get("shipFromPartyId") in (None, entry.ship_from)

    def encode(entry: DirectEntry) -> bytes:
        if values.get("includeDetails", True):
            return _encoded(call, entry)
        return msgspec.json.encode({"purchaseOrderNumber": entry.number})

    return call.listing(call.direct_book, window, matches, encode)


def get_order(call: Call) -> Answer:
    """One order, as it is now; 404 if it is unknown or too old to be served."""
    number = call.place["purchaseOrderNumber"]
    entry = call.direct_book.find(number)
    if entry and entry.created >= call.oldest:
        return Answer(200, _encoded(call, entry))
    if not re.fullmatch("[0-9A-Za-z]+", number):
        return invalid_input("purchaseOrderNumber must be letters and digits.")
    return errors(404, "ResourceNotFound", f"Purchase order {number} was not found.")


def _encoded(call: Call, entry: DirectEntry) -> bytes:
    raw = call.direct_book.encoded(entry)
    if "masked_addresses" not in call.faults:
        return raw
    order = msgspec.json.decode(raw)
    details = order.get("orderDetails")
    if isinstance(details, dict) and isinstance(details.get("shipToParty"), dict):
        details["shipToParty"] = _masked(details["shipToParty"])
    return msgspec.json.encode(order)


def _masked(address: Mapping[str, Any]) -> dict[str, Any]:
    return {name: "xxxxx" if name in _MASKED else value for name, value in address.items()}


OPERATIONS = (
    Operation(
        name="getOrders",
        method="GET",
        path=PATH,
        parameters=(
            Parameter("shipFromPartyId", text),
            Parameter("status", one_of("NEW", "SHIPPED", "ACCEPTED", "CANCELLED")),
            Parameter("limit", integer(1, 100)),
            Parameter("createdAfter", date_time),
            Parameter("createdBefore", date_time),
            Parameter("sortOrder", one_of("ASC", "DESC")),
            Parameter("nextToken", text),
            Parameter("includeDetails", flag),
        ),
        listing=list_orders,
        member="orders",
        in_payload=False,
        restricted=True,
    ),
    Operation(
        name="getOrder",
        method="GET",
        path=PATH + "/{purchaseOrderNumber}",
        answer=get_order,
        restricted=True,
    ),
)
