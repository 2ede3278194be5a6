"""The two programs of Amazon Vendor: what each is asked, how its orders are read, what is known of them."""

from collections.abc import Callable, Mapping

from msgspec import Struct

from approdo.connectors.amazon_vendor.operations import (
    GET_DIRECT_ORDER,
    GET_DIRECT_ORDERS,
    GET_PURCHASE_ORDER,
    GET_PURCHASE_ORDERS,
    Operation,
)
from approdo.connectors.amazon_vendor.wire import direct_orders, vendor_orders
from approdo.connectors.amazon_vendor.wire.orders import Page
from approdo.sdk.connector import ReadWindow, Scan
from approdo.sdk.documents import Privacy, Received, SaleDocument
from approdo.sdk.text import marked as _


class Program(Struct, frozen=True, kw_only=True):
    """One program: `states` by Amazon's name in lower case, `open_states` those that can still change.

    `scans` are the dates by which Amazon can be asked for its orders. `privacy` is given where they
    name consumers.
    """

    name: str
    label: str
    listing: Operation
    single: Operation
    read_page: Callable[[bytes], Page]
    read_order: Callable[[bytes], Received]
    belongs: Callable[[bytes, ReadWindow], bool]
    decode: Callable[[bytes], SaleDocument]
    canonical: Callable[[bytes], bytes]
    states: Mapping[str, str]
    open_states: frozenset[str]
    scans: frozenset[Scan]
    privacy: Privacy | None = None


RETAIL = Program(
    name=vendor_orders.PROGRAM,
    label="Vendor Retail",
    listing=GET_PURCHASE_ORDERS,
    single=GET_PURCHASE_ORDER,
    read_page=vendor_orders.read_page,
    read_order=vendor_orders.read_order,
    belongs=vendor_orders.belongs,
    decode=vendor_orders.decode,
    canonical=vendor_orders.canonical,
    states={"new": _("NEW"), "acknowledged": _("ACKNOWLEDGED"), "closed": _("CLOSED")},
    open_states=frozenset({"new", "acknowledged"}),
    scans=frozenset({Scan.CREATED, Scan.CHANGED}),
)

DIRECT_FULFILLMENT = Program(
    name=direct_orders.PROGRAM,
    label="Vendor Direct Fulfillment",
    listing=GET_DIRECT_ORDERS,
    single=GET_DIRECT_ORDER,
    read_page=direct_orders.read_page,
    read_order=direct_orders.read_order,
    belongs=direct_orders.belongs,
    decode=direct_orders.decode,
    canonical=direct_orders.canonical,
    states={"new": _("NEW"), "accepted": _("ACKNOWLEDGED"), "shipped": _("SHIPPED"), "cancelled": _("CANCELLED")},
    open_states=frozenset({"new", "accepted"}),
    scans=frozenset({Scan.CREATED}),  # Amazon gives no date of a change (reference 11.1)
    privacy=Privacy(redact=direct_orders.redact, ended=frozenset({"shipped", "cancelled"})),
)

PROGRAMS = {program.name: program for program in (RETAIL, DIRECT_FULFILLMENT)}
