"""The shapes of Amazon's Direct Fulfillment orders, members in the order of the published model.

Source: models/vendorDirectFulfillmentOrders_2021-12-28.json, summed up in reference 11.1. A member
that is None is left out of the JSON. Times are aware UTC; amounts are decimal strings.
"""

from datetime import datetime
from typing import Literal

from amazon_simulator.shapes import Shape

DirectState = Literal["NEW", "SHIPPED", "ACCEPTED", "CANCELLED"]


class DirectAddress(Shape, kw_only=True):
    """A postal address; unlike Retail's it must have a state or region."""

    name: str
    attention: str | None = None
    address_line1: str
    address_line2: str | None = None
    address_line3: str | None = None
    city: str | None = None
    county: str | None = None
    district: str | None = None
    state_or_region: str
    postal_code: str | None = None
    country_code: str
    phone: str | None = None


class DirectTaxInfo(Shape, kw_only=True):
    """A tax registration."""

    tax_registration_type: str | None = None
    tax_registration_number: str


class DirectParty(Shape, kw_only=True):
    """A party: a vendor code, a warehouse of the vendor's or one of Amazon's companies."""

    party_id: str
    address: DirectAddress | None = None
    tax_info: DirectTaxInfo | None = None


class Price(Shape, kw_only=True):
    """An amount of money."""

    currency_code: str
    amount: str


class Tax(Shape, kw_only=True):
    """One tax. The rate is a fraction (0.22), as in Amazon's examples (but see reference 20)."""

    tax_rate: str | None = None
    tax_amount: Price
    taxable_amount: Price | None = None
    type: str | None = None


class Taxes(Shape, kw_only=True):
    """The taxes of a line or of an order."""

    tax_line_item: list[Tax]


class ShipmentDates(Shape, kw_only=True):
    """Until when the order must leave, and when the consumer was told that it comes."""

    required_ship_date: datetime
    promised_delivery_date: datetime | None = None


class ShipmentDetails(Shape, kw_only=True):
    """How the order is to be shipped."""

    is_priority_shipment: bool
    is_scheduled_delivery_shipment: bool | None = None
    is_pslip_required: bool
    is_gift: bool | None = None
    ship_method: str
    shipment_dates: ShipmentDates
    message_to_customer: str


class EachQuantity(Shape, kw_only=True):
    """How many eaches; there are no cases here."""

    amount: int
    unit_of_measure: str


class ScheduledDelivery(Shape, kw_only=True):
    """When the consumer wants a scheduled delivery."""

    scheduled_delivery_service_type: str | None = None
    earliest_nominated_delivery_date: datetime | None = None
    latest_nominated_delivery_date: datetime | None = None


class Gift(Shape, kw_only=True):
    """What is printed for the one who gets the gift, and how it is wrapped."""

    gift_message: str | None = None
    gift_wrap_id: str | None = None


class Customization(Shape, kw_only=True):
    """Where the consumer's wishes are, as a URL in base 64."""

    customized_url: str


class DirectLine(Shape, kw_only=True):
    """A line of a Direct Fulfillment order."""

    item_sequence_number: str
    buyer_product_identifier: str | None = None
    vendor_product_identifier: str | None = None
    title: str | None = None
    ordered_quantity: EachQuantity
    scheduled_delivery_shipment: ScheduledDelivery | None = None
    gift_details: Gift | None = None
    net_price: Price
    tax_details: Taxes | None = None
    total_price: Price | None = None
    buyer_customized_info: Customization | None = None


class DirectDetails(Shape, kw_only=True):
    """All of a Direct Fulfillment order but its number."""

    customer_order_number: str
    order_date: datetime
    order_status: str | None = None
    shipment_details: ShipmentDetails
    tax_total: Taxes | None = None
    selling_party: DirectParty
    ship_from_party: DirectParty
    ship_to_party: DirectAddress
    bill_to_party: DirectParty
    has_customizable_items: bool | None = None
    items: list[DirectLine]


class DirectOrder(Shape, kw_only=True):
    """A Direct Fulfillment order."""

    purchase_order_number: str
    order_details: DirectDetails
