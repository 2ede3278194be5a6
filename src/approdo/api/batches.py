"""The batches of a connector that hands documents over: how far each has come, its attempts, sending it again."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from ninja import Query, Router
from pydantic import BaseModel, Field

from approdo.api.auth import Scope, token_of
from approdo.api.document_schema import Problem
from approdo.api.records import Key, list_schema, reachable
from approdo.api.routes import PageParameters, Route, add_route, answer, list_answer, page_by_id
from approdo.exchanges import delivery
from approdo.exchanges.models import IN_STATE, Attempt, Batch, Delivery
from approdo.nodes.sentences import explain
from approdo.processes import handing_over
from approdo.processes.models import Connector
from approdo.processes.records import CONNECTORS

READ_EXPORTS = (Scope.EXPORTS_READ,)


class BatchShown(BaseModel):
    """A batch and how far it has come."""

    id: str
    size: int = Field(description="How many documents it holds.")
    state: Batch.State = Field(description="`not_arrived` and `given_up` are of those that are sent out.")
    claimed_at: datetime
    claimed_by: str
    given: int = Field(description="How often it was given out.")
    given_at: datetime
    confirmed_at: datetime | None
    confirmed_by: str
    given_up_at: datetime | None
    next_attempt_at: datetime | None = Field(description="When it is sent once more by itself.")
    problem: Problem | None = Field(description="Why it did not arrive.")


class AttemptShown(BaseModel):
    """One attempt to send a batch."""

    at: datetime
    run: int
    status: int | None = Field(description="What the receiver answered, where it did.")
    milliseconds: int | None = Field(description="Null where its worker ended before the attempt did.")
    problem: Problem | None
    answer: str = Field(description="The first 500 characters, secrets masked; empty where consumers were sent.")


class DocumentOfBatch(BaseModel):
    """What became of one document of a batch."""

    document: int
    version: int
    change: bool
    state: Delivery.State
    problem: Problem | None = Field(description="Why it was not taken.")


class BatchParameters(PageParameters):
    """Which batches."""

    state: Batch.State | None = Field(None, description="How far they have come.")


class BatchInFull(BatchShown):
    """The same with its documents and, of one that is sent out, the attempts."""

    documents: list[DocumentOfBatch]
    attempts: list[AttemptShown]


router = Router(tags=["Exports"])
confirming = Route("confirm_batch", "Confirm a batch", READ_EXPORTS, BatchShown, problems=(400, 404))


@add_route(router, "POST", "/{path:id}/batches/{str:batch}/confirm", confirming)
def confirm_batch(request: HttpRequest, key: Key, batch: str) -> HttpResponse:
    """Counts its documents as handed over. Once more, nothing happens."""
    connector = exporting(request, key)
    return answer(shown(delivery.confirm(connector.pk, batch, token_of(request).name, timezone.now())))


sending_again = Route("send_batch_again", "Send a batch again", READ_EXPORTS, BatchShown, 202, (400, 404, 409))


@add_route(router, "POST", "/{path:id}/batches/{str:batch}/send-again", sending_again)
def send_batch_again(request: HttpRequest, key: Key, batch: str) -> HttpResponse:
    """Sends one that was given up once more, whole, under the id that it had, as patiently as a new one."""
    return answer(shown(_asked(request, key, batch, handing_over.send_again)), 202)


trying_now = Route("try_batch_now", "Try a batch now", READ_EXPORTS, BatchShown, 202, (400, 404, 409))


@add_route(router, "POST", "/{path:id}/batches/{str:batch}/try-now", trying_now)
def try_batch_now(request: HttpRequest, key: Key, batch: str) -> HttpResponse:
    """Does not wait until a batch that did not arrive is sent once more by itself."""
    return answer(shown(_asked(request, key, batch, handing_over.try_now)), 202)


reading = Route("read_batch", "Read a batch", READ_EXPORTS, BatchInFull, problems=(400, 404))


@add_route(router, "GET", "/{path:id}/batches/{str:batch}", reading)
def read_batch(request: HttpRequest, key: Key, batch: str) -> HttpResponse:
    """How far it has come, and each of its documents. Gives nothing out: `GET /exports/{id}?batch=` does."""
    found = delivery.find(exporting(request, key).pk, batch)
    documents = [_document(one) for one in found.deliveries.order_by("pk")]
    attempts = [_attempt(one) for one in found.attempts.all()]
    return answer({**shown(found), "documents": documents, "attempts": attempts})


listing = Route("list_batches", "List the batches", READ_EXPORTS, list_schema(BatchShown), problems=(400, 404))


@add_route(router, "GET", "/{path:id}/batches", listing)
def list_batches(request: HttpRequest, key: Key, wanted: Query[BatchParameters]) -> HttpResponse:
    """Newest first."""
    batches = Batch.objects.filter(connector=exporting(request, key).pk).defer("content")
    if wanted.state:
        batches = batches.filter(IN_STATE[wanted.state])
    rows, next_cursor = page_by_id(batches, wanted, newest_first=True)
    return list_answer(map(shown, rows), next_cursor)


def exporting(request: HttpRequest, key: str) -> Connector:
    """The connector of this id or name, which hands documents over."""
    connector: Connector = reachable(request, CONNECTORS, key)
    handing_over.work_of(connector)
    return connector


def shown(batch: Batch) -> dict[str, Any]:
    """A batch as it is shown."""
    data = {name: getattr(batch, name) for name in BatchShown.model_fields if name != "problem"}
    return {**data, "id": batch.name, "problem": _problem(batch.error_code, batch.error_params)}


def _asked(request: HttpRequest, key: str, batch: str, do: Callable[[Connector, str, str], Batch]) -> Batch:
    return do(exporting(request, key), batch, token_of(request).name)


def _attempt(one: Attempt) -> dict[str, Any]:
    took = round((one.ended_at - one.at).total_seconds() * 1000) if one.ended_at else None
    about = {name: getattr(one, name) for name in ("at", "run", "status", "answer")}
    return {**about, "milliseconds": took, "problem": _problem(one.error_code, one.error_params)}


def _document(one: Delivery) -> dict[str, Any]:
    about = {name: getattr(one, name) for name in ("version", "change", "state")}
    return {"document": one.document_id, **about, "problem": _problem(one.code, one.params)}


def _problem(code: str, params: dict[str, Any]) -> dict[str, str] | None:
    return {"code": code, **explain(code, params)._asdict()} if code else None
