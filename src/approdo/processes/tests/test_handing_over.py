"""Batches on their way to a receiver: what becomes of each, what is written down, what a person can do."""

import base64
import json
from datetime import timedelta

import consumer_orders
import pytest
from amazon_orders import batch, node, order
from django.utils import timezone
from receivers import Reply, WebhookReceiver
from standardwebhooks import Webhook

from approdo.exchanges import delivery, pushing
from approdo.exchanges.models import Attempt, Batch, Delivery, Receipt, RunNote
from approdo.nodes.models import Node
from approdo.processes import handing_over, run_data, runs, workflows
from approdo.processes.models import Connector, Run
from approdo.sales.models import PersonalDataLook, SaleDocument
from approdo.sales.receive import Origin, receive
from approdo.sdk.errors import ApprodoError, ConfigError, RefusedError, TransientError

pytestmark = pytest.mark.django_db

SECRET = "whsec_" + base64.b64encode(b"signing-with-thirty-two-bytes-ok").decode()
HOUR = timedelta(hours=1)


@pytest.fixture
def receiver():
    with WebhookReceiver().running() as running:
        yield running


@pytest.fixture
def erp(receiver):
    """A connector that sends one document in each message."""
    options = {"address": receiver.url, "inner": True, "secret": SECRET}
    return saved(
        Connector(
            name="ERP",
            node=saved(Node(name="Gestionale", type="webhook", options=options)),
            type="webhook.export_documents",
            options={"documents": 1},
        )
    )


def saved(record):
    record.full_clean()
    record.save()
    return record


def orders(*numbers):
    now = timezone.now()
    receive(batch(*map(order, numbers), asked_at=now), Origin(node().pk, 1, now))


def run_of(connector):
    """A run that is at work; the one before has ended."""
    Run.objects.filter(state__in=Run.LIVE).update(state=Run.State.SUCCEEDED)
    return Run.objects.create(
        connector=connector, connector_name=connector.name, state=Run.State.RUNNING, created_at=timezone.now()
    )


def step(connector, run=None):
    return handing_over.step(run or run_of(connector))


def failing(connector, run=None):
    """One step that ends its run."""
    run = run or run_of(connector)
    with pytest.raises(ApprodoError) as failed:
        step(connector, run)
    runs.fail(run.pk, failed.value)
    return failed.value


def told(receiver):
    """The numbers of the documents in each message."""
    return [[one["number"] for one in json.loads(body)["data"]["documents"]] for _headers, body in receiver.calls]


def ids(receiver):
    return [headers["webhook-id"] for headers, _body in receiver.calls]


def states():
    return list(Delivery.objects.order_by("document__number").values_list("document__number", "state", "code"))


def test_batches_go_out_one_after_the_other_and_count_as_handed_over(erp, receiver):
    orders("PO000001", "PO000002")
    run = run_of(erp)
    assert [step(erp, run) for _ in range(3)] == [True, True, False]
    assert told(receiver) == [["PO000001"], ["PO000002"]]
    assert Webhook(SECRET).verify(receiver.calls[0][1], receiver.calls[0][0])["type"] == "documents.exported"
    assert [state for _number, state, _code in states()] == ["confirmed", "confirmed"]
    assert pushing.counts(run.pk) == {"handed_over": 2, "refused": 0}


def test_the_message_holds_what_get_exports_gives(erp, receiver):
    orders("PO000001")
    step(erp)
    data = json.loads(receiver.calls[0][1])["data"]
    one = Batch.objects.get()
    assert (data["version"], data["batch"], data["connector"]) == (1, one.name, "ERP")
    assert data["documents"] == delivery.content(one)


def test_a_receiver_that_is_down_gets_the_same_message_once_it_is_back(erp, receiver):
    orders("PO000001")
    receiver.answers = [500]
    assert isinstance(failing(erp), TransientError)
    waiting = Batch.objects.get()
    assert waiting.state == Batch.State.NOT_ARRIVED
    assert timezone.now() < waiting.next_attempt_at
    assert failing(erp).code == "webhook_failed", "nothing is sent before its time"
    assert len(receiver.calls) == 1
    assert pushing.due([erp.pk], waiting.next_attempt_at) == {erp.pk}
    Batch.objects.update(next_attempt_at=timezone.now())
    assert step(erp)
    assert len(set(ids(receiver))) == 1
    assert [state for _number, state, _code in states()] == ["confirmed"]
    assert [(one.status, one.error_code) for one in Attempt.objects.all()] == [(500, "webhook_failed"), (200, "")]


@pytest.mark.parametrize(("asked", "hours"), [(3600, 1), (10**8, 6)])
def test_the_rest_that_a_receiver_asks_for_is_granted_within_bounds(erp, receiver, asked, hours):
    orders("PO000001")
    receiver.answers = [Reply(429, headers={"retry-after": str(asked)})]
    failing(erp)
    wait = Batch.objects.get().next_attempt_at - timezone.now()
    assert (hours - 0.1) * HOUR < wait <= hours * HOUR


def test_a_message_that_is_refused_does_not_hold_up_the_next_one(erp, receiver):
    orders("PO000001", "PO000002")
    receiver.answers = [400, 200]
    run = run_of(erp)
    assert [step(erp, run) for _ in range(3)] == [True, True, False]
    assert states() == [("PO000001", "failed", "webhook_refused"), ("PO000002", "confirmed", "")]
    note = RunNote.objects.get(run=run.pk)
    assert (note.code, note.params["reason_code"], note.params["status"]) == ("batch_given_up", "webhook_refused", 400)


def test_a_receiver_that_refuses_everything_is_not_asked_for_the_rest(erp, receiver):
    orders(*(f"PO{number:06}" for number in range(9)))
    receiver.answers = [422] * 9
    run = run_of(erp)
    assert [step(erp, run) for _ in range(handing_over.MOST_GIVEN_UP - 1)] == [True, True]
    assert isinstance(failing(erp, run), RefusedError)
    assert handing_over.waiting(erp, timezone.now()) == 6


@pytest.mark.parametrize(
    ("status", "code"),
    [
        (302, "webhook_redirects"),
        (401, "webhook_not_let_in"),
        (404, "webhook_not_there"),
        (410, "webhook_gone"),
    ],
)
def test_where_somebody_has_to_change_settings_the_batch_waits_and_says_why(erp, receiver, status, code):
    orders("PO000001", "PO000002")
    receiver.answers = [status]
    assert isinstance(failing(erp), ConfigError)
    held = Batch.objects.get()
    assert (held.state, held.error_code, held.next_attempt_at) == ("not_arrived", code, None)
    assert pushing.due([erp.pk], timezone.now() + timedelta(days=9)) == set()
    assert step(erp), "the next run tries it"
    assert len(set(ids(receiver))) == 1


def test_the_receiver_says_what_became_of_each_document(erp, receiver):
    erp.options["documents"] = 9
    saved(erp)
    orders("PO000001", "PO000002")
    first, second = SaleDocument.objects.order_by("number").values_list("pk", flat=True)
    answer = [{"document": first, "receipt": "SO-1"}, {"document": second, "result": "refused", "detail": "no SKU"}]
    receiver.answers = [Reply(200, json.dumps({"items": answer}).encode())]
    run = run_of(erp)
    assert step(erp, run)
    assert states() == [("PO000001", "confirmed", ""), ("PO000002", "failed", "document_refused")]
    assert Delivery.objects.get(document=second).params == {"number": "PO000002", "said": "no SKU"}
    assert Receipt.objects.get().number == "SO-1"
    assert RunNote.objects.get(run=run.pk).code == "document_refused"


def test_an_attempt_that_nobody_saw_the_end_of_is_written_down(erp, receiver, monkeypatch):
    orders("PO000001")
    monkeypatch.setattr(pushing, "settle", dies)
    with pytest.raises(KeyboardInterrupt):
        step(erp)
    monkeypatch.undo()
    Attempt.objects.update(ended_at=None, status=None)  # the worker was killed a moment earlier
    assert step(erp)
    assert len(set(ids(receiver))) == 1
    assert len(receiver.calls) == 2
    assert [one.ended_at is None for one in Attempt.objects.all()] == [True, False]


def dies(*_):
    raise KeyboardInterrupt


def test_a_bug_of_ours_is_kept_beside_the_batch(erp, receiver, monkeypatch):
    orders("PO000001")
    monkeypatch.setattr("approdo.connectors.webhook.answers.read", lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        step(erp)
    assert (Batch.objects.get().error_code, Attempt.objects.get().error_code) == ("internal", "internal")


def test_what_was_answered_is_kept_unless_consumers_were_sent(erp, receiver):
    orders("PO000001", "PO000002")
    receiver.answers = [Reply(200, b"thanks, apd_secret-token-of-somebody")] * 2
    step(erp)
    erp.options["personal_data"] = True
    saved(erp)
    step(erp)
    assert [one.answer for one in Attempt.objects.all()] == ["thanks, [redacted]", ""]


def test_a_run_says_how_many_documents_wait_only_where_it_counted_them(erp, receiver):
    orders("PO000001", "PO000002", "PO000003")
    receiver.answers = [200, 503]
    run = run_of(erp)
    step(erp, run)
    failing(erp, run)
    run.refresh_from_db()
    assert run_data.exported(run) == {"handed_over": 1, "refused": 0, "waiting": None}
    workflows._end_export(again := run_of(erp))
    again.refresh_from_db()
    assert run_data.exported(again) == {"handed_over": 0, "refused": 0, "waiting": 1}


def test_a_secret_or_a_consumer_in_a_refusal_is_not_kept(erp, receiver):
    orders("PO000001", "PO000002")
    first, second = SaleDocument.objects.order_by("number").values_list("pk", flat=True)
    refusal = {"result": "refused", "detail": "not with apd_secret-token-of-somebody"}
    receiver.answers = [
        Reply(200, json.dumps({"items": [{"document": one, **refusal}]}).encode()) for one in (first, second)
    ]
    step(erp)
    erp.options["personal_data"] = True
    saved(erp)
    step(erp)
    said = [one.params["said"] for one in Delivery.objects.order_by("document__number")]
    assert said == ["not with [redacted]", "–"]


@pytest.mark.parametrize("asked_for", [False, True])
def test_who_the_consumers_are_goes_out_only_where_it_is_asked_for(erp, receiver, asked_for):
    erp.options["personal_data"] = asked_for
    saved(erp)
    receive(consumer_orders.batch(consumer_orders.order()), Origin(node().pk, 1, consumer_orders.ASKED_AT))
    step(erp)
    body = receiver.calls[0][1].decode()
    assert ("Mario Rossi" in body) == asked_for
    assert PersonalDataLook.objects.exists() == asked_for
    if not asked_for:
        assert not [word for word in consumer_orders.PERSONAL if word in body]


# What a person can do


def given_up(erp, receiver):
    orders("PO000001")
    receiver.answers = [400]
    step(erp)
    return Batch.objects.get()


def test_a_batch_that_was_given_up_is_sent_again_under_its_id_as_patiently_as_a_new_one(erp, receiver):
    one = given_up(erp, receiver)
    Batch.objects.update(claimed_at=one.claimed_at - timedelta(days=5))
    handing_over.send_again(erp, one.name, "anna")
    receiver.answers = [500]
    assert failing(erp).code == "webhook_failed"
    wait = Batch.objects.get().next_attempt_at - timezone.now()
    assert timedelta(0) < wait <= timedelta(seconds=30), "its waits begin anew"
    Batch.objects.update(next_attempt_at=timezone.now())
    assert step(erp)
    assert states() == [("PO000001", "confirmed", "")]
    assert told(receiver) == [["PO000001"]] * 3
    assert len(set(ids(receiver)[1:])) == 1


def test_sending_again_asks_for_a_run(erp, receiver):
    one = given_up(erp, receiver)
    Run.objects.update(state=Run.State.SUCCEEDED)
    handing_over.send_again(erp, one.name, "anna")
    assert Run.objects.get(state=Run.State.QUEUED).requested_by == "anna"


def test_only_what_was_given_up_whole_is_sent_again(erp, receiver):
    one = given_up(erp, receiver)
    delivery.withdraw(erp.pk, [SaleDocument.objects.get().pk], timezone.now())
    refused(handing_over.send_again, "batch_taken_apart", erp, one.name)
    assert Batch.objects.get().state == Batch.State.GIVEN_UP
    step(erp)
    refused(handing_over.send_again, "batch_not_given_up", erp, Batch.objects.latest("pk").name)
    refused(handing_over.send_again, "batch_not_found", erp, "99-0a0a0a0a")


def refused(do, code, erp, name):
    with pytest.raises(ConfigError) as error:
        do(erp, name, "anna")
    assert error.value.code == code


def test_nothing_is_sent_again_by_a_connector_that_is_switched_off(erp, receiver):
    one = given_up(erp, receiver)
    Connector.objects.update(active=False)
    erp.refresh_from_db()
    refused(handing_over.send_again, "connector_inactive", erp, one.name)
    assert Batch.objects.get().state == Batch.State.GIVEN_UP


def test_a_batch_that_waits_is_tried_now(erp, receiver):
    orders("PO000001")
    receiver.answers = [500]
    failing(erp)
    handing_over.try_now(erp, Batch.objects.get().name, "anna")
    assert Run.objects.get(state=Run.State.QUEUED).requested_by == "anna"
    assert step(erp)
    refused(handing_over.try_now, "batch_not_waiting", erp, Batch.objects.get().name)


def test_a_batch_that_was_sent_again_waits_for_an_older_one(erp, receiver):
    orders("PO000001", "PO000002")
    receiver.answers = [400, 400]
    step(erp), step(erp)
    older, younger = Batch.objects.order_by("pk")
    handing_over.send_again(erp, older.name, "anna")
    receiver.answers = [500]
    failing(erp)
    handing_over.send_again(erp, younger.name, "anna")
    assert pushing.due([erp.pk], timezone.now()) == set()
    assert pushing.due([erp.pk], timezone.now() + HOUR) == {erp.pk}


def test_who_got_a_batch_all_the_same_can_confirm_it(erp, receiver):
    one = given_up(erp, receiver)
    delivery.confirm(erp.pk, one.name, "ERP token", timezone.now())
    assert states() == [("PO000001", "confirmed", "")]
    assert Batch.objects.get().state == Batch.State.HANDED_OVER
    refused(handing_over.send_again, "batch_not_given_up", erp, one.name)
