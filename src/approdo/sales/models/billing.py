"""Which orders an invoice or a credit note bills, line by line, and what an ERP says of an order."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from approdo.sales.fields import AmountField
from approdo.sales.models.documents import NUMBER_LENGTH, SaleDocument


class Billing(models.Model):
    """What only invoices and credit notes have: what is to be paid, how it is taxed, when it is paid.

    `taxes` and `payment_terms` are as the API gives them, amounts as text.
    """

    document = models.OneToOneField(SaleDocument, models.CASCADE, primary_key=True, related_name="billing")
    gross_total = AmountField(_("to be paid"))
    taxes = models.JSONField(_("taxes"), default=list)
    payment_terms = models.JSONField(_("terms of payment"), null=True)
    corrects = models.CharField(_("corrects invoice"), max_length=NUMBER_LENGTH, null=True)

    class Meta:
        verbose_name = _("billing")
        verbose_name_plural = _("billings")

    def __str__(self) -> str:
        return str(self.document_id)


class OrderLink(models.Model):
    """That an invoice or a credit note is about an order."""

    document = models.ForeignKey(SaleDocument, models.CASCADE, related_name="order_links", db_index=False)
    order = models.ForeignKey(SaleDocument, models.CASCADE, related_name="document_links")
    position = models.PositiveIntegerField()

    class Meta:
        verbose_name = _("order of a document")
        verbose_name_plural = _("orders of a document")
        ordering = ("position",)
        constraints = (models.UniqueConstraint(fields=("document", "order"), name="order_link_key"),)

    def __str__(self) -> str:
        return f"{self.document_id} → {self.order_id}"


class BilledLine(models.Model):
    """That a line of a document bills a line of an order, both by their sequence.

    `eaches` counts the pieces: those that a credit note gives back are negative, one that corrects a price has 0.
    """

    link = models.ForeignKey(OrderLink, models.CASCADE, related_name="lines", db_index=False)
    sequence = models.CharField(_("line"), max_length=NUMBER_LENGTH)
    order_sequence = models.CharField(_("line of the order"), max_length=NUMBER_LENGTH)
    eaches = models.BigIntegerField(_("eaches"))

    class Meta:
        verbose_name = _("billed line")
        verbose_name_plural = _("billed lines")
        constraints = (models.UniqueConstraint(fields=("link", "sequence"), name="billed_line_key"),)

    def __str__(self) -> str:
        return self.sequence


class OrderUpdate(models.Model):
    """What an ERP says of an order: its own number, and what of each line will be delivered. Each one is kept.

    The newest holds for the acknowledgement. `lines` are as the API gives them.
    """

    order = models.ForeignKey(SaleDocument, models.CASCADE, related_name="updates", db_index=False)
    number = models.PositiveIntegerField(_("version"))
    receipt = models.CharField(_("number in the ERP"), max_length=200, blank=True)
    lines = models.JSONField(_("lines"), default=list)
    raw = models.BinaryField()
    digest = models.BinaryField(max_length=16)
    said_by = models.CharField(_("said by"), max_length=150, blank=True)
    received_at = models.DateTimeField(_("received"))

    class Meta:
        verbose_name = _("order update")
        verbose_name_plural = _("order updates")
        ordering = ("number",)
        constraints = (models.UniqueConstraint(fields=("order", "number"), name="order_update_key"),)

    def __str__(self) -> str:
        return self.receipt or str(self.number)
