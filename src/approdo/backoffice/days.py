"""Days of documents: a day is the one that the list shows, in the zone of the document's own node."""

from collections import defaultdict
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from django.db.models import Q
from django.utils import timezone

from approdo.nodes.models import Node
from approdo.nodes.time_ranges import zone_of

ALWAYS = Q()


def on_days(first: date | None, last: date | None) -> Q:
    """Documents dated from one day to another, both included, each by its own node's calendar."""
    if first is None and last is None:
        return ALWAYS
    nodes = _nodes_by_zone()
    spans = {zone: _span(first, last, zone) for zone in nodes} or {_ours(): _span(first, last, _ours())}
    starts = [start for start, _ in spans.values() if start]
    ends = [end for _, end in spans.values() if end]
    # One range over all zones, which an index serves; within it each zone's own.
    outer = _within(min(starts, default=None), max(ends, default=None))
    if len(spans) == 1:
        return outer
    each = Q()
    for zone, (start, end) in spans.items():
        each |= Q(node__in=nodes[zone]) & _within(start, end)
    return outer & each


def today() -> date:
    """Where it is latest among the nodes' zones, so that nothing of today is left out."""
    zones = list(_nodes_by_zone()) or [_ours()]
    return max(timezone.localdate(timezone=zone) for zone in zones)


def shared_zone() -> ZoneInfo:
    """The zone of pages about several nodes: theirs where they all have the same, else the installation's."""
    zones = list(_nodes_by_zone())
    return zones[0] if len(zones) == 1 else _ours()


def requested_on(first: date | None, last: date | None) -> Q:
    """Runs that were asked for from one day to another, both included, by the calendar of `shared_zone`."""
    start, end = _span(first, last, shared_zone())
    return (Q(created_at__gte=start) if start else Q()) & (Q(created_at__lt=end) if end else Q())


def _nodes_by_zone() -> dict[ZoneInfo, list[int]]:
    found: dict[ZoneInfo, list[int]] = defaultdict(list)
    for node in Node.objects.defer("secrets"):
        found[zone_of(node)].append(node.pk)
    return found


def _span(first: date | None, last: date | None, zone: ZoneInfo) -> tuple[datetime | None, datetime | None]:
    return _midnight(first, zone), _midnight(last and last + timedelta(days=1), zone)


def _midnight(day: date | None, zone: ZoneInfo) -> datetime | None:
    return datetime.combine(day, time.min, zone) if day else None


def _within(start: datetime | None, end: datetime | None) -> Q:
    return (Q(date__gte=start) if start else Q()) & (Q(date__lt=end) if end else Q())


def _ours() -> ZoneInfo:
    return ZoneInfo(timezone.get_default_timezone_name())
