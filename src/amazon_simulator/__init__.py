"""A simulated Amazon for vendors: login, retail and Direct Fulfillment orders, over real TCP.

    with Simulator(orders=500) as amazon:
        amazon.dials.set("http_502_html", operation="getPurchaseOrders", times=2)
        ...  # point a client at amazon.url

    with Simulator(orders=0, df_orders=200) as amazon:
        (number,) = amazon.add_df_orders()
        amazon.change_df_order(number, state="CANCELLED")

It imports nothing of the program that it tests.
"""

from amazon_simulator.accounts import (
    CLIENT_ID,
    CLIENT_SECRET,
    LATER_REFRESH_TOKEN,
    REFRESH_TOKEN,
    SECOND_REFRESH_TOKEN,
    Account,
    numbered_accounts,
)
from amazon_simulator.amazon import Logged
from amazon_simulator.controls import KnownDirectOrder, KnownOrder
from amazon_simulator.dials import Dials, Setting
from amazon_simulator.faults import DIALS, Dial
from amazon_simulator.shelf import UnknownOrder
from amazon_simulator.simulator import Simulator

__all__ = [
    "CLIENT_ID",
    "CLIENT_SECRET",
    "DIALS",
    "LATER_REFRESH_TOKEN",
    "REFRESH_TOKEN",
    "SECOND_REFRESH_TOKEN",
    "Account",
    "Dial",
    "Dials",
    "KnownDirectOrder",
    "KnownOrder",
    "Logged",
    "Setting",
    "Simulator",
    "UnknownOrder",
    "numbered_accounts",
]
