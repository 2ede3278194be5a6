"""Tables that somebody uploaded, saw the preview of, and has not confirmed yet.

They are rows and not files, because the next request may reach another host.
"""

from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db import models
from django.utils import timezone

from approdo.catalog.files.sheet import Sheet, packed, unpacked
from approdo.catalog.tables import Table

KEPT = timedelta(days=1)
"""So long a preview can be confirmed."""


class TableUpload(models.Model):
    """One uploaded file, already read."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+")
    table = models.CharField(max_length=40)
    file_name = models.CharField(max_length=200)
    sheet = models.BinaryField()
    at = models.DateTimeField()

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return self.file_name


def keep(user: Any, table: Table, file_name: str, sheet: Sheet) -> TableUpload:
    """Keep an upload until it is confirmed; those that nobody confirmed in time go."""
    TableUpload.objects.filter(at__lt=timezone.now() - KEPT).delete()
    return TableUpload.objects.create(
        user=user, table=table.name, file_name=file_name[-200:], sheet=packed(sheet), at=timezone.now()
    )


def kept(user: Any, table: Table, number: int) -> TableUpload | None:
    """What this user uploaded for this table, or none any more."""
    return TableUpload.objects.filter(pk=number, user=user, table=table.name).first()


def sheet_of(upload: TableUpload) -> Sheet:
    """What the file held."""
    return unpacked(bytes(upload.sheet))


def take(upload: TableUpload) -> bool:
    """Drop the upload; false where somebody else did so, in another window."""
    return bool(TableUpload.objects.filter(pk=upload.pk).delete()[0])
