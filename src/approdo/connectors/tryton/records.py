"""What Tryton holds, as far as an order names it."""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Any

from msgspec import Struct


class Unit(Struct, frozen=True, kw_only=True):
    """A unit of measure: how many of its category's base it holds, and the steps in which it is counted."""

    id: int
    name: str
    category: int
    size: Fraction
    step: Fraction


class Product(Struct, frozen=True, kw_only=True):
    """A product and the unit in which it is sold."""

    id: int
    code: str
    salable: bool
    unit: Unit


class Address(Struct, frozen=True, kw_only=True):
    """An address: what stands in *Party Name*, and all of its text."""

    id: int
    name: str
    text: str


class Customer(Struct, frozen=True, kw_only=True):
    """A party that buys; `terms` are the fields of a sale that Tryton fills in for it."""

    id: int
    name: str
    addresses: tuple[Address, ...]
    terms: dict[str, Any]


class Line(Struct, frozen=True, kw_only=True):
    """What a line of a sale sells; `code` is for people."""

    product: int
    code: str
    unit: int
    quantity: Decimal
    unit_price: Decimal

    def __str__(self) -> str:
        price = self.unit_price.normalize()
        cents = price.quantize(Decimal("0.01"))
        return f"{self.quantity.normalize():f} × {cents if cents == price else price:f}"


class Sale(Struct, frozen=True, kw_only=True):
    """A sale as it stands in Tryton; `lines` by their numbers, without titles, comments and subtotals."""

    id: int
    number: str
    state: str
    state_label: str
    header: dict[str, Any]
    lines: dict[int, Line]

    @property
    def name(self) -> str:
        """Its number, or how it can be found while it has none."""
        return self.number or f"id {self.id}"


class Wanted(Struct, frozen=True, kw_only=True):
    """The sale that an order is to be; without lines, none."""

    customer: Customer
    reference: str
    sale_date: date | None = None
    header: dict[str, Any] = {}
    lines: tuple[Line, ...] = ()


HEADER = ("currency", "shipment_address", "shipping_date", "description")
"""The fields of a sale that follow the order, beside its lines."""


def unit(found: Mapping[str, Any]) -> Unit:
    """A unit as it was read."""
    return Unit(
        id=found["id"],
        name=found["name"],
        category=found["category"],
        size=_size(found["factor"], found["rate"]),
        step=Fraction(str(found["rounding"])),
    )


def product(found: Mapping[str, Any]) -> Product:
    """A product as it was read."""
    return Product(id=found["id"], code=found["code"], salable=bool(found["salable"]), unit=unit(found["sale_uom."]))


def address(found: Mapping[str, Any]) -> Address:
    """An address as it was read."""
    return Address(id=found["id"], name=found["party_name"] or "", text=found["full_address"] or "")


def sale(found: Mapping[str, Any]) -> Sale:
    """A sale as it was read."""
    return Sale(
        id=found["id"],
        number=found["number"] or "",
        state=found["state"],
        state_label=found["state:string"],
        header={name: found[name] for name in HEADER},
        lines={one["id"]: _line(one) for one in found.get("lines.") or () if one["type"] == "line"},
    )


def _line(found: Mapping[str, Any]) -> Line:
    return Line(
        product=found["product"] or 0,
        code=(found.get("product.") or {}).get("code") or "?",
        unit=found["unit"] or 0,
        quantity=Decimal(str(found["quantity"] or 0)),
        unit_price=found["unit_price"] or Decimal(0),
    )


def _size(factor: float, rate: float) -> Fraction:
    """Of the two that mean the same the one with fewer digits is exact, as it is to Tryton."""
    exact, inverse = str(factor), str(rate)
    return Fraction(exact) if len(exact) <= len(inverse) else 1 / Fraction(inverse)
