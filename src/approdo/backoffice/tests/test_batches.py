"""Batches that are sent, on screen: why one has not arrived, each attempt, and the buttons that help it along."""

import base64

import pytest
from amazon_orders import order
from django.utils import timezone

from approdo.backoffice.tests.conftest import saved
from approdo.exchanges import delivery, pushing
from approdo.exchanges.models import Batch
from approdo.nodes.models import Node
from approdo.processes import handing_over
from approdo.processes.models import Connector, Run
from approdo.sales.models import SaleDocument
from approdo.sdk.errors import RefusedError, TransientError
from approdo.sdk.exports import Handed, Refusal

SECRET = "whsec_" + base64.b64encode(b"signing-with-thirty-two-bytes-ok").decode()
BATCHES = "/exchanges/batch/"
BUSY = TransientError("webhook_failed", host="erp.example.com", status=500)
NO = RefusedError("webhook_refused", host="erp.example.com", status=400)


@pytest.fixture
def erp(db):
    options = {"address": "https://erp.example.com/hook", "secret": SECRET}
    node = saved(Node(name="Gestionale", type="webhook", options=options))
    return saved(Connector(name="ERP", node=node, type="webhook.export_documents"))


@pytest.fixture
def sent(erp, receive_orders):
    """Makes an attempt to send a batch of two documents end with an error, or with none."""
    receive_orders(order("PO000001"), order("PO000002"))
    batch = delivery.claim(handing_over.asked(erp, "ERP", timezone.now()), 10)

    def attempt(error=None, status=200, answer="", handed=None):
        run = Run.objects.create(connector_name="ERP", state=Run.State.FAILED, created_at=timezone.now())
        one = pushing.begin(batch, run.pk, timezone.now())
        pushing.end(one, error, timezone.now(), status, answer)
        if isinstance(error, TransientError):
            pushing.postpone(batch, error, timezone.now())
        elif error:
            pushing.give_up(batch, error, timezone.now())
        else:
            pushing.settle(batch, handed or Handed(), "ERP", timezone.now())
        batch.refresh_from_db()
        return batch

    return attempt


def page(client, batch):
    return client.get(f"{BATCHES}{batch.pk}/change/").content.decode()


def test_a_batch_that_has_not_arrived_says_why_when_it_is_tried_next_and_each_attempt(admin_client, sent):
    batch = sent(BUSY, 500, "<h1>out of order</h1>")
    shown = page(admin_client, batch)
    assert "erp.example.com failed to take it (status 500)." in shown
    assert "It is tried again" in shown
    assert f"{BATCHES}{batch.pk}/try-now/" in shown
    assert "&lt;h1&gt;out of order&lt;/h1&gt;" in shown
    assert f"/processes/run/{batch.run}/change/" in shown
    assert "send-again" not in shown


def test_try_now_asks_for_a_run_at_once(admin_client, sent, erp):
    batch = sent(BUSY, 500)
    answer = admin_client.post(f"{BATCHES}{batch.pk}/try-now/", follow=True)
    assert answer.redirect_chain == [(f"{BATCHES}{batch.pk}/change/", 302)]
    assert "It is sent now" in answer.content.decode()
    assert Run.objects.get(state=Run.State.QUEUED).connector == erp
    batch.refresh_from_db()
    assert batch.next_attempt_at <= timezone.now()


def test_a_batch_that_was_given_up_is_listed_as_such_and_sent_again(admin_client, sent, erp):
    batch = sent(NO, 400)
    assert "Given up" in admin_client.get(f"{BATCHES}?state=given_up").content.decode()
    assert batch.name not in admin_client.get(f"{BATCHES}?state=handed_over").content.decode()
    assert f"{BATCHES}{batch.pk}/send-again/" in page(admin_client, batch)
    admin_client.post(f"{BATCHES}{batch.pk}/send-again/")
    batch.refresh_from_db()
    assert batch.state == Batch.State.OPEN
    assert Run.objects.get(state=Run.State.QUEUED).connector == erp
    again = admin_client.post(f"{BATCHES}{batch.pk}/send-again/", follow=True)
    assert "was not given up" in again.content.decode()


@pytest.mark.parametrize("chosen", ["open", "not_arrived", "handed_over", "given_up", "nonsense"])
def test_the_list_is_filtered_by_state(admin_client, sent, chosen):
    batch = sent(BUSY, 500)
    listed = admin_client.get(f"{BATCHES}?state={chosen}")
    assert (batch in listed.context["cl"].result_list) == (chosen in ("not_arrived", "nonsense"))


def test_a_document_that_was_not_taken_says_why_in_the_batch_and_on_its_page(admin_client, sent):
    document = SaleDocument.objects.get(number="PO000002")
    refusal = Refusal("document_refused", {"number": "PO000002", "said": "ART-9 is not <known>"})
    batch = sent(handed=Handed(refused={document.pk: refusal}))
    listed = admin_client.get(BATCHES).content.decode()
    assert "1 not taken" in listed
    for shown in (
        page(admin_client, batch),
        admin_client.get(f"/sales/saledocument/{document.pk}/change/").content.decode(),
    ):
        assert "The receiver did not take PO000002. It says: “ART-9 is not &lt;known&gt;”." in shown
        assert "Export again" in shown
    admin_client.post(f"{BATCHES}again/{batch.connector}/", {"document": [document.pk]})
    assert handing_over.waiting(Connector.objects.get(), timezone.now()) == 1


def test_the_connectors_page_says_where_its_documents_are_sent(admin_client, erp):
    shown = admin_client.get(f"/processes/connector/{erp.pk}/change/").content.decode()
    assert "https://erp.example.com/…" in shown
    assert "curl" not in shown


def test_who_may_only_look_helps_nothing_along(clerk_client, sent):
    client = clerk_client("view_batch")
    batch = sent(BUSY, 500)
    assert "try-now" not in page(client, batch)
    for button in ("try-now", "send-again"):
        assert client.post(f"{BATCHES}{batch.pk}/{button}/").status_code == 403
        assert client.get(f"{BATCHES}{batch.pk}/{button}/").status_code == 405


def test_a_batch_whose_connector_is_gone_is_shown_without_a_button(admin_client, sent, erp):
    batch = sent(NO, 400)
    erp.delete()
    assert "send-again" not in page(admin_client, batch)
    assert admin_client.post(f"{BATCHES}{batch.pk}/send-again/").status_code == 404


def test_who_may_not_change_the_node_sees_only_the_host(clerk_client, admin_client, erp):
    address = f"/nodes/node/{erp.node_id}/change/"
    assert "https://erp.example.com/hook" in admin_client.get(address).content.decode()
    shown = clerk_client("view_node").get(address).content.decode()
    assert "https://erp.example.com/…" in shown
    assert "/hook" not in shown


def test_the_nodes_form_never_shows_a_secret(admin_client, erp):
    shown = admin_client.get(f"/nodes/node/{erp.node_id}/change/").content.decode()
    assert SECRET not in shown
    assert SECRET[6:] not in shown
