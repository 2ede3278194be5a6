"""Runs of connectors and procedures: the list and its filters, steps, requests, retry, what was thinned out."""

import re
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from plans import plan_of

from approdo.exchanges.models import RequestLogged, RunNote, WindowRead
from approdo.processes import procedures
from approdo.processes.models import Connector, Procedure, ProcedureStep, Run, RunStep

COUNTS = {"requests": 2, "read": 9, "created": 4, "updated": 0, "unchanged": 5, "failed": 0, "left_out": 0}


@pytest.fixture
def other(connector):
    return Connector.objects.create(
        name="Statuses", node=connector.node, type=connector.type, configuration=connector.configuration
    )


@pytest.fixture
def procedure(connector, other):
    made = Procedure.objects.create(name="Every morning", every=1, unit="days")
    for position, one in enumerate((connector, other)):
        ProcedureStep.objects.create(procedure=made, connector=one, position=position)
    return made


def ended(of, state="succeeded", days=0, **more):
    at = timezone.now() - timedelta(days=days, minutes=5)
    kind = "procedure" if isinstance(of, Procedure) else "connector"
    values = {kind: of, f"{kind}_name": of.name, "state": state, "created_at": at, "started_at": at}
    return Run.objects.create(**values | {"ended_at": at + timedelta(minutes=1), "counts": COUNTS} | more)


def page(client, run, query=""):
    return client.get(f"/processes/run/{run.pk}/change/{query}").content.decode()


def listed(client, query):
    text = client.get(f"/processes/run/?{query}").content.decode()
    return [int(number) for number in re.findall(r"field-run_number.*?>#(\d+)<", text, re.DOTALL)]


def test_the_list_tells_procedures_from_connectors_and_their_steps(admin_client, procedure, connector):
    due = timezone.now() - timedelta(minutes=6)
    whole = ended(procedure, due_at=due)
    part = ended(connector)
    step = {"position": 0, "connector": connector, "connector_name": "Orders", "part": part, "result": "started"}
    RunStep.objects.create(run=whole, **step)
    alone = ended(connector, requested_by="anna")
    text = admin_client.get("/processes/run/").content.decode()
    assert listed(admin_client, "") == [alone.pk, part.pk, whole.pk]
    rows = dict(re.findall(r"field-run_number.*?>#(\d+)<(.*?)</tr>", text, re.DOTALL))
    assert 'aria-label="Procedure"' in rows[str(whole.pk)]
    assert "Schedule" in rows[str(whole.pk)]
    assert "due " in rows[str(whole.pk)]
    assert "step of run" in rows[str(part.pk)]
    assert f">#{whole.pk}</a>" in rows[str(part.pk)]
    assert f"Procedure “{procedure.name}”" in rows[str(part.pk)]
    assert f"Procedure “{procedure.name}”" in page(admin_client, part)
    assert "Procedure “" not in page(admin_client, alone)
    assert "step of run" not in rows[str(alone.pk)]
    assert "anna" in rows[str(alone.pk)]


def test_runs_are_filtered_by_kind_procedure_connector_state_and_day(admin_client, procedure, connector, other):
    whole, old = ended(procedure), ended(procedure, days=3, state="failed")
    first, second = ended(connector, days=3), ended(other, state="failed")
    day = f"{timezone.now() - timedelta(days=3):%Y-%m-%d}"
    for query, found in {
        "kind=procedure": [whole, old],
        "kind=connector": [second, first],
        f"procedure={procedure.pk}": [whole, old],
        f"connector={connector.pk}": [first],
        "state=failed": [second, old],
        f"requested_to={day}": [first, old],
        f"requested_from={day}&requested_to={day}&kind=connector": [first],
        "connector=1x&procedure=99999999999999999999": [second, whole, first, old],
    }.items():
        assert set(listed(admin_client, query)) == {run.pk for run in found}, query


FILTERS = [
    "",
    "kind=procedure",
    "kind=connector",
    "procedure=1",
    "connector=1",
    "state=failed",
    "requested_from=2026-01-01",
]


@pytest.mark.parametrize("query", FILTERS)
def test_every_filter_reads_one_index_and_sorts_nothing(admin_client, procedure, connector, query):
    ended(procedure)
    ended(connector)
    with CaptureQueriesContext(connection) as asked:
        admin_client.get(f"/processes/run/?{query}&p=2")
    (sql,) = [one["sql"] for one in asked if "LIMIT 50" in one["sql"] and 'FROM "processes_run"' in one["sql"]]
    plan = plan_of(sql)
    assert re.search("run_newest|run_of_|run_in_state", plan), plan
    assert "Sort" not in plan, plan
    assert "TEMP B-TREE" not in plan, plan


def test_no_filter_counts_the_runs_even_when_asked_to(admin_client, connector):
    ended(connector)
    with CaptureQueriesContext(connection) as asked:
        text = admin_client.get("/processes/run/?_facets=True").content.decode()
    assert "Show counts" not in text
    assert not [one for one in asked if "COUNT(" in one["sql"] and "processes_run" in one["sql"]]


def test_a_page_of_the_list_asks_as_often_however_many_runs_it_shows(admin_client, procedure, connector):
    def asked():
        with CaptureQueriesContext(connection) as found:
            admin_client.get("/processes/run/")
        return len(found)

    def both():
        whole, part = ended(procedure), ended(connector)
        RunStep.objects.create(run=whole, position=0, connector=connector, connector_name="Orders", part=part)

    both()
    before = asked()
    for _ in range(10):
        both()
    assert asked() == before


def test_a_procedures_run_shows_its_steps_while_it_runs(admin_client, procedure):
    run = procedures.request(procedure, "anna")
    first = run.steps.get(position=0).part
    Run.objects.filter(pk=first.pk).update(
        state="running", started_at=timezone.now(), windows=4, windows_done=2, counts=COUNTS
    )
    RunNote.objects.create(run=first.pk, at=timezone.now(), code="older_version", params={"number": "PO1"})
    procedures.advance_all()
    live = admin_client.get(f"/processes/run/{run.pk}/live/").content.decode()
    assert "every 1s" in live
    assert "0 of 2 connectors done" in live
    assert 'aria-valuenow="25"' in live
    assert f'href="/processes/run/{first.pk}/change/"' in live
    assert "Run started" in live
    assert "Waiting" in live
    assert "<b>9</b>" in live, "what its parts have counted so far"
    text = page(admin_client, run)
    assert "4 new · 5 unchanged" in text
    assert "Requests</h2>" not in text
    part = page(admin_client, first)
    assert f"#{run.pk} Every morning" in part


def test_cancelling_a_procedures_run_ends_the_part_it_started(admin_client, procedure):
    run = procedures.request(procedure)
    admin_client.post(f"/processes/run/{run.pk}/cancel/")
    assert set(Run.objects.values_list("state", flat=True)) == {"cancelled"}
    assert "Not begun: the run ended before" in page(admin_client, run)


def test_a_step_that_was_left_out_says_why(admin_client, procedure, connector, other):
    run = ended(procedure, state="failed")
    for position, code in enumerate(("step_stopped", "connector_inactive")):
        RunStep.objects.create(
            run=run, position=position, connector=other, connector_name="Statuses", result="skipped", code=code
        )
    RunStep.objects.create(run=run, position=2, connector=connector, connector_name="Orders", result="started")
    text = page(admin_client, run)
    assert "Left out, because a connector before it did not succeed." in text
    assert "The connector “Statuses” is not active." in text
    assert "Its run is no longer kept" in text


def test_what_failed_is_retried_with_one_button(admin_client, procedure, connector):
    run = ended(procedure, state="failed")
    part = ended(connector, state="failed")
    RunStep.objects.create(
        run=run, position=0, connector=connector, connector_name="Orders", part=part, result="started"
    )
    assert "Retry what failed" in page(admin_client, run)
    answer = admin_client.post(f"/processes/run/{run.pk}/retry/")
    again = Run.objects.get(retry_of=run)
    assert answer.url == f"/processes/run/{again.pk}/change/"
    assert again.requested_by == "admin"
    assert admin_client.post(f"/processes/run/{run.pk}/retry/").url == answer.url, "pressed twice it is the same"
    assert f'href="/processes/run/{run.pk}/change/">#{run.pk}</a>' in page(admin_client, again)
    assert f'href="/processes/run/{again.pk}/change/">#{again.pk}</a>' in page(admin_client, run)


def test_a_connectors_run_is_retried_unless_it_left_nothing(admin_client, connector):
    run = ended(connector, state="failed")
    values = {"node": connector.node, "program": "vendor_retail", "run": run.pk, "connector": connector.pk,
              "position": 0, "scan": "created", "start": run.created_at, "end": run.ended_at}  # fmt: skip
    window = WindowRead.objects.create(**values, complete=True)
    answer = admin_client.post(f"/processes/run/{run.pk}/retry/", follow=True)
    assert f"Run {run.pk} left nothing to retry" in answer.content.decode()
    window.complete = False
    window.save()
    admin_client.post(f"/processes/run/{run.pk}/retry/")
    assert Run.objects.get(retry_of=run).state == "queued"


@pytest.mark.parametrize("state", ["succeeded", "running"])
def test_no_retry_is_offered_where_there_is_nothing_to_retry(admin_client, connector, state):
    assert "Retry what failed" not in page(admin_client, ended(connector, state=state))


def test_who_may_only_look_neither_retries_nor_is_offered_it(clerk_client, connector):
    client = clerk_client("view_run")
    run = ended(connector, state="failed")
    assert "Retry what failed" not in page(client, run)
    assert client.post(f"/processes/run/{run.pk}/retry/").status_code == 403
    assert client.get(f"/processes/run/{run.pk}/requests/").status_code == 200
    assert client.get("/processes/run/timeline/").status_code == 200
    client = clerk_client_without(client)
    assert client.get("/processes/run/timeline/").status_code == 403


def clerk_client_without(client):
    from django.contrib.auth.models import User

    User.objects.get(username="clerk").user_permissions.clear()
    return client


def test_requests_come_page_by_page_and_failed_ones_alone(admin_client, connector):
    run = ended(connector, counts=COUNTS | {"requests": 250})
    RequestLogged.objects.bulk_create(
        RequestLogged(
            run=run.pk, at=run.created_at, operation="getPurchaseOrders", status=429 if number % 25 == 0 else 200,
            error="throttled" if number % 25 == 0 else "", request_id=f"id-{number:03}", milliseconds=1, attempt=1,
        )
        for number in range(250)
    )  # fmt: skip

    def ids(query):
        part = admin_client.get(f"/processes/run/{run.pk}/requests/?{query}").content.decode()
        return re.findall(r"<code>(id-\d+)</code>", part), part

    first, text = ids("")
    assert (first[0], len(first)) == ("id-249", 100)
    assert "1–100 of 250" in text
    assert (ids("page=3")[0][-1], len(ids("page=3")[0])) == ("id-000", 50)
    assert ids("page=99")[0] == ids("page=3")[0]
    assert ids("page=x")[0] == first
    failed, text = ids("failed=1")
    assert failed == [f"id-{number:03}" for number in range(225, -1, -25)]
    assert "limit of requests" in text
    assert "id-150" in page(admin_client, run, "?failed=1")
    assert "id-151" not in page(admin_client, run, "?failed=1")
    with CaptureQueriesContext(connection) as asked:
        page(admin_client, run)
    assert [one for one in asked if "exchanges_requestlogged" in one["sql"] and "LIMIT 100" in one["sql"]]


def test_a_live_run_brings_its_newest_requests_up_to_date(admin_client, connector):
    run = ended(connector, state="running", ended_at=None)
    assert "every 3s" in admin_client.get(f"/processes/run/{run.pk}/requests/").content.decode()
    Run.objects.update(state="failed")
    assert "every 3s" not in admin_client.get(f"/processes/run/{run.pk}/requests/").content.decode()


def test_thousands_of_warnings_are_counted_and_a_few_are_read(admin_client, connector):
    run = ended(connector, state="partial")
    RunNote.objects.bulk_create(
        RunNote(run=run.pk, at=run.created_at, code=code, params={"number": f"PO{number}"})
        for code, count in (("older_version", 6000), ("older_status", 7))
        for number in range(count)
    )
    with CaptureQueriesContext(connection) as asked:
        text = page(admin_client, run)
    assert "6,000 times, for example:" in text
    assert "7 times, for example:" in text
    assert "PO5" not in text
    notes = [one["sql"] for one in asked if "exchanges_runnote" in one["sql"]]
    assert all("LIMIT 5" in sql or "GROUP BY" in sql for sql in notes)


def test_a_run_that_was_thinned_out_says_so(admin_client, connector):
    old, _newer = ended(connector), ended(connector)
    kept = ended(connector, thinned=True)
    Run.objects.filter(pk=old.pk).delete()
    answer = admin_client.get(f"/processes/run/{old.pk}/change/")
    assert answer.status_code == 410
    assert "Runs are thinned out after 90 days" in answer.content.decode()
    assert "no longer kept: they go after 90 days" in page(admin_client, kept)
    assert admin_client.get("/processes/run/99999/change/").status_code == 404
    assert admin_client.get("/processes/run/99999999999999999999/change/").status_code == 404
