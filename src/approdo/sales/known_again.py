"""By what a document that came is known again, and whether its content is the same: quick, as most never change."""

import zlib
from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any, NamedTuple

from django.db import connection

from approdo.many import any_of, aware, select
from approdo.sales.models import SaleDocument
from approdo.sales.personal import Kept
from approdo.sales.raw import digest, opened
from approdo.sdk.documents import Batch
from approdo.sdk.documents import SaleDocument as Document
from approdo.sdk.errors import ConfigError, UnreadableDocument


class Stored(NamedTuple):
    """By what a stored document is known again."""

    id: int
    raw_digest: bytes


class Known(NamedTuple):
    """What else is stored of a document, for one that came with other bytes. `newest` is its raw text, as it is kept.

    The digest of its content is empty as long as nothing but the newest raw text was needed to know it again.
    """

    id: int
    version: int
    raw_digest: bytes
    content_digest: bytes
    newest: bytes | None
    sealed: bool
    detailed: bool
    changed_date: datetime | None
    state_changed_date: datetime | None
    asked_at: datetime
    personal: Kept | None = None


KNOWN = """
SELECT d.number, d.id, d.version, d.raw_digest, d.content_digest, v.raw, v.sealed,
    d.detailed, d.changed_date, d.state_changed_date, d.asked_at
FROM sales_saledocument d LEFT JOIN sales_documentversion v ON v.document_id = d.id AND v.number = d.version
"""


def stored(batch: Batch, key: Mapping[str, Any]) -> dict[str, Stored]:
    """Those of the batch that are stored. No more than what knows them again: most of them never change."""
    numbers = [received.number for received in batch.documents if received.number]
    found = select(SaleDocument, ("number", "id", "raw_digest"), key, "number", numbers)
    return {number: Stored(pk, bytes(raw)) for number, pk, raw in found}


def known(documents: Collection[Stored], marks: Mapping[int, Kept]) -> dict[str, Known]:
    """The rest of what is stored of these, by their numbers."""
    if not documents:
        return {}
    condition, given = any_of("d.id", [one.id for one in documents])
    with connection.cursor() as cursor:
        cursor.execute(f"{KNOWN} WHERE {condition}", [given])
        found = cursor.fetchall()
    return {
        number: Known(
            id=pk,
            version=version,
            raw_digest=bytes(raw_digest),
            content_digest=bytes(content),
            newest=newest and bytes(newest),
            sealed=bool(secret),
            detailed=bool(detailed),
            changed_date=changed and aware(changed),
            state_changed_date=state_changed and aware(state_changed),
            asked_at=aware(asked),
            personal=marks.get(pk),
        )
        for number, pk, version, raw_digest, content, newest, secret, detailed, changed, state_changed, asked in found
    }


def shared_digest(before: Known, raw: bytes, document: Document, batch: Batch) -> bytes | None:
    """The digest of a document's content where it is still the same as `before`; none where it changed.

    It is worked out where nothing else tells: what reads differently has changed, and most do.
    """
    known_content = before.content_digest
    if not known_content:
        newest = _newest(before)
        if newest is None or not _reads_the_same(newest, document, batch):
            return None
        known_content = digest(batch.canonical(newest))
    content = digest(batch.canonical(raw))
    return content if content == known_content else None


def _newest(before: Known) -> bytes | None:
    """The raw text of the newest version; none where it cannot be opened, or is not the one that the row is made of.

    The latter where two workers wrote the same version at once: the row is the last one's, the text the first one's.
    """
    try:
        raw = opened(before.newest, before.sealed) if before.newest else b""
    except (ConfigError, zlib.error):
        return None
    return raw if digest(raw) == before.raw_digest else None


def _reads_the_same(raw: bytes, document: Document, batch: Batch) -> bool:
    try:
        return batch.decode(raw) == document
    except UnreadableDocument:
        return False
