"""The shapes of Amazon's retail purchase orders, members in the order of the published model.

Source: models/vendorOrders.json, summed up in reference 5.3 and 5.5. A member that is None is left
out of the JSON, as Amazon does. Times are aware UTC; amounts of money are decimal strings.
"""

from datetime import datetime
from typing import Literal

from msgspec import Struct

State = Literal["New", "Acknowledged", "Closed"]
Unit = Literal["Cases", "Eaches"]


class Shape(Struct, omit_defaults=True, rename="camel", gc=False):
    """One JSON object of Amazon's: camelCase members, absent instead of null."""


class TaxInfo(Shape, kw_only=True):
    """A tax registration."""

    tax_registration_type: str
    tax_registration_number: str


class Address(Shape, kw_only=True):
    """A postal address."""

    name: str
    address_line1: str
    address_line2: str | None = None
    address_line3: str | None = None
    city: str | None = None
    county: str | None = None
    district: str | None = None
    state_or_region: str | None = None
    postal_code: str | None = None
    country_code: str
    phone: str | None = None


class Party(Shape, kw_only=True):
    """A party: a vendor code, a fulfilment centre or one of Amazon's companies."""

    party_id: str
    address: Address | None = None
    tax_info: TaxInfo | None = None


class Money(Shape, kw_only=True):
    """An amount per each, or per `unit_of_measure` where the goods are priced by weight."""

    currency_code: str
    amount: str
    unit_of_measure: str | None = None


class Quantity(Shape, kw_only=True):
    """How many eaches or cases; a case holds `unit_size` eaches."""

    amount: int
    unit_of_measure: Unit
    unit_size: int


class Line(Shape, kw_only=True):
    """A line of a purchase order."""

    item_sequence_number: str
    amazon_product_identifier: str | None = None
    vendor_product_identifier: str | None = None
    ordered_quantity: Quantity
    is_back_order_allowed: bool
    net_cost: Money | None = None
    list_price: Money | None = None


class ImportDetails(Shape, kw_only=True):
    """What a direct import order says beyond the rest."""

    method_of_payment: str | None = None
    international_commercial_terms: str | None = None
    port_of_delivery: str | None = None
    import_containers: str | None = None
    shipping_instructions: str | None = None


class OrderDetails(Shape, kw_only=True):
    """All of a purchase order but its number and state."""

    purchase_order_date: datetime
    purchase_order_changed_date: datetime | None = None
    purchase_order_state_changed_date: datetime
    purchase_order_type: str | None = None
    import_details: ImportDetails | None = None
    deal_code: str | None = None
    payment_method: str | None = None
    buying_party: Party | None = None
    selling_party: Party | None = None
    ship_to_party: Party | None = None
    bill_to_party: Party | None = None
    ship_window: str | None = None
    delivery_window: str | None = None
    items: list[Line]


class Order(Shape, kw_only=True):
    """A purchase order."""

    purchase_order_number: str
    purchase_order_state: str
    order_details: OrderDetails


class OrderedQuantityDetails(Shape, kw_only=True):
    """One entry of a line's quantity history."""

    updated_date: datetime
    ordered_quantity: Quantity | None = None
    cancelled_quantity: Quantity | None = None


class OrderedQuantityStatus(Shape, kw_only=True):
    """A line's quantity and how it came about."""

    ordered_quantity: Quantity
    ordered_quantity_details: list[OrderedQuantityDetails] | None = None


class AcknowledgementDetails(Shape, kw_only=True):
    """One acknowledgement of a line."""

    acknowledgement_date: datetime
    accepted_quantity: Quantity | None = None
    rejected_quantity: Quantity | None = None


class AcknowledgementStatus(Shape, kw_only=True):
    """What the vendor has said about a line."""

    confirmation_status: str
    accepted_quantity: Quantity | None = None
    rejected_quantity: Quantity | None = None
    acknowledgement_status_details: list[AcknowledgementDetails] | None = None


class ReceivingStatus(Shape, kw_only=True):
    """What has arrived of a line."""

    receive_status: str
    received_quantity: Quantity | None = None
    last_receive_date: datetime | None = None


class LineStatus(Shape, kw_only=True):
    """A line in the answer of getPurchaseOrdersStatus (the ASIN has another name there)."""

    item_sequence_number: str
    buyer_product_identifier: str | None = None
    vendor_product_identifier: str | None = None
    net_cost: Money | None = None
    list_price: Money | None = None
    ordered_quantity: OrderedQuantityStatus
    acknowledgement_status: AcknowledgementStatus
    receiving_status: ReceivingStatus


class OrderStatus(Shape, kw_only=True):
    """A purchase order in the answer of getPurchaseOrdersStatus."""

    purchase_order_number: str
    purchase_order_status: str
    purchase_order_date: datetime
    last_updated_date: datetime
    selling_party: Party
    ship_to_party: Party
    item_status: list[LineStatus]
