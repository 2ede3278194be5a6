"""Django's registration of this package."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class NodesConfig(AppConfig):
    """Installs the package's models."""

    name = "approdo.nodes"
    label = "nodes"
    verbose_name = _("Settings")
