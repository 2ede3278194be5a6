"""The programs in the how-tos do what they say: taken from the page as they stand, run against a real web server."""

import json
import re
import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest
import yaml
from asking import Web
from hub import Hub, declared

from amazon_simulator import Simulator

pytestmark = [pytest.mark.hub, pytest.mark.once]

PAGE = (Path(__file__).parent.parent / "docs/howto-erp.md").read_text()


def block(language: str) -> str:
    """The first program of a language on the page."""
    [found, *_] = re.findall(rf"```{language}\n(.*?)```", PAGE, re.DOTALL)
    return found


def run(command: list[str], folder: Path, environment: dict[str, str]) -> str:
    done = subprocess.run(
        command, cwd=folder, env=environment, text=True, capture_output=True, check=False, timeout=120
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture
def served(hub: Hub):
    """The environment in which the page's programs are run, the hub set up as the page says."""
    with Simulator(seed=5, orders=12, days=9, rate_limit=False) as amazon:
        wanted, page = declared(amazon), yaml.safe_load(block("yaml"))
        for kind in page:
            wanted[kind] += page[kind]
        assert hub.apply(wanted).returncode == 0
        assert hub.run("Download")["state"] == "succeeded"
    token = hub.command("token", "add", "ERP", "--scope", "exports:read").stdout.strip()
    web = Web(hub)
    yield hub.environment | {"APPRODO_URL": f"http://127.0.0.1:{web.port}", "APPRODO_TOKEN": token}
    web.end()


def test_twenty_lines_of_python_fetch_store_confirm_and_give_the_number_back(hub: Hub, served, tmp_path):
    (tmp_path / "erp.py").write_text(block("python"))
    assert len([line for line in block("python").splitlines() if line]) <= 20
    for _ in range(2):  # the second time nothing waits
        run([sys.executable, "erp.py"], tmp_path, served)
    with closing(sqlite3.connect(tmp_path / "erp.sqlite3")) as erp:
        stored = [json.loads(document) for (document,) in erp.execute("SELECT document FROM orders")]
    documents = {document["id"]: document for document in hub.documents()}
    assert {one["id"]: one["lines"] for one in stored} == {number: one["lines"] for number, one in documents.items()}
    exports = [export for document in documents.values() for export in document["exports"]]
    assert {(one["state"], one["receipt"]) for one in exports} == {
        ("confirmed", f"SO-{number}") for number in documents
    }


@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")
def test_curl_does_the_same(hub: Hub, served, tmp_path):
    known = hub.documents()[0]["id"]
    answers = run(["sh", "-e", "-c", block("sh").replace("17", str(known))], tmp_path, served)
    assert len(json.loads((tmp_path / "orders.json").read_text())["documents"]) == 12
    [export] = next(one["exports"] for one in hub.documents() if one["id"] == known)
    assert (export["state"], export["receipt"]) == ("confirmed", "SO-2041"), answers
