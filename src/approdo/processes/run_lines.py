"""The two lines that the log gets of each run, written once what they tell is committed."""

import structlog
from django.db import transaction
from structlog import stdlib

from approdo.processes.models import Run

log: stdlib.BoundLogger = structlog.get_logger(__name__)


def began(run: int, windows: int) -> None:
    """Say that the work on a run began."""
    transaction.on_commit(lambda: log.info("run began", run=run, windows=windows))


def ended(run: int) -> None:
    """Say how a run ended, how long it worked and what it counted."""
    transaction.on_commit(lambda: _tell(run))


def _tell(number: int) -> None:
    told = ("connector_name", "procedure_name", "state", "error_code", "created_at", "started_at", "ended_at", "counts")
    run = Run.objects.filter(pk=number, ended_at__isnull=False).order_by().values(*told).first()
    if run is None:
        return
    whose = {"connector": run["connector_name"] or None}
    if run["procedure_name"]:
        whose["procedure"] = run["procedure_name"]
    log.info(
        "run ended",
        run=number,
        **whose,
        state=run["state"],
        error=run["error_code"] or None,
        seconds=round((run["ended_at"] - (run["started_at"] or run["created_at"])).total_seconds(), 3),
        counts=run["counts"],
    )
