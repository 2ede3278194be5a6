"""Batches that are sent out: why one has not arrived, having it sent again, and that nobody fetches them beside."""

import base64

import pytest
from amazon_orders import batch, order
from django.utils import timezone
from receivers import WebhookReceiver

from approdo.api.tests.conftest import node_body
from approdo.exchanges.models import Batch
from approdo.nodes.models import Node
from approdo.processes import handing_over
from approdo.processes.models import Connector, Run
from approdo.sales.receive import Origin, receive
from approdo.sdk.errors import TransientError

SECRET = "whsec_" + base64.b64encode(b"signing-with-thirty-two-bytes-ok").decode()
ADDRESS = "/exports/ERP"


@pytest.fixture
def receiver():
    with WebhookReceiver().running() as running:
        yield running


@pytest.fixture
def erp(caller, receiver):
    """A connector made through the API, with one document to send."""
    assert caller.post("/nodes", node_body()).status == 201
    options = {"address": receiver.url, "inner": True, "secret": SECRET}
    made = caller.post("/nodes", {"name": "Gestionale", "type": "webhook", "options": options})
    assert (made.status, made.data["secrets_set"]) == (201, ["secret"])
    assert SECRET not in made.text
    connector = {"name": "ERP", "node": "Gestionale", "type": "webhook.export_documents"}
    assert caller.post("/connectors", connector).status == 201
    receive(batch(order("PO000001")), Origin(Node.objects.get(type="amazon_vendor").pk, 1, timezone.now()))
    return Connector.objects.get(name="ERP")


def send(erp):
    Run.objects.filter(state__in=Run.LIVE).update(state="succeeded")
    run = Run.objects.create(connector=erp, connector_name="ERP", state="running", created_at=timezone.now())
    handing_over.step(run)


def test_a_batch_says_why_it_has_not_arrived_and_is_tried_now(caller, erp, receiver):
    receiver.answers = [500]
    with pytest.raises(TransientError):
        send(erp)
    name = Batch.objects.get().name
    shown = caller.get(f"{ADDRESS}/batches/{name}").data
    assert (shown["state"], shown["given"], shown["problem"]["code"]) == ("not_arrived", 1, "webhook_failed")
    assert "status 500" in shown["problem"]["message"]
    assert shown["next_attempt_at"]
    (attempt,) = shown["attempts"]
    assert (attempt["status"], attempt["problem"]["code"]) == (500, "webhook_failed")
    assert attempt["milliseconds"] >= 0
    assert caller.post(f"{ADDRESS}/batches/{name}/send-again").data["code"] == "batch_not_given_up"
    assert caller.post(f"{ADDRESS}/batches/{name}/try-now").status == 202
    send(erp)
    (listed,) = caller.get(f"{ADDRESS}/batches").data["items"]
    assert (listed["state"], listed["problem"]) == ("handed_over", None)
    assert caller.post(f"{ADDRESS}/batches/{name}/try-now").status == 409


def test_a_batch_that_was_given_up_is_sent_again(caller, erp, receiver):
    receiver.answers = [400]
    send(erp)
    name = Batch.objects.get().name
    shown = caller.get(f"{ADDRESS}/batches/{name}").data
    assert (shown["state"], shown["documents"][0]["problem"]["code"]) == ("given_up", "webhook_refused")
    listed = {state: caller.get(f"{ADDRESS}/batches?state={state}") for state in ("given_up", "open", "lost")}
    assert [len(listed[state].data["items"]) for state in ("given_up", "open")] == [1, 0]
    assert listed["lost"].status == 422
    again = caller.post(f"{ADDRESS}/batches/{name}/send-again")
    assert (again.status, again.data["state"]) == (202, "open")
    send(erp)
    assert len({headers["webhook-id"] for headers, _body in receiver.calls}) == 1
    assert caller.get(f"{ADDRESS}/batches/{name}").data["documents"][0]["state"] == "confirmed"
    assert caller.post(f"{ADDRESS}/batches/999-0a0a0a0a/send-again").status == 404


def test_what_is_sent_cannot_be_fetched_too(caller, erp):
    refused = caller.get(ADDRESS)
    assert (refused.status, refused.data["code"]) == (409, "export_is_sent")
    assert not Batch.objects.exists()


def test_who_may_not_change_the_node_sees_only_the_host(caller, caller_with, erp, receiver):
    caller.patch("/nodes/Gestionale", {"options": {"address": receiver.url + "T0K3N"}})
    assert "T0K3N" in caller.get("/nodes/Gestionale").text
    for path in ("/nodes", "/nodes/Gestionale"):
        assert "T0K3N" not in caller_with("settings:read").get(path).text


def test_receipts_come_later_too(caller, erp, receiver):
    send(erp)
    document = Batch.objects.get().deliveries.get().document_id
    told = caller.post(f"{ADDRESS}/receipts", {"receipts": [{"document": document, "receipt": "SO-1"}]})
    assert told.data["items"][0]["result"] == "accepted"


def test_only_a_token_for_exports_sends_again(caller_with, erp):
    assert caller_with("documents:read").post(f"{ADDRESS}/batches/1-0a0a0a0a/send-again").status == 403
