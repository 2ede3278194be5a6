"""What a run's page says: progress, counts, errors, warnings, windows, requests."""

from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import timedelta
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from django.utils import timezone
from django.utils.formats import number_format
from django.utils.functional import Promise
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from approdo.backoffice import formats
from approdo.exchanges.intake import STATUSES_COUNTED
from approdo.exchanges.models import NumberRead, RequestLogged, RunNote, WindowRead
from approdo.nodes.sentences import Explanation, explain
from approdo.nodes.time_ranges import zone_of
from approdo.processes import presence, runs
from approdo.processes.models import Run
from approdo.sales.models import SaleDocument

MOST_WINDOWS = 200
MOST_REQUESTS = 100
MOST_NOTES = 5000
MOST_EXAMPLES = 5

COUNTS: dict[str, tuple[str | Promise, str]] = {
    "read": (gettext_lazy("Read"), ""),
    "created": (pgettext_lazy("documents", "New"), "success"),
    "updated": (pgettext_lazy("documents", "Changed"), "info"),
    "unchanged": (pgettext_lazy("documents", "Unchanged"), ""),
    "left_out": (pgettext_lazy("documents", "Left out"), ""),
    "failed": (pgettext_lazy("documents", "Set aside"), "danger"),
    "requests": (gettext_lazy("Requests"), ""),
}


class Tile(NamedTuple):
    """One count: its label, how much, its colour when it is not zero."""

    label: str
    value: str
    look: str


class Warnings(NamedTuple):
    """Notes of one cause: how many, and some of their sentences."""

    times: int
    examples: list[str]
    hint: str


class OrderRow(NamedTuple):
    """One order that was to be fetched by its number; `document` is the number of its page."""

    number: str
    result: SafeString
    reason: Explanation | None
    document: int | None


class WindowRow(NamedTuple):
    """One window as its table shows it."""

    window: WindowRead
    scan: str
    start: SafeString
    end: SafeString


def zone(run: Run) -> ZoneInfo | None:
    """In which zone a run's moments are shown: its node's, or for want of a connector the installation's."""
    return zone_of(run.connector.node) if run.connector else None


def progress(run: Run) -> dict[str, Any]:
    """What changes while the run works."""
    counts, there = run.counts, zone(run)
    windows = list(WindowRead.objects.filter(run=run.pk)[: MOST_WINDOWS + 1])
    return {
        "state": formats.run_state(run),
        "requested": formats.moment(run.created_at, there, seconds=True),
        "started": formats.moment(run.started_at, there, seconds=True),
        "ended": formats.moment(run.ended_at, there, seconds=True),
        "duration": duration(run),
        "taken_over": _said(run, code=runs.TAKEN_OVER),
        "percent": round(100 * run.windows_done / run.windows) if run.windows else 0,
        "tiles": _tiles(counts, COUNTS),
        "status_tiles": _tiles(counts["statuses"], STATUSES_COUNTED) if "statuses" in counts else [],
        "windows": [_row(window, there) for window in windows[:MOST_WINDOWS]],
        "more_windows": len(windows) > MOST_WINDOWS,
        "proof": _proof(run),
        "orders": _orders(run),
        "more_orders": len(run.orders) > MOST_WINDOWS,
        "no_worker": run.state == Run.State.QUEUED and presence.workers_alive() == 0,
    }


def _tiles(counts: Mapping[str, int], names: Iterable[str]) -> list[Tile]:
    shown = ((COUNTS[name], counts.get(name, 0)) for name in names)
    return [Tile(str(label), formats.number(count), look if count else "") for (label, look), count in shown]


def whole(run: Run) -> dict[str, Any]:
    """All that the page shows."""
    requests = runs.requests(run, MOST_REQUESTS)
    return {
        **progress(run),
        "errors": runs.errors(run),
        "warnings": _warnings(run),
        "requests": [(made, formats.moment(made.at, zone(run), seconds=True), _error(made)) for made in requests],
        "more_requests": (run.counts.get("requests") or 0) > len(requests),
    }


def duration(run: Run) -> str:
    """How long the run took, or has taken so far; empty before it began."""
    if run.started_at is None:
        return ""
    length = (run.ended_at or timezone.now()) - run.started_at
    return in_words(max(length, timedelta(0)))


def in_words(length: timedelta) -> str:
    """“1.4 s”, “2 min 5 s” or “1 h 3 min”."""
    seconds = length.total_seconds()
    if seconds < 60:
        return f"{number_format(seconds, 1)} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes} min {rest} s"
    return f"{minutes // 60} h {minutes % 60} min"


def summary(run: Run) -> str:
    """The result in a few words, for lists."""
    if run.error_code:
        return explain(run.error_code, run.error_params).message
    counts = run.counts
    if run.state == Run.State.SUCCEEDED and not counts.get("read"):
        return _("No orders")
    named = [
        (counts.get("created"), _("%(count)s new")),
        (counts.get("updated"), _("%(count)s changed")),
        (counts.get("unchanged"), _("%(count)s unchanged")),
        (counts.get("left_out"), _("%(count)s left out")),
        (counts.get("failed"), _("%(count)s set aside")),
        (counts.get("statuses", {}).get("failed"), _("status: %(count)s set aside")),
    ]
    return " · ".join(text % {"count": formats.number(count)} for count, text in named if count) or "–"


def _proof(run: Run) -> list[tuple[str, SafeString, SafeString]]:
    """The time that a run without anything new proves to hold nothing new."""
    return [
        (formats.scan_label(scan), formats.moment(one.start), formats.moment(one.end))
        for scan, parts in runs.proof(run).items()
        for one in parts
    ]


def _orders(run: Run) -> list[OrderRow]:
    if not run.orders:
        return []
    wanted = list(NumberRead.objects.filter(run=run.pk)[:MOST_WINDOWS])
    numbers = [one.number for one in wanted if one.result and not one.code]
    nodes = {one.node_id for one in wanted}
    found = SaleDocument.objects.filter(node_id__in=nodes, number__in=numbers).values_list("number", "pk")
    documents = dict(found)
    looks = {"created": "success", "updated": "info", "failed": "danger", "missed": "danger"}
    return [
        OrderRow(
            one.number,
            formats.badge(one.get_result_display(), looks.get(one.result, "")),
            explain(one.code, one.params) if one.code else None,
            documents.get(one.number),
        )
        for one in wanted
    ]


def _row(window: WindowRead, there: ZoneInfo | None) -> WindowRow:
    start, end = formats.moment(window.start, there), formats.moment(window.end, there)
    return WindowRow(window, formats.scan_label(window.scan), start, end)


def _warnings(run: Run) -> list[Warnings]:
    """Grouped by cause, because one cause can come with a thousand orders."""
    by_code: dict[str, list[RunNote]] = {}
    counted: Counter[str] = Counter()
    for note in RunNote.objects.filter(run=run.pk).exclude(code=runs.TAKEN_OVER)[:MOST_NOTES]:
        counted[note.code] += 1
        examples = by_code.setdefault(note.code, [])
        if len(examples) < MOST_EXAMPLES:
            examples.append(note)
    groups = []
    for code, notes in by_code.items():
        said = [explain(note.code, note.params) for note in notes]
        groups.append(Warnings(counted[code], [one.message for one in said], said[0].hint))
    return groups


def _said(run: Run, code: str) -> list[Explanation]:
    """The sentences of one kind of note, the newest last."""
    return [explain(note.code, note.params) for note in RunNote.objects.filter(run=run.pk, code=code)[:MOST_EXAMPLES]]


def _error(made: RequestLogged) -> str:
    if not made.error:
        return ""
    known = {"operation": made.operation, "status": made.status, "request_id": made.request_id}
    message = explain(made.error, known).message
    # Only code and status of a request are kept: a sentence that needs more is not worth showing.
    return made.error if "?" in message else message
