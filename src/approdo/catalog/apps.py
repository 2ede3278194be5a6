"""Django's registration of this package."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class CatalogConfig(AppConfig):
    """Installs the package's models."""

    name = "approdo.catalog"
    label = "catalog"
    verbose_name = _("Catalog")
