"""The one vocabulary that crosses every boundary: sale documents as the trade names them.

Amounts are `Decimal`, times are aware UTC, quantities count `unit` and stand beside the same
quantity in eaches. Everything that the other side may leave out is optional.
"""

from collections.abc import Callable, Sequence
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any

from msgspec import Struct, field
from msgspec.structs import replace


class DocumentType(StrEnum):
    """What a sale document is."""

    ORDER = "order"
    INVOICE = "invoice"
    CREDIT_NOTE = "credit_note"


class Address(Struct, frozen=True, omit_defaults=True, kw_only=True):
    """A postal address as it was received."""

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


class TaxRegistration(Struct, frozen=True, omit_defaults=True, kw_only=True):
    """A VAT or GST registration."""

    type: str | None = None
    number: str | None = None


class Party(Struct, frozen=True, omit_defaults=True, kw_only=True):
    """One side of the sale. `id` is a vendor code or a fulfilment centre's code."""

    id: str | None = None
    address: Address | None = None
    tax_registration: TaxRegistration | None = None


class Parties(Struct, frozen=True, omit_defaults=True, kw_only=True):
    """Everybody named by a document."""

    selling: Party | None = None
    buying: Party | None = None
    ship_to: Party | None = None
    bill_to: Party | None = None
    ship_from: Party | None = None
    remit_to: Party | None = None


class PaymentTerms(Struct, frozen=True, omit_defaults=True, kw_only=True):
    """When an invoice is to be paid, and what is taken off where it is paid sooner. `type` is Amazon's."""

    type: str | None = None
    discount_percent: Decimal | None = None
    discount_due_days: int | None = None
    net_due_days: int | None = None


class Window(Struct, frozen=True, kw_only=True):
    """A delivery or ship window, UTC. Equal ends mean that single day."""

    start: datetime | None = None
    end: datetime | None = None


class Tax(Struct, frozen=True, kw_only=True):
    """One tax of a line, as the other side worked it out. `rate` is its figure, a fraction or a percentage."""

    type: str | None = None
    rate: Decimal | None = None
    amount: Decimal | None = None
    taxable_amount: Decimal | None = None
    currency: str = ""


class Line(Struct, frozen=True, kw_only=True):
    """One line of a document.

    `quantity` counts `unit`; `eaches` is the same in pieces, null where the unit is unknown.
    `net_cost` and `list_price` are per each, or per `price_unit` where priced by weight, never per case.
    A line of an invoice names the order and the line of it that it bills, and may state its own SKU and its total.
    """

    sequence: str
    asin: str = ""
    vendor_sku: str = ""
    title: str | None = None
    quantity: int | None = None
    unit: str = ""
    unit_size: int | None = None
    eaches: int | None = None
    net_cost: Decimal | None = None
    list_price: Decimal | None = None
    currency: str = ""
    price_unit: str | None = None
    cancelled: bool = False
    backorder_allowed: bool | None = None
    taxes: tuple[Tax, ...] = ()
    gift_message: str | None = None
    customized_url: str | None = None
    sku: str | None = None
    order: str | None = None
    order_line: str | None = None
    stated_total: Decimal | None = None

    @property
    def total(self) -> Decimal | None:
        """What is stated, else eaches × net cost; null where priced by weight or a part is absent."""
        if self.stated_total is not None:
            return self.stated_total
        if self.eaches is None or self.net_cost is None or self.price_unit:
            return None
        return self.eaches * self.net_cost


class SaleDocument(Struct, frozen=True, kw_only=True):
    """An order, invoice or credit note, as the other side stated it.

    `total` is net. Only invoices and credit notes have what stands from `orders` on: the numbers of the orders that
    they bill, what is to be paid with its taxes, and the number of the invoice that a credit note corrects.
    """

    type: DocumentType
    program: str
    number: str
    state: str
    date: datetime | None = None
    changed_date: datetime | None = None
    state_changed_date: datetime | None = None
    currency: str = ""
    purchase_order_type: str | None = None
    payment_method: str | None = None
    deal_code: str | None = None
    import_details: dict[str, Any] | None = None
    customer_order_number: str | None = None
    ship_method: str | None = None
    required_ship_date: datetime | None = None
    promised_delivery_date: datetime | None = None
    priority: bool | None = None
    gift: bool | None = None
    packing_slip_required: bool | None = None
    message_to_customer: str | None = None
    tax_total: Decimal | None = None
    parties: Parties = field(default_factory=Parties)
    ship_window: Window | None = None
    delivery_window: Window | None = None
    lines: tuple[Line, ...] = ()
    detailed: bool = True
    orders: tuple[str, ...] = ()
    corrects: str | None = None
    payment_terms: PaymentTerms | None = None
    taxes: tuple[Tax, ...] = ()
    gross_total: Decimal | None = None

    @property
    def total(self) -> Decimal | None:
        """The sum of the lines' totals.

        Null if one of them is, if there is no line, or if the lines are in several currencies.
        """
        totals = [line.total for line in self.lines]
        if not totals or any(total is None for total in totals):
            return None
        if len({line.currency for line in self.lines}) > 1:
            return None
        return sum((total for total in totals if total is not None), Decimal(0))


class PersonalLine(Struct, frozen=True, omit_defaults=True, kw_only=True):
    """What a line says of the consumer: greetings, and where the wishes for a made-to-order piece are."""

    gift_message: str | None = None
    customized_url: str | None = None


class Personal(Struct, frozen=True, omit_defaults=True, kw_only=True):
    """What a document says of a consumer; `lines` by their sequence."""

    ship_to: Party | None = None
    bill_to: Party | None = None
    message_to_customer: str | None = None
    lines: dict[str, PersonalLine] = {}


def personal_of(document: SaleDocument) -> Personal:
    """What the document says of a consumer."""
    lines = {
        line.sequence: PersonalLine(gift_message=line.gift_message, customized_url=line.customized_url)
        for line in document.lines
        if line.gift_message or line.customized_url
    }
    return Personal(
        ship_to=document.parties.ship_to,
        bill_to=document.parties.bill_to,
        message_to_customer=document.message_to_customer,
        lines=lines,
    )


def without_personal(document: SaleDocument) -> SaleDocument:
    """The document without it; of the party billed its id stays, which names a company of the other side's."""
    billed = document.parties.bill_to
    kept = Party(id=billed.id) if billed and billed.id else None
    lines = (replace(line, gift_message=None, customized_url=None) for line in document.lines)
    return replace(
        document,
        parties=replace(document.parties, ship_to=None, bill_to=kept),
        message_to_customer=None,
        lines=tuple(lines),
    )


class Received(Struct, frozen=True, kw_only=True):
    """One document as it came: its number, where it could be read, and its raw bytes."""

    number: str | None
    raw: bytes


class Note(Struct, frozen=True, kw_only=True):
    """A warning about what was read; `code` and `params` make its sentence."""

    code: str
    params: dict[str, Any] = field(default_factory=dict)


class Privacy(Struct, frozen=True, kw_only=True):
    """That a program's documents name consumers, and what it takes to forget them.

    `redact` gives the raw bytes without what they say of the consumer, empty where they cannot be
    read; what it gave stays as it is. A document is over for the consumer once it is in one of the
    states `ended`.
    """

    redact: Callable[[bytes], bytes]
    ended: frozenset[str]


class Batch(Struct, frozen=True, kw_only=True):
    """What one request brought.

    `decode` turns raw bytes into a document and raises `UnreadableDocument`; `canonical` gives
    bytes that are equal for equal content (key order, absent or null, spelling of decimals), and never
    raises. What is equal by `canonical` decodes to equal documents, too.
    `states` are the states in which a document not yet known is stored; none means every state.
    `privacy` is given where the documents name consumers.
    """

    program: str
    documents: Sequence[Received]
    asked_at: datetime
    decode: Callable[[bytes], SaleDocument]
    canonical: Callable[[bytes], bytes]
    states: frozenset[str] = frozenset()
    notes: Sequence[Note] = ()
    privacy: Privacy | None = None
