"""Whose SKUs are recoded: those of a node's documents of one program, where a connector that reads them asks for it.

Not only what that connector itself brings: an order is the same whoever brought it, by a window, by its number or
read again after it was set aside.
"""

from typing import Any

from django.db import connection

from approdo.connectors import node_type
from approdo.exchanges.recoding import Asked
from approdo.processes import planning
from approdo.processes.models import Connector
from approdo.sdk.errors import ConfigError
from approdo.sdk.recoding import RECODE_SKUS


def asked(node: int, program: str) -> Asked | None:
    """How SKUs of such documents are recoded; none where no active connector asks for it."""
    return asking(node=node).get((node, program)) if _anybody_asks(node) else None


def _anybody_asks(node: int) -> bool:
    """Whether a connector of the node may ask for it. For those who do not, it must not cost a page anything."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT 1 FROM processes_connector WHERE node_id = %s AND active AND CAST(options AS text) LIKE %s LIMIT 1",
            [node, f'%"{RECODE_SKUS}": true%'],
        )
        return cursor.fetchone() is not None


def asking(**which: Any) -> dict[tuple[int, str], Asked]:
    """The same for every node and program for which it is asked. Of several connectors each may add fallbacks."""
    found: dict[tuple[int, str], Asked] = {}
    for connector in Connector.objects.filter(active=True, **which).select_related("node", "configuration"):
        wanted = _wanted(connector)
        if wanted:
            program, more = wanted
            before = found.get((connector.node_id, program), more)
            fallbacks = tuple(dict.fromkeys((*before.fallbacks, *more.fallbacks)))
            found[connector.node_id, program] = more._replace(fallbacks=fallbacks)
    return found


def _wanted(connector: Connector) -> tuple[str, Asked] | None:
    options = connector.all_options()
    try:
        kinds = planning.work_of(connector).recoding(options)
        marketplace = node_type(connector.node.type).marketplace(connector.node.options)
    except ConfigError:  # nothing is left of its type
        return None
    program = options.get("type")
    return (program, Asked(tuple(kinds), marketplace or "")) if kinds is not None and program else None
