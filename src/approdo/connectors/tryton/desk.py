"""Tryton while one parcel is handed over: what is looked up in it, and what is done there."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from approdo.connectors.tryton import orders, records
from approdo.connectors.tryton.client import LANGUAGE, Client
from approdo.connectors.tryton.orders import Known, Order
from approdo.connectors.tryton.records import Customer, Sale, Unit, Wanted
from approdo.sdk.connector import Context
from approdo.sdk.errors import ConfigError, RefusedError

_PRODUCT = (
    "code",
    "salable",
    "sale_uom.name",
    "sale_uom.category",
    "sale_uom.factor",
    "sale_uom.rate",
    "sale_uom.rounding",
)
_SALE = (
    "reference",
    "party",
    "number",
    "state",
    "state:string",
    *records.HEADER,
    "lines.type",
    "lines.product",
    "lines.product.code",
    "lines.unit",
    "lines.quantity",
    "lines.unit_price",
)
_TERMS = ("invoice_address", "payment_term", "invoice_method", "shipment_method")
"""What Tryton fills in for a party, as its own client would ask it to."""


class Desk:
    """Looks up and acts in the name of the node's user, for one company."""

    def __init__(self, client: Client, context: Context) -> None:
        self._client, self._record, self._options = client, context.record, context.options
        company = client.session(context.record).context.get("company")
        if not isinstance(company, int):
            raise ConfigError("tryton_user_without_company")
        self._company = company
        self._taxes: dict[tuple[int, int], list[int]] = {}

    def known(self, documents: Sequence[Order]) -> Known:
        """What Tryton holds of what these orders name. Raises `ConfigError` where an option names nothing."""
        one = self._options["party"] if self._options["party_by"] == "code" else ""
        names = {one} if one else {document["vendor_code"] for document in documents} - {""}
        customers = self._customers(names)
        if one and len(customers.get(one, ())) != 1:
            raise ConfigError("tryton_no_party", party=one, many=len(customers.get(one, ())))
        by_vendor_sku = bool(self._options["vendor_sku_as_code"])
        return Known(
            customers=customers,
            products=self._products(orders.codes(documents, by_vendor_sku)),
            currencies=self._currencies({document["currency"] for document in documents}),
            piece=self._piece(),
            digits=self._digits(),
            party=one,
            vendor_sku_as_code=by_vendor_sku,
        )

    def sales(self, documents: Sequence[Order], known: Known) -> dict[tuple[int, str], list[Sale]]:
        """The sales that these orders have already, in whatever state, by party and reference."""
        parties = [customer.id for some in known.customers.values() for customer in some]
        numbers = [document["number"] for document in documents]
        asked = [["reference", "in", numbers], ["party", "in", parties], ["company", "=", self._company]]
        found: dict[tuple[int, str], list[Sale]] = {}
        for one in self._read("sale.sale", asked, _SALE):
            found.setdefault((one["party"], one["reference"]), []).append(records.sale(one))
        return found

    def create(self, wanted: Wanted) -> int:
        """A new draft, and its number among Tryton's records."""
        lines = [self._taxed(wanted.customer, {"type": "line", **orders.fields(line)}) for line in wanted.lines]
        values = {
            "company": self._company,
            "party": wanted.customer.id,
            "reference": wanted.reference,
            "sale_date": wanted.sale_date,
            **wanted.customer.terms,
            **wanted.header,
            "lines": [["create", lines]],
        }
        return int(self._call("model.sale.sale.create", [values])[0])

    def write(self, sale: Sale, wanted: Wanted) -> None:
        """Bring a draft to what it is to be."""
        values = orders.writing(sale, wanted)
        for command in values.get("lines", ()):
            if command[0] == "create":
                command[1] = [self._taxed(wanted.customer, {"type": "line", **line}) for line in command[1]]
        self._call("model.sale.sale.write", [sale.id], values)

    def press(self, button: str, sale: int) -> None:
        """Press one of the buttons of a sale: draft, quote, cancel."""
        self._call(f"model.sale.sale.{button}", [sale])

    def number(self, sale: int) -> str:
        """The number of a sale, or how it can be found while it has none."""
        found = self._call("model.sale.sale.read", [sale], ["number"])
        return found[0]["number"] or f"id {sale}"

    def _taxed(self, customer: Customer, line: dict[str, Any]) -> dict[str, Any]:
        """A new line with the taxes that Tryton takes for this product and customer."""
        key = customer.id, line["product"]
        if key not in self._taxes:
            sale = {"company": self._company, "party": customer.id}
            asked = {"type": "line", "product": line["product"], "sale": sale}
            self._taxes[key] = _added(self._call("model.sale.line.on_change", asked, ["product"]).get("taxes"))
        return {**line, "taxes": [["add", self._taxes[key]]]} if self._taxes[key] else line

    def _customers(self, names: set[str]) -> dict[str, list[Customer]]:
        """The parties that have one of these names as their code or as an identifier, by that name."""
        asked = ["OR", ["code", "in", sorted(names)], ["identifiers.code", "in", sorted(names)]]
        parties = self._read("party.party", asked, ("code", "name", "identifiers.code"))
        addresses: dict[int, list[records.Address]] = {}
        within = [["party", "in", [party["id"] for party in parties]]]
        for one in self._read("party.address", within, ("party", "party_name", "full_address")):
            addresses.setdefault(one["party"], []).append(records.address(one))
        found: dict[str, list[Customer]] = {}
        for party in parties:
            customer = Customer(
                id=party["id"],
                name=party["name"] or party["code"],
                addresses=tuple(addresses.get(party["id"], ())),
                terms=self._terms(party["id"]),
            )
            called = {party["code"], *(one["code"] for one in party.get("identifiers.") or ())}
            for name in called & names:
                found.setdefault(name, []).append(customer)
        return found

    def _terms(self, party: int) -> dict[str, Any]:
        asked = {"company": self._company, "party": party}
        found = self._looked("sale.sale", "on_change", asked, ["party"])
        return {name: found[name] for name in _TERMS if found.get(name) is not None}

    def _products(self, codes: set[str]) -> dict[str, list[records.Product]]:
        found: dict[str, list[records.Product]] = {}
        for one in self._read("product.product", [["code", "in", sorted(codes)]], _PRODUCT):
            found.setdefault(one["code"], []).append(records.product(one))
        return found

    def _currencies(self, codes: set[str]) -> dict[str, int]:
        wanted = sorted(code for code in codes if code)
        found = self._read("currency.currency", [["code", "in", wanted]], ("code",))
        return {one["code"]: one["id"] for one in found}

    def _piece(self) -> Unit:
        symbol = self._options["piece_unit"]
        fields = ("name", "category", "factor", "rate", "rounding")
        found = self._read("product.uom", [["symbol", "=", symbol]], fields, language=LANGUAGE)
        if len(found) != 1:
            raise ConfigError("tryton_no_piece_unit", symbol=symbol, many=len(found))
        return records.unit(found[0])

    def _digits(self) -> int | None:
        """How many decimals a unit price keeps, where Tryton says so plainly."""
        found = self._looked("sale.line", "fields_get", ["unit_price"])["unit_price"].get("digits")
        try:
            digits = json.loads(found) if isinstance(found, str) else found
        except ValueError:
            return None
        return digits[1] if isinstance(digits, list) and len(digits) == 2 and isinstance(digits[1], int) else None

    def _read(self, model: str, domain: list[Any], fields: Sequence[str], **context: Any) -> list[Mapping[str, Any]]:
        return list(self._looked(model, "search_read", domain, 0, None, [["id", "ASC"]], [*fields], **context))

    def _looked(self, model: str, method: str, *params: Any, **context: Any) -> Any:
        """What Tryton answers to a look. A refusal here is about rights, not about an order."""
        try:
            return self._call(f"model.{model}.{method}", *params, **context)
        except RefusedError as error:
            raise ConfigError("tryton_cannot_read", model=model, message=error.params.get("message", "")) from error

    def _call(self, method: str, *params: Any, **context: Any) -> Any:
        return self._client.call(self._record, method, *params, **context)


def _added(taxes: Any) -> list[int]:
    """The taxes in what a change of the product brings: numbers, or what is added to none."""
    if isinstance(taxes, dict):
        return [one["id"] for _, one in taxes.get("add", ())]
    return list(taxes or ())
