"""Connectors, their runs, and the tokens that programs call with."""

from typing import Any

from django.core.exceptions import ValidationError
from django.db import models
from django.utils.translation import gettext_lazy as _

from approdo.connectors import connector_type, node_type
from approdo.nodes.models import NAME_LENGTH, Configuration, Node
from approdo.nodes.options import checked_options
from approdo.nodes.sentences import validation_error
from approdo.sdk.errors import ApprodoError


class Connector(models.Model):
    """Joins one node and the hub: what it does is its type, how is its options."""

    name = models.CharField(_("name"), max_length=NAME_LENGTH, unique=True)
    node = models.ForeignKey(Node, models.PROTECT, verbose_name=_("node"))
    type = models.CharField(_("connector type"), max_length=100)
    configuration = models.ForeignKey(
        Configuration, models.PROTECT, null=True, blank=True, verbose_name=_("configuration")
    )
    options = models.JSONField(_("options"), default=dict, blank=True)
    active = models.BooleanField(_("active"), default=True)

    class Meta:
        verbose_name = _("connector")
        verbose_name_plural = _("connectors")
        ordering = ("name",)

    def __str__(self) -> str:
        return self.name

    def clean(self) -> None:
        """Check node, configuration and options against the declaration of the type."""
        try:
            declared = connector_type(self.type)
        except ApprodoError as error:
            raise ValidationError({"type": validation_error(error.code, **error.params)}) from None
        if declared not in node_type(self.node.type).connector_types:
            expected = self.type.partition(".")[0]
            raise ValidationError({"node": validation_error("node_of_other_type", expected=expected)})
        wanted = declared.configuration
        if wanted is not None and self.configuration is None:
            raise ValidationError({"configuration": validation_error("configuration_missing")})
        if self.configuration is not None and (wanted is None or self.configuration.kind != wanted.name):
            raise ValidationError({"configuration": validation_error("configuration_of_other_type")})
        self.options = checked_options(declared.options, self.options)

    def all_options(self) -> dict[str, Any]:
        """The configuration's options and the connector's own."""
        return {**(self.configuration.options if self.configuration else {}), **self.options}


class Run(models.Model):
    """One execution of a connector, from the wish to its end. The row is the truth, the engine serves it."""

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
    connector_name = models.CharField(_("connector"), max_length=NAME_LENGTH)
    state = models.CharField(_("state"), max_length=20, choices=State, default=State.QUEUED)
    orders = models.JSONField(_("orders"), default=list)
    requested_by = models.CharField(_("requested by"), max_length=150, blank=True)
    created_at = models.DateTimeField(_("requested"), db_index=True)
    started_at = models.DateTimeField(_("started"), null=True)
    ended_at = models.DateTimeField(_("ended"), null=True)
    counts = models.JSONField(_("counts"), default=dict)
    windows = models.PositiveIntegerField(_("windows"), default=0)
    windows_done = models.PositiveIntegerField(_("windows done"), default=0)
    error_kind = models.CharField(max_length=20, blank=True)
    error_code = models.CharField(max_length=60, blank=True)
    error_params = models.JSONField(default=dict)

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
        )
        permissions = (("run_connector", _("Can run connectors")),)

    def __str__(self) -> str:
        return f"#{self.pk} {self.connector_name}"

    @property
    def live(self) -> bool:
        """Whether the run has not ended yet."""
        return self.state in self.LIVE


class Token(models.Model):
    """What a program authenticates with. Only its digest is stored; the token itself is shown once."""

    class Scope(models.TextChoices):
        """What a token allows."""

        DOCUMENTS_READ = "documents:read", _("Read documents")
        EXPORTS_READ = "exports:read", _("Fetch exports")
        IMPORTS_WRITE = "imports:write", _("Import documents")
        RUNS_WRITE = "runs:write", _("Run connectors")
        SETTINGS_READ = "settings:read", _("Read settings")
        SETTINGS_WRITE = "settings:write", _("Change settings")
        PERSONAL_DATA_READ = "personal-data:read", _("Read personal data")

    name = models.CharField(_("name"), max_length=NAME_LENGTH, unique=True)
    digest = models.CharField(max_length=64, unique=True, editable=False)
    scopes = models.JSONField(_("scopes"), default=list)
    connector = models.ForeignKey(
        Connector, models.CASCADE, null=True, blank=True, verbose_name=_("only for connector")
    )
    created_at = models.DateTimeField(_("created"))
    last_used_at = models.DateTimeField(_("last used"), null=True, editable=False)

    class Meta:
        verbose_name = _("API token")
        verbose_name_plural = _("API tokens")
        ordering = ("name",)

    def __str__(self) -> str:
        return self.name
