"""Django's registration of this package."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class ProcessesConfig(AppConfig):
    """Installs the package's models."""

    name = "approdo.processes"
    label = "processes"
    verbose_name = _("Processes")
