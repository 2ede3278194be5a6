"""Outgoing documents of every shape, for the tests of all formats.

Hypothesis chooses the texts, amounts and numbers; where in a document each stands is dealt by a seed, because
a strategy for each of its two hundred places would take seconds for every example.
"""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from random import Random
from typing import Any

from hypothesis import strategies as st

ODD_TEXTS = (
    "", " ", "=1+1", "+39 02", "-7", "@SUM(A1)", "'=1", "''", "\t=1", "\r\n=1", " =1", "＝1", "a;b,c\td", 'say "hi"',
    "line\nline", "cr\ronly", "<b>&amp;</b>", "]]>", "&#322;", "&#38;#9;", "Łódź 🚚", "\x00\x01\x1f", "\ufffd\x07\ufffd",
    "\uffff", "\ufeff", "\x85\u2028", "e\u0301", "null", "007", "8001234567890", "1,5", "\xad",
)  # fmt: skip
ODD_AMOUNTS = (
    "0", "0.00", "-0.10", "0.0000001", "123456789012345678901234567890", "-1.100", "0." + "0" * 28 + "1",
    "12345678901234567890.0123456789",
)  # fmt: skip
ODD_MOMENTS = ("0002-01-02T00:00:00Z", "9998-12-30T23:59:59.999999Z", "2026-10-25T00:30:00Z", "2026-03-29T00:59:59.5Z")
ZONES = ("", "Europe/Rome", "America/Los_Angeles", "Asia/Tokyo", "Pacific/Chatham", "UTC")

texts = st.sampled_from(ODD_TEXTS) | st.text(max_size=12)
amounts = st.sampled_from(ODD_AMOUNTS) | st.decimals(allow_nan=False, allow_infinity=False).map("{:f}".format)
wholes = st.integers(-(2**63) + 1, 2**63 - 1)
moments = st.sampled_from(ODD_MOMENTS) | st.datetimes(
    datetime(2, 1, 2), datetime(9998, 12, 30), timezones=st.just(UTC)  # noqa: DTZ001
).map(lambda value: value.isoformat().replace("+00:00", "Z"))  # fmt: skip


class Dealer:
    """Deals what Hypothesis chose, in an order that a seed decides."""

    def __init__(self, seed: int, pools: dict[str, Sequence[Any]]) -> None:
        self.random = Random(seed)
        self.pools = pools

    def __getattr__(self, kind: str) -> Any:
        """`text`, `amount`, `whole`, `moment` or `flag`."""
        return self.random.choice(self.pools[kind])

    def any_of(self, *values: Any) -> Any:
        return self.random.choice(values)

    def maybe(self, make: Callable[["Dealer"], Any]) -> Any:
        return make(self) if self.random.random() < 0.7 else None

    def some(self, *names: str) -> dict[str, Any]:
        """A mapping of texts that leaves out what is not there, as addresses do."""
        return {name: self.text for name in names if self.random.random() < 0.6}

    def each(self, kind: str, *names: str) -> dict[str, Any]:
        return {name: getattr(self, kind) for name in names}

    def perhaps(self, kind: str, *names: str) -> dict[str, Any]:
        return {name: self.maybe(lambda deal: getattr(deal, kind)) for name in names}

    def many(self, make: Callable[["Dealer"], Any], most: int = 2) -> list[Any]:
        return [make(self) for _ in range(self.random.randint(0, most))]


ADDRESS = (
    "name", "attention", "line_1", "line_2", "line_3", "city", "county", "district", "state_or_region", "postal_code",
    "country_code", "phone",
)  # fmt: skip
IMPORT = (
    "method_of_payment", "international_commercial_terms", "port_of_delivery", "import_containers",
    "shipping_instructions",
)  # fmt: skip


def _party(deal: Dealer) -> dict[str, Any]:
    whole = {
        **deal.some("id"),
        "address": deal.some(*ADDRESS),
        "tax_registration": deal.some("type", "number"),
    }
    return {name: part for name, part in whole.items() if deal.random.random() < 0.8}


def _window(deal: Dealer) -> dict[str, Any]:
    return deal.perhaps("moment", "start", "end")


def _quantity(deal: Dealer) -> dict[str, Any]:
    return {**deal.perhaps("whole", "quantity", "unit_size", "eaches"), "unit": deal.text}


def _tax(deal: Dealer) -> dict[str, Any]:
    amounts = deal.perhaps("amount", "rate", "amount", "taxable_amount")
    return {**deal.perhaps("text", "type"), **amounts, "currency": deal.text}


def _line(deal: Dealer) -> dict[str, Any]:
    line = {
        **deal.each("text", "sequence", "asin", "vendor_sku", "currency"),
        **deal.perhaps("text", "sku", "title", "price_unit"),
        **deal.perhaps("whole", "quantity", "unit_size", "eaches"),
        "unit": deal.any_of("eaches", "cases", "", "Pallet", deal.text),
        **deal.perhaps("amount", "net_cost", "list_price", "total"),
        **deal.each("flag", "cancelled", "vanished"),
        **deal.perhaps("flag", "backorder_allowed"),
        "taxes": deal.many(_tax),
    }
    bills = deal.perhaps("text", "order", "order_line")
    return line | deal.any_of({}, deal.perhaps("text", "gift_message", "customized_url"), bills)


def _line_status(deal: Dealer) -> dict[str, Any]:
    def change(deal: Dealer) -> dict[str, Any]:
        return {**deal.perhaps("moment", "date"), "ordered": deal.maybe(_quantity), "cancelled": deal.maybe(_quantity)}

    def answer(deal: Dealer) -> dict[str, Any]:
        return {**deal.perhaps("moment", "date"), "accepted": deal.maybe(_quantity), "rejected": deal.maybe(_quantity)}

    return {
        **deal.each("text", "sequence", "asin", "vendor_sku", "confirmation", "receiving"),
        **{name: deal.maybe(_quantity) for name in ("ordered", "cancelled", "accepted", "rejected", "received")},
        **deal.perhaps("moment", "acknowledged_date", "last_receive_date"),
        "quantity_changes": deal.many(change),
        "acknowledgements": deal.many(answer),
    }


def _status(deal: Dealer) -> dict[str, Any]:
    return {
        "status": deal.text,
        "confirmation": deal.any_of(None, "unconfirmed", "partly", "confirmed", "rejected"),
        "receiving": deal.any_of(None, "not_received", "partly", "received"),
        **deal.perhaps("moment", "last_updated_date"),
        "version": deal.random.randint(1, 99),
        "updated_at": deal.moment,
        "lines": deal.many(_line_status),
    }


def _place(deal: Dealer) -> dict[str, Any]:
    named = deal.each("text", "code", "name", "address", "postal_code", "city", "country")
    return {**named, "time_zone": deal.any_of(*ZONES)}


def _exported(deal: Dealer) -> dict[str, Any]:
    return {
        **deal.perhaps("text", "connector", "receipt", "where"),
        "version": deal.random.randint(1, 99),
        "change": deal.flag,
        "state": deal.any_of("sending", "confirmed", "failed", "withdrawn"),
        "at": deal.moment,
        "problem": deal.maybe(lambda deal: deal.each("text", "code", "message", "hint")),
        "batch": f"{deal.random.randint(1, 2**40)}-{deal.random.getrandbits(32):08x}",
    }


def _direct(deal: Dealer) -> dict[str, Any]:
    return {
        **deal.perhaps("text", "customer_order_number", "ship_method", "message_to_customer"),
        **deal.perhaps("moment", "required_ship_date", "promised_delivery_date"),
        **deal.perhaps("flag", "priority", "gift", "packing_slip_required"),
        **deal.perhaps("amount", "tax_total"),
        "personal_data": deal.any_of("given", "hidden", "purged"),
    }


def _bill(deal: Dealer) -> dict[str, Any]:
    """What only invoices and credit notes have."""
    terms = {**deal.perhaps("text", "type"), **deal.perhaps("amount", "discount_percent")}
    return {
        "orders": deal.many(lambda deal: deal.text),
        "day": deal.any_of("2026-05-01", "0002-02-28"),
        **deal.perhaps("text", "corrects"),
        "payment_terms": {**terms, **deal.perhaps("whole", "discount_due_days", "net_due_days")},
        "remit_to_party": deal.maybe(_party),
        **deal.perhaps("amount", "gross_total", "tax_total"),
        "taxes": deal.many(_tax),
    }


def _ordered(deal: Dealer) -> dict[str, Any]:
    """What only orders have."""

    def answer(deal: Dealer) -> dict[str, Any]:
        dates = {name: deal.maybe(lambda _: "2026-05-09") for name in ("ship_date", "delivery_date")}
        return {**_quantity(deal), **dates, **deal.perhaps("text", "reason")}

    def line(deal: Dealer) -> dict[str, Any]:
        answers = {name: deal.maybe(answer) for name in ("accepted", "backordered", "rejected")}
        return {**deal.each("text", "sequence", "asin", "vendor_sku"), **deal.perhaps("text", "sku"), **answers}

    update = {
        **deal.perhaps("text", "receipt"), "version": 2, "state": "stored", "received_at": deal.moment,
        "lines": deal.many(line),
    }  # fmt: skip
    invoices = deal.many(lambda deal: {"id": 7, "type": deal.any_of("invoice", "credit_note"), "number": deal.text})
    return {"invoices": invoices, "order_update": deal.maybe(lambda _: update)}


def document(deal: Dealer) -> dict[str, Any]:
    """One document with everything that any has."""
    whole = {
        "id": deal.random.randint(1, 2**63 - 1),
        "type": deal.any_of("order", "invoice", "credit_note"),
        "program": deal.any_of("vendor_retail", "vendor_direct_fulfillment"),
        "state": deal.any_of("new", "acknowledged", "closed", "", "held", deal.text),
        **deal.each("text", "number", "node", "vendor_code", "currency"),
        **deal.perhaps("moment", "date", "changed_date", "state_changed_date"),
        **deal.perhaps("amount", "total"),
        **deal.perhaps("text", "purchase_order_type", "payment_method", "deal_code"),
        "import_details": deal.maybe(lambda deal: deal.some(*IMPORT)),
        **{f"{side}_party": deal.maybe(_party) for side in ("selling", "buying", "ship_to", "bill_to", "ship_from")},
        "ship_window": deal.maybe(_window),
        "delivery_window": deal.maybe(_window),
        "version": deal.random.randint(1, 99),
        "updated_at": deal.moment,
        "exports": deal.many(_exported),
        **deal.each("flag", "acknowledged", "invoiced"),
        "lines": deal.many(_line, 4),
        "amazon_status": deal.maybe(_status),
        "ship_to_place": deal.maybe(_place),
        "export": {
            "change": deal.flag,
            "version": deal.random.randint(1, 99),
            "exported_before": deal.many(lambda deal: deal.random.randint(1, 98), 3),
        },
    }
    return whole | deal.any_of({}, _direct(deal)) | deal.any_of({}, _bill(deal), _ordered(deal))


def pool(strategy: st.SearchStrategy[Any]) -> st.SearchStrategy[list[Any]]:
    return st.lists(strategy, min_size=1, max_size=6)


documents: st.SearchStrategy[list[dict[str, Any]]] = st.builds(
    lambda seed, count, **pools: [document(deal) for deal in [Dealer(seed, pools)] for _ in range(count)],
    st.integers(0, 2**32),
    st.integers(0, 3),
    text=pool(texts),
    amount=pool(amounts),
    whole=pool(wholes),
    moment=pool(moments),
    flag=st.just([True, False]),
)


def plain_document(**changes: Any) -> dict[str, Any]:
    """An order in which nothing is odd; a line needs only what a test is about."""
    order = {
        "id": 1, "type": "order", "program": "vendor_retail", "number": "A1", "node": "Amazon", "vendor_code": "ROSIT",
        "state": "new", "date": "2026-04-30T10:00:00Z", "changed_date": None, "state_changed_date": None,
        "currency": "EUR", "total": None, "purchase_order_type": None, "payment_method": None, "deal_code": None,
        "import_details": None, "selling_party": None, "buying_party": None, "ship_to_party": None,
        "bill_to_party": None, "ship_from_party": None, "ship_window": None, "delivery_window": None, "version": 1,
        "updated_at": "2026-04-30T10:05:00Z", "exports": [], "acknowledged": False, "invoiced": False, "lines": [],
        "amazon_status": None, "ship_to_place": None,
        "export": {"change": False, "version": 1, "exported_before": []},
    }  # fmt: skip
    return {**order, **changes}
