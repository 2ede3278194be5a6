"""A run in a few words: how long it took and what came of it."""

from datetime import timedelta

from django.utils import timezone
from django.utils.formats import number_format
from django.utils.translation import gettext as _

from approdo.backoffice import formats
from approdo.nodes.sentences import explain
from approdo.processes.models import Run, RunStep


def duration(run: Run) -> str:
    """How long the run took, or has taken so far; empty before it began."""
    if run.started_at is None:
        return ""
    length = (run.ended_at or timezone.now()) - run.started_at
    return in_words(max(length, timedelta(0)))


def asked_by(run: Run) -> str:
    """Who or what asked for it; empty where that is not known any more. Reads `part_of` where nobody did."""
    if run.requested_by:
        return run.requested_by
    if run.due_at:
        return _("Schedule")
    started = [step for step in run.part_of.all() if step.result == RunStep.Result.STARTED]
    return _("Procedure “%(name)s”") % {"name": started[0].run.procedure_name} if started else ""


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
