"""What can be wrong with an order that is served: each function spoils the orders of one page (reference 8, 15, 18).

The first half is dirt that can be read. The second makes JSON that is none, or that no database holds.
"""

from collections.abc import Callable
from typing import Any

import msgspec

from amazon_simulator.listing import Listing, Page

Value = float | str | None
Spoil = Callable[[Listing[Any], Page, Value], None]

HTML = "<script>alert(1)</script><b title='\"'>&amp;"
FORMULA = '=HYPERLINK("http://example.test","x")'
SCRIPTS = "株式会社テスト · Ωμέγα Α.Ε. · شركة · Łódź 🧃"
MANY_LINES = 2500
DEPTH = 20_000

_UNKNOWN = {
    "purchaseOrderState": "PartiallyReceived",
    "purchaseOrderStatus": "PARTLY_OPEN",
    "purchaseOrderType": "SeasonalOrder",
    "paymentMethod": "BankTransfer",
    "confirmationStatus": "BACKORDERED",
    "receiveStatus": "IN_TRANSIT",
    "orderStatus": "PARTIALLY_SHIPPED",
    "type": "IVA",
}
_REQUIRED = {"purchaseOrderNumber", "items", "orderedQuantity", "orderDetails"}
_GONE = object()


def unknown_enums(_: Listing[Any], page: Page, __: Value) -> None:
    """States, types and units that the model does not list. Amazon's own sandbox writes CASES and EACH."""

    def spoil(name: str, value: Any) -> Any:
        if name == "unitOfMeasure":
            return {"Cases": "CASES", "Eaches": "EACH", "Each": "EACH"}.get(value, value)
        return _UNKNOWN.get(name, value)

    page.orders = [_rewritten(order, spoil) for order in page.orders]


def missing_fields(_: Listing[Any], page: Page, value: Value) -> None:
    """Orders without the named members."""
    names = set(str(value).split(","))
    page.orders = [
        _rewritten(order, lambda name, content: _GONE if name in names else content) for order in page.orders
    ]


def null_fields(_: Listing[Any], page: Page, __: Value) -> None:
    """Null in every member that an order can be understood without."""
    page.orders = [
        _rewritten(order, lambda name, content: content if name in _REQUIRED or name == "amount" else None)
        for order in page.orders
    ]


def exponents(_: Listing[Any], page: Page, __: Value) -> None:
    """Amounts of money as the model's pattern allows them: 1010e-2 for 10.10."""

    def spoil(name: str, value: Any) -> Any:
        if name != "amount" or not isinstance(value, str):
            return value
        whole, _, cents = value.partition(".")
        return f"{int(whole + cents)}E-{len(cents)}"

    page.orders = [_rewritten(order, spoil) for order in page.orders]


def negative_quantities(_: Listing[Any], page: Page, __: Value) -> None:
    """-3 where 3 were ordered (reference 18, 11)."""
    page.orders = [
        _rewritten(order, lambda name, value: -value if name == "amount" and isinstance(value, int) else value)
        for order in page.orders
    ]


def priced_by_weight(_: Listing[Any], page: Page, __: Value) -> None:
    """Costs per kilogram (reference 5.3)."""

    def spoil(name: str, value: Any) -> Any:
        money = name in ("netCost", "listPrice") and isinstance(value, dict)
        return {**value, "unitOfMeasure": "KILOGRAMS"} if money else value

    page.orders = [_rewritten(order, spoil) for order in page.orders]


def many_lines(_: Listing[Any], page: Page, value: Value) -> None:
    """The page's first order gets so many lines."""

    def spoil(name: str, content: Any) -> Any:
        if name != "items" or not content:
            return content
        count = int(float(value or MANY_LINES))
        return [{**content[n % len(content)], "itemSequenceNumber": str(n + 1)} for n in range(count)]

    page.orders[:1] = [_rewritten(order, spoil) for order in page.orders[:1]]


def strange_names(_: Listing[Any], page: Page, value: Value) -> None:
    """HTML, a spreadsheet's formula or other scripts in every text that somebody typed."""
    texts = {"html": HTML, "formula": FORMULA, "scripts": SCRIPTS}
    text = texts.get(str(value), str(value))
    typed = {"name", "addressLine1", "city", "dealCode", "vendorProductIdentifier", "portOfDelivery"}

    def spoil(name: str, content: Any) -> Any:
        if name == "shipToParty" and isinstance(content, dict):
            content = {"address": {"name": "", "countryCode": "IT"}, **content}
        if name == "orderDetails" and isinstance(content, dict):
            content = {"dealCode": "", **content}
        return text if name in typed else content

    page.orders = [_rewritten(order, spoil) for order in page.orders]


def numbers_for_strings(_: Listing[Any], page: Page, __: Value) -> None:
    """Numbers where the model promises strings, and strings where it promises numbers."""

    def spoil(name: str, value: Any) -> Any:
        if name in ("itemSequenceNumber", "vendorProductIdentifier") and str(value).isdecimal():
            return int(value)
        if name == "amount":
            return str(value) if isinstance(value, int) else float(value)
        if name == "isBackOrderAllowed":
            return str(value).lower()
        return value

    page.orders = [_rewritten(order, spoil) for order in page.orders]


def odd_dates(_: Listing[Any], page: Page, value: Value) -> None:
    """Dates without a zone, or with a value: that text for every date but the order's own."""

    def spoil(name: str, content: Any) -> Any:
        if value and name.endswith(("ChangedDate", "Window")):
            return str(value)
        return content.removesuffix("Z") if name.endswith("Date") and isinstance(content, str) else content

    page.orders = [_rewritten(order, spoil) for order in page.orders]


def nul_characters(_: Listing[Any], page: Page, __: Value) -> None:
    """NUL in texts, which no PostgreSQL takes."""
    typed = {"dealCode", "partyId", "vendorProductIdentifier", "name"}
    page.orders = [
        _rewritten(order, lambda name, value: f"{value}\0" if name in typed else value) for order in page.orders
    ]


def duplicate_keys(_: Listing[Any], page: Page, __: Value) -> None:
    """A state before the right one: of two members with one name, the last counts."""
    page.orders = [_begun_with(order, b'"purchaseOrderState":"Closed",') for order in page.orders]


def lone_surrogate(_: Listing[Any], page: Page, value: Value) -> None:
    """Half of a UTF-16 pair."""
    _spoil_first(page, value, rb'"dealCode":"\ud83d",')


def invalid_utf8(_: Listing[Any], page: Page, value: Value) -> None:
    """Latin-1 bytes in a text."""
    _spoil_first(page, value, b'"dealCode":"Citt\xe0",')


def deep_nesting(_: Listing[Any], page: Page, value: Value) -> None:
    """A list in a list, too often for any reader that calls itself."""
    _spoil_first(page, value, b'"dealCode":' + b"[" * DEPTH + b"]" * DEPTH + b",")


def unreadable_amount(_: Listing[Any], page: Page, value: Value) -> None:
    """A net cost that is no number."""
    count = int(float(value or 1))
    page.orders[:count] = [
        _rewritten(order, lambda name, content: {"amount": "call us"} if name == "netCost" else content)
        for order in page.orders[:count]
    ]


def _spoil_first(page: Page, value: Value, member: bytes) -> None:
    count = int(float(value or 1))
    page.orders[:count] = [_begun_with(order, member, b"orderDetails") for order in page.orders[:count]]


def _begun_with(order: bytes, member: bytes, name: bytes = b"") -> bytes:
    """The order with one more member, its first; with `name`, the first of that object in it."""
    start = b'"%s":{' % name if name else b"{"
    return order.replace(start, start + member, 1)


def _rewritten(order: bytes, spoil: Callable[[str, Any], Any]) -> bytes:
    """The order with each member replaced by what `spoil` makes of it, at any depth."""

    def rewrite(value: Any) -> Any:
        if isinstance(value, dict):
            spoilt = ((name, spoil(name, content)) for name, content in value.items())
            return {name: rewrite(content) for name, content in spoilt if content is not _GONE}
        return [rewrite(item) for item in value] if isinstance(value, list) else value

    return msgspec.json.encode(rewrite(msgspec.json.decode(order)))
