"""Connectors that hand documents over: what each wants, what waits for it, what it got."""

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils import timezone
from msgspec.structs import replace

from approdo.connectors import NODE_TYPES, connector_type
from approdo.exchanges import delivery, due, pushing
from approdo.exchanges.delivery import Asked
from approdo.exchanges.formats import FORMATS
from approdo.exchanges.formats import Batch as Named
from approdo.exchanges.formats.days import day, zone_of
from approdo.exchanges.intake import keep_notes, keep_requests
from approdo.exchanges.models import Attempt, Batch, Delivery, Receipt, batch_name
from approdo.nodes.models import Node
from approdo.nodes.sentences import explain
from approdo.nodes.time_ranges import zone_of as zone_of_node
from approdo.processes import runs
from approdo.processes.models import Connector, Run
from approdo.processes.planning import context
from approdo.redaction import redacted
from approdo.sales import queries
from approdo.sales.models import SaleDocument
from approdo.sales.personal import Reader
from approdo.sdk.connector import Context, RequestMade
from approdo.sdk.documents import Note
from approdo.sdk.errors import ApprodoError, ConfigError, RefusedError, TransientError
from approdo.sdk.exports import Export, Handed, Parcel, Refusal

Send = Callable[[Context, Parcel], Handed]

EXPORTING = tuple(
    declared.name
    for node_type in NODE_TYPES
    for declared in node_type.connector_types
    if isinstance(declared.work, Export)
)
"""The connector types that hand documents over."""

MOST_GIVEN_UP = 3
"""So many batches given up in one run, and the rest waits: then it is hardly the documents' fault."""

MOST_COUNTED = 10_000
"""So many waiting documents are counted."""

MOST_NOTES = 100
"""Refused documents that a run names; the ledger holds them all."""


def work_of(connector: Connector) -> Export:
    """How the connector hands documents over. Raises `ConfigError("not_an_export")` for one that does not."""
    work = connector_type(connector.type).work
    if not isinstance(work, Export):
        raise ConfigError("not_an_export", name=connector.name)
    return work


def asked(connector: Connector, by: str, at: datetime) -> Asked:
    """A call of `by` for the connector's documents."""
    return Asked(connector.pk, work_of(connector).wanted(connector.options), by, at)


def waiting(connector: Connector, at: datetime) -> int:
    """How many documents a call would find; of more than `MOST_COUNTED` that many."""
    return due.waiting(connector.pk, work_of(connector).wanted(connector.options), at)[:MOST_COUNTED].count()


def formats_of(connector: Connector) -> list[str]:
    """In which formats the connector's type offers to hand documents over."""
    options = connector_type(connector.type).options
    return next((option.offered({}) for option in options if option.name == "format"), [])


def format_options(connector: Connector) -> dict[str, Any]:
    """What a format is told: the connector's options, and in which zones days are cut."""
    zones = {node.name: zone_of_node(node).key for node in Node.objects.all()}
    return {**connector.options, "time_zone": settings.TIME_ZONE, "time_zones": zones}


def step(run: Run) -> bool:
    """Send one batch for a run; true while there may be more.

    Raises an `ApprodoError` where nothing can be sent now: the batch is kept and tried again.
    """
    connector = run.connector
    if connector is None or not run.live:
        return False
    work, now = work_of(connector), timezone.now()
    if work.send is None:
        return False  # the outside system calls for its documents
    batch = pushing.on_its_way(connector.pk)
    if batch and batch.next_attempt_at and now < batch.next_attempt_at <= now + pushing.LONGEST_WAIT:
        raise TransientError(batch.error_code, **batch.error_params)
    batch = batch or delivery.claim(asked(connector, connector.name, now), work.most(connector.options))
    if batch is None:
        return False
    _hand_over(work.send, connector, pushing.begin(batch, run.pk, now))
    return True


def _hand_over(send: Send, connector: Connector, attempt: Attempt) -> None:
    """Make an attempt and write down what it means for its batch. Raises what ends the run."""
    batch, run = attempt.batch, attempt.run
    try:
        handed = _tried(send, connector, attempt)
    except RefusedError as error:
        pushing.give_up(batch, error, timezone.now())
        keep_notes(run, [_given_up(batch, error)], timezone.now())
        if pushing.given_up_by(run) >= MOST_GIVEN_UP:
            raise
    except TransientError as error:
        if pushing.postpone(batch, error, timezone.now()):
            raise
        keep_notes(run, [_given_up(batch, error)], timezone.now())
    except ApprodoError as error:
        pushing.hold(batch, error)
        raise
    else:
        handed = _fit_to_keep(handed, consumers=bool(connector.options.get("personal_data")))
        pushing.settle(batch, handed, connector.name, timezone.now())
        notes = [Note(code=one.code, params=one.params) for one in handed.refused.values()]
        keep_notes(run, notes[:MOST_NOTES], timezone.now())


def _fit_to_keep(handed: Handed, *, consumers: bool) -> Handed:
    """What a receiver says of a document may repeat a secret, or the consumer whom it was sent: neither is kept."""

    def kept(refusal: Refusal) -> Refusal:
        words = refusal.params.get("said")
        if words is None:
            return refusal
        return replace(refusal, params={**refusal.params, "said": "–" if consumers else redacted(str(words))})

    return replace(handed, refused={document: kept(refusal) for document, refusal in handed.refused.items()})


def _tried(send: Send, connector: Connector, attempt: Attempt) -> Handed:
    """Send the batch once. However that ends, what was asked and answered is written down."""
    made: list[RequestMade] = []
    error: ApprodoError | None = None
    try:
        return _handed(send, context(connector, made), *_parcel(connector, attempt.batch))
    except ApprodoError as failure:
        error = failure
        raise
    except Exception as failure:
        error = ApprodoError("internal", reason=type(failure).__name__)
        pushing.hold(attempt.batch, error)
        raise
    finally:
        keep_requests(attempt.run, made)
        _end(attempt, error, connector, made[-1] if made else None)


def _end(attempt: Attempt, error: ApprodoError | None, connector: Connector, made: RequestMade | None) -> None:
    # A receiver may answer with what it was sent: what names a consumer is not kept here.
    answer = made.answer if made and not connector.options.get("personal_data") else ""
    pushing.end(attempt, error, timezone.now(), made.status if made else None, redacted(answer))


def _given_up(batch: Batch, error: ApprodoError) -> Note:
    params = {**error.params, "batch": batch.name, "many": batch.size, "reason_code": error.code}
    return Note(code="batch_given_up", params=params)


def _handed(send: Send, context: Context, parcel: Parcel, unfit: Mapping[int, Refusal]) -> Handed:
    """What became of the parcel, and of what its format cannot hold: that was not sent."""
    handed = send(context, parcel) if parcel.documents else Handed()
    return replace(handed, refused={**unfit, **handed.refused})


def _parcel(connector: Connector, batch: Batch) -> tuple[Parcel, dict[int, Refusal]]:
    """What is sent, and what cannot be because the format does not hold it."""
    options = format_options(connector)
    chosen = FORMATS[options.get("format", "json")]
    reader = Reader(f"{connector.name} (connector)", "export", timezone.now()) if options.get("personal_data") else None
    content = delivery.content(batch, reader)
    landed = pushing.landed(batch)
    unfit = {one["id"]: why for one in content if one["id"] not in landed and (why := chosen.unfit(one, options))}
    documents = [one for one in content if one["id"] not in unfit]
    named = Named(id=batch.name, connector=connector.name, at=batch.claimed_at)
    parcel = Parcel(
        id=batch.name,
        connector=connector.name,
        claimed_at=batch.claimed_at,
        attempt=batch.given,
        documents=documents,
        written=lambda: chosen.write(documents, options, batch=named),
        write=lambda some, part: chosen.write(some, options, batch=named._replace(part=part)),
        time_zone=options["time_zone"],
        media_type=chosen.media_type(options),
        suffix=chosen.suffix,
        day=lambda document, moment: day(moment, zone_of(document, options)),
        landed=landed,
        note_landed=lambda some, where: pushing.land(batch, some, where, timezone.now()),
    )
    return parcel, unfit


def try_again(now: datetime) -> None:
    """Ask for a run of every connector whose batch is to be tried again by now."""
    active = Connector.objects.filter(type__in=EXPORTING, active=True).select_related("node")
    waiting = pushing.due([connector.pk for connector in active], now)
    for connector in active:
        if connector.pk in waiting:
            runs.request_run(connector)


def left(run: Run) -> dict[str, int]:
    """What the counts of a run say besides: how many documents are still to be handed over."""
    connector = run.connector
    if connector is None or not work_of(connector).once(connector.options):
        return {}
    return {"waiting": waiting(connector, timezone.now())}


def send_again(connector: Connector, name: str, by: str) -> Batch:
    """Have a batch that was given up sent once more, now. Raises `ConfigError`."""
    with transaction.atomic():
        batch = pushing.send_again(connector.pk, name, timezone.now())
        runs.request_run(connector, by)
    return batch


def try_now(connector: Connector, name: str, by: str) -> Batch:
    """Have a batch that did not arrive tried now, instead of later. Raises `ConfigError`."""
    with transaction.atomic():
        batch = pushing.try_now(connector.pk, name, timezone.now())
        runs.request_run(connector, by)
    return batch


def whole(rows: Sequence[SaleDocument], reader: Reader | None = None) -> list[dict[str, Any]]:
    """Documents as `queries.whole` gives them, with what was handed over to which connector."""
    documents = queries.whole(rows, reader)
    exports = exports_of([row.pk for row in rows])
    for document in documents:
        document["exports"] = exports.get(document["id"], [])
    return documents


def exports_of(documents: Collection[int]) -> dict[int, list[dict[str, Any]]]:
    """What was handed over of these documents, by document, oldest first. A connector that is gone has no name."""
    names: Mapping[int, str] = dict(Connector.objects.filter(type__in=EXPORTING).values_list("pk", "name"))
    receipts = {
        (document, connector): number
        for document, connector, number in Receipt.objects.filter(document__in=documents).values_list(
            "document", "connector", "number"
        )
    }
    found: dict[int, list[dict[str, Any]]] = {}
    columns = ("document", "connector", "version", "change", "state", "at", "batch", "batch__tag", "where", "code")
    given = Delivery.objects.filter(document__in=documents).order_by("pk").values_list(*columns, "params")
    for document, connector, version, change, state, at, batch, tag, where, code, params in given:
        found.setdefault(document, []).append(
            {
                "connector": names.get(connector),
                "version": version,
                "change": change,
                "state": state,
                "at": at.isoformat().replace("+00:00", "Z"),
                "batch": batch_name(batch, tag),
                "receipt": receipts.get((document, connector)),
                "where": where or None,
                "problem": {"code": code, **explain(code, params)._asdict()} if code else None,
            }
        )
    return found
