"""Alarms of a whole installation: by the worker, and by the web server where no worker is left."""

import json
import subprocess
from contextlib import contextmanager

import born_ready
import pytest
from hub import Hub, declared, free_port, wait_for
from receivers import MailServer, WebhookReceiver

from amazon_simulator import Simulator

pytestmark = pytest.mark.hub

LOOK = """
import os, sys, time
os.environ["DJANGO_SETTINGS_MODULE"] = "approdo.settings"
import django
django.setup()
from django.utils import timezone
from approdo.processes import alarms, notices
print("ready", flush=True)
sys.stdin.readline()
for _ in range(10):
    alarms.look(timezone.now())
for numbers in notices.waiting(timezone.now()).values():
    notices.send_all(numbers)
"""


@contextmanager
def amazon():
    with Simulator(seed=4, orders=20, days=10, rate_limit=False) as simulator:
        yield simulator


@pytest.fixture
def webhook():
    with WebhookReceiver().running() as receiver:
        yield receiver


def told(webhook):
    return [(call["type"], call["data"]["cause"]) for call in (json.loads(body) for _headers, body in webhook.calls)]


def erp(webhook):
    return {"name": "ERP", "kind": "webhook", "address": webhook.url, "language": "en"}


def start_looking(hub: Hub) -> "subprocess.Popen[str]":
    """A process that looks and sends once it is told to."""
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    process = born_ready.born(["-c", LOOK], env=hub.environment, cwd=hub.home, **pipes)
    assert process.stdout
    assert process.stdout.readline() == "ready\n"
    return process


def go(process: "subprocess.Popen[str]") -> None:
    assert process.stdin
    process.stdin.write("\n")
    process.stdin.flush()


def look_together(hub: Hub, count: int = 4) -> None:
    """So many processes look and send at the same moment."""
    processes = [start_looking(hub) for _ in range(count)]
    for process in processes:
        go(process)
    assert [process.communicate()[1] or process.returncode for process in processes] == [0] * count


def test_however_many_processes_look_at_the_same_moment_each_cause_is_told_once(hub: Hub, webhook):
    with amazon() as simulator:
        records = declared(simulator)
        records["nodes"][0]["options"]["client_secret"] = "wrong"
        hub.apply({**records, "recipients": [erp(webhook)]})
        assert hub.run()["state"] == "failed"
        look_together(hub)
        assert told(webhook) == [("alarm.opened", "refused")]
        assert hub.apply(declared(simulator)).returncode == 0
        assert hub.run()["state"] == "succeeded"
        look_together(hub)
    assert told(webhook) == [("alarm.opened", "refused"), ("alarm.over", "refused")]
    assert hub.rows("SELECT count(*) FROM processes_notice WHERE state = 'sent'") == [(2,)]


def test_what_a_process_was_sending_when_it_was_killed_is_sent_by_another(hub: Hub, webhook):
    hub.apply({"recipients": [erp(webhook)]})
    hub.change(
        "INSERT INTO processes_worker (executor, host, started_at) VALUES ('b-1', 'b', '2026-05-01 12:00:00+00')"
    )
    hub.change("UPDATE processes_worker SET missed_at = '2026-05-01 12:00:00+00'")
    webhook.hangs = 30.0
    sender = start_looking(hub)
    go(sender)
    wait_for(lambda: webhook.calls, "the receiver was called")
    sender.kill()
    sender.wait()
    webhook.hangs = 0.0
    look_together(hub, 1)
    assert len(webhook.calls) == 1, "it may still be under way"
    hub.change("UPDATE processes_notice SET next_attempt_at = '2026-05-01 12:00:00+00'")
    look_together(hub, 1)
    first, second = (headers["webhook-id"] for headers, _body in webhook.calls)
    assert first == second
    assert hub.rows("SELECT state, attempts FROM processes_notice") == [("sent", 2)]


def test_the_web_server_says_that_the_last_worker_is_gone_and_a_new_one_ends_the_alarm(hub: Hub):
    mail = MailServer()
    hub.environment["APPRODO_EMAIL_URL"] = f"smtp://127.0.0.1:{mail.port}?from=hub@example.com"
    hub.apply({"recipients": [{"name": "Anna", "address": "anna@example.com", "language": "it"}]})
    with mail.running():
        hub.start("web", "--port", str(free_port()))
        worker = hub.start("worker")
        wait_for(lambda: hub.rows("SELECT executor FROM processes_worker"), "the worker is written down")
        worker.kill()
        worker.wait()
        wait_for(lambda: mail.mails, "the web server told that the worker is gone")
        assert mail.mails[0]["subject"].startswith("Approdo: Worker scomparso")
        replacement = hub.start("worker")
        wait_for(lambda: len(mail.mails) == 2, "the end of the alarm was told")
        assert mail.mails[1]["subject"].startswith("Approdo: rientrato: Worker scomparso")
        replacement.terminate()
        replacement.wait()
    assert hub.rows("SELECT executor FROM processes_worker") == []
    assert len(mail.mails) == 2


def test_a_worker_of_one_command_is_not_missed(hub: Hub):
    with amazon() as simulator:
        hub.apply(declared(simulator))
        assert hub.run()["state"] == "succeeded"
    assert hub.rows("SELECT count(*) FROM processes_worker") == [(0,)]


@pytest.mark.once
def test_each_run_that_brings_orders_is_told_to_whoever_wants_that(hub: Hub, webhook):
    with amazon() as simulator:
        hub.apply({**declared(simulator), "recipients": [{**erp(webhook), "news": "run"}]})
        created = hub.run()["counts"]["created"]
        assert hub.run()["counts"]["created"] == 0
        look_together(hub, 2)
        (call,) = [json.loads(body) for _headers, body in webhook.calls]
    assert (call["type"], call["data"]["counts"]) == ("orders.run", {"new": created, "changed": 0, "cancelled": 0})
    numbers = {document["number"] for document in hub.documents()}
    assert {order["number"] for order in call["data"]["orders"]} <= numbers
    assert set(call["data"]["orders"][0]) == {
        "id", "number", "what", "node", "vendor_code", "state", "total", "currency",
    }  # fmt: skip


def test_a_secret_is_in_no_output_and_can_be_declared_twice(hub: Hub, webhook):
    secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
    given = {"recipients": [{**erp(webhook), "secret": secret}]}
    first, second = hub.apply(given), hub.apply(given)
    assert "created" in first.stdout
    assert "unchanged" in second.stdout
    given["recipients"][0]["secret"] = "whsec_AAKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
    assert "changed (secret)" in hub.apply(given).stdout
    (sealed,) = hub.rows("SELECT sealed FROM processes_recipient")[0]
    assert secret.removeprefix("whsec_") not in sealed + first.stdout + first.stderr
