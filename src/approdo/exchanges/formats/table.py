"""Documents as a table, for formats that are one: the columns, and a row for each line of a document.

What the columns are called and where they stand is a promise: a new one comes at the end.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from enum import StrEnum
from typing import Any, NamedTuple, TypeVar
from zoneinfo import ZoneInfo

from approdo.exchanges.formats import days
from approdo.exchanges.formats.outgoing import Document, Options


class Kind(StrEnum):
    """What a column's cells hold; amounts and moments as the text that the document has."""

    TEXT = "text"
    AMOUNT = "amount"
    WHOLE = "whole number"
    FLAG = "true or false"
    MOMENT = "moment"
    DAY = "day"


class Column(NamedTuple):
    """A column, where a document has it, and what it means to a reader.

    `path` names members one inside the other; in `line` stands the row's line, in `ship_to` where the goods go.
    """

    name: str
    kind: Kind
    path: str
    meaning: str


Cell = str | int | bool | None

COLUMNS = (
    Column("document_id", Kind.WHOLE, "id", "The document's number in Approdo, the same in every version."),
    Column("type", Kind.TEXT, "type", "`order`, `invoice` or `credit_note`."),
    Column("program", Kind.TEXT, "program", "`vendor_retail` or `vendor_direct_fulfillment`."),
    Column("number", Kind.TEXT, "number", "Amazon's number of the purchase order; an invoice's own."),
    Column("node", Kind.TEXT, "node", "The name of the node that it came from."),
    Column("vendor_code", Kind.TEXT, "vendor_code", "Who sells, as Amazon codes it."),
    Column("state", Kind.TEXT, "state", "Amazon's, in lower case; Amazon may add one."),
    Column("change", Kind.FLAG, "export.change", "Whether an earlier version was handed over before."),
    Column("version", Kind.WHOLE, "version", "Counts from 1."),
    Column("date", Kind.MOMENT, "date", "When it was ordered."),
    Column("order_day", Kind.DAY, "date", "The day of that."),
    Column("changed_date", Kind.MOMENT, "changed_date", "When Amazon last changed it."),
    Column("state_changed_date", Kind.MOMENT, "state_changed_date", "When its state last changed."),
    Column("ship_window_start", Kind.MOMENT, "ship_window.start", "From when it may be shipped."),
    Column("ship_window_end", Kind.MOMENT, "ship_window.end", "Until when it is to be shipped."),
    Column("ship_from_day", Kind.DAY, "ship_window.start", "The day of `ship_window_start`."),
    Column("ship_until_day", Kind.DAY, "ship_window.end", "The day of `ship_window_end`."),
    Column("delivery_window_start", Kind.MOMENT, "delivery_window.start", "From when it may be delivered."),
    Column("delivery_window_end", Kind.MOMENT, "delivery_window.end", "Until when it is to be delivered."),
    Column("delivery_from_day", Kind.DAY, "delivery_window.start", "The day of `delivery_window_start`."),
    Column("delivery_until_day", Kind.DAY, "delivery_window.end", "The day of `delivery_window_end`."),
    Column("required_ship_date", Kind.MOMENT, "required_ship_date", "Direct Fulfillment: to be shipped until then."),
    Column("required_ship_day", Kind.DAY, "required_ship_date", "The day of that."),
    Column("promised_delivery_date", Kind.MOMENT, "promised_delivery_date", "Direct Fulfillment: promised until then."),
    Column("promised_delivery_day", Kind.DAY, "promised_delivery_date", "The day of that."),
    Column("time_zone", Kind.TEXT, "time_zone", "Where the days of this row were cut."),
    Column("ship_to_code", Kind.TEXT, "ship_to.code", "The fulfilment centre; empty for a consumer."),
    Column("ship_to_name", Kind.TEXT, "ship_to.name", "The address is the document's; has it none, that of the place."),
    Column("ship_to_attention", Kind.TEXT, "ship_to.attention", "For whose attention."),
    Column("ship_to_address", Kind.TEXT, "ship_to.line_1", "Street and number."),
    Column("ship_to_address_2", Kind.TEXT, "ship_to.line_2", "A second line of the address."),
    Column("ship_to_address_3", Kind.TEXT, "ship_to.line_3", "A third one."),
    Column("ship_to_postal_code", Kind.TEXT, "ship_to.postal_code", "As it was received."),
    Column("ship_to_city", Kind.TEXT, "ship_to.city", "City or town."),
    Column("ship_to_state_or_region", Kind.TEXT, "ship_to.state_or_region", "In Italy the province."),
    Column("ship_to_country", Kind.TEXT, "ship_to.country_code", "Two letters (ISO 3166)."),
    Column("ship_to_phone", Kind.TEXT, "ship_to.phone", "As it was received."),
    Column("buying_party_code", Kind.TEXT, "buying_party.id", "Which of Amazon's companies buys."),
    Column("bill_to_party_code", Kind.TEXT, "bill_to_party.id", "Which of Amazon's companies is billed."),
    Column("ship_from_party_code", Kind.TEXT, "ship_from_party.id", "Direct Fulfillment: your warehouse."),
    Column("purchase_order_type", Kind.TEXT, "purchase_order_type", "Amazon's, such as `RegularOrder`."),
    Column("payment_method", Kind.TEXT, "payment_method", "Amazon's, such as `Invoice`."),
    Column("deal_code", Kind.TEXT, "deal_code", "Of a promotion."),
    Column("customer_order_number", Kind.TEXT, "customer_order_number", "Direct Fulfillment: the consumer's number."),
    Column("ship_method", Kind.TEXT, "ship_method", "Direct Fulfillment: the carrier's service."),
    Column("priority", Kind.FLAG, "priority", "Direct Fulfillment: to be shipped first."),
    Column("gift", Kind.FLAG, "gift", "Direct Fulfillment: a gift."),
    Column("packing_slip_required", Kind.FLAG, "packing_slip_required", "Direct Fulfillment."),
    Column("message_to_customer", Kind.TEXT, "message_to_customer", "Direct Fulfillment: for the packing slip."),
    Column("currency", Kind.TEXT, "currency", "Of the whole document (ISO 4217)."),
    Column("total", Kind.AMOUNT, "total", "The sum of the lines' totals; empty where one is."),
    Column(
        "tax_total", Kind.AMOUNT, "tax_total", "Direct Fulfillment: as Amazon worked it out; of an invoice: all taxes."
    ),
    Column("line_sequence", Kind.TEXT, "line.sequence", "Amazon's number of the line; empty where there is no line."),
    Column("asin", Kind.TEXT, "line.asin", "Amazon's code of the article."),
    Column("vendor_sku", Kind.TEXT, "line.vendor_sku", "Your code as Amazon knows it, often the EAN."),
    Column("sku", Kind.TEXT, "line.sku", "Your own code; empty where none is known."),
    Column("title", Kind.TEXT, "line.title", "What the article is called."),
    Column("quantity", Kind.WHOLE, "line.quantity", "Counts `unit`."),
    Column("unit", Kind.TEXT, "line.unit", "`eaches`, `cases`, or what Amazon adds one day."),
    Column("unit_size", Kind.WHOLE, "line.unit_size", "How many pieces a case holds."),
    Column("eaches", Kind.WHOLE, "line.eaches", "The quantity in pieces; empty where the unit is not known."),
    Column("net_cost", Kind.AMOUNT, "line.net_cost", "Per piece, or per `price_unit`; never per case."),
    Column("list_price", Kind.AMOUNT, "line.list_price", "The same of the list price."),
    Column("line_currency", Kind.TEXT, "line.currency", "Of the line's amounts."),
    Column("price_unit", Kind.TEXT, "line.price_unit", "The weight that a price is for; empty where it is per piece."),
    Column("line_total", Kind.AMOUNT, "line.total", "Eaches × net cost; empty where priced by weight."),
    Column("cancelled", Kind.FLAG, "line.cancelled", "Nothing of it is wanted any more."),
    Column("vanished", Kind.FLAG, "line.vanished", "It is no longer part of the newest version."),
    Column("backorder_allowed", Kind.FLAG, "line.backorder_allowed", "Whether it may be delivered later."),
    Column("gift_message", Kind.TEXT, "line.gift_message", "Direct Fulfillment."),
    Column("customized_url", Kind.TEXT, "line.customized_url", "Direct Fulfillment: what is wanted, in base 64."),
    Column("order_number", Kind.TEXT, "line.order", "Of an invoice: the order that the line bills."),
    Column("order_line", Kind.TEXT, "line.order_line", "Of an invoice: the `line_sequence` of that line in its order."),
    Column("invoice_day", Kind.TEXT, "day", "Of an invoice: its day, in the time zone of the node."),
    Column("corrects", Kind.TEXT, "corrects", "Of a credit note: the number of the invoice that it corrects."),
    Column("gross_total", Kind.AMOUNT, "gross_total", "Of an invoice: what is to be paid, with taxes."),
)

_LINE = "line."
_OF_LINES = [(place, column) for place, column in enumerate(COLUMNS) if column.path.startswith(_LINE)]

_Written = TypeVar("_Written")


def rows(
    documents: Iterable[Document], options: Options, written: Callable[[Cell, Kind], _Written]
) -> Iterator[list[_Written]]:
    """A row for each line, the document's columns in each; one row for a document without lines.

    `written` turns a cell into what the format writes: once for all the rows of a document where it is the same.
    """
    for document in documents:
        zone = days.zone_of(document, options)
        known = {**document, "time_zone": zone.key, "ship_to": _ship_to(document)}
        common = [written(_cell(column, known, zone), column.kind) for column in COLUMNS]
        if not document["lines"]:
            yield common
        for line in document["lines"]:
            row = common.copy()
            for place, column in _OF_LINES:
                row[place] = written(line.get(column.path.removeprefix(_LINE)), column.kind)
            yield row


def _cell(column: Column, known: Mapping[str, Any], zone: ZoneInfo) -> Cell:
    found: Any = known
    for name in column.path.split("."):
        found = (found or {}).get(name)
    return days.day(found, zone) if column.kind is Kind.DAY else found


def _ship_to(document: Document) -> dict[str, Any]:
    """Where the goods go: the address that the document gives, else that of the place; never half of each."""
    party, place = document.get("ship_to_party") or {}, document.get("ship_to_place") or {}
    code = party.get("id") or place.get("code")
    if party.get("address"):
        return {**party["address"], "code": code}
    return {
        "code": code,
        "name": place.get("name"),
        "line_1": place.get("address"),
        "postal_code": place.get("postal_code"),
        "city": place.get("city"),
        "country_code": place.get("country"),
    }
