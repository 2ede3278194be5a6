"""A run in a few words: how long it took and what came of it."""

from datetime import timedelta

from django.utils import timezone
from django.utils.formats import number_format
from django.utils.translation import gettext as _

from approdo.backoffice import formats
from approdo.exchanges.pushing import COUNTED
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
    if run.state == Run.State.SUCCEEDED and not any(counts.get(name) for name in ("read", *COUNTED)):
        return _nothing(run)
    named = [
        (counts.get("created"), _("%(count)s new")),
        (counts.get("updated"), _("%(count)s changed")),
        (counts.get("unchanged"), _("%(count)s unchanged")),
        (counts.get("left_out"), _("%(count)s left out")),
        (counts.get("failed"), _("%(count)s set aside")),
        (counts.get("statuses", {}).get("failed"), _("status: %(count)s set aside")),
        (counts.get("handed_over"), _("%(count)s handed over")),
        (counts.get("refused"), _("%(count)s refused")),
        (counts.get("waiting"), _("%(count)s waiting")),
    ]
    return " · ".join(text % {"count": formats.number(count)} for count, text in named if count) or "–"


def _nothing(run: Run) -> str:
    """Only who reads can say that there are no orders, and only who hands over that nothing waits for that."""
    if run.windows or run.orders:
        return _("No orders")
    return _("Nothing to hand over") if "waiting" in run.counts else "–"
