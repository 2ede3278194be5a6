"""Old runs are thinned out in small bites, so that the database stays as small as it can be."""

from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction

from approdo.exchanges import delivery, thinning
from approdo.exchanges.imports import taking
from approdo.processes.models import Alarm, Connector, Notice, Procedure, RecodeJob, Run, RunStep
from approdo.sales.models import DocumentVersion, SetAside, StatusVersion

AT_ONCE = 100
"""So many runs are looked at in one bite."""

PROOF = timedelta(days=190)
"""So long each window of time stays by itself: coverage looks six months back. Afterwards they are joined."""

REST = timedelta(minutes=10)
"""So long there is no look for old runs once none was found."""

_rest_until: list[datetime] = []


def thin_in_turn(now: datetime) -> None:
    """Take one bite, unless the last one found nothing a few minutes ago."""
    if _rest_until and _rest_until[0] > now:
        return
    _rest_until[:] = [] if thin(now) else [now + REST]


def thin(now: datetime) -> bool:
    """Take one bite of what is older than `APPRODO_KEEP_RUNS` days. True as long as there may be more.

    Requests and warnings of ended runs go first, then the runs themselves; one that a version of a document, or
    a set-aside document, names stays, and so does the newest of each connector and procedure with its parts.
    Notices that were sent or given up, alarms that are over, ended recodings of stored documents and calls that posted
    documents go too, and what batches held that were confirmed or given up a month ago.
    """
    newest = _newest()
    old = now - timedelta(days=settings.KEEP_RUNS)
    bitten = _thin_runs(old, newest) | _thin_told(old) | bool(delivery.empty_old(now))
    bitten |= bool(taking.forget_old(old))
    before = now - max(PROOF, timedelta(days=settings.KEEP_RUNS))
    since = Run.objects.filter(created_at__gte=before).order_by("created_at", "pk").first()
    first = since or Run.objects.order_by("-pk").first()
    return thinning.join_windows(before, first.pk, newest) or bitten if first else bitten


def _thin_runs(before: datetime, newest: set[int]) -> bool:
    old = Run.objects.filter(thinned=False, ended_at__lt=before).exclude(state__in=Run.LIVE).order_by("ended_at", "pk")
    with transaction.atomic():
        # Another worker takes others.
        locked = old.select_for_update(skip_locked=True)
        runs = set(locked.values_list("pk", flat=True)[: AT_ONCE + len(newest)])
        if thinning.forget_details(runs):
            return True
        runs -= newest
        named = _named(runs)
        thinning.forget_orders(runs - named)
        Run.objects.filter(pk__in=runs - named).delete()
        Run.objects.filter(pk__in=named).update(thinned=True)
    return bool(runs)


def _thin_told(before: datetime) -> bool:
    """What was told, or given up, alarms that are over, and recodings of stored documents."""
    told = Notice.objects.filter(created_at__lt=before).exclude(state=Notice.State.WAITING)
    over = Alarm.objects.filter(over_at__lt=before)
    recoded = RecodeJob.objects.filter(ended_at__lt=before)
    old = ((Notice, told), (Alarm, over), (RecodeJob, recoded))
    found = [(kind, list(rows.values_list("pk", flat=True)[:AT_ONCE])) for kind, rows in old]
    for kind, numbers in found:
        kind._default_manager.filter(pk__in=numbers).delete()
    return any(numbers for _kind, numbers in found)


def _newest() -> set[int]:
    """The newest run of each connector and each procedure, and the runs that are the steps of these."""
    found: set[int] = set()
    for runs_of in (*(one.runs for one in Connector.objects.all()), *(one.runs for one in Procedure.objects.all())):
        found.update(runs_of.order_by("-created_at", "-id").values_list("pk", flat=True)[:1])
    parts = RunStep.objects.filter(run__in=found, part__isnull=False).values_list("part", flat=True)
    return found.union(part for part in parts if part)


def _named(runs: set[int]) -> set[int]:
    """Those of the runs that brought something which is still there."""
    named: set[int] = set()
    for kind in (DocumentVersion, StatusVersion, SetAside):
        rows = kind._default_manager.filter(run__in=runs).order_by()
        named.update(run for run in rows.values_list("run", flat=True).distinct() if run)
    return named
