"""Direct Fulfillment orders made from (seed, place) alone, as Retail's are: see `timeline`.

What a query asks about (`DirectEntry`) is arithmetic on one hash; the order itself is made only
when it is served.
"""

from base64 import b64encode
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from random import Random

from msgspec import Struct

from amazon_simulator.consumers import GIFT_MESSAGES, consumer
from amazon_simulator.direct_shapes import (
    Customization,
    DirectAddress,
    DirectDetails,
    DirectLine,
    DirectOrder,
    DirectParty,
    DirectState,
    DirectTaxInfo,
    EachQuantity,
    Gift,
    Price,
    ScheduledDelivery,
    ShipmentDates,
    ShipmentDetails,
    Tax,
    Taxes,
)
from amazon_simulator.generate import country_of, moment
from amazon_simulator.places import Country
from amazon_simulator.products import Product, make_range
from amazon_simulator.shelf import By
from amazon_simulator.timeline import DAY, HOUR, Numbers, Timeline

LONGEST_LAG: Mapping[By, int] = {"created": 0, "moved": 4 * DAY}
WAREHOUSES = 3
_BITS = 255
# Nine signs of both cases, as in Amazon's samples (UvgABdBjQ): a number is not always 8 capitals.
_NUMBERS = Numbers("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz", 9, 5_713_296_104_572_637)
# So that an account's two kinds of orders do not fall at the same moments.
_SALT = 1 << 40


class DirectEntry(Struct, kw_only=True, frozen=True, gc=False):
    """What the simulator knows of an order without making it; times in seconds since 1970, UTC."""

    number: str
    rank: int
    created: int
    state: str
    state_changed: int
    vendor_code: str
    ship_from: str

    @property
    def key(self) -> tuple[int, int]:
        """By date of creation, and for equal dates always in the same order."""
        return self.created, self.rank

    @property
    def moved(self) -> int | None:
        """When its state last changed; None while it has the one that it came with."""
        return self.state_changed if self.state_changed != self.created else None


class DirectGenerator:
    """The Direct Fulfillment orders of one account, along `timeline`."""

    def __init__(
        self, *, seed: int, account: int, vendor_codes: Sequence[str], count: int, days: int, anchor: datetime
    ) -> None:
        self.timeline = Timeline(
            salt=_SALT | seed << 8 | account,
            account=account,
            count=count,
            days=days,
            anchor=anchor,
            numbers=_NUMBERS,
        )
        self._vendor_codes = tuple(vendor_codes)
        products = make_range(f"{seed} {account}")  # the goods that Retail buys, too
        self._products = [(place, product) for place, product in enumerate(products) if not product.by_weight]

    def entry(self, place: int) -> DirectEntry:
        """What can be asked about the order at this place."""
        dice, created = self.timeline.dice(place), self.timeline.created(place)
        state, state_changed = self._progress(created, dice)
        return self._entry(place, created, state, state_changed)

    def new_entry(self, place: int, created: int) -> DirectEntry:
        """An order placed at run time: at a place behind the generated ones, and still NEW."""
        return self._entry(place, created, "NEW", created)

    def order(self, entry: DirectEntry) -> DirectOrder:
        """The whole order."""
        random = Random(self.timeline.dice(entry.rank))  # noqa: S311
        country = country_of(entry.vendor_code)
        shipment = _shipment(random, entry, country)
        items = self._items(random, shipment, country)
        if random.random() < 0.06:
            items[0].buyer_customized_info = _customization(entry.number)
        return DirectOrder(
            purchase_order_number=entry.number,
            order_details=DirectDetails(
                customer_order_number=f"999-{random.randrange(10**7):07d}-{random.randrange(10**7):07d}",
                order_date=moment(entry.created),
                order_status=entry.state,
                shipment_details=shipment,
                tax_total=_total(items, country),
                selling_party=DirectParty(party_id=entry.vendor_code),
                ship_from_party=DirectParty(party_id=entry.ship_from),
                ship_to_party=consumer(random, country.code),
                bill_to_party=_bill_to(country),
                has_customizable_items=items[0].buyer_customized_info is not None,
                items=items,
            ),
        )

    def _entry(self, place: int, created: int, state: DirectState, state_changed: int) -> DirectEntry:
        dice = self.timeline.dice(place)
        vendor_code = self._vendor_codes[(dice >> 10 & _BITS) % len(self._vendor_codes)]
        return DirectEntry(
            number=self.timeline.number(place),
            rank=place,
            created=created,
            state=state,
            state_changed=state_changed,
            vendor_code=vendor_code,
            # The warehouses are the vendor's: all of its codes ship from the same ones.
            ship_from=f"W{self._vendor_codes[0][:3]}{1 + (dice >> 52 & _BITS) % WAREHOUSES}",
        )

    def _progress(self, created: int, dice: int) -> tuple[DirectState, int]:
        """State and its date: accepted within 15 hours, shipped 4-54 hours later, or cancelled."""
        accepted = created + HOUR // 3 + (dice >> 36 & _BITS) * 200
        shipped = accepted + 4 * HOUR + (dice >> 44 & _BITS) * 700
        cancelled = created + HOUR // 2 + (dice >> 28 & _BITS) * 400
        if (dice >> 20 & _BITS) < 15 and cancelled < min(shipped, self.timeline.anchor):
            return "CANCELLED", cancelled
        if shipped <= self.timeline.anchor:
            return "SHIPPED", shipped
        return ("ACCEPTED", accepted) if accepted <= self.timeline.anchor else ("NEW", created)

    def _items(self, random: Random, shipment: ShipmentDetails, country: Country) -> list[DirectLine]:
        chosen = random.sample(self._products, random.choices((1, 2, 3, 4), (75, 17, 6, 2))[0])
        with_total = random.random() < 0.25
        return [
            _line(random, sequence, place, product, shipment, country, with_total)
            for sequence, (place, product) in enumerate(chosen, start=1)
        ]


# --- parts of an order --------------------------------------------------------------------------

_SHIP_METHODS = {
    "IT": ("BRT_STANDARD", "POSTE_CRONO"),
    "DE": ("DHL_PAKET", "DPD_CLASSIC"),
    "FR": ("COLISSIMO", "CHRONO_13"),
    "ES": ("SEUR_24", "CORREOS_72"),
    "GB": ("RM_TRACKED_48", "DPD_NEXT_DAY"),
    "PL": ("INPOST_KURIER", "DPD_PL"),
    "SE": ("POSTNORD_HOME", "DHL_FREIGHT"),
    "NL": ("POSTNL_STD", "DHL_NL"),
}
_TAXES = {
    "IT": ("0.22", "VAT"),
    "DE": ("0.19", "MwSt."),
    "FR": ("0.2", "TVA"),
    "ES": ("0.21", "VAT"),
    "GB": ("0.2", "VAT"),
    "PL": ("0.23", "VAT"),
    "SE": ("0.25", "VAT"),
    "NL": ("0.21", "VAT"),
}
_THINGS = (
    "Caffettiera 6 tazze",
    'Fernseher 43" "Muster"',
    "Bouilloire électrique 1,7 l",
    "Cuscino memory <Ø 40 cm>",
    "Żelazko parowe & stojak",
    "Lampa LED – svart",
)
_MESSAGE = "This shipment completes your order. Thank you for shopping at a simulated Amazon."
_LIST_PRICE = Decimal("1.65")
_CENT = Decimal("0.01")


def _shipment(random: Random, entry: DirectEntry, country: Country) -> ShipmentDetails:
    priority = random.random() < 0.1
    ship = _working_day(entry.created, 1 if priority else random.randint(1, 2), country)
    return ShipmentDetails(
        is_priority_shipment=priority,
        is_scheduled_delivery_shipment=random.random() < 0.06,
        is_pslip_required=random.random() < 0.6,
        is_gift=random.random() < 0.1,
        ship_method=random.choice(_SHIP_METHODS[country.code]),
        shipment_dates=ShipmentDates(
            required_ship_date=moment(ship),
            promised_delivery_date=moment(ship + random.randint(1, 5) * DAY) if random.random() < 0.9 else None,
        ),
        message_to_customer=_MESSAGE,
    )


def _working_day(created: int, days: int, country: Country) -> int:
    """Five in the afternoon at the warehouse, so many days later and not on a weekend."""
    local = moment(created).astimezone(country.zone) + timedelta(days=days)
    local += timedelta(days=max(0, 7 - local.weekday()) if local.weekday() > 4 else 0)
    return int(local.replace(hour=17, minute=0, second=0).timestamp())


def _line(
    random: Random,
    sequence: int,
    place: int,
    product: Product,
    shipment: ShipmentDetails,
    country: Country,
    with_total: bool,
) -> DirectLine:
    amount = random.choices((1, 2, 3, 12), (85, 9, 4, 2))[0]
    net = product.cost * country.rate
    return DirectLine(
        item_sequence_number=f"{sequence:05d}",
        buyer_product_identifier=product.asin,
        vendor_product_identifier=product.vendor_number,
        title=f"{_THINGS[place % len(_THINGS)]} (no. {place})",
        ordered_quantity=EachQuantity(amount=amount, unit_of_measure="Each"),
        scheduled_delivery_shipment=_scheduled(shipment) if shipment.is_scheduled_delivery_shipment else None,
        gift_details=_gift(random) if shipment.is_gift else None,
        net_price=_price(net, country),
        # Amazon computes tax on its own list price, not on what it pays (reference 11.1).
        tax_details=Taxes(tax_line_item=[_tax(net * _LIST_PRICE * amount, country)]),
        total_price=_price(net, country) if with_total else None,
    )


def _scheduled(shipment: ShipmentDetails) -> ScheduledDelivery:
    start = shipment.shipment_dates.required_ship_date + timedelta(days=2)
    return ScheduledDelivery(
        scheduled_delivery_service_type="SCHEDULED_DELIVERY",
        earliest_nominated_delivery_date=start,
        latest_nominated_delivery_date=start + timedelta(hours=4),
    )


def _gift(random: Random) -> Gift:
    return Gift(
        gift_message=random.choice(GIFT_MESSAGES),
        gift_wrap_id=f"WRAP{random.randint(1, 9)}" if random.random() < 0.5 else None,
    )


def _tax(taxable: Decimal, country: Country) -> Tax:
    rate, kind = _TAXES[country.code]
    taxable = taxable.quantize(_CENT, ROUND_HALF_UP)
    return Tax(
        tax_rate=rate,
        tax_amount=_price(taxable * Decimal(rate), country),
        taxable_amount=_price(taxable, country),
        type=kind,
    )


def _total(items: Sequence[DirectLine], country: Country) -> Taxes:
    taxes = [tax for line in items if line.tax_details for tax in line.tax_details.tax_line_item]
    whole = sum((Decimal(tax.tax_amount.amount) for tax in taxes), Decimal(0))
    return Taxes(tax_line_item=[Tax(tax_amount=_price(whole, country), type="TOTAL")])


def _price(amount: Decimal, country: Country) -> Price:
    """Without superfluous zeros, as in Amazon's examples: 500, 19.9."""
    cents = amount.quantize(_CENT, ROUND_HALF_UP)
    return Price(currency_code=country.currency, amount=f"{cents:f}".rstrip("0").rstrip("."))


def _bill_to(country: Country) -> DirectParty:
    company = country.bill_to_party
    assert company.address, "the companies have one"
    assert company.tax_info, "the companies have one"
    return DirectParty(
        party_id=company.party_id,
        address=DirectAddress(
            name=company.address.name,
            address_line1=company.address.address_line1,
            city=company.address.city,
            state_or_region=company.address.city or "",
            postal_code=company.address.postal_code,
            country_code=company.address.country_code,
        ),
        tax_info=DirectTaxInfo(
            tax_registration_type=company.tax_info.tax_registration_type,
            tax_registration_number=company.tax_info.tax_registration_number,
        ),
    )


def _customization(number: str) -> Customization:
    return Customization(customized_url=b64encode(f"https://customised.example/{number}.zip".encode()).decode())
