"""The screens of procedures: the form keeps the order, the buttons do what they say, to whom they may."""

import pytest
from django.utils import translation

from approdo.processes import procedures
from approdo.processes.models import Connector, Procedure, Run

ADD = "/processes/procedure/add/"
MANAGEMENT = {
    "slots-TOTAL_FORMS": "0",
    "slots-INITIAL_FORMS": "0",
    "slots-MIN_NUM_FORMS": "0",
    "slots-MAX_NUM_FORMS": "9",
}


@pytest.fixture
def second(connector):
    return Connector.objects.create(
        name="Later", node=connector.node, type=connector.type, configuration=connector.configuration
    )


@pytest.fixture
def sent(connector, second):
    return {
        "name": "Morning", "connectors": [second.pk, connector.pk], "on_error": "stop", "mode": "interval",
        "every": "15", "unit": "minutes", "cron": "left over", "time_zone": "", "grace": "30", **MANAGEMENT,
    }  # fmt: skip


def one_slot(days, start="08:00", end="18:00"):
    given = {"slots-TOTAL_FORMS": "1", "slots-0-days": days, "slots-0-start": start, "slots-0-end": end}
    return MANAGEMENT | given


def order(procedure):
    return [step.connector.name for step in procedure.steps.all()]


def test_the_form_keeps_connectors_in_their_order_and_slots(admin_client, sent):
    answer = admin_client.post(ADD, {**sent, **one_slot(["mon", "fri"])})
    assert answer.status_code == 302, answer.context["errors"]
    procedure = Procedure.objects.get()
    assert order(procedure) == ["Later", "Orders"]
    assert (procedure.every, procedure.cron, procedure.on_error) == (15, "", "stop")
    assert procedure.slots.get().days == ["mon", "fri"]
    address = f"/processes/procedure/{procedure.pk}/change/"
    page = admin_client.get(address).content.decode()
    places = [page.index(f'name="connectors" value="{number}"') for number in sent["connectors"]]
    assert places == sorted(places)
    sent["connectors"].reverse()
    admin_client.post(address, {**sent, "mode": "cron", "cron": "30 6 * * 1-5"})
    procedure.refresh_from_db()
    assert order(procedure) == ["Orders", "Later"]
    assert (procedure.every, procedure.cron) == (None, "30 6 * * 1-5")


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"connectors": []}, "This field is required."),
        ({"connectors": ["999999"]}, "Something chosen here was deleted meanwhile."),
        ({"mode": "cron", "cron": "soon"}, "is not a cron expression"),
        ({"mode": "cron", "cron": ""}, "This field is required."),
        ({"every": "0"}, "whole number from 1"),
        (one_slot([]), "This field is required."),
    ],
)
def test_what_cannot_be_is_said_beside_its_field_and_nothing_is_saved(admin_client, sent, wrong, sentence):
    page = admin_client.post(ADD, {**sent, **wrong})
    assert sentence in page.content.decode()
    assert not Procedure.objects.exists()


def test_a_connector_that_stands_twice_is_refused(admin_client, sent, connector):
    page = admin_client.post(ADD, {**sent, "connectors": [connector.pk, connector.pk]})
    assert "stands twice" in page.content.decode()


def test_a_schedule_that_is_never_due_is_pointed_out(admin_client, sent):
    given = {**sent, "mode": "cron", "cron": "0 3 * * *", **one_slot(["mon"])}
    page = admin_client.post(ADD, given, follow=True)
    assert "would never be due" in page.content.decode()


@pytest.fixture
def procedure(admin_client, sent):
    admin_client.post(ADD, sent)
    return Procedure.objects.get()


def test_the_buttons_run_pause_resume_and_stop(admin_client, procedure):
    address = f"/processes/procedure/{procedure.pk}"
    answer = admin_client.post(f"{address}/run/")
    run = Run.objects.get(procedure=procedure)
    assert answer.url == f"/processes/run/{run.pk}/change/"
    assert run.requested_by == "admin"
    assert "Stop the run" in admin_client.get(f"{address}/change/").content.decode()
    admin_client.post(f"{address}/pause/")
    assert "Paused" in admin_client.get("/processes/procedure/").content.decode()
    assert Procedure.objects.get().paused
    admin_client.post(f"{address}/resume/")
    assert not Procedure.objects.get().paused
    assert admin_client.get(f"{address}/run/").status_code == 405


def test_who_may_only_look_sees_the_procedure_and_no_button(clerk_client, procedure):
    client = clerk_client("view_procedure")
    page = client.get(f"/processes/procedure/{procedure.pk}/change/").content.decode()
    assert "Later" in page
    assert "Every 15 minutes" in page
    assert "Run the procedure now?" not in page
    assert client.post(f"/processes/procedure/{procedure.pk}/run/").status_code == 403
    assert not Run.objects.exists()


def test_the_list_says_what_when_and_how_it_went_without_asking_row_by_row(
    admin_client, procedure, connector, django_assert_max_num_queries
):
    procedures.request(procedure)
    for number in range(10):
        more = Procedure.objects.create(name=f"More {number}", every=2, unit="hours")
        more.steps.create(connector=connector)
    with django_assert_max_num_queries(14):
        page = admin_client.get("/processes/procedure/").content.decode()
    assert "Every 2 hours" in page
    assert "Queued" in page


def test_a_procedure_can_be_deleted_and_its_connector_only_then(admin_client, procedure, connector):
    page = admin_client.post(f"/processes/connector/{connector.pk}/delete/", {"post": "yes"}, follow=True)
    assert "Morning" in page.content.decode()
    admin_client.post(f"/processes/procedure/{procedure.pk}/delete/", {"post": "yes"})
    assert not Procedure.objects.exists()
    admin_client.post(f"/processes/connector/{connector.pk}/delete/", {"post": "yes"})
    assert not Connector.objects.filter(pk=connector.pk).exists()


def test_the_italian_page_is_italian(admin_client, procedure):
    with translation.override("it"):
        page = admin_client.get(f"/processes/procedure/{procedure.pk}/change/", headers={"Accept-Language": "it"})
    shown = page.content.decode()
    for text in ("Eseguire immediatamente la procedura?", "Prossima esecuzione", "Orari settimanali", "A intervalli"):
        assert text in shown
