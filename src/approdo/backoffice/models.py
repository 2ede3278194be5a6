"""One proxy of `Configuration` per declared kind, so that each kind has a screen of its own.

Proxies have no table. Their migration is bookkeeping that Django cannot do without (an app without
migrations may not inherit from one that has them): do not delete it; `makemigrations` writes a new kind's.
"""

import types
from collections.abc import Iterator, Mapping
from typing import Any

from django.utils.translation import gettext_lazy

from approdo.backoffice.seen import SeenAll, SeenDocument
from approdo.backoffice.uploads import TableUpload
from approdo.connectors import NODE_TYPES
from approdo.nodes.models import Configuration
from approdo.sdk.connector import ConfigurationType

__all__ = ["CONFIGURATION_MODELS", "SeenAll", "SeenDocument", "TableUpload", "configuration_types"]


def configuration_types() -> Iterator[ConfigurationType]:
    """Every kind of configuration that a connector type declares, once."""
    seen = set()
    for node_type in NODE_TYPES:
        for declared in node_type.connector_types:
            kind = declared.configuration
            if kind is not None and kind.name not in seen:
                seen.add(kind.name)
                yield kind


def _proxy(declared: ConfigurationType) -> type[Configuration]:
    name = "".join(part.capitalize() for part in declared.name.split("_"))
    options: dict[str, Any] = {
        "proxy": True,
        "app_label": "backoffice",
        "verbose_name": gettext_lazy(declared.label),
        "verbose_name_plural": gettext_lazy(declared.label_plural),
        "default_permissions": (),  # the concrete model's permissions count
    }
    attributes = {"__module__": __name__, "Meta": type("Meta", (), options), "__doc__": declared.label}
    made: type[Configuration] = types.new_class(name, (Configuration,), exec_body=lambda body: body.update(attributes))
    return made


CONFIGURATION_MODELS: Mapping[str, type[Configuration]] = {
    declared.name: _proxy(declared) for declared in configuration_types()
}
"""The model behind each kind's screen."""
