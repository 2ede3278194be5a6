"""Whether Amazon shows an order again for a mere change of state is not known: after the next run it is right either way."""

from datetime import timedelta

import pytest
import reading

from amazon_simulator import Account, Simulator
from approdo.nodes.models import TimeRange
from approdo.processes.models import Connector
from approdo.sales.models import SaleDocument

pytestmark = [pytest.mark.django_db, pytest.mark.once]


@pytest.fixture
def amazon():
    accounts = [Account("eu", "Atzr|simulator-eu", ("ROSIT", "ROSDE"), orders=60, df_orders=90)]
    with Simulator(seed=17, days=25, accounts=accounts, rate_limit=False) as simulator:
        yield simulator


def states(wanted: Connector) -> dict[str, str]:
    return dict(SaleDocument.objects.filter(node=wanted.node).values_list("number", "state"))


def look_back(hours: int) -> None:
    TimeRange.objects.update(last=hours, unit="hours")


@pytest.mark.parametrize("reappears", [False, True])
def test_a_closed_retail_order_is_seen_though_it_lies_outside_the_range(amazon: Simulator, reappears: bool):
    wanted = reading.connector(amazon)
    assert reading.read(wanted).state == "succeeded"
    look_back(2)
    moved = [order.number for order in amazon.orders("eu") if order.state != "Closed"][:3]
    assert amazon.now - min(o.created for o in amazon.orders("eu") if o.number in moved) > timedelta(hours=2)
    if reappears:
        amazon.dials.set("state_change_reappears")
    for number in moved:
        amazon.change_order(number, state="Closed")
    assert reading.read(wanted).state == "succeeded"
    assert states(wanted) == {order.number: order.state.lower() for order in amazon.orders("eu")}


@pytest.mark.parametrize("reappears", [False, True])
def test_a_shipped_consumer_order_is_seen_though_it_lies_outside_the_range(amazon: Simulator, reappears: bool):
    wanted = reading.direct_connector(amazon)
    assert reading.read(wanted).state == "succeeded"
    look_back(2)
    moved = [order.number for order in amazon.df_orders() if order.state in ("NEW", "ACCEPTED")][:3]
    assert len(moved) == 3
    if reappears:
        amazon.dials.set("state_change_reappears")
    for number in moved:
        amazon.change_df_order(number, state="SHIPPED")
    assert reading.read(wanted).state == "succeeded"
    assert states(wanted) == {order.number: order.state.lower() for order in amazon.df_orders()}
