"""Every kind of node and what can be connected to it: one line per type, and how to find one."""

from collections.abc import Iterable
from typing import Protocol, TypeVar

from approdo.connectors import amazon_vendor, api, files, tryton, webhook
from approdo.sdk.connector import ConfigurationType, ConnectorType, NodeType
from approdo.sdk.errors import ConfigError

NODE_TYPES: tuple[NodeType, ...] = (
    amazon_vendor.NODE_TYPE,
    api.NODE_TYPE,
    files.NODE_TYPE,
    webhook.NODE_TYPE,
    tryton.NODE_TYPE,
)


def node_type(name: str) -> NodeType:
    """The node type of this name, or `ConfigError("unknown_node_type")`."""
    return _named(name, NODE_TYPES, "unknown_node_type")


def connector_type(name: str) -> ConnectorType:
    """The connector type of this name, or `ConfigError("unknown_connector_type")`."""
    types = [type_ for node in NODE_TYPES for type_ in node.connector_types]
    return _named(name, types, "unknown_connector_type")


def configuration_type(name: str) -> ConfigurationType:
    """The configuration type of this name, or `ConfigError("unknown_configuration_type")`."""
    types = [type_.configuration for node in NODE_TYPES for type_ in node.connector_types]
    return _named(name, [type_ for type_ in types if type_], "unknown_configuration_type")


class _HasName(Protocol):
    @property
    def name(self) -> str: ...


_Named = TypeVar("_Named", bound=_HasName)


def _named(name: str, types: Iterable[_Named], code: str) -> _Named:
    known = {type_.name: type_ for type_ in types}
    if name not in known:
        raise ConfigError(code, name=name, known=", ".join(known))
    return known[name]
