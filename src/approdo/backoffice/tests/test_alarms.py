"""What the screens say of alarms, of recipients, and of how the installation is."""

from datetime import timedelta

import pytest
from amazon_orders import fall_quiet
from django.utils import timezone
from receivers import WebhookReceiver

from approdo.processes import alarms, presence, records
from approdo.processes.models import Alarm, Notice, Recipient, Run, Worker

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("own_workers")]

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"


@pytest.fixture
def procedure(connector):
    return records.save(records.PROCEDURES, {"name": "Quarter", "connectors": [connector.name]}).record


@pytest.fixture
def worker():
    lock = presence.announce("test-1")
    yield
    lock.release()


def ended(procedure, connector, state, code=""):
    now = timezone.now()
    times = {"created_at": now, "started_at": now, "ended_at": now, "state": state}
    part = Run.objects.create(connector=connector, connector_name=connector.name, error_code=code, **times)
    run = Run.objects.create(procedure=procedure, procedure_name=procedure.name, **times)
    run.steps.create(position=0, connector=connector, connector_name=connector.name, part=part, result="started")
    return run


def home(client):
    return client.get("/").content.decode()


def strip(client):
    return client.get("/").context["health"]


def test_the_home_page_says_healthy_late_or_down_and_why(admin_client, procedure, connector, worker):
    ended(procedure, connector, "succeeded")
    assert (strip(admin_client).title, strip(admin_client).reasons) == ("Healthy", [])
    ended(procedure, connector, "failed", "throttled")
    alarms.look(timezone.now())
    late = strip(admin_client)
    assert late.title == "Late"
    assert late.reasons[0].address == f"/processes/alarm/{Alarm.objects.get().pk}/change/"
    assert "exceeded" in home(admin_client)
    ended(procedure, connector, "failed", "refresh_token_refused")
    assert strip(admin_client).title == "Down"
    ended(procedure, connector, "succeeded")
    alarms.look(timezone.now() + timedelta(minutes=1))
    assert strip(admin_client).title == "Healthy"


def test_of_many_procedures_the_home_page_shows_the_worst_first(admin_client, connector, worker):
    for number in range(21):
        records.save(records.PROCEDURES, {"name": f"A{number:02}", "connectors": [connector.name]})
    ill = records.save(records.PROCEDURES, {"name": "Z", "connectors": [connector.name]}).record
    ended(ill, connector, "failed", "refresh_token_refused")
    assert strip(admin_client).rows[0].name == "Z"
    assert strip(admin_client).rows[0].address == f"/processes/procedure/{ill.pk}/change/"


def test_a_silence_of_which_an_alarm_tells_is_not_told_twice(
    admin_client, clerk_client, procedure, connector, node, worker
):
    ended(procedure, connector, "succeeded")
    fall_quiet(node, timezone.now())
    assert home(admin_client).count("no order since") == 1, "nobody has looked yet"
    alarms.look(timezone.now())
    assert home(admin_client).count("no order since") == 1
    assert home(clerk_client("view_node")).count("no order since") == 1, "who sees no alarms"


def test_without_a_worker_it_is_down(admin_client, procedure, connector):
    ended(procedure, connector, "succeeded")
    assert strip(admin_client).title == "Down"
    assert "No worker is running: runs wait until there is one." in home(admin_client)


def test_a_paused_procedure_takes_nothing_down(admin_client, procedure, connector, worker):
    ended(procedure, connector, "failed", "refresh_token_refused")
    procedure.paused = True
    procedure.save()
    assert strip(admin_client).title == "Healthy"


def test_who_may_not_see_alarms_is_told_only_how_many(clerk_client, procedure, connector, worker):
    ended(procedure, connector, "failed", "throttled")
    alarms.look(timezone.now())
    text = home(clerk_client("view_saledocument"))
    assert "1 alarm is open." in text
    assert "Quarter" not in text


def test_open_alarms_come_first_and_each_page_says_who_was_told(admin_client, procedure, connector):
    Recipient.objects.create(name="Anna", address="anna@example.com")
    now = timezone.now()
    for day in (3, 2):
        at = now - timedelta(days=day)
        Alarm.objects.create(
            key="x", kind="late", subject=f"Old {day}", code="alarm_late", since=at, noticed_at=at, over_at=at
        )
    ended(procedure, connector, "failed", "throttled")
    alarms.look(now)
    listed = admin_client.get("/processes/alarm/").context["cl"].result_list
    assert [alarm.subject for alarm in listed] == ["Quarter", "Old 2", "Old 3"]
    page = admin_client.get(f"/processes/alarm/{listed[0].pk}/change/").content.decode()
    assert "Anna · Alarm" in page
    notice = admin_client.get(f"/processes/notice/{Notice.objects.get().pk}/change/").content.decode()
    assert "Waiting" in notice


def test_only_who_may_change_alarms_says_that_a_worker_does_not_come_back(admin_client, clerk_client):
    now = timezone.now()
    Worker.objects.create(executor="b-1", host="b", started_at=now, missed_at=now - timedelta(minutes=1))
    alarms.look(now)
    alarm = Alarm.objects.get()
    over = f"/processes/alarm/{alarm.pk}/over/"
    assert clerk_client("view_alarm").post(over).status_code == 403
    assert admin_client.get(over).status_code == 405
    assert "missed no more" in admin_client.post(over, follow=True).content.decode()
    alarm.refresh_from_db()
    assert alarm.over_at


def form(**more):
    return {"name": "ERP", "kind": "webhook", "address": "https://erp.example.com/", "language": "en", "alarms": "on", "news": "none", "active": "on", **more}  # fmt: skip


def test_a_recipients_secret_is_typed_and_never_shown_again(admin_client):
    admin_client.post("/processes/recipient/add/", form(secret=SECRET))
    recipient = Recipient.objects.get()
    assert recipient.revealed() == {"secret": SECRET}
    page = f"/processes/recipient/{recipient.pk}/change/"
    assert SECRET not in admin_client.get(page).content.decode()
    admin_client.post(page, form(name="Gestionale"))
    recipient.refresh_from_db()
    assert (recipient.name, recipient.revealed()) == ("Gestionale", {"secret": SECRET})


def test_a_wrong_secret_is_said_beside_its_field(admin_client):
    answer = admin_client.post("/processes/recipient/add/", form(secret="short"))
    assert "This is not a secret for signing." in answer.context["adminform"].form.errors["secret"][0]
    assert not Recipient.objects.exists()


def test_a_test_says_in_words_what_happened(admin_client, clerk_client):
    with WebhookReceiver().running() as receiver:
        recipient = Recipient.objects.create(name="ERP", kind="webhook", address=receiver.url)
        address = f"/processes/recipient/{recipient.pk}/test/"
        assert "The receiver took the test." in admin_client.post(address, follow=True).content.decode()
        receiver.answers = [503]
        assert "did not take it (status 503)" in admin_client.post(address, follow=True).content.decode()
        assert clerk_client("view_recipient").post(address).status_code == 403
    assert "No answer came from" in admin_client.post(address, follow=True).content.decode()


def test_a_recipient_that_was_told_something_can_be_deleted_and_what_it_was_told_stays(admin_client):
    recipient = Recipient.objects.create(name="ERP", kind="webhook", address="https://erp.example.com/")
    now = timezone.now()
    for state in ("sent", "waiting"):
        Notice.objects.create(
            recipient=recipient, recipient_name="ERP", event="alarm.over", state=state, created_at=now, next_attempt_at=now
        )  # fmt: skip
    admin_client.post(f"/processes/recipient/{recipient.pk}/delete/", {"post": "yes"})
    assert not Recipient.objects.exists()
    assert list(Notice.objects.order_by("pk").values_list("recipient_name", "state")) == [("ERP", "sent"), ("ERP", "given_up")]  # fmt: skip
    assert "ERP" in admin_client.get("/processes/notice/").content.decode()


def test_who_may_only_look_at_recipients_sees_no_field_for_a_secret(clerk_client):
    recipient = Recipient.objects.create(name="ERP", kind="webhook", address="https://erp.example.com/hook/T0K3N")
    recipient.sign_with(SECRET)
    recipient.save()
    clerk = clerk_client("view_recipient")
    page = clerk.get(f"/processes/recipient/{recipient.pk}/change/").content.decode()
    assert "Signing secret" not in page
    assert SECRET not in page
    for text in (page, clerk.get("/processes/recipient/").content.decode()):
        assert "https://erp.example.com/…" in text
        assert "T0K3N" not in text
    assert "ERP" not in clerk.get("/processes/recipient/?q=T0K3N").content.decode().partition('id="result_list"')[2]


def test_who_may_change_recipients_sees_their_addresses(admin_client):
    recipient = Recipient.objects.create(name="ERP", kind="webhook", address="https://erp.example.com/hook/T0K3N")
    for path in ("", "?q=T0K3N", f"{recipient.pk}/change/"):
        assert "https://erp.example.com/hook/T0K3N" in admin_client.get(f"/processes/recipient/{path}").content.decode()
