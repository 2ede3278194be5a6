"""Documents pushed by real workers to receivers that fail, hang and come back, and workers that are killed meanwhile."""

import base64
import os
from collections import Counter
from pathlib import Path

import pytest
from certificates import Authority
from hub import Hub, declared, free_port, wait_for
from receivers import WebhookReceiver
from standardwebhooks import Webhook

from amazon_simulator import Simulator

pytestmark = pytest.mark.hub

SECRET = "whsec_" + base64.b64encode(b"signing-with-thirty-two-bytes-ok").decode()
MANY = 90
DUE = "UPDATE exchanges_batch SET next_attempt_at = CURRENT_TIMESTAMP WHERE next_attempt_at IS NOT NULL"
WAITING = "SELECT count(*) FROM exchanges_batch WHERE next_attempt_at IS NOT NULL"
CONFIRMED = "SELECT count(*) FROM exchanges_batch WHERE confirmed_at IS NOT NULL"
ATTEMPTS = "SELECT status, error_code, ended_at IS NULL FROM exchanges_attempt ORDER BY id"
LIVE = "SELECT count(*) FROM processes_run WHERE state IN ('queued', 'running')"


class Receiver(WebhookReceiver):
    """Over HTTPS; knows what it has got."""

    def ids(self) -> list[str]:
        """Of the messages with documents; `approdo doctor` sends some without."""
        ids = [headers["webhook-id"] for headers, _body in self.calls]
        return [one for one in ids if not one.startswith("test-")]

    def numbers(self) -> list[str]:
        """The documents of each message once, however often it came; each is signed."""
        bodies = {headers["webhook-id"]: Webhook(SECRET).verify(body, headers) for headers, body in self.calls}
        return sorted(one["number"] for body in bodies.values() for one in body["data"].get("documents", ()))


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture(scope="module")
def certificate(authority: Authority) -> str:
    """That of every receiver here."""
    return authority.certificate("127.0.0.1")


@pytest.fixture(scope="module")
def downloaded(migrated_hub: Hub, authority: Authority, tmp_path_factory):
    """An installation with documents, which trusts the receivers' certificates: to be copied."""
    installed = migrated_hub.copy(tmp_path_factory.mktemp("downloaded"))
    trusting(installed, authority)
    with Simulator(seed=5, orders=MANY, days=20, rate_limit=False) as amazon:
        assert installed.apply(declared(amazon)).returncode == 0
        assert installed.run("Download")["state"] == "succeeded"
    assert len(stored(installed)) > 60
    return installed


@pytest.fixture
def filled(downloaded: Hub, authority: Authority, tmp_path: Path):
    installed = downloaded.copy(tmp_path / "hub")
    trusting(installed, authority)
    yield installed
    installed.close()


def trusting(hub: Hub, authority: Authority) -> None:
    hub.environment |= {"SSL_CERT_FILE": str(authority.path), "SIGNING_SECRET": SECRET}


def pushing(**addresses: str):
    """A node and a connector for each receiver."""
    nodes, connectors = [], []
    for name, address in addresses.items():
        options = {"address": address, "inner": True, "secret": "${SIGNING_SECRET}"}
        nodes.append({"name": name, "type": "webhook", "options": options})
        given = {"name": f"To {name}", "node": name, "type": "webhook.export_documents", "options": {"documents": 30}}
        connectors.append(given)
    return {"nodes": nodes, "connectors": connectors}


def push_to(hub: Hub, **addresses: str) -> None:
    done = hub.apply(pushing(**addresses))
    assert done.returncode == 0, done.stderr


def stored(hub: Hub) -> list[str]:
    return sorted(number for (number,) in hub.rows("SELECT number FROM sales_saledocument"))


def test_a_procedure_downloads_and_pushes_each_document_once(hub: Hub, authority: Authority, certificate: str):
    trusting(hub, authority)
    with (
        Receiver(certificate).running() as erp,
        Simulator(seed=5, orders=MANY, days=20, rate_limit=False) as amazon,
    ):
        data, more = declared(amazon), pushing(ERP=erp.url)
        data |= {section: data[section] + more[section] for section in more}
        data["procedures"] = [{"name": "All", "connectors": ["Download", "To ERP"]}]
        assert hub.apply(data).returncode == 0
        run = hub.run("All")
        assert run["state"] == "succeeded", run
        assert erp.numbers() == stored(hub)
        assert len(set(erp.ids())) == len(erp.calls) > 2
        assert hub.run("To ERP")["state"] == "succeeded"
        assert len(set(erp.ids())) == len(erp.calls), "nothing is sent twice"


@pytest.mark.once
def test_a_receiver_that_was_down_or_failed_gets_everything_once_it_is_back(filled: Hub, certificate: str):
    port = free_port()
    push_to(filled, ERP=f"https://127.0.0.1:{port}/")
    run = filled.run("To ERP")
    assert (run["state"], run["errors"][0]["code"]) == ("failed", "webhook_unreachable")
    assert filled.rows(WAITING) == [(1,)]
    filled.start("worker")
    with Receiver(certificate, port=port).running() as erp:
        erp.answers = [500]
        filled.change(DUE)
        wait_for(lambda: erp.calls, "the worker tried again by itself")
        wait_for(lambda: filled.rows(WAITING) == [(1,)], "it failed once more")
        filled.change(DUE)
        wait_for(lambda: filled.rows(CONFIRMED) >= [(3,)] and erp.numbers() == stored(filled), "all of it arrived")
        assert Counter(erp.ids()).most_common(1) == [(erp.ids()[0], 2)]
        assert erp.calls[0][1] == erp.calls[1][1]
    codes = [(status, code) for status, code, _open in filled.rows(ATTEMPTS)]
    assert codes[:3] == [(None, "webhook_unreachable"), (500, "webhook_failed"), (200, "")]


def test_a_worker_killed_between_sending_and_settling_sends_the_same_message_again(filled: Hub, certificate: str):
    with Receiver(certificate).running() as erp:
        push_to(filled, ERP=erp.url)
        filled.command("run", "To ERP", "--no-wait")
        dying = filled.start_faulty({"die": {"event": "call", "function": "pushing.end"}}, "worker")
        wait_for(lambda: dying.poll() is not None, "the worker was killed")
        assert len(erp.calls) == 1
        filled.start("worker")
        wait_for(lambda: filled.rows(LIVE) == [(0,)], "another one went on")
        (first, body), (second, again) = erp.calls[:2]
        assert (first["webhook-id"], body) == (second["webhook-id"], again)
        assert erp.numbers() == stored(filled)
        assert Counter(erp.ids())[first["webhook-id"]] == 2
        assert len(erp.calls) == len(set(erp.ids())) + 1
        assert [bool(unknown) for *_, unknown in filled.rows(ATTEMPTS)][:2] == [True, False]


@pytest.mark.once
def test_a_slow_receiver_keeps_no_other_waiting(filled: Hub, certificate: str):
    with Receiver(certificate).running() as slow, Receiver(certificate).running() as quick:
        push_to(filled, Slow=slow.url, Quick=quick.url)
        slow.hangs = 60.0
        filled.start("worker")
        for name in ("To Slow", "To Quick"):
            filled.command("run", name, "--no-wait")
        wait_for(lambda: quick.calls, "the quick one got something")
        assert slow.calls or wait_for(lambda: slow.calls, "the slow one has a message in its hands")
        *_, still_open = filled.rows(ATTEMPTS)[0]
        assert still_open, "while the slow one still held the first message"
        wait_for(lambda: quick.numbers() == stored(filled), "the quick one got everything")


@pytest.mark.skipif("APPRODO_TEST_SERVER" not in os.environ, reason="PostgreSQL's own: SQLite is one machine's")
def test_two_workers_send_each_batch_once(filled: Hub, certificate: str, tmp_path: Path):
    with Receiver(certificate).running() as erp:
        push_to(filled, ERP=erp.url)
        erp.hangs = 0.7
        for name in ("first", "second"):
            home = tmp_path / name
            home.mkdir()
            filled.host(home).start("worker")
        wait_for(lambda: filled.workers_alive() == 2, "both live")
        for _ in range(3):
            filled.command("run", "To ERP", "--no-wait")
        wait_for(lambda: erp.calls and filled.rows(LIVE) == [(0,)], "the runs ended")
        assert erp.numbers() == stored(filled)
        assert len(erp.ids()) == len(set(erp.ids()))
