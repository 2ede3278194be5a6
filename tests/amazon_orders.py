"""Purchase orders as Amazon writes them, made for tests of what receives them."""

import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from approdo.connectors.amazon_vendor.wire import vendor_orders
from approdo.exchanges.models import WindowRead
from approdo.nodes.models import Node
from approdo.sales.receive import Origin, receive
from approdo.sdk.documents import Batch, Received

ASKED_AT = datetime(2026, 5, 1, 12, tzinfo=UTC)


def item(sequence: str = "1", **changes: Any) -> dict[str, Any]:
    return {
        "itemSequenceNumber": sequence,
        "amazonProductIdentifier": "B0TEST0001",
        "vendorProductIdentifier": "8001234567890",
        "orderedQuantity": {"amount": 3, "unitOfMeasure": "Cases", "unitSize": 12},
        "isBackOrderAllowed": False,
        "netCost": {"amount": "1.10", "currencyCode": "EUR"},
        **changes,
    }


def order(number: str = "PO000001", **details: Any) -> dict[str, Any]:
    state = details.pop("state", "New")
    return {
        "purchaseOrderNumber": number,
        "purchaseOrderState": state,
        "orderDetails": {
            "purchaseOrderDate": "2026-04-30T10:00:00Z",
            "purchaseOrderStateChangedDate": "2026-04-30T10:00:00Z",
            "purchaseOrderType": "RegularOrder",
            "sellingParty": {"partyId": "ROSIT"},
            "shipToParty": {"partyId": "MXP5"},
            "items": [item()],
            **details,
        },
    }


def received(*orders: dict[str, Any] | bytes) -> list[Received]:
    found = []
    for one in orders:
        raw = one if isinstance(one, bytes) else json.dumps(one).encode()
        number = None if isinstance(one, bytes) else one.get("purchaseOrderNumber")
        found.append(Received(number=number, raw=raw))
    return found


def batch(*orders: dict[str, Any] | bytes, states: Sequence[str] = (), asked_at: datetime = ASKED_AT) -> Batch:
    return Batch(
        program=vendor_orders.PROGRAM,
        documents=received(*orders),
        asked_at=asked_at,
        decode=vendor_orders.decode,
        canonical=vendor_orders.canonical,
        states=frozenset(states),
    )


def node(name: str = "Amazon") -> Node:
    """A saved node, checked as a screen would."""
    saved = Node(
        name=name,
        type="amazon_vendor",
        options={
            "region": "eu",
            "client_id": f"client of {name}",
            "client_secret": "hidden",
            "refresh_token": "hidden too",
        },
    )
    saved.full_clean()
    saved.save()
    return saved


def fall_quiet(account: Node, now: datetime) -> datetime:
    """Give an account orders on every day until three weeks ago, and windows until now. Returns its last order's date."""
    last = (now - timedelta(days=21)).replace(microsecond=0)
    dates = [last - timedelta(days=place) for place in range(60)]
    page = [
        order(f"QUIET{place:03}", purchaseOrderDate=f"{date:%Y-%m-%dT%H:%M:%SZ}") for place, date in enumerate(dates)
    ]
    receive(batch(*page), Origin(account.pk, None, now))
    WindowRead.objects.create(
        node=account, source=account.identity, program=vendor_orders.PROGRAM, run=0, connector=0, position=0,
        scan="created", start=last - timedelta(days=1), end=now, complete=True, read_at=now,
    )  # fmt: skip
    return last
