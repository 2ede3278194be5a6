"""Sale documents and their versions."""

from datetime import UTC, datetime
from typing import Any

import msgspec
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from ninja import Query, Router
from pydantic import BaseModel, Field, field_validator
from pydantic_core import PydanticCustomError

from approdo.api.auth import READ_DOCUMENTS, may_read_personal_data, token_of
from approdo.api.document_schema import Document, DocumentType, Program
from approdo.api.problems import invalid_field
from approdo.api.records import list_schema
from approdo.api.routes import PageParameters, Route, add_route, answer, found_or_404, list_answer
from approdo.processes.records import NODES, find
from approdo.sales import queries
from approdo.sales.models import DocumentVersion, SaleDocument, SetAside
from approdo.sales.receive import raw_text
from approdo.sdk.errors import ConfigError

CONSUMERS = "vendor_direct_fulfillment"
"""The program whose orders say who the consumer is."""

PERSONAL = ("ship_to_party", "bill_to_party", "message_to_customer")

RAW = "Null for Direct Fulfillment where the token lacks the scope `personal-data:read`."


class DocumentParameters(PageParameters):
    """Which documents. All that is given has to fit."""

    node: str | None = Field(None, description="The name or the id of a node.")
    type: DocumentType | None = None
    program: Program | None = None
    state: str | None = Field(None, description="Amazon's, in lower case.")
    vendor_code: str | None = None
    ship_to: str | None = Field(None, description="The code of a fulfilment centre.")
    number: str | None = None
    updated_since: str | None = Field(
        None,
        description="A moment in ISO 8601 with its time zone: what changed here then or later.",
        json_schema_extra={"format": "date-time"},
    )
    q: str | None = Field(None, description="How a number, an ASIN or an SKU begins.")

    @field_validator("updated_since")
    @classmethod
    def _moment(cls, value: str | None) -> str | None:
        if value is not None:
            _utc(value)
        return value

    def filters(self) -> dict[str, Any]:
        """What `sales.queries.documents` filters by."""
        given = self.model_dump(exclude_none=True, exclude={"cursor", "limit", "q"})
        if self.updated_since is not None:
            given["updated_since"] = _utc(self.updated_since)
        return given


class Version(BaseModel):
    """One version of a document, as it came."""

    number: int
    received_at: datetime
    run: int | None
    raw: dict[str, Any] | str | None = Field(description=f"JSON, or text where it is none. {RAW}")


router = Router(tags=["Documents"])


@add_route(router, "GET", "", Route("list_documents", "List", READ_DOCUMENTS, list_schema(Document)))
def list_documents(request: HttpRequest, wanted: Query[DocumentParameters]) -> HttpResponse:
    """Oldest change first. One that changes while you page comes again at the end; none is left out."""
    filters = wanted.filters()
    if wanted.node is not None:
        filters["node"] = _node_name(wanted.node)
    found = of_caller(request, queries.documents(filters))
    if wanted.q is not None:
        found = queries.search(found, wanted.q)
    rows, next_cursor = queries.page(found, wanted.cursor, wanted.limit)
    return list_answer((_shown(request, document) for document in queries.whole(rows)), next_cursor)


reading = Route("read_document", "Read one", READ_DOCUMENTS, Document, problems=(404,))


@add_route(router, "GET", "/{int:id}", reading)
def read_document(request: HttpRequest, id: int) -> HttpResponse:  # noqa: A002  the address calls it so
    """What its newest version says, with its lines."""
    return answer(_shown(request, queries.whole([_found(request, id)])[0]))


versions = Route("list_document_versions", "List the versions", READ_DOCUMENTS, list_schema(Version), problems=(404,))


@add_route(router, "GET", "/{int:id}/versions", versions)
def list_versions(request: HttpRequest, id: int) -> HttpResponse:  # noqa: A002  the address calls it so
    """Every version, oldest first, exactly as it came."""
    document = _found(request, id)
    return list_answer(
        {
            "number": version.number,
            "received_at": version.received_at,
            "run": version.run,
            "raw": _as_json(readable_raw(request, document.program, version)),
        }
        for version in document.versions.order_by("number")
    )


def of_caller(request: HttpRequest, rows: QuerySet[Any]) -> QuerySet[Any]:
    """Those rows that the caller may see: a token for one connector sees what its node brought."""
    bound = token_of(request).connector
    return rows if bound is None else rows.filter(node=bound.node_id)


def readable_raw(request: HttpRequest, program: str, kept: DocumentVersion | SetAside) -> str | None:
    """The raw text, or none where it may name a consumer and the caller may not know."""
    return None if _hides(request, program) else raw_text(kept)


def _hides(request: HttpRequest, program: str) -> bool:
    return program == CONSUMERS and not may_read_personal_data(request)


def _shown(request: HttpRequest, document: dict[str, Any]) -> dict[str, Any]:
    if not _hides(request, document["program"]):
        return document
    return {name: None if name in PERSONAL else value for name, value in document.items()}


def _as_json(text: str | None) -> msgspec.Raw | str | None:
    try:
        # Handed on as it came: decoding and encoding could change the spelling of a number.
        return msgspec.Raw(text) if text and isinstance(msgspec.json.decode(text), dict) else text
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return text


def _node_name(key: str) -> str:
    try:
        return str(find(NODES, key).name)
    except ConfigError as error:
        raise invalid_field("node", error.code, **error.params) from None


def _found(request: HttpRequest, number: int) -> SaleDocument:
    document: SaleDocument = found_or_404(of_caller(request, queries.documents()), number)
    return document


def _utc(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
        if moment.tzinfo is None:
            raise ValueError
        return moment.astimezone(UTC)
    except (ValueError, OverflowError):
        raise PydanticCustomError("not_a_moment", "not a moment", {"value": text}) from None
