"""Purchase orders made from (seed, place) alone: the last of a million costs what the first does.

What a query asks about (`Entry`) is arithmetic on one 64-bit hash; the order itself is made only
when it is served. Times inside are whole seconds since 1970, UTC.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from random import Random
from zlib import crc32

from msgspec import Struct

from amazon_simulator.places import COUNTRIES, Country
from amazon_simulator.products import RANGE, Product, make_range
from amazon_simulator.shapes import ImportDetails, Line, Order, OrderDetails, Party, Quantity, State
from amazon_simulator.shelf import By
from amazon_simulator.timeline import DAY, HOUR, Numbers, Timeline

# How long after its creation a generated order may still be changed, or updated at all.
LONGEST_LAG: Mapping[By, int] = {
    "created": 0,
    "changed": 6 * DAY,
    "updated": 32 * DAY,
    "stirred": 32 * DAY,
    "moved": 32 * DAY,
}


class Entry(Struct, kw_only=True, frozen=True, gc=False):
    """What the simulator knows of an order without making it; times in seconds since 1970, UTC."""

    number: str
    rank: int
    created: int
    changed: int | None
    state: str
    state_changed: int
    received: int | None
    vendor_code: str
    ship_to: str
    has_cancelled_line: bool

    @property
    def key(self) -> tuple[int, int]:
        """By date of creation, and for equal dates always in the same order."""
        return self.created, self.rank

    @property
    def updated(self) -> int:
        """When anything last happened to the order."""
        return max(self.stirred, self.received or 0)

    @property
    def stirred(self) -> int:
        """The same without receipts."""
        return max(self.changed or 0, self.state_changed)

    @property
    def moved(self) -> int | None:
        """When its state last changed; None while it has the one that it came with."""
        return self.state_changed if self.state_changed != self.created else None


class Generator:
    """The orders of one account.

    They lie along `timeline`; `lines` fixes the number of lines of each (default: 1 to 25).
    """

    def __init__(
        self,
        *,
        seed: int,
        account: int,
        vendor_codes: Sequence[str],
        count: int,
        days: int,
        anchor: datetime,
        lines: int | None = None,
    ) -> None:
        self.timeline = Timeline(
            salt=seed << 8 | account, account=account, count=count, days=days, anchor=anchor, numbers=_NUMBERS
        )
        self._vendor_codes = tuple(vendor_codes)
        self._lines = lines
        self._products = make_range(f"{seed} {account}")

    def may_be_changed(self, place: int) -> bool:
        """Whether the order at this place can have a changed date; quicker than its entry."""
        return self.timeline.dice(place) >> 18 & 255 < 26

    def number(self, place: int) -> str:
        """The 8-character number of the order at this place; no account shares one with another."""
        return self.timeline.number(place)

    def place(self, number: str) -> int | None:
        """The place of the generated order with this number, if there is one."""
        return self.timeline.place(number)

    def entry(self, place: int) -> Entry:
        """What can be asked about the order at this place."""
        dice = self.timeline.dice(place)
        created = self.timeline.created(place)
        changed = created + HOUR + (dice >> 26 & 255) * 2000 if self.may_be_changed(place) else None
        if changed is not None and changed > self.timeline.anchor:
            changed = None
        state, state_changed, received = self._progress(created, dice)
        vendor_code, ship_to = self._parties(dice)
        return Entry(
            number=self.number(place),
            rank=place,
            created=created,
            changed=changed,
            state=state,
            state_changed=state_changed,
            received=received,
            vendor_code=vendor_code,
            ship_to=ship_to,
            has_cancelled_line=changed is not None and dice >> 34 & 3 == 0,
        )

    def new_entry(self, place: int, created: int) -> Entry:
        """An order placed at run time: at a place behind the generated ones, and still New."""
        vendor_code, ship_to = self._parties(self.timeline.dice(place))
        return Entry(
            number=self.number(place),
            rank=place,
            created=created,
            changed=None,
            state="New",
            state_changed=created,
            received=None,
            vendor_code=vendor_code,
            ship_to=ship_to,
            has_cancelled_line=False,
        )

    def order(self, entry: Entry) -> Order:
        """The whole order."""
        random = Random(self.timeline.dice(entry.rank))  # noqa: S311
        country = country_of(entry.vendor_code)
        kind = random.choices(tuple(_ORDER_TYPES), tuple(_ORDER_TYPES.values()))[0]
        by_delivery = crc32(entry.vendor_code.encode()) % 2 == 0
        window = _window(random, entry.created, country, rush=kind == "RushOrder")
        return Order(
            purchase_order_number=entry.number,
            purchase_order_state=entry.state,
            order_details=OrderDetails(
                purchase_order_date=moment(entry.created),
                purchase_order_changed_date=moment(entry.changed) if entry.changed else None,
                purchase_order_state_changed_date=moment(entry.state_changed),
                purchase_order_type=kind,
                import_details=_IMPORT if random.random() < 0.02 else None,
                deal_code=random.choice(_DEALS) if random.random() < 0.04 else None,
                payment_method="Consignment" if kind == "ConsignedOrder" else "Invoice",
                buying_party=country.buying_party,
                selling_party=Party(party_id=entry.vendor_code),
                ship_to_party=Party(party_id=entry.ship_to),
                bill_to_party=country.bill_to_party,
                # Vendor-paid freight shows the delivery, Amazon-paid the shipping (reference 5.3).
                ship_window=None if by_delivery else window,
                delivery_window=window if by_delivery else None,
                items=self._items(random, entry, country),
            ),
        )

    def line(self, sequence: int, product: int, country: Country, amount: int) -> Line:
        """A line for `amount` cases, or eaches where the product comes singly."""
        return _line(sequence, self._products[product % RANGE], country, amount)

    def _items(self, random: Random, entry: Entry, country: Country) -> list[Line]:
        count = self._lines or 1 + int(25 * random.random() ** 2)
        product = int(random.random() * RANGE)
        step = 1 + int(random.random() * (RANGE - 1))
        cancelled = int(random.random() * count) if entry.has_cancelled_line else None
        return [
            self.line(
                place + 1,
                product + place * step,
                country,
                0 if place == cancelled else 1 + int(60 * random.random() ** 2),
            )
            for place in range(count)
        ]

    def _parties(self, dice: int) -> tuple[str, str]:
        vendor_code = self._vendor_codes[(dice >> 10 & 255) % len(self._vendor_codes)]
        centres = country_of(vendor_code).fulfilment_centres
        return vendor_code, centres[(dice >> 52 & 255) % len(centres)]

    def _progress(self, created: int, dice: int) -> tuple[State, int, int | None]:
        """State, its date and the last receipt: acknowledged in 2-38 hours, closed in 8-30 days."""
        acknowledged = created + 2 * HOUR + (dice >> 36 & 255) * 500
        closed = created + 8 * DAY + (dice >> 44 & 255) * 7400
        if closed <= self.timeline.anchor:
            return "Closed", closed, closed
        if acknowledged <= self.timeline.anchor:
            partly = created + 5 * DAY
            return (
                "Acknowledged",
                acknowledged,
                partly if partly <= self.timeline.anchor and dice & 1 else None,
            )
        return "New", created, None


def moment(seconds: int) -> datetime:
    """Seconds since 1970 as an aware time in UTC."""
    return datetime.fromtimestamp(seconds, UTC)


def country_of(vendor_code: str) -> Country:
    """A vendor code of ours ends with its country; any other is Italian."""
    return COUNTRIES.get(vendor_code[-2:], COUNTRIES["IT"])


_NUMBERS = Numbers("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ", 8, 1_742_834_958_841)

# --- parts of an order --------------------------------------------------------------------------

_ORDER_TYPES = {
    "RegularOrder": 90,
    "RushOrder": 5,
    "NewProductIntroduction": 3,
    "ConsignedOrder": 2,
}
_DEALS = ("SPRING26", "PRIMEDAY", "BTS", "BF-DEAL-7")
_IMPORT = ImportDetails(
    method_of_payment="PaidByBuyer",
    international_commercial_terms="FreeOnBoard",
    port_of_delivery="GENOVA, ITALY",
    import_containers="2-20'HC,1-45'",
    shipping_instructions="Pallets preferred; no slip sheets.",
)


def _window(random: Random, created: int, country: Country, *, rush: bool) -> str:
    lead = 1 if rush else 3 + int(random.random() * 8)
    length = int(random.random() * 8)
    return _days(created // DAY, lead, lead + length, country.time_zone)


@lru_cache(maxsize=4096)
def _days(today: int, first: int, last: int, time_zone: str) -> str:
    return f"{local_midnight(today + first, time_zone)}--{local_midnight(today + last, time_zone)}"


def local_midnight(day: int, time_zone: str) -> str:
    """The start of a day (counted from 1970) at the destination, written in UTC (reference 5.3)."""
    zone = next(country.zone for country in COUNTRIES.values() if country.time_zone == time_zone)
    date = datetime(1970, 1, 1, tzinfo=zone) + timedelta(days=day)  # a sum of dates keeps wall time
    return date.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _line(sequence: int, product: Product, country: Country, amount: int) -> Line:
    size = product.case_size
    net_cost, list_price = product.prices(country)
    return Line(
        item_sequence_number=str(sequence),
        amazon_product_identifier=product.asin,
        vendor_product_identifier=product.vendor_number,
        ordered_quantity=Quantity(amount=amount, unit_of_measure="Cases" if size > 1 else "Eaches", unit_size=size),
        is_back_order_allowed=product.back_order,
        net_cost=net_cost,
        list_price=list_price,
    )
