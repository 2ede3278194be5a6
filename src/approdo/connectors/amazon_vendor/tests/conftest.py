"""A simulated Amazon, a server that answers as a test dictates, and clients with short waits."""

from collections.abc import Callable, Iterator
from itertools import count
from typing import Any

import pytest

from amazon_simulator import Simulator
from approdo.connectors.amazon_vendor.client import Client, RetryPolicy
from approdo.connectors.amazon_vendor.tests.quick import QUICK, Turn, at_once
from approdo.connectors.amazon_vendor.tests.scripted import ScriptedServer
from approdo.sdk.connector import Context, RequestMade

_accounts = count(1)


@pytest.fixture(scope="session")
def running_simulator() -> Iterator[Simulator]:
    """One simulator for all tests: 300 orders over 20 days."""
    with Simulator(seed=11, orders=300, days=20, lines=3, rate_limit=False) as simulator:
        yield simulator


@pytest.fixture
def simulator(running_simulator: Simulator) -> Simulator:
    """The simulator as new: no fault, no token, no request."""
    running_simulator.reset()
    return running_simulator


@pytest.fixture
def scripted() -> Iterator[ScriptedServer]:
    """A server that answers what the test says, and remembers what it was asked."""
    with ScriptedServer() as server:
        yield server


@pytest.fixture
def settings(simulator: Simulator) -> dict[str, Any]:
    """A node's options for the simulator's first account."""
    account = simulator.accounts[0]
    return {
        "region": "custom",
        "api_url": simulator.url,
        "token_url": simulator.token_url,
        "client_id": account.client_id,
        "client_secret": account.client_secret,
        "refresh_token": account.refresh_token,
    }


@pytest.fixture
def account() -> str:
    """A name that no other test uses: quotas are kept by account."""
    return f"account {next(_accounts)}"


@pytest.fixture
def log() -> list[RequestMade]:
    """Every request that was recorded."""
    return []


@pytest.fixture
def context(account: str, settings: dict[str, Any], log: list[RequestMade]) -> Context:
    """What a connector sees."""
    return Context(account=account, settings=settings, record=log.append)


@pytest.fixture
def client(account: str, settings: dict[str, Any]) -> Client:
    """A client of the simulator that does not wait long."""
    return Client(account, settings, QUICK, wait=at_once)


@pytest.fixture
def scripted_client(account: str, scripted: ScriptedServer) -> Callable[..., Client]:
    """Makes a client of the scripted server; keyword arguments change its settings."""

    def make(policy: RetryPolicy = QUICK, wait: Turn = at_once, **changed: Any) -> Client:
        return Client(account, {**scripted.settings, **changed}, policy, wait)

    return make
