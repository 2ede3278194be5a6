"""SKUs of stored documents recoded: the job as a row, which any worker goes on with."""

from typing import Any

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy


class RecodeJob(models.Model):
    """One time through stored documents, in the order of their rows. One is at work, one of each kind may wait.

    `position` is the last document that is done, `first` and `last` bound those there were at the start, for the
    progress. A chunk is done in one transaction with the change of `chunks`, so nobody does one twice.
    """

    class Lines(models.TextChoices):
        """Which lines are looked up."""

        WITHOUT_MATCH = "without_match", _("Unmatched codes")
        ALL = "all", _("All documents")

    class State(models.TextChoices):
        """How far it has come."""

        WAITING = "waiting", pgettext_lazy("job", "waiting")
        RUNNING = "running", pgettext_lazy("job", "running")
        SUCCEEDED = "succeeded", pgettext_lazy("job", "done")
        FAILED = "failed", pgettext_lazy("job", "failed")

    LIVE = (State.WAITING, State.RUNNING)

    lines = models.CharField(_("lines"), max_length=20, choices=Lines)
    state = models.CharField(_("state"), max_length=20, choices=State, default=State.WAITING)
    requested_by = models.CharField(_("requested by"), max_length=150, blank=True)
    created_at = models.DateTimeField(_("requested"))
    started_at = models.DateTimeField(_("started"), null=True)
    ended_at = models.DateTimeField(_("ended"), null=True)
    first = models.BigIntegerField(default=0)
    last = models.BigIntegerField(default=0)
    position = models.BigIntegerField(default=0)
    chunks = models.PositiveIntegerField(default=0)
    counts = models.JSONField(default=dict)
    error_code = models.CharField(max_length=60, blank=True)
    error_params = models.JSONField(default=dict)

    class Meta:
        verbose_name = _("recoding of stored documents")
        verbose_name_plural = _("recodings of stored documents")
        ordering = ("-id",)
        constraints = (
            models.UniqueConstraint(fields=("state",), name="recode_job_running", condition=Q(state="running")),
            models.UniqueConstraint(fields=("lines",), name="recode_job_waiting", condition=Q(state="waiting")),
        )

    def __str__(self) -> str:
        return f"#{self.pk}"

    @property
    def live(self) -> bool:
        """Whether it waits or runs."""
        return self.state in self.LIVE

    @property
    def percent(self) -> int:
        """How far it has come. Documents that came since it began do not count."""
        if self.state == self.State.SUCCEEDED:
            return 100
        whole = self.last - self.first + 1
        done = max(0, min(self.position - self.first + 1, whole)) if self.position else 0
        return done * 100 // whole if self.last else 0

    def as_data(self) -> dict[str, Any]:
        """As the REST API gives it."""
        counts = {name: self.counts.get(name, 0) for name in self.COUNTED}
        error = {"code": self.error_code, "params": self.error_params} if self.error_code else None
        moments = {name: getattr(self, name) for name in ("created_at", "started_at", "ended_at")}
        about = {"id": self.pk, "lines": self.lines, "state": self.state, "requested_by": self.requested_by}
        return {**about, **moments, "percent": self.percent, "counts": counts, "error": error}

    COUNTED = ("documents", "documents_changed", "lines", "matched", "replaced", "removed", "without")
