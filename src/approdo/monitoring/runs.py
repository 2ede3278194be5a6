"""The metrics of runs: what is queued and running, and how each connector's last run ended."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any, NamedTuple

from django.db.models import QuerySet
from prometheus_client.core import GaugeMetricFamily, Metric

from approdo.exchanges.intake import COUNTED
from approdo.processes.models import Connector, Run, live_runs

State = Run.State

ENDED = tuple(state for state in State if state not in Run.LIVE)


class Live(NamedTuple):
    """The runs that have not ended, and since when the oldest of the queued ones waits."""

    queued: int
    running: int
    oldest_queued: datetime | None


def live() -> Live:
    """What is queued and running now."""
    rows = list(live_runs().values_list("state", "created_at"))
    queued = [created_at for state, created_at in rows if state == State.QUEUED]
    return Live(len(queued), len(rows) - len(queued), min(queued, default=None))


def by_connector() -> Iterator[Metric]:
    """How each connector does. Runs that fetch single orders by their numbers say nothing of that."""
    gauges = _Gauges()
    for connector in Connector.objects.all():
        gauges.active.add_metric([connector.name], connector.active)
        last = _ended(connector).exclude(state__in=Run.LIVE).first()
        if last is not None:
            gauges.add_last(connector.name, last)
        success = _ended(connector).filter(state=State.SUCCEEDED).values_list("ended_at", flat=True).first()
        if success:
            gauges.succeeded.add_metric([connector.name], success.timestamp())
    yield from gauges.all


def _ended(connector: Connector) -> QuerySet[Run]:
    """The connector's runs, newest first."""
    return Run.objects.filter(connector=connector, orders=[], ended_at__isnull=False).order_by("-id")


class _Gauges:
    def __init__(self) -> None:
        def gauge(name: str, help_text: str, *labels: str) -> GaugeMetricFamily:
            return GaugeMetricFamily(f"approdo_connector_{name}", help_text, labels=["connector", *labels])

        self.active = gauge("active", "Whether the connector may run.")
        self.succeeded = gauge("last_success_timestamp_seconds", "When the last run that succeeded ended.")
        self.ended = gauge("last_run_timestamp_seconds", "When the last run ended, however it did.")
        self.seconds = gauge("last_run_duration_seconds", "How long the last run worked.")
        self.state = gauge("last_run_state", "1 for the state in which the last run ended, 0 for the others.", "state")
        self.orders = gauge("last_run_orders", "What became of the orders that the last run read.", "result")

    @property
    def all(self) -> list[GaugeMetricFamily]:
        return [self.active, self.succeeded, self.ended, self.seconds, self.state, self.orders]

    def add_last(self, name: str, run: Run) -> None:
        counts: dict[str, Any] = run.counts
        for state in ENDED:
            self.state.add_metric([name, state], run.state == state)
        for result in COUNTED:
            self.orders.add_metric([name, result], counts.get(result, 0))
        if run.ended_at:
            self.ended.add_metric([name], run.ended_at.timestamp())
            if run.started_at:
                self.seconds.add_metric([name], (run.ended_at - run.started_at).total_seconds())
