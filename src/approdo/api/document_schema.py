"""How a sale document is described; `sales.queries.whole` makes what is described here."""

from datetime import date as day_type
from datetime import datetime
from typing import Any, Literal

from pydantic import BaseModel, Field

Program = Literal["vendor_retail", "vendor_direct_fulfillment"]
DocumentType = Literal["order", "invoice", "credit_note"]
CONSUMER = "Direct Fulfillment only; null unless the token has the scope `personal-data:read`."
ONLY_DIRECT = "Direct Fulfillment only."
ONLY_BILLS = "Invoices and credit notes only."
Confirmation = Literal["unconfirmed", "partly", "confirmed", "rejected"]
Invoicing = Literal["not_invoiced", "partly", "invoiced"]
Receiving = Literal["not_received", "partly", "received"]
PER_EACH = "A decimal as text, per each, or per `price_unit` where priced by weight; never per case."


class Address(BaseModel):
    """A postal address as it was received; parts that are not there are left out."""

    name: str | None = None
    attention: str | None = None
    line_1: str | None = None
    line_2: str | None = None
    line_3: str | None = None
    city: str | None = None
    county: str | None = None
    district: str | None = None
    state_or_region: str | None = None
    postal_code: str | None = None
    country_code: str | None = None
    phone: str | None = None


class TaxRegistration(BaseModel):
    """A VAT or GST registration."""

    type: str | None = None
    number: str | None = None


class Party(BaseModel):
    """One side of the sale."""

    id: str | None = Field(None, description="A vendor code or a fulfilment centre's code.")
    address: Address | None = None
    tax_registration: TaxRegistration | None = None


class TimeWindow(BaseModel):
    """A delivery or ship window. Equal ends mean that single day."""

    start: datetime | None
    end: datetime | None


class Tax(BaseModel):
    """One tax, as Amazon worked it out; decimals as text."""

    type: str | None
    rate: str | None = Field(description="Amazon's figure: a fraction or a percentage.")
    amount: str | None
    taxable_amount: str | None
    currency: str


class Line(BaseModel):
    """One line of a document."""

    sequence: str = Field(description="Amazon's, as text; of invoices their own.")
    asin: str
    vendor_sku: str
    sku: str | None
    title: str | None
    quantity: int | None = Field(description="Counts `unit`.")
    unit: str = Field(description="`eaches`, `cases`, or what Amazon adds one day.")
    unit_size: int | None
    eaches: int | None = Field(description="The quantity in pieces; null where the unit is not known.")
    net_cost: str | None = Field(description=PER_EACH)
    list_price: str | None = Field(description=PER_EACH)
    currency: str
    price_unit: str | None
    cancelled: bool
    vanished: bool = Field(description="No longer part of the newest version.")
    backorder_allowed: bool | None
    taxes: list[Tax]
    total: str | None = Field(
        description="Eaches × net cost; null where priced by weight or a part is absent. Of invoices as it was stated."
    )
    gift_message: str | None = Field(None, description=CONSUMER)
    customized_url: str | None = Field(None, description=f"Amazon's, in base 64. {CONSUMER}")
    order: str | None = Field(None, description=f"The order that it bills. {ONLY_BILLS}")
    order_line: str | None = Field(None, description=f"The `sequence` of that line in its order. {ONLY_BILLS}")


class StatusQuantity(BaseModel):
    """A figure of Amazon's, as it was given and in pieces."""

    quantity: int | None = Field(description="Counts `unit`.")
    unit: str = Field(description="`eaches`, `cases`, or what Amazon adds one day.")
    unit_size: int | None
    eaches: int | None = Field(description="The same in pieces; null where the unit is not known.")


class QuantityChange(BaseModel):
    """One entry of a line's history of quantities, as Amazon keeps it."""

    date: datetime | None
    ordered: StatusQuantity | None
    cancelled: StatusQuantity | None


class Acknowledgement(BaseModel):
    """One acknowledgement of a line, as Amazon took it."""

    date: datetime | None
    accepted: StatusQuantity | None
    rejected: StatusQuantity | None


class LineStatus(BaseModel):
    """What Amazon says of one line. A figure is null where Amazon said nothing: that is not zero."""

    sequence: str
    asin: str
    vendor_sku: str
    confirmation: str = Field(
        description="`unconfirmed`, `partially_accepted`, `accepted`, `rejected`, or what Amazon adds one day."
    )
    receiving: str = Field(
        description="`not_received`, `partially_received`, `received`, or what Amazon adds one day; may be empty."
    )
    ordered: StatusQuantity | None
    cancelled: StatusQuantity | None = Field(description="The sum of what `quantity_changes` say was cancelled.")
    accepted: StatusQuantity | None
    rejected: StatusQuantity | None
    received: StatusQuantity | None
    acknowledged_date: datetime | None
    last_receive_date: datetime | None
    quantity_changes: list[QuantityChange]
    acknowledgements: list[Acknowledgement]


class AmazonStatus(BaseModel):
    """Amazon's own, informational figures: never ours, and no ground for a payment. They are wrong at times."""

    status: str = Field(description="`open` or `closed`: whether Amazon still expects goods.")
    confirmation: Confirmation | None = Field(description="Of all lines together, as Approdo sums them up.")
    receiving: Receiving | None = Field(description="Of all lines together, as Approdo sums them up.")
    last_updated_date: datetime | None = Field(description="Amazon's.")
    version: int = Field(description="Counts the different statuses received, from 1.")
    updated_at: datetime = Field(description="When this status was stored here.")
    lines: list[LineStatus]


class Problem(BaseModel):
    """Why something did not arrive."""

    code: str
    message: str
    hint: str


class Export(BaseModel):
    """One version of the document, handed over to one connector."""

    connector: str | None = Field(description="The connector's name; null where it is gone.")
    version: int
    change: bool = Field(description="An earlier version had been handed over before.")
    state: Literal["sending", "confirmed", "failed", "withdrawn"] = Field(
        description="Given out and not confirmed; handed over; not taken; to be handed over again."
    )
    at: datetime
    batch: str
    receipt: str | None = Field(description="The ERP's own number, if it gave one back.")
    where: str | None = Field(description="Where it was put, such as in which file.")
    problem: Problem | None = Field(description="Why it was not taken.")


class InvoiceOf(BaseModel):
    """An invoice or a credit note that bills the order."""

    id: int
    type: DocumentType
    number: str


class PaymentTerms(BaseModel):
    """When an invoice is to be paid."""

    type: str | None
    discount_percent: str | None
    discount_due_days: int | None
    net_due_days: int | None


class UpdateAnswer(BaseModel):
    """A part of what was ordered, and what becomes of it."""

    quantity: int
    unit: str
    unit_size: int | None
    eaches: int
    ship_date: day_type | None = None
    delivery_date: day_type | None = None
    reason: str | None = None


class UpdateLine(BaseModel):
    """What becomes of one line."""

    sequence: str
    asin: str
    vendor_sku: str
    sku: str | None
    accepted: UpdateAnswer | None
    backordered: UpdateAnswer | None
    rejected: UpdateAnswer | None


class OrderUpdate(BaseModel):
    """What the ERP says of an order."""

    receipt: str | None = Field(description="The ERP's own number.")
    version: int = Field(description="Counts the different updates from 1.")
    state: str = Field(description="`stored`: kept here, not sent to Amazon.")
    received_at: datetime
    lines: list[UpdateLine]


class Document(BaseModel):
    """A sale document: what its newest version says."""

    id: int
    type: DocumentType
    program: str = Field(description="`vendor_retail` or `vendor_direct_fulfillment`.")
    number: str
    node: str = Field(description="The node's name.")
    vendor_code: str
    state: str = Field(
        description="Amazon's, in lower case; a new one passes through as it is. Of invoices `stored`: not sent."
    )
    date: datetime | None
    changed_date: datetime | None
    state_changed_date: datetime | None
    currency: str
    total: str | None = Field(description="The sum of the lines' totals, without taxes; null where one is.")
    purchase_order_type: str | None
    payment_method: str | None
    deal_code: str | None
    import_details: dict[str, Any] | None
    selling_party: Party | None
    buying_party: Party | None
    ship_to_party: Party | None
    bill_to_party: Party | None
    ship_from_party: Party | None
    ship_window: TimeWindow | None
    delivery_window: TimeWindow | None
    updated_at: datetime = Field(description="When this version was stored here; what `updated_since` compares.")
    version: int = Field(description="Counts from 1.")
    exports: list[Export] = Field(description="What was handed over to which connector, oldest first.")
    acknowledged: bool
    invoiced: bool = Field(description="Whether every piece that is to be delivered is on an invoice.")
    invoices: list[InvoiceOf] = Field([], description="Of orders: what bills it, oldest first.")
    order_update: OrderUpdate | None = Field(None, description="Of orders: the newest update by the ERP.")
    orders: list[str] = Field([], description=f"The numbers of the orders that it bills. {ONLY_BILLS}")
    day: day_type | None = Field(None, description=f"In the time zone of the node. {ONLY_BILLS}")
    corrects: str | None = Field(None, description="Of credit notes: the number of the invoice.")
    payment_terms: PaymentTerms | None = Field(None, description=ONLY_BILLS)
    remit_to_party: Party | None = Field(None, description=ONLY_BILLS)
    taxes: list[Tax] = Field([], description=f"Of the whole document. {ONLY_BILLS}")
    gross_total: str | None = Field(None, description=f"What is to be paid: `total` and `tax_total`. {ONLY_BILLS}")
    lines: list[Line]
    customer_order_number: str | None = Field(None, description=ONLY_DIRECT)
    ship_method: str | None = Field(None, description=ONLY_DIRECT)
    required_ship_date: datetime | None = Field(None, description=ONLY_DIRECT)
    promised_delivery_date: datetime | None = Field(None, description=ONLY_DIRECT)
    priority: bool | None = Field(None, description=ONLY_DIRECT)
    gift: bool | None = Field(None, description=ONLY_DIRECT)
    packing_slip_required: bool | None = Field(None, description=ONLY_DIRECT)
    tax_total: str | None = Field(None, description="Direct Fulfillment, invoices and credit notes only.")
    message_to_customer: str | None = Field(None, description=CONSUMER)
    personal_data: Literal["given", "hidden", "purged"] | None = Field(
        None, description=f"Whether the answer says who the consumer is. {ONLY_DIRECT}"
    )
    amazon_status: AmazonStatus | None = Field(
        description="What Amazon says was confirmed, cancelled and received, for information only; null: not known."
    )
