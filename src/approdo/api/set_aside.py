"""What could not be read, kept whole until it can."""

from datetime import datetime
from typing import Any, Literal

from django.http import HttpRequest, HttpResponse
from ninja import Body as InBody
from ninja import Query, Router
from pydantic import BaseModel, Field

from approdo.api.auth import READ_DOCUMENTS, WRITE_RUNS, token_of
from approdo.api.bodies import Body
from approdo.api.documents import RAW, of_caller, reader_of
from approdo.api.problems import ApiProblem, invalid_field
from approdo.api.records import list_schema
from approdo.api.routes import PageParameters, Route, add_route, answer, found_or_404, list_answer, page_by_id
from approdo.nodes.sentences import explain
from approdo.processes import rereading
from approdo.sales.models import SetAside as SetAsideRow
from approdo.sales.personal import note_looks
from approdo.sdk.errors import ConfigError


class Why(Body):
    """The reason."""

    why: str


class GivenUp(BaseModel):
    """Who gave a document up, when, and why."""

    why: str
    by: str
    at: datetime


class Settled(BaseModel):
    """What became of a document that could not be read."""

    id: int
    stored_at: datetime | None = Field(description="When it came readable or was read again; null where it was not.")
    given_up: GivenUp | None


class SetAside(BaseModel):
    """A document, or the status of one, that could not be read."""

    id: int
    node: str
    program: str
    about: Literal["order", "status"]
    number: str | None
    code: str
    reason: str
    run: int | None
    received_at: datetime
    stored_at: datetime | None = Field(description="When it came readable or was read again; null while it waits.")
    given_up: GivenUp | None = Field(description="Null unless a person gave it up: then it is no open point any more.")
    raw: str | None = Field(description=f"The text as it came. {RAW}")


router = Router(tags=["Set-aside documents"])


@add_route(router, "GET", "", Route("list_set_aside", "List", READ_DOCUMENTS, list_schema(SetAside)))
def list_set_aside(request: HttpRequest, wanted: Query[PageParameters]) -> HttpResponse:
    """Newest first."""
    rows = of_caller(request, SetAsideRow.objects.select_related("node"))
    page, next_cursor = page_by_id(rows, wanted, newest_first=True)
    reader = reader_of(request)
    if reader:
        note_looks((row for row in page if row.sealed), reader)
    return list_answer([_shown(row, reader is not None) for row in page], next_cursor)


retrying = Route("retry_set_aside", "Try again", WRITE_RUNS, Settled, problems=(404, 409))


@add_route(router, "POST", "/{int:id}/retry", retrying)
def retry_set_aside(request: HttpRequest, id: int) -> HttpResponse:  # noqa: A002  the address calls it so
    """Reads the kept text once more; `stored_at` says whether it could. 409 where nobody reads its program any more."""
    row = _found(request, id)
    try:
        rereading.retry(row)
    except ConfigError as error:
        raise ApiProblem(409, error.code, **error.params) from None
    return _settled(_found(request, id))


giving_up = Route("give_up_set_aside", "Give up", WRITE_RUNS, Settled, problems=(404, 409, 413, 415))


@add_route(router, "POST", "/{int:id}/give-up", giving_up)
def give_up_set_aside(request: HttpRequest, id: int, body: InBody[Why]) -> HttpResponse:  # noqa: A002  as above
    """Says that it need not be read any more, and why: it is no open point then. 409 where it does not wait."""
    row = _found(request, id)
    try:
        rereading.give_up(row, body.why, token_of(request).name)
    except ConfigError as error:
        if error.code == "set_aside_ended":
            raise ApiProblem(409, error.code) from None
        raise invalid_field("why", error.code, **error.params) from None
    return _settled(_found(request, id))


def _settled(row: SetAsideRow) -> HttpResponse:
    return answer({"id": row.pk, "stored_at": row.stored_at, "given_up": _given_up(row)})


def _given_up(row: SetAsideRow) -> dict[str, Any] | None:
    return {"why": row.given_up_why, "by": row.given_up_by, "at": row.given_up_at} if row.given_up_at else None


def _found(request: HttpRequest, number: int) -> SetAsideRow:
    row: SetAsideRow = found_or_404(of_caller(request, SetAsideRow.objects.select_related("node")), number)
    return row


def _shown(row: SetAsideRow, consumer: bool) -> dict[str, Any]:
    return {
        "id": row.pk,
        "node": row.node.name,
        "program": row.program,
        "about": row.about,
        "number": row.number,
        "code": row.code,
        "reason": explain(row.code, row.params).message,
        "run": row.run,
        "received_at": row.received_at,
        "stored_at": row.stored_at,
        "given_up": _given_up(row),
        "raw": rereading.text(row, row.node, row.program, consumer),
    }
