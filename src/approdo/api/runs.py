"""Runs: what was done, when, and how it ended."""

from datetime import datetime
from typing import Any, Literal

from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from ninja import Query, Router
from pydantic import BaseModel, Field

from approdo.api.auth import READ_RUNS, WRITE_RUNS, token_of
from approdo.api.moments import Moment, utc
from approdo.api.problems import ApiProblem, invalid_field
from approdo.api.records import list_schema, namespace, reachable
from approdo.api.routes import PageParameters, Route, add_route, answer, found_or_404, list_answer, page_by_moment
from approdo.processes import procedures, run_data, runs
from approdo.processes.models import Run as RunRow
from approdo.processes.records import CONNECTORS, PROCEDURES, Section
from approdo.sdk.errors import ConfigError

State = Literal["queued", "running", "succeeded", "partial", "failed", "cancelled"]


class Counts(BaseModel):
    """What became of the documents that were read, and how many requests the whole run took."""

    requests: int
    read: int
    created: int
    updated: int
    unchanged: int
    failed: int = Field(description="Set aside, because they could not be read.")
    left_out: int = Field(description="In states that the configuration does not tick.")


class StatusCounts(BaseModel):
    """What became of the order statuses that were read; apart from the counts of documents."""

    read: int
    created: int
    updated: int
    unchanged: int
    failed: int = Field(description="Set aside, because they could not be read.")


class ExportCounts(BaseModel):
    """What became of documents that were to be handed over."""

    handed_over: int
    refused: int
    waiting: int | None = Field(description="Still to be handed over when the run ended; null where nobody counted.")


class Progress(BaseModel):
    """How many windows of time are read, of how many."""

    done: int
    total: int


class Explained(BaseModel):
    """A code and its sentence."""

    code: str
    message: str
    hint: str


class Run(BaseModel):
    """One execution of a connector or of a procedure."""

    id: int
    connector: str | None = Field(description="Null where a procedure is run.")
    procedure: str | None = Field(description="Null where a connector is run, also as the part of a procedure.")
    state: State
    requested_by: str = Field(description="Empty where nobody asked: it was due.")
    due_at: datetime | None = Field(description="The due moment that it makes good.")
    retry_of: int | None = Field(description="The run that it retries.")
    worker: str = Field(description="Which worker does it, or did so last; empty while it waits for one.")
    created_at: datetime
    started_at: datetime | None
    ended_at: datetime | None
    counts: Counts
    statuses: StatusCounts
    exported: ExportCounts | None = Field(description="Null where handing over was not its work.")
    windows: Progress
    errors: list[Explained] = Field(description="Why it did not succeed.")


class Window(BaseModel):
    """One window of time. It is read when `complete`: each of its pages is stored."""

    purpose: Literal["range", "dates", "gap", "deep", "open"] = Field(
        description="Why it is read: the relative range or the fixed dates that are configured, a gap, the nightly"
        " re-scan of the last weeks, known orders that were open."
    )
    scan: str = Field(
        description="`created`, `changed`, `status` (statuses by last update), `status_created` (by order date)."
    )
    start: datetime
    end: datetime
    pages: int
    complete: bool


class Request(BaseModel):
    """One request to the other side."""

    at: datetime
    operation: str
    status: int | None
    request_id: str
    milliseconds: int
    attempt: int
    error: str


class Fetched(BaseModel):
    """One order that was to be fetched by its number."""

    number: str
    result: str | None = Field(description="created, updated, unchanged, failed, missed; null while it waits.")
    reason: str = Field(description="Why it was missed.")


class Step(BaseModel):
    """One connector of a procedure's run."""

    connector: str
    run: int | None = Field(description="The connector's run; null while it waits, or where it has none.")
    state: State | None = Field(description="How that run stands.")
    result: Literal["started", "joined", "skipped"] | None = Field(
        description="`joined`: a run that was under way did it. Null while it waits."
    )
    reason: str = Field(description="Why it was left out.")


class RunInFull(Run):
    """A run with all that is known of it. Requests and warnings go after `APPRODO_KEEP_RUNS` days."""

    steps: list[Step] = Field(description="Of a procedure's run: its connectors in order.")
    warnings: list[Explained]
    orders: list[Fetched]
    windows_read: list[Window]
    requests: list[Request] = Field(description="The newest 200.")


class RunParameters(PageParameters):
    """Which runs."""

    connector: str | None = Field(None, description="The id or the name of a connector.")
    procedure: str | None = Field(None, description="The id or the name of a procedure.")
    kind: Literal["connector", "procedure"] | None = Field(None, description="What is run.")
    state: State | None = None
    since: Moment | None = Field(None, description="A moment in ISO 8601 with its time zone: asked for then or later.")


router = Router(tags=["Runs"])


@add_route(router, "GET", "", Route("list_runs", "List", READ_RUNS, list_schema(Run)))
def list_runs(request: HttpRequest, wanted: Query[RunParameters]) -> HttpResponse:
    """Newest first."""
    found = _visible(request)
    for section, key in ((CONNECTORS, wanted.connector), (PROCEDURES, wanted.procedure)):
        if key is not None:
            found = found.filter(**{section.kind: _named(request, section, key)})
    if wanted.kind is not None:
        other = "connector_name" if wanted.kind == "procedure" else "procedure_name"
        found = found.filter(**{other: ""})
    if wanted.state is not None:
        found = found.filter(state=wanted.state)
    if wanted.since is not None:
        found = found.filter(created_at__gte=utc(wanted.since))
    rows, next_cursor = page_by_moment(found, wanted, "created_at")
    return list_answer(map(run_data.as_data, rows), next_cursor)


@add_route(router, "GET", "/{int:id}", Route("read_run", "Read one", READ_RUNS, RunInFull, problems=(404,)))
def read_run(request: HttpRequest, id: int) -> HttpResponse:  # noqa: A002  the address calls it so
    """With its steps or windows, its warnings and the requests it made."""
    return answer(run_data.with_details(_found(request, id)))


cancelling = Route("cancel_run", "Cancel", WRITE_RUNS, RunInFull, problems=(404, 409))


@add_route(router, "POST", "/{int:id}/cancel", cancelling)
def cancel_run(request: HttpRequest, id: int) -> HttpResponse:  # noqa: A002  the address calls it so
    """Ends a run that has not ended, a procedure's with the connector's run that it started.

    Cancelling it again does nothing; any other end stays: 409.
    """
    run = _found(request, id)
    (procedures if run.is_procedure else runs).cancel(run)
    run.refresh_from_db()
    if run.state != RunRow.State.CANCELLED:
        raise ApiProblem(409, "run_ended", id=id)
    return answer(run_data.with_details(run))


retrying = Route("retry_run", "Retry", WRITE_RUNS, RunInFull, 202, (404, 409))


@add_route(router, "POST", "/{int:id}/retry", retrying)
def retry_run(request: HttpRequest, id: int) -> HttpResponse:  # noqa: A002  the address calls it so
    """Starts a run that does what this one left undone: connectors that failed, windows and orders not read.

    Refused with 409 where it has not ended, left nothing, or what it ran is gone or at work.
    """
    run = _found(request, id)
    again = (procedures if run.is_procedure else runs).retry(run, token_of(request).name)
    address = reverse(f"{namespace(request)}:read_run", kwargs={"id": again.pk})
    return answer(run_data.with_details(again), 202, Location=address)


def _named(request: HttpRequest, section: Section, key: str) -> Any:
    try:
        return reachable(request, section, key)
    except ConfigError as error:
        raise invalid_field(section.kind, error.code, **error.params) from None


def _visible(request: HttpRequest) -> QuerySet[RunRow]:
    bound = token_of(request).connector_id
    return RunRow.objects.all() if bound is None else RunRow.objects.filter(connector=bound)


def _found(request: HttpRequest, number: int) -> RunRow:
    run: RunRow = found_or_404(_visible(request), number)
    return run
