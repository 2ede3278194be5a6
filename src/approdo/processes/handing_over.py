"""Connectors that hand documents over: what each wants, what waits for it, what it got."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

from django.conf import settings

from approdo.connectors import NODE_TYPES, connector_type
from approdo.exchanges import due
from approdo.exchanges.delivery import Asked
from approdo.exchanges.intake import keep_notes
from approdo.exchanges.models import Delivery, Receipt
from approdo.nodes.models import Node
from approdo.nodes.time_ranges import zone_of
from approdo.processes.models import Connector
from approdo.sales import queries
from approdo.sales.models import SaleDocument
from approdo.sales.personal import Reader
from approdo.sdk.documents import Note
from approdo.sdk.errors import ConfigError
from approdo.sdk.exports import Export

EXPORTING = tuple(
    declared.name
    for node_type in NODE_TYPES
    for declared in node_type.connector_types
    if isinstance(declared.work, Export)
)
"""The connector types that hand documents over."""

WAITING = "documents_waiting"


def work_of(connector: Connector) -> Export:
    """How the connector hands documents over. Raises `ConfigError("not_an_export")` for one that does not."""
    work = connector_type(connector.type).work
    if not isinstance(work, Export):
        raise ConfigError("not_an_export", name=connector.name)
    return work


def asked(connector: Connector, by: str, at: datetime) -> Asked:
    """A call of `by` for the connector's documents."""
    return Asked(connector.pk, work_of(connector).wanted(connector.options), by, at)


def waiting(connector: Connector, at: datetime) -> int:
    """How many documents a call would find."""
    return due.waiting(connector.pk, work_of(connector).wanted(connector.options), at).count()


def format_options(connector: Connector) -> dict[str, Any]:
    """What a format is told: the connector's options, and in which zones days are cut."""
    zones = {node.name: zone_of(node).key for node in Node.objects.all()}
    return {**connector.options, "time_zone": settings.TIME_ZONE, "time_zones": zones}


def note_waiting(run: int, connector: Connector, at: datetime) -> None:
    """Write into the run how many documents wait for the outside system."""
    many = waiting(connector, at) if work_of(connector).once(connector.options) else None
    if many:
        keep_notes(run, [Note(code=WAITING, params={"many": many})], at)


def whole(rows: Sequence[SaleDocument], reader: Reader | None = None) -> list[dict[str, Any]]:
    """Documents as `queries.whole` gives them, with what was handed over to which connector."""
    documents = queries.whole(rows, reader)
    exports = exports_of([row.pk for row in rows])
    for document in documents:
        document["exports"] = exports.get(document["id"], [])
    return documents


def exports_of(documents: Collection[int]) -> dict[int, list[dict[str, Any]]]:
    """What was handed over of these documents, by document, oldest first. A connector that is gone has no name."""
    names: Mapping[int, str] = dict(Connector.objects.filter(type__in=EXPORTING).values_list("pk", "name"))
    receipts = {
        (document, connector): number
        for document, connector, number in Receipt.objects.filter(document__in=documents).values_list(
            "document", "connector", "number"
        )
    }
    found: dict[int, list[dict[str, Any]]] = {}
    for one in Delivery.objects.filter(document__in=documents).order_by("pk"):
        found.setdefault(one.document_id, []).append(
            {
                "connector": names.get(one.connector),
                "version": one.version,
                "change": one.change,
                "state": one.state,
                "at": one.at.isoformat().replace("+00:00", "Z"),
                "batch": one.batch_id,
                "receipt": receipts.get((one.document_id, one.connector)),
            }
        )
    return found
