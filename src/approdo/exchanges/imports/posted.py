"""The form of what is posted: strict, every field of its own kind, nothing unknown.

The same shapes are described in the API's own description. A value that came as XML is a text and means what it says.
"""

import re
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Annotated, Literal, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints, WithJsonSchema
from pydantic_core import PydanticCustomError

MOST_LINES = 10_000
MOST_DIGITS = 20
"""Of an amount: what an XML processor has to know is 18, what a column holds is without an end."""

MOST_PIECES = 10**12
NUMBER = 64
CODE = 100
TEXT = 4000

When = TypeVar("When", date, datetime)

_AMOUNT = re.compile(r"-?[0-9]+(\.[0-9]+)?")
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


def _wrong(code: str, value: object, **more: object) -> PydanticCustomError:
    return PydanticCustomError(code, code, {"value": str(value)[:60], **more})


def _amount(value: object) -> Decimal:
    if not isinstance(value, str) or not _AMOUNT.fullmatch(value.strip(" \t\r\n")):
        raise _wrong("not_exact_amount", value)
    if sum(one.isdecimal() for one in value) > MOST_DIGITS:
        raise _wrong("amount_too_long", value, most=MOST_DIGITS)
    return Decimal(value.strip(" \t\r\n"))


def _day(value: object) -> date:
    try:
        if isinstance(value, str) and _DAY.fullmatch(value.strip()):
            return _sensible(date.fromisoformat(value.strip()))
    except ValueError:
        pass
    raise _wrong("not_a_day", value)


def _sensible(when: When) -> When:
    """A day or moment that every time zone can hold; the year 1 is how some systems write none."""
    if not 1970 <= when.year <= 9998:
        raise ValueError(when)
    return when


def _moment(value: object) -> datetime:
    try:
        moment = datetime.fromisoformat(value) if isinstance(value, str) and "T" in value else None
        if moment and moment.tzinfo:
            return _sensible(moment.astimezone(UTC))
    except (ValueError, OverflowError):
        pass
    raise _wrong("not_a_moment_here", value)


_AS_TEXT = {"type": "string", "pattern": "^-?[0-9]+(\\.[0-9]+)?$", "examples": ["1234.50"]}

Amount = Annotated[Decimal, BeforeValidator(_amount), WithJsonSchema(_AS_TEXT)]
Day = Annotated[date, BeforeValidator(_day), WithJsonSchema({"type": "string", "format": "date"})]
Moment = Annotated[datetime, BeforeValidator(_moment), WithJsonSchema({"type": "string", "format": "date-time"})]
Number = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=NUMBER)]
Code = Annotated[str, StringConstraints(strip_whitespace=True, max_length=CODE)]
Long = Annotated[str, StringConstraints(max_length=TEXT)]
Receipt = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]
Pieces = Annotated[int, Field(ge=-MOST_PIECES, le=MOST_PIECES)]
Currency = Annotated[str, Field(pattern="^[A-Z]{3}$", description="ISO 4217.")]


class Shape(BaseModel):
    """What is posted, or a part of it."""

    model_config = ConfigDict(strict=True, extra="forbid")


class PostedAddress(Shape):
    """A postal address."""

    name: Long | None = None
    attention: Long | None = None
    line_1: Long | None = None
    line_2: Long | None = None
    line_3: Long | None = None
    city: Long | None = None
    county: Long | None = None
    district: Long | None = None
    state_or_region: Long | None = None
    postal_code: Long | None = None
    country_code: Long | None = None
    phone: Long | None = None


class PostedTaxRegistration(Shape):
    """A VAT or GST registration."""

    type: Code | None = Field(None, description="`VAT` or `GST`.")
    number: Code | None = None


class PostedParty(Shape):
    """One side of the sale."""

    id: Code | None = None
    address: PostedAddress | None = None
    tax_registration: PostedTaxRegistration | None = None


class PostedTax(Shape):
    """One tax."""

    type: Code | None = Field(None, description="Amazon's: `VAT`, `MwSt.`, `TVA`, `DomesticVAT`, `GST` …")
    rate: Amount | None = Field(None, description="As a percentage: 22, not 0.22.")
    amount: Amount
    taxable_amount: Amount | None = None
    currency: Currency | None = Field(None, description="Left out: the document's.")


class PostedTerms(Shape):
    """When it is to be paid."""

    type: Code | None = Field(
        None,
        description="Amazon's: `Basic`, `EndOfMonth`, `FixedDate`, `Proximo`, `PaymentDueUponReceiptOfInvoice` …",
    )
    discount_percent: Amount | None = None
    discount_due_days: Annotated[int, Field(ge=0, le=9999)] | None = None
    net_due_days: Annotated[int, Field(ge=0, le=9999)] | None = None


class PostedLine(Shape):
    """One line. It names the order's line by `order_line`, or by a code that no other line of the order has."""

    sequence: Number | None = Field(None, description="The document's own; left out: its place, from 1.")
    order: Number | None = Field(None, description="The order's number; left out where the document has only one.")
    order_line: Number | None = Field(None, description="The `sequence` of the line in its order.")
    vendor_sku: Code | None = None
    asin: Code | None = None
    sku: Code | None = Field(None, description="Your own.")
    title: Long | None = None
    quantity: Pieces = Field(description="Counts `unit`.")
    unit: Literal["eaches", "cases"]
    unit_size: Pieces | None = Field(None, description="How many pieces a case holds; left out: as ordered.")
    eaches: Pieces | None = Field(None, description="The same in pieces; only compared.")
    net_cost: Amount = Field(description="Per piece, never per case.")
    currency: Currency | None = Field(None, description="The document's; only compared.")
    taxes: list[PostedTax] = Field([], max_length=20)
    total: Amount | None = Field(None, description="Pieces × net cost, exact or rounded half up to a cent or finer.")


class PostedInvoice(Shape):
    """An invoice or a credit note."""

    type: Literal["invoice", "credit_note"]
    number: Number
    vendor_code: Code | None = Field(
        None, description="As the order has it; needed where several orders could be meant."
    )
    day: Day | None = Field(None, description="The invoice's day, in the time zone of the node.")
    date: Moment | None = Field(None, description="Instead of `day`.")
    orders: list[Number] = Field([], max_length=1000, description="Left out where each line names its order.")
    corrects: Number | None = Field(None, description="Of a credit note: the invoice's number.")
    currency: Currency
    payment_terms: PostedTerms | None = None
    selling_party: PostedParty | None = None
    buying_party: PostedParty | None = None
    ship_to_party: PostedParty | None = None
    bill_to_party: PostedParty | None = None
    ship_from_party: PostedParty | None = None
    remit_to_party: PostedParty | None = None
    lines: list[PostedLine] = Field(min_length=1, max_length=MOST_LINES)
    total: Amount | None = Field(None, description="The sum of the lines' totals, without taxes.")
    taxes: list[PostedTax] = Field([], max_length=100, description="Of the whole document, one for each type and rate.")
    tax_total: Amount | None = None
    gross_total: Amount = Field(description="What is to be paid: total and taxes.")


class PostedAnswer(Shape):
    """A part of what was ordered."""

    quantity: Annotated[int, Field(ge=1, le=MOST_PIECES)]
    unit: Literal["eaches", "cases"]
    unit_size: Pieces | None = None
    eaches: Pieces | None = None


class PostedDelivery(PostedAnswer):
    """A part that will be delivered."""

    ship_date: Day | None = None
    delivery_date: Day | None = None


class PostedRejection(PostedAnswer):
    """A part that will not."""

    reason: Literal["temporarily_unavailable", "invalid_product_identifier", "obsolete_product"] | None = None


class PostedUpdateLine(Shape):
    """What becomes of one line of the order."""

    sequence: Number | None = None
    vendor_sku: Code | None = None
    asin: Code | None = None
    sku: Code | None = None
    accepted: PostedDelivery | None = None
    backordered: PostedDelivery | None = None
    rejected: PostedRejection | None = None


class PostedUpdate(Shape):
    """What the ERP says of an order."""

    receipt: Receipt | None = Field(None, description="The ERP's number; left out: as said before.")
    lines: list[PostedUpdateLine] = Field(
        [], max_length=MOST_LINES, description="In place of all that were said before; left out: as said before."
    )


class PostedOrderUpdate(Shape):
    """An order update."""

    type: Literal["order"]
    number: Number = Field(description="The order's.")
    vendor_code: Code | None = None
    order_update: PostedUpdate


class PostedDocuments(Shape):
    """Some documents."""

    documents: list[PostedInvoice | PostedOrderUpdate] = Field(max_length=200)
