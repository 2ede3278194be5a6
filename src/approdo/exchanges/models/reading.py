"""What was asked and read: windows of time with their progress, requests, notes.

`run` and `connector` are numbers, not foreign keys: rows down here know nothing above them. A node from
which nothing was stored can be deleted, and what was asked of it goes with it.
"""

from django.db import models
from django.utils.translation import gettext_lazy as _

from approdo.nodes.models import Node
from approdo.sdk.connector import ReadWindow, Scan

NUMBER_LENGTH = 100


class WindowRead(models.Model):
    """One window of one run. It counts as read only when `complete`: each of its pages is stored.

    The truth that a resumed run starts from. Its counts move in the transaction that stores a page. Old ones are
    joined (`thinning`): such a row stands for windows of many runs, and its `run` is 0.
    """

    class Purpose(models.TextChoices):
        """Why a run reads a window."""

        RANGE = "range", _("Time range")
        DATES = "dates", _("Fixed dates")
        GAP = "gap", _("Gap")
        DEEP = "deep", _("Deep re-scan")
        OPEN = "open", _("Open orders")

    node = models.ForeignKey(Node, models.CASCADE, related_name="+", verbose_name=_("node"))
    program = models.CharField(_("program"), max_length=40)
    run = models.BigIntegerField(_("run"), db_index=True)
    connector = models.BigIntegerField(_("connector"))
    position = models.PositiveIntegerField()
    scan = models.CharField(_("scan"), max_length=20)
    start = models.DateTimeField(_("from"))
    end = models.DateTimeField(_("to"))
    # How far it proves anything: not beyond the other side's own clock.
    read_until = models.DateTimeField(null=True)
    states = models.JSONField(default=list)
    # The account that was asked, as its settings named it then: another one proves nothing for this one.
    source = models.CharField(max_length=64, default="")
    purpose = models.CharField(_("why"), max_length=10, choices=Purpose, default=Purpose.RANGE)
    pages = models.PositiveIntegerField(_("pages"), default=0)
    next_token = models.TextField(null=True)
    restarts = models.PositiveIntegerField(_("restarts"), default=0)
    complete = models.BooleanField(_("complete"), default=False)
    read_at = models.DateTimeField(_("read at"), null=True)
    read = models.PositiveIntegerField(_("read"), default=0)
    created = models.PositiveIntegerField(_("new"), default=0)
    updated = models.PositiveIntegerField(_("changed"), default=0)
    unchanged = models.PositiveIntegerField(_("unchanged"), default=0)
    failed = models.PositiveIntegerField(_("set aside"), default=0)
    left_out = models.PositiveIntegerField(_("left out"), default=0)
    error_kind = models.CharField(max_length=20, blank=True)
    error_code = models.CharField(max_length=60, blank=True)
    error_params = models.JSONField(default=dict)

    class Meta:
        verbose_name = _("window")
        verbose_name_plural = _("windows")
        ordering = ("run", "position")
        constraints = (models.UniqueConstraint(fields=("run", "position"), name="window_read_key"),)
        indexes = (models.Index(fields=("node", "program", "scan", "complete", "start"), name="window_read_time"),)

    def __str__(self) -> str:
        return f"{self.scan} {self.start:%Y-%m-%d %H:%M} – {self.end:%Y-%m-%d %H:%M}"

    @property
    def known_only(self) -> bool:
        """Whether it was asked for known open orders only. Then it proves no time: it takes in nothing new."""
        return self.purpose == self.Purpose.OPEN

    def window(self) -> ReadWindow:
        """What a connector type is asked to read."""
        return ReadWindow(Scan(self.scan), self.start, self.end)


class SilenceExplained(models.Model):
    """Why an account is quiet, as a person wrote it. Holds as long as no order is newer than `since`."""

    node = models.ForeignKey(Node, models.CASCADE, related_name="+", verbose_name=_("node"))
    program = models.CharField(_("program"), max_length=40)
    since = models.DateTimeField(_("since"))
    why = models.TextField(_("why"))
    by = models.CharField(_("by"), max_length=150)
    at = models.DateTimeField(_("time"))

    class Meta:
        verbose_name = _("explained silence")
        verbose_name_plural = _("explained silences")
        ordering = ("id",)

    def __str__(self) -> str:
        return self.why


class NumberRead(models.Model):
    """One order that a run was to fetch by its number, and what became of it."""

    class Result(models.TextChoices):
        """What became of the order: the names of a run's counts."""

        WAITING = "", _("Waiting")
        CREATED = "created", _("New")
        UPDATED = "updated", _("Changed")
        UNCHANGED = "unchanged", _("Unchanged")
        FAILED = "failed", _("Set aside")
        MISSED = "missed", _("Not fetched")

    node = models.ForeignKey(Node, models.CASCADE, related_name="+", verbose_name=_("node"))
    run = models.BigIntegerField(_("run"))
    position = models.PositiveIntegerField()
    number = models.CharField(_("number"), max_length=NUMBER_LENGTH)
    result = models.CharField(_("result"), max_length=20, blank=True, choices=Result, default=Result.WAITING)
    read_at = models.DateTimeField(_("read at"), null=True)
    code = models.CharField(max_length=60, blank=True)
    params = models.JSONField(default=dict)

    class Meta:
        verbose_name = _("order by number")
        verbose_name_plural = _("orders by number")
        ordering = ("run", "position")
        constraints = (models.UniqueConstraint(fields=("run", "position"), name="number_read_key"),)

    def __str__(self) -> str:
        return self.number


class RequestLogged(models.Model):
    """One request made for a run: what was asked, how it was answered, Amazon's id for it."""

    run = models.BigIntegerField(_("run"), db_index=True)
    at = models.DateTimeField(_("time"))
    operation = models.CharField(_("operation"), max_length=80)
    status = models.PositiveIntegerField(_("status"), null=True)
    request_id = models.CharField(_("request id"), max_length=200, blank=True)
    milliseconds = models.PositiveIntegerField(_("duration (ms)"))
    attempt = models.PositiveIntegerField(_("attempt"))
    error = models.CharField(_("error"), max_length=60, blank=True)

    class Meta:
        verbose_name = _("request")
        verbose_name_plural = _("requests")
        ordering = ("id",)

    def __str__(self) -> str:
        return self.operation


class RunNote(models.Model):
    """Something about what was read that a person should know; not a failure of the run."""

    run = models.BigIntegerField(_("run"), db_index=True)
    at = models.DateTimeField(_("time"))
    code = models.CharField(max_length=60)
    params = models.JSONField(default=dict)

    class Meta:
        verbose_name = _("warning")
        verbose_name_plural = _("warnings")
        ordering = ("id",)

    def __str__(self) -> str:
        return self.code
