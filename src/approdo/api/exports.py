"""Documents handed to the ERP that calls for them, the ERP's own numbers, exporting again."""

from collections.abc import Callable, Iterable, Iterator
from itertools import chain
from typing import Annotated, Any, Literal

from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.utils import timezone
from ninja import Body as InBody
from ninja import Query
from pydantic import BaseModel, Field

from approdo.api import batches
from approdo.api.auth import token_of
from approdo.api.batches import READ_EXPORTS, exporting
from approdo.api.bodies import Body
from approdo.api.documents import reader_of
from approdo.api.problems import invalid_field
from approdo.api.records import Key, list_schema
from approdo.api.routes import Parameters, Route, add_route, answer, list_answer
from approdo.exchanges import delivery, due
from approdo.exchanges.formats import FORMATS
from approdo.exchanges.formats import Batch as Named
from approdo.exchanges.formats.xml import SCHEMA
from approdo.exchanges.models import Batch, Delivery
from approdo.nodes.sentences import explain
from approdo.processes import handing_over
from approdo.processes.models import Connector
from approdo.sales import queries
from approdo.sdk.errors import ConfigError
from approdo.sdk.exports import Confirm

MOST_AT_ONCE = 1000
"""Receipts, or documents to be handed over again, in one call."""


class ExportParameters(Parameters):
    """Which documents, and how they are written."""

    format: str | None = Field(None, description="Instead of the connector's: `xml`, `json`, `csv` or `xlsx`.")
    batch: str | None = Field(None, description="This batch once more, as it was.")
    cursor: str | None = Field(None, description="Where the connector does not export once: `X-Approdo-Next-Cursor`.")
    limit: int = Field(200, ge=1, le=delivery.MOST, description="How many documents at most.")


class Standing(BaseModel):
    """What waits and what is on its way."""

    waiting: int = Field(description="Documents that the next calls will give for the first time in their version.")
    unconfirmed: int = Field(description="Documents in batches that were given out and not confirmed.")


class ReceiptBody(Body):
    """What the ERP calls one document."""

    document: int = Field(ge=1, lt=2**63, description="The document's `id`.")
    receipt: str = Field(min_length=1, max_length=200, description="The ERP's own number.")


class ReceiptsBody(Body):
    """Some receipts."""

    receipts: list[ReceiptBody] = Field(max_length=MOST_AT_ONCE)


class AgainBody(Body):
    """Which documents are to be handed over again."""

    documents: list[Annotated[int, Field(ge=1, lt=2**63)]] = Field(max_length=MOST_AT_ONCE, description="Their `id`s.")


class Answered(BaseModel):
    """What became of one document of the call."""

    document: int
    result: Literal["accepted", "refused"]
    code: str = Field(description="Why it was refused; empty if it was not.")
    detail: str = Field(description="The same in the language asked for.")


router = batches.router
"""Their own addresses come first: the connector's takes whatever is left."""

standing = Route("read_export_standing", "Read what waits", READ_EXPORTS, Standing, problems=(400, 404))


@add_route(router, "GET", "/{path:id}/standing", standing)
def read_standing(request: HttpRequest, key: Key) -> HttpResponse:
    """Takes nothing."""
    connector = exporting(request, key)
    waiting, unconfirmed = handing_over.waiting(connector, timezone.now()), delivery.unconfirmed(connector.pk)
    return answer({"waiting": waiting, "unconfirmed": unconfirmed})


receipts = Route("send_receipts", "Send receipts", READ_EXPORTS, list_schema(Answered), problems=(400, 404, 413, 415))


@add_route(router, "POST", "/{path:id}/receipts", receipts)
def send_receipts(request: HttpRequest, key: Key, body: InBody[ReceiptsBody]) -> HttpResponse:
    """Keeps the ERP's own number beside each document, answered one by one. Sent again, the newer number stands."""
    connector, now = exporting(request, key), timezone.now()
    wanted = [one.document for one in body.receipts]
    got = set(Delivery.objects.filter(connector=connector.pk, document__in=wanted).values_list("document", flat=True))
    for one in body.receipts:
        if one.document in got:
            delivery.receive_receipt(connector.pk, one.document, one.receipt, now)
    return list_answer(_answered(number, "" if number in got else "never_handed_over") for number in wanted)


again = Route("export_again", "Export again", READ_EXPORTS, list_schema(Answered), problems=(400, 404, 413, 415))


@add_route(router, "POST", "/{path:id}/again", again)
def export_again(request: HttpRequest, key: Key, body: InBody[AgainBody]) -> HttpResponse:
    """Lets the connector have the newest version of these documents once more, answered one by one."""
    connector = exporting(request, key)
    done = delivery.withdraw(connector.pk, set(body.documents), timezone.now())
    return list_answer(_answered(number, "" if number in done else "not_handed_over") for number in body.documents)


_HEADERS = {
    "X-Approdo-Batch": "The batch's name; absent where nothing waits, and where the connector does not export once.",
    "X-Approdo-Documents": "How many documents it holds.",
    "X-Approdo-Next-Cursor": "Where the connector does not export once: `cursor` of the next page, if there is one.",
}
_TEXT = {"schema": {"type": "string"}}
_ANSWER = {
    "content": {
        "application/json": {"schema": {"type": "object"}},
        "application/xml": _TEXT,
        "text/csv": _TEXT,
        FORMATS["xlsx"].media_type({}): {"schema": {"type": "string", "format": "binary"}},
    },
    "headers": {name: {"description": text, **_TEXT} for name, text in _HEADERS.items()},
}
route = Route(
    "export_documents",
    "Fetch documents",
    READ_EXPORTS,
    None,
    problems=(400, 404, 409, 410),
    described={"responses": {200: _ANSWER}},
)


@add_route(router, "GET", "/{path:id}", route)
def export_documents(request: HttpRequest, key: Key, wanted: Query[ExportParameters]) -> Any:
    """A batch of documents in the connector's format, its name in `X-Approdo-Batch`: two callers never get the same.

    It counts as handed over once it is confirmed, or, where the connector is set so, once the whole answer was read.
    Unconfirmed after 15 minutes, it comes again under the same name. Where nothing waits the answer holds no
    document and has no name.
    """
    connector = exporting(request, key)
    if not connector.active:
        raise ConfigError("connector_inactive", name=connector.name)
    if handing_over.work_of(connector).send:
        raise ConfigError("export_is_sent", name=connector.name)
    chosen = wanted.format or connector.options["format"]
    offered = handing_over.formats_of(connector)
    if chosen not in offered:
        raise invalid_field("format", "not_a_choice", value=chosen, choices=", ".join(offered))
    if not handing_over.work_of(connector).once(connector.options):
        return _page(request, connector, chosen, wanted)
    return _batch(request, connector, chosen, wanted)


def schema(_request: HttpRequest) -> HttpResponse:
    """The schema of the XML, for everybody: it says nothing of anybody's documents."""
    return HttpResponse(SCHEMA.read_bytes(), content_type="application/xml")


def _batch(request: HttpRequest, connector: Connector, chosen: str, wanted: ExportParameters) -> Any:
    if wanted.cursor is not None:
        raise invalid_field("cursor", "cursor_with_once", name=connector.name)
    asked = handing_over.asked(connector, token_of(request).name, timezone.now())
    batch = delivery.take(asked, wanted.limit) if wanted.batch is None else delivery.take_again(asked, wanted.batch)
    if batch is None:
        return _written(connector, chosen, [], {})
    documents = delivery.content(batch, reader_of(request))
    read = _confirming(batch, asked.by) if _by_reading(connector) else None
    headers = {"X-Approdo-Batch": batch.name, "X-Approdo-Documents": str(len(documents))}
    return _written(connector, chosen, documents, headers, read)


def _page(request: HttpRequest, connector: Connector, chosen: str, wanted: ExportParameters) -> Any:
    if wanted.batch is not None:
        raise invalid_field("batch", "batch_without_once", name=connector.name)
    fitting = due.wanted_documents(handing_over.work_of(connector).wanted(connector.options))
    rows, next_cursor = queries.page(fitting.select_related("node"), wanted.cursor, wanted.limit)
    documents = delivery.as_one(rows)
    queries.add_consumers(documents, reader_of(request))
    headers = {"X-Approdo-Documents": str(len(documents))}
    if next_cursor:
        headers["X-Approdo-Next-Cursor"] = next_cursor
    return _written(connector, chosen, documents, headers)


def _written(
    connector: Connector,
    chosen: str,
    documents: list[dict[str, Any]],
    headers: dict[str, str],
    read: Callable[[], None] | None = None,
) -> StreamingHttpResponse:
    """The answer, piece by piece; `read` is called when the last piece was taken."""
    written, options = FORMATS[chosen], handing_over.format_options(connector)
    named = Named(id=headers.get("X-Approdo-Batch"), connector=connector.name)
    pieces = iter(written.write(documents, options, batch=named))
    first = next(pieces, b"")  # what goes wrong at once is told as a problem
    return StreamingHttpResponse(
        _to_the_end(chain([first], pieces), read),
        content_type=written.media_type(options),
        headers={"Cache-Control": "no-store", **headers},
    )


def _to_the_end(pieces: Iterable[bytes], read: Callable[[], None] | None) -> Iterator[bytes]:
    yield from pieces
    if read:
        read()


def _confirming(batch: Batch, by: str) -> Callable[[], None]:
    def confirm() -> None:
        delivery.confirm(batch.connector, batch.name, by, timezone.now())

    return confirm


def _by_reading(connector: Connector) -> bool:
    return handing_over.work_of(connector).confirm(connector.options) is Confirm.BY_READING


def _answered(document: int, code: str) -> dict[str, Any]:
    detail = str(explain(code)) if code else ""
    return {"document": document, "result": "refused" if code else "accepted", "code": code, "detail": detail}
