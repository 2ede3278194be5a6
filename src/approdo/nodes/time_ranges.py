"""From a time range to the spans of time that have to be read."""

import re
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

from django.conf import settings

from approdo.connectors import node_type
from approdo.nodes.models import Node, TimeRange
from approdo.sdk.connector import Span
from approdo.sdk.errors import ConfigError

MINUTES = {"minute": 1, "hour": 60, "day": 1440}


def zone_of(node: Node) -> ZoneInfo:
    """The zone in which a node's dates are meant: its own, its marketplace's, the installation's.

    A node whose type is gone has the installation's: it can still be looked at.
    """
    try:
        own = node_type(node.type).time_zone(node.options)
    except ConfigError:
        own = None
    return ZoneInfo(own or settings.TIME_ZONE)


def spans(time_range: TimeRange, now: datetime, zone: ZoneInfo) -> list[Span]:
    """What has to be read at `now` (aware), as UTC spans.

    A relative range counts elapsed time, so that a change of the clocks neither shortens nor
    stretches it; fixed dates are whole days of `zone`. Nothing later than now less the delay.
    """
    latest = now.astimezone(UTC) - timedelta(minutes=time_range.delay)
    if time_range.last is not None:
        start = latest - timedelta(**{time_range.unit: time_range.last})
        end = latest
    elif time_range.start and time_range.end:
        start = datetime.combine(time_range.start, time.min, zone)
        end = min(datetime.combine(time_range.end + timedelta(days=1), time.min, zone), latest)
    else:
        raise ConfigError("time_range_both")
    if start >= end:
        raise ConfigError("empty_time_range")
    return [Span(scan, start.astimezone(UTC), end.astimezone(UTC)) for scan in time_range.scans]


def minutes(text: str) -> int:
    """“7 days”, “48 hours” or “5 minutes” in minutes. Raises `ConfigError` for anything else."""
    found = re.fullmatch(r"(\d{1,6})\s*(minute|hour|day)s?", str(text).strip().lower())
    if not found:
        raise ConfigError("not_a_duration", value=str(text))
    return int(found[1]) * MINUTES[found[2]]
