"""What could not be read, kept whole until it can."""

from datetime import datetime
from typing import Any, Literal

from django.http import HttpRequest, HttpResponse
from ninja import Query, Router
from pydantic import BaseModel, Field

from approdo.api.auth import READ_DOCUMENTS
from approdo.api.documents import RAW, of_caller, reader_of
from approdo.api.records import list_schema
from approdo.api.routes import PageParameters, Route, add_route, list_answer, page_by_id
from approdo.nodes.sentences import explain
from approdo.processes import rereading
from approdo.sales.models import SetAside as SetAsideRow
from approdo.sales.personal import note_looks


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
        "raw": rereading.text(row, row.node, row.program, consumer),
    }
