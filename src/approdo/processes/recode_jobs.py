"""SKUs of stored documents recoded, chunk after chunk, by whatever worker lives.

The job is a row. A chunk is one transaction: it takes its turn by a conditional update, recodes some documents and
writes down how far it came. Killed in between, nothing of it is left and the next one does it again.
"""

import logging
import threading
from collections import Counter
from time import monotonic

from django.db import IntegrityError, close_old_connections, connection, transaction
from django.db.models import F, Max, Min
from django.utils import timezone

from approdo.exchanges import recoding, unmatched
from approdo.processes import database, recodings
from approdo.processes.models import RecodeJob
from approdo.sales.models import SaleDocument, SaleLine
from approdo.sdk.errors import ApprodoError

Lines, State = RecodeJob.Lines, RecodeJob.State

log = logging.getLogger(__name__)

AT_ONCE = 200
"""So many documents are recoded in one transaction."""

IDLE_SECONDS = 2.0
BUSY_SECONDS = 0.1


def request(lines: str, requested_by: str = "") -> RecodeJob:
    """A job that begins after now, or the one of its kind that waits already.

    One that is at work has passed documents by which a change of the table may concern: so it is not that one.
    """
    waiting = RecodeJob.objects.filter(lines=lines, state=State.WAITING)
    try:
        with transaction.atomic():
            return RecodeJob.objects.create(lines=lines, requested_by=requested_by, created_at=timezone.now())
    except IntegrityError:
        return waiting.first() or request(lines, requested_by)  # it began in this very moment


def newest() -> RecodeJob | None:
    """The job at work, else the one that waits, else the last one."""
    by_state = {job.state: job for job in RecodeJob.objects.filter(state__in=RecodeJob.LIVE)}
    return by_state.get(State.RUNNING) or by_state.get(State.WAITING) or RecodeJob.objects.first()


def advance() -> bool:
    """Do one chunk of the job whose turn it is. False where there is none, or another process is at it."""
    job = RecodeJob.objects.filter(state=State.RUNNING).first() or _begin()
    if job is None:
        return False
    try:
        return _chunk(job)
    except Exception as error:
        if database.is_failure(error):
            raise
        log.exception("the recoding %s failed", job)
        _end(job, State.FAILED, ApprodoError("internal", reason=type(error).__name__))
        return True


def _begin() -> RecodeJob | None:
    job = RecodeJob.objects.filter(state=State.WAITING).order_by("pk").first()
    if job is None:
        return None
    if job.lines == Lines.WITHOUT_MATCH:
        missed = SaleLine.objects.filter(unmatched__isnull=False).order_by()
        bounds = missed.aggregate(first=Min("document"), last=Max("document"))
    else:
        bounds = SaleDocument.objects.order_by().aggregate(first=Min("pk"), last=Max("pk"))
    began = {"first": bounds["first"] or 0, "last": bounds["last"] or 0, "started_at": timezone.now()}
    try:
        with transaction.atomic():
            RecodeJob.objects.filter(pk=job.pk, state=State.WAITING).update(state=State.RUNNING, **began)
    except IntegrityError:
        return None  # another one runs
    job.refresh_from_db()
    return job if job.state == State.RUNNING else None


def _chunk(job: RecodeJob) -> bool:
    asking = recodings.asking()
    only_missing = job.lines == Lines.WITHOUT_MATCH
    with transaction.atomic():
        if not _my_turn(job):
            return False
        documents, more = recoding.unmatched_or_all(job.position, asking, AT_ONCE, only_missing=only_missing)
        if documents:
            now = timezone.now()
            counts = recoding.apply(documents, lambda *which: asking.get(which), now, only_missing=only_missing)
            done = dict(Counter(job.counts) + counts)
            RecodeJob.objects.filter(pk=job.pk).update(position=documents[-1], counts=done)
    if not documents and not more:
        _clear_up(job)
    return bool(documents) or not more


def _my_turn(job: RecodeJob) -> bool:
    mine = RecodeJob.objects.filter(pk=job.pk, state=State.RUNNING, chunks=job.chunks)
    return bool(mine.update(chunks=F("chunks") + 1))


def _clear_up(job: RecodeJob) -> None:
    """Take codes away that no line carries, and end the job once none is left."""
    left = unmatched.left_over()
    with transaction.atomic():
        unmatched.forget(left)
    if len(left) < unmatched.MOST_FORGOTTEN:
        _end(job, State.SUCCEEDED)


def _end(job: RecodeJob, state: RecodeJob.State, error: ApprodoError | None = None) -> None:
    reason = {"error_code": error.code, "error_params": error.params} if error else {}
    running = RecodeJob.objects.filter(pk=job.pk, state=State.RUNNING)
    running.update(state=state, ended_at=timezone.now(), **reason)


def start(stop: threading.Event) -> None:
    """Do what is asked for in a thread of this worker until `stop` is set; nothing that goes wrong leaves it."""
    threading.Thread(target=_work, args=(stop,), name="recoding", daemon=True).start()


def _work(stop: threading.Event) -> None:
    failing = False
    pause = 0.0
    while not stop.wait(pause):
        close_old_connections()
        began = monotonic()
        try:
            # As long as it took is left to others: there is one that writes at a time with SQLite.
            pause = max(BUSY_SECONDS, monotonic() - began) if advance() else IDLE_SECONDS
            failing = False
        except Exception as error:
            if not database.is_failure(error):
                log.exception("SKUs could not be recoded")
            elif not failing:
                log.warning("SKUs cannot be recoded: %s", database.reason(error))
            failing, pause = True, IDLE_SECONDS
    connection.close()
