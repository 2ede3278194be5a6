"""Alarms: each cause opens one when it begins to stand and closes it when it is over, whoever looks."""

from datetime import UTC, datetime, timedelta

import amazon_orders
import pytest
from django.utils import timezone

from approdo.exchanges.quiet import explain_silence
from approdo.nodes.models import Configuration, Node, TimeRange
from approdo.processes import alarms, causes, fleet, newest, presence, procedures, records
from approdo.processes.models import Alarm, Connector, Notice, Recipient, Run, Worker
from approdo.processes.wording import explained
from approdo.sdk.errors import ConfigError

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("own_workers")]

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
NOON = datetime(2026, 11, 25, 12, tzinfo=UTC)  # a Wednesday


@pytest.fixture
def node():
    return amazon_orders.node("Amazon Vendor EU")


@pytest.fixture
def connector(node):
    time_range = TimeRange.objects.create(name="Range", last=7)
    kind, options = "order_download_configuration", {"type": "vendor_retail", "states": ["new"]}
    chosen = Configuration.objects.create(kind=kind, name="All", time_range=time_range, options=options)
    made = Connector(name="Orders", node=node, type="amazon_vendor.download_orders", configuration=chosen)
    made.full_clean()
    made.save()
    return made


@pytest.fixture
def procedure(connector, recipient):
    return declared(every="15 minutes", grace="30 minutes")


@pytest.fixture
def recipient():
    return Recipient.objects.create(name="Anna", address="anna@example.com", language="en")


def declared(**more):
    return records.save(records.PROCEDURES, {"name": "Quarter", "connectors": ["Orders"], **more}).record


def opened():
    return {alarm.kind for alarm in Alarm.objects.filter(over_at=None)}


def told():
    return [(notice.alarm.kind, notice.event.partition(".")[2]) for notice in Notice.objects.order_by("pk")]


def ended(state, connector, at, procedure=None, code="", **params):
    """A connector's run that ended so, alone or in a procedure."""
    times = {"created_at": at, "started_at": at, "ended_at": at}
    error = {"error_code": code, "error_params": params}
    part = Run.objects.create(connector=connector, connector_name=connector.name, state=state, **times, **error)
    if procedure is None:
        return part
    own = {"error_code": "steps_failed"} if state != "succeeded" else {}
    run = Run.objects.create(procedure=procedure, procedure_name=procedure.name, state=state, **times, **own)
    run.steps.create(position=0, connector=connector, connector_name=connector.name, part=part, result="started")
    return run


def plan(procedure, now):
    """As a worker does that finds the schedule; what it starts is taken away again."""
    procedures.dispatch(now)
    Run.objects.filter(state="queued").delete()
    procedure.refresh_from_db()


def expected(procedure):
    return causes.success_expected(procedure, newest.of_procedures().get(procedure.pk, newest.NEVER_RUN).success)


def test_a_procedure_that_fails_is_alarmed_once_until_it_succeeds(procedure, connector):
    ended("failed", connector, NOON, procedure, "throttled")
    alarms.look(NOON + MINUTE)
    ended("partial", connector, NOON + 15 * MINUTE, procedure, "throttled")
    alarms.look(NOON + 16 * MINUTE)
    assert opened() == {"failed"}
    alarm = Alarm.objects.get()
    assert (alarm.procedure, alarm.since) == (procedure, NOON)
    ended("cancelled", connector, NOON + 20 * MINUTE, procedure)
    alarms.look(NOON + 21 * MINUTE)
    assert opened() == {"failed"}, "a cancelled run says nothing"
    ended("succeeded", connector, NOON + 30 * MINUTE, procedure)
    alarms.look(NOON + 31 * MINUTE)
    assert told() == [("failed", "opened"), ("failed", "over")]
    ended("failed", connector, NOON + 45 * MINUTE, procedure, "throttled")
    alarms.look(NOON + 46 * MINUTE)
    assert told()[2:] == [("failed", "opened")], "a new cause is told anew"


def test_an_alarm_says_what_went_wrong_in_which_connector_and_what_to_do(procedure, connector):
    run = ended("failed", connector, NOON, procedure, "client_refused")
    alarms.look(NOON)
    said = explained(Alarm.objects.get(kind="failed"))
    assert said.message.startswith(f"The procedure “Quarter” did not succeed (run {run.pk}). Orders: Amazon does not")
    assert "Vendor Central" in said.hint


def test_a_run_outside_procedures_that_fails_is_no_alarm(procedure, connector):
    ended("failed", connector, NOON, code="throttled")
    alarms.look(NOON)
    assert opened() == set()


def test_what_is_due_and_does_not_begin_is_late_until_it_begins(procedure, connector):
    plan(procedure, NOON)
    ended("succeeded", connector, NOON, procedure)
    assert procedure.due_at == NOON + 15 * MINUTE
    alarms.look(NOON + 44 * MINUTE)
    assert "late" not in opened()
    alarms.look(NOON + 46 * MINUTE)
    assert "late" in opened()
    procedures.dispatch(NOON + 50 * MINUTE)
    alarms.look(NOON + 51 * MINUTE)
    assert "late" in opened(), "queued is not begun"
    Run.objects.filter(state="queued").update(state="running")
    alarms.look(NOON + 52 * MINUTE)
    assert [event for kind, event in told() if kind == "late"] == ["opened", "over"]


def test_what_does_not_succeed_in_its_time_is_alarmed(procedure, connector):
    plan(procedure, NOON)
    assert expected(procedure) == NOON + 30 * MINUTE, "at once, and the grace"
    ended("succeeded", connector, NOON + 2 * MINUTE, procedure)
    assert expected(procedure) == NOON + (2 + 15 + 30) * MINUTE
    ended("failed", connector, NOON + 15 * MINUTE, procedure, "throttled")
    alarms.look(NOON + 46 * MINUTE)
    assert "overdue" not in opened()
    alarms.look(NOON + 48 * MINUTE)
    assert "overdue" in opened()
    ended("succeeded", connector, NOON + 49 * MINUTE, procedure)
    alarms.look(NOON + 50 * MINUTE)
    assert "overdue" not in opened()


def under_way(procedure, due, created, state="running"):
    times = {"due_at": due, "created_at": created, "started_at": created if state == "running" else None}
    return Run.objects.create(procedure=procedure, procedure_name=procedure.name, state=state, **times)


def test_a_run_that_takes_longer_than_the_grace_is_not_overdue_while_it_works(connector, recipient):
    procedure = declared(every="1 day", grace="30 minutes")
    plan(procedure, NOON)
    ended("succeeded", connector, NOON, procedure)
    run = under_way(procedure, NOON + DAY, NOON + DAY)
    alarms.look(NOON + DAY + 45 * MINUTE)
    assert "overdue" not in opened()
    alarms.look(NOON + 2 * DAY + 29 * MINUTE)
    assert "overdue" not in opened()
    alarms.look(NOON + 2 * DAY + 31 * MINUTE)
    assert "overdue" in opened(), "it hangs: longer than from one due moment to the next, and the grace"
    run.delete()
    alarms.look(NOON + 2 * DAY + 32 * MINUTE)
    assert "overdue" in opened()


def test_a_run_that_began_too_late_does_not_keep_it_from_being_overdue(connector, recipient):
    procedure = declared(every="1 day", grace="30 minutes")
    plan(procedure, NOON)
    ended("succeeded", connector, NOON, procedure)
    ended("failed", connector, NOON + DAY, procedure, "throttled")
    under_way(procedure, None, NOON + DAY + 40 * MINUTE)
    alarms.look(NOON + DAY + 45 * MINUTE)
    assert "overdue" in opened()


def test_a_night_without_the_machine_is_not_overdue_while_what_was_missed_is_made_up(connector, recipient):
    procedure = declared(every="1 hour", grace="30 minutes")
    plan(procedure, NOON)
    ended("succeeded", connector, NOON, procedure)
    morning = NOON + 20 * HOUR
    run = under_way(procedure, NOON + HOUR, morning, state="queued")
    alarms.look(morning + MINUTE)
    assert "overdue" not in opened()
    Run.objects.filter(pk=run.pk).update(state="running", started_at=morning + 2 * MINUTE)
    alarms.look(morning + 80 * MINUTE)
    assert "overdue" not in opened()
    alarms.look(morning + 91 * MINUTE)
    assert "overdue" in opened()


def test_pausing_a_procedure_that_failed_tells_nobody_that_it_is_over(procedure, connector):
    ended("failed", connector, NOON, procedure, "throttled")
    alarms.look(NOON)
    procedures.pause(procedure)
    alarms.look(NOON + MINUTE)
    procedures.resume(procedure)
    alarms.look(NOON + 2 * MINUTE)
    assert told() == [("failed", "opened")]
    procedures.pause(procedure)
    ended("succeeded", connector, NOON + 3 * MINUTE, procedure)
    alarms.look(NOON + 4 * MINUTE)
    assert opened() == set(), "run by hand it succeeded"
    ended("failed", connector, NOON + 5 * MINUTE, procedure, "throttled")
    alarms.look(NOON + 6 * MINUTE)
    assert opened() == set(), "while it is paused nothing is opened"
    procedures.resume(procedure)
    alarms.look(NOON + 7 * MINUTE)
    assert opened() == {"failed"}


def test_nobody_waits_outside_the_weekly_slots_or_while_it_is_paused(connector, recipient):
    slots = [{"days": ["wed", "thu"], "from": "08:00", "to": "18:00"}]
    procedure = declared(every="1 hour", grace="30 minutes", active=slots, time_zone="UTC")
    plan(procedure, NOON)
    ended("succeeded", connector, NOON + 5 * HOUR + 50 * MINUTE, procedure)
    tomorrow = NOON.replace(hour=8) + DAY
    assert expected(procedure) == tomorrow + 30 * MINUTE
    alarms.look(tomorrow + 20 * MINUTE)
    assert "overdue" not in opened()
    alarms.look(tomorrow + 31 * MINUTE)
    assert "overdue" in opened()
    procedures.pause(procedure)
    alarms.look(tomorrow + 32 * MINUTE)
    assert opened() == set()
    procedures.resume(procedure)
    alarms.look(tomorrow + 33 * MINUTE)
    assert opened() == set(), "counted anew"


def test_a_long_pause_of_the_hub_is_made_good_by_one_success(procedure, connector):
    plan(procedure, NOON)
    run = ended("succeeded", connector, NOON + 3 * HOUR, procedure)
    Run.objects.filter(pk=run.pk).update(due_at=NOON + 15 * MINUTE)
    assert expected(procedure) == NOON + 3 * HOUR + 45 * MINUTE


def test_an_authorisation_that_is_refused_is_alarmed_from_any_run_once_a_reason(node, connector, recipient):
    other = Connector.objects.create(
        name="Second", node=node, type=connector.type, configuration=connector.configuration
    )
    for one in (connector, other):
        ended("failed", one, NOON, code="refresh_token_refused")
    alarms.look(NOON)
    assert told() == [("refused", "opened")]
    ended("failed", connector, NOON + MINUTE, code="unreachable", host="x", reason="y")
    alarms.look(NOON + MINUTE)
    assert opened() == {"refused"}, "a failure of the line is no answer"
    for one in (connector, other):
        ended("succeeded", one, NOON + HOUR)
    alarms.look(NOON + HOUR)
    assert told() == [("refused", "opened"), ("refused", "over")]


def test_a_secret_is_alarmed_at_150_and_170_days_until_it_is_a_new_one(node, recipient):
    node.options["client_secret_issued"] = "2026-05-01"
    node.save()
    issued = datetime(2026, 5, 1, 12, tzinfo=UTC)
    seen = []
    for age in (149, 150, 151, 169, 170, 185):
        alarms.look(issued + age * DAY)
        seen.append(Alarm.objects.count())
    assert seen == [0, 1, 1, 1, 2, 2]
    assert opened() == {"secret_old"}
    node.options["client_secret_issued"] = "2026-11-01"
    node.save()
    alarms.look(issued + 186 * DAY)
    assert [event for _kind, event in told()] == ["opened", "opened", "over", "over"]


def test_a_secret_that_is_old_already_is_told_once(node, recipient):
    node.options["client_secret_issued"] = "2026-05-01"
    node.save()
    alarms.look(datetime(2026, 5, 1, tzinfo=UTC) + 175 * DAY)
    assert told() == [("secret_old", "opened")]


def test_a_secret_that_was_lost_with_the_keys_is_alarmed_until_it_is_entered(node, recipient):
    Node.objects.filter(pk=node.pk).update(secrets="")
    alarms.look(NOON)
    alarms.look(NOON + MINUTE)
    assert told() == [("secret_missing", "opened")]
    said = explained(Alarm.objects.get())
    assert "“Amazon Vendor EU” are missing" in said.message
    assert "node's page" in said.hint
    node.refresh_from_db()
    node.options |= {"client_secret": "new", "refresh_token": "new"}
    node.full_clean()
    node.save()
    alarms.look(NOON + 2 * MINUTE)
    assert told()[1:] == [("secret_missing", "over")]


def test_an_unusually_quiet_account_is_alarmed_until_somebody_says_why(node, recipient):
    now = timezone.now()
    amazon_orders.fall_quiet(node, now)
    alarms.look(now)
    explain_silence(node, "vendor_retail", "Closed", "anna")
    alarms.look(now + MINUTE)
    assert told() == [("quiet", "opened"), ("quiet", "over")]


def test_a_worker_that_is_gone_is_alarmed_until_another_takes_its_place(recipient):
    lock = presence.announce("a-1")
    fleet.join("a-1", "a")
    alarms.look(NOON)
    alarms.look(NOON + MINUTE)
    assert opened() == set()
    lock.release()
    alarms.look(NOON + 2 * MINUTE)
    assert opened() == set(), "it may take its lock again at once"
    alarms.look(NOON + 3 * MINUTE)
    assert told() == [("worker_gone", "opened")]
    new = presence.announce("a-2")
    fleet.join("a-2", "a")
    alarms.look(NOON + 4 * MINUTE)
    assert told() == [("worker_gone", "opened"), ("worker_gone", "over")]
    fleet.leave("a-2")
    new.release()
    alarms.look(NOON + 5 * MINUTE)
    alarms.look(NOON + 6 * MINUTE)
    assert opened() == set(), "who ends by itself is not missed"


def test_a_new_worker_takes_one_place_and_that_of_its_own_host_first(recipient):
    for host in ("b", "a"):
        Worker.objects.create(executor=f"{host}-1", host=host, started_at=NOON)
    lock = presence.announce("a-2")
    fleet.join("a-2", "a")
    lock.release()
    assert set(Worker.objects.values_list("executor", flat=True)) == {"b-1", "a-2"}


def test_somebody_may_say_that_a_worker_does_not_come_back(recipient, procedure, connector):
    Worker.objects.create(executor="b-1", host="b", started_at=NOON)
    ended("failed", connector, NOON, procedure, "throttled")
    for minutes in (0, 1):
        alarms.look(NOON + minutes * MINUTE)
    alarms.dismiss(Alarm.objects.get(kind="worker_gone"), NOON + 2 * MINUTE)
    with pytest.raises(ConfigError, match="alarm_ends_by_itself"):
        alarms.dismiss(Alarm.objects.get(kind="failed"), NOON + 2 * MINUTE)
    alarms.look(NOON + 3 * MINUTE)
    assert opened() == {"failed"}


def test_who_looked_before_an_alarm_was_over_does_not_open_it_again(procedure, connector):
    ended("failed", connector, NOON, procedure, "throttled")
    seen = causes.standing(NOON).causes
    alarms.look(NOON)
    ended("succeeded", connector, NOON + MINUTE, procedure)
    alarms.look(NOON + MINUTE)
    for cause in seen.values():
        alarms._open(cause, NOON)
    assert told() == [("failed", "opened"), ("failed", "over")]


def test_what_cannot_be_looked_at_is_not_called_over_and_keeps_nothing_else_from_being_told(procedure, connector):
    node = connector.node
    node.options["client_secret_issued"] = "2026-05-01"
    node.save()
    alarms.look(NOON)
    assert opened() == {"secret_old"}
    node.options["client_secret_issued"] = "no date"
    node.save()
    ended("failed", connector, NOON, procedure, "throttled")
    alarms.look(NOON + MINUTE)
    assert opened() == {"secret_old", "failed"}


def test_one_turn_at_a_time_and_no_wrong_clock_stops_the_watch():
    assert alarms.my_turn(NOON)
    assert not alarms.my_turn(NOON + timedelta(seconds=5))
    assert alarms.my_turn(NOON + MINUTE)
    assert alarms.my_turn(NOON - DAY), "the clock was a day ahead"


def test_a_deleted_procedure_takes_its_alarm_with_it(procedure, connector):
    ended("failed", connector, NOON, procedure, "throttled")
    alarms.look(NOON)
    Run.objects.all().delete()
    procedure.delete()
    alarms.look(NOON + MINUTE)
    assert opened() == set()
    assert Alarm.objects.get().subject == "Quarter"
