"""A simulator at a fixed moment, and a client that is logged in."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from amazon_simulator import Simulator
from amazon_simulator.tests.client import Client, text

NOW = datetime(2026, 3, 12, 10, tzinfo=UTC)


@pytest.fixture
def simulator() -> Iterator[Simulator]:
    """500 orders, no rate limit."""
    with Simulator(orders=500, now=NOW, rate_limit=False) as simulator:
        yield simulator


@pytest.fixture
def df() -> Iterator[Simulator]:
    """300 Direct Fulfillment orders and hardly a retail one, no rate limit."""
    with Simulator(orders=20, df_orders=300, now=NOW, rate_limit=False) as simulator:
        yield simulator


@pytest.fixture
def df_client(df: Simulator) -> Iterator[Client]:
    """Logged in to the first account, with a token for the Direct Fulfillment orders."""
    client = Client(df)
    client.login()
    client.restrict()
    yield client
    client.close()


@pytest.fixture
def client(simulator: Simulator) -> Iterator[Client]:
    """Logged in to the first account."""
    client = Client(simulator)
    client.login()
    yield client
    client.close()


@pytest.fixture
def week() -> dict[str, str]:
    """The created window of the last seven days."""
    return {"createdAfter": text(NOW - timedelta(days=7)), "createdBefore": text(NOW)}


@pytest.fixture
def changed_week() -> dict[str, str]:
    """The changed window of the last seven days."""
    return {"changedAfter": text(NOW - timedelta(days=7)), "changedBefore": text(NOW)}
