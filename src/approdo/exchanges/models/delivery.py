"""The ledger of what was handed over: each version of each document, to which connector, in which batch.

`connector` is a number, not a foreign key: rows down here know nothing above them. What is still to be handed over
stands nowhere: it is what a connector wants and the ledger does not hold (decision 15).
"""

import secrets
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from approdo.sales.models import SaleDocument

OPEN = Q(confirmed_at__isnull=True, given_up_at__isnull=True)
"""A batch that is still on its way."""


def new_tag() -> str:
    """What makes a batch's name its own."""
    return secrets.token_hex(4)


def batch_name(number: int, tag: str) -> str:
    """By what the outside system knows a batch: the same at every attempt, and never another batch's."""
    return f"{number}-{tag}"


class Batch(models.Model):
    """Documents that were claimed together, and that come together again until they are confirmed."""

    class State(models.TextChoices):
        """How far it has come."""

        OPEN = "open", _("Not confirmed yet")
        NOT_ARRIVED = "not_arrived", _("Not arrived yet")
        HANDED_OVER = "handed_over", _("Handed over")
        GIVEN_UP = "given_up", pgettext_lazy("batch", "Given up")

    connector = models.BigIntegerField(_("connector"))
    # Part of the name: after an older copy was put back the same number stands for other documents.
    tag = models.CharField(max_length=8, default=new_tag, editable=False)
    size = models.PositiveIntegerField(_("documents"), default=0)
    # The documents as plain data, compressed, without their consumers; emptied when old.
    content = models.BinaryField(default=b"")
    claimed_at = models.DateTimeField(_("claimed"))
    claimed_by = models.CharField(_("claimed by"), max_length=150, blank=True)
    given_at = models.DateTimeField(_("last given out"))
    given = models.PositiveIntegerField(_("times given out"), default=0)
    confirmed_at = models.DateTimeField(_("confirmed"), null=True)
    confirmed_by = models.CharField(_("confirmed by"), max_length=150, blank=True)
    # Of those that are sent out: by which run, last; why it did not arrive; when it is tried again, or was given up;
    # since when it is tried, if a person had it sent again.
    run = models.BigIntegerField(_("run"), null=True, db_index=True)
    next_attempt_at = models.DateTimeField(_("next attempt"), null=True)
    given_up_at = models.DateTimeField(_("given up"), null=True)
    sent_again_at = models.DateTimeField(_("sent again"), null=True)
    error_kind = models.CharField(max_length=20, blank=True)
    error_code = models.CharField(max_length=60, blank=True)
    error_params = models.JSONField(default=dict)
    # Not a column: what whoever just claimed the batch need not read again.
    fresh: Sequence[dict[str, Any]] = ()

    class Meta:
        verbose_name = _("batch")
        verbose_name_plural = _("batches")
        ordering = ("-id",)
        indexes = (
            models.Index(fields=("connector", "-id"), name="batch_of_connector"),
            models.Index(fields=("connector", "id"), name="batch_open", condition=OPEN),
            models.Index(fields=("confirmed_at",), name="batch_to_empty", condition=~Q(content=b"")),
            models.Index(fields=("given_up_at",), name="batch_given_up_to_empty", condition=~Q(content=b"")),
        )

    def __str__(self) -> str:
        return self.name

    @property
    def name(self) -> str:
        """By what the outside system knows it."""
        return batch_name(self.pk, self.tag)

    @property
    def state(self) -> "Batch.State":
        """How far it has come."""
        if self.confirmed_at:
            return self.State.HANDED_OVER
        if self.given_up_at:
            return self.State.GIVEN_UP
        return self.State.NOT_ARRIVED if self.error_code else self.State.OPEN

    @property
    def tried_since(self) -> datetime:
        """From when on the patience with it counts."""
        return self.sent_again_at or self.claimed_at


IN_STATE = {
    Batch.State.OPEN: OPEN & Q(error_code=""),
    Batch.State.NOT_ARRIVED: OPEN & ~Q(error_code=""),
    Batch.State.HANDED_OVER: Q(confirmed_at__isnull=False),
    Batch.State.GIVEN_UP: Q(given_up_at__isnull=False),
}
"""What the database knows each state by."""


class Attempt(models.Model):
    """One attempt to send a batch. Without `ended_at` nobody knows how it went: its worker ended meanwhile."""

    batch = models.ForeignKey(Batch, models.CASCADE, related_name="attempts", verbose_name=_("batch"))
    run = models.BigIntegerField(_("run"))
    at = models.DateTimeField(_("time"))
    ended_at = models.DateTimeField(null=True)
    # False once it is certain that nothing of the batch came to the other side.
    perhaps_arrived = models.BooleanField(default=True)
    status = models.PositiveIntegerField(_("status"), null=True)
    error_code = models.CharField(max_length=60, blank=True)
    error_params = models.JSONField(default=dict)
    # The beginning of what was answered, without secrets; nothing where consumers were sent.
    answer = models.CharField(_("answer"), max_length=500, blank=True)

    class Meta:
        verbose_name = _("attempt")
        verbose_name_plural = _("attempts")
        ordering = ("id",)

    def __str__(self) -> str:
        return f"#{self.batch_id} {self.at:%Y-%m-%d %H:%M}"


class Delivery(models.Model):
    """One version of one document, handed over to one connector."""

    class State(models.TextChoices):
        """How far it has come."""

        SENDING = "sending", _("Not confirmed yet")
        CONFIRMED = "confirmed", _("Handed over")
        FAILED = "failed", _("Refused")
        WITHDRAWN = "withdrawn", _("To be handed over again")

    connector = models.BigIntegerField(_("connector"))
    document = models.ForeignKey(
        SaleDocument, models.CASCADE, related_name="deliveries", db_index=False, verbose_name=_("document")
    )
    version = models.PositiveIntegerField(_("version"))
    # An earlier version had been handed over before.
    change = models.BooleanField(_("change"), default=False)
    batch = models.ForeignKey(Batch, models.CASCADE, related_name="deliveries", verbose_name=_("batch"))
    state = models.CharField(_("state"), max_length=10, choices=State, default=State.SENDING)
    at = models.DateTimeField(_("time"))
    # Where it was put, such as the file's address.
    where = models.CharField(_("where it is"), max_length=500, blank=True)
    # Why the outside system did not take it.
    code = models.CharField(max_length=60, blank=True)
    params = models.JSONField(default=dict)

    class Meta:
        verbose_name = _("delivery")
        verbose_name_plural = _("deliveries")
        ordering = ("-id",)
        constraints = (
            # No version of a document twice, however many callers ask at once.
            models.UniqueConstraint(
                fields=("document", "connector", "version"), name="delivery_once", condition=~Q(state="withdrawn")
            ),
        )
        indexes = (
            models.Index(fields=("document", "connector", "version"), name="delivery_of_document"),
            models.Index(fields=("connector", "-id"), name="delivery_of_connector"),
        )

    def __str__(self) -> str:
        return f"{self.document_id} v{self.version}"


class Receipt(models.Model):
    """What the outside system calls a document: its own number."""

    connector = models.BigIntegerField(_("connector"))
    document = models.ForeignKey(SaleDocument, models.CASCADE, related_name="receipts", verbose_name=_("document"))
    number = models.CharField(_("number in the ERP"), max_length=200)
    at = models.DateTimeField(_("time"))

    class Meta:
        verbose_name = _("number in the ERP")
        verbose_name_plural = _("numbers in the ERP")
        constraints = (models.UniqueConstraint(fields=("connector", "document"), name="receipt_key"),)

    def __str__(self) -> str:
        return self.number


class Look(models.Model):
    """How far a connector has looked: before `until` all that it wants is in the ledger.

    Only a short cut: without it a look goes through every document, and one a day does (`whole_at`).
    """

    connector = models.BigIntegerField(primary_key=True)
    until = models.DateTimeField(null=True)
    whole_at = models.DateTimeField(null=True)
    # What was wanted then: a filter that changed makes the look worthless.
    wanted = models.CharField(max_length=64, default="")
    # Moves on whenever documents begin to be wanted without a new version: who looked before must not speak after.
    generation = models.PositiveIntegerField(default=0)

    class Meta:
        verbose_name = _("look for documents")
        verbose_name_plural = _("looks for documents")

    def __str__(self) -> str:
        return str(self.connector)


class Overtaken(models.Model):
    """A document that changed since some connector got it, as far as somebody looked (`exchanges.overtaken`)."""

    document = models.OneToOneField(SaleDocument, models.CASCADE, primary_key=True, related_name="+")

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return str(self.document_id)
