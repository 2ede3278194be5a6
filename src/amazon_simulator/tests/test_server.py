"""The server itself: what HTTP forbids, many connections, going away."""

import socket
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPException

import pytest

from amazon_simulator import Simulator
from amazon_simulator.tests.client import ORDERS, Client


def raw(simulator: Simulator, request: str) -> bytes:
    """The beginning of the answer to these bytes."""
    host, port = simulator.url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=5) as connection:
        connection.sendall(request.replace("\n", "\r\n").encode())
        return connection.recv(4096)


@pytest.mark.parametrize(
    "request_text",
    [
        f"GET {ORDERS} HTTP/1.1\nHost: a\nHost: b\n\n",
        f"GET {ORDERS} HTTP/1.1\nHost: a\nTransfer-Encoding: chunked\n\n0\n\n",
        f"GET {ORDERS} HTTP/1.1\nHost: a\nContent-Length: x\n\n",
        "nonsense\n\n",
    ],
)
def test_what_breaks_http_is_refused_with_html(simulator: Simulator, request_text: str) -> None:
    answer = raw(simulator, request_text)
    assert answer.startswith(b"HTTP/1.1 400 ")
    assert b"Content-Type: text/html" in answer
    assert b"x-amzn-RequestId" in answer


def test_many_clients_are_served_at_once(simulator: Simulator, week: dict[str, str]) -> None:
    def read_all(_: int) -> list[str]:
        client = Client(simulator)
        client.login()
        return client.numbers(**week, limit=10)

    with ThreadPoolExecutor(16) as pool:
        results = list(pool.map(read_all, range(32)))
    assert all(result == results[0] for result in results)


def test_stopping_closes_open_connections(week: dict[str, str]) -> None:
    simulator = Simulator(orders=5, rate_limit=False).start()
    client = Client(simulator)
    client.login()
    simulator.stop()
    with pytest.raises((HTTPException, OSError)):
        client.get(ORDERS, **week)


def test_a_simulator_that_was_never_started_can_be_stopped() -> None:
    Simulator(orders=0).stop()
