"""Days for formats that have dates without a time.

Amazon writes its windows as moments: midnights of the place they are for, in UTC. Cut in UTC, half of the world
gets the wrong day; so each document's days are cut where its goods go.
"""

from datetime import datetime
from zoneinfo import ZoneInfo

from approdo.exchanges.formats.outgoing import Document, Options
from approdo.sdk.errors import ConfigError


def zone_of(document: Document, options: Options) -> ZoneInfo:
    """In which zone the document's days are cut: that of its place, else of its node.

    Raises `ConfigError("no_zone_for_days")` where there is none of that name: a guess would shift days unseen.
    """
    place = document.get("ship_to_place") or {}
    nodes = options.get("time_zones") or {}
    name = place.get("time_zone") or nodes.get(document.get("node")) or options.get("time_zone") or "UTC"
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        number, code = document.get("number"), place.get("code")
        raise ConfigError("no_zone_for_days", zone=name, number=number, place=code or "") from None


def day(moment: str | None, zone: ZoneInfo) -> str | None:
    """The calendar's day on which a moment falls there, or null for null."""
    return None if moment is None else datetime.fromisoformat(moment).astimezone(zone).date().isoformat()
