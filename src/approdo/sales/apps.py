"""Django's registration of this package."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class SalesConfig(AppConfig):
    """Installs the package's models."""

    name = "approdo.sales"
    label = "sales"
    verbose_name = _("Sales")
