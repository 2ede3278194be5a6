"""News of orders: which ones a run or some days brought, changed or cancelled. Names no consumer."""

from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db.models import Exists, Min, OuterRef, QuerySet

from approdo.processes.models import Run
from approdo.sales.fields import plain
from approdo.sales.models import SaleDocument, SaleLine

MOST_LISTED = 50
HOUR = 7
"""From this hour of the installation's zone on, the news of the day before are told."""

NEW, CHANGED, CANCELLED = "new", "changed", "cancelled"


def last_day(now: datetime) -> date:
    """The newest day whose news can be told by now."""
    local = now.astimezone(_zone())
    return local.date() - timedelta(days=1 if local.hour >= HOUR else 2)


def any_on(first: date, last: date) -> bool:
    """Whether these days brought anything."""
    return _on(first, last).exists()


def of_run(run: Run) -> dict[str, Any]:
    """What a connector's run brought."""
    # No earlier version bears its number: a database that was put back from a copy gives numbers again.
    rows = SaleDocument.objects.filter(updated_at__gte=run.created_at).filter(
        versions__run=run.pk, versions__received_at__gte=run.created_at
    )
    return {"run": run.pk, "connector": run.connector_name, **_data(rows)}


def of_days(first: date, last: date) -> dict[str, Any]:
    """What came in from one day to another, both included."""
    return {"from": first.isoformat(), "to": last.isoformat(), **_data(_on(first, last))}


def _on(first: date, last: date) -> QuerySet[SaleDocument]:
    start = datetime.combine(first, time.min, _zone())
    end = datetime.combine(last + timedelta(days=1), time.min, _zone())
    # What has changed since then has a later date: no order of these days is missed by it.
    return SaleDocument.objects.filter(type=SaleDocument.Type.ORDER, updated_at__gte=start).filter(
        versions__received_at__gte=start, versions__received_at__lt=end
    )


def _zone() -> ZoneInfo:
    return ZoneInfo(settings.TIME_ZONE)


def _data(rows: QuerySet[SaleDocument]) -> dict[str, Any]:
    left = SaleLine.objects.filter(document=OuterRef("pk"), cancelled=False, vanished=False)
    found = rows.order_by().annotate(first=Min("versions__number"), alive=Exists(left))
    counts = dict.fromkeys((NEW, CHANGED, CANCELLED), 0)
    for first, state, alive in found.values_list("first", "state", "alive").iterator():
        counts[_what(first, state, alive)] += 1
    return {
        "counts": counts,
        "orders": [_order(row) for row in found.select_related("node").order_by("-date", "-pk")[:MOST_LISTED]],
    }


def _what(first_version: int, state: str, alive: bool) -> str:
    if state == "cancelled" or not alive:
        return CANCELLED
    return NEW if first_version == 1 else CHANGED


def _order(row: Any) -> dict[str, Any]:
    return {
        "id": row.pk,
        "number": row.number,
        "what": _what(row.first, row.state, row.alive),
        "node": row.node.name,
        "vendor_code": row.vendor_code,
        "state": row.state,
        "total": None if row.total is None else plain(row.total),
        "currency": row.currency,
    }
