"""A message over the wire: signed, sent where it may go, and what each answer, or its absence, means."""

import json
import socket
import time
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from hub import free_port
from receivers import Reply, WebhookReceiver
from standardwebhooks import Webhook, WebhookVerificationError

from approdo.connectors.webhook import receiver as ours
from approdo.connectors.webhook.export_documents import send
from approdo.connectors.webhook.tests.conftest import FORMER, SECRET, node, parcel
from approdo.sdk.errors import ApprodoError, ConfigError, RefusedError, TransientError

pytestmark = pytest.mark.once


def failure(one, about=None) -> ApprodoError:
    with pytest.raises(ApprodoError) as failed:
        send(one.context, about or parcel())
    return failed.value


def test_documents_go_out_signed_as_standard_webhooks_has_it(receiver):
    one = node(receiver.url)
    send(one.context, parcel())
    ((headers, body),) = receiver.calls
    told = Webhook(SECRET).verify(body, headers)
    assert told == {
        "type": "documents.exported",
        "timestamp": "2026-05-01T12:00:00Z",
        "data": {"version": 1, "batch": "12", "documents": [{"number": "PO1"}]},
    }
    assert headers["content-type"] == "application/json"
    with pytest.raises(WebhookVerificationError):
        Webhook(SECRET).verify(body.replace(b"PO1", b"PO2"), headers)
    (made,) = one.made
    assert (made.operation, made.status, made.attempt, made.error) == ("documents.exported", 200, 1, "")


def test_each_attempt_has_the_same_id_and_the_same_bytes(receiver):
    one = node(receiver.url)
    receiver.answers = [500]
    failure(one)
    send(one.context, parcel(attempt=2))
    (first, body), (second, again) = receiver.calls
    assert (first["webhook-id"], body) == (second["webhook-id"], again)
    send(one.context, parcel(name="13-5ad0f29d"))
    assert receiver.calls[2][0]["webhook-id"] != first["webhook-id"]


def test_while_the_secret_is_changed_either_verifies(receiver):
    send(node(receiver.url, sign_with="both", former_secret=FORMER).context, parcel())
    headers, body = receiver.calls[0]
    assert len(headers["webhook-signature"].split()) == 2
    for secret in (SECRET, FORMER):
        assert Webhook(secret).verify(body, headers)
    after = node(receiver.url, former_secret=FORMER)
    assert "former_secret" not in after.settings, "the former one is forgotten"
    send(after.context, parcel())
    with pytest.raises(WebhookVerificationError):
        Webhook(FORMER).verify(receiver.calls[1][1], receiver.calls[1][0])


def test_a_header_signs_in_and_never_replaces_the_messages_own(receiver):
    send(node(receiver.url, sign_in="header", header_value="Bearer abc").context, parcel())
    assert receiver.calls[0][0]["authorization"] == "Bearer abc"
    send(node(receiver.url, sign_in="header", header="X-Api-Key", header_value="abc").context, parcel())
    assert receiver.calls[1][0]["x-api-key"] == "abc"


# Where it may go


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "2130706433", "127.1", "[::ffff:127.0.0.1]"])
def test_an_address_inside_is_refused_however_it_is_written(receiver, host):
    error = failure(node(f"https://{host}:{receiver.port}/", inner=False))
    assert isinstance(error, ConfigError)
    assert error.code == "inner_address"
    assert receiver.calls == []


@pytest.mark.parametrize("address", ["169.254.169.254", "100.100.100.200", "224.0.0.1", "0.0.0.0", "[fe80::1]"])
@pytest.mark.parametrize("inner", [True, False])
def test_what_can_be_no_receiver_is_refused_whatever_is_allowed(address, inner):
    assert failure(node(f"https://{address}/", inner=inner)).code == "forbidden_address"


def resolving(monkeypatch, *answers):
    """A name server that gives these addresses, one after the other; what it was asked."""
    asked, left = [], list(answers)

    def getaddrinfo(host, port, *_, **__):
        asked.append(host)
        addresses = left.pop(0) if len(left) > 1 else left[0]
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port)) for address in addresses]

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    return asked


@pytest.mark.parametrize("addresses", [["10.1.2.3"], ["93.184.216.34", "192.168.1.9"], ["100.64.0.7"]])
def test_a_name_that_leads_inside_is_refused(monkeypatch, addresses):
    resolving(monkeypatch, addresses)
    error = failure(node("https://erp.example.com/", inner=False))
    assert (error.code, error.params["address"]) == ("inner_address", addresses[-1])


def test_a_name_that_changes_after_it_was_checked_gains_nothing(monkeypatch):
    asked = resolving(monkeypatch, ["93.184.216.34"], ["127.0.0.1"])
    reached = []

    def refuse(address, *_, **__):
        reached.append(address)
        raise ConnectionRefusedError(111, "Connection refused")

    monkeypatch.setattr(socket, "create_connection", refuse)
    assert failure(node("https://erp.example.com/", inner=False)).code == "webhook_unreachable"
    assert asked == ["erp.example.com"]
    assert reached == [("93.184.216.34", 443)]


def test_the_certificate_is_that_of_the_name_not_of_the_address(receiver, monkeypatch):
    resolving(monkeypatch, ["127.0.0.1"])
    send(node(f"https://erp.example.com:{receiver.port}/").context, parcel())
    assert receiver.calls[0][0]["host"] == f"erp.example.com:{receiver.port}"
    assert failure(node(f"https://other.example.com:{receiver.port}/")).code == "webhook_tls"


def test_a_second_address_is_tried_where_the_first_does_not_answer(receiver, monkeypatch):
    resolving(monkeypatch, ["127.0.0.2", "127.0.0.1"])
    send(node(f"https://erp.example.com:{receiver.port}/").context, parcel())
    assert len(receiver.calls) == 1


def test_http_goes_inside_only(monkeypatch):
    with WebhookReceiver().running() as plain:
        send(node(plain.url).context, parcel())
        assert len(plain.calls) == 1
    resolving(monkeypatch, ["93.184.216.34"])
    assert failure(node("http://erp.example.com/")).code == "not_encrypted"


def test_no_proxy_of_the_environment_is_asked(receiver, monkeypatch):
    monkeypatch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{free_port()}")
    send(node(receiver.url).context, parcel())
    assert len(receiver.calls) == 1


def test_a_redirect_is_not_followed(receiver):
    receiver.answers = [307]
    error = failure(node(receiver.url))
    assert (type(error), error.code) == (ConfigError, "webhook_redirects")
    assert len(receiver.calls) == 1


# What an answer means


@pytest.mark.parametrize(
    ("status", "kind", "code"),
    [
        (500, TransientError, "webhook_failed"),
        (503, TransientError, "webhook_failed"),
        (408, TransientError, "webhook_failed"),
        (400, RefusedError, "webhook_refused"),
        (404, ConfigError, "webhook_not_there"),
        (405, ConfigError, "webhook_not_there"),
        (401, ConfigError, "webhook_not_let_in"),
        (422, RefusedError, "webhook_refused"),
        (413, RefusedError, "webhook_too_large"),
        (410, ConfigError, "webhook_gone"),
    ],
)
def test_a_status_says_whether_it_is_tried_again(receiver, status, kind, code):
    receiver.answers = [status]
    one = node(receiver.url)
    error = failure(one)
    assert (type(error), error.code) == (kind, code)
    assert (one.made[0].status, one.made[0].error) == (status, code)


@pytest.mark.parametrize("status", [429, 503])
def test_the_rest_that_a_receiver_asks_for_is_told(receiver, status):
    receiver.answers = [Reply(status, headers={"retry-after": "120"})]
    error = failure(node(receiver.url))
    assert (error.code, error.params["retry_after"]) == ("webhook_busy", 120)


def test_rest_is_asked_for_in_seconds_or_as_a_moment():
    now = datetime(2026, 5, 1, 12, tzinfo=UTC)
    assert ours.retry_after("90", now) == 90
    assert ours.retry_after(format_datetime(now + timedelta(minutes=2), usegmt=True), now) == 120
    assert ours.retry_after(format_datetime(now - timedelta(minutes=2), usegmt=True), now) == 0
    assert [ours.retry_after(text, now) for text in ("", "soon", "-5", "9" * 30)] == [None] * 4


def test_whoever_does_not_answer_is_tried_again(authority, monkeypatch):
    monkeypatch.setenv("SSL_CERT_FILE", str(authority.path))
    error = failure(node(f"https://127.0.0.1:{free_port()}/"))
    assert (type(error), error.code) == (TransientError, "webhook_unreachable")
    assert failure(node("https://nobody.invalid/")).code == "name_unknown"


@pytest.mark.parametrize("how", ["expired", "unknown"])
def test_a_certificate_that_is_not_good_is_said(authority, monkeypatch, tmp_path, how):
    if how == "expired":
        monkeypatch.setenv("SSL_CERT_FILE", str(authority.path))
    with WebhookReceiver(authority.certificate("127.0.0.1", expired=how == "expired")).running() as running:
        error = failure(node(running.url))
    assert (type(error), error.code) == (TransientError, "webhook_tls")
    assert "certificate" in error.params["reason"]
    assert running.calls == []


@pytest.mark.parametrize("reply", [Reply(drips=0.1), Reply(endless=True, body=b"{")], ids=["head", "body"])
def test_an_answer_that_never_ends_is_left_in_time(receiver, monkeypatch, reply):
    monkeypatch.setattr(ours, "SECONDS", 1.0)
    monkeypatch.setattr(ours, "MOST", 10**12)
    receiver.answers = [reply]
    began = time.monotonic()
    error = failure(node(receiver.url))
    assert (type(error), error.code) == (TransientError, "webhook_too_slow")
    assert time.monotonic() - began < 3


def test_a_receiver_that_takes_its_time_with_each_byte_of_the_handshake_is_left_too(monkeypatch):
    monkeypatch.setattr(ours, "SECONDS", 0.5)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        assert failure(node(f"https://127.0.0.1:{silent.getsockname()[1]}/")).code == "webhook_too_slow"


def test_an_endless_body_is_not_read_to_its_end(receiver):
    receiver.answers = [Reply(endless=True)]
    error = failure(node(receiver.url))
    assert (type(error), error.code) == (TransientError, "webhook_answer_too_long")


def test_a_failure_is_a_failure_however_long_its_page(receiver):
    receiver.answers = [Reply(500, endless=True, body=b"<h1>broken</h1>")]
    one = node(receiver.url)
    assert failure(one).code == "webhook_failed"
    assert one.made[0].answer.startswith("<h1>broken</h1>")


def test_an_answer_that_breaks_off_may_have_held_refusals(receiver):
    receiver.answers = [Reply(200, b'{"items": [', headers={"content-length": "100"})]
    assert failure(node(receiver.url)).code == "webhook_answer_broken"


def test_what_was_answered_is_kept_without_our_secrets(receiver):
    said = f"bad signature, expected {SECRET} or {SECRET[6:]}\0\n with Bearer abc " + "x" * 900
    receiver.answers = [Reply(400, said.encode())]
    one = node(receiver.url, sign_in="header", header_value="Bearer abc")
    failure(one)
    kept = one.made[0].answer
    assert kept.startswith("bad signature, expected [redacted] or [redacted] with [redacted] xxx")
    assert len(kept) == 500


# Receipts and refusals


def test_the_answer_may_say_what_became_of_each_document(receiver):
    answer = {
        "items": [
            {"document": 17, "result": "accepted", "receipt": "SO-1"},
            {"document": "18", "result": "refused", "code": "unknown_sku", "detail": "ART-9 is\nnot known"},
            {"document": 99, "result": "refused"},
        ]
    }
    receiver.answers = [Reply(200, json.dumps(answer).encode())]
    handed = send(node(receiver.url).context, parcel())
    assert handed.receipts == {17: "SO-1"}
    assert {number: one.params for number, one in handed.refused.items()} == {
        18: {"number": "PO2", "said": "ART-9 is not known"}
    }


@pytest.mark.parametrize(
    "answer",
    [
        b"", b"ok", b"{}", b"[]", b"null", b"17", b'{"items": {}}', b'{"items": [1, null, []]}', b"\xff\xfe",
        b'{"items": [{"document": true, "result": "refused"}]}', b'{"items": [{"document": 1e400}]}',
        b'{"items": [{"document": 17, "receipt": {"a": 1}}]}', b"[" * 100_000, b'{"items": [{"document": 17}]}',
        b'{"items": [{"document": 17, "receipt": "\\ud800"}]}',
    ],
)  # fmt: skip
def test_an_answer_of_another_kind_says_nothing_against_a_document(receiver, answer):
    receiver.answers = [Reply(200, answer)]
    handed = send(node(receiver.url).context, parcel())
    assert (handed.receipts, handed.refused) == ({}, {})


def test_receipts_come_as_they_are_sent_to_us_too(receiver):
    receiver.answers = [Reply(202, b'{"receipts": [{"document": 17, "receipt": 4711}]}')]
    assert send(node(receiver.url).context, parcel()).receipts == {17: "4711"}
