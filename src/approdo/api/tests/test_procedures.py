"""Procedures are declared, run, paused and resumed."""

import pytest

from approdo.processes.models import Connector, Procedure, Run

BODY = {
    "name": "Every morning",
    "connectors": ["Scarica ordini"],
    "cron": "30 6 * * 1-5",
    "active": [{"days": ["mon", "tue"], "from": "06:00", "to": "20:00"}],
}


@pytest.fixture
def procedure(caller, connector):
    made = caller.post("/procedures", BODY)
    assert made.status == 201, made.text
    return made.data


def test_a_procedure_is_made_read_changed_and_deleted(caller, procedure):
    assert {name: procedure[name] for name in BODY} == BODY
    assert (procedure["every"], procedure["grace"], procedure["paused"]) == (None, "30 minutes", False)
    assert procedure["due_at"].endswith("Z")
    assert caller.get("/procedures/Every%20morning").data == procedure
    changed = caller.patch(f"/procedures/{procedure['id']}", {"every": "1 day", "active": []}).data
    assert (changed["every"], changed["cron"], changed["active"]) == ("1 days", None, [])
    assert caller.delete(f"/procedures/{procedure['id']}").status == 204
    assert caller.get("/procedures").data["items"] == []


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"connectors": []}, "connectors"),
        ({"connectors": ["Nobody"]}, "connectors"),
        ({"cron": "every morning"}, "cron"),
        ({"cron": None, "every": "soon"}, "every"),
        ({"time_zone": "Mars/Base"}, "time_zone"),
        ({"active": [{"days": [], "from": "06:00", "to": "20:00"}]}, "active"),
        ({"active": [{"days": ["sun"], "from": "06:00", "to": "20:00"}]}, ""),
    ],
)
def test_what_cannot_be_is_refused_under_its_field_and_changes_nothing(caller, procedure, body, field):
    refused = caller.patch(f"/procedures/{procedure['id']}", body)
    assert (refused.status, refused.data["errors"][0]["field"]) == (422, field)
    assert caller.get(f"/procedures/{procedure['id']}").data == procedure


def test_a_run_of_a_procedure_has_its_steps_and_is_the_same_until_it_has_ended(caller, procedure):
    started = caller.post(f"/procedures/{procedure['id']}/run")
    assert started.status == 202
    assert (started.data["procedure"], started.data["connector"]) == ("Every morning", None)
    (step,) = started.data["steps"]
    assert (step["connector"], step["state"], step["result"]) == ("Scarica ordini", "queued", "started")
    part = caller.get(f"/runs/{step['run']}").data
    assert (part["connector"], part["procedure"], part["steps"]) == ("Scarica ordini", None, [])
    assert caller.post("/procedures/Every%20morning/run").data["id"] == started.data["id"]
    assert caller.get(started.headers["Location"].removeprefix("/api/v1")).data == started.data


def test_a_paused_procedure_is_not_due_and_is_resumed(caller, procedure):
    for _ in range(2):
        paused = caller.post("/procedures/Every%20morning/pause")
        assert (paused.status, paused.data["paused"], paused.data["due_at"]) == (200, True, None)
    assert caller.post("/procedures/Every%20morning/resume").data == procedure
    assert not Procedure.objects.get().paused
    assert caller.post("/procedures/Nobody/resume").status == 404


def test_a_connector_in_a_procedure_stays(caller, procedure, connector):
    refused = caller.delete(f"/connectors/{connector['id']}")
    assert refused.status == 409
    assert "Every morning" in refused.data["detail"]


def test_a_token_for_one_connector_reaches_no_procedure(caller, procedure, connector, caller_with):
    bound = caller_with("runs:write", "settings:read", connector=Connector.objects.get())
    assert bound.get("/procedures").status == 403
    assert bound.post("/procedures/Every%20morning/run").status == 403
    assert not Run.objects.exists()
