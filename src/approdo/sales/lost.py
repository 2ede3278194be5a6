"""What of consumers no key opens any more: found, and given up as if it had been purged."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any, NamedTuple

from django.db.models import F, QuerySet

from approdo.nodes import secrets
from approdo.sales.models import DocumentVersion, PersonalData, SaleDocument, SetAside
from approdo.sales.raw import compress, digest


class Unreadable(NamedTuple):
    """The rows that no key opens, by number."""

    consumers: list[int]
    versions: list[int]
    set_aside: list[int]


def unreadable() -> Unreadable:
    """Tries every sealed row; an empty answer says that all can be read."""
    return Unreadable(
        list(_shut(PersonalData.objects.filter(purged_at=None), "sealed")),
        list(_shut(DocumentVersion.objects.filter(sealed=True), "raw")),
        list(_shut(SetAside.objects.filter(sealed=True), "raw")),
    )


def _shut(rows: QuerySet[Any], column: str) -> Iterator[int]:
    for number, sealed in rows.order_by().values_list("pk", column).iterator():
        if not secrets.opens(bytes(sealed)):
            yield number


def give_up(found: Unreadable, at: datetime) -> None:
    """Let these count as purged at `at`. Their texts are empty from then on, because nobody can take the consumer out.

    A document is stored once more, without its consumer, when it is shown again.
    """
    nothing = compress(b"")
    for number in found.consumers:
        PersonalData.objects.filter(pk=number).update(sealed=b"", purged_at=at)
    for number in found.versions:
        DocumentVersion.objects.filter(pk=number).update(raw=nothing, sealed=False)
        # Else it would be worked out from the text that is gone.
        of_newest = SaleDocument.objects.filter(versions=number, version=F("versions__number"), content_digest=b"")
        of_newest.update(content_digest=digest(b""))
    for number in found.set_aside:
        SetAside.objects.filter(pk=number).update(raw=nothing, sealed=False, purged_at=at)
