"""The Direct Fulfillment orders of one account, and what becomes of them (reference 11.1)."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import msgspec
from msgspec import Struct
from msgspec.structs import fields, replace

from amazon_simulator.book import as_object, as_seconds
from amazon_simulator.direct_generate import LONGEST_LAG, DirectEntry, DirectGenerator
from amazon_simulator.direct_shapes import DirectAddress, DirectOrder, DirectState
from amazon_simulator.shelf import Shelf

_ADDRESS_MEMBERS = {field.encode_name for field in fields(DirectAddress)}


class DirectChange(Struct, kw_only=True, forbid_unknown_fields=True):
    """What happens to an order: a state, later dates, a corrected address.

    `ship_to` gives members of the address by their names in the JSON. Nothing in an order says
    that it was changed, nor when: there is no changed date in the model.
    """

    state: DirectState | None = None
    required_ship: datetime | None = None
    promised_delivery: datetime | None = None
    ship_to: dict[str, str] = {}


_ORDER = msgspec.json.Decoder(DirectOrder)
_ADDRESS = msgspec.json.Decoder(DirectAddress)


class DirectBook(Shelf[DirectEntry]):
    """The Direct Fulfillment orders of an account."""

    def __init__(self, generator: DirectGenerator, cache: int = 30_000) -> None:
        super().__init__(
            generator.timeline,
            entry=generator.entry,
            write=lambda entry: msgspec.json.encode(generator.order(entry)),
            read=_read,
            lags=LONGEST_LAG,
            screens={},
            cache=cache,
        )
        self._generator = generator

    def add(self, count: int, placed: datetime, shown: Mapping[str, Any]) -> list[str]:
        """Place new orders; `shown` sets members of DirectEntry (vendor_code, ship_from, state)."""
        created = int(placed.timestamp())
        return self._place_new(count, lambda rank: replace(self._generator.new_entry(rank, created), **shown))

    def change(self, number: str, change: DirectChange, now: datetime) -> None:
        """Change an order.

        Raises UnknownOrder; ValueError for a raw order without the shape, or what no address has.
        """
        strange = change.ship_to.keys() - _ADDRESS_MEMBERS
        if strange:
            raise ValueError(f"An address has no {', '.join(sorted(strange))}.")
        with self._lock:
            order = _ORDER.decode(self.encoded(self.known(number)))
            details = order.order_details
            dates = details.shipment_details.shipment_dates
            if change.state:
                details.order_status = change.state
            dates.required_ship_date = _utc(change.required_ship) or dates.required_ship_date
            dates.promised_delivery_date = _utc(change.promised_delivery) or dates.promised_delivery_date
            address = {**msgspec.to_builtins(details.ship_to_party), **change.ship_to}
            details.ship_to_party = _ADDRESS.decode(msgspec.json.encode(address))
            self.put(msgspec.json.encode(order), now)


def _utc(given: datetime | None) -> datetime | None:
    if given is None:
        return None
    return given.astimezone(UTC) if given.tzinfo else given.replace(tzinfo=UTC)


def _read(body: Mapping[str, Any], known: DirectEntry | None, rank: int, now: datetime) -> DirectEntry:
    """What a raw order shows to queries; what cannot be read there falls back to something sane."""
    details = as_object(body.get("orderDetails"))
    state = str(details.get("orderStatus", ""))
    present = int(now.timestamp())
    created = known.created if known else as_seconds(details.get("orderDate")) or present
    state_changed = created
    if known:
        # A second later at least, so that a change in the second of the order's coming is one.
        state_changed = known.state_changed if state == known.state else max(present, created + 1)
    return DirectEntry(
        number=body["purchaseOrderNumber"],
        rank=known.rank if known else rank,
        created=created,
        state=state,
        state_changed=state_changed,
        vendor_code=str(as_object(details.get("sellingParty")).get("partyId", "")),
        ship_from=str(as_object(details.get("shipFromParty")).get("partyId", "")),
    )
