"""Django's registration of this package."""

from django.apps import AppConfig


class NodesConfig(AppConfig):
    """Installs the package's models."""

    name = "approdo.nodes"
    label = "nodes"
