"""Alarms and recipients through the API."""

from datetime import timedelta

import pytest
from django.utils import timezone
from receivers import WebhookReceiver

from approdo.processes import alarms
from approdo.processes.models import Alarm, Recipient, Worker

pytestmark = pytest.mark.usefixtures("own_workers")

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
ERP = {"name": "ERP", "kind": "webhook", "address": "https://erp.example.com/hook", "language": "en"}


@pytest.fixture
def alarm(caller):
    now = timezone.now()
    Worker.objects.create(executor="b-1", host="b", started_at=now, missed_at=now - timedelta(minutes=1))
    alarms.look(now)
    return Alarm.objects.get()


def test_alarms_are_listed_newest_first_and_by_whether_they_are_open(caller, alarm):
    now = timezone.now()
    old = Alarm.objects.create(
        key="x", kind="late", subject="Old", code="alarm_late", since=now, noticed_at=now, over_at=now,
        params={"procedure": "Old", "due": now.isoformat()},
    )  # fmt: skip
    assert [one["id"] for one in caller.get("/alarms").data["items"]] == [old.pk, alarm.pk]
    (opened,) = caller.get("/alarms", open="true").data["items"]
    assert (opened["cause"], opened["subject"], opened["over_at"]) == ("worker_gone", "b", None)
    assert opened["message"].startswith("A worker on b is gone")
    assert [one["id"] for one in caller.get("/alarms", open="false").data["items"]] == [old.pk]
    assert [one["id"] for one in caller.get("/alarms", cause="late").data["items"]] == [old.pk]
    assert caller.get(f"/alarms/{alarm.pk}").data == opened
    assert caller.get("/alarms", cause="nonsense").status == 422


def test_a_worker_that_does_not_come_back_is_dismissed_and_nothing_else_is(caller, alarm):
    assert caller.post(f"/alarms/{alarm.pk}/dismiss").data["over_at"]
    assert not Worker.objects.exists()
    Alarm.objects.update(kind="late")
    answer = caller.post(f"/alarms/{alarm.pk}/dismiss")
    assert (answer.status, answer.data["code"]) == (409, "alarm_ends_by_itself")
    assert caller.post("/alarms/999999/dismiss").status == 404


def test_a_recipient_is_made_read_changed_and_deleted_and_its_secret_never_given_out(caller):
    made = caller.post("/recipients", {**ERP, "secret": SECRET})
    assert made.status == 201
    assert made.data["secrets_set"] == ["secret"]
    for answer in (made, caller.get("/recipients"), caller.get("/recipients/ERP")):
        assert SECRET not in answer.text
    changed = caller.patch("/recipients/ERP", {"news": "day"})
    assert (changed.data["news"], changed.data["secrets_set"]) == ("day", ["secret"])
    assert Recipient.objects.get().revealed() == {"secret": SECRET}
    assert caller.patch("/recipients/ERP", {"secret": ""}).data["secrets_set"] == []
    assert Recipient.objects.get().revealed() == {}
    assert caller.delete("/recipients/ERP").status == 204


def test_a_token_that_may_not_change_settings_sees_only_the_host_of_a_webhook(caller, caller_with):
    caller.post("/recipients", {**ERP, "address": "https://erp.example.com:8443/hook?key=T0K3N"})
    caller.post("/recipients", {"name": "Anna", "address": "anna@example.com"})
    reader, writer = caller_with("settings:read"), caller_with("settings:write")
    (anna,) = [one for one in reader.get("/recipients").data["items"] if one["name"] == "Anna"]
    assert anna["address"] == "anna@example.com"
    for path in ("/recipients", "/recipients/ERP"):
        assert "T0K3N" not in reader.get(path).text
        assert "https://erp.example.com:8443/hook?key=T0K3N" in writer.get(path).text
    assert reader.get("/recipients/ERP").data["address"] == "https://erp.example.com:8443/…"


@pytest.mark.parametrize(
    ("field", "value"), [("address", "nowhere"), ("secret", "short"), ("news", "hourly"), ("language", "fr"), ("alarms", "x")]
)  # fmt: skip
def test_what_is_wrong_with_a_recipient_is_said_by_field(caller, field, value):
    answer = caller.post("/recipients", {**ERP, field: value})
    assert answer.status == 422
    assert [error["field"] for error in answer.data["errors"]] == [field]


def test_a_test_is_sent_at_once_and_its_arrival_said(caller):
    with WebhookReceiver().running() as receiver:
        caller.post("/recipients", {**ERP, "address": receiver.url})
        assert caller.post("/recipients/ERP/test").data == {"sent": True, "code": "", "message": "", "hint": ""}
        receiver.answers = [500]
        failed = caller.post("/recipients/ERP/test").data
    assert (failed["sent"], failed["code"]) == (False, "webhook_refused")
    assert caller.post("/recipients/nobody/test").status == 404


def test_a_token_that_may_only_read_documents_sees_neither(caller_with):
    caller = caller_with("documents:read")
    assert caller.get("/alarms").status == caller.get("/recipients").status == 403
