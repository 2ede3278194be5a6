"""Django's registration of this package."""

from django.apps import AppConfig


class ProcessesConfig(AppConfig):
    """Installs the package's models."""

    name = "approdo.processes"
    label = "processes"
