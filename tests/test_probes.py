"""What a supervisor, a load balancer and Prometheus ask of a real web process."""

import os
import signal
import subprocess
import time
from pathlib import Path

import postgres
import pytest
from asking import Web
from hub import Hub, declared, wait_for
from prometheus_client.openmetrics.parser import text_string_to_metric_families as open_metrics
from prometheus_client.parser import text_string_to_metric_families as text_metrics

from amazon_simulator import Simulator

pytestmark = pytest.mark.hub

POSTGRESQL = "APPRODO_TEST_SERVER" in os.environ


@pytest.fixture
def web(hub: Hub) -> Web:
    return Web(hub)


@pytest.mark.once
def test_probes_answer_without_login_session_or_a_known_host(web: Web):
    for path in ("/health", "/ready"):
        answer = web.ask(path, Host="10.0.0.7:http")
        assert (answer.status, answer.data) == (200, {"status": "ok"})
        assert answer.headers["Content-Type"] == "application/json"
        assert "Set-Cookie" not in answer.headers
        head = web.ask(path, "HEAD")
        assert (head.status, head.text) == (200, "")
        refused = web.ask(path, "POST", b"")
        assert (refused.status, refused.headers["Allow"]) == (405, "GET, HEAD")


def test_an_older_schema_is_not_ready(hub: Hub, web: Web):
    ((newest,),) = hub.rows("SELECT max(name) FROM django_migrations WHERE app = 'processes'")
    hub.change(f"DELETE FROM django_migrations WHERE app = 'processes' AND name = '{newest}'")
    refused(web, "schema_behind")
    hub.change(f"INSERT INTO django_migrations (app, name, applied) VALUES ('processes', '{newest}', '2026-01-01')")
    assert web.ask("/ready").status == 200


def test_a_database_that_another_key_encrypted_is_not_ready(hub: Hub, web: Web):
    ((fingerprint,),) = hub.rows("SELECT key_fingerprint FROM nodes_installation")
    hub.change("UPDATE nodes_installation SET key_fingerprint = 'of another'")
    refused(web, "other_encryption_key")
    hub.change(f"UPDATE nodes_installation SET key_fingerprint = '{fingerprint}'")
    assert web.ask("/ready").status == 200


def refused(web: Web, code: str) -> None:
    answer = web.ask("/ready")
    assert (answer.status, answer.data["status"], answer.data["code"]) == (503, "unavailable", code)
    assert answer.data["detail"].endswith(".")
    assert web.ask("/health").status == 200


@pytest.mark.skipif(POSTGRESQL, reason="SQLite's own")
def test_a_file_that_is_gone_is_not_ready_until_it_is_back(hub: Hub, web: Web):
    files = [path for path in hub.home.glob("hub.sqlite3*") if path.is_file()]
    for path in files:
        path.rename(hub.home / f"away-{path.name}")
    (hub.home / "hub.sqlite3").mkdir()
    answer = web.ask("/ready")
    assert (answer.status, answer.data["code"]) == (503, "database_away")
    assert str(hub.home) not in answer.text
    assert web.ask("/health").status == 200
    (hub.home / "hub.sqlite3").rmdir()
    for path in files:
        (hub.home / f"away-{path.name}").rename(path)
    assert web.ask("/ready").status == 200


@pytest.fixture
def own_server(tmp_path: Path):
    server = postgres.Server()
    hub = Hub(tmp_path, server.address)
    hub.migrate()
    yield server, hub
    hub.close()


@pytest.mark.skipif(not POSTGRESQL, reason="PostgreSQL's own")
def test_a_server_that_is_gone_is_not_ready_until_it_is_back(own_server: tuple[postgres.Server, Hub]):
    server, hub = own_server
    web = Web(hub)
    assert web.ask("/ready").status == 200
    assert web.ask("/").status == 200
    server.stop()
    answer = web.ask("/ready")
    assert (answer.status, answer.data["code"]) == (503, "database_away")
    assert not any(word in answer.text for word in ("127.0.0.1", "approdo@", "hub_", "port"))
    assert web.ask("/metrics", Authorization="Bearer x").status == 503
    assert web.ask("/health").status == 200
    server.start()
    wait_for(lambda: web.ask("/ready").status == 200, "it is ready again")
    assert web.ask("/").status == 200


@pytest.mark.skipif(not POSTGRESQL, reason="PostgreSQL's own")
def test_a_server_that_hangs_is_told_within_seconds(own_server: tuple[postgres.Server, Hub]):
    _server, hub = own_server
    web = Web(hub)
    processes = _of_server(hub)
    for number in processes:
        os.kill(number, signal.SIGSTOP)
    try:
        for _ in range(2):
            began = time.monotonic()
            assert web.ask("/ready").data["code"] == "database_away"
            assert time.monotonic() - began < 5
        assert web.ask("/health").status == 200
    finally:
        for number in processes:
            os.kill(number, signal.SIGCONT)
    wait_for(lambda: web.ask("/ready").status == 200, "it is ready again")


def _of_server(hub: Hub) -> list[int]:
    """The server's postmaster and its children."""
    ((folder,),) = hub.rows("SHOW data_directory")
    postmaster = int((Path(folder) / "postmaster.pid").read_text().split()[0])
    found = subprocess.run(["ps", "-o", "pid=", "--ppid", str(postmaster)], capture_output=True, text=True, check=True)
    return [postmaster, *(int(number) for number in found.stdout.split())]


@pytest.mark.once
def test_prometheus_reads_how_a_connector_did_with_a_token_for_that_alone(hub: Hub, web: Web):
    token = hub.command("token", "add", "Prometheus", "--scope", "metrics:read").stdout.strip()
    other = hub.command("token", "add", "ERP", "--scope", "documents:read").stdout.strip()
    assert web.ask("/metrics").status == 401
    assert web.ask("/metrics", Authorization="Bearer apd_nobody").status == 401
    assert web.ask("/metrics", Authorization=f"Bearer {other}").status == 403
    with Simulator(seed=3, orders=30, days=20, rate_limit=False) as amazon:
        hub.apply(declared(amazon))
        ran = hub.run()
    answer = web.ask("/metrics", Authorization=f"Bearer {token}")
    assert answer.headers["Content-Type"].startswith("text/plain; version=0.0.4")
    found = {
        (sample.name, tuple(sample.labels.values())): sample.value
        for family in text_metrics(answer.text)
        for sample in family.samples
    }
    assert found["approdo_connector_last_run_state", ("Download", "succeeded")] == 1
    assert found["approdo_connector_last_run_orders", ("Download", "created")] == ran["counts"]["created"]
    assert time.time() - found["approdo_connector_last_success_timestamp_seconds", ("Download",)] < 120
    assert (
        time.time() - found["approdo_read_until_timestamp_seconds", ("Amazon Vendor EU", "vendor_retail", "created")]
        < 120
    )
    assert found["approdo_workers", ()] == 0
    again = web.ask("/metrics", Authorization=f"Bearer {token}", Accept="application/openmetrics-text; version=1.0.0")
    assert again.headers["Content-Type"].startswith("application/openmetrics-text")
    assert {family.name for family in open_metrics(again.text)} >= {"approdo_build", "approdo_queue_oldest_seconds"}


@pytest.mark.once
@pytest.mark.parametrize(("setting", "status"), [("open", 200), ("off", 404)])
def test_metrics_are_open_or_off_where_the_setting_says_so(hub: Hub, setting: str, status: int):
    hub.environment["APPRODO_METRICS"] = setting
    assert Web(hub).ask("/metrics").status == status
