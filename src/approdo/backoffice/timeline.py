"""The picture of what ran when: a row for each procedure and connector, a bar for each run or few of them."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from django.db.models import Q
from django.urls import reverse
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from approdo.backoffice import formats
from approdo.backoffice.days import shared_zone
from approdo.backoffice.run_words import in_words
from approdo.processes.models import Connector, Procedure, Run

SPANS = {6: 1, 24: 3, 168: 24}
"""How many hours can be looked at, and after how many there is a mark."""

USUAL = 24

MOST_RUNS = 20_000
PAGE = 60
"""So many rows are drawn at once."""

EDGE = 5.0
"""So close to an end, in percent, half of a label does not fit."""

BARS = 200
"""Runs that begin, or follow each other, within this part of the picture may share a bar."""

LONG_BEFORE = timedelta(days=2)
"""A run that began longer before the picture does is not looked for, unless it still goes on."""

State = Run.State

WORST = (*Run.LIVE, State.FAILED, State.PARTIAL, State.CANCELLED, State.SUCCEEDED)
"""Which state a bar of several runs shows; what has not ended is always alone."""


class Done(NamedTuple):
    """A run as the picture needs it: `start` is the moment of the wish while it waits."""

    pk: int
    key: tuple[bool, str]
    state: str
    start: datetime
    end: datetime
    live: bool


class Lane(NamedTuple):
    """What a row is drawn from: whose it is, its number where it is still there, and its runs."""

    key: tuple[bool, str]
    number: int | None
    runs: list[Done]


class Bar(NamedTuple):
    """One or more runs: where, in percent, how they ended, and what is said of them."""

    left: str
    width: str
    state: str
    text: str
    address: str
    at_end: bool


class Row(NamedTuple):
    """All bars of one procedure or connector."""

    name: str
    is_procedure: bool
    address: str
    bars: list[Bar]


class Mark(NamedTuple):
    """A moment on the axis. `edge` says at which end its label would be cut off if it stood in the middle."""

    left: str
    label: str
    day: str
    edge: str


class View(NamedTuple):
    """The stretch of time that is looked at, and in which zone."""

    start: datetime
    end: datetime
    zone: ZoneInfo

    def percent(self, moment: datetime) -> float:
        """Where a moment lies, cut at both ends."""
        within = (moment - self.start) / (self.end - self.start)
        return 100 * min(max(within, 0.0), 1.0)


def picture(wanted: Mapping[str, str]) -> dict[str, Any]:
    """What the template shows: `hours` and `until` among `wanted` choose the time, `page` the rows.

    The last 24 hours and the first rows for want of them.
    """
    now = timezone.now()
    hours = int(wanted.get("hours", "")) if wanted.get("hours", "") in map(str, SPANS) else USUAL
    until = _moment(wanted.get("until", ""), now)
    view = View((until or now) - timedelta(hours=hours), until or now, shared_zone())
    found, cut = _runs(view, now)
    lanes = _lanes(found)
    last = max((len(lanes) - 1) // PAGE + 1, 1)
    given = wanted.get("page", "")
    page = min(max(int(given), 1), last) if given.isdecimal() and len(given) < 10 else 1
    first = (page - 1) * PAGE
    rows = [_row(lane, view) for lane in lanes[first : first + PAGE]]
    return {
        "hours": hours,
        "spans": [(one, _length(one), _address(one, until, page)) for one in SPANS],
        "back": _address(hours, view.start, page),
        "forth": _address(hours, until + timedelta(hours=hours), page) if until else "",
        "now": _address(hours, None, page),
        "address": _address(hours, until, page),
        "moving": until is None,
        "start": formats.moment(view.start, view.zone),
        "end": formats.moment(view.end, view.zone),
        "zone": view.zone.key,
        "marks": list(_marks(view, SPANS[hours])),
        "rows": rows,
        "first": first + 1,
        "last": first + len(rows),
        "total": len(lanes),
        "previous": _address(hours, until, page - 1) if page > 1 else "",
        "next": _address(hours, until, page + 1) if page < last else "",
        "cut": MOST_RUNS if cut else 0,
        "states": [(value, label) for value, label in State.choices if value != State.QUEUED],
        "empty": not found,
    }


def _moment(text: str, now: datetime) -> datetime | None:
    """A moment that has passed; none means now."""
    try:
        moment = parse_datetime(text)
    except ValueError:
        return None
    if moment is None or timezone.is_naive(moment) or moment >= now or moment.year < 2000:
        return None
    return moment


def _address(hours: int, until: datetime | None, page: int) -> str:
    given = {"hours": hours} | ({"until": until.isoformat(timespec="seconds")} if until else {})
    given |= {"page": page} if page > 1 else {}
    return f"{reverse('admin:processes_run_timeline')}?{urlencode(given)}"


def _length(hours: int) -> str:
    if hours > 24:
        return ngettext("%(count)s day", "%(count)s days", hours // 24) % {"count": hours // 24}
    return ngettext("%(count)s hour", "%(count)s hours", hours) % {"count": hours}


def _runs(view: View, now: datetime) -> tuple[list[Done], bool]:
    """The runs of these hours, oldest first, and whether there are more than the picture takes."""
    fields = ("pk", "connector_name", "procedure_name", "state", "created_at", "started_at", "ended_at")
    asked = Q(created_at__gte=view.start - LONG_BEFORE, created_at__lt=view.end)
    ended = Run.objects.filter(asked, ended_at__gt=view.start).exclude(state__in=Run.LIVE)
    found = list(ended.order_by("-created_at", "-id").values_list(*fields)[: MOST_RUNS + 1])
    live = Run.objects.filter(state__in=Run.LIVE, created_at__lt=view.end).values_list(*fields)
    done = [_done(values, now) for values in [*found[:MOST_RUNS], *live]]
    return sorted((one for one in done if one.start < view.end), key=lambda one: one.start), len(found) > MOST_RUNS


def _done(values: Sequence[Any], now: datetime) -> Done:
    pk, connector, procedure, state, created, started, ended = values
    start = started or created
    live = state in Run.LIVE
    return Done(pk, (not procedure, procedure or connector), state, start, max(start, ended or now), live)


def _lanes(found: Iterable[Done]) -> list[Lane]:
    """Procedures first, then connectors; also those that did not run, unless they are switched off."""
    by_key: dict[tuple[bool, str], list[Done]] = defaultdict(list)
    for one in found:
        by_key[one.key].append(one)
    procedures = Procedure.objects.values_list("name", "pk", "paused")
    connectors = Connector.objects.values_list("name", "pk", "active")
    known = {(False, name): pk for name, pk, _ in procedures} | {(True, name): pk for name, pk, _ in connectors}
    idle = {(False, name) for name, _, paused in procedures if not paused}
    idle |= {(True, name) for name, _, active in connectors if active}
    keys = sorted(by_key.keys() | idle, key=lambda key: (key[0], key[1].casefold()))
    return [Lane(key, known.get(key), by_key.get(key, [])) for key in keys]


def _row(lane: Lane, view: View) -> Row:
    alone, name = lane.key
    kind = "connector" if alone else "procedure"
    query = f"{kind}={lane.number}" if lane.number else f"kind={kind}"
    address = f"{reverse('admin:processes_run_changelist')}?{query}"
    return Row(name, not alone, address, _bars(lane.runs, view, address))


def _bars(found: Iterable[Done], view: View, address: str) -> list[Bar]:
    """A bar for each run; what would lie within a few pixels shares one, so that there are never too many."""
    step = (view.end - view.start) / BARS
    groups: list[list[Done]] = []
    state, until = "", view.start
    for one in found:
        last = groups[-1] if groups else []
        near = one.start - last[0].start < step if last else False
        if last and not one.live and not last[-1].live and (near or (one.state == state and one.start - until <= step)):
            last.append(one)
            state, until = _worst({state, one.state}), max(until, one.end)
        else:
            groups.append([one])
            state, until = one.state, one.end
    return [_bar(group, view, address) for group in groups]


def _worst(states: Collection[str]) -> str:
    return min(states, key=WORST.index)


def _bar(group: list[Done], view: View, address: str) -> Bar:
    start, end = group[0].start, max(one.end for one in group)
    state = _worst({one.state for one in group})
    left = view.percent(start)
    if len(group) == 1:
        address = reverse("admin:processes_run_change", args=[group[0].pk])
    else:
        days = [f"{timezone.localdate(moment, view.zone):%Y-%m-%d}" for moment in (start, group[-1].start)]
        address = f"{address}&{urlencode({'requested_from': days[0], 'requested_to': days[1]})}"
    width = max(view.percent(end) - left, 0.0)
    return Bar(f"{left:.3f}", f"{width:.3f}", state, _text(group, state, view), address, left > 60)


def _text(group: list[Done], state: str, view: View) -> str:
    start, end = group[0].start, max(one.end for one in group)
    said = str(State(state).label)
    times = f"{_time(start, view)} – {_time(end, view)}"
    if len(group) == 1:
        ends = _time(start, view) if group[0].live else times
        return f"#{group[0].pk} · {said} · {ends} · {in_words(end - start)}"
    count = {"count": formats.number(len(group))}
    failed = sum(one.state != State.SUCCEEDED for one in group)
    text = ngettext("%(count)s run", "%(count)s runs", len(group)) % count
    if 0 < failed < len(group):
        said = _("%(count)s did not succeed") % {"count": formats.number(failed)}
    return f"{text} · {said} · {times}"


def _time(moment: datetime, view: View) -> str:
    local = timezone.localtime(moment, view.zone)
    day = f"{date_format(local, 'D j')} " if view.end - view.start > timedelta(days=1) else ""
    return f"{day}{local:%H:%M:%S}"


def _marks(view: View, every: int) -> Iterable[Mark]:
    """Full hours of the zone, every so many; midnight also says the day."""
    quarter = timedelta(minutes=15)
    local = timezone.localtime(view.start, view.zone)
    moment = view.start + timedelta(minutes=-(local.minute % 15), seconds=-local.second)
    while moment < view.end:
        local = timezone.localtime(moment, view.zone)
        if moment >= view.start and local.minute == 0 and local.hour % every == 0:
            day = date_format(local, "D j") if local.hour == 0 else ""
            at = view.percent(moment)
            edge = "start" if at < EDGE else "end" if at > 100 - EDGE else ""
            yield Mark(f"{at:.3f}", "" if every == 24 else f"{local:%H:%M}", day, edge)
        moment += quarter
