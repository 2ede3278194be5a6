"""Accounts that stay empty longer than their own history makes likely.

A well-formed empty answer is Amazon's word, and yet Amazon has answered so for days while there were
orders (reference 18, 6). What is unusual is judged by whole days of the node's zone and by weekday:
weekends without orders, and two closed days in a row, never are.
"""

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from math import prod
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from django.utils import timezone

from approdo.connectors import node_type
from approdo.exchanges.coverage import PROVEN, Interval, missing, proofs, union
from approdo.exchanges.models import SilenceExplained
from approdo.nodes.models import Node
from approdo.nodes.time_ranges import zone_of
from approdo.sales.queries import newest_order
from approdo.sdk.connector import Scan
from approdo.sdk.errors import ApprodoError, ConfigError

HISTORY = timedelta(weeks=12)
"""The weeks before the newest order that say what is usual."""

FEWEST_WEEKS, FEWEST_DAYS = 4, 5
"""Less history than this, or fewer days with orders in it, says nothing."""

UNLIKELY = 0.001
"""So unlikely must a silence be. Three working days are, where orders came on each of them for twelve weeks."""

SHORTEST = 3
"""Fewer whole days without an order are never unusual: a holiday and its bridge."""

LONGEST_WINDOW = timedelta(days=31)
"""No window is longer: how far back those begin that may reach beyond a moment."""

LONGEST_WHY = 1000


class Quiet(NamedTuple):
    """One account's silence in one program.

    No order bears a later date than `since`, though all time up to `until` was read. `days` whole days
    lie between them; in the weeks before there were never more than `longest` without an order.
    """

    program: str
    since: datetime
    until: datetime
    days: int
    longest: int
    explained: SilenceExplained | None

    @property
    def params(self) -> dict[str, Any]:
        """What its sentence needs."""
        return {"since": f"{self.since:%Y-%m-%d}", "days": self.days, "longest": self.longest}


def unusually_quiet(node: Node) -> list[Quiet]:
    """The programs in which a node's account is unusually quiet, explained or not. Cheap where it is not."""
    try:
        works = node_type(node.type).downloads
    except ApprodoError:
        return []
    programs = dict.fromkeys(program for work in works for program in work.reread)
    return [found for program in programs if (found := silence(node, program))]


def silence(node: Node, program: str) -> Quiet | None:
    """The silence of a node's account in one program; none where it is usual, short, or not proven."""
    now = timezone.now()
    zone = zone_of(node)
    since = newest_order(node.pk, program, before=now)
    if since is None or _days_between(since, now, zone) < SHORTEST:
        return None
    until = _proven_until(node, program, since, now)
    days = _days_between(since, until, zone)
    if days < SHORTEST:
        return None
    first = since.astimezone(zone).date()
    usual = set(_days_with_orders(node, program, since, zone))
    longest = _longest_pause(usual)
    silent = [first + timedelta(days=place) for place in range(1, days + 1)]
    if not _tells_enough(usual) or days <= longest or _likelihood(silent, usual) > UNLIKELY:
        return None
    explained = SilenceExplained.objects.filter(node=node, program=program, since=since).last()
    return Quiet(program, since, until, days, longest, explained)


def explain_silence(node: Node, program: str, why: str, by: str) -> Quiet:
    """Write down why an account is quiet, and return its silence.

    It holds until an order comes; the silence after that is a new one.
    Raises `ConfigError`: `not_quiet`, `missing_option` without a reason, `text_too_long`.
    """
    why = why.strip()
    found = silence(node, program)
    if found is None:
        raise ConfigError("not_quiet", node=node.name)
    if not why:
        raise ConfigError("missing_option")
    if len(why) > LONGEST_WHY:
        raise ConfigError("text_too_long", most=LONGEST_WHY)
    return found._replace(
        explained=SilenceExplained.objects.create(
            node=node, program=program, since=found.since, why=why, by=by, at=timezone.now()
        )
    )


def _days_between(start: datetime, end: datetime, zone: ZoneInfo) -> int:
    """The whole days of `zone` between two moments."""
    return (end.astimezone(zone).date() - start.astimezone(zone).date()).days - 1


def _proven_until(node: Node, program: str, since: datetime, now: datetime) -> datetime:
    """Up to which moment Amazon was asked without a gap. Orders that were left out are no silence."""
    windows = list(
        proofs(node)
        .annotate(proven=PROVEN)
        .filter(program=program, scan=Scan.CREATED, complete=True)
        .filter(start__gte=since - LONGEST_WINDOW, proven__gt=since)
        .values_list("start", "proven", "left_out")
    )
    if any(left_out for _start, _proven, left_out in windows):
        return since
    gaps = missing(union(Interval(start, proven) for start, proven, _left_out in windows), since, now)
    return gaps[0].start if gaps else now


def _days_with_orders(node: Node, program: str, since: datetime, zone: ZoneInfo) -> Iterator[date]:
    """The days that had an order, newest first: one look-up each, however many orders there are."""
    moment: datetime | None = since
    while moment and moment >= since - HISTORY:
        day = moment.astimezone(zone).date()
        yield day
        midnight = datetime.combine(day, time.min, zone).astimezone(UTC)
        moment = newest_order(node.pk, program, before=midnight - timedelta(microseconds=1))


def _tells_enough(usual: set[date]) -> bool:
    return len(usual) >= FEWEST_DAYS and max(usual) - min(usual) >= timedelta(weeks=FEWEST_WEEKS)


def _longest_pause(usual: set[date]) -> int:
    days = sorted(usual)
    return max(((later - day).days - 1 for day, later in pairwise(days)), default=0)


def _likelihood(silent: list[date], usual: set[date]) -> float:
    """How likely no order on any of these days is, if they are like the same weekdays before."""
    length = (max(usual) - min(usual)).days + 1
    known = [min(usual) + timedelta(days=place) for place in range(length)]
    quiet = {}
    for weekday in range(7):
        same = [day for day in known if day.weekday() == weekday]
        # Half a day each way: twelve Mondays with orders do not make the next one certain.
        quiet[weekday] = (len([day for day in same if day not in usual]) + 0.5) / (len(same) + 1)
    return prod(quiet[day.weekday()] for day in silent)
