"""The steps of a procedure's run: its connectors in order, each with the run that does it."""

from typing import Any, NamedTuple

from django.db.models import Count
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from approdo.backoffice import formats
from approdo.backoffice.run_words import duration, summary
from approdo.exchanges.models import RunNote
from approdo.nodes.sentences import explain
from approdo.processes.models import Run, RunStep


class StepRow(NamedTuple):
    """One connector as the table shows it; `why` says how it came by its run, or why it has none."""

    step: RunStep
    state: SafeString
    why: str
    duration: str
    summary: str
    warnings: int


def steps_of(run: Run) -> dict[str, Any]:
    """The steps, and how far they are: a step that reads counts for the part that it has read."""
    steps = list(run.steps.select_related("part"))
    notes = RunNote.objects.filter(run__in=[step.part_id for step in steps if step.part_id]).order_by()
    warnings = dict(notes.values_list("run").annotate(Count("pk")))
    done = sum(map(_share, steps))
    return {
        "steps": [_row(step, run, warnings) for step in steps],
        "steps_done": sum(_share(step) == 1 for step in steps),
        "percent": round(100 * done / len(steps)) if steps else 0,
    }


def _share(step: RunStep) -> float:
    if step.result == RunStep.Result.WAITING:
        return 0
    if step.part is None or not step.part.live:
        return 1
    return min(step.part.windows_done / step.part.windows, 0.99) if step.part.windows else 0


def _row(step: RunStep, run: Run, warnings: dict[int, int]) -> StepRow:
    part = step.part
    if part is None:
        return StepRow(step, formats.NOTHING, _why(step, run), "", "", 0)
    length, result = duration(part), summary(part)
    return StepRow(step, formats.run_state(part), _why(step, run), length, result, warnings.get(part.pk, 0))


def _why(step: RunStep, run: Run) -> str:
    if step.code:
        return explain(step.code, {"name": step.connector_name}).message
    if step.result == RunStep.Result.WAITING and not run.live:
        return _("Not begun: the run ended before")
    if step.result != RunStep.Result.WAITING and step.part is None:
        return _("Its run is no longer kept")
    # In the catalogue “Started” is a moment.
    return _("Run started") if step.result == RunStep.Result.STARTED else step.get_result_display()
