"""What each person has seen of the sale documents, so that the list can say what is new to them.

A row for each document that somebody opened, with the version that it had; and for each person one
moment up to which everything counts as seen. Marking all as seen moves the moment and drops the rows.
"""

from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import models, transaction
from django.db.models import F, OuterRef, Q, QuerySet, Subquery
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from approdo.sales.models import SaleDocument


class SeenDocument(models.Model):
    """The version that a document had when this person last opened its page."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+", db_index=False)
    document = models.ForeignKey(SaleDocument, models.CASCADE, related_name="+")
    version = models.PositiveIntegerField()
    at = models.DateTimeField()

    class Meta:
        default_permissions = ()
        constraints = (models.UniqueConstraint(fields=("user", "document"), name="seen_document_key"),)

    def __str__(self) -> str:
        return f"{self.document_id}: {self.version}"


class SeenAll(models.Model):
    """Up to which moment everything counts as seen by this person."""

    user = models.OneToOneField(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+")
    until = models.DateTimeField()

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return self.until.isoformat()


def look(user: Any, document: SaleDocument) -> int:
    """Write down that `user` sees the newest version of `document`; the version last seen before, 0 for none."""
    row = SeenDocument.objects.filter(user=user, document=document).first()
    before = max(row.version if row else 0, _version_at(document, _until(user)))
    if row is None or row.version < document.version:
        SeenDocument.objects.bulk_create(
            [SeenDocument(user=user, document=document, version=document.version, at=timezone.now())],
            update_conflicts=True,
            unique_fields=["user", "document"],
            update_fields=["version", "at"],
        )
    return before


def mark_all(user: Any, until: datetime) -> None:
    """Everything that stood here at `until` counts as seen. A later moment than now is taken for now."""
    until = min(until, timezone.now())
    with transaction.atomic():
        SeenAll.objects.update_or_create(user=user, defaults={"until": until})
        SeenDocument.objects.filter(user=user, at__lte=until).delete()


def changed(found: QuerySet[SaleDocument], user: Any) -> QuerySet[SaleDocument]:
    """Those of `found` that changed since `user` last saw them."""
    rows, until = SeenDocument.objects.filter(user=user), _until(user)
    stale = Q(pk__in=rows.filter(version__lt=F("document__version")).values("document"))
    if until is None:
        return found.filter(stale)
    covered = Q(created_at__lte=until) & ~Q(pk__in=rows.values("document"))
    return found.filter(stale | covered, updated_at__gt=until)


def unseen(found: QuerySet[SaleDocument], user: Any) -> QuerySet[SaleDocument]:
    """Those of `found` that `user` has never seen, in no version."""
    until = _until(user)
    # What was created later was changed later too: the index on that is the one that counts.
    newer = Q(created_at__gt=until, updated_at__gt=until) if until else Q()
    return found.filter(newer).exclude(pk__in=SeenDocument.objects.filter(user=user).values("document"))


def new_to(found: QuerySet[SaleDocument], user: Any) -> QuerySet[SaleDocument]:
    """Those of `found` whose newest version `user` has not seen."""
    until = _until(user)
    current = SeenDocument.objects.filter(user=user, version__gte=F("document__version"))
    newer = Q(updated_at__gt=until) if until else Q()
    return found.filter(newer).exclude(pk__in=current.values("document"))


FILTERS = {"changed": changed, "unseen": unseen, "any": new_to}
LABELS = {
    "changed": _("changed since I last looked"),
    "unseen": _("not looked at yet"),
    "any": _("either of both"),
}


def with_seen(found: QuerySet[SaleDocument], user: Any) -> QuerySet[SaleDocument]:
    """The same with what `mark` needs; looked up only for the rows that are shown."""
    version = SeenDocument.objects.filter(user=user, document=OuterRef("pk")).values("version")
    until = SeenAll.objects.filter(user=user).values("until")
    return found.annotate(seen_version=Subquery(version[:1]), seen_until=Subquery(until[:1]))


def mark(document: Any) -> str:
    """`changed` since it was seen, `unseen`, or empty. Of a document from `with_seen`."""
    version, until = document.seen_version, document.seen_until
    if (version or 0) >= document.version or (until and document.updated_at <= until):
        return ""
    return "changed" if version or (until and document.created_at <= until) else "unseen"


def _until(user: Any) -> datetime | None:
    return SeenAll.objects.filter(user=user).values_list("until", flat=True).first()


def _version_at(document: SaleDocument, moment: datetime | None) -> int:
    if moment is None:
        return 0
    numbers = document.versions.filter(received_at__lte=moment).order_by("-number").values_list("number", flat=True)
    return numbers.first() or 0
