"""`approdo run` and `approdo documents`: exit codes, what is printed, and where the work is done."""

import csv
import json
import signal
import subprocess
import sys
from io import StringIO

import born_ready
import pytest
import truth
from hub import Hub, declared, wait_for

from amazon_simulator import Simulator

pytestmark = pytest.mark.hub

COUNTS = ["requests", "read", "created", "updated", "unchanged", "failed"]


@pytest.fixture
def amazon():
    with Simulator(seed=3, orders=120, days=20, rate_limit=False) as simulator:
        yield simulator


def test_a_run_ends_with_exit_code_0_and_its_documents_come_out_in_every_form(hub: Hub, amazon: Simulator):
    hub.apply(declared(amazon))
    done = hub.command("run", "Download", "--json")
    assert done.returncode == 0, done.stderr
    (line,) = done.stdout.splitlines()
    result = json.loads(line)
    assert (list(result), list(result["counts"])) == (["run", "state", "counts", "statuses", "errors"], COUNTS)
    assert (result["statuses"]["created"], result["statuses"]["failed"]) == (120, 0)
    assert (result["state"], result["counts"]["created"], result["errors"]) == ("succeeded", 120, [])

    documents = hub.documents()
    assert len({document["number"] for document in documents}) == 120
    rows = list(csv.DictReader(StringIO(hub.command("documents", "--csv").stdout)))
    assert [row["number"] for row in rows] == [document["number"] for document in documents]
    assert [row["total"] for row in rows] == [document["total"] or "" for document in documents]

    table = hub.command("documents")
    assert len(table.stdout.splitlines()) == 51
    assert "--json" in table.stderr

    some = documents[0]
    found = hub.documents("--number", some["number"], "--state", some["state"], "--node", "Amazon Vendor EU")
    assert found == [some]
    assert hub.documents("--vendor-code", some["vendor_code"], "--since", "2999-01-01T00:00:00Z") == []

    head = f"{sys.executable} -m approdo documents --json | head -n 1"
    some_only = subprocess.run(head, shell=True, env=hub.environment, capture_output=True, text=True, check=False)
    assert (json.loads(some_only.stdout), some_only.stderr) == (some, "")


def test_a_run_that_finds_nothing_says_for_which_time_amazon_said_so_and_a_failed_one_does_not(hub: Hub):
    with Simulator(seed=3, orders=0, days=20) as amazon:
        hub.apply(declared(amazon))
        done = hub.command("run", "Download")
        assert done.returncode == 0, done.stderr
        assert "Amazon was asked for this time and answered that there is nothing: created 20" in done.stdout
        amazon.dials.set("forbidden", operation="getPurchaseOrders")
        assert "Amazon was asked" not in hub.command("run", "Download").stdout


@pytest.mark.parametrize(
    "arguments", [["run", "Nothing"], ["documents", "--node", "Nowhere"], ["documents", "--since", "soon"]]
)
def test_what_does_not_exist_gives_exit_code_2_and_a_sentence(hub: Hub, arguments: list[str]):
    done = hub.command(*arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert len(done.stderr.splitlines()) == 1


def test_ctrl_c_leaves_the_run_to_the_next_worker_and_says_so(hub: Hub, amazon: Simulator):
    hub.apply(declared(amazon))
    amazon.dials.set("slow", 3000)
    running = hub.start("run", "Download")
    wait_for(lambda: amazon.requests, "the run began")
    running.send_signal(signal.SIGINT)
    output, _ = running.communicate(timeout=30)
    assert running.returncode == 130
    assert "next worker" in output
    amazon.dials.clear()
    assert hub.run()["state"] == "succeeded"
    assert len(hub.run_states()) == 1


def test_a_command_ends_with_its_run_though_other_work_of_its_process_still_waits_for_amazon(hub: Hub):
    with Simulator(seed=1, orders=20, days=9, rate_limit=False) as away:
        data = with_procedure(away, every="1 day")
    data["nodes"].append({"name": "ERP", "type": "api"})
    data["connectors"].append({"name": "Invoices", "node": "ERP", "type": "api.import_documents"})
    hub.apply(data)
    done = born_ready.run(["-m", "approdo", "run", "Invoices"], timeout=60, env=hub.environment, cwd=hub.home)
    assert done.returncode == 0, done.stderr
    assert "succeeded" in done.stdout
    assert truth.live(hub), "the other work goes on with the next worker"


def with_procedure(amazon: Simulator, name: str = "Every morning", **more):
    data = declared(amazon)
    data["connectors"].append({**data["connectors"][0], "name": "Again"})
    return data | {"procedures": [{"name": name, "connectors": ["Download", "Again"], **more}]}


def test_a_procedure_is_declared_and_run_by_its_name(hub: Hub, amazon: Simulator):
    said = hub.apply(with_procedure(amazon, cron="30 6 * * 1-5"))
    assert "created  procedure “Every morning”" in said.stdout, said.stderr
    done = hub.command("run", "Every morning", "--json")
    assert done.returncode == 0, done.stderr
    result = json.loads(done.stdout)
    assert (list(result), list(result["counts"])) == (["run", "state", "counts", "statuses", "errors"], COUNTS)
    assert (result["state"], result["counts"]["created"]) == ("succeeded", 120)
    assert result["counts"]["unchanged"] >= 120, "the second connector read the same orders"
    assert "unchanged  procedure “Every morning”" in hub.apply(with_procedure(amazon, cron="30 6 * * 1-5")).stdout
    assert len(hub.documents()) == 120


def test_a_procedure_that_fails_says_which_connector_and_why(hub: Hub, amazon: Simulator):
    hub.apply(with_procedure(amazon, on_error="stop"))
    amazon.dials.set("forbidden")
    done = hub.command("run", "Every morning", "--json")
    assert done.returncode == 1
    result = json.loads(done.stdout)
    assert (result["state"], result["errors"][0]["code"]) == ("failed", "steps_failed")
    assert result["errors"][1]["message"].startswith("Download: ")
    said = hub.command("run", "Every morning")
    assert "2 of 2 connectors did not succeed: Download, Again." in said.stderr


def test_a_name_that_nothing_or_two_things_have_is_bad_usage(hub: Hub, amazon: Simulator):
    hub.apply(with_procedure(amazon, "Download"))
    for name, sentence in (("Nobody", "no connector or procedure “Nobody”"), ("Download", "Rename one of them")):
        refused = hub.command("run", name)
        assert refused.returncode == 2
        assert sentence in refused.stderr
    hub.apply(with_procedure(amazon))
    assert hub.command("run", "Every morning", "--orders", "PO1").returncode == 2
    assert hub.run_states() == []
