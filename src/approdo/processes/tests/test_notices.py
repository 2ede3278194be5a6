"""What is told arrives once the other side can take it: by mail and by webhook, over the wire."""

import base64
import hashlib
import hmac
import json
import logging
from datetime import UTC, date, datetime, timedelta

import amazon_orders
import pytest
from django.core.exceptions import ValidationError
from django.utils import timezone
from receivers import MailServer, WebhookReceiver

from approdo import environment
from approdo.exchanges.patience import WAITS
from approdo.nodes.sentences import explain_error
from approdo.processes import alarms, news, notices, records, sending
from approdo.processes.models import Alarm, Connector, Notice, Recipient, Run, Worker
from approdo.sales.receive import Origin, receive
from approdo.sdk.errors import ApprodoError, ConfigError

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("own_workers")]

NOW = datetime(2026, 5, 1, 12, tzinfo=UTC)
SECRET = "whsec_" + base64.b64encode(b"signing-with-thirty-two-bytes-ok").decode()
MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)


@pytest.fixture
def mail(settings):
    server = MailServer()
    settings.EMAIL_URL_GIVEN = True
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", server.port
    settings.EMAIL_HOST_USER = settings.EMAIL_HOST_PASSWORD = ""
    settings.DEFAULT_FROM_EMAIL = "hub@example.com"
    settings.URL = "https://hub.example.com"
    return server


@pytest.fixture
def webhook():
    with WebhookReceiver().running() as receiver:
        yield receiver


def by_mail(**more):
    data = {"name": "Anna", "kind": "email", "address": "anna@example.com", "language": "en", **more}
    return records.save(records.RECIPIENTS, data).record


def by_webhook(webhook, **more):
    data = {"name": "ERP", "kind": "webhook", "address": webhook.url, "language": "en", **more}
    return records.save(records.RECIPIENTS, data).record


def lose_a_worker():
    Worker.objects.create(executor="b-1", host="b", started_at=NOW)
    alarms.look(NOW)
    alarms.look(NOW + MINUTE)
    return Alarm.objects.get()


def send_all(now):
    return [notices.send(number, now) for numbers in notices.waiting(now).values() for number in numbers]


def test_an_alarm_and_its_end_come_by_mail_with_a_link(mail):
    by_mail()
    alarm = lose_a_worker()
    with mail.running():
        assert send_all(NOW + 2 * MINUTE) == [True]
        alarms.dismiss(alarm, NOW + 2 * MINUTE)
        assert send_all(NOW + 2 * MINUTE) == [True]
    opened, over = mail.mails
    assert (opened["to"], opened["from"]) == ("anna@example.com", "hub@example.com")
    assert opened["subject"] == "Approdo: Worker gone · b"
    text = opened.get_content()
    assert "A worker on b is gone without having been stopped (b-1)." in text
    assert f"https://hub.example.com/processes/alarm/{alarm.pk}/change/" in text
    assert over["subject"] == "Approdo: over: Worker gone · b"
    assert "This is over:" in over.get_content()


def test_each_is_told_in_their_own_language(mail):
    by_mail(name="Carla", language="it")
    lose_a_worker()
    with mail.running():
        send_all(NOW + 2 * MINUTE)
    assert mail.mails[0]["subject"] == "Approdo: Worker scomparso · b"
    assert "Un worker su b è scomparso" in mail.mails[0].get_content()


def test_a_mail_server_that_is_down_gets_the_mail_once_it_is_back(mail):
    by_mail()
    lose_a_worker()
    assert send_all(NOW + 2 * MINUTE) == [False]
    notice = Notice.objects.get()
    assert (notice.state, notice.attempts, notice.error_code) == ("waiting", 1, "mail_unreachable")
    assert send_all(NOW + 2 * MINUTE) == [], "not before its time"
    with mail.running():
        assert send_all(NOW + 3 * MINUTE) == [True]
        assert send_all(NOW + DAY) == []
    assert len(mail.mails) == 1
    notice.refresh_from_db()
    assert (notice.state, notice.attempts, notice.error_code) == ("sent", 2, "")


def test_after_three_days_it_is_given_up_and_kept(mail):
    by_mail()
    lose_a_worker()
    Notice.objects.update(created_at=NOW - 3 * DAY)
    assert send_all(NOW + 2 * MINUTE) == [False]
    assert Notice.objects.get().state == "waiting", "time in which nobody tried does not count"
    Notice.objects.update(attempts=len(WAITS), next_attempt_at=NOW)
    assert send_all(NOW + 2 * MINUTE) == [False]
    assert Notice.objects.get().state == "given_up"
    assert send_all(NOW + 9 * DAY) == []


def test_two_who_send_at_once_send_once(mail):
    by_mail()
    lose_a_worker()
    number = Notice.objects.get().pk
    with mail.running():
        assert [notices.send(number, NOW + 2 * MINUTE) for _ in range(2)] == [True, False]
    assert len(mail.mails) == 1


def test_a_webhook_is_signed_as_standard_webhooks_has_it(webhook):
    recipient = by_webhook(webhook, secret=SECRET)
    assert SECRET not in json.dumps(records.as_data(records.RECIPIENTS, recipient))
    assert SECRET not in recipient.sealed
    alarm = lose_a_worker()
    assert send_all(NOW + 2 * MINUTE) == [True]
    headers, body = webhook.calls[0]
    signed = b".".join((headers["webhook-id"].encode(), headers["webhook-timestamp"].encode(), body))
    key = base64.b64decode(SECRET.removeprefix("whsec_"))
    expected = base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
    assert headers["webhook-signature"] == f"v1,{expected}"
    assert abs(int(headers["webhook-timestamp"]) - timezone.now().timestamp()) < 60
    told = json.loads(body)
    assert (told["type"], told["data"]["cause"], told["data"]["id"]) == ("alarm.opened", "worker_gone", alarm.pk)
    assert headers["webhook-id"] == str(Notice.objects.get().uid)


def test_a_webhook_without_a_secret_is_not_signed(webhook):
    by_webhook(webhook)
    lose_a_worker()
    assert send_all(NOW + 2 * MINUTE) == [True]
    assert "webhook-signature" not in webhook.calls[0][0]


def test_a_webhook_whose_secret_was_lost_is_told_nothing_unsigned_and_all_of_it_once_there_is_another(webhook):
    recipient = by_webhook(webhook, secret=SECRET)
    Recipient.objects.filter(pk=recipient.pk).update(sealed="", secret_lost=True)
    alarms.look(NOW)
    assert send_all(NOW + 2 * MINUTE) == [False]
    assert Notice.objects.get().error_code == "signing_secret_lost"
    assert webhook.calls == []
    records.save(records.RECIPIENTS, {"name": "ERP", "news": "none"})
    assert Recipient.objects.get().secret_lost, "what says nothing of the secret leaves it missing"
    records.save(records.RECIPIENTS, {"name": "ERP", "secret": SECRET})
    alarms.look(NOW + 3 * MINUTE)
    assert all(send_all(NOW + 10 * MINUTE))
    assert all("webhook-signature" in headers for headers, _body in webhook.calls)
    assert len(webhook.calls) == 2, "that it was lost, and that it is there again"


def test_a_receiver_that_fails_gets_the_same_again_under_the_same_id(webhook):
    by_webhook(webhook, secret=SECRET)
    lose_a_worker()
    webhook.answers = [500]
    assert send_all(NOW + 2 * MINUTE) == [False]
    assert Notice.objects.get().error_params["status"] == 500
    assert send_all(NOW + 3 * MINUTE) == [True]
    (first, one), (second, other) = webhook.calls
    assert (first["webhook-id"], one) == (second["webhook-id"], other)


def test_a_redirect_is_not_followed_and_said(webhook):
    recipient = by_webhook(webhook)
    webhook.answers = [302]
    with pytest.raises(ApprodoError) as refused:
        notices.test(recipient, NOW)
    assert "redirects are not followed" in str(explain_error(refused.value))
    assert len(webhook.calls) == 1


@pytest.mark.parametrize("address", ["http://169.254.169.254/latest/", "https://[fd00:ec2::254]/"])
def test_nobody_is_told_where_clouds_keep_a_machines_credentials(webhook, address):
    webhook.url = address
    with pytest.raises(ConfigError, match="forbidden_address"):
        notices.test(by_webhook(webhook), NOW)


def test_a_receiver_that_hangs_is_given_up_in_time(webhook, monkeypatch):
    monkeypatch.setattr(sending, "SECONDS", 0.3)
    webhook.hangs = 2.0
    with pytest.raises(ApprodoError, match="webhook_too_slow"):
        notices.test(by_webhook(webhook), NOW)


def test_nothing_secret_is_in_a_log_or_an_error(webhook, mail, caplog, settings):
    caplog.set_level(logging.DEBUG)
    settings.EMAIL_HOST_USER, settings.EMAIL_HOST_PASSWORD = "hub", "mail-password"
    recipients = [by_webhook(webhook, secret=SECRET), by_mail()]
    webhook.answers = [500]
    with mail.running(password="another"):
        for recipient in recipients:
            with pytest.raises(ApprodoError) as error:
                notices.test(recipient, NOW)
            said = f"{explain_error(error.value)} {error.value!r}"
            assert "mail-password" not in said
    assert error.value.code == "mail_sign_in_refused"
    for secret in (SECRET, SECRET.removeprefix("whsec_"), "mail-password", base64.b64encode(b"mail-password").decode()):
        assert secret not in caplog.text


def test_a_mail_server_that_refuses_the_address_says_so(mail):
    mail.refuses = "550 no such user"
    with mail.running(), pytest.raises(ApprodoError) as refused:
        notices.test(by_mail(), NOW)
    assert "550 no such user" in str(explain_error(refused.value))


def test_without_a_mail_server_it_is_said_how_to_set_one():
    with pytest.raises(ApprodoError) as refused:
        notices.test(by_mail(), NOW)
    assert "APPRODO_EMAIL_URL" in str(explain_error(refused.value))


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"address": "nobody"}, "address"),
        ({"kind": "webhook", "address": "ftp://example.com"}, "address"),
        ({"kind": "webhook", "address": "https://user:pass@example.com"}, "address"),
        ({"kind": "webhook", "address": "https://example.com", "secret": "short"}, "secret"),
        ({"language": "fr"}, "language"),
        ({"news": "hourly"}, "news"),
    ],
)
def test_a_recipient_that_cannot_be_is_refused(wrong, field):
    with pytest.raises(ValidationError) as refused:
        by_mail(**wrong)
    assert field in refused.value.message_dict
    assert "pass@" not in str(refused.value)


# News of orders


@pytest.fixture
def run():
    node = amazon_orders.node("Amazon Vendor EU")
    connector = Connector.objects.create(name="Orders", node=node, type="amazon_vendor.download_orders")
    started = {"state": "running", "created_at": NOW, "started_at": NOW}
    return Run.objects.create(connector=connector, connector_name="Orders", **started)


def take(run, *orders, at=NOW + MINUTE, **more):
    return receive(amazon_orders.batch(*orders, **more), Origin(run.connector.node_id, run.pk, at))


def test_news_of_a_run_are_told_once_it_has_ended_and_only_where_there_are_some(mail, run):
    by_mail(news="run", alarms=False)
    notices.tell_of_run(run.pk, {"read": 3, "unchanged": 3}, NOW)
    assert not Notice.objects.exists()
    take(run, amazon_orders.order("AAA00001"), amazon_orders.order("AAA00002"))
    notices.tell_of_run(run.pk, {"created": 2}, NOW + 2 * MINUTE)
    with mail.running():
        assert send_all(NOW + 3 * MINUTE) == [True]
    text = mail.mails[0].get_content()
    assert mail.mails[0]["subject"] == "Approdo: Orders: 2 new orders"
    assert "AAA00001  new  " in text
    assert f"/processes/run/{run.pk}/change/" in text


def test_news_name_at_most_fifty_orders_and_count_all(run):
    take(run, *(amazon_orders.order(f"AAA{number:05}") for number in range(60)))
    told = news.of_run(run)
    assert (len(told["orders"]), told["counts"]["new"]) == (50, 60)


def test_news_of_the_days_are_told_in_the_morning_once(webhook, run):
    recipient = by_webhook(webhook, news="day", alarms=False)
    morning = datetime(2026, 5, 2, 7, 1, tzinfo=UTC)
    notices.tell_of_days(NOW)
    assert not Notice.objects.exists(), "it has only begun to want them"
    take(run, amazon_orders.order("AAA00001"))
    notices.tell_of_days(morning - 2 * MINUTE)
    assert not Notice.objects.exists()
    for minutes in (0, 1, 60):
        notices.tell_of_days(morning + minutes * MINUTE)
    assert send_all(morning + DAY) == [True]
    told = json.loads(webhook.calls[0][1])
    assert told["type"] == "orders.day"
    assert (told["data"]["from"], told["data"]["counts"]) == ("2026-05-01", {"new": 1, "changed": 0, "cancelled": 0})
    assert told["data"]["orders"][0]["number"] == "AAA00001"
    notices.tell_of_days(morning + DAY)
    assert Notice.objects.count() == 1, "nothing is told of a day without orders"
    recipient.refresh_from_db()
    assert recipient.news_until == date(2026, 5, 2)


def test_days_on_which_nobody_looked_are_told_together(run, webhook):
    by_webhook(webhook, news="day", alarms=False)
    notices.tell_of_days(NOW)
    take(run, amazon_orders.order("AAA00001"))
    notices.tell_of_days(NOW + 5 * DAY)
    notice = Notice.objects.get()
    assert (notice.first_day, notice.last_day) == (date(2026, 5, 1), date(2026, 5, 5))


@pytest.mark.once
@pytest.mark.parametrize(
    ("url", "given"),
    [
        (
            "submission://hub%40x.org:p%2Fw@mail.x.org",
            ("mail.x.org", 587, "hub@x.org", "p/w", True, False, "hub@x.org"),
        ),
        ("smtps://u:p@mail.x.org?from=a@x.org", ("mail.x.org", 465, "u", "p", False, True, "a@x.org")),
        ("smtp://127.0.0.1:2525?from=a@x.org", ("127.0.0.1", 2525, "", "", False, False, "a@x.org")),
    ],
)
def test_the_mail_server_is_one_address(url, given, monkeypatch):
    monkeypatch.setenv("APPRODO_EMAIL_URL", url)
    names = ("HOST", "PORT", "HOST_USER", "HOST_PASSWORD", "USE_TLS", "USE_SSL")
    read = environment.email()
    assert (*(read[f"EMAIL_{name}"] for name in names), read["DEFAULT_FROM_EMAIL"]) == given


@pytest.mark.once
@pytest.mark.parametrize("url", ["mail.x.org", "https://mail.x.org", "smtp://", "smtp://mail.x.org:port"])
def test_what_is_no_address_of_a_mail_server_is_refused(url, monkeypatch):
    monkeypatch.setenv("APPRODO_EMAIL_URL", url)
    with pytest.raises(ConfigError, match="bad_email_url"):
        environment.email()


@pytest.mark.once
def test_mails_can_be_written_to_a_folder(monkeypatch, tmp_path, settings):
    monkeypatch.setenv("APPRODO_EMAIL_URL", f"file:{tmp_path}")
    for name, value in environment.email().items():
        setattr(settings, name, value)
    settings.EMAIL_URL_GIVEN = True
    notices.test(by_mail(), NOW)
    assert "can be reached" in next(tmp_path.iterdir()).read_text()
