"""Received documents into rows: each once, in each of its versions, and cheap where nothing changed.

Called inside the transaction that also records which page was read (`exchanges.intake`).
"""

import zlib
from collections.abc import Iterable
from datetime import UTC, datetime
from hashlib import blake2b
from typing import NamedTuple

from msgspec import Struct, field
from msgspec.structs import replace

from approdo.sales import rows, status_rows
from approdo.sales.models import DocumentVersion, SaleDocument, SetAside, StatusVersion
from approdo.sdk.documents import Batch, DocumentType, Note
from approdo.sdk.documents import SaleDocument as Document
from approdo.sdk.errors import UnreadableDocument

COMPRESSION = 1  # measured: higher levels save little on orders of a few kilobytes


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


class Incoming(NamedTuple):
    """A decoded document that has to be written, beside what is known of it."""

    document: Document
    raw: bytes
    raw_digest: bytes
    content_digest: bytes
    known: Known | None


def receive(batch: Batch, origin: Origin, known_only: bool = False) -> Counts:
    """Store what the batch brought and say what became of each document.

    A document that cannot be read is set aside whole; the rest of the batch is stored. Unchanged
    ones are recognised by a digest of their bytes and not decoded. Idempotent. With `known_only`,
    documents that are not stored yet are passed over: nobody asked for them.
    """
    known = _known(batch, origin)
    if known_only:
        batch = replace(batch, documents=[received for received in batch.documents if received.number in known])
    counts = Counts(read=len(batch.documents))
    incoming: dict[str, Incoming] = {}
    refreshed: list[tuple[int, bytes]] = []
    unreadable: set[str | None] = set()
    for received in batch.documents:
        raw_digest = digest(received.raw)
        stored = known.get(received.number or "")
        if stored and stored.raw_digest == raw_digest:
            counts.unchanged += 1
            continue
        try:
            document = batch.decode(received.raw)
            rows.check(document)
        except UnreadableDocument as error:
            _set_aside(batch, received.number, received.raw, raw_digest, origin, error)
            unreadable.add(received.number)
            counts.failed += 1
            counts.notes.append(_unreadable(received.number, error))
            continue
        content = digest(batch.canonical(received.raw))
        if stored and stored.content_digest == content:
            refreshed.append((stored.id, raw_digest))
            counts.unchanged += 1
        elif stored is None and batch.states and document.state not in batch.states:
            counts.left_out += 1
        else:
            _choose(incoming, Incoming(document, received.raw, raw_digest, content, stored), batch, counts)
    _write(incoming.values(), batch, origin, counts)
    _refresh(refreshed)
    _settle(batch, unreadable, origin)
    return counts


def digest(data: bytes) -> bytes:
    """A 16-byte fingerprint (BLAKE2b, RFC 7693)."""
    return blake2b(data, digest_size=16).digest()


def _known(batch: Batch, origin: Origin) -> dict[str, Known]:
    numbers = [received.number for received in batch.documents if received.number]
    found = SaleDocument.objects.filter(
        node_id=origin.node, program=batch.program, type=DocumentType.ORDER, number__in=numbers
    ).values_list(
        "number", "id", "version", "raw_digest", "content_digest", "detailed",
        "changed_date", "state_changed_date", "asked_at",
    )  # fmt: skip
    return {
        number: Known(pk, version, bytes(raw), bytes(content), detailed, changed, state_changed, asked)
        for number, pk, version, raw, content, detailed, changed, state_changed, asked in found
    }


def _choose(incoming: dict[str, Incoming], new: Incoming, batch: Batch, counts: Counts) -> None:
    """Keep the newer of the page's own and the stored: an older one that arrives late replaces nothing."""
    number = new.document.number
    twin = incoming.get(number)
    if twin is not None and (twin.content_digest == new.content_digest or _age(twin.document) > _age(new.document)):
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
    rows.write_documents(
        [
            rows.DocumentRow(
                document=one.document,
                version=one.known.version + 1 if one.known else 1,
                raw_digest=one.raw_digest,
                content_digest=one.content_digest,
                asked_at=batch.asked_at,
                node=origin.node,
                run=origin.run,
                at=origin.at,
            )
            for one in chosen
        ]
    )
    ids = {number: stored.id for number, stored in _known(batch, origin).items()}
    rows.write_lines([(ids[one.document.number], one.document) for one in chosen])
    rows.write_versions(
        [(ids[one.document.number], one.known.version + 1 if one.known else 1, compress(one.raw)) for one in chosen],
        origin.run,
        origin.at,
    )
    status_rows.attach(origin.node, batch.program, [one.document.number for one in chosen if one.known is None])
    counts.created += sum(one.known is None for one in chosen)
    counts.updated += sum(one.known is not None for one in chosen)


def _refresh(refreshed: list[tuple[int, bytes]]) -> None:
    """The bytes differ, the content does not: remember the new bytes' digest and nothing else."""
    for pk, raw_digest in refreshed:
        SaleDocument.objects.filter(pk=pk).update(raw_digest=raw_digest)


def _set_aside(
    batch: Batch, number: str | None, raw: bytes, raw_digest: bytes, origin: Origin, error: UnreadableDocument
) -> None:
    SetAside.objects.update_or_create(
        node_id=origin.node,
        program=batch.program,
        digest=raw_digest,
        defaults={
            "number": (number or "").replace("\0", "")[:200] or None,
            "raw": compress(raw),
            "code": error.code,
            "params": error.params,
            "run": origin.run,
            "received_at": origin.at,
            "stored_at": None,
        },
    )


def _settle(batch: Batch, unreadable: set[str | None], origin: Origin) -> None:
    """What was set aside waits no longer once the same document came readable."""
    readable = {received.number for received in batch.documents} - unreadable
    SetAside.objects.filter(
        node_id=origin.node,
        program=batch.program,
        about=SetAside.About.ORDER,
        stored_at=None,
        number__in=readable - {None},
    ).update(stored_at=origin.at)


def _unreadable(number: str | None, error: UnreadableDocument) -> Note:
    params = {**error.params, "number": number or "?", "reason_code": error.code}
    return Note(code="unreadable_document", params=params)


def compress(raw: bytes) -> bytes:
    """Raw text as it is stored: a page's orders are most of the database."""
    return zlib.compress(raw, COMPRESSION)


def raw_bytes(version: DocumentVersion | StatusVersion | SetAside) -> bytes:
    """The raw bytes of a version, exactly as they came."""
    return zlib.decompress(bytes(version.raw))


def raw_text(version: DocumentVersion | StatusVersion | SetAside) -> str:
    """The same as text."""
    return raw_bytes(version).decode("utf-8", "replace")
