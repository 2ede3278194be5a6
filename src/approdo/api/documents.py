"""Sale documents and their versions."""

from datetime import datetime
from decimal import Decimal
from typing import Any

import msgspec
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from ninja import Query, Router
from pydantic import BaseModel, Field

from approdo.api.auth import READ_DOCUMENTS, WRITE_SETTINGS, may_read_personal_data, token_of
from approdo.api.document_schema import Confirmation, Document, DocumentType, Invoicing, Program, Receiving
from approdo.api.moments import Moment, utc
from approdo.api.problems import invalid_field
from approdo.api.records import list_schema
from approdo.api.routes import PageParameters, Route, add_route, answer, found_or_404, list_answer
from approdo.processes import handing_over, purging, rereading
from approdo.processes.records import NODES, find
from approdo.sales import queries
from approdo.sales.differences import Kind, Value, kinds
from approdo.sales.fields import plain
from approdo.sales.models import DocumentVersion, SaleDocument, StatusVersion
from approdo.sales.personal import Reader, note_looks
from approdo.sales.status_queries import status_of
from approdo.sdk.errors import ConfigError

RAW = "Of Direct Fulfillment without the consumer, where the token lacks the scope `personal-data:read`."


class DocumentParameters(PageParameters):
    """Which documents. All that is given has to fit."""

    node: str | None = Field(None, description="The name or the id of a node.")
    type: DocumentType | None = None
    program: Program | None = None
    state: str | None = Field(None, description="Amazon's, in lower case.")
    vendor_code: str | None = None
    ship_to: str | None = Field(None, description="The code of a fulfilment centre.")
    amazon_status: str | None = Field(None, description="Amazon's, informational: `open` or `closed`.")
    confirmation: Confirmation | None = Field(None, description="Of Amazon's status, informational.")
    receiving: Receiving | None = Field(None, description="Of Amazon's status, informational.")
    invoicing: Invoicing | None = Field(None, description="How much of an order is invoiced.")
    number: str | None = None
    updated_since: Moment | None = Field(
        None, description="A moment in ISO 8601 with its time zone: what changed here then or later."
    )
    q: str | None = Field(None, description="How a number, a customer's order number, an ASIN or an SKU begins.")

    def filters(self) -> dict[str, Any]:
        """What `sales.queries.documents` filters by."""
        given = self.model_dump(exclude_none=True, exclude={"cursor", "limit", "q"})
        if self.updated_since is not None:
            given["updated_since"] = utc(self.updated_since)
        return given


class Change(BaseModel):
    """One field that a version says differently from the one before."""

    line: str | None = Field(description="The line's `sequence`; null for the document itself.")
    field: str = Field(description="A path such as `delivery_window.start`; empty for a line that came or went.")
    before: str | int | bool | None = Field(description="Amounts and moments as text.")
    after: str | int | bool | None


class AsItCame(BaseModel):
    """One version of something, exactly as Amazon sent it."""

    number: int
    received_at: datetime
    run: int | None
    raw: dict[str, Any] | str | None = Field(description=f"JSON, or text where it is none. {RAW}")


class Version(AsItCame):
    """One version of a document, as it came, and what it changed."""

    kinds: list[Kind] = Field(description="What its changes are about.")
    changes: list[Change] | None = Field(
        description="What it says differently from the version before, with the same limits as `raw`;"
        " null for the first, and where one of the two can no longer be read."
    )


class Purged(BaseModel):
    """What became of a wish to purge."""

    id: int
    purged: bool = Field(description="False where there was nothing to purge, or no longer.")


router = Router(tags=["Documents"])


@add_route(router, "GET", "", Route("list_documents", "List", READ_DOCUMENTS, list_schema(Document)))
def list_documents(request: HttpRequest, wanted: Query[DocumentParameters]) -> HttpResponse:
    """Oldest change first. One that changes while you page comes again at the end; none is left out."""
    filters = wanted.filters()
    if wanted.node is not None:
        filters["node"] = node_name(wanted.node)
    found = queries.documents(filters)
    if (bound := token_of(request).connector) is not None:
        found = queries.having(found, "node", bound.node_id)
    if wanted.q is not None:
        found = queries.search(found, wanted.q)
    rows, next_cursor = queries.page(found, wanted.cursor, wanted.limit)
    return list_answer(handing_over.whole(rows, reader_of(request)), next_cursor)


reading = Route("read_document", "Read one", READ_DOCUMENTS, Document, problems=(404,))


@add_route(router, "GET", "/{int:id}", reading)
def read_document(request: HttpRequest, id: int) -> HttpResponse:  # noqa: A002  the address calls it so
    """What its newest version says, with its lines."""
    return answer(handing_over.whole([_found(request, id)], reader_of(request))[0])


versions = Route("list_document_versions", "List the versions", READ_DOCUMENTS, list_schema(Version), problems=(404,))


@add_route(router, "GET", "/{int:id}/versions", versions)
def list_versions(request: HttpRequest, id: int) -> HttpResponse:  # noqa: A002  the address calls it so
    """Every version, oldest first, exactly as it came, with what it changed field by field and line by line."""
    document, reader = _found(request, id), reader_of(request)
    found = list(document.versions.order_by("number"))
    if reader and any(version.sealed for version in found):
        note_looks([document], reader)
    return list_answer(_version(document, version, consumer=reader is not None) for version in found)


status_versions = Route(
    "list_document_statuses", "List Amazon's statuses", READ_DOCUMENTS, list_schema(AsItCame), problems=(404,)
)


@add_route(router, "GET", "/{int:id}/statuses", status_versions)
def list_statuses(request: HttpRequest, id: int) -> HttpResponse:  # noqa: A002  the address calls it so
    """Every different status that Amazon gave, oldest first, exactly as it came. For information only."""
    document = _found(request, id)
    status = status_of(document)
    kept = status.versions.order_by("number") if status else ()
    return list_answer(_as_it_came(document, version) for version in kept)


def _version(document: SaleDocument, version: DocumentVersion, consumer: bool) -> dict[str, Any]:
    changes = rereading.changes(document, version, consumer)
    shown = [one._replace(before=_plain(one.before), after=_plain(one.after))._asdict() for one in changes or []]
    return {
        **_as_it_came(document, version, consumer),
        "kinds": kinds(changes or []),
        "changes": None if changes is None else shown,
    }


def _as_it_came(
    document: SaleDocument, version: DocumentVersion | StatusVersion, consumer: bool = False
) -> dict[str, Any]:
    return {
        "number": version.number,
        "received_at": version.received_at,
        "run": version.run,
        "raw": _as_json(rereading.text(version, document.node, document.program, consumer)),
    }


def _plain(value: Value) -> Any:
    """As documents are given out: amounts as text that keeps each digit."""
    return plain(value) if isinstance(value, Decimal) else value


purging_route = Route("purge_personal_data", "Purge personal data", WRITE_SETTINGS, Purged, problems=(404,))


@add_route(router, "POST", "/{int:id}/purge-personal-data", purging_route)
def purge_personal_data(request: HttpRequest, id: int) -> HttpResponse:  # noqa: A002  the address calls it so
    """Forgets who the consumer is, in the document and in all its versions, for good.

    It stays forgotten when Amazon shows the order again. Once more, nothing happens.
    """
    document = _found(request, id)
    return answer({"id": document.pk, "purged": purging.purge(document, timezone.now())})


def of_caller(request: HttpRequest, rows: QuerySet[Any]) -> QuerySet[Any]:
    """Those rows that the caller may see: a token for one connector sees what its node brought."""
    bound = token_of(request).connector
    return rows if bound is None else rows.filter(node=bound.node_id)


def reader_of(request: HttpRequest) -> Reader | None:
    """The caller as one who may see consumers' data; none where the token does not allow it."""
    if not may_read_personal_data(request):
        return None
    return Reader(f"{token_of(request).name} (token)", "API", timezone.now())


def _as_json(text: str | None) -> msgspec.Raw | str | None:
    try:
        # Handed on as it came: decoding and encoding could change the spelling of a number.
        return msgspec.Raw(text) if text and isinstance(msgspec.json.decode(text), dict) else text
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return text


def node_name(key: str) -> str:
    """The name of the node that a parameter names or numbers."""
    try:
        return str(find(NODES, key).name)
    except ConfigError as error:
        raise invalid_field("node", error.code, **error.params) from None


def _found(request: HttpRequest, number: int) -> SaleDocument:
    document: SaleDocument = found_or_404(of_caller(request, queries.documents()), number)
    return document
