"""What a run's page says: progress, counts, errors, warnings, windows, requests."""

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from django.db.models import Count
from django.utils.functional import Promise
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy, pgettext_lazy

from approdo.backoffice import formats
from approdo.backoffice.run_steps import steps_of
from approdo.backoffice.run_words import asked_by, duration
from approdo.exchanges import pushing
from approdo.exchanges.intake import STATUSES_COUNTED
from approdo.exchanges.models import NumberRead, RunNote, WindowRead
from approdo.nodes.sentences import Explanation, explain
from approdo.nodes.time_ranges import zone_of
from approdo.processes import presence, run_data, runs
from approdo.processes.models import Run
from approdo.sales.models import SaleDocument

MOST_WINDOWS = 200
MOST_EXAMPLES = 5
MOST_RELATED = 20

COUNTS: dict[str, tuple[str | Promise, str]] = {
    "read": (gettext_lazy("Read"), ""),
    "created": (pgettext_lazy("documents", "New"), "success"),
    "updated": (pgettext_lazy("documents", "Changed"), "info"),
    "unchanged": (pgettext_lazy("documents", "Unchanged"), ""),
    "left_out": (pgettext_lazy("documents", "Left out"), ""),
    "failed": (pgettext_lazy("documents", "Set aside"), "danger"),
    "requests": (gettext_lazy("Requests"), ""),
}
EXPORT_COUNTS = {
    "handed_over": (gettext_lazy("Handed over"), "success"),
    "refused": (gettext_lazy("Refused"), "danger"),
    "waiting": (gettext_lazy("Waiting"), "info"),
}
LABELS: dict[str, tuple[str | Promise, str]] = {**COUNTS, **EXPORT_COUNTS}


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
    """In which zone a run's moments are shown: its node's or its procedure's, else the installation's."""
    if run.connector:
        return zone_of(run.connector.node)
    return run.procedure.zone() if run.procedure else None


def progress(run: Run) -> dict[str, Any]:
    """What changes while the run works."""
    run_data.add_up(run)
    counts, there = run.counts, zone(run)
    return {
        "state": formats.run_state(run),
        "requested": formats.moment(run.created_at, there, seconds=True),
        "due": formats.moment(run.due_at, there) if run.due_at else "",
        "started": formats.moment(run.started_at, there, seconds=True),
        "ended": formats.moment(run.ended_at, there, seconds=True),
        "duration": duration(run),
        "asked_by": asked_by(run),
        "taken_over": _said(run, code=runs.TAKEN_OVER),
        "tiles": _tiles(counts, COUNTS) if run.is_procedure or not run_data.exported(run) else [],
        "places": pushing.places(run.pk, MOST_RELATED + 1) if run_data.exported(run) else [],
        "export_tiles": _export_tiles(run),
        "status_tiles": _tiles(counts["statuses"], STATUSES_COUNTED) if "statuses" in counts else [],
        "parts_of": Run.objects.filter(steps__part=run.pk).order_by("pk")[:MOST_RELATED],
        "retries": Run.objects.filter(retry_of=run.pk).order_by("pk")[:MOST_RELATED],
        "retriable": retriable(run),
        "no_worker": run.state == Run.State.QUEUED and presence.workers_alive() == 0,
        **(steps_of(run) if run.is_procedure else _reading(run, there)),
    }


def _reading(run: Run, there: ZoneInfo | None) -> dict[str, Any]:
    """How far a connector's run has read."""
    windows = list(WindowRead.objects.filter(run=run.pk)[: MOST_WINDOWS + 1])
    return {
        "percent": round(100 * run.windows_done / run.windows) if run.windows else 0,
        "windows": [_row(window, there) for window in windows[:MOST_WINDOWS]],
        "more_windows": len(windows) > MOST_WINDOWS,
        "proof": _proof(run),
        "orders": _orders(run),
        "more_orders": len(run.orders) > MOST_WINDOWS,
    }


def _tiles(counts: Mapping[str, int], names: Iterable[str]) -> list[Tile]:
    shown = ((LABELS[name], counts.get(name, 0)) for name in names)
    return [Tile(str(label), formats.number(count), look if count else "") for (label, look), count in shown]


def _export_tiles(run: Run) -> list[Tile]:
    counted = run_data.exported(run) or {}
    known = {name: count for name, count in counted.items() if count is not None}
    return _tiles(known, known)


def whole(run: Run) -> dict[str, Any]:
    """All that the page shows, but for its requests."""
    return {
        **progress(run),
        "errors": run_data.errors(run),
        "warnings": _warnings(run),
    }


def retriable(run: Run) -> bool:
    """Whether it makes sense to offer a retry: the run ended, did not succeed, and what it ran is still there."""
    there = run.procedure if run.is_procedure else run.connector and run.connector.active
    return bool(there) and not run.live and run.state != Run.State.SUCCEEDED


def _proof(run: Run) -> list[tuple[str, SafeString, SafeString]]:
    """The time that a run without anything new proves to hold nothing new."""
    return [
        (formats.scan_label(scan), formats.moment(one.start), formats.moment(one.end))
        for scan, parts in run_data.proof(run).items()
        for one in parts
    ]


def _orders(run: Run) -> list[OrderRow]:
    if not run.orders:
        return []
    wanted = list(NumberRead.objects.filter(run=run.pk)[:MOST_WINDOWS])
    numbers = [one.number for one in wanted if one.result and not one.code]
    nodes = {one.node_id for one in wanted}
    orders = SaleDocument.objects.filter(type=SaleDocument.Type.ORDER, node_id__in=nodes, number__in=numbers)
    documents = dict(orders.values_list("number", "pk"))
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
    """Grouped by cause, because one cause can come with thousands of orders."""
    notes = RunNote.objects.filter(run=run.pk).exclude(code=runs.TAKEN_OVER)
    groups = []
    for code, times in notes.order_by("code").values_list("code").annotate(Count("pk")):
        said = [explain(note.code, note.params) for note in notes.filter(code=code)[:MOST_EXAMPLES]]
        groups.append(Warnings(times, [one.message for one in said], said[0].hint))
    return sorted(groups, key=lambda group: -group.times)


def _said(run: Run, code: str) -> list[Explanation]:
    """The sentences of one kind of note, the newest last."""
    return [explain(note.code, note.params) for note in RunNote.objects.filter(run=run.pk, code=code)[:MOST_EXAMPLES]]
