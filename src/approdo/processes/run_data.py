"""What a run shows of itself, in the reader's language: to the screens, the REST API and the command."""

from typing import Any

from approdo.exchanges.coverage import Interval, union
from approdo.exchanges.intake import COUNTED, STATUSES_COUNTED
from approdo.exchanges.models import NumberRead, RequestLogged, RunNote, WindowRead
from approdo.exchanges.pushing import COUNTED as COUNTED_OUT
from approdo.nodes.sentences import explain
from approdo.processes.models import Run, RunStep
from approdo.processes.runs import totals
from approdo.sdk.connector import STATUS_SCANS


def errors(run: Run) -> list[dict[str, str]]:
    """Why the run did not succeed, in the reader's language: code, message, hint. Empty where it did.

    For a procedure's run first which connectors did not succeed, then why each of them did not.
    """
    if not run.error_code:
        return []
    explanation = explain(run.error_code, run.error_params)
    own = {"code": run.error_code, "message": explanation.message, "hint": explanation.hint}
    if not run.is_procedure:
        return [own]
    return [own, *(_of(part, error) for part in parts(run) for error in errors(part))]


def _of(part: Run, error: dict[str, str]) -> dict[str, str]:
    return {**error, "message": f"{part.name}: {error['message']}"}


def parts(run: Run) -> list[Run]:
    """The connectors' runs that a run is made of; a connector's is made of itself."""
    if not run.is_procedure:
        return [run]
    return [step.part for step in run.steps.select_related("part") if step.part]


def warnings(run: Run, most: int = 200) -> list[dict[str, str]]:
    """What a person should know about what was read, in the reader's language."""
    found = []
    for note in RunNote.objects.filter(run=run.pk)[:most]:
        explanation = explain(note.code, note.params)
        found.append({"code": note.code, "message": explanation.message, "hint": explanation.hint})
    return found


def requests(run: Run, most: int = 200) -> list[RequestLogged]:
    """The newest requests made for the run."""
    return list(RequestLogged.objects.filter(run=run.pk).order_by("-id")[:most])


def as_data(run: Run) -> dict[str, Any]:
    """The run as the REST API and the command show it, in the reader's language. Moments stay moments."""
    add_up(run)
    return {
        "id": run.pk,
        "connector": run.connector_name or None,
        "procedure": run.procedure_name or None,
        "state": run.state,
        "requested_by": run.requested_by,
        "due_at": run.due_at,
        "retry_of": run.retry_of_id,
        "worker": run.worker,
        "created_at": run.created_at,
        "started_at": run.started_at,
        "ended_at": run.ended_at,
        "counts": {name: run.counts.get(name, 0) for name in ("requests", *COUNTED)},
        "statuses": statuses(run),
        "exported": exported(run),
        "windows": {"done": run.windows_done, "total": run.windows},
        "errors": errors(run),
    }


def add_up(run: Run) -> None:
    """Fill the counts of a procedure's run that still goes on with those of its parts. The row is not touched."""
    if run.is_procedure and run.live:
        vars(run).update(totals(step.part for step in run.steps.select_related("part")))


def statuses(run: Run) -> dict[str, int]:
    """What became of the order statuses that the run read: never mixed with the counts of documents."""
    counted = run.counts.get("statuses", {})
    return {name: counted.get(name, 0) for name in STATUSES_COUNTED}


def exported(run: Run) -> dict[str, int | None] | None:
    """What became of the documents that were to be handed over; none where that was not the run's work.

    How many still wait is none where nobody counted them: the run ended before.
    """
    if not run.counts.keys() & set(COUNTED_OUT):
        return None
    return {name: run.counts.get(name, None if name == "waiting" else 0) for name in COUNTED_OUT}


def with_details(run: Run) -> dict[str, Any]:
    """The same with its warnings, the windows it reads, and the newest requests it made."""
    windows = WindowRead.objects.filter(run=run.pk).order_by("position")
    made = ("at", "operation", "status", "request_id", "milliseconds", "attempt", "error")
    return {
        **as_data(run),
        "steps": [step_data(step) for step in run.steps.select_related("part")] if run.is_procedure else [],
        "warnings": warnings(run),
        "orders": [_fetched(one) for one in NumberRead.objects.filter(run=run.pk)],
        "windows_read": list(windows.values("purpose", "scan", "start", "end", "pages", "complete")),
        "requests": [{name: getattr(request, name) for name in made} for request in requests(run)],
    }


def step_data(step: RunStep) -> dict[str, Any]:
    """One connector of a procedure's run: how it came by its run, how that stands, or why it has none."""
    reason = explain(step.code, {"name": step.connector_name}).message if step.code else ""
    return {
        "connector": step.connector_name,
        "run": step.part_id,
        "state": step.part.state if step.part else None,
        "result": step.result or None,
        "reason": reason,
    }


def proof(run: Run) -> dict[str, list[Interval]]:
    """For a run that succeeded and found nothing new: which time it proves to hold nothing new, by scan.

    Empty for any other run: where anything failed, was left out or was not read, nothing is proven.
    """
    quiet = not any(run.counts.get(name) for name in ("created", "updated", "failed", "left_out"))
    windows = WindowRead.objects.filter(run=run.pk)
    if run.state != Run.State.SUCCEEDED or not quiet or windows.filter(complete=False).exists():
        return {}
    read: dict[str, list[Interval]] = {}
    for window in windows.exclude(purpose=WindowRead.Purpose.OPEN).exclude(scan__in=STATUS_SCANS):
        read.setdefault(window.scan, []).append(Interval(window.start, window.read_until or window.end))
    return {scan: union(parts) for scan, parts in read.items()}


def _fetched(order: NumberRead) -> dict[str, Any]:
    reason = explain(order.code, order.params).message if order.code else ""
    return {"number": order.number, "result": order.result or None, "reason": reason}
