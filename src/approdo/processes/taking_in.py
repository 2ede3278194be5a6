"""Connectors that take what an outside system posts."""

from approdo.connectors import NODE_TYPES, connector_type
from approdo.exchanges.imports.taking import Allowed
from approdo.processes.models import Connector
from approdo.sdk.errors import ConfigError
from approdo.sdk.imports import Import

IMPORTING = tuple(
    declared.name
    for node_type in NODE_TYPES
    for declared in node_type.connector_types
    if isinstance(declared.work, Import)
)
"""The connector types that take documents."""


def work_of(connector: Connector) -> Import:
    """How the connector takes documents. Raises `ConfigError("not_an_import")` for one that does not."""
    work = connector_type(connector.type).work
    if not isinstance(work, Import):
        raise ConfigError("not_an_import", name=connector.name)
    return work


def allowed(connector: Connector) -> Allowed:
    """What the connector takes, to whose orders it may belong, and whether SKUs are recoded."""
    work = work_of(connector)
    return Allowed(work.takes(connector.options), work.nodes(connector.options), work.recodes(connector.options))
