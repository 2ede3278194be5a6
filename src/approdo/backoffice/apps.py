"""Django's registration of this package."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class BackofficeConfig(AppConfig):
    """Installs screens, templates and the models of named configurations."""

    name = "approdo.backoffice"
    label = "backoffice"
    verbose_name = _("Marketplace")
