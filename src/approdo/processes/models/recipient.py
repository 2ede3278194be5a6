"""Who is told of alarms and of news, and what they were told."""

import uuid
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import models
from django.utils.translation import gettext_lazy as _

from approdo.nodes import secrets
from approdo.nodes.models import NAME_LENGTH
from approdo.nodes.sentences import validation_error
from approdo.processes.models.alarm import Alarm
from approdo.processes.models.run import Run
from approdo.sdk import webhooks


class Recipient(models.Model):
    """An e-mail address or a webhook, and what it is told. The secret that signs is sealed and never shown."""

    class Kind(models.TextChoices):
        """How it is told."""

        EMAIL = "email", _("E-mail")
        WEBHOOK = "webhook", _("Webhook")

    class News(models.TextChoices):
        """How often it hears of new, changed and cancelled orders."""

        NONE = "none", _("Never")
        RUN = "run", _("After each run that brought some")
        DAY = "day", _("Once a day")

    name = models.CharField(_("name"), max_length=NAME_LENGTH, unique=True)
    kind = models.CharField(_("kind"), max_length=10, choices=Kind, default=Kind.EMAIL)
    address = models.CharField(_("address"), max_length=500)
    sealed = models.TextField(default="", blank=True, editable=False)
    secret_lost = models.BooleanField(default=False, editable=False)
    """It signed, and its secret went with the encryption keys: until there is another one nothing is sent unsigned."""
    language = models.CharField(_("language"), max_length=5, choices=settings.LANGUAGES, default="it")
    alarms = models.BooleanField(_("alarms"), default=True)
    news = models.CharField(_("news of orders"), max_length=10, choices=News, default=News.NONE)
    active = models.BooleanField(_("active"), default=True)
    # The last day whose news it was told, where it hears of them once a day.
    news_until = models.DateField(null=True, editable=False)

    class Meta:
        verbose_name = _("recipient")
        verbose_name_plural = _("recipients")
        ordering = ("name",)

    def __str__(self) -> str:
        return self.name

    def save(self, **how: Any) -> None:
        """Days on which it wanted no news are not made up later, nor is what waits when it is switched off."""
        if self.news != self.News.DAY or not self.active:
            self.news_until = None
        super().save(**how)
        if not self.active:
            self._give_up()

    def delete(self, *how: Any, **more: Any) -> tuple[int, dict[str, int]]:
        """What it was still to be told is given up; what it was told is kept."""
        self._give_up()
        return super().delete(*how, **more)

    def _give_up(self) -> None:
        self.notices.filter(state=Notice.State.WAITING).update(state=Notice.State.GIVEN_UP)

    def clean(self) -> None:
        """An address of its kind; only webhooks are signed."""
        self.address = self.address.strip()
        if self.kind == self.Kind.EMAIL:
            self.sealed, self.secret_lost = "", False
            try:
                validate_email(self.address)
            except ValidationError:
                raise ValidationError({"address": validation_error("not_an_email", value=self.address)}) from None
        elif not _is_url(self.address):
            raise ValidationError({"address": validation_error("not_a_url", value=self.address.split("@")[-1])})

    @property
    def masked_address(self) -> str:
        """For who may not change it: of a webhook only the host."""
        return webhooks.masked(self.address) if self.kind == self.Kind.WEBHOOK else self.address

    def sign_with(self, secret: str) -> None:
        """Take the secret that signs; empty takes it away. Raises `ValidationError` for what is none."""
        secret = secret.strip()
        if secret and (code := webhooks.secret_problem(secret)):
            raise ValidationError({"secret": validation_error(code)})
        self.sealed = secrets.encrypt({"secret": secret}) if secret else ""
        self.secret_lost = False

    def revealed(self) -> dict[str, Any]:
        """The decrypted secret, if there is one; for signing, never for a screen or a log."""
        return secrets.decrypt(self.sealed)


def _is_url(text: str) -> bool:
    try:
        parts = urlsplit(text)
        usable = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False
    return usable and "@" not in parts.netloc and text.isprintable() and " " not in text


class Notice(models.Model):
    """One thing that one recipient is told: written with what causes it, sent afterwards, kept.

    Its `uid` is the same at every attempt, so that whoever gets it twice can tell.
    """

    class Event(models.TextChoices):
        """What it tells."""

        OPENED = "alarm.opened", _("Alarm")
        OVER = "alarm.over", _("Alarm over")
        RUN = "orders.run", _("Orders of a run")
        DAY = "orders.day", _("Orders of a day")

    class State(models.TextChoices):
        """Where it stands."""

        WAITING = "waiting", _("Waiting")
        SENT = "sent", _("Sent")
        GIVEN_UP = "given_up", _("Given up")

    uid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    recipient = models.ForeignKey(
        Recipient, models.SET_NULL, null=True, related_name="notices", verbose_name=_("recipient")
    )
    recipient_name = models.CharField(_("recipient"), max_length=NAME_LENGTH)
    event = models.CharField(_("what"), max_length=20, choices=Event)
    alarm = models.ForeignKey(Alarm, models.SET_NULL, null=True, related_name="notices", verbose_name=_("alarm"))
    run = models.ForeignKey(Run, models.SET_NULL, null=True, related_name="+", verbose_name=_("run"))
    first_day = models.DateField(null=True)
    last_day = models.DateField(null=True)
    # What a webhook is sent and a mail says, as it was when it was first to be sent.
    content = models.JSONField(null=True)
    state = models.CharField(_("state"), max_length=10, choices=State, default=State.WAITING)
    created_at = models.DateTimeField(_("created"))
    next_attempt_at = models.DateTimeField(_("next attempt"))
    attempts = models.PositiveIntegerField(_("attempts"), default=0)
    sent_at = models.DateTimeField(_("sent"), null=True)
    error_code = models.CharField(max_length=60, blank=True)
    error_params = models.JSONField(default=dict)

    class Meta:
        verbose_name = _("notice")
        verbose_name_plural = _("notices")
        ordering = ("-id",)
        indexes = (
            models.Index(fields=("next_attempt_at",), name="notice_waiting", condition=models.Q(state="waiting")),
        )

    def __str__(self) -> str:
        return f"#{self.pk} {self.get_event_display()}"
