"""Order statuses as Amazon writes them, made for tests of what receives them."""

import json
from datetime import datetime
from typing import Any

from amazon_orders import ASKED_AT

from approdo.connectors.amazon_vendor.wire import order_status
from approdo.sdk.documents import Received
from approdo.sdk.statuses import StatusBatch


def cases(amount: Any, size: Any = 12) -> dict[str, Any]:
    return {"amount": amount, "unitOfMeasure": "Cases", "unitSize": size}


def line(
    sequence: str = "1", confirmed: str = "ACCEPTED", received: str = "NOT_RECEIVED", **changes: Any
) -> dict[str, Any]:
    """One line of three cases: confirmed on 30 April, where it is; received on 4 May, as much as it says."""
    accepted = {"ACCEPTED": 3, "PARTIALLY_ACCEPTED": 2}.get(confirmed, 0)
    arrived = {"RECEIVED": accepted, "PARTIALLY_RECEIVED": 1}.get(received, 0)
    given = {
        "itemSequenceNumber": sequence,
        "buyerProductIdentifier": "B0TEST0001",
        "vendorProductIdentifier": "8001234567890",
        "orderedQuantity": {
            "orderedQuantity": cases(3),
            "orderedQuantityDetails": [{"updatedDate": "2026-04-30T10:00:00Z", "orderedQuantity": cases(3)}],
        },
        "acknowledgementStatus": {
            "confirmationStatus": confirmed,
            "acceptedQuantity": cases(accepted),
            "rejectedQuantity": cases(3 - accepted),
            "acknowledgementStatusDetails": [
                {"acknowledgementDate": "2026-04-30T12:00:00Z", "acceptedQuantity": cases(accepted)}
            ],
        },
        "receivingStatus": {
            "receiveStatus": received,
            "receivedQuantity": cases(arrived),
            "lastReceiveDate": "2026-05-04T08:00:00Z",
        },
    }
    return {name: value for name, value in {**given, **changes}.items() if value is not None}


def status(number: str = "PO000001", *lines: dict[str, Any], **changes: Any) -> dict[str, Any]:
    return {
        "purchaseOrderNumber": number,
        "purchaseOrderStatus": "OPEN",
        "purchaseOrderDate": "2026-04-30T10:00:00Z",
        "lastUpdatedDate": "2026-04-30T12:00:00Z",
        "sellingParty": {"partyId": "ROSIT"},
        "shipToParty": {"partyId": "MXP5"},
        "itemStatus": list(lines) or [line()],
        **changes,
    }


def batch(*statuses: dict[str, Any] | bytes, asked_at: datetime = ASKED_AT) -> StatusBatch:
    found = []
    for one in statuses:
        raw = one if isinstance(one, bytes) else json.dumps(one).encode()
        found.append(Received(number=None if isinstance(one, bytes) else one.get("purchaseOrderNumber"), raw=raw))
    return StatusBatch(
        program=order_status.PROGRAM,
        statuses=found,
        asked_at=asked_at,
        decode=order_status.decode,
        canonical=order_status.canonical,
    )
