"""Runs: what was asked for, and what became of it."""

from django.db import models
from django.db.models.expressions import RawSQL
from django.utils.translation import gettext_lazy as _

from approdo.nodes.models import NAME_LENGTH
from approdo.processes.models.connector import Connector
from approdo.processes.models.procedure import Procedure


class Run(models.Model):
    """One execution of a connector or a procedure, from the wish to its end.

    The row is the truth, the engine serves it. A procedure's run has steps, which lead to the connectors' runs.
    """

    class State(models.TextChoices):
        """Where a run stands."""

        QUEUED = "queued", _("Queued")
        RUNNING = "running", _("Running")
        SUCCEEDED = "succeeded", _("Succeeded")
        PARTIAL = "partial", _("Partly done")
        FAILED = "failed", _("Failed")
        CANCELLED = "cancelled", _("Cancelled")

    LIVE = (State.QUEUED, State.RUNNING)

    connector = models.ForeignKey(
        Connector, models.SET_NULL, null=True, related_name="runs", verbose_name=_("connector")
    )
    connector_name = models.CharField(_("connector"), max_length=NAME_LENGTH, blank=True)
    procedure = models.ForeignKey(
        Procedure, models.SET_NULL, null=True, related_name="runs", verbose_name=_("procedure")
    )
    procedure_name = models.CharField(_("procedure"), max_length=NAME_LENGTH, blank=True)
    due_at = models.DateTimeField(_("due"), null=True)
    retry_of = models.ForeignKey("self", models.SET_NULL, null=True, related_name="+", verbose_name=_("retry of"))
    state = models.CharField(_("state"), max_length=20, choices=State, default=State.QUEUED)
    orders = models.JSONField(_("orders"), default=list)
    # Who works on it, or did last: host and a number of its own.
    worker = models.CharField(_("worker"), max_length=100, blank=True)
    requested_by = models.CharField(_("requested by"), max_length=150, blank=True)
    created_at = models.DateTimeField(_("requested"))
    started_at = models.DateTimeField(_("started"), null=True)
    ended_at = models.DateTimeField(_("ended"), null=True)
    counts = models.JSONField(_("counts"), default=dict)
    windows = models.PositiveIntegerField(_("windows"), default=0)
    windows_done = models.PositiveIntegerField(_("windows done"), default=0)
    error_kind = models.CharField(max_length=20, blank=True)
    error_code = models.CharField(max_length=60, blank=True)
    error_params = models.JSONField(default=dict)
    # Old enough to go, and kept without its requests because a version of a document names it.
    thinned = models.BooleanField(default=False)

    class Meta:
        verbose_name = _("run")
        verbose_name_plural = _("runs")
        ordering = ("-created_at", "-id")
        constraints = (
            # Never two runs of one connector at once, whoever asks and on whatever host.
            models.UniqueConstraint(
                fields=("connector",),
                condition=models.Q(state__in=("queued", "running")),
                name="run_once_at_a_time",
            ),
            models.UniqueConstraint(
                fields=("procedure",),
                condition=models.Q(state__in=("queued", "running")),
                name="procedure_run_once_at_a_time",
            ),
        )
        indexes = (
            # The list in its order: all, of one connector or procedure, in one state, of either kind.
            models.Index(fields=("-created_at", "-id"), name="run_newest"),
            models.Index(fields=("connector", "-created_at", "-id"), name="run_of_connector"),
            models.Index(fields=("procedure", "-created_at", "-id"), name="run_of_procedure"),
            # The newest success, however long a procedure has been failing.
            models.Index(
                fields=("procedure", "state", "-created_at", "-id"),
                condition=models.Q(procedure__isnull=False),
                name="run_of_procedure_in_state",
            ),
            models.Index(fields=("state", "-created_at", "-id"), name="run_in_state"),
            models.Index(fields=("connector_name", "-created_at", "-id"), name="run_of_connector_name"),
            models.Index(fields=("procedure_name", "-created_at", "-id"), name="run_of_procedure_name"),
            models.Index(fields=("ended_at",), condition=models.Q(thinned=False), name="run_to_thin"),
        )
        permissions = (("run_connector", _("Can run connectors")),)

    def __str__(self) -> str:
        return f"#{self.pk} {self.name}"

    @property
    def name(self) -> str:
        """What is run: a procedure's name or a connector's."""
        return self.procedure_name or self.connector_name

    @property
    def is_procedure(self) -> bool:
        """Whether a procedure is run, and not a connector."""
        return bool(self.procedure_name)

    @property
    def live(self) -> bool:
        """Whether the run has not ended yet."""
        return self.state in self.LIVE


def live_runs() -> models.QuerySet[Run]:
    """The runs that have not ended, in no order, found without a look at the others.

    Written out, not as parameters: only then does SQLite use the indexes of live runs.
    """
    live = RawSQL("processes_run.state IN ('queued', 'running')", (), output_field=models.BooleanField())
    return Run.objects.filter(live).order_by()


class RunStep(models.Model):
    """One connector in the run of a procedure, and the run that does it."""

    class Result(models.TextChoices):
        """How the step came by its run."""

        WAITING = "", _("Waiting")
        STARTED = "started", _("Started")
        JOINED = "joined", _("Joined a run that was under way")
        SKIPPED = "skipped", _("Left out")

    run = models.ForeignKey(Run, models.CASCADE, related_name="steps")
    position = models.PositiveIntegerField()
    connector = models.ForeignKey(Connector, models.SET_NULL, null=True, related_name="+")
    connector_name = models.CharField(_("connector"), max_length=NAME_LENGTH)
    part = models.ForeignKey(Run, models.SET_NULL, null=True, related_name="part_of", verbose_name=_("run"))
    result = models.CharField(max_length=10, blank=True, choices=Result, default=Result.WAITING)
    code = models.CharField(max_length=60, blank=True)

    class Meta:
        verbose_name = _("step of a run")
        verbose_name_plural = _("steps of a run")
        ordering = ("run", "position")
        constraints = (models.UniqueConstraint(fields=("run", "position"), name="run_step_key"),)

    def __str__(self) -> str:
        return self.connector_name

    @property
    def succeeded(self) -> bool:
        """Whether its run has; one without a run has failed at nothing where its connector was switched off."""
        if self.result == self.Result.SKIPPED:
            return self.code == "connector_inactive"
        return self.part is not None and self.part.state == Run.State.SUCCEEDED
