"""The goods that a simulated vendor sells: ASIN, the vendor's own number, case pack, cost."""

from dataclasses import dataclass, field
from decimal import ROUND_HALF_UP, Decimal
from functools import lru_cache
from random import Random

from amazon_simulator.places import Country
from amazon_simulator.shapes import Money

# A prime, so that any step through the range visits every product once.
RANGE = 401
_ASIN_ALPHABET = "0123456789BCDFGHJKLMNPQRSTVWXYZ"
_CASE_SIZES = (1, 1, 4, 6, 6, 8, 10, 12, 12, 24)
_CENT = Decimal("0.01")


@dataclass(frozen=True, eq=False)
class Product:
    """One article. `cost` is in EUR per each, or per kilogram where `by_weight`."""

    asin: str
    vendor_number: str
    case_size: int
    cost: Decimal
    by_weight: bool
    back_order: bool
    has_list_price: bool
    _prices: dict[str, tuple[Money, Money | None]] = field(default_factory=dict, init=False)

    def prices(self, country: Country) -> tuple[Money, Money | None]:
        """Net cost and, of some, list price: in the country's currency, per each or kilogram."""
        if country.code not in self._prices:
            net_cost = self._money(country, self.cost)
            shelf = self._money(country, self.cost * Decimal("1.65"))
            self._prices[country.code] = net_cost, shelf if self.has_list_price else None
        return self._prices[country.code]

    def _money(self, country: Country, euros: Decimal) -> Money:
        amount = (euros * country.rate).quantize(_CENT, ROUND_HALF_UP)
        unit = "KILOGRAMS" if self.by_weight else None
        return Money(currency_code=country.currency, amount=str(amount), unit_of_measure=unit)


@lru_cache(maxsize=16)
def make_range(seed: str) -> tuple[Product, ...]:
    """The vendor's `RANGE` products; the same seed gives the same ones."""
    random = Random(seed)  # noqa: S311
    return tuple(_product(random, place) for place in range(RANGE))


def _product(random: Random, place: int) -> Product:
    asin = "B0" + "".join(random.choices(_ASIN_ALPHABET, k=8))
    # Vendors set either the barcode or their own article number as identifier (reference 5.3).
    vendor_number = _ean13(f"8001234{place:05d}") if random.random() < 0.7 else f"ART-{place:05d}"
    return Product(
        asin=asin,
        vendor_number=vendor_number,
        case_size=random.choice(_CASE_SIZES),
        cost=Decimal(random.randint(89, 9_900)) / 100,
        by_weight=place % 67 == 66,
        back_order=random.random() < 0.3,
        has_list_price=random.random() < 0.35,
    )


def _ean13(first_twelve: str) -> str:
    digits = [int(digit) for digit in first_twelve]
    check = -(sum(digits[::2]) + 3 * sum(digits[1::2])) % 10
    return f"{first_twelve}{check}"
