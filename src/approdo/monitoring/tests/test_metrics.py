"""What the metrics say of states that a real process seldom shows."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from prometheus_client.parser import text_string_to_metric_families

from approdo.nodes.models import Node
from approdo.processes.models import Alarm, Connector, Procedure, Run
from approdo.sales.models import SetAside

pytestmark = pytest.mark.django_db

ODD = 'Odd "name" \\ with\nall'


@pytest.fixture
def connector(settings) -> Connector:
    settings.METRICS = "open"
    node = Node.objects.create(name=ODD, type="amazon_vendor", options={"client_secret_issued": "2026-05-01"})
    return Connector.objects.create(name=ODD, node=node, type="amazon_vendor.download_orders")


def ran(connector: Connector, state: str, minutes_ago: int, **more: object) -> Run:
    at = timezone.now() - timedelta(minutes=minutes_ago)
    ended = {} if state in Run.LIVE else {"started_at": at, "ended_at": at + timedelta(seconds=30)}
    values = {"connector": connector, "connector_name": connector.name, "state": state, "created_at": at}
    return Run.objects.create(**values, **ended, **more)


def metrics() -> dict[tuple[str, tuple[str, ...]], float]:
    text = Client().get("/metrics").content.decode()
    return {
        (sample.name.removeprefix("approdo_"), tuple(sample.labels.values())): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def test_the_last_success_stays_while_later_runs_fail_and_single_orders_do_not_count(connector: Connector):
    succeeded = ran(connector, "succeeded", 60)
    ran(connector, "failed", 10)
    ran(connector, "succeeded", 5, orders=["A"])
    found = metrics()
    assert found["connector_last_success_timestamp_seconds", (ODD,)] == pytest.approx(succeeded.ended_at.timestamp())
    assert found["connector_last_run_state", (ODD, "failed")] == 1
    assert found["connector_last_run_state", (ODD, "succeeded")] == 0
    assert found["connector_last_run_duration_seconds", (ODD,)] == 30


def test_the_queue_says_how_long_its_oldest_run_waits(connector: Connector):
    assert metrics()["queue_oldest_seconds", ()] == 0
    ran(connector, "queued", 10)
    found = metrics()
    assert 590 < found["queue_oldest_seconds", ()] < 620
    assert (found["runs", ("queued",)], found["runs", ("running",)]) == (1, 0)


def test_a_node_says_the_age_of_its_secret_and_what_waits_unread(connector: Connector):
    SetAside.objects.create(
        node=connector.node,
        program="vendor_retail",
        raw=b"{}",
        digest=b"1",
        code="no_number",
        received_at=timezone.now(),
    )
    found = metrics()
    assert found["node_client_secret_issued_timestamp_seconds", (ODD,)] == 1777593600
    assert found["node_set_aside", (ODD,)] == 1


def test_a_procedure_says_when_it_last_succeeded_and_when_it_is_due(connector: Connector):
    due = timezone.now() + timedelta(minutes=5)
    procedure = Procedure.objects.create(name=ODD, every=15, paused=True, due_at=due)
    succeeded = ran(connector, "succeeded", 20)
    Run.objects.filter(pk=succeeded.pk).update(connector=None, connector_name="", procedure=procedure)
    found = metrics()
    assert found["procedure_due_timestamp_seconds", (ODD,)] == pytest.approx(due.timestamp())
    assert found["procedure_last_success_timestamp_seconds", (ODD,)] == pytest.approx(succeeded.ended_at.timestamp())
    assert found["procedure_paused", (ODD,)] == 1


def test_open_alarms_are_counted_by_kind_and_a_kind_without_any_is_zero(connector: Connector):
    def alarm(key: str, **more: object) -> None:
        now = timezone.now()
        Alarm.objects.create(**{"key": key, "kind": "failed", "subject": ODD, "since": now, "noticed_at": now, **more})

    alarm("failed:1")
    alarm("failed:2")
    alarm("failed:3", over_at=timezone.now())
    alarm("refused:1", kind="refused")
    found = {labels[0]: value for (name, labels), value in metrics().items() if name == "alarms"}
    assert found == dict.fromkeys(Alarm.Kind.values, 0) | {"failed": 2, "refused": 1}


def test_a_scrape_asks_the_same_number_of_questions_however_many_runs_there_are(connector: Connector):
    ran(connector, "succeeded", 1)
    with CaptureQueriesContext(
        connection,
    ) as few:
        metrics()
    for minutes in range(2, 60):
        ran(connector, "failed", minutes)
    with CaptureQueriesContext(connection) as many:
        metrics()
    assert len(few) == len(many)
