"""Django's registration of this package."""

from django.apps import AppConfig


class ExchangesConfig(AppConfig):
    """Installs the package's models."""

    name = "approdo.exchanges"
    label = "exchanges"
