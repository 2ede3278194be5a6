"""Documents that an ERP posts: invoices, credit notes and order updates, answered one by one."""

from typing import Any, Literal

from django.http import HttpRequest, HttpResponse
from ninja import Router
from pydantic import BaseModel, Field

from approdo.api.auth import Scope, token_of
from approdo.api.problems import ApiProblem, invalid_field
from approdo.api.records import Key, list_schema, reachable
from approdo.api.routes import Route, add_route, list_answer
from approdo.exchanges.imports import posted, reading, taking
from approdo.exchanges.imports.reading import Given
from approdo.exchanges.models import ImportedDocument
from approdo.nodes.sentences import explain
from approdo.processes import taking_in
from approdo.processes.records import CONNECTORS
from approdo.sdk.errors import ConfigError, RefusedError

WRITE_IMPORTS = (Scope.IMPORTS_WRITE,)
XML = ("application/xml", "text/xml")
STATUS = {"import_too_large": 413, "bad_xml": 400, "bad_json": 400, "xml_declares": 400}
"""The status of a refusal of the whole call; 422 where nothing stands here."""


class ImportNote(BaseModel):
    """What is odd in a document that was taken all the same."""

    code: str
    detail: str = Field(description="The same in the language asked for.")
    hint: str
    field: str


class ImportAnswer(BaseModel):
    """What became of one document of the call."""

    type: str
    number: str
    result: Literal["accepted", "unchanged", "refused"]
    document: int | None = Field(description="The `id` here: of the invoice, or of the order that an update is about.")
    version: int | None = Field(description="Counts the different contents from 1.")
    code: str = Field(description="Why it was refused; empty if it was not.")
    detail: str = Field(description="The same in the language asked for.")
    hint: str = Field(description="What to do next; may be empty.")
    field: str = Field(description="Where it is wrong, as `lines.0.quantity`; may be empty.")
    warnings: list[ImportNote]


def _schema(shape: type[BaseModel]) -> dict[str, Any]:
    return shape.model_json_schema(ref_template="#/components/schemas/{model}")


_POSTED = _schema(posted.PostedDocuments)
SCHEMAS: dict[str, Any] = _POSTED.pop("$defs")
"""What the description of the body refers to."""

_BODY = {
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {"schema": _POSTED},
            "application/xml": {"schema": {"type": "string", "description": "As /api/v1/exports/documents.xsd says."}},
        },
    }
}

router = Router(tags=["Imports"])
route = Route(
    "import_documents",
    "Post documents",
    WRITE_IMPORTS,
    list_schema(ImportAnswer),
    problems=(400, 404, 409, 413, 415),
    described=_BODY,
)


@add_route(router, "POST", "/{path:id}", route)
def import_documents(request: HttpRequest, key: Key) -> HttpResponse:
    """Takes invoices, credit notes and order updates of downloaded orders, JSON or XML, answered one by one.

    A document that is refused does not hold up the others. What is there already is `unchanged`: post again whatever
    was not answered. A document with a known number and another content is a new version of it.
    """
    connector = reachable(request, CONNECTORS, key)
    allowed = taking_in.allowed(connector)
    if not connector.active:
        raise ConfigError("connector_inactive", name=connector.name)
    body = request.read(reading.MOST_BYTES + 1)
    as_xml = _is_xml(request)
    call = taking.begin(connector.pk, token_of(request).name, "xml" if as_xml else "json", len(body))
    try:
        given = _given(body, as_xml)
    except RefusedError as error:
        taking.fail(call, error)
        raise _problem(error) from None
    return list_answer(map(_answer, taking.take(call, given, allowed)))


def _is_xml(request: HttpRequest) -> bool:
    media_type = (request.content_type or "").lower()
    if media_type in XML or media_type.endswith("+xml"):
        return True
    if media_type in ("", "application/json") or media_type.endswith("+json"):
        return False
    raise ApiProblem(415, "not_json_or_xml", content_type=media_type)


def _given(body: bytes, as_xml: bool) -> list[Given]:
    """The documents of the body. Raises `RefusedError` where the whole of it cannot be read."""
    if len(body) > reading.MOST_BYTES:
        raise RefusedError("import_too_large", most=reading.MOST_BYTES // 1024**2)
    given = reading.from_xml(body) if as_xml else reading.from_json(body)
    if len(given) > reading.MOST:
        raise RefusedError("too_many_documents", count=len(given), most=reading.MOST, field="documents")
    return given


def _problem(error: RefusedError) -> ApiProblem:
    params = dict(error.params)
    field = params.pop("field", None)
    if field is not None:
        return invalid_field(field, error.code, **params)
    return ApiProblem(STATUS.get(error.code, 422), error.code, **params)


def _answer(row: ImportedDocument) -> dict[str, Any]:
    found = explain(row.code, {**row.params, "field": row.field}) if row.code else None
    return {
        "type": row.type,
        "number": row.number,
        "result": row.result,
        "document": row.document_id,
        "version": row.version,
        "code": row.code,
        "detail": found.message if found else "",
        "hint": found.hint if found else "",
        "field": row.field,
        "warnings": [_note(note) for note in row.notes],
    }


def _note(note: dict[str, Any]) -> dict[str, Any]:
    found = explain(note["code"], note["params"])
    return {
        "code": note["code"],
        "detail": found.message,
        "hint": found.hint,
        "field": note["params"].get("field", ""),
    }
