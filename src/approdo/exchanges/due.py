"""What is still to be handed over: what a connector wants and its ledger does not hold.

Nothing is planned, so no plan can be lost, and a filter that somebody changes holds from the next call on.
"""

from datetime import datetime, time, timedelta
from hashlib import blake2b
from typing import Any, NamedTuple

import msgspec
from django.db.models import Exists, F, OuterRef, Q, QuerySet, Subquery
from django.utils import timezone

from approdo.exchanges.models import Delivery, Look
from approdo.sales.models import SaleDocument, SaleLine
from approdo.sdk.exports import DocumentFilter

OVERLAP = timedelta(hours=1)
"""A document may be committed so long after the moment that it bears."""

WHOLE = timedelta(days=1)
"""So often every document is looked at, whatever is known of earlier looks."""

EVERYBODY = 0
"""In the place of a connector's number: a look for what was handed over to any of them (`overtaken`)."""


class Looking(NamedTuple):
    """A look of one connector: from where, and the row that it was read from."""

    connector: int
    wanted: str
    since: datetime | None
    row: Look


def wanted_documents(wanted: DocumentFilter) -> QuerySet[SaleDocument]:
    """The documents that fit a filter. Days are those of the installation's time zone."""
    found = _in_any_state(wanted)
    return found.filter(state__in=sorted(wanted.states)) if wanted.states else found


def _in_any_state(wanted: DocumentFilter) -> QuerySet[SaleDocument]:
    conditions: dict[str, frozenset[Any]] = {
        "type__in": wanted.types,
        "program__in": wanted.programs,
        "node__in": wanted.nodes,
        "vendor_code__in": wanted.vendor_codes,
    }
    found = SaleDocument.objects.filter(**{name: sorted(values) for name, values in conditions.items() if values})
    zone = timezone.get_default_timezone()
    if wanted.since:
        found = found.filter(date__gte=datetime.combine(wanted.since, time(), zone))
    if wanted.until:
        found = found.filter(date__lt=datetime.combine(wanted.until + timedelta(days=1), time(), zone))
    if wanted.changed_only:
        found = found.filter(version__gt=1)
    if wanted.skus_known:
        nameless = SaleLine.objects.filter(document=OuterRef("pk"), sku=None, cancelled=False, vanished=False)
        found = found.filter(~Exists(nameless))
    return found


def due(connector: int, wanted: DocumentFilter, since: datetime | None = None) -> QuerySet[SaleDocument]:
    """The documents whose newest version the connector wants and has not got, oldest change first.

    Its states say what is handed over first: what was ever claimed for the connector, even if it was refused then,
    comes in whatever state it is by now. With `since`, of those that were stored at that moment or later.
    """
    known = handed_over(connector).filter(document=OuterRef("pk"))
    got = known.filter(~Q(state=Delivery.State.WITHDRAWN), version=OuterRef("version"))
    # One row each, which no planner makes a join of.
    found = _in_any_state(wanted).alias(got=Subquery(got.values("pk")[:1])).filter(got=None)
    if wanted.states:
        # A first version is no change: nobody looks for an earlier hand-over of the many that never changed.
        found = found.filter(Q(state__in=sorted(wanted.states)) | (Q(version__gt=1) & Exists(known)))
    if since is not None:
        found = found.filter(updated_at__gte=since)
    return found.prefetch_related("node").order_by("updated_at", "pk")


def handed_over(connector: int) -> QuerySet[Delivery]:
    """What was claimed for a connector, to be looked up by its document.

    The connector is compared in a way that no index knows: of one that its statistics do not know, PostgreSQL
    expects a single hand-over, and would read all of them again for each document.
    """
    return Delivery.objects.alias(to=F("connector") + 0).filter(to=connector).order_by()


def waiting(connector: int, wanted: DocumentFilter, at: datetime) -> QuerySet[SaleDocument]:
    """What a call would find now. Changes nothing."""
    return due(connector, wanted, looked_until(connector, wanted, at))


def looked_until(connector: int, wanted: DocumentFilter, at: datetime) -> datetime | None:
    """Up to which moment of storing all that is wanted is known, or none where that is not known."""
    look = Look.objects.filter(pk=connector).first()
    return _since(look, _digest(wanted), at) if look else None


def begin(connector: int, wanted: DocumentFilter, at: datetime) -> Looking:
    """A look that begins at the moment `at`, where earlier ones have come to."""
    look, _ = Look.objects.get_or_create(pk=connector)
    digest = _digest(wanted)
    return Looking(connector, digest, _since(look, digest, at), look)


def end(look: Looking, found: list[SaleDocument], most: int, at: datetime) -> None:
    """Write down how far a look came that found up to `most` documents, unless there is a reason to look again."""
    until = at - OVERLAP
    if len(found) >= most:
        until = min(until, found[-1].updated_at)
    whole = {} if look.since else {"whole_at": at}
    same = Look.objects.filter(pk=look.connector, generation=look.row.generation)
    same.update(until=until, wanted=look.wanted, **whole)


def look_again(connector: int | None = None) -> None:
    """Documents that are old are wanted again or at last, by one connector or by any: the next look is a whole one."""
    looks = Look.objects.exclude(pk=EVERYBODY) if connector is None else Look.objects.filter(pk=connector)
    looks.update(whole_at=None, generation=F("generation") + 1)


def _since(look: Look, wanted: str, at: datetime) -> datetime | None:
    if look.wanted != wanted or look.whole_at is None or look.until is None:
        return None
    # What a clock that ran ahead has written down is worth nothing.
    known = timedelta() <= at - look.whole_at < WHOLE and look.until <= at
    return look.until if known else None


def _digest(wanted: DocumentFilter) -> str:
    return blake2b(msgspec.json.encode(wanted, order="sorted"), digest_size=16).hexdigest()
