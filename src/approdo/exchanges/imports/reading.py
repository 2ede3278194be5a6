"""Posted documents, read into the sdk's: from JSON and from XML the same. What was kept raw is read here again."""

from collections.abc import Mapping
from datetime import UTC, datetime, time
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

import msgspec
from msgspec import Struct
from pydantic import BaseModel, ValidationError

from approdo.exchanges.formats import xml_reading
from approdo.exchanges.imports import posted
from approdo.sdk.documents import Address, DocumentType, Line, Parties, Party, PaymentTerms, SaleDocument, Tax
from approdo.sdk.documents import TaxRegistration as Registration
from approdo.sdk.errors import RefusedError, UnreadableDocument
from approdo.sdk.imports import Posted

MOST = 200
"""Documents in one call."""

MOST_BYTES = 32 * 1024 * 1024

STATE = "stored"
"""Of an invoice that is kept here and was not sent to Amazon."""

SIDES = ("selling", "buying", "ship_to", "bill_to", "ship_from", "remit_to")

PYDANTIC = {
    "missing": "missing_option",
    "extra_forbidden": "unknown_option",
    "string_type": "not_text",
    "int_type": "not_a_number",
    "int_from_float": "not_a_number",
    "int_parsing": "not_a_number",
    "list_type": "not_a_list",
    "dict_type": "not_an_object",
    "model_type": "not_an_object",
    "model_attributes_type": "not_an_object",
    "literal_error": "not_a_choice",
    "string_too_long": "text_too_long",
    "string_too_short": "missing_option",
    "too_short": "missing_option",
    "too_long": "too_many_entries",
    "string_pattern_mismatch": "not_a_currency",
    "greater_than_equal": "number_not_possible",
    "less_than_equal": "number_not_possible",
}
"""What pydantic calls a mistake, and the code of our sentence for it; ours have their own names already."""

OWN = frozenset({"not_exact_amount", "amount_too_long", "not_a_day", "not_a_moment_here"})


class Given(NamedTuple):
    """One posted document before it is read: as it came, and its members. `as_text` where values are texts (XML)."""

    raw: bytes
    values: Any
    as_text: bool = False
    error: RefusedError | None = None


class OrderSaid(Struct, frozen=True, kw_only=True):
    """An order update: what the ERP says of the order of this number."""

    number: str
    vendor_code: str | None
    update: posted.PostedUpdate


class Bill(Struct, frozen=True, kw_only=True):
    """An invoice or a credit note as it was posted: without the program, which is that of its orders."""

    type: DocumentType
    number: str
    vendor_code: str | None
    said: posted.PostedInvoice


def from_json(body: bytes) -> list[Given]:
    """The documents of a JSON body, each as it stands there. Raises `RefusedError` where it is none of ours."""
    try:
        known = _BODY.decode(body)
        return [Given(bytes(raw), msgspec.json.decode(raw)) for raw in known.documents]
    except msgspec.ValidationError as error:
        raise RefusedError("not_a_body", reason=str(error)) from None
    except (msgspec.MsgspecError, ValueError, RecursionError) as error:
        raise RefusedError("bad_json", reason=str(error)) from None


class _Body(Struct, forbid_unknown_fields=True):
    documents: list[msgspec.Raw]


_BODY = msgspec.json.Decoder(_Body)


def from_xml(body: bytes) -> list[Given]:
    """Documents of an XML body. Raises `RefusedError` where it is none of ours."""
    return [Given(one.raw, one.values, as_text=True, error=one.error) for one in xml_reading.read(body)]


def kind_of(given: Given) -> str:
    """What it says that it is; empty where it does not."""
    said = given.values.get("type") if isinstance(given.values, Mapping) else None
    return said if isinstance(said, str) else ""


def read(given: Given) -> Bill | OrderSaid:
    """The document. Raises `RefusedError`, whose `field` says where it is wrong."""
    if given.error:
        raise given.error
    if not isinstance(given.values, Mapping):
        raise RefusedError("not_an_object", field="")
    if _holds_nul(given.values):
        raise RefusedError("nul_in_document", field="")
    kind = kind_of(given)
    if kind not in set(Posted):
        raise RefusedError("not_a_posted_type", value=str(given.values.get("type"))[:60], field="type")
    if kind == Posted.ORDER_UPDATE:
        update = _valid(posted.PostedOrderUpdate, given)
        return OrderSaid(number=update.number, vendor_code=update.vendor_code, update=update.order_update)
    said = _valid(posted.PostedInvoice, given)
    if (said.day is None) == (said.date is None):
        raise RefusedError("day_or_date", field="day")
    return Bill(type=DocumentType(said.type), number=said.number, vendor_code=said.vendor_code, said=said)


def _valid(shape: type[Any], given: Given) -> Any:
    try:
        # Texts of XML are held against the schema before: there “5” is a whole number.
        return shape.model_validate(given.values, strict=False if given.as_text else None)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
    context = {name: str(value) for name, value in first.get("ctx", {}).items()}
    value = first["input"] if isinstance(first["input"], str | int | float | bool) else "…"
    known = {"most": context.get("max_length", ""), "choices": context.get("expected", "").replace("'", "")}
    field = ".".join(str(part) for part in first["loc"])
    code = PYDANTIC.get(first["type"], first["type"] if first["type"] in OWN else "value_not_valid")
    raise RefusedError(code, **{**known, **context, "value": str(value)[:60], "reason": first["msg"], "field": field})


def document(bill: Bill, zone: ZoneInfo, program: str, vendor_code: str) -> SaleDocument:
    """The sale document that a bill is; `zone` says where its day begins. Lines are as posted, not yet matched."""
    said = bill.said
    moment = datetime.combine(said.day, time(), zone).astimezone(UTC) if said.day else said.date
    parties = {side: _party(getattr(said, f"{side}_party")) for side in SIDES}
    seller = parties["selling"] or Party()
    parties["selling"] = msgspec.structs.replace(seller, id=vendor_code or seller.id)
    return SaleDocument(
        type=bill.type,
        program=program,
        number=bill.number,
        state=STATE,
        date=moment,
        currency=said.currency,
        tax_total=said.tax_total,
        parties=Parties(**parties),
        orders=tuple(dict.fromkeys([*said.orders, *filter(None, (line.order for line in said.lines))])),
        corrects=said.corrects,
        payment_terms=PaymentTerms(**said.payment_terms.model_dump()) if said.payment_terms else None,
        taxes=tuple(_tax(tax, said.currency) for tax in said.taxes),
        gross_total=said.gross_total,
        lines=tuple(_line(line, place, said.currency) for place, line in enumerate(said.lines, 1)),
    )


def _line(line: posted.PostedLine, place: int, currency: str) -> Line:
    return Line(
        sequence=line.sequence or str(place),
        asin=line.asin or "",
        vendor_sku=line.vendor_sku or "",
        sku=line.sku or None,
        title=line.title,
        quantity=line.quantity,
        unit=line.unit,
        unit_size=line.unit_size,
        eaches=line.eaches,
        net_cost=line.net_cost,
        currency=currency,
        taxes=tuple(_tax(tax, currency) for tax in line.taxes),
        order=line.order,
        order_line=line.order_line,
        stated_total=line.total,
    )


def _tax(tax: posted.PostedTax, currency: str) -> Tax:
    return Tax(
        type=tax.type,
        rate=tax.rate,
        amount=tax.amount,
        taxable_amount=tax.taxable_amount,
        currency=tax.currency or currency,
    )


def _party(party: posted.PostedParty | None) -> Party | None:
    if party is None:
        return None
    address = Address(**party.address.model_dump()) if party.address else None
    tax = Registration(**party.tax_registration.model_dump()) if party.tax_registration else None
    return Party(id=party.id, address=address, tax_registration=tax)


def again(raw: bytes, zone: ZoneInfo, program: str, vendor_code: str) -> SaleDocument:
    """A bill that was kept raw, once more. Raises `UnreadableDocument`."""
    try:
        if raw.lstrip().startswith(b"<"):
            given = Given(raw, xml_reading.read_one(raw), as_text=True)
        else:
            given = Given(raw, msgspec.json.decode(raw))
        found = read(given)
    except (RefusedError, msgspec.MsgspecError, ValueError) as error:
        raise UnreadableDocument("not_an_object") from error
    if not isinstance(found, Bill):
        raise UnreadableDocument("not_an_object")
    return document(found, zone, program, vendor_code)


def as_data(shape: BaseModel) -> Any:
    """As plain JSON values; what is not there is left out."""
    return shape.model_dump(mode="json", exclude_none=True)


def _holds_nul(value: Any) -> bool:
    match value:
        case str():
            return "\0" in value
        case list():
            return any(map(_holds_nul, value))
        case Mapping():
            return any(_holds_nul(key) or _holds_nul(one) for key, one in value.items())
    return False
