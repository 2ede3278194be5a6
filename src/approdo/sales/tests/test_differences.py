"""What two versions of an order say differently."""

import json
from decimal import Decimal

import pytest
from amazon_orders import item, order

from approdo.connectors.amazon_vendor.wire import vendor_orders
from approdo.sales.differences import Difference, differences, kinds


def between(old, new):
    decode = vendor_orders.decode
    return differences(decode(json.dumps(old).encode()), decode(json.dumps(new).encode()))


def test_equal_versions_differ_in_nothing():
    assert between(order(), order()) == []


def test_a_changed_quantity_and_cost_stand_at_their_line():
    changed = item(
        orderedQuantity={"amount": 5, "unitOfMeasure": "Cases", "unitSize": 12},
        netCost={"amount": "1.25", "currencyCode": "EUR"},
    )
    assert between(order(items=[item(), item("2")]), order(items=[changed, item("2")])) == [
        Difference("1", "quantity", 3, 5),
        Difference("1", "eaches", 36, 60),
        Difference("1", "net_cost", Decimal("1.10"), Decimal("1.25")),
    ]


def test_amounts_that_are_only_spelled_differently_do_not_differ():
    assert between(order(), order(items=[item(netCost={"amount": "1.1000", "currencyCode": "EUR"})])) == []


def test_a_new_line_and_a_vanished_one_are_named_whole():
    assert between(order(items=[item("1"), item("2")]), order(items=[item("2"), item("3")])) == [
        Difference("1", "", True, False),
        Difference("3", "", False, True),
    ]


def test_a_cancelled_line_says_so():
    cancelled = item(orderedQuantity={"amount": 0, "unitOfMeasure": "Cases", "unitSize": 12})
    found = between(order(), order(items=[cancelled]))
    assert Difference("1", "cancelled", False, True) in found


def test_state_window_and_ship_to_are_the_documents_own():
    moved = order(
        state="Closed", shipToParty={"partyId": "BGY3"}, deliveryWindow="2026-05-04T00:00:00Z--2026-05-06T00:00:00Z"
    )
    found = {change.field: (change.line, change.before, change.after) for change in between(order(), moved)}
    assert found["state"] == (None, "new", "closed")
    assert found["parties.ship_to.id"] == (None, "MXP5", "BGY3")
    assert found["delivery_window.start"][1] is None
    assert found["delivery_window.end"][2].day == 6


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ({}, {"items": [item(orderedQuantity={"amount": 5, "unitOfMeasure": "Cases", "unitSize": 12})]}, ["quantity"]),
        ({}, {"items": [item(netCost={"amount": "2", "currencyCode": "EUR"})]}, ["cost"]),
        ({}, {"deliveryWindow": "2026-05-04T00:00:00Z--2026-05-06T00:00:00Z"}, ["window"]),
        ({}, {"shipToParty": {"partyId": "BGY3"}}, ["ship_to"]),
        ({}, {"items": [item(), item("2")]}, ["new_line"]),
        ({"items": [item(), item("2")]}, {}, ["vanished_line"]),
        ({}, {"state": "Closed", "purchaseOrderStateChangedDate": "2026-05-02T10:00:00Z"}, ["state"]),
        ({}, {"dealCode": "X"}, ["other"]),
        ({}, {"purchaseOrderChangedDate": "2026-05-02T10:00:00Z"}, []),
        (
            {},
            {"items": [item(orderedQuantity={"amount": 0, "unitOfMeasure": "Cases", "unitSize": 12})]},
            ["quantity", "cancelled"],
        ),
    ],
)
def test_a_version_says_of_which_kinds_its_changes_are(old, new, expected):
    assert kinds(between(order(**old), order(**new))) == expected
