"""Codes that lines carry and that the table of recodings does not know; and recoding what is stored."""

from datetime import datetime
from typing import Any, Literal

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from ninja import Body as InBody
from ninja import Query, Router
from pydantic import BaseModel, Field

from approdo.api.auth import READ_DOCUMENTS, READ_RUNS, Scope, refuse_bound, token_of
from approdo.api.bodies import Body
from approdo.api.documents import node_name, of_caller
from approdo.api.records import list_schema, namespace
from approdo.api.routes import PageParameters, Route, add_route, answer, found_or_404, list_answer, page_by_id
from approdo.api.runs import Explained
from approdo.exchanges import unmatched
from approdo.exchanges.models import UnmatchedCode as UnmatchedCodeRow
from approdo.nodes.sentences import explain
from approdo.processes import recode_jobs
from approdo.processes.models import RecodeJob
from approdo.sales.models import SaleDocument

Lines = Literal["without_match", "all"]
MAY_RECODE = (Scope.RUNS_WRITE, Scope.SETTINGS_WRITE)


class UnmatchedParameters(PageParameters):
    """Which codes. All that is given has to fit."""

    node: str | None = Field(None, description="The name or the id of a node.")
    q: str | None = Field(None, description="How a vendor SKU or an ASIN begins.")


class Example(BaseModel):
    """A document that carries the code."""

    id: int
    number: str


class UnmatchedCode(BaseModel):
    """A code without a match, as long as a line carries it."""

    id: int
    node: str
    vendor_code: str
    marketplace: str = Field(description="The country that the order goes to, else the node's; empty: not known.")
    vendor_sku: str
    asin: str
    first_seen: datetime
    last_seen: datetime
    lines: int = Field(description=f"How many lines carry it, counted up to {unmatched.MOST_COUNTED}.")
    more_lines: bool = Field(description="Whether there may be more lines than were counted.")
    example: Example | None = Field(description="The newest order that carries it.")


class RecodeBody(Body):
    """What to recode."""

    lines: Lines = Field(
        "without_match",
        description="`without_match`: lines whose codes are listed as having none. `all`: every line of the nodes whose"
        " connectors ask for recoding; where the table has no match any more, own SKU and title are taken away.",
    )


class RecodeCounts(BaseModel):
    """What was done so far."""

    documents: int
    documents_changed: int
    lines: int
    matched: int = Field(description="Lines that have an own SKU now and had none.")
    replaced: int = Field(description="Lines whose own SKU or title is another one now.")
    removed: int = Field(description="Lines whose own SKU was taken away.")
    without: int = Field(description="Lines without a match.")


class Recoding(BaseModel):
    """One time through stored documents."""

    id: int
    lines: Lines
    state: Literal["waiting", "running", "succeeded", "failed"]
    requested_by: str
    created_at: datetime
    started_at: datetime | None
    ended_at: datetime | None
    percent: int
    counts: RecodeCounts
    error: Explained | None


router = Router(tags=["SKU recodings"])
recode_router = Router(tags=["SKU recodings"])


@add_route(router, "GET", "", Route("list_unmatched_codes", "List", READ_DOCUMENTS, list_schema(UnmatchedCode)))
def list_unmatched_codes(request: HttpRequest, wanted: Query[UnmatchedParameters]) -> HttpResponse:
    """Newest first. A code leaves the list when it is matched, or when no line carries it any more."""
    rows = of_caller(request, unmatched.listed().prefetch_related("node"))
    if wanted.node is not None:
        rows = rows.filter(node__name=node_name(wanted.node))
    if wanted.q is not None:
        rows = unmatched.search(rows, wanted.q)
    page, next_cursor = page_by_id(rows, wanted, newest_first=True)
    codes = [row.pk for row in page]
    counts, examples = unmatched.line_counts(codes), unmatched.examples(codes)
    return list_answer([_shown(row, counts[row.pk], examples.get(row.pk)) for row in page], next_cursor)


def _shown(row: UnmatchedCodeRow, lines: int, example: SaleDocument | None) -> dict[str, Any]:
    names = ("vendor_code", "marketplace", "vendor_sku", "asin", "first_seen", "last_seen")
    return {
        "id": row.pk,
        "node": row.node.name,
        **{name: getattr(row, name) for name in names},
        "lines": lines,
        "more_lines": lines >= unmatched.MOST_COUNTED,
        "example": {"id": example.pk, "number": example.number} if example else None,
    }


recoding = Route("recode_documents", "Recode stored documents", MAY_RECODE, Recoding, 202, (413, 415))


@add_route(recode_router, "POST", "", recoding)
def recode_documents(request: HttpRequest, body: InBody[RecodeBody | None] = None) -> HttpResponse:
    """Asks for stored documents to be recoded by the table as it is now; a worker does it.

    One job is at work at a time, another of each kind may wait. Asked again while one waits, it is that one.
    """
    refuse_bound(request)
    job = recode_jobs.request(body.lines if body else RecodeJob.Lines.WITHOUT_MATCH, token_of(request).name)
    address = reverse(f"{namespace(request)}:read_recoding", kwargs={"id": job.pk})
    return answer(_job(job), 202, Location=address)


@add_route(recode_router, "GET", "", Route("list_recodings", "List the jobs", READ_RUNS, list_schema(Recoding)))
def list_recodings(request: HttpRequest, wanted: Query[PageParameters]) -> HttpResponse:
    """The times through stored documents, newest first."""
    refuse_bound(request)
    page, next_cursor = page_by_id(RecodeJob.objects.all(), wanted, newest_first=True)
    return list_answer([_job(job) for job in page], next_cursor)


reading = Route("read_recoding", "Read a job", READ_RUNS, Recoding, problems=(404,))


@add_route(recode_router, "GET", "/{int:id}", reading)
def read_recoding(request: HttpRequest, id: int) -> HttpResponse:  # noqa: A002  the address calls it so
    """How far it has come, and what it did."""
    refuse_bound(request)
    return answer(_job(found_or_404(RecodeJob.objects.all(), id)))


def _job(job: RecodeJob) -> dict[str, Any]:
    data = job.as_data()
    if data["error"]:
        sentence = explain(data["error"]["code"], data["error"]["params"])
        data["error"] = {"code": data["error"]["code"], "message": sentence.message, "hint": sentence.hint}
    return data
