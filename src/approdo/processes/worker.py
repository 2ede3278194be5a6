"""A worker's life: take over what vanished workers left, start what was never taken, until told to stop."""

import logging
import threading

from django.conf import settings
from django.db import close_old_connections
from django.utils import timezone

from approdo.exchanges import overtaken
from approdo.processes import (
    database,
    fleet,
    handing_over,
    procedures,
    recode_jobs,
    runs,
    watching,
    workflows,  # noqa: F401  registers the work before the engine starts
)
from approdo.processes.engine import Worker
from approdo.processes.models import live_runs
from approdo.processes.purging import purge_overdue
from approdo.processes.thinning import thin_in_turn

log = logging.getLogger(__name__)


def work(stop: threading.Event, *, service: bool = False) -> None:
    """Be a worker until `stop` is set. A `service` is missed when it is gone, and looks for alarms."""
    worker = Worker()
    log.info("the worker %s began", worker.executor)
    try:
        if service:
            fleet.join(worker.executor, worker.host)
            watching.start(stop)
        recode_jobs.start(stop)
        while True:
            _round(worker)
            if stop.wait(settings.ROUND_SECONDS):
                return
    finally:
        if service:
            _leave(worker)
        worker.close()
        log.info("the worker %s ended", worker.executor)


def _leave(worker: Worker) -> None:
    try:
        fleet.leave(worker.executor)
    except Exception as error:
        if not database.is_failure(error):
            raise
        log.warning("the end of this worker could not be noted: %s", database.reason(error))


def _round(worker: Worker) -> None:
    close_old_connections()
    try:
        taken = worker.take_over()
        if taken:
            log.warning("took over %s runs that nobody worked on any more", taken)
        runs.reconcile(timezone.now())
        procedures.advance_all()
        if procedures.dispatch(timezone.now()):
            worker.share(live_runs().filter(connector__isnull=False).count())
        handing_over.try_again(timezone.now())
        purge_overdue(timezone.now())
        thin_in_turn(timezone.now())
        overtaken.look(timezone.now())
    except Exception as error:
        failed = "a round of the worker failed, the next one comes in %s s: %s"
        if database.is_failure(error):
            log.error(failed, settings.ROUND_SECONDS, database.reason(error))
        else:
            log.exception(failed, settings.ROUND_SECONDS, type(error).__name__)
    finally:
        close_old_connections()
