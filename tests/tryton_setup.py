"""Makes the books of a small vendor in a new Tryton: run by the Python of `.venv-tryton`, never imported.

`python tryton_setup.py CONFIG FULFILMENT_CENTRE…`: as an administrator would, company, accounts, tax, currencies,
units, Amazon as a customer with its addresses, and two users, one of whom may sell.
"""

import sys
from decimal import Decimal

from proteus import Model, config

CURRENCIES = {"GBP": "0.86", "PLN": "4.32", "SEK": "11.42"}


def keep_books(configuration: str, centres: list[str]) -> None:
    config.set_trytond("erp", user="admin", config_file=configuration)
    from trytond.modules.account.tests.tools import create_chart, create_fiscalyear, create_tax, get_accounts
    from trytond.modules.account_invoice.tests.tools import create_payment_term, set_fiscalyear_invoice_sequences
    from trytond.modules.company.tests.tools import create_company
    from trytond.modules.currency.tests.tools import get_currency

    party = Model.get("party.party")
    vendor = party(name="Rossi Casalinghi S.r.l.")
    vendor.save()
    create_company(vendor, currency=get_currency("EUR"))
    for code, rate in CURRENCIES.items():
        currency = get_currency(code)
        currency.rates.new(rate=Decimal(rate))
        currency.save()
    create_chart()
    year = set_fiscalyear_invoice_sequences(create_fiscalyear())
    year.click("create_period")
    tax = create_tax(Decimal("0.22"))
    tax.save()
    accounts = get_accounts()
    goods = Model.get("product.category")(name="Goods", accounting=True)
    goods.account_expense, goods.account_revenue = accounts["expense"], accounts["revenue"]
    goods.customer_taxes.append(tax)
    goods.save()
    _add_boxes()
    term = create_payment_term()
    term.save()
    amazon = party(name="Amazon EU S.à r.l.", code="AMAZON", customer_payment_term=term)
    amazon.addresses[0].street, amazon.addresses[0].invoice = "38 avenue John F. Kennedy", True
    for centre in centres:
        amazon.addresses.new(party_name=f"Amazon {centre}", delivery=True)
    amazon.save()
    _add_users()


def _add_boxes() -> None:
    unit = Model.get("product.uom")
    (piece,) = unit.find([("symbol", "=", "u")])
    for size in (6, 12):
        box = unit(name=f"Box of {size}", symbol=f"bx{size}", category=piece.category, digits=0, rounding=1.0)
        box.factor, box.rate = float(size), round(1 / size, 12)
        box.save()


def _add_users() -> None:
    user_model = Model.get("res.user")
    groups = Model.get("res.group").find([("name", "=", "Sales")])
    for login, has in (("approdo", groups), ("visitor", [])):
        user = user_model(login=login, name=login, password="only for tests of Approdo")
        user.groups.extend(has)
        user.companies.append(Model.get("company.company")(1))
        user.company = user.companies[0]
        user.save()


if __name__ == "__main__":
    keep_books(sys.argv[1], sys.argv[2:])
