"""Received documents into rows: each once, in each of its versions, and cheap where nothing changed.

Called inside the transaction that also records which page was read (`exchanges.intake`).
"""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, NamedTuple

from django.db import connection
from msgspec import Struct, field
from msgspec.structs import replace

from approdo.many import among, select
from approdo.sales import invoicing, known_again, personal, rows, status_rows
from approdo.sales.known_again import Known, Stored
from approdo.sales.models import SaleDocument, SetAside
from approdo.sales.personal import Kept
from approdo.sales.raw import compress, digest, sealed
from approdo.sdk.documents import Batch, DocumentType, Note, Received, without_personal
from approdo.sdk.documents import SaleDocument as Document
from approdo.sdk.errors import UnreadableDocument


class Origin(NamedTuple):
    """Which node and run the documents come from, and the moment of receiving (UTC)."""

    node: int
    run: int | None
    at: datetime


class Counts(Struct, kw_only=True):
    """What became of the documents of one batch; `written` are the rows of those created or updated."""

    read: int = 0
    created: int = 0
    updated: int = 0
    unchanged: int = 0
    failed: int = 0
    left_out: int = 0
    written: list[int] = field(default_factory=list)
    notes: list[Note] = field(default_factory=list)


class Came(NamedTuple):
    """A document of the batch, its bytes (without its consumer, where purged) and their digest."""

    received: Received
    raw: bytes
    raw_digest: bytes


class Incoming(NamedTuple):
    """A decoded document that has to be written, beside what is known of it and of its consumer."""

    document: Document
    raw: bytes
    raw_digest: bytes
    known: Known | None
    personal: Kept | None


Recode = Callable[[Sequence[Document], Sequence[int]], Sequence[Sequence[rows.OwnLine]] | None]
"""Given the documents that are being written, without their consumers, and the rows of those that were known:
what is ours in each line of each of them, or none to leave that as it is.
"""


def _as_it_is(_documents: Sequence[Document], _known: Sequence[int]) -> None:
    return None


def receive(batch: Batch, origin: Origin, known_only: bool = False, recode: Recode = _as_it_is) -> Counts:
    """Store what the batch brought and say what became of each document.

    A document that cannot be read is set aside whole; the rest of the batch is stored. Unchanged
    ones are recognised by a digest of their bytes and not decoded. Idempotent. With `known_only`,
    documents that are not stored yet are passed over: nobody asked for them. `recode` is asked once the
    documents are written, and so locked, and before their lines are.
    """
    stored = known_again.stored(batch, _key(batch, origin))
    if known_only:
        batch = replace(batch, documents=[received for received in batch.documents if received.number in stored])
    marks = personal.kept([one.id for one in stored.values()]) if batch.privacy else {}
    forgotten = _forgotten(batch, stored, marks, origin)
    different = _different(batch, stored, forgotten)
    numbers = {came.received.number for came in different}
    known = known_again.known([one for number, one in stored.items() if number in numbers], marks)
    counts = Counts(read=len(batch.documents), unchanged=len(batch.documents) - len(different))
    incoming: dict[str, Incoming] = {}
    refreshed: dict[str, tuple[int, bytes, bytes]] = {}
    unreadable: set[str | None] = set()
    for came in different:
        number = came.received.number
        before = known.get(number or "")
        try:
            new = _decoded(batch, came, before, number in forgotten, origin)
        except UnreadableDocument as error:
            _set_aside(batch, came, origin, error)
            unreadable.add(number)
            counts.failed += 1
            counts.notes.append(_unreadable(number, error))
            continue
        if before and (content := known_again.shared_digest(before, new.raw, new.document, batch)):
            refreshed[new.document.number] = (before.id, new.raw_digest, content)
            counts.unchanged += 1
        elif before is None and batch.states and new.document.state not in batch.states:
            counts.left_out += 1
        else:
            _choose(incoming, new, batch, counts)
    _write(list(incoming.values()), batch, origin, counts, recode)
    _refresh(one for number, one in refreshed.items() if number not in incoming)
    _settle(batch, unreadable, origin)
    return counts


def _key(batch: Batch, origin: Origin) -> dict[str, Any]:
    """The rest of the key. By number alone PostgreSQL reads the whole table until it has statistics of it."""
    return {"node_id": origin.node, "program": batch.program, "type": str(DocumentType.ORDER)}


def _different(batch: Batch, stored: Mapping[str, Stored], forgotten: Collection[str]) -> list[Came]:
    """Those of the batch whose bytes are not the stored ones."""
    different = []
    for received in batch.documents:
        raw = batch.privacy.redact(received.raw) if batch.privacy and received.number in forgotten else received.raw
        raw_digest = digest(raw)
        before = stored.get(received.number or "")
        if before is None or before.raw_digest != raw_digest:
            different.append(Came(received, raw, raw_digest))
    return different


def _forgotten(batch: Batch, stored: Mapping[str, Stored], marks: Mapping[int, Kept], origin: Origin) -> set[str]:
    """The numbers of those whose consumer is purged: nothing of that is stored again."""
    if batch.privacy is None:
        return set()
    unknown = [received.number for received in batch.documents if received.number and received.number not in stored]
    purged = {number for number, one in stored.items() if one.id in marks and marks[one.id].purged}
    return purged | personal.forgotten(origin.node, batch.program, unknown)


def _decoded(batch: Batch, came: Came, stored: Known | None, forgotten: bool, origin: Origin) -> Incoming:
    """The document that came; where so late that its consumer must not be kept, it is redacted at once."""
    _, raw, raw_digest = came
    document = batch.decode(raw)
    rows.check(document)
    mark = None
    if batch.privacy:
        mark = personal.due(document, batch.privacy, origin.at, stored.personal if stored else None)
        if stored is None:
            mark = mark._replace(purged=forgotten or mark.purge_at <= origin.at)
        if mark.purged:
            raw = batch.privacy.redact(raw)
            document, raw_digest = batch.decode(raw), digest(raw)
    return Incoming(document, raw, raw_digest, stored, mark)


def _choose(incoming: dict[str, Incoming], new: Incoming, batch: Batch, counts: Counts) -> None:
    """Keep the newer of the page's own and the stored: an older one that arrives late replaces nothing."""
    number = new.document.number
    twin = incoming.get(number)
    if twin is not None and (twin.document == new.document or _age(twin.document) > _age(new.document)):
        counts.unchanged += 1
    elif new.known is not None and _is_older(new.document, new.known, batch):
        counts.unchanged += 1
        counts.notes.append(Note(code="older_version", params={"number": number}))
    else:
        counts.unchanged += twin is not None
        incoming[number] = new


def _is_older(document: Document, known: Known, batch: Batch) -> bool:
    if known.detailed and not document.detailed:
        return True
    return (_age(document), batch.asked_at) < (_age(known), known.asked_at)


def _age(document: Document | Known) -> datetime:
    """The latest change that it bears. Amazon leaves out either date, or moves only one of them."""
    return max(filter(None, (document.changed_date, document.state_changed_date)), default=_NEVER)


_NEVER = datetime.min.replace(tzinfo=UTC)


def _write(chosen: Sequence[Incoming], batch: Batch, origin: Origin, counts: Counts, recode: Recode) -> None:
    if not chosen:
        return
    documents = [without_personal(one.document) if one.personal else one.document for one in chosen]
    rows.write_documents([_row(*both, batch, origin) for both in zip(chosen, documents, strict=True)])
    ids = {one.document.number: one.known.id for one in chosen if one.known}
    changed = list(ids.values())
    new = [one.document.number for one in chosen if one.known is None]
    if new:
        ids |= dict(select(SaleDocument, ("number", "id"), _key(batch, origin), "number", new))
    own = recode(documents, changed)
    rows.write_lines([(ids[document.number], document) for document in documents], changed, own)
    rows.write_versions([_version(ids[one.document.number], one) for one in chosen], origin.run, origin.at)
    personal.write(
        ((ids[one.document.number], one.document, one.personal) for one in chosen if one.personal), origin.at
    )
    status_rows.attach(origin.node, batch.program, new)
    if changed:
        invoicing.refresh(changed)
    counts.written += ids.values()
    counts.created += sum(one.known is None for one in chosen)
    counts.updated += sum(one.known is not None for one in chosen)


def _row(one: Incoming, document: Document, batch: Batch, origin: Origin) -> rows.DocumentRow:
    return rows.DocumentRow(
        document=document,
        version=_number(one),
        raw_digest=one.raw_digest,
        content_digest=b"",  # worked out from the raw text when it is needed: most never change
        asked_at=batch.asked_at,
        node=origin.node,
        run=origin.run,
        at=origin.at,
    )


def _version(document: int, one: Incoming) -> rows.VersionRow:
    secret = one.personal is not None and not one.personal.purged
    return rows.VersionRow(document, _number(one), sealed(one.raw) if secret else compress(one.raw), secret)


def _number(one: Incoming) -> int:
    return one.known.version + 1 if one.known else 1


def _refresh(refreshed: Iterable[tuple[int, bytes, bytes]]) -> None:
    """The bytes differ, the content does not: remember the digests and nothing else."""
    for pk, raw_digest, content_digest in refreshed:
        SaleDocument.objects.filter(pk=pk).update(raw_digest=raw_digest, content_digest=content_digest)


def _set_aside(batch: Batch, came: Came, origin: Origin, error: UnreadableDocument) -> None:
    received, raw, _ = came
    same = SetAside.objects.filter(node=origin.node, program=batch.program, digest=digest(received.raw))
    if same.filter(purged_at__isnull=False).update(received_at=origin.at, run=origin.run, stored_at=None):
        return
    number = (received.number or "").replace("\0", "")[:200] or None
    secret = batch.privacy is not None and raw is received.raw
    values = {
        "number": number,
        "raw": sealed(raw) if secret else compress(raw),
        "sealed": secret,
        "code": error.code,
        "params": error.params,
        "run": origin.run,
        "received_at": origin.at,
        "stored_at": None,
    }
    until = personal.set_aside_until(origin.node, batch.program, number, origin.at) if secret else None
    SetAside.objects.update_or_create(
        node_id=origin.node,
        program=batch.program,
        digest=digest(received.raw),
        defaults=values,
        create_defaults={**values, "purge_at": until},
    )


def _settle(batch: Batch, unreadable: set[str | None], origin: Origin) -> None:
    """What was set aside waits no longer once the same document came readable, if that was asked for later."""
    if not _something_waits(origin.node):
        return
    readable = {received.number for received in batch.documents if received.number} - unreadable
    SetAside.objects.filter(
        among("number", readable),
        node_id=origin.node,
        program=batch.program,
        about=SetAside.About.ORDER,
        stored_at=None,
        received_at__lte=batch.asked_at,
    ).update(stored_at=origin.at)


def _something_waits(node: int) -> bool:
    """Whether anything of the node is set aside. Mostly nothing is, and the statement after this one costs more."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1 FROM sales_setaside WHERE node_id = %s AND stored_at IS NULL LIMIT 1", [node])
        return cursor.fetchone() is not None


def _unreadable(number: str | None, error: UnreadableDocument) -> Note:
    params = {**error.params, "number": number or "?", "reason_code": error.code}
    return Note(code="unreadable_document", params=params)
