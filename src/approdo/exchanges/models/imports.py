"""What was posted to us: every call, and what became of each of its documents.

`connector` is a number, not a foreign key: rows down here know nothing above them.
"""

from django.db import models
from django.utils.translation import gettext_lazy as _

from approdo.sales.models import NUMBER_LENGTH, SaleDocument


class ImportCall(models.Model):
    """One call. The row is written before its documents are, and its counts after the last one.

    One that never ended was cut off: what stands below it was stored all the same.
    """

    connector = models.BigIntegerField(_("connector"))
    called_by = models.CharField(_("called by"), max_length=150, blank=True)
    format = models.CharField(_("format"), max_length=10, blank=True)
    bytes = models.PositiveBigIntegerField(_("bytes"), default=0)
    began_at = models.DateTimeField(_("called"))
    ended_at = models.DateTimeField(_("ended"), null=True)
    accepted = models.PositiveIntegerField(_("accepted"), default=0)
    unchanged = models.PositiveIntegerField(_("unchanged"), default=0)
    refused = models.PositiveIntegerField(_("refused"), default=0)
    # Why nothing of it was read at all.
    error_code = models.CharField(max_length=60, blank=True)
    error_params = models.JSONField(default=dict)

    class Meta:
        verbose_name = _("call of an import")
        verbose_name_plural = _("calls of imports")
        ordering = ("-id",)
        indexes = (
            models.Index(fields=("connector", "-id"), name="import_call_of_connector"),
            models.Index(fields=("began_at",), name="import_call_by_age"),
        )

    def __str__(self) -> str:
        return f"#{self.pk}"


class ImportedDocument(models.Model):
    """What became of one document of a call.

    `code`, `params` and `field` say why it was refused, `notes` what is odd in one that was taken.
    """

    class Result(models.TextChoices):
        """What became of it."""

        ACCEPTED = "accepted", _("Accepted")
        UNCHANGED = "unchanged", _("Unchanged")
        REFUSED = "refused", _("Refused")

    call = models.ForeignKey(ImportCall, models.CASCADE, related_name="documents", db_index=False)
    position = models.PositiveIntegerField(_("place"))
    type = models.CharField(_("type"), max_length=20, blank=True)
    number = models.CharField(_("number"), max_length=NUMBER_LENGTH, blank=True)
    vendor_code = models.CharField(_("vendor code"), max_length=100, blank=True)
    result = models.CharField(_("result"), max_length=10, choices=Result)
    document = models.ForeignKey(SaleDocument, models.SET_NULL, null=True, related_name="+", verbose_name=_("document"))
    version = models.PositiveIntegerField(_("version"), null=True)
    code = models.CharField(max_length=60, blank=True)
    params = models.JSONField(default=dict)
    field = models.CharField(_("field"), max_length=200, blank=True)
    notes = models.JSONField(default=list)

    class Meta:
        verbose_name = _("imported document")
        verbose_name_plural = _("imported documents")
        ordering = ("-id",)
        constraints = (models.UniqueConstraint(fields=("call", "position"), name="imported_document_key"),)
        indexes = (
            models.Index(fields=("result", "-id"), name="imported_document_by_result"),
            models.Index(fields=("number", "-id"), name="imported_document_by_number"),
        )

    def __str__(self) -> str:
        return self.number or f"#{self.position}"
