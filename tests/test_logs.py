"""What web and worker write: JSON lines that name run and request, and never a secret or a consumer."""

import json
import os
import re
import sqlite3
import time
import urllib.parse
from contextlib import closing
from typing import TYPE_CHECKING, Any

import born_ready
import pytest
from asking import Web
from hub import Hub, declared, wait_for

from amazon_simulator import CLIENT_ID, CLIENT_SECRET, Account, Simulator

if TYPE_CHECKING:
    import subprocess

pytestmark = [pytest.mark.hub, pytest.mark.once]

REFRESH_TOKEN = "Atzr|simulator-eu"


@pytest.fixture
def amazon():
    accounts = [Account("eu", REFRESH_TOKEN, ("ROSIT", "ROSDE"), orders=120, df_orders=120)]
    with Simulator(seed=3, days=25, accounts=accounts, rate_limit=False) as simulator:
        yield simulator


@pytest.fixture(autouse=True)
def said(hub: Hub):
    """What a service says by default; other tests ask for less."""
    hub.environment["APPRODO_LOG_LEVEL"] = "info"


def both_programs(amazon: Simulator) -> dict[str, Any]:
    records = declared(amazon, last="30 days")
    direct = {"name": "Direct", "type": "vendor_direct_fulfillment", "time_range": "Range", "states": "all"}
    records["order_download_configurations"].append(direct)
    records["connectors"].append(
        {**records["connectors"][0], "name": "Consumers", "options": {"configuration": "Direct"}}
    )
    return records


def ask(hub: Hub, name: str) -> int:
    return int(json.loads(hub.command("run", name, "--no-wait", "--json").stdout)["run"])


def ended(hub: Hub) -> bool:
    return all(run["state"] not in ("queued", "running") for run in hub.run_states())


def told(process: "subprocess.Popen[str]") -> list[dict[str, Any]]:
    process.terminate()
    return lines(process.communicate(timeout=30)[0])


def lines(text: str) -> list[dict[str, Any]]:
    """Every line; fails where one is no JSON object."""
    return [json.loads(line) for line in text.splitlines() if line.strip()]


def secrets_of(hub: Hub, amazon: Simulator) -> list[str]:
    """What must stand in no log: secrets of installation and account, and who the consumers are."""
    environment = hub.environment
    kept = [
        path.read_text().strip() for path in (hub.home / "secret.key", hub.home / "encryption.keys") if path.exists()
    ]
    own = [environment[name] for name in ("APPRODO_SECRET_KEY", "APPRODO_ENCRYPTION_KEYS") if name in environment]
    people = [
        part
        for order in amazon.df_orders()
        for key, part in amazon.df_order(order.number)["orderDetails"]["shipToParty"].items()
        if key in ("name", "addressLine1", "phone")
    ]
    return [*kept, *own, CLIENT_SECRET, REFRESH_TOKEN, "Atza|", "Atzr|", *people]


def test_a_whole_download_is_two_lines_a_run_and_gives_away_nobody(hub: Hub, amazon: Simulator):
    hub.environment["APPRODO_LOG_LEVEL"] = "debug"
    assert hub.apply(both_programs(amazon)).returncode == 0
    worker = hub.start("worker")
    runs = {ask(hub, name): name for name in ("Download", "Consumers")}
    wait_for(lambda: ended(hub), "both runs ended")
    found = told(worker)
    for run, name in runs.items():
        began, over = [line for line in found if line.get("run") == run]
        assert (began["event"], over["event"], over["state"]) == ("run began", "run ended", "succeeded")
        assert (began["connector"], over["connector"]) == (name, name)
        assert over["counts"]["created"] == 120
        assert 0 < over["seconds"] < 60
        assert began["level"] == over["level"] == "info"
    assert [word for word in secrets_of(hub, amazon) if word in json.dumps(found, ensure_ascii=False)] == []


def test_a_refused_authorization_is_told_without_what_was_refused(hub: Hub, amazon: Simulator):
    records = both_programs(amazon)
    records["nodes"][0]["options"] |= {"client_secret": "not-this-one", "refresh_token": "Atzr|nor-this"}
    hub.apply(records)
    worker = hub.start("worker")
    run = ask(hub, "Download")
    wait_for(lambda: ended(hub), "the run ended")
    found = told(worker)
    (over,) = [line for line in found if line["event"] == "run ended"]
    assert (over["run"], over["state"], over["error"]) == (run, "failed", "client_refused")
    assert not any(word in json.dumps(found) for word in ("not-this-one", "nor-this", CLIENT_ID))


def test_a_failed_login_and_a_wrong_token_leave_no_password_and_no_token(hub: Hub):
    web = Web(hub)
    page = web.ask("/login/", Host="hub.example")
    cookie = page.headers["Set-Cookie"].partition(";")[0]
    field = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page.text)
    assert field
    form = {"csrfmiddlewaretoken": field[1], "username": "a-password-in-the-wrong-box", "password": "hunter2-hunter2"}
    body = urllib.parse.urlencode(form).encode()
    tried = web.ask("/login/?next=/&said=hunter3", "POST", body, Cookie=cookie, Host="hub.example")
    assert tried.status == 200
    assert web.ask("/api/v1/nodes", Authorization="Bearer apd_stolen-from-somebody").status == 401
    text = web.end()
    found = lines(text)
    secret = (*form.values(), "hunter3", "stolen-from-somebody", cookie.partition("=")[2])
    assert [word for word in secret if word in text] == []
    posted = [(line["path"], line["status"]) for line in found if line.get("method") == "POST"]
    assert posted == [("/login/", 200)]
    assert any("login failure" in line["event"] for line in found), "who watches for break-ins is told"


def test_each_request_has_an_id_that_its_line_and_its_answer_bear(hub: Hub):
    web = Web(hub)
    assert web.ask("/api/v1/nodes", X_Request_Id="proxy-17.a").headers["X-Request-Id"] == "proxy-17.a"
    for wrong in ("with space", "x" * 200, 'a"b'):
        made = web.ask("/api/v1/nodes", X_Request_Id=wrong).headers["X-Request-Id"]
        assert re.fullmatch(r"[0-9a-f]{32}", made)
    found = [line for line in lines(web.end()) if line["event"] == "request"]
    assert found[0]["request_id"] == "proxy-17.a"
    assert len({line["request_id"] for line in found}) == 4
    assert {(line["path"], line["status"]) for line in found} == {("/api/v1/nodes", 401)}


@pytest.mark.skipif("APPRODO_TEST_SERVER" in os.environ, reason="a lock of SQLite's")
def test_what_goes_wrong_while_a_run_is_worked_on_names_it(hub: Hub, amazon: Simulator):
    hub.apply(declared(amazon, last="20 days"))
    amazon.dials.set("slow", 300)
    run = ask(hub, "Download")
    worker = hub.start_faulty({"pragmas": ["busy_timeout = 100"]}, "worker")
    wait_for(lambda: hub.rows("SELECT sum(pages) FROM exchanges_windowread")[0][0], "the run began")
    with closing(sqlite3.connect(hub.home / "hub.sqlite3", timeout=20, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        time.sleep(2)
        other.execute("ROLLBACK")
    amazon.dials.clear()
    wait_for(lambda: ended(hub), "the run ended")
    failed = [line for line in told(worker) if line["event"].startswith("the database failed")]
    assert failed
    assert {(line["run"], line["connector"], line["level"]) for line in failed} == {(run, "Download", "warning")}


@pytest.mark.once
def test_the_engine_and_the_web_server_write_the_same_lines(hub: Hub):
    code = (
        "import logging; from approdo.cli import start; start.open_database(for_service=True)\n"
        "from approdo.processes import engine; engine.Worker().close()\n"
        "for name in ('dbos', '_granian', 'httpx2', 'django.request'):\n"
        "    logging.getLogger(name).error('Authorization: Bearer abc123 at %s', name)\n"
    )
    done = born_ready.run(["-c", code], 60, env=hub.environment, cwd=hub.home)
    assert done.returncode == 0, done.stderr
    found = lines(done.stderr)
    assert [line["logger"] for line in found] == ["dbos", "_granian", "httpx2", "django.request"]
    assert "abc123" not in done.stderr


@pytest.mark.once
def test_a_terminal_gets_words_and_a_wrong_setting_a_sentence(hub: Hub):
    hub.environment["APPRODO_LOG_FORMAT"] = "console"
    web = Web(hub)
    web.ask("/api/v1/nodes")
    text = web.end()
    assert re.search(r"\[info +\] request .*path=/api/v1/nodes", text), text
    wrong = hub.command("web", APPRODO_LOG_LEVEL="loud")
    assert (wrong.returncode, len(wrong.stderr.splitlines())) == (1, 1)
    assert "debug, info, warning, error" in wrong.stderr
