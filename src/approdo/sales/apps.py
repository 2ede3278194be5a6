"""Django's registration of this package."""

from django.apps import AppConfig


class SalesConfig(AppConfig):
    """Installs the package's models."""

    name = "approdo.sales"
    label = "sales"
