"""The workers that should be alive: each is written down from its start until it ends by itself."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from django.conf import settings
from django.utils import timezone

from approdo.processes import presence
from approdo.processes.models import Worker

PATIENCE = 2 * timedelta(seconds=settings.ROUND_SECONDS)
"""So long must a worker's lock be free before it counts as gone: living ones take theirs again within a round."""


def join(executor: str, host: str) -> None:
    """Write down a worker that starts. It takes the place of one that is gone, of its own host if it can."""
    Worker.objects.create(executor=executor, host=host, started_at=timezone.now())
    others = sorted(Worker.objects.exclude(executor=executor), key=lambda other: other.host != host)
    for other in others:
        if presence.is_gone(other.executor) and dismiss(other.executor):
            return


def leave(executor: str) -> None:
    """Write down that a worker ends by itself."""
    dismiss(executor)


def dismiss(executor: str) -> bool:
    """Miss this worker no more. False where nobody did."""
    return Worker.objects.filter(executor=executor).delete()[0] > 0


def missing(now: datetime) -> Iterator[Worker]:
    """The workers that are gone without having ended by themselves, each with `missed_at`."""
    for worker in Worker.objects.all():
        row = Worker.objects.filter(pk=worker.pk)
        if not presence.is_gone(worker.executor):
            if worker.missed_at:
                row.update(missed_at=None)
        elif worker.missed_at is None:
            row.filter(missed_at=None).update(missed_at=now)
        elif worker.missed_at <= now - PATIENCE:
            yield worker
