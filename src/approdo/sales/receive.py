"""Received documents into rows: each once, in each of its versions, and cheap where nothing changed.

Called inside the transaction that also records which page was read (`exchanges.intake`).
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import NamedTuple

from msgspec import Struct, field
from msgspec.structs import replace

from approdo.sales import personal, rows, status_rows
from approdo.sales.models import DocumentVersion, SaleDocument, SetAside
from approdo.sales.personal import Kept
from approdo.sales.raw import compress, digest, raw_bytes, sealed
from approdo.sdk.documents import Batch, DocumentType, Note, Received, without_personal
from approdo.sdk.documents import SaleDocument as Document
from approdo.sdk.errors import UnreadableDocument


class Origin(NamedTuple):
    """Which node and run the documents come from, and the moment of receiving (UTC)."""

    node: int
    run: int | None
    at: datetime


class Counts(Struct, kw_only=True):
    """What became of the documents of one batch."""

    read: int = 0
    created: int = 0
    updated: int = 0
    unchanged: int = 0
    failed: int = 0
    left_out: int = 0
    notes: list[Note] = field(default_factory=list)


class Known(NamedTuple):
    """What is stored of a document."""

    id: int
    version: int
    raw_digest: bytes
    content_digest: bytes
    detailed: bool
    changed_date: datetime | None
    state_changed_date: datetime | None
    asked_at: datetime
    personal: Kept | None = None


class Incoming(NamedTuple):
    """A decoded document that has to be written, beside what is known of it and of its consumer."""

    document: Document
    raw: bytes
    raw_digest: bytes
    content_digest: bytes
    known: Known | None
    personal: Kept | None


def receive(batch: Batch, origin: Origin, known_only: bool = False) -> Counts:
    """Store what the batch brought and say what became of each document.

    A document that cannot be read is set aside whole; the rest of the batch is stored. Unchanged
    ones are recognised by a digest of their bytes and not decoded. Idempotent. With `known_only`,
    documents that are not stored yet are passed over: nobody asked for them.
    """
    known = _known(batch, origin)
    if known_only:
        batch = replace(batch, documents=[received for received in batch.documents if received.number in known])
    counts, forgotten = Counts(read=len(batch.documents)), _forgotten(batch, known, origin)
    incoming: dict[str, Incoming] = {}
    refreshed: dict[str, tuple[int, bytes, bytes]] = {}
    unreadable: set[str | None] = set()
    for received in batch.documents:
        stored = known.get(received.number or "")
        raw = batch.privacy.redact(received.raw) if batch.privacy and received.number in forgotten else received.raw
        raw_digest = digest(raw)
        if stored and stored.raw_digest == raw_digest:
            counts.unchanged += 1
            continue
        try:
            new = _decoded(batch, raw, raw_digest, stored, received.number in forgotten, origin)
        except UnreadableDocument as error:
            _set_aside(batch, received, raw, origin, error)
            unreadable.add(received.number)
            counts.failed += 1
            counts.notes.append(_unreadable(received.number, error))
            continue
        if stored and _content_of(stored, batch) == new.content_digest:
            refreshed[new.document.number] = (stored.id, raw_digest, new.content_digest)
            counts.unchanged += 1
        elif stored is None and batch.states and new.document.state not in batch.states:
            counts.left_out += 1
        else:
            _choose(incoming, new, batch, counts)
    _write(incoming.values(), batch, origin, counts)
    _refresh(one for number, one in refreshed.items() if number not in incoming)
    _settle(batch, unreadable, origin)
    return counts


def _forgotten(batch: Batch, known: Mapping[str, Known], origin: Origin) -> set[str]:
    """The numbers of those whose consumer is purged: nothing of that is stored again."""
    if batch.privacy is None:
        return set()
    unknown = [received.number for received in batch.documents if received.number and received.number not in known]
    purged = {number for number, one in known.items() if one.personal and one.personal.purged}
    return purged | personal.forgotten(origin.node, batch.program, unknown)


def _decoded(
    batch: Batch, raw: bytes, raw_digest: bytes, stored: Known | None, forgotten: bool, origin: Origin
) -> Incoming:
    """The document in `raw`; one that comes so late that its consumer must not be kept is redacted at once."""
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
    # Of a new document it is worked out when one with other bytes comes: most never change.
    content = digest(batch.canonical(raw)) if stored else b""
    return Incoming(document, raw, raw_digest, content, stored, mark)


def _content_of(stored: Known, batch: Batch) -> bytes:
    """The digest of a stored document's content."""
    if stored.content_digest:
        return stored.content_digest
    newest = DocumentVersion.objects.get(document=stored.id, number=stored.version)
    return digest(batch.canonical(raw_bytes(newest)))


def _known(batch: Batch, origin: Origin) -> dict[str, Known]:
    numbers = [received.number for received in batch.documents if received.number]
    # By number alone, the rest here: asked for all of the key, SQLite reads every document of the node.
    found = SaleDocument.objects.filter(number__in=numbers).values_list(
        "node", "program", "type", "number", "id", "version", "raw_digest", "content_digest", "detailed",
        "changed_date", "state_changed_date", "asked_at",
    )  # fmt: skip
    key = [origin.node, batch.program, DocumentType.ORDER]
    known = {
        number: Known(pk, version, bytes(raw), bytes(content), detailed, changed, state_changed, asked)
        for *kept, number, pk, version, raw, content, detailed, changed, state_changed, asked in found
        if kept == key
    }
    if batch.privacy:
        marks = personal.kept([one.id for one in known.values()])
        return {number: one._replace(personal=marks.get(one.id)) for number, one in known.items()}
    return known


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


def _write(incoming: Iterable[Incoming], batch: Batch, origin: Origin, counts: Counts) -> None:
    chosen = list(incoming)
    if not chosen:
        return
    rows.write_documents([_row(one, batch, origin) for one in chosen])
    ids = {one.document.number: one.known.id for one in chosen if one.known}
    ids |= _ids([one.document.number for one in chosen if one.known is None], batch, origin)
    rows.write_lines([(ids[one.document.number], one.document) for one in chosen])
    rows.write_versions([_version(ids[one.document.number], one) for one in chosen], origin.run, origin.at)
    personal.write(
        ((ids[one.document.number], one.document, one.personal) for one in chosen if one.personal), origin.at
    )
    status_rows.attach(origin.node, batch.program, [one.document.number for one in chosen if one.known is None])
    counts.created += sum(one.known is None for one in chosen)
    counts.updated += sum(one.known is not None for one in chosen)


def _ids(numbers: Sequence[str], batch: Batch, origin: Origin) -> dict[str, int]:
    found = SaleDocument.objects.filter(number__in=numbers).values_list("node", "program", "type", "number", "pk")
    key = [origin.node, batch.program, DocumentType.ORDER]
    return {number: pk for *kept, number, pk in found if kept == key}


def _row(one: Incoming, batch: Batch, origin: Origin) -> rows.DocumentRow:
    return rows.DocumentRow(
        document=without_personal(one.document) if one.personal else one.document,
        version=_number(one),
        raw_digest=one.raw_digest,
        content_digest=one.content_digest,
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


def _set_aside(batch: Batch, received: Received, raw: bytes, origin: Origin, error: UnreadableDocument) -> None:
    same = SetAside.objects.filter(node=origin.node, program=batch.program, digest=digest(received.raw))
    if same.filter(purged_at__isnull=False).update(received_at=origin.at, run=origin.run, stored_at=None):
        return
    number = (received.number or "").replace("\0", "")[:200] or None
    secret = batch.privacy is not None and raw is received.raw
    came = {
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
        defaults=came,
        create_defaults={**came, "purge_at": until},
    )


def _settle(batch: Batch, unreadable: set[str | None], origin: Origin) -> None:
    """What was set aside waits no longer once the same document came readable, if that was asked for later."""
    readable = {received.number for received in batch.documents} - unreadable
    SetAside.objects.filter(
        node_id=origin.node,
        program=batch.program,
        about=SetAside.About.ORDER,
        stored_at=None,
        received_at__lte=batch.asked_at,
        number__in=readable - {None},
    ).update(stored_at=origin.at)


def _unreadable(number: str | None, error: UnreadableDocument) -> Note:
    params = {**error.params, "number": number or "?", "reason_code": error.code}
    return Note(code="unreadable_document", params=params)
