"""Parameters that the model refuses, tokens that do not fit, names that nobody knows."""

from datetime import timedelta

import pytest

from amazon_simulator import SECOND_REFRESH_TOKEN, Simulator
from amazon_simulator.tests.client import ORDERS, STATUS, Client, text
from amazon_simulator.tests.conftest import NOW


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("limit", "0"),
        ("limit", "101"),
        ("limit", "-1"),
        ("limit", "ten"),
        ("limit", "1.5"),
        ("limit", ""),
        ("sortOrder", "asc"),
        ("includeDetails", "True"),
        ("isPOChanged", "1"),
        ("purchaseOrderState", "NEW"),
        ("poItemState", "New"),
        ("nextToken", "nonsense"),
        ("nextToken", "MDAwMDAwMDAwMQ=="),
        ("createdBefore", "2026-03-12"),
        ("createdBefore", "yesterday"),
        ("createdBefore", "2026-02-30T00:00:00Z"),
        ("createdBefore", "2026-03-12T10:00:00 01:00"),
        ("createdBefore", "1773309600"),
    ],
)
def test_a_value_that_breaks_the_model_is_refused(client: Client, week: dict[str, str], name: str, value: str) -> None:
    answer = client.get(ORDERS, **{**week, name: value})
    assert (answer.status, answer.code) == (400, "InvalidInput")
    assert name in answer.json["errors"][0]["details"]
    assert answer.headers["x-amzn-RateLimit-Limit"] == "10000.0"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("purchaseOrderStatus", "Open"),
        ("itemConfirmationStatus", "Accepted"),
        ("itemReceiveStatus", "PARTIALLY_RECEIVE"),
    ],
)
def test_a_status_value_that_breaks_the_model_is_refused(
    client: Client, week: dict[str, str], name: str, value: str
) -> None:
    assert client.get(STATUS, **week, **{name: value}).code == "InvalidInput"


@pytest.mark.parametrize("after", ["2026-03-11T10:00:00", "2026-03-11T11:00:00.250+01:00"])
def test_times_may_have_fractions_an_offset_or_no_zone(client: Client, after: str) -> None:
    assert client.get(ORDERS, createdAfter=after, createdBefore=text(NOW)).status == 200


@pytest.mark.parametrize(
    "days",
    [{"created": (8, 0)}, {"changed": (7.01, 0)}, {"created": (0, 1)}, {"created": (9, None)}, {},
     {"created": (7, 0), "changed": (7, 0)}],
)  # fmt: skip
def test_a_window_must_be_one_pair_of_at_most_seven_days(
    client: Client, days: dict[str, tuple[float, float | None]]
) -> None:
    window = {}
    for kind, (after, before) in days.items():
        window[f"{kind}After"] = text(NOW - timedelta(days=after))
        if before is not None:
            window[f"{kind}Before"] = text(NOW - timedelta(days=before))
    assert client.get(ORDERS, **window).code == "InvalidInput"


def test_a_token_is_bound_to_its_filters_its_operation_and_its_account(
    simulator: Simulator, client: Client, week: dict[str, str]
) -> None:
    token = client.get(ORDERS, **week, limit=5).payload["pagination"]["nextToken"]
    assert client.get(ORDERS, **week, limit=7, nextToken=token).status == 200
    assert client.get(ORDERS, **week, purchaseOrderState="New", nextToken=token).status == 400
    moved = {**week, "createdBefore": text(NOW - timedelta(seconds=1))}
    assert client.get(ORDERS, **moved, nextToken=token).status == 400
    assert client.get(ORDERS, nextToken=token).status == 400
    assert client.get(STATUS, **week, nextToken=token).status == 400
    other = Client(simulator, SECOND_REFRESH_TOKEN)
    other.login()
    assert other.get(ORDERS, **week, nextToken=token).status == 400


def test_a_token_must_be_url_encoded_exactly_once(client: Client, week: dict[str, str]) -> None:
    token = client.get(ORDERS, **week, limit=5).payload["pagination"]["nextToken"]
    query = "&".join(f"{name}={value}" for name, value in week.items())
    raw = client.send("GET", f"{ORDERS}?{query}&nextToken={token}", None, client.headers)
    assert raw.status == 400
    twice = token.replace("+", "%2B")
    assert client.get(ORDERS, **week, nextToken=twice).status == 400


def test_an_unknown_parameter_is_ignored_but_remembered(
    simulator: Simulator, client: Client, week: dict[str, str]
) -> None:
    assert client.get(ORDERS, **week, marketplaceIds="APJ6JRA9NG5V4").status == 200
    assert client.get(ORDERS, **week, Limit=1).status == 200
    assert simulator.unknown_parameters == [
        "getPurchaseOrders Limit",
        "getPurchaseOrders marketplaceIds",
    ]


def test_a_strict_simulator_refuses_unknown_parameters(week: dict[str, str]) -> None:
    with Simulator(orders=5, now=NOW, strict=True) as simulator:
        client = Client(simulator)
        client.login()
        answer = client.get(ORDERS, **week, createdBefor="x")
    assert answer.status == 400
    assert "createdBefor" in answer.json["errors"][0]["details"]
