"""What programs authenticate with."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from approdo.nodes.models import NAME_LENGTH
from approdo.processes.models.connector import Connector


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
        METRICS_READ = "metrics:read", _("Read metrics")
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
