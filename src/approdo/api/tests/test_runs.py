"""Runs are started once, listed, read and cancelled."""

from datetime import timedelta

import pytest
from amazon_orders import fall_quiet
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from plans import plan_of

from approdo.exchanges.models import RequestLogged, RunNote, WindowRead
from approdo.nodes.models import Node
from approdo.processes import procedures, records, runs
from approdo.processes.models import Connector, Run
from approdo.sdk.errors import ConfigError


def test_running_a_connector_gives_the_run_and_running_it_again_the_same(caller, connector):
    started = caller.post("/connectors/Scarica%20ordini/run")
    assert started.status == 202
    assert started.data["state"] == "queued"
    assert started.data["requested_by"] == "everything"
    location = started.headers["Location"].removeprefix("/api/v1")
    assert caller.get(location).data == started.data
    again = caller.post(f"/connectors/{connector['id']}/run", {})
    assert (again.status, again.data["id"]) == (202, started.data["id"])
    assert Run.objects.count() == 1


def test_what_cannot_be_run_is_refused_and_leaves_no_run(caller, connector):
    path = f"/connectors/{connector['id']}/run"
    assert caller.post("/connectors/Nobody/run").status == 404
    for wrong in ([], [" "], ["P" * 200], [f"PO{number}" for number in range(1001)]):
        orders = caller.post(path, {"orders": wrong})
        assert (orders.status, orders.data["errors"][0]["field"]) == (422, "orders")
    for body in ({"order": "PO1"}, {"orders": "PO1"}, [], "now"):
        assert caller.post(path, body).status == 422
    caller.patch(f"/connectors/{connector['id']}", {"active": False})
    assert caller.post(path).status == 409
    assert not Run.objects.exists()


def test_a_run_is_read_with_its_windows_requests_and_reasons(caller, connector):
    run = Run.objects.get(pk=caller.post(f"/connectors/{connector['id']}/run").data["id"])
    now = timezone.now()
    runs.begin(run.pk, 2)
    for position, complete in enumerate((True, False)):
        WindowRead.objects.create(
            node=Node.objects.get(), program="vendor_retail", run=run.pk, connector=connector["id"],
            position=position, scan="created", start=now - timedelta(days=1), end=now, pages=2 - position,
            complete=complete, read=5, created=3, unchanged=2,
        )  # fmt: skip
    RequestLogged.objects.create(
        run=run.pk, at=now, operation="getPurchaseOrders", status=200, milliseconds=9, attempt=1
    )
    RunNote.objects.create(run=run.pk, at=now, code="older_version", params={"number": "PO1"})
    for worker in ("first-1", "second-2"):
        run.refresh_from_db()
        runs.take_up(run, worker)
    runs.fail(run.pk, ConfigError("configuration_missing"))
    found = caller.get(f"/runs/{run.pk}").data
    assert found["state"] == "partial"
    assert found["windows"] == {"done": 1, "total": 2}
    assert [(one["pages"], one["complete"]) for one in found["windows_read"]] == [(2, True), (1, False)]
    assert {one["purpose"] for one in found["windows_read"]} == {"range"}
    assert found["counts"]["requests"] == 1
    assert found["counts"]["read"] == 10
    assert found["errors"] == [{"code": "configuration_missing", "message": "Choose a configuration.", "hint": ""}]
    assert "PO1" in found["warnings"][0]["message"]
    assert found["worker"] == "second-2"
    assert found["warnings"][1]["code"] == "taken_over"
    assert "The worker first-1 ended in the middle; the worker second-2" in found["warnings"][1]["message"]
    assert found["requests"][0]["operation"] == "getPurchaseOrders"


def test_a_run_is_cancelled_once_and_an_ended_one_stays_as_it_ended(caller, connector):
    path = f"/connectors/{connector['id']}/run"
    run = caller.post(path).data["id"]
    for _ in range(2):
        cancelled = caller.post(f"/runs/{run}/cancel")
        assert (cancelled.status, cancelled.data["state"]) == (200, "cancelled")
    other = caller.post(path).data["id"]
    assert other != run
    runs.begin(other, 0)
    runs.succeed(other)
    answer = caller.post(f"/runs/{other}/cancel")
    assert (answer.status, answer.data["code"]) == (409, "run_ended")
    assert caller.get(f"/runs/{other}").data["state"] == "succeeded"
    assert caller.post("/runs/999/cancel").status == 404


def test_runs_are_listed_newest_first_by_connector_and_state(caller, connector):
    row = Connector.objects.get()
    ids = []
    for _ in range(5):
        ids.insert(0, caller.post(f"/connectors/{row.pk}/run").data["id"])
        caller.post(f"/runs/{ids[0]}/cancel")
    live = caller.post(f"/connectors/{row.pk}/run").data["id"]
    assert [one["id"] for one in caller.get("/runs").data["items"]] == [live, *ids]
    assert [one["id"] for one in caller.get("/runs", state="queued").data["items"]] == [live]
    assert [one["id"] for one in caller.get("/runs", connector=row.name, state="cancelled").data["items"]] == ids
    first = caller.get("/runs", limit=4).data
    second = caller.get("/runs", limit=4, cursor=first["next_cursor"]).data
    assert [one["id"] for one in first["items"] + second["items"]] == [live, *ids]
    assert second["next_cursor"] is None
    for query in ({"state": "asleep"}, {"connector": "Nobody"}, {"cursor": "x"}, {"cursor": "9" * 18},
                  {"cursor": "9" * 18 + "-1"}, {"cursor": "1-" + "9" * 19}):  # fmt: skip
        assert caller.get("/runs", **query).status == 422


def test_pages_of_runs_asked_for_in_the_same_moment_overlap_nowhere_and_leave_out_none(caller, connector):
    row, now = Connector.objects.get(), timezone.now()
    Run.objects.bulk_create(
        Run(connector=row, connector_name=row.name, state="succeeded", created_at=now - timedelta(seconds=number // 4))
        for number in range(10)
    )
    seen, cursor = [], {}
    while cursor is not None:
        page = caller.get("/runs", limit=3, since=(now - timedelta(seconds=1)).isoformat(), **cursor).data
        seen += [one["id"] for one in page["items"]]
        cursor = {"cursor": page["next_cursor"]} if page["next_cursor"] else None
    newest = Run.objects.filter(created_at__gte=now - timedelta(seconds=1)).order_by("-created_at", "-pk")
    assert seen == list(newest.values_list("pk", flat=True))
    assert len(seen) == 8


@pytest.mark.usefixtures("connector")
def test_the_last_page_of_runs_since_a_moment_looks_at_no_older_ones(caller):
    since = timezone.now()
    with CaptureQueriesContext(connection) as asked:
        caller.get("/runs", since=since.isoformat(), cursor=f"{int(since.timestamp()) * 10**6}-5")
    (sql,) = [one["sql"] for one in asked if "ORDER BY" in one["sql"] and "processes_run" in one["sql"]]
    plan = plan_of(sql)
    assert "run_newest" in plan
    assert "created_at>" in plan.replace(" ", "")


def test_coverage_says_what_was_read_and_what_was_not(caller, connector):
    node = Node.objects.get(name=connector["node"])
    path = f"/nodes/{node.pk}/coverage"
    assert caller.get(path).data["items"] == []
    now = timezone.now()
    for number, complete in ((1, True), (2, False)):
        WindowRead.objects.create(
            node=node, source=node.identity, program="vendor_retail", run=number, connector=connector["id"], position=0,
            scan="created", start=now - timedelta(days=3 - number), end=now - timedelta(days=2 - number),
            complete=complete,
        )  # fmt: skip
    found = caller.get(path).data["items"][0]
    assert (found["complete"], found["set_aside"], len(found["read"])) == (False, 0, 1)
    assert [(gap["code"], gap["run"]) for gap in found["gaps"]] == [("gap_unfinished", 2)]
    assert found["gaps"][0]["start"] == found["read"][0]["end"]
    assert caller.get("/nodes/999/coverage").status == 404


def test_single_orders_are_asked_for_once_each_and_not_while_another_run_lives(caller, connector):
    path = f"/connectors/{connector['id']}/run"
    started = caller.post(path, {"orders": ["PO2", "PO1", " PO2 "]})
    assert started.status == 202
    assert Run.objects.get(pk=started.data["id"]).orders == ["PO2", "PO1"]
    assert caller.post(path, {"orders": ["PO3"]}).status == 409
    assert caller.post(path).status == 409, "a run of single orders is not the whole download"
    assert Run.objects.count() == 1


def test_an_unusual_silence_stands_in_the_coverage_and_is_explained(caller, caller_with, connector):
    node = Node.objects.get()
    path = f"/nodes/{node.pk}/silence"
    body = {"program": "vendor_retail", "why": "We moved."}
    assert caller.post(path, body).status == 409
    fall_quiet(node, timezone.now())
    (row,) = caller.get(f"/nodes/{node.pk}/coverage").data["items"]
    assert (row["unusually_quiet"]["days"], row["unusually_quiet"]["explained"]) == (20, None)
    assert "no order since" in row["unusually_quiet"]["message"]
    assert caller.post(path, {**body, "why": " "}).status == 422
    assert caller_with("settings:read").post(path, body).status == 403
    assert caller.post(path, body).data["explained"]["why"] == "We moved."
    (row,) = caller.get(f"/nodes/{node.pk}/coverage").data["items"]
    assert row["unusually_quiet"]["explained"]["by"] == "everything"
    assert caller.post("/nodes/999/silence", body).status == 404


@pytest.fixture
def procedure(connector):
    return records.save(
        records.PROCEDURES, {"name": "Every morning", "connectors": [connector["name"]], "every": "1 day"}
    ).record


def test_a_procedures_run_is_read_with_its_steps_and_cancelled_with_its_part(caller, procedure):
    run = procedures.request(procedure, "somebody")
    part = run.steps.get().part
    found = caller.get(f"/runs/{run.pk}").data
    assert (found["connector"], found["procedure"], found["requested_by"]) == (None, "Every morning", "somebody")
    (step,) = found["steps"]
    assert step == {
        "connector": "Scarica ordini", "run": part.pk, "state": "queued", "result": "started", "reason": "",
    }  # fmt: skip
    assert caller.get(f"/runs/{part.pk}").data["procedure"] is None
    assert caller.get(f"/runs/{part.pk}").data["steps"] == []
    cancelled = caller.post(f"/runs/{run.pk}/cancel")
    assert (cancelled.status, cancelled.data["steps"][0]["state"]) == (200, "cancelled")
    assert caller.post(f"/runs/{part.pk}/cancel").status == 200


def test_what_failed_is_retried_and_what_left_nothing_is_refused(caller, connector, procedure):
    run = procedures.request(procedure)
    part = run.steps.get().part
    for one in (run, part):
        answer = caller.post(f"/runs/{one.pk}/retry")
        assert (answer.status, answer.data["code"]) == (409, "run_not_ended")
    runs.fail(part.pk, ConfigError("worker_lost"))
    procedures.advance_all()
    again = caller.post(f"/runs/{run.pk}/retry")
    assert (again.status, again.data["retry_of"], again.data["requested_by"]) == (202, run.pk, "everything")
    assert again.headers["Location"] == f"/api/v1/runs/{again.data['id']}"
    assert caller.post(f"/runs/{run.pk}/retry").data["id"] == again.data["id"], "asked twice it is the same"
    under_way = caller.post(f"/runs/{part.pk}/retry")
    assert (under_way.status, under_way.data["id"]) == (202, again.data["steps"][0]["run"]), "the procedure retries it"
    caller.post(f"/runs/{again.data['id']}/cancel")
    alone = caller.post(f"/runs/{part.pk}/retry")
    assert (alone.status, alone.data["retry_of"]) == (202, part.pk)
    runs.begin(alone.data["id"], 1)
    WindowRead.objects.create(
        node=Node.objects.get(), program="vendor_retail", run=alone.data["id"], connector=connector["id"], position=0,
        scan="created", start=timezone.now() - timedelta(days=1), end=timezone.now(), complete=True,
    )  # fmt: skip
    runs.succeed(alone.data["id"])
    nothing = caller.post(f"/runs/{alone.data['id']}/retry")
    assert (nothing.status, nothing.data["code"]) == (409, "nothing_to_retry")
    assert caller.post("/runs/999/retry").status == 404


def test_a_retry_is_refused_while_its_procedure_runs_or_once_it_is_gone(caller, procedure):
    run = procedures.request(procedure)
    procedures.cancel(run)
    live = procedures.request(procedure)
    answer = caller.post(f"/runs/{run.pk}/retry")
    assert (answer.status, answer.data["code"]) == (409, "procedure_busy")
    assert f"run {live.pk} has not ended" in answer.data["detail"]
    procedures.cancel(live)
    records.delete(procedure)
    answer = caller.post(f"/runs/{run.pk}/retry")
    assert (answer.status, answer.data["code"]) == (409, "record_gone")


def test_runs_are_listed_by_kind_procedure_and_time(caller, connector, procedure):
    run = procedures.request(procedure)
    part = run.steps.get().part
    procedures.cancel(run)
    for query, ids in (
        ({}, [part.pk, run.pk]),
        ({"kind": "procedure"}, [run.pk]),
        ({"kind": "connector"}, [part.pk]),
        ({"procedure": "Every morning"}, [run.pk]),
        ({"procedure": str(procedure.pk), "state": "queued"}, []),
        ({"since": part.created_at.isoformat()}, [part.pk]),
        ({"since": (part.created_at + timedelta(hours=1)).isoformat()}, []),
    ):
        assert [one["id"] for one in caller.get("/runs", **query).data["items"]] == ids, query
    for wrong in ({"procedure": "Nobody"}, {"kind": "node"}, {"since": "yesterday"}, {"since": "2026-01-01T00:00:00"}):
        assert caller.get("/runs", **wrong).status == 422, wrong


def test_a_token_for_one_connector_sees_its_runs_and_no_procedures(caller_with, procedure):
    run = procedures.request(procedure)
    part = run.steps.get().part
    bound = caller_with("runs:write", connector=Connector.objects.get())
    assert [one["id"] for one in bound.get("/runs").data["items"]] == [part.pk]
    assert bound.get("/runs", procedure="Every morning").status == 403
    for path in (f"/runs/{run.pk}/cancel", f"/runs/{run.pk}/retry"):
        assert bound.post(path).status == 404
    assert bound.get(f"/runs/{run.pk}").status == 404
    runs.cancel(part)
    assert bound.post(f"/runs/{part.pk}/retry").status == 202
    reader = caller_with("settings:read")
    assert reader.post(f"/runs/{part.pk}/retry").status == 403
