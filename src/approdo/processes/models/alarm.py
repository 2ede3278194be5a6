"""Alarms: what is not as it should be, from when to when."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from approdo.nodes.models import Node
from approdo.processes.models.procedure import Procedure
from approdo.processes.models.run import Run


class Alarm(models.Model):
    """One cause, from the moment it was noticed until it is over. `key` names the cause: it is open once."""

    class Kind(models.TextChoices):
        """What kind of cause it is."""

        FAILED = "failed", _("Procedure failed")
        LATE = "late", _("Procedure late")
        OVERDUE = "overdue", _("No success in time")
        WORKER_GONE = "worker_gone", _("Worker gone")
        SECRET_OLD = "secret_old", _("Client secret old")
        SECRET_MISSING = "secret_missing", _("Secret missing")
        REFUSED = "refused", _("Authorisation refused")
        QUIET = "quiet", _("Unusually quiet")

    key = models.CharField(max_length=250)
    kind = models.CharField(_("cause"), max_length=20, choices=Kind)
    subject = models.CharField(_("about"), max_length=200)
    code = models.CharField(max_length=60)
    params = models.JSONField(default=dict)
    procedure = models.ForeignKey(
        Procedure, models.SET_NULL, null=True, related_name="alarms", verbose_name=_("procedure")
    )
    node = models.ForeignKey(Node, models.SET_NULL, null=True, related_name="+", verbose_name=_("node"))
    run = models.ForeignKey(Run, models.SET_NULL, null=True, related_name="+", verbose_name=_("run"))
    worker = models.CharField(max_length=200, blank=True)
    since = models.DateTimeField(_("since"))
    noticed_at = models.DateTimeField(_("noticed"))
    over_at = models.DateTimeField(_("over"), null=True)

    class Meta:
        verbose_name = _("alarm")
        verbose_name_plural = _("alarms")
        ordering = ("-id",)
        constraints = (
            # However many look at the same moment, one of them opens it.
            models.UniqueConstraint(fields=("key",), condition=models.Q(over_at__isnull=True), name="alarm_open_once"),
        )
        indexes = (models.Index(fields=("key", "over_at"), name="alarm_last_over"),)

    def __str__(self) -> str:
        return f"{self.get_kind_display()} · {self.subject}"

    @property
    def is_open(self) -> bool:
        """Whether it is not over yet."""
        return self.over_at is None


class Look(models.Model):
    """One row: when somebody last looked for alarms, so that of many workers and web servers one does at a time."""

    name = models.CharField(max_length=20, unique=True)
    looked_at = models.DateTimeField()

    def __str__(self) -> str:
        return self.name
