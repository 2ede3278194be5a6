"""An ERP and a real web server: documents on their way over sockets, callers that die, callers at the same time."""

import signal
import socket
from concurrent.futures import ThreadPoolExecutor

import pytest
from asking import Web
from hub import Hub, declared, wait_for

from amazon_simulator import Simulator

pytestmark = pytest.mark.hub

MANY = 300


def exporting(amazon: Simulator):
    """The contract's own example, beside one that counts what was read."""
    data = declared(amazon)
    data["nodes"].append({"name": "Gestionale", "type": "api"})
    data["connectors"] += [
        {"name": name, "node": "Gestionale", "type": "api.export_documents", "options": {"format": "json", **options}}
        for name, options in {"Ordini": {"confirm": "explicit"}, "Letti": {"confirm": "by_reading"}}.items()
    ]
    return data | {"procedures": [{"name": "All", "connectors": ["Download", "Ordini"], "every": "1 day"}]}


@pytest.fixture
def erp(hub: Hub):
    """A hub with documents, its web server, and the ERP's token."""
    with Simulator(seed=5, orders=MANY, days=20, rate_limit=False) as amazon:
        assert hub.apply(exporting(amazon)).returncode == 0
        assert hub.run("All")["state"] == "succeeded"
    web = Web(hub)
    token = hub.command("token", "add", "ERP", "--scope", "exports:read").stdout.strip()
    return Erp(hub, web, {"Authorization": f"Bearer {token}"})


class Erp:
    def __init__(self, hub: Hub, web: Web, headers: dict[str, str]) -> None:
        self.hub, self.web, self.headers = hub, web, headers

    def fetch(self, connector: str = "Ordini", **query):
        asked = "&".join(f"{name}={value}" for name, value in query.items())
        answer = self.web.ask(f"/api/v1/exports/{connector}?{asked}", **self.headers)
        assert answer.status == 200, answer.text
        return answer

    def confirm(self, batch: str, connector: str = "Ordini") -> int:
        return self.web.ask(f"/api/v1/exports/{connector}/batches/{batch}/confirm", "POST", b"", **self.headers).status

    def stored(self) -> list[str]:
        return sorted(number for (number,) in self.hub.rows("SELECT number FROM sales_saledocument"))


def numbers(answer) -> list[str]:
    return [document["number"] for document in answer.data["documents"]]


@pytest.mark.once
def test_a_run_of_the_connector_says_how_many_documents_wait(erp: Erp):
    done = erp.hub.command("run", "Ordini")
    assert done.returncode == 0
    assert f"0 handed over, 0 refused, {len(erp.stored())} waiting." in done.stdout


def test_callers_at_the_same_time_get_every_document_once(erp: Erp):
    def caller(_):
        found = []
        while batch := (answer := erp.fetch(limit=9)).headers["X-Approdo-Batch"]:
            found += numbers(answer)
            assert erp.confirm(batch) == 200
        return found

    with ThreadPoolExecutor(5) as callers:
        found = [number for some in callers.map(caller, range(5)) for number in some]
    assert sorted(found) == erp.stored()


def test_a_web_server_that_is_killed_between_two_calls_loses_nothing(erp: Erp):
    first = erp.fetch(limit=50)
    erp.web.process.send_signal(signal.SIGKILL)
    erp.web.process.wait()
    erp.web = Web(erp.hub)
    assert erp.fetch(batch=first.headers["X-Approdo-Batch"]).text == first.text
    assert erp.confirm(first.headers["X-Approdo-Batch"]) == 200
    rest = numbers(erp.fetch(limit=1000))
    assert sorted(numbers(first) + rest) == erp.stored()


def test_by_reading_only_an_answer_that_was_read_counts(erp: Erp):
    cut_off(erp)
    confirmed = "SELECT count(*) FROM exchanges_batch WHERE confirmed_at IS NOT NULL"
    whole = erp.fetch("Letti", limit=10)
    wait_for(lambda: erp.hub.rows(confirmed) == [(1,)], "the answer that was read counted")
    ((open_one,),) = erp.hub.rows("SELECT id || '-' || tag FROM exchanges_batch WHERE confirmed_at IS NULL")
    again = erp.fetch("Letti", batch=open_one)
    assert sorted(numbers(again) + numbers(whole) + numbers(erp.fetch("Letti", limit=1000))) == erp.stored()


def cut_off(erp: Erp) -> None:
    """A caller that dies after the first bytes of a long answer."""
    with socket.create_connection(("127.0.0.1", erp.web.port)) as connection:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        authorization = erp.headers["Authorization"]
        connection.sendall(
            f"GET /api/v1/exports/Letti?limit=200 HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: {authorization}\r\n\r\n".encode()
        )
        assert connection.recv(100).startswith(b"HTTP/1.1 200")
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")  # ends with a reset
