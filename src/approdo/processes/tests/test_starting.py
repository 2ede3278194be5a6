"""Procedures that are due at the same time: started together, each once, as if each had been started by itself."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import psycopg
import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from approdo.nodes.models import Node
from approdo.processes import engine, procedures, runs, starting, workflow_ids
from approdo.processes.models import Connector, Procedure, ProcedureStep, Run, RunStep, with_schedules

pytestmark = pytest.mark.django_db

at_once = pytest.mark.skipif(
    connection.vendor == "sqlite", reason="there one writes at a time, and in memory nobody waits"
)

NOON = datetime(2026, 11, 25, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


def declared(count, each=1):
    """So many procedures that are due at noon and every hour, each with so many connectors of its own."""
    nodes = Node.objects.bulk_create(Node(name=f"ERP {number:04}", type="api") for number in range(count * each))
    kind = "api.import_documents"
    connectors = Connector.objects.bulk_create(Connector(name=node.name, node=node, type=kind) for node in nodes)
    made = Procedure.objects.bulk_create(Procedure(name=f"P{number:04}", every=60) for number in range(count))
    ProcedureStep.objects.bulk_create(
        ProcedureStep(procedure=made[number // each], connector=one, position=number % each)
        for number, one in enumerate(connectors)
    )
    Procedure.objects.update(planned_for=made[0].schedule().key, planned_at=NOON, due_at=NOON)
    return made, connectors


def due_runs():
    return Counter(Run.objects.exclude(procedure_name="").values_list("procedure_name", "due_at"))


def once(made):
    return {(procedure.name, NOON): 1 for procedure in made}


def moments():
    return set(Procedure.objects.values_list("due_at", "last_due_at"))


def steps(procedure):
    told = ("position", "connector_name", "result", "code", "part__state", "part__connector_name", "part__retry_of")
    return list(RunStep.objects.filter(run__procedure=procedure).values_list(*told))


def test_thirty_take_as_many_questions_as_two():
    made, _ = declared(32, 2)
    planned = with_schedules()
    asked = []
    for some in (planned[:2], planned[2:]):
        with CaptureQueriesContext(connection) as questions:
            assert starting.together(some, NOON) == []
        asked.append(len(questions))
    assert asked[0] == asked[1] < 15
    assert due_runs() == once(made)
    assert moments() == {(NOON + HOUR, NOON)}


def test_what_is_started_together_stands_as_if_it_had_been_started_alone():
    made, connectors = declared(3, 2)
    assert starting.together(with_schedules()[:2], NOON) == []
    procedures._start_due(with_schedules()[2], NOON)
    for number, procedure in enumerate(made):
        first, second = (connectors[2 * number + place].name for place in (0, 1))
        assert steps(procedure) == [
            (0, first, "started", "", "queued", first, None),
            (1, second, "", "", None, None, None),
        ]
    whole, alone = (
        {name: value for name, value in vars(Run.objects.get(procedure=one)).items() if not name.startswith("_")}
        for one in (made[0], made[2])
    )
    differing = ("id", "procedure_id", "procedure_name", "created_at")
    assert [whole.pop(name) for name in differing] != [alone.pop(name) for name in differing]
    assert whole == alone


def test_each_due_moment_is_started_once_by_those_who_saw_it_before():
    made, _ = declared(5)
    stale = with_schedules()
    assert starting.together(stale, NOON) == []
    assert starting.together(stale, NOON) == []
    for procedure in stale:
        procedures._start_due(procedure, NOON)
    assert due_runs() == once(made)


def by_six(work):
    """Done by six threads at the same time."""

    def guarded(_):
        try:
            return work()
        finally:
            connection.close()

    with ThreadPoolExecutor(6) as threads:
        return list(threads.map(guarded, range(6)))


@at_once
@pytest.mark.django_db(transaction=True)
def test_workers_at_the_same_time_start_each_due_moment_once(monkeypatch):
    made, connectors = declared(60)
    monkeypatch.setattr(starting, "AT_ONCE", 7)
    monkeypatch.setattr(engine, "enqueue", lambda *_: None)
    by_six(lambda: procedures.dispatch(NOON))
    assert due_runs() == once(made)
    assert moments() == {(NOON + HOUR, NOON)}
    parts = Run.objects.filter(procedure_name="").values_list("connector_name", flat=True)
    assert Counter(parts) == {one.name: 1 for one in connectors}


@at_once
@pytest.mark.django_db(transaction=True)
def test_workers_at_the_same_time_move_a_run_on_once(monkeypatch):
    (procedure,), connectors = declared(1, 4)
    monkeypatch.setattr(engine, "enqueue", lambda *_: None)
    starting.together(with_schedules(), NOON)
    run = Run.objects.get(procedure=procedure)
    for done in range(4):
        Run.objects.filter(connector=connectors[done]).update(state="succeeded", started_at=NOON, ended_at=NOON)
        by_six(lambda: procedures.advance(run.pk))
        assert [result for _, _, result, *_ in steps(procedure)].count("started") == min(done + 2, 4)
    run.refresh_from_db()
    assert (run.state, run.started_at) == ("succeeded", NOON)
    assert Run.objects.filter(procedure_name="").count() == 4


def test_what_comes_due_while_it_runs_is_merged_and_the_rest_is_started():
    made, _ = declared(4)
    under_way = procedures.request(made[1])
    assert procedures.dispatch(NOON) == 4
    assert due_runs() == once([made[0], *made[2:]]) | {("P0001", None): 1}
    assert Run.objects.get(procedure=made[1]) == under_way
    assert moments() == {(NOON + HOUR, NOON)}


def test_nobody_waits_for_what_is_not_usual(caplog):
    made, connectors = declared(7)
    Connector.objects.filter(pk=connectors[0].pk).update(active=False)
    joined = runs.request_run(connectors[1])
    Run.objects.create(connector=connectors[2], connector_name="busy", orders=["X"], created_at=NOON)
    made[3].steps.all().delete()
    made[4].steps.update(connector=connectors[5])
    assert procedures.dispatch(NOON) == 7
    assert due_runs() == once([*made[:3], *made[4:]])
    assert [steps(one)[0][2:5] for one in made if steps(one)] == [
        ("skipped", "connector_inactive", None),
        ("joined", "", "queued"),
        ("", "", None),
        ("started", "", "queued"),
        ("joined", "", "queued"),
        ("started", "", "queued"),
    ]
    assert steps(made[1])[0][5] == joined.name
    assert "P0003 could not be started" in caplog.text
    assert moments() == {(NOON + HOUR, NOON), (NOON, None)}


def test_one_that_goes_wrong_unforeseen_holds_none_of_the_others(caplog):
    made, _ = declared(3)
    never_checked = {"every": None, "cron": "no cron", "planned_for": "0|0|no cron|UTC|"}
    Procedure.objects.filter(pk=made[1].pk).update(**never_checked)
    assert procedures.dispatch(NOON) == 3
    assert due_runs() == once([made[0], made[2]])
    assert "P0001 could not be started" in caplog.text


@pytest.mark.parametrize("change", [{"paused": True}, {"due_at": NOON + HOUR}, {"planned_for": "another"}])
def test_what_has_changed_since_it_was_looked_at_is_not_started(change):
    made, _ = declared(2)
    seen = with_schedules()
    Procedure.objects.filter(pk=made[0].pk).update(**change)
    assert starting.together(seen, NOON) == []
    assert due_runs() == once(made[1:])


def test_the_engine_is_asked_for_all_at_once_and_one_that_it_cannot_be_asked_for_holds_none_back(monkeypatch):
    _made, connectors = declared(3)
    Connector.objects.filter(pk=connectors[1].pk).update(type="api.of_another_release")
    starting.together(with_schedules(), NOON)
    parts = list(Run.objects.filter(procedure_name="").select_related("connector__node").order_by("pk"))
    asked = []
    monkeypatch.setattr(engine, "enqueue", lambda *works: asked.append([one.workflow_id for one in works]))
    names = [workflow_ids.workflow_id(part) for part in parts]
    runs.ask_engine(parts[0], parts[2])
    runs.ask_engine(*parts)
    assert asked == [[names[0], names[2]], [names[0]], [names[2]]]


@pytest.mark.once
def test_an_engine_that_is_away_is_asked_once_for_all(monkeypatch, caplog):
    declared(3)
    starting.together(with_schedules(), NOON)
    asked = []

    def away(*works):
        asked.append(len(works))
        raise psycopg.OperationalError("connection refused")

    monkeypatch.setattr(engine, "enqueue", away)
    runs.ask_engine(*Run.objects.filter(procedure_name="").select_related("connector__node"))
    assert asked == [3]
    assert len(caplog.records) == 1
