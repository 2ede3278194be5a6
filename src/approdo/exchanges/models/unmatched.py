"""Codes without a match."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from approdo.nodes.models import Node
from approdo.sales.models import CODE_LENGTH, PATTERN


class UnmatchedCode(models.Model):
    """A code that lines carry, for which the table of recodings has no match. The lines hold its number.

    It counts as long as a line does (`unmatched.listed`). `key` stands for the five columns that name it.
    """

    node = models.ForeignKey(Node, models.CASCADE, related_name="+", db_index=False, verbose_name=_("node"))
    key = models.CharField(max_length=32)
    vendor_code = models.CharField(_("vendor code"), max_length=CODE_LENGTH)
    marketplace = models.CharField(_("marketplace"), max_length=2)
    vendor_sku = models.CharField(_("vendor SKU"), max_length=CODE_LENGTH)
    asin = models.CharField("ASIN", max_length=CODE_LENGTH)
    first_seen = models.DateTimeField(_("first seen"))
    last_seen = models.DateTimeField(_("last seen"))

    class Meta:
        verbose_name = _("unmatched code")
        verbose_name_plural = _("unmatched codes")
        ordering = ("-last_seen", "-id")
        constraints = (models.UniqueConstraint(fields=("key", "node"), name="unmatched_code_key"),)
        indexes = (
            models.Index(fields=("last_seen", "id", "node"), name="unmatched_code_seen"),
            models.Index(fields=("vendor_sku",), name="unmatched_code_vendor_sku", opclasses=PATTERN),
            models.Index(fields=("asin",), name="unmatched_code_asin", opclasses=PATTERN),
        )

    def __str__(self) -> str:
        return self.vendor_sku or self.asin
