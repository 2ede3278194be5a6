"""An order as the sale that it is to be in Tryton. Asks nobody: everything was looked up before."""

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Any

from msgspec import Struct

from approdo.connectors.tryton.records import Address, Customer, Line, Product, Sale, Unit, Wanted
from approdo.sdk.errors import RefusedError

Order = Mapping[str, Any]
Day = Callable[[Order, str | None], str | None]


class Known(Struct, frozen=True, kw_only=True):
    """What was found of what the orders name. `digits` are the decimals of a unit price, where Tryton says so."""

    customers: Mapping[str, Sequence[Customer]]
    products: Mapping[str, Sequence[Product]]
    currencies: Mapping[str, int]
    piece: Unit
    digits: int | None
    party: str
    """The code of the one party that stands for Amazon; empty where there is one for each vendor code."""
    vendor_sku_as_code: bool


def wanted(order: Order, known: Known, day: Day) -> Wanted:
    """The sale that the order is to be. Raises `RefusedError` with what is unknown or does not fit."""
    customer = _customer(order, known)
    ordered = [line for line in order["lines"] if is_ordered(line)]
    if not ordered:
        return Wanted(customer=customer, reference=order["number"])
    if order["currency"] not in known.currencies:
        raise RefusedError("tryton_unknown_currency", number=order["number"], currency=order["currency"] or "?")
    first, last = _days(order, day)
    sold = _date(day(order, order["date"]))
    code, address = _ship_to(order, customer)
    header = {
        "currency": known.currencies[order["currency"]],
        "shipment_address": address.id,
        "shipping_date": max(first, sold) if first and sold else first,
        "description": f"{code}: {first}" + (f" – {last}" if last != first else "") if first else code,
    }
    lines = _lines(order, ordered, known)
    return Wanted(customer=customer, reference=order["number"], sale_date=sold, header=header, lines=lines)


def is_ordered(line: Mapping[str, Any]) -> bool:
    """Whether anything of a line is still wanted."""
    return not line["cancelled"] and not line["vanished"] and line["quantity"] != 0


def codes(orders: Sequence[Order], vendor_sku_as_code: bool) -> set[str]:
    """The codes by which products are looked up."""
    lines = [line for order in orders for line in order["lines"] if is_ordered(line)]
    return {code for line in lines if (code := _code(line, vendor_sku_as_code))}


def differences(sale: Sale, wanted: Wanted) -> str:
    """In what a sale is not as it is to be: `ART-001: 12 × 1.10 → 24 × 1.10`. Empty where it is."""
    changed, added, removed = _compared(sale, wanted)
    found = [f"{line.code}: {sale.lines[number]} → {line}" for number, line in changed.items()]
    found += [f"{line.code}: – → {line}" for line in added]
    found += [f"{sale.lines[number].code}: {sale.lines[number]} → –" for number in removed]
    if sale.header["description"] != wanted.header["description"]:
        found.append(f"{sale.header['description'] or '–'} → {wanted.header['description']}")
    return ", ".join(found)


def writing(sale: Sale, wanted: Wanted) -> dict[str, Any]:
    """What to write into a sale so that it is as it is to be; new lines still lack their taxes."""
    changed, added, removed = _compared(sale, wanted)
    values = {name: value for name, value in wanted.header.items() if sale.header[name] != value}
    commands: list[Any] = [["write", [number], fields(line)] for number, line in changed.items()]
    commands += [["create", [fields(line) for line in added]]] if added else []
    commands += [["delete", removed]] if removed else []
    return {**values, "lines": commands} if commands else values


def fields(line: Line) -> dict[str, Any]:
    """A line as it is written."""
    return {
        "product": line.product,
        "unit": line.unit,
        "quantity": float(line.quantity),
        "unit_price": line.unit_price,
    }


def _compared(sale: Sale, wanted: Wanted) -> tuple[dict[int, Line], list[Line], list[int]]:
    """Which lines change, which are new, which go. What stays as it is keeps what somebody did to it in Tryton."""
    left = dict(sale.lines)
    missing = []
    for line in wanted.lines:
        same = next((number for number, one in left.items() if one == line), None)
        if same is None:
            missing.append(line)
        else:
            del left[same]
    changed: dict[int, Line] = {}
    added = []
    for line in missing:
        other = next((number for number, one in left.items() if one.product == line.product), None)
        if other is None:
            added.append(line)
        else:
            del left[other]
            changed[other] = line
    return changed, added, list(left)


def _customer(order: Order, known: Known) -> Customer:
    name = known.party or order["vendor_code"]
    found = known.customers.get(name, ())
    if len(found) != 1:
        code = "tryton_several_parties" if found else "tryton_unknown_vendor"
        raise RefusedError(code, number=order["number"], vendor_code=name)
    return found[0]


def _ship_to(order: Order, customer: Customer) -> tuple[str, Address]:
    """The fulfilment centre's code, and its address: *Party Name* has the code as a word, or else the text has."""
    code = (order["ship_to_party"] or {}).get("id") or ""
    word = re.compile(rf"(?<!\w){re.escape(code)}(?!\w)", re.IGNORECASE)
    for name in ("name", "text"):
        found = [one for one in customer.addresses if code and word.search(getattr(one, name))]
        if len(found) == 1:
            return code, found[0]
        if found:
            params = {"number": order["number"], "ship_to": code, "party": customer.name, "many": len(found)}
            raise RefusedError("tryton_several_addresses", **params)
    raise RefusedError("tryton_unknown_ship_to", number=order["number"], ship_to=code or "?", party=customer.name)


def _days(order: Order, day: Day) -> tuple[date | None, date | None]:
    """The days of the window: of delivery, or else of shipping."""
    window = order["delivery_window"] or order["ship_window"] or {}
    first, last = _date(day(order, window.get("start"))), _date(day(order, window.get("end")))
    return first or last, last or first


def _date(text: str | None) -> date | None:
    return date.fromisoformat(text) if text else None


def _lines(order: Order, ordered: Sequence[Mapping[str, Any]], known: Known) -> tuple[Line, ...]:
    number = order["number"]
    nameless = [line["vendor_sku"] or line["asin"] for line in ordered if not _code(line, known.vendor_sku_as_code)]
    if nameless:
        raise RefusedError("tryton_no_sku", number=number, codes=_listed(nameless))
    named = [(line, _code(line, known.vendor_sku_as_code)) for line in ordered]
    found = {sku: known.products.get(sku, ()) for _, sku in named}
    for code, wrong in (
        ("tryton_unknown_sku", [sku for sku, products in found.items() if not products]),
        ("tryton_several_products", [sku for sku, products in found.items() if len(products) > 1]),
        ("tryton_not_salable", [sku for sku, products in found.items() if products and not products[0].salable]),
    ):
        if wrong:
            raise RefusedError(code, number=number, codes=_listed(wrong))
    return tuple(_line(number, line, found[sku][0], known) for line, sku in named)


def _line(number: str, line: Mapping[str, Any], product: Product, known: Known) -> Line:
    """The line in the unit in which the product is sold, nothing rounded."""
    sku, unit = product.code, product.unit
    if line["eaches"] is None or line["net_cost"] is None or line["price_unit"]:
        raise RefusedError("tryton_not_by_piece", number=number, sku=sku)
    if unit.category != known.piece.category:
        raise RefusedError("tryton_no_pieces", number=number, sku=sku, unit=unit.name, piece=known.piece.name)
    pieces = unit.size / known.piece.size
    counted, price = line["eaches"] / pieces, _decimal(Fraction(line["net_cost"]) * pieces)
    quantity = _decimal(counted) if (counted / unit.step).denominator == 1 else None
    if quantity is None:
        params = {"eaches": line["eaches"], "pieces": str(pieces)}
        raise RefusedError("tryton_no_whole_units", number=number, sku=sku, unit=unit.name, **params)
    if price is None or (known.digits is not None and _decimals(price) > known.digits):
        params = {"price": line["net_cost"], "digits": known.digits}
        raise RefusedError("tryton_price_digits", number=number, sku=sku, unit=unit.name, **params)
    return Line(product=product.id, code=sku, unit=unit.id, quantity=quantity, unit_price=price)


def _code(line: Mapping[str, Any], vendor_sku_as_code: bool) -> str:
    return line["sku"] or (line["vendor_sku"] if vendor_sku_as_code else "") or ""


def _decimal(value: Fraction) -> Decimal | None:
    """The same number as a decimal, or none where it has no end."""
    rest = value.denominator
    for prime in (2, 5):
        while rest % prime == 0:
            rest //= prime
    return Decimal(value.numerator) / Decimal(value.denominator) if rest == 1 else None


def _decimals(value: Decimal) -> int:
    exponent = value.normalize().as_tuple().exponent
    return max(0, -exponent) if isinstance(exponent, int) else 0


def _listed(codes: Sequence[str]) -> str:
    return ", ".join(dict.fromkeys(codes))
