"""The newest runs of every procedure, or connector, at once: as many questions for a thousand as for one."""

from collections import defaultdict
from collections.abc import Collection, Iterable
from typing import Any, NamedTuple

from django.db.models import OuterRef, Q, QuerySet, Subquery

from approdo.connectors import NODE_TYPES
from approdo.processes.models import Connector, Procedure, Run, RunStep, live_runs
from approdo.sdk.connector import NodeType

State = Run.State

UNWELL = (State.FAILED, State.PARTIAL)
SILENT = (*Run.LIVE, State.CANCELLED)
"""What says nothing of how a procedure or a connector does: what has not ended, and what somebody ended."""

MOST_RUNS = 200
"""So many failures for other reasons in a row are looked through for a refusal."""


class Latest(NamedTuple):
    """A procedure's newest run that says how it is, with its steps where it is not well; its success; the live one."""

    ended: Run | None
    steps: tuple[RunStep, ...]
    success: Run | None
    live: Run | None

    @property
    def codes(self) -> frozenset[str]:
        """The errors of the newest run and of its parts, where it is not well."""
        run = self.ended
        if run is None or run.state not in UNWELL:
            return frozenset()
        return frozenset({run.error_code, *(step.part.error_code for step in self.steps if step.part)} - {""})


NEVER_RUN = Latest(None, (), None, None)


def of_procedures() -> dict[int, Latest]:
    """Of every procedure that was ever run, by its number."""
    of_one = Run.objects.filter(procedure=OuterRef("pk")).order_by("-created_at", "-id")
    ended, success = of_one.exclude(state__in=SILENT), of_one.filter(state=State.SUCCEEDED)
    newest = _of_each(Procedure.objects.all(), ended)
    live = {run.procedure_id: run for run in live_runs().filter(procedure__isnull=False)}
    steps: dict[int, list[RunStep]] = defaultdict(list)
    unwell = RunStep.objects.filter(run__in=newest.filter(state__in=UNWELL).values("pk")).select_related("part")
    for step in unwell.order_by("run_id", "position"):
        steps[step.run_id].append(step)
    endings = {run.procedure_id: run for run in newest}
    successes = {run.procedure_id: run for run in _of_each(Procedure.objects.all(), success)}
    return {
        number: Latest(
            run := endings.get(number), tuple(steps[run.pk]) if run else (), successes.get(number), live.get(number)
        )
        for number in endings.keys() | live.keys()
        if number is not None
    }


def refused() -> Iterable[Run]:
    """The newest run that got an answer or was refused, of each active connector, where it was refused."""
    found = [number for declared in NODE_TYPES if declared.authorization_codes for number in _refused(declared)]
    return Run.objects.filter(pk__in=found).select_related("connector__node").order_by("pk")


def _refused(declared: NodeType) -> Iterable[int]:
    connectors = Connector.objects.filter(active=True, node__type=declared.name)
    said = Run.objects.filter(connector=OuterRef("pk")).exclude(state__in=SILENT).order_by("-created_at", "-id")
    failing = []
    newest = _of_each(connectors, said).values_list("pk", "connector", "state", "error_code")
    for number, connector, state, code in newest:
        if code in declared.authorization_codes:
            yield number
        elif state == State.FAILED:
            failing.append(connector)
    yield from _refused_before(connectors.filter(pk__in=failing), declared.authorization_codes) if failing else ()


def _refused_before(connectors: QuerySet[Connector], codes: Collection[str]) -> Iterable[int]:
    """The same of connectors whose newest run failed for another reason, such as a line that is down."""
    earlier = Run.objects.filter(connector=OuterRef(OuterRef("pk"))).exclude(state__in=SILENT)
    some = earlier.order_by("-created_at", "-id").values("pk")[:MOST_RUNS]
    answered = Q(error_code__in=codes) | Q(state__in=(State.SUCCEEDED, State.PARTIAL))
    telling = Run.objects.filter(answered, pk__in=some).order_by("-created_at", "-id")
    return _of_each(connectors, telling).filter(error_code__in=codes).values_list("pk", flat=True)


def _of_each(owners: QuerySet[Any], runs: QuerySet[Run]) -> QuerySet[Run]:
    """For each of these the first of its runs. Their numbers stay in the database: there may be thousands."""
    newest = owners.values(newest=Subquery(runs.values("pk")[:1])).order_by()
    return Run.objects.filter(pk__in=newest).order_by()
