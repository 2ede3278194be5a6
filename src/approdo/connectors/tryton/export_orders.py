"""Makes a sale in Tryton of each order: looked up before it is created, so that it is there once."""

from collections.abc import Mapping, Sequence
from typing import Any

from msgspec.structs import replace

from approdo.connectors import export_options
from approdo.connectors.tryton import orders
from approdo.connectors.tryton.client import client_for
from approdo.connectors.tryton.desk import Desk
from approdo.connectors.tryton.records import Sale, Wanted
from approdo.sdk.connector import ConnectorType, Context
from approdo.sdk.errors import ConfigError, RefusedError
from approdo.sdk.exports import Export, Handed, Parcel, Refusal
from approdo.sdk.options import Choice, Kind, Option, When
from approdo.sdk.text import marked as _

MOST = 50
"""Orders at a time: after a worker died so many are looked up again at most."""

DRAFT, QUOTATION, CANCELLED = "draft", "quotation", "cancelled"

_OPTIONS = (
    Option(
        name="party_by",
        kind=Kind.CHOICE,
        label=_("Amazon in Tryton"),
        help=_("Which party an order is sold to."),
        required=True,
        default="code",
        choices=(
            Choice("code", _("One party, by its code")),
            Choice("vendor_code", _("By the order's vendor code: the party that has it as its code or an identifier")),
        ),
    ),
    Option(
        name="party",
        kind=Kind.TEXT,
        label=_("Code of the party"),
        help=_(
            "Its addresses are looked through for the fulfilment centre: the address whose Party Name, or else whose"
            " text, has the centre's code as a word, such as “Amazon MXP5”."
        ),
        required=True,
        when=When("party_by", frozenset({"code"})),
    ),
    Option(
        name="vendor_sku_as_code",
        kind=Kind.FLAG,
        label=_("Vendor SKU where there is no own one"),
        help=_(
            "Products are found by their code, which is your own SKU. Tick this if the code that Amazon has"
            " is the product's code in Tryton too."
        ),
        default=False,
    ),
    Option(
        name="piece_unit",
        kind=Kind.TEXT,
        label=_("Unit that is one piece"),
        help=_(
            "Its symbol in English, “u” as Tryton comes. Quantity and price are converted from it into the unit by"
            " which a product is sold; an order that would have to be rounded is refused."
        ),
        required=True,
        default="u",
    ),
    Option(
        name="quote",
        kind=Kind.FLAG,
        label=_("Quote the sale"),
        help=_(
            "Tryton then checks the sale and gives it its number, which is noted on the document. Changes and"
            " cancellations of the order still reach it until it is confirmed. Off: it stays a draft without a number."
        ),
        default=True,
    ),
    export_options.filter_of_retail_orders(),
)


def send(context: Context, parcel: Parcel) -> Handed:
    """Make, change or cancel the sale of each order; what one lacks does not hold up the others."""
    desk = Desk(client_for(context), context)
    known = desk.known(parcel.documents)
    sales = desk.sales(parcel.documents, known)
    receipts: dict[int, str] = {}
    refused: dict[int, Refusal] = {}
    for order in parcel.documents:
        try:
            wanted_sale = _wanted_sale(order, known, parcel)
            found = sales.get((wanted_sale.customer.id, wanted_sale.reference), ())
            number = _hand_over(desk, wanted_sale, found, context.options)
        except RefusedError as error:
            refused[order["id"]] = Refusal(error.code, {"number": order["number"], **error.params})
        else:
            receipts |= {order["id"]: number} if number else {}
    return Handed(receipts=receipts, refused=refused)


def _wanted_sale(order: orders.Order, known: orders.Known, parcel: Parcel) -> Wanted:
    """The sale that the order is to be. A zone that nobody knows is the order's own fault here, not the connector's."""
    try:
        return orders.wanted(order, known, parcel.day)
    except ConfigError as error:
        raise RefusedError(error.code, **error.params) from error


def _hand_over(desk: Desk, wanted: Wanted, found: Sequence[Sale], options: Mapping[str, Any]) -> str:
    """Bring the order's sale to what it is to be, and return its number; empty where none is needed."""
    sale = _the_one(found)
    if sale is None:
        return _created(desk, wanted, options) if wanted.lines else ""
    if not wanted.lines:
        return _cancelled(desk, sale, options)
    if sale.state == CANCELLED:
        raise RefusedError("tryton_sale_cancelled", sale=sale.name)
    differences = orders.differences(sale, wanted)
    if differences:
        _need_open(sale, options, "tryton_sale_not_open", differences)
    if orders.writing(sale, wanted) and _is_open(sale, options):
        if sale.state != DRAFT:
            desk.press("draft", sale.id)
        desk.write(sale, wanted)
        sale = replace(sale, state=DRAFT)
    return _quoted(desk, sale.id, options) if sale.state == DRAFT else sale.name


def _the_one(found: Sequence[Sale]) -> Sale | None:
    """The order's sale: the one that is not cancelled, else a cancelled one."""
    live = [sale for sale in found if sale.state != CANCELLED]
    if len(live) > 1:
        raise RefusedError("tryton_several_sales", sales=", ".join(sale.name for sale in live))
    return next(iter([*live, *found]), None)


def _created(desk: Desk, wanted: Wanted, options: Mapping[str, Any]) -> str:
    return _quoted(desk, desk.create(wanted), options)


def _quoted(desk: Desk, draft: int, options: Mapping[str, Any]) -> str:
    """Quote a draft, where that is wanted, and return its number."""
    if options["quote"]:
        desk.press("quote", draft)
    return desk.number(draft)


def _cancelled(desk: Desk, sale: Sale, options: Mapping[str, Any]) -> str:
    if sale.state != CANCELLED:
        _need_open(sale, options, "tryton_cancelled_too_late")
        desk.press("cancel", sale.id)
    return sale.name


def _need_open(sale: Sale, options: Mapping[str, Any], code: str, differences: str = "") -> None:
    if not _is_open(sale, options):
        raise RefusedError(code, sale=sale.name, state=sale.state_label, differences=differences)


def _is_open(sale: Sale, options: Mapping[str, Any]) -> bool:
    """Whether nobody has taken the sale further than we did."""
    return sale.state == DRAFT or (sale.state == QUOTATION and options["quote"])


EXPORT_ORDERS = ConnectorType(
    name="tryton.export_orders",
    label=_("Tryton [Export orders]"),
    help=_("Each Vendor Retail order becomes a sale in Tryton, and stays the same one when the order changes."),
    options=_OPTIONS,
    work=Export(wanted=export_options.wanted_retail_orders, send=send, most=lambda _options: MOST),
)
