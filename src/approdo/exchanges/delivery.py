"""Handing documents over: claimed in batches, given out, confirmed; each version of a document once.

A batch that nobody confirmed comes again as it was, under the same name: a caller that dies loses nothing, and one
that was only slow can tell by the name that it has it already.
"""

import zlib
from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple

import msgspec
from django.db import connection, transaction
from django.db.models import Exists, F, OuterRef, Q, Sum

from approdo.catalog.places import places
from approdo.exchanges import due
from approdo.exchanges.models import OPEN, Attempt, Batch, Delivery, Receipt
from approdo.sales import queries
from approdo.sales.bulk import upsert
from approdo.sales.models import SaleDocument
from approdo.sales.personal import Reader
from approdo.sdk.errors import ConfigError
from approdo.sdk.exports import DocumentFilter

AGAIN_AFTER = timedelta(minutes=15)
"""So long a batch is waited for before it is given out again."""

KEPT = timedelta(days=30)
"""So long after it was confirmed a batch can be asked for by its name, and sent again after it was given up."""

MOST = 1000
"""Documents in one batch."""

State = Delivery.State
SETTLED = (State.CONFIRMED, State.FAILED)
"""Where nothing more happens by itself."""

Data = dict[str, Any]
CLAIMED = ("connector", "document_id", "version", "change", "batch_id", "state", "at", "where", "code", "params")


class Asked(NamedTuple):
    """Who wants documents: the connector's number and filter, who calls, and when (UTC)."""

    connector: int
    wanted: DocumentFilter
    by: str
    at: datetime


def take(asked: Asked, most: int) -> Batch | None:
    """The next batch of up to `most` documents, or none where nothing is left.

    One that was given out and not confirmed for a while comes first, as it was.
    """
    batch = _overdue(asked)
    if batch is None and (batch := claim(asked, most)):
        _give(batch, asked.at)
    return batch


def take_again(asked: Asked, name: str) -> Batch:
    """The batch of this name once more, as it was.

    Raises `ConfigError`: `batch_not_found`, or `batch_too_old` where its content is no longer kept.
    """
    batch = find(asked.connector, name)
    if not batch.content:
        raise ConfigError("batch_too_old", batch=name)
    _give(batch, asked.at)
    return batch


def confirm(connector: int, name: str, by: str, at: datetime) -> Batch:
    """Count a batch as handed over. Once more, nothing happens. Raises `ConfigError("batch_not_found")`.

    One that we gave up may have arrived all the same: whoever confirms it knows better.
    """
    with transaction.atomic():
        batch = find(connector, name)
        open_one = Batch.objects.filter(pk=batch.pk, confirmed_at=None)
        if open_one.update(confirmed_at=at, confirmed_by=by[:150], given_up_at=None, next_attempt_at=None):
            left = Delivery.objects.filter(batch=batch, state__in=(State.SENDING, State.FAILED))
            left.update(state=State.CONFIRMED, at=at, code="", params={})
            batch.refresh_from_db()
        return batch


def find(connector: int, name: str) -> Batch:
    """The connector's batch of this name. Raises `ConfigError("batch_not_found")`."""
    number, _, tag = name.partition("-")
    known = number.isdecimal() and len(number) < 19
    batch = Batch.objects.filter(pk=int(number), tag=tag, connector=connector).first() if known else None
    if batch is None:
        raise ConfigError("batch_not_found", batch=name)
    return batch


def withdraw(connector: int, documents: Collection[int], at: datetime) -> set[int]:
    """Let the connector have the newest version of these documents again, and return those for which that holds.

    What was given out and is not confirmed comes again by itself; it is left alone.
    """
    with transaction.atomic():
        got = Delivery.objects.filter(
            connector=connector, document__in=documents, state__in=SETTLED, version=F("document__version")
        )
        numbers = dict(got.values_list("pk", "document"))
        Delivery.objects.filter(pk__in=numbers, state__in=SETTLED).update(state=State.WITHDRAWN, at=at)
        due.look_again(connector)
        due.look_again(due.EVERYBODY)
    return set(numbers.values())


def unconfirmed(connector: int) -> int:
    """How many documents are in batches on their way to the connector."""
    total: int | None = Batch.objects.filter(OPEN, connector=connector).aggregate(sum=Sum("size"))["sum"]
    return total or 0


def as_one(rows: Sequence[SaleDocument]) -> list[Data]:
    """Documents as they are handed over, head and lines of one version also where it changes while they are read."""
    documents = outgoing(rows)
    now = dict(SaleDocument.objects.filter(pk__in=[row.pk for row in rows]).values_list("pk", "version"))
    torn = {one["id"] for one in documents if now[one["id"]] != one["version"]}
    if not torn:
        return documents
    again = {row.pk: row for row in SaleDocument.objects.filter(pk__in=torn).select_related("node")}
    return as_one([again.get(row.pk, row) for row in rows])


def receive_receipt(connector: int, document: int, number: str, at: datetime) -> None:
    """Keep what the outside system calls a document. Given again, the newer number stands."""
    Receipt.objects.update_or_create(
        connector=connector, document_id=document, defaults={"number": number[:200], "at": at}
    )


def content(batch: Batch, reader: Reader | None = None) -> list[Data]:
    """The documents of a batch as plain data: what `queries.whole` gives, and what `export` and `ship_to_place` add.

    Who the consumers are is given to a `reader` alone, as long as it is not purged, and written down.
    """
    documents: list[Data] = list(batch.fresh) or msgspec.json.decode(zlib.decompress(bytes(batch.content)))
    batch.fresh = ()  # who asks once more gets them without what is added here
    queries.add_consumers(documents, reader)
    return documents


def outgoing(rows: Sequence[SaleDocument], before: dict[int, list[int]] | None = None) -> list[Data]:
    """Documents as they are handed over; `before` holds the versions of each that were handed over already."""
    known = places({row.ship_to for row in rows})
    found = queries.whole(rows)
    for document, row in zip(found, rows, strict=True):
        versions = (before or {}).get(row.pk, [])
        document["export"] = {
            "change": any(version < row.version for version in versions),
            "version": row.version,
            "exported_before": versions,
        }
        document["ship_to_place"] = _place(known.get(row.ship_to))
    return found


def empty_old(now: datetime, most: int = 100) -> int:
    """Throw away what some batches held that were confirmed or given up long ago.

    What was handed over stays written down. So do the attempts to send what was given up, which say whether it may
    have arrived; those of what was confirmed go.
    """
    before = now - KEPT
    old = Batch.objects.filter(Q(confirmed_at__lt=before) | Q(given_up_at__lt=before)).exclude(content=b"")
    numbers = list(old.values_list("pk", flat=True)[:most])
    Attempt.objects.filter(batch__in=numbers, batch__confirmed_at__isnull=False).delete()
    return old.filter(pk__in=numbers).update(content=b"")  # one may be on its way again by now


def _overdue(asked: Asked) -> Batch | None:
    late = Q(given_at__lte=asked.at - AGAIN_AFTER) | Q(given_at__gt=asked.at + AGAIN_AFTER)  # a clock ran ahead
    for batch in Batch.objects.filter(OPEN, late, connector=asked.connector).order_by("pk").defer("content"):
        if _give(batch, asked.at):
            return batch
    return None


def _give(batch: Batch, at: datetime) -> bool:
    """Note that the batch is given out; false where another caller was quicker."""
    same = Batch.objects.filter(pk=batch.pk, given_at=batch.given_at, given=batch.given)
    return bool(same.update(given_at=at, given=F("given") + 1))


def claim(asked: Asked, most: int) -> Batch | None:
    """A new batch that is not given out yet, or none where nothing waits.

    Where other callers were quicker with all that was found, it is of what comes behind it.
    """
    while True:
        with transaction.atomic():
            _compile_nothing()
            look = due.begin(asked.connector, asked.wanted, asked.at)
            found = list(due.due(asked.connector, asked.wanted, look.since)[:most])
            batch = _written(asked, found) if found else None
            due.end(look, found, most, asked.at)
        if batch or not found:
            return batch


def _compile_nothing() -> None:
    """With a long ledger PostgreSQL would compile the question for what waits: 0.25 s for an answer of a millisecond.

    For the transaction alone: whoever pools connections may refuse settings that come with them.
    """
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL jit = off")


def _written(asked: Asked, found: list[SaleDocument]) -> Batch | None:
    """Those of the documents that nobody else took and that did not change meanwhile, as a batch."""
    ids = [row.pk for row in found]
    before = _versions(asked.connector, ids)
    batch = Batch.objects.create(
        connector=asked.connector, claimed_at=asked.at, claimed_by=asked.by[:150], given_at=asked.at
    )
    claimed: list[tuple[Any, ...]] = [
        (
            asked.connector,
            row.pk,
            row.version,
            any(version < row.version for version in before.get(row.pk, ())),
            batch.pk,
            State.SENDING.value,
            asked.at,
            "",
            "",
            {},
        )
        for row in found
    ]
    upsert(Delivery, CLAIMED, claimed, (), ())
    ours = set(Delivery.objects.filter(batch=batch).values_list("document", flat=True))
    documents = outgoing([row for row in found if row.pk in ours], before)
    versions = dict(SaleDocument.objects.filter(pk__in=ours).values_list("pk", "version"))
    # Lines are read after their document: with a newer version in between they would not belong together.
    stable = [document for document in documents if versions[document["id"]] == document["version"]]
    batch.deliveries.exclude(document__in=[document["id"] for document in stable]).delete()
    if not stable:
        batch.delete()
        return None
    batch.size, batch.content, batch.fresh = len(stable), zlib.compress(msgspec.json.encode(stable), 1), stable
    batch.save(update_fields=("size", "content"))
    return batch


def _versions(connector: int, documents: Collection[int]) -> dict[int, list[int]]:
    """The versions of documents that the connector got at some time, or perhaps got."""
    got = due.handed_over(connector).filter(document__in=documents)
    got = got.exclude(~Q(code=""), batch__given_up_at=None)  # refused by itself: it was not taken, or not even sent
    perhaps = Attempt.objects.filter(batch=OuterRef("batch"), perhaps_arrived=True)
    got = got.filter(Q(batch__given_up_at=None) | ~Q(where="") | Exists(perhaps))  # where it is known, it landed
    found: dict[int, list[int]] = {}
    for document, version in got.order_by("version").values_list("document", "version").distinct():
        found.setdefault(document, []).append(version)
    return found


def _place(place: Any) -> Data | None:
    names = ("code", "name", "address", "postal_code", "city", "country", "time_zone")
    return None if place is None else {name: getattr(place, name) for name in names}
