"""The metrics of procedures: when each last succeeded, and when it is due."""

from collections.abc import Iterator

from prometheus_client.core import GaugeMetricFamily, Metric

from approdo.processes import newest
from approdo.processes.models import Procedure


def by_procedure() -> Iterator[Metric]:
    """How each procedure does."""

    def gauge(name: str, help_text: str) -> GaugeMetricFamily:
        return GaugeMetricFamily(f"approdo_procedure_{name}", help_text, labels=["procedure"])

    paused = gauge("paused", "Whether the procedure is paused.")
    due = gauge("due_timestamp_seconds", "When it is due next; a moment that has passed is late.")
    succeeded = gauge("last_success_timestamp_seconds", "When its last run that succeeded ended.")
    runs = newest.of_procedures()
    for procedure in Procedure.objects.all():
        paused.add_metric([procedure.name], procedure.paused)
        if procedure.due_at:
            due.add_metric([procedure.name], procedure.due_at.timestamp())
        success = runs.get(procedure.pk, newest.NEVER_RUN).success
        if success and success.ended_at:
            succeeded.add_metric([procedure.name], success.ended_at.timestamp())
    yield from (paused, due, succeeded)
