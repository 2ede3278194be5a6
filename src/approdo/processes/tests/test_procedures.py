"""Procedures: started when due, connector after connector, once, whatever happens in between."""

from datetime import UTC, datetime, time, timedelta

import pytest
import reading
from django.core.exceptions import ValidationError

from amazon_simulator import Simulator
from approdo.processes import procedures, records, runs, workflows
from approdo.processes.models import Procedure, Run
from approdo.processes.reading import read
from approdo.sdk.errors import ConfigError

pytestmark = pytest.mark.django_db

NOON = datetime(2026, 11, 25, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


@pytest.fixture
def amazon():
    with Simulator(seed=8, orders=10, days=20, rate_limit=False) as simulator:
        yield simulator


@pytest.fixture
def connectors(amazon):
    return reading.connector(amazon), reading.second_account(amazon)


@pytest.fixture
def procedure(connectors):
    return declared(connectors, every="15 minutes")


def declared(names, /, **more):
    data = {"name": "Both", "connectors": [one.name for one in names]} | more
    return records.save(records.PROCEDURES, data).record


def fresh(row):
    row.refresh_from_db()
    return row


def work_off(run):
    """Do a connector's run to its end, as a worker does."""
    work = runs.workflow_id(run)
    workflows._guarded(read, work, workflows._guarded(workflows._plan, work))
    workflows._guarded(workflows._finish, work)


def steps(run):
    return [(step.connector_name, step.result, step.part.state if step.part else None) for step in run.steps.all()]


def test_a_run_does_its_connectors_one_after_the_other_and_adds_up_what_they_counted(procedure):
    run = procedures.request(procedure, "clerk")
    assert steps(run) == [("Amazon", "started", "queued"), ("Other", "", None)]
    work_off(run.steps.all()[0].part)
    assert steps(run) == [("Amazon", "started", "succeeded"), ("Other", "started", "queued")]
    assert fresh(run).state == "running"
    work_off(run.steps.all()[1].part)
    assert (fresh(run).state, run.error_code) == ("succeeded", "")
    parts = [step.part for step in run.steps.all()]
    assert run.counts["created"] == sum(part.counts["created"] for part in parts) > 0
    assert run.windows_done == sum(part.windows for part in parts)
    assert {part.requested_by for part in parts} == {"clerk"}
    assert run.started_at == parts[0].started_at


def test_a_connector_that_fails_does_not_stop_the_rest(procedure, amazon):
    amazon.dials.set("forbidden")
    run = procedures.request(procedure)
    work_off(run.steps.all()[0].part)
    amazon.dials.clear()
    work_off(run.steps.all()[1].part)
    assert (fresh(run).state, run.error_code, run.error_params["connectors"]) == ("partial", "steps_failed", "Amazon")


def test_it_stops_the_rest_where_the_user_chose_so(connectors, amazon):
    procedure = declared(connectors, on_error="stop")
    amazon.dials.set("forbidden")
    run = procedures.request(procedure)
    work_off(run.steps.all()[0].part)
    assert steps(run) == [("Amazon", "started", "failed"), ("Other", "skipped", None)]
    assert fresh(run).state == "failed"
    assert run.error_params["connectors"] == "Amazon, Other"


def test_what_is_due_is_started_once_however_many_workers_ask(procedure):
    procedures.dispatch(NOON)
    stale = Procedure.objects.prefetch_related("slots", "steps__connector__node").get()
    stale.due_at = NOON
    procedures._start_due(stale, NOON)
    assert Run.objects.exclude(procedure=None).count() == 1
    assert fresh(procedure).due_at == NOON + 15 * MINUTE
    assert procedure.last_due_at == NOON


def test_what_comes_due_while_it_runs_is_merged(procedure):
    procedures.dispatch(NOON)
    procedures.dispatch(NOON + 15 * MINUTE)
    procedures.dispatch(NOON + 31 * MINUTE)
    run = Run.objects.get(procedure=procedure)
    assert run.due_at == NOON
    assert fresh(procedure).due_at == NOON + 45 * MINUTE


def test_what_was_missed_while_nobody_worked_is_made_up_once(procedure):
    procedures.dispatch(NOON)
    first = Run.objects.get(procedure=procedure)
    for _ in range(2):
        for step in first.steps.all():
            if step.part:
                work_off(step.part)
    procedures.dispatch(NOON + 185 * MINUTE)
    procedures.dispatch(NOON + 186 * MINUTE)
    assert [run.due_at for run in Run.objects.filter(procedure=procedure)] == [NOON + 15 * MINUTE, NOON]
    assert fresh(procedure).due_at == NOON + 195 * MINUTE


def test_a_paused_procedure_is_not_started_and_resumes_from_then_on(procedure):
    procedures.pause(procedure)
    procedures.dispatch(NOON)
    assert not Run.objects.exists()
    procedures.resume(procedure)
    procedures.dispatch(NOON + 7 * MINUTE)
    assert Run.objects.get(procedure=procedure).due_at == NOON + 7 * MINUTE


def test_a_run_that_is_under_way_is_joined_and_not_doubled(procedure, connectors):
    alone = runs.request_run(connectors[0], "somebody else")
    run = procedures.request(procedure)
    assert steps(run)[0] == ("Amazon", "joined", "queued")
    work_off(alone)
    assert steps(run)[1] == ("Other", "started", "queued")


def test_a_connector_that_fetches_single_orders_is_waited_for(procedure, connectors):
    fetching = runs.request_run(connectors[0], "somebody else", ["ABC"])
    run = procedures.request(procedure)
    assert steps(run)[0] == ("Amazon", "", None)
    runs.cancel(fetching)
    procedures.advance_all()
    assert steps(run)[0] == ("Amazon", "started", "queued")


def test_a_step_whose_end_nobody_passed_on_goes_on_with_the_next_round(procedure):
    run = procedures.request(procedure)
    runs.fail(run.steps.all()[0].part.pk, ConfigError("worker_lost"))
    assert steps(run)[1] == ("Other", "", None)
    procedures.advance_all()
    assert steps(run)[1] == ("Other", "started", "queued")


def test_a_connector_that_is_switched_off_is_left_out_and_is_no_failure(procedure, connectors):
    records.save(records.CONNECTORS, {"name": "Amazon", "active": False})
    run = procedures.request(procedure)
    assert steps(run)[0] == ("Amazon", "skipped", None)
    work_off(run.steps.all()[1].part)
    assert fresh(run).state == "succeeded"


def test_cancelling_ends_the_run_and_the_part_it_started_but_none_that_it_joined(procedure, connectors):
    run = procedures.request(procedure)
    assert procedures.cancel(run)
    assert steps(run) == [("Amazon", "started", "cancelled"), ("Other", "", None)]
    alone = runs.request_run(connectors[0])
    run = procedures.request(procedure)
    assert procedures.cancel(run)
    assert not procedures.cancel(run)
    assert (fresh(run).state, fresh(alone).state) == ("cancelled", "queued")
    procedures.advance_all()
    assert steps(run)[1] == ("Other", "", None)


def test_deleting_a_procedure_ends_its_run_and_lets_the_part_go_on(procedure):
    run = procedures.request(procedure)
    records.delete(procedure)
    procedures.advance_all()
    assert fresh(run).state == "cancelled"
    assert run.steps.all()[0].part.live


def test_a_retry_does_only_what_did_not_succeed(procedure, amazon):
    run = procedures.request(procedure)
    work_off(run.steps.all()[0].part)
    amazon.dials.set("forbidden")
    work_off(run.steps.all()[1].part)
    amazon.dials.clear()
    again = procedures.retry(fresh(run), "clerk")
    assert (steps(again), again.retry_of) == ([("Other", "started", "queued")], run)
    work_off(again.steps.all()[0].part)
    assert fresh(again).state == "succeeded"
    with pytest.raises(ConfigError, match="nothing_to_retry"):
        procedures.retry(again)


def test_a_retry_of_a_connectors_run_reads_only_what_was_left(connectors, amazon):
    wanted = connectors[0]
    run = runs.request_run(wanted)
    work = runs.workflow_id(run)
    windows = workflows._guarded(workflows._plan, work)
    workflows._guarded(read, work, windows[:1])
    runs.fail(run.pk, ConfigError("worker_lost"))
    again = runs.retry(fresh(run))
    work_off(again)
    assert (fresh(again).state, again.windows) == ("succeeded", len(windows) - 1)
    assert reading.held(wanted.node) == reading.expected(amazon)
    with pytest.raises(ConfigError, match="nothing_to_retry"):
        runs.retry(again)


def test_a_connector_of_a_procedure_cannot_be_deleted(procedure, connectors):
    with pytest.raises(ConfigError, match="record_in_use") as refused:
        records.delete(connectors[0])
    assert "Both" in refused.value.params["users"]


def test_saving_a_procedure_does_not_undo_what_a_worker_reckoned_meanwhile(procedure):
    stale = Procedure.objects.get()
    procedures.dispatch(NOON)
    stale.grace = 10
    stale.save()
    assert fresh(procedure).due_at == NOON + 15 * MINUTE
    procedures.dispatch(NOON + MINUTE)
    assert Run.objects.filter(procedure=procedure).count() == 1


def test_a_new_schedule_takes_the_place_of_the_old_one(procedure):
    procedures.dispatch(NOON)
    records.save(records.PROCEDURES, {"name": "Both", "cron": "0 15 * * *", "time_zone": "UTC"})
    procedures.dispatch(NOON + MINUTE)
    assert fresh(procedure).every is None
    assert procedure.due_at == NOON + timedelta(hours=3)


def test_times_are_those_of_the_account(connectors):
    procedure = declared(connectors, cron="0 15 * * *")
    procedures.dispatch(NOON)
    assert fresh(procedure).due_at == NOON + timedelta(hours=2), "15:00 in Rome"


def test_written_and_read_back_it_is_the_same(connectors):
    active = [{"days": ["mon", "fri"], "from": "08:00", "to": "22:30"}]
    data = {
        "every": "2 hours",
        "active": active,
        "on_error": "stop",
        "grace": "45 minutes",
        "time_zone": "Europe/Paris",
    }
    procedure = declared(connectors, **data)
    shown = records.as_data(records.PROCEDURES, procedure)
    assert {name: shown[name] for name in data} == data
    assert not records.save(records.PROCEDURES, {"name": "Both", **data}).changed
    assert records.save(records.PROCEDURES, {"name": "Both", "connectors": ["Other", "Amazon"]}).changed == [
        "connectors"
    ]
    assert [step.connector.name for step in procedure.steps.all()] == ["Other", "Amazon"]


def test_a_time_without_quotes_in_yaml_is_understood(connectors):
    procedure = declared(connectors, every="5 minutes", active=[{"days": ["mon"], "from": "08:00", "to": 1350}])
    assert procedure.slots.get().end == time(22, 30)


@pytest.mark.parametrize(
    ("data", "field"),
    [
        ({"every": "15 minutes", "cron": "0 * * * *"}, "__all__"),
        ({"every": "0 minutes"}, "every"),
        ({"every": "5 weeks"}, "every"),
        ({"cron": "0 * * *"}, "cron"),
        ({"cron": "0 3 * * *", "active": [{"days": ["mon"], "from": "08:00", "to": "09:00"}]}, "__all__"),
        ({"time_zone": "Europe/Roma"}, "time_zone"),
        ({"active": [{"days": ["lun"], "from": "08:00", "to": "09:00"}]}, "active"),
        ({"active": [{"days": ["mon"], "from": "8 o'clock", "to": "09:00"}]}, "active"),
        ({"active": [{"days": ["mon"], "from": "08:00"}]}, "active"),
        ({"connectors": []}, "connectors"),
        ({"connectors": ["Nobody"]}, "connectors"),
        ({"connectors": ["Amazon", "Amazon"]}, "connectors"),
        ({"on_error": "explode"}, "on_error"),
        ({"grace": "30 days"}, "grace"),
    ],
)
def test_what_cannot_be_is_refused_and_nothing_is_saved(connectors, data, field):
    with pytest.raises(ValidationError) as refused:
        declared(connectors, **data)
    assert field in refused.value.message_dict if hasattr(refused.value, "error_dict") else field == "__all__"
    assert not Procedure.objects.exists()


def test_a_procedure_waits_for_a_retry_because_that_reads_less_than_it_wants(procedure, connectors):
    failed = runs.request_run(connectors[0])
    runs.fail(failed.pk, ConfigError("worker_lost"))
    again = runs.retry(fresh(failed))
    run = procedures.request(procedure)
    assert steps(run)[0] == ("Amazon", "", None)
    with pytest.raises(ConfigError, match="connector_busy"):
        runs.request_run(connectors[0])
    runs.cancel(again)
    procedures.advance_all()
    assert steps(run)[0] == ("Amazon", "started", "queued")


def test_cancelling_one_procedure_leaves_the_part_that_another_has_joined(procedure, connectors):
    other = declared(connectors[:1], name="Other one")
    mine, theirs = procedures.request(procedure), procedures.request(other)
    assert steps(theirs) == [("Amazon", "joined", "queued")]
    procedures.cancel(mine)
    assert steps(theirs) == [("Amazon", "joined", "queued")]
    work_off(theirs.steps.get().part)
    assert fresh(theirs).state == "succeeded"


def test_a_procedure_whose_part_somebody_cancelled_is_cancelled_and_not_failed(connectors):
    run = procedures.request(declared(connectors, on_error="stop"))
    runs.cancel(run.steps.all()[0].part)
    procedures.advance_all()
    assert (fresh(run).state, run.error_code) == ("cancelled", "")


def test_a_procedure_heals_with_the_documents_that_waited_unread(procedure, connectors):
    run = procedures.request(procedure)
    for place in (0, 1):
        work_off(run.steps.all()[place].part)
    part = run.steps.all()[0].part
    Run.objects.filter(pk=part.pk).update(state="partial")
    unwell = {"state": "partial", "error_code": "steps_failed", "error_params": {"count": 1}}
    Run.objects.filter(pk=run.pk).update(**unwell)
    runs.settle(connectors[0].node_id)
    assert (fresh(run).state, run.error_code) == ("succeeded", "")


def test_a_retry_goes_on_where_each_connector_stopped_and_leaves_out_what_is_no_longer_kept(procedure, connectors):
    run = procedures.request(procedure)
    part = run.steps.all()[0].part
    work = runs.workflow_id(part)
    windows = workflows._guarded(workflows._plan, work)
    workflows._guarded(read, work, windows[:1])
    runs.fail(part.pk, ConfigError("worker_lost"))
    procedures.advance_all()
    runs.fail(run.steps.all()[1].part.pk, ConfigError("worker_lost"))
    procedures.advance_all()
    run.steps.filter(position=1).update(part=None)
    again = procedures.retry(fresh(run))
    assert [step.connector_name for step in again.steps.all()] == ["Amazon"]
    assert again.steps.get().part.retry_of == part
    work_off(again.steps.get().part)
    assert fresh(again).windows == len(windows) - 1
