"""Received statuses into rows: each different one is kept, the newest stands beside its order.

Called inside the transaction that also records which page was read (`exchanges.intake`). A status
whose order is not stored is kept as well and found by the order when it comes.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import NamedTuple

from approdo.sales import status_rows
from approdo.sales.models import DocumentStatus, SetAside
from approdo.sales.raw import compress, digest
from approdo.sales.receive import Counts, Origin
from approdo.sdk.documents import Note, Received
from approdo.sdk.errors import UnreadableDocument
from approdo.sdk.statuses import OrderStatus, StatusBatch


class Known(NamedTuple):
    """What is stored of a status."""

    id: int
    version: int
    raw_digest: bytes
    content_digest: bytes
    last_updated_date: datetime | None
    asked_at: datetime


class Incoming(NamedTuple):
    """A decoded status that has to be written, beside what is known of it."""

    status: OrderStatus
    raw: bytes
    raw_digest: bytes
    content_digest: bytes
    known: Known | None


def receive_statuses(batch: StatusBatch, origin: Origin) -> Counts:
    """Store what the batch brought and say what became of each status; counts are of statuses, not of orders.

    Unchanged ones are recognised by a digest of their bytes and not decoded. One that cannot be read
    is set aside whole, the rest is stored. Idempotent.
    """
    counts = Counts(read=len(batch.statuses))
    known = _known(batch, origin)
    incoming: dict[str, Incoming] = {}
    unreadable: set[str | None] = set()
    for received in batch.statuses:
        stored = known.get(received.number or "")
        raw_digest = digest(received.raw)
        if stored and stored.raw_digest == raw_digest:
            counts.unchanged += 1
            continue
        try:
            status = batch.decode(received.raw)
            status_rows.check(status)
        except UnreadableDocument as error:
            _set_aside(batch, received, raw_digest, origin, error)
            unreadable.add(received.number)
            counts.failed += 1
            params = {**error.params, "number": received.number or "?", "reason_code": error.code}
            counts.notes.append(Note(code="unreadable_status", params=params))
            continue
        content = digest(batch.canonical(received.raw))
        if stored and stored.content_digest == content:
            DocumentStatus.objects.filter(pk=stored.id).update(raw_digest=raw_digest)
            counts.unchanged += 1
        else:
            _choose(incoming, Incoming(status, received.raw, raw_digest, content, stored), batch, counts)
    _write(incoming.values(), batch, origin, counts)
    _settle(batch, unreadable, origin)
    return counts


def _known(batch: StatusBatch, origin: Origin) -> dict[str, Known]:
    numbers = [received.number for received in batch.statuses if received.number]
    # By number alone, the rest here: asked for all of the key, SQLite reads every status of the node.
    found = DocumentStatus.objects.filter(number__in=numbers).values_list(
        "node", "program", "number", "id", "version", "raw_digest", "content_digest", "last_updated_date", "asked_at"
    )
    return {
        number: Known(pk, version, bytes(raw), bytes(content), updated, asked)
        for *kept, number, pk, version, raw, content, updated, asked in found
        if kept == [origin.node, batch.program]
    }


def _choose(incoming: dict[str, Incoming], new: Incoming, batch: StatusBatch, counts: Counts) -> None:
    """Keep the newer of the page's own and the stored: an older one that arrives late replaces nothing."""
    number = new.status.number
    twin = incoming.get(number)
    if twin is not None and (twin.content_digest == new.content_digest or _is_older(new.status, twin.status, False)):
        counts.unchanged += 1
    elif new.known is not None and _is_older(new.status, new.known, batch.asked_at < new.known.asked_at):
        counts.unchanged += 1
        counts.notes.append(Note(code="older_status", params={"number": number}))
    else:
        counts.unchanged += twin is not None
        incoming[number] = new


def _is_older(new: OrderStatus, than: OrderStatus | Known, asked_earlier: bool) -> bool:
    """By Amazon's date of the last update; where that is equal or absent, by when it was asked for.

    No other date counts: a receipt that is taken back would otherwise look older than the mistake.
    """
    ours, theirs = new.last_updated_date, than.last_updated_date
    return asked_earlier if ours is None or theirs is None or ours == theirs else ours < theirs


def _write(incoming: Iterable[Incoming], batch: StatusBatch, origin: Origin, counts: Counts) -> None:
    chosen = list(incoming)
    if not chosen:
        return
    status_rows.write_statuses(
        [
            status_rows.StatusRow(
                status=one.status,
                version=_version(one),
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
    status_rows.write_lines([(ids[one.status.number], one.status) for one in chosen])
    versions = [(ids[one.status.number], _version(one), compress(one.raw)) for one in chosen]
    status_rows.write_versions(versions, origin.run, origin.at)
    status_rows.attach(origin.node, batch.program, [one.status.number for one in chosen])
    counts.created += sum(one.known is None for one in chosen)
    counts.updated += sum(one.known is not None for one in chosen)


def _version(one: Incoming) -> int:
    return one.known.version + 1 if one.known else 1


def _set_aside(
    batch: StatusBatch, received: Received, raw_digest: bytes, origin: Origin, error: UnreadableDocument
) -> None:
    SetAside.objects.update_or_create(
        node_id=origin.node,
        program=batch.program,
        digest=raw_digest,
        defaults={
            "about": SetAside.About.STATUS,
            "number": (received.number or "").replace("\0", "")[:200] or None,
            "raw": compress(received.raw),
            "code": error.code,
            "params": error.params,
            "run": origin.run,
            "received_at": origin.at,
            "stored_at": None,
        },
    )


def _settle(batch: StatusBatch, unreadable: set[str | None], origin: Origin) -> None:
    """What was set aside waits no longer once the status of the same order came readable."""
    readable = {received.number for received in batch.statuses} - unreadable
    SetAside.objects.filter(
        node_id=origin.node,
        program=batch.program,
        about=SetAside.About.STATUS,
        stored_at=None,
        received_at__lte=batch.asked_at,
        number__in=readable - {None},
    ).update(stored_at=origin.at)
