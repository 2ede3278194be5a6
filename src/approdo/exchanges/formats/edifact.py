"""Orders as EDIFACT ORDERS D.96A: one interchange, one message for each order, in ISO 8859-1 (UNOC).

What a receiver acts on is exact or not written at all: codes, numbers, quantities and amounts that EDIFACT cannot hold
as they are make the document unfit (`unfit`). Titles, names and addresses are for people: what ISO 8859-1 lacks loses
its marks or becomes a question mark, and what is longer than its field is cut (`docs/exports.md`).
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from approdo.exchanges.formats import days
from approdo.exchanges.formats.outgoing import NO_BATCH, Batch, Document, Options, in_chunks
from approdo.sdk.errors import ConfigError
from approdo.sdk.exports import Refusal

ENCODING = "iso-8859-1"
NAME = ("ORDERS", "D", "96A", "UN")

ORDER = "220"
ORIGINAL, CHANGE, CANCELLATION = "9", "4", "1"
DELETED = "2"
"""What is asked of a line that is no longer wanted."""

UNITS = {"eaches": "PCE", "cases": "CS"}
PRICE_UNITS = {"pounds": "LBR", "ounces": "ONZ", "grams": "GRM", "kilograms": "KGM", "kg": "KGM", "lb": "LBR"}
"""What a price can be for, beside a piece."""

ALIKE = {
    "‘": "'", "’": "'", "“": '"', "”": '"', "„": '"', "–": "-", "—": "-", "€": "EUR", "Œ": "OE", "œ": "oe",
    "Ł": "L", "ł": "l", "Đ": "D", "đ": "d", "ı": "i",
}  # fmt: skip
"""What people write instead."""

MOST_DIGITS = 15
CODE = 35

Element = str | tuple[str, ...]

_ESCAPED = re.compile(r"[?+:']")
_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f]+")


class _Unfit(Exception):
    """The document cannot be written; `code` and `params` say why."""

    def __init__(self, code: str, **params: Any) -> None:
        self.refusal = Refusal(code, params)


def media_type(_options: Options) -> str:
    """That of RFC 1767."""
    return f"application/EDIFACT; charset={ENCODING}"


def unfit(document: Document, options: Options) -> Refusal | None:
    """Why EDIFACT ORDERS cannot hold the document, or none."""
    try:
        list(_body(document, options, datetime.now(UTC)))
    except _Unfit as error:
        return error.refusal
    return None


def write(documents: Iterable[Document], options: Options, batch: Batch = NO_BATCH) -> Iterator[bytes]:
    """One interchange, its segments one after the other without line ends. Raises `ConfigError("edifact_parties")`."""
    if not options.get("sender") or not options.get("receiver"):
        raise ConfigError("edifact_parties")
    return in_chunks(_interchange(documents, options, batch))


def _interchange(documents: Iterable[Document], options: Options, batch: Batch) -> Iterator[bytes]:
    at = (batch.at or datetime.now(UTC)).astimezone(ZoneInfo(options.get("time_zone") or "UTC"))
    reference = interchange_reference(batch)
    yield b"UNA:+.? '"
    yield _segment(
        "UNB", ("UNOC", "3"), _party(options, "sender"), _party(options, "receiver"), (f"{at:%y%m%d}", f"{at:%H%M}"),
        reference, "", NAME[0], "", "", "", "1" if options.get("test_interchange") else "",
    )  # fmt: skip
    messages = 0
    for messages, document in enumerate(documents, 1):
        yield from _message(document, options, at, f"{reference[:8]}{messages:04}")
    yield _segment("UNZ", str(messages), reference)


def interchange_reference(batch: Batch) -> str:
    """14 characters that no other interchange has: the end of the batch's name, its number and the part in base 36."""
    number, _, tag = (batch.id or "0-00000000").partition("-")
    return f"{tag.upper():0>8.8}{_base_36(int(number), 4)}{_base_36(batch.part, 2)}"


def _base_36(number: int, digits: int) -> str:
    found = ""
    for _ in range(digits):
        number, digit = divmod(number, 36)
        found = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"[digit] + found
    return found


def _party(options: Options, side: str) -> Element:
    return (options[side], options.get(f"{side}_qualifier") or "")


def _message(document: Document, options: Options, at: datetime, reference: str) -> Iterator[bytes]:
    yield _segment("UNH", reference, NAME)
    count = 2  # UNH and UNT
    for segment in _body(document, options, at):
        count += 1
        yield segment
    yield _segment("UNT", str(count), reference)


def _body(document: Document, options: Options, at: datetime) -> Iterator[bytes]:
    if document["type"] != "order":
        raise _Unfit("edifact_orders_only", type=document["type"])
    zone = days.zone_of(document, options)
    order, function = _code(document["number"], "number"), _function(document)
    if not order:
        raise _Unfit("edifact_lacks", field="number")
    yield _segment("BGM", ORDER, order, function)
    yield from _dates(document, zone, at)
    if function != ORIGINAL:
        yield _segment("RFF", ("ON", order))
    for qualifier, name in (("PD", "deal_code"), ("CR", "customer_order_number")):
        if document.get(name):
            yield _segment("RFF", (qualifier, _code(document[name], name)))
    yield from _parties(document)
    if document["currency"]:
        yield _segment("CUX", ("2", _code(document["currency"], "currency", 3), "9"))
    lines = document["lines"]
    for number, line in zip(_numbers(lines), lines, strict=True):
        yield from _line(line, number, document["currency"])
    yield _segment("UNS", "S")
    yield _segment("CNT", ("2", str(len(lines))))


def _function(document: Document) -> str:
    lines = document["lines"]
    if document["state"] == "cancelled" or (lines and all(_is_gone(line) for line in lines)):
        return CANCELLATION
    return CHANGE if document["export"]["change"] else ORIGINAL


def _is_gone(line: Mapping[str, Any]) -> bool:
    return bool(line.get("cancelled") or line.get("vanished"))


def _dates(document: Document, zone: ZoneInfo, at: datetime) -> list[bytes]:
    def day(moment: str | None) -> str | None:
        return days.day(moment, zone)

    window, ship = document["delivery_window"] or {}, document["ship_window"] or {}
    first, last = day(window.get("start")), day(window.get("end") or document.get("promised_delivery_date"))
    delivery = [("2", first)] if first and first == last else [("64", first), ("63", last)]
    shipping = [("37", day(ship.get("start"))), ("38", day(ship.get("end") or document.get("required_ship_date")))]
    ordered = ("137", day(document["date"] or at.isoformat()))
    return [
        _segment("DTM", (qualifier, on.replace("-", ""), "102"))
        for qualifier, on in (ordered, *delivery, *shipping)
        if on
    ]


def _parties(document: Document) -> Iterator[bytes]:
    place = document.get("ship_to_place") or {}
    of_place = {
        "name": place.get("name"), "line_1": place.get("address"), "city": place.get("city"),
        "postal_code": place.get("postal_code"), "country_code": place.get("country"),
    }  # fmt: skip
    seller = document["selling_party"] or {}
    parties: tuple[tuple[str, Mapping[str, Any], Mapping[str, Any]], ...] = (
        ("BY", document["buying_party"] or {}, {}),
        ("SU", {**seller, "id": document["vendor_code"] or seller.get("id")}, {}),
        ("DP", document["ship_to_party"] or {}, of_place),
        ("IV", document["bill_to_party"] or {}, {}),
        ("SF", document["ship_from_party"] or {}, {}),
    )
    for qualifier, party, otherwise in parties:
        code, address = party.get("id") or "", party.get("address") or otherwise
        if code or any(address.values()):
            code = _code(code, f"NAD+{qualifier}", 17)
            yield _segment("NAD", qualifier, (code, "", "92") if code else "", "", *_address(address))
            if vat := (party.get("tax_registration") or {}).get("number"):
                yield _segment("RFF", ("VA", _code(vat, "tax_registration")))


def _address(address: Mapping[str, Any]) -> tuple[Element, ...]:
    """Name, street, city, region, postal code, country: C080, C059, 3164, 3229, 3251, 3207."""
    street = [piece for name in ("line_1", "line_2", "line_3") for piece in _pieces(address.get(name), 4)][:4]
    region, country = address.get("state_or_region") or "", address.get("country_code") or ""
    return (
        _pieces(address.get("name"), 5),
        tuple(street),
        "".join(_pieces(address.get("city"), 1)),
        "".join(_pieces(region, 1)) if len(region) <= 9 else "",
        "".join(_pieces(address.get("postal_code"), 1))[:9],
        "".join(_pieces(country, 1)) if len(country) <= 3 else "",
    )


def _numbers(lines: Sequence[Mapping[str, Any]]) -> list[str]:
    """Amazon's numbers of the lines, by which answers name them; where those are none for EDIFACT, counted from 1."""
    known = [line["sequence"] for line in lines]
    if len(set(known)) == len(known) and all(re.fullmatch("[0-9]{1,6}", one) for one in known):
        return known
    return [str(position) for position in range(1, len(lines) + 1)]


def _line(line: Mapping[str, Any], number: str, currency: str) -> Iterator[bytes]:
    gone = _is_gone(line)
    item, others = _item(line)
    yield _segment("LIN", number, DELETED if gone else "", item)
    for function, code in others:
        yield _segment("PIA", function, code)
    described = _pieces(line.get("title"), 20)
    for place in range(0, len(described), 2):
        yield _segment("IMD", "F", "", ("", "", "", *described[place : place + 2]))
    yield from _quantities(line, gone)
    yield from _prices(line, currency)


def _item(line: Mapping[str, Any]) -> tuple[Element, list[tuple[str, Element]]]:
    """What is ordered: as the line names it, and what else it is called."""
    asin, vendor_sku, sku = (_code(line.get(name) or "", name) for name in ("asin", "vendor_sku", "sku"))
    if not (vendor_sku or asin):
        raise _Unfit("edifact_lacks", field="vendor_sku")
    others: list[tuple[str, Element]] = []
    if asin and vendor_sku:
        others.append(("1", (asin, "IN")))
    if sku:
        others.append(("5", (sku, "SA")))
    if not vendor_sku:
        return (asin, "IN"), others
    return (vendor_sku, "EN" if is_ean(vendor_sku) else "SA"), others


def is_ean(text: str) -> bool:
    """Whether the text is a GTIN of 8, 12, 13 or 14 digits, its check digit included."""
    if not re.fullmatch("[0-9]{8}|[0-9]{12,14}", text):
        return False
    return sum(int(digit) * (3 if place % 2 else 1) for place, digit in enumerate(reversed(text))) % 10 == 0


def _quantities(line: Mapping[str, Any], gone: bool) -> Iterator[bytes]:
    """As it was ordered; of cases also how many pieces one holds, and how many that makes."""
    if line["unit"] not in UNITS:
        raise _Unfit("edifact_unit", unit=line["unit"])
    if line["quantity"] is None:
        raise _Unfit("edifact_lacks", field="quantity")
    yield _segment("QTY", ("21", _number(0 if gone else line["quantity"]), UNITS[line["unit"]]))
    if line["unit"] == "cases":
        if line["unit_size"] is not None:
            yield _segment("QTY", ("59", _number(line["unit_size"]), "PCE"))
        if line["eaches"] is not None:
            yield _segment("QTY", ("1", _number(0 if gone else line["eaches"]), "PCE"))


def _prices(line: Mapping[str, Any], currency: str) -> Iterator[bytes]:
    """Each with what it is for, so that nobody takes the price of a piece for that of a case."""
    unit = line.get("price_unit")
    per = PRICE_UNITS.get(unit.lower()) if unit else "PCE"
    for qualifier, name in (("AAA", "net_cost"), ("AAB", "list_price")):
        if line.get(name) is None:
            continue
        if per is None:
            raise _Unfit("edifact_unit", unit=unit)
        yield _segment("PRI", (qualifier, _number(line[name]), "", "", "1", per))
        own = line.get("currency")
        if own and own != currency:
            yield _segment("CUX", ("2", _code(own, "currency", 3), "9"))


def _number(value: Any) -> str:
    text = str(value)
    if sum(character.isdigit() for character in text) > MOST_DIGITS:
        raise _Unfit("edifact_number", value=text)
    return text


def _code(text: str, field: str, most: int = CODE) -> str:
    """A text that is not for people: exact, or the document is unfit."""
    if text.isascii() and text.isprintable() and len(text) <= most:
        return text
    if len(text) > most or _CONTROL.search(text) or text.encode(ENCODING, "ignore").decode(ENCODING) != text:
        raise _Unfit("edifact_code", field=field, value=text, most=most)
    return text


def _pieces(text: str | None, most: int) -> tuple[str, ...]:
    """A text for people, in up to `most` pieces that fit a field."""
    plain = _CONTROL.sub(" ", text or "")
    if not plain.isascii():
        plain = "".join(map(_plain, plain))
    plain = plain[: most * CODE]
    return tuple(plain[place : place + CODE] for place in range(0, len(plain), CODE))


def _plain(character: str) -> str:
    if ord(character) < 256:
        return character
    if character in ALIKE:
        return ALIKE[character]
    without = "".join(one for one in unicodedata.normalize("NFKD", character) if ord(one) < 256)
    return without if without and not _CONTROL.search(without) else "?"


def _segment(tag: str, *elements: Element) -> bytes:
    """A segment; what is empty at the end of it, or of a composite, is left out."""
    written = [":".join(_trimmed(map(_escaped, (one,) if isinstance(one, str) else one))) for one in elements]
    return ("+".join([tag, *_trimmed(written)]) + "'").encode(ENCODING)


def _escaped(text: str) -> str:
    return _ESCAPED.sub(r"?\g<0>", text)


def _trimmed(parts: Iterable[str]) -> list[str]:
    found = list(parts)
    while found and not found[-1]:
        found.pop()
    return found
