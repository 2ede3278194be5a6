"""The metrics of procedures: when each last succeeded, and when it is due."""

from collections.abc import Iterator

from prometheus_client.core import GaugeMetricFamily, Metric

from approdo.processes.models import Procedure, Run


def by_procedure() -> Iterator[Metric]:
    """How each procedure does."""

    def gauge(name: str, help_text: str) -> GaugeMetricFamily:
        return GaugeMetricFamily(f"approdo_procedure_{name}", help_text, labels=["procedure"])

    paused = gauge("paused", "Whether the procedure is paused.")
    due = gauge("due_timestamp_seconds", "When it is due next; a moment that has passed is late.")
    succeeded = gauge("last_success_timestamp_seconds", "When its last run that succeeded ended.")
    for procedure in Procedure.objects.all():
        paused.add_metric([procedure.name], procedure.paused)
        if procedure.due_at:
            due.add_metric([procedure.name], procedure.due_at.timestamp())
        ended = Run.objects.filter(procedure=procedure, state=Run.State.SUCCEEDED, ended_at__isnull=False)
        latest = ended.order_by("-id").values_list("ended_at", flat=True).first()
        if latest:
            succeeded.add_metric([procedure.name], latest.timestamp())
    yield from (paused, due, succeeded)
