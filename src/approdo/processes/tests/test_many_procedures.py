"""What looks at all procedures asks the database as often for many as for two."""

from datetime import UTC, datetime, timedelta

import amazon_orders
import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from plans import plan_of

from approdo.processes import causes, health, procedures, runs
from approdo.processes.models import Connector, Procedure, ProcedureStep, Run, RunStep

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("own_workers")]

NOON = datetime(2026, 11, 25, 12, tzinfo=UTC)
SAID = ({"state": "succeeded"}, {"state": "failed", "error_code": "throttled"},
        {"state": "failed", "error_code": "refresh_token_refused"}, {"state": "running"})  # fmt: skip
"""How the newest runs ended, one after the other, beginning with the first procedure."""


def declared(node, count):
    """So many procedures, each with a connector of its own."""
    kind = "amazon_vendor.download_orders"
    connectors = Connector.objects.bulk_create(
        Connector(name=f"C{number}", node=node, type=kind) for number in range(count)
    )
    made = Procedure.objects.bulk_create(Procedure(name=f"P{number}", every=15) for number in range(count))
    ProcedureStep.objects.bulk_create(
        ProcedureStep(procedure=one, connector=connector) for one, connector in zip(made, connectors, strict=True)
    )
    planned = made[0].schedule().key
    Procedure.objects.update(planned_for=planned, planned_at=NOON, due_at=NOON + timedelta(minutes=5))
    return list(zip(made, connectors, strict=True))


def ran(made):
    """Each procedure succeeded once, and then ran as `SAID` says."""
    for number, (procedure, of_it) in enumerate(made):
        for said in ({"state": "succeeded"}, SAID[number % len(SAID)]):
            ended = None if said["state"] == "running" else NOON
            times = {"created_at": NOON, "started_at": NOON, "ended_at": ended, **said}
            part = Run.objects.create(connector=of_it, connector_name=of_it.name, **times)
            run = Run.objects.create(procedure=procedure, procedure_name=procedure.name, **times)
            RunStep.objects.create(run=run, position=0, connector=of_it, connector_name=of_it.name, part=part)


def look():
    """Everything that is asked every few seconds, or with every look at the home page."""
    found = causes.standing(NOON)
    health.report()
    procedures.dispatch(NOON)
    return found


def test_fifty_procedures_cost_as_many_questions_as_two():
    asked = {}
    made = declared(amazon_orders.node("Amazon Vendor EU"), 50)
    ran(made)
    others = [procedure.pk for procedure, _connector in made[3:]]
    for count in (50, 3):
        if count == 3:
            Run.objects.filter(procedure__in=others).delete()
            Run.objects.filter(connector__name__in=[connector.name for _procedure, connector in made[3:]]).delete()
            Procedure.objects.filter(pk__in=others).delete()
            Connector.objects.exclude(pk__in=[connector.pk for _procedure, connector in made[:3]]).delete()
        with CaptureQueriesContext(connection) as asked[count]:
            found = look()
    assert [cause.kind for cause in found.causes.values()].count("failed") == 2
    assert len(asked[50]) == len(asked[3]) < 40


def test_a_thousand_procedures_can_be_looked_at():
    declared(amazon_orders.node("Amazon Vendor EU"), 1001)
    assert look().causes == {}


def test_each_procedure_is_judged_by_its_own_newest_runs():
    made = declared(amazon_orders.node("Amazon Vendor EU"), 5)
    ran(made)
    found = {one.procedure.name: one for one in health.report().procedures}
    assert [found[f"P{number}"].health for number in range(4)] == ["healthy", "healthy", "down", "healthy"]
    assert [found[f"P{number}"].newest.state for number in range(5)] == [
        "succeeded", "failed", "failed", "succeeded", "succeeded",
    ]  # fmt: skip
    assert all(one.success.state == "succeeded" for one in found.values())
    standing = causes.standing(NOON).causes
    assert {cause.subject for cause in standing.values() if cause.kind == "failed"} == {"P1", "P2"}
    assert [cause.params["reason_code"] for cause in standing.values() if cause.kind == "refused"] == [
        "refresh_token_refused"
    ]


@pytest.mark.skipif("connection.vendor != 'sqlite'", reason="PostgreSQL goes by its statistics of a full table")
def test_a_round_without_work_looks_at_live_runs_only():
    with CaptureQueriesContext(connection) as asked:
        runs.reconcile(NOON)
        procedures.advance_all()
    plans = [plan_of(one["sql"]) for one in asked if "processes_run" in one["sql"]]
    assert len(plans) == 3
    for plan in plans:
        assert "run_once_at_a_time" in plan or "run_in_state" in plan, plan
        assert "SCAN processes_run\n" not in f"{plan}\n"
