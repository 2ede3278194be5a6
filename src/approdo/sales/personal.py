"""What documents say of consumers: sealed apart, shown to few, each look written down, forgotten in time.

Amazon's data protection policy lets personal data be kept for 30 days after delivery (reference 12).
When that was is not known; what is known here is when an order was first seen shipped or cancelled.
"""

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

import msgspec
from django.db import transaction

from approdo.nodes import secrets
from approdo.sales.bulk import upsert
from approdo.sales.models import DocumentVersion, PersonalData, PersonalDataLook, SaleDocument, SetAside
from approdo.sales.raw import compress, digest, raw_bytes
from approdo.sdk.documents import Batch, Personal, Privacy, personal_of
from approdo.sdk.documents import SaleDocument as Document

_PERSONAL = msgspec.json.Decoder(Personal)

KEPT_AFTER_END = timedelta(days=30)
KEPT_AFTER_PROMISE = timedelta(days=60)
"""Counted from the promised delivery, else the day it had to be shipped, else what is known of its beginning."""

COLUMNS = ("document_id", "sealed", "ended_at", "purge_at", "purged_at")


class Reader(NamedTuple):
    """Who sees consumers' data, where (for example `API`), and when."""

    who: str
    where: str
    at: datetime


class Kept(NamedTuple):
    """What is written down about a document's personal data."""

    ended_at: datetime | None
    purge_at: datetime
    purged: bool


def kept(documents: Collection[int]) -> dict[int, Kept]:
    """What is known of these documents' personal data, which nobody purges until the transaction ends."""
    rows = PersonalData.objects.select_for_update().filter(pk__in=documents).order_by("pk")
    found = rows.values_list("pk", "ended_at", "purge_at", "purged_at")
    return {pk: Kept(ended_at, purge_at, purged_at is not None) for pk, ended_at, purge_at, purged_at in found}


def due(document: Document, privacy: Privacy, at: datetime, before: Kept | None) -> Kept:
    """When the personal data of a document received at `at` have to go; `before` is what was known of it."""
    ended_at = before.ended_at if before else None
    if ended_at is None and document.state in privacy.ended:
        ended_at = at
    promised = document.promised_delivery_date or document.required_ship_date or (None if before else document.date)
    purge_at = promised + KEPT_AFTER_PROMISE if promised else (before.purge_at if before else at + KEPT_AFTER_PROMISE)
    if ended_at is not None:
        purge_at = min(purge_at, ended_at + KEPT_AFTER_END)
    return Kept(ended_at, purge_at, purged=bool(before and before.purged))


def write(documents: Iterable[tuple[int, Document, Kept]], at: datetime) -> None:
    """Keep what documents (by their row) say of consumers; of a purged one nothing but that it is purged."""
    rows = [
        (pk, b"", mark.ended_at, mark.purge_at, at)
        if mark.purged
        else (pk, secrets.seal(msgspec.json.encode(personal_of(document))), mark.ended_at, mark.purge_at, None)
        for pk, document, mark in documents
    ]
    upsert(PersonalData, COLUMNS, rows, ("document_id",), ("sealed", "ended_at", "purge_at"))


def purged(documents: Sequence[SaleDocument]) -> dict[int, bool]:
    """Those of the documents that are about consumers, by row: whether these are purged."""
    rows = PersonalData.objects.filter(pk__in=[document.pk for document in documents])
    return {pk: purged_at is not None for pk, purged_at in rows.values_list("pk", "purged_at")}


def reveal(documents: Sequence[SaleDocument], reader: Reader) -> dict[int, Personal]:
    """What these documents say of consumers, by row; that it was seen is written down.

    Purged ones, and those that are not about consumers, are absent.
    """
    rows = PersonalData.objects.filter(pk__in=[document.pk for document in documents], purged_at=None)
    found = {one.pk: _PERSONAL.decode(secrets.unseal(bytes(one.sealed))) for one in rows}
    note_looks([document for document in documents if document.pk in found], reader)
    return found


def note_looks(documents: Iterable[SaleDocument | SetAside], reader: Reader) -> None:
    """Write down that somebody saw who the consumers in these documents are."""
    PersonalDataLook.objects.bulk_create(
        PersonalDataLook(
            document=document if isinstance(document, SaleDocument) else None,
            number=document.number or "?",
            who=reader.who[:200],
            where=reader.where[:60],
            at=reader.at,
        )
        for document in documents
    )


def purge(document: SaleDocument, batch: Batch, at: datetime) -> bool:
    """Forget a document's consumer everywhere: column, raw versions, what was set aside. False where there is nothing.

    `batch` tells how the program's documents are read. The digests become those of what is left, by
    which the document is known when it is shown again. All or nothing.
    """
    privacy = batch.privacy
    if privacy is None:
        return False
    with transaction.atomic():
        if not PersonalData.objects.filter(pk=document.pk, purged_at=None).update(sealed=b"", purged_at=at):
            return False
        raw = b""
        for version in DocumentVersion.objects.filter(document=document).order_by("number"):
            raw = privacy.redact(raw_bytes(version))
            DocumentVersion.objects.filter(pk=version.pk).update(raw=compress(raw), sealed=False)
        SaleDocument.objects.filter(pk=document.pk).update(
            raw_digest=digest(raw), content_digest=digest(batch.canonical(raw))
        )
        same = SetAside.objects.filter(node=document.node_id, program=document.program, number=document.number)
        for waiting in same.filter(sealed=True):
            purge_set_aside(waiting, privacy, at)
    return True


def purge_set_aside(waiting: SetAside, privacy: Privacy, at: datetime) -> None:
    """Forget the consumer of a document that could not be read: its text goes where it is no order at all."""
    raw = privacy.redact(raw_bytes(waiting))
    SetAside.objects.filter(pk=waiting.pk).update(raw=compress(raw), sealed=False, purged_at=at)


def forgotten(node: int, program: str, numbers: Collection[str]) -> set[str]:
    """Those numbers under which a document was set aside and its consumer purged since."""
    same = SetAside.objects.filter(node=node, program=program, number__in=numbers, purged_at__isnull=False)
    return {number for number in same.values_list("number", flat=True) if number}


def set_aside_until(node: int, program: str, number: str | None, at: datetime) -> datetime:
    """When the consumer of a document that cannot be read has to go: counted from its first coming."""
    same = SetAside.objects.filter(node=node, program=program, number=number, purge_at__isnull=False)
    first = same.order_by("purge_at").values_list("purge_at", flat=True).first() if number else None
    return first or at + KEPT_AFTER_PROMISE


def reseal() -> None:
    """Encrypt all that is sealed with the newest key, so that an older one can be thrown away. All or nothing."""
    with transaction.atomic():
        for kept_one in PersonalData.objects.filter(purged_at=None).iterator():
            PersonalData.objects.filter(pk=kept_one.pk, purged_at=None).update(
                sealed=secrets.reseal(bytes(kept_one.sealed))
            )
        for model in (DocumentVersion, SetAside):
            for raw in model._default_manager.filter(sealed=True).iterator():
                model._default_manager.filter(pk=raw.pk, sealed=True).update(raw=secrets.reseal(bytes(raw.raw)))


def overdue(now: datetime, most: int) -> list[SaleDocument]:
    """Up to `most` documents whose personal data have to go by `now`."""
    rows = PersonalData.objects.filter(purge_at__lte=now, purged_at=None).order_by("purge_at")
    return [one.document for one in rows.select_related("document__node")[:most]]


def overdue_set_aside(now: datetime, most: int) -> list[SetAside]:
    """Up to `most` set-aside documents that may name a consumer and came too long ago."""
    rows = SetAside.objects.filter(purge_at__lte=now, sealed=True)
    return list(rows.select_related("node").order_by("purge_at")[:most])
