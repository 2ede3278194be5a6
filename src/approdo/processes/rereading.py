"""What was kept raw, decoded once more: set-aside documents, and versions to be compared."""

from collections.abc import Sequence
from datetime import datetime

from django.db import transaction
from django.utils import timezone

from approdo.connectors import node_type
from approdo.nodes.models import Node
from approdo.processes import runs
from approdo.sales.differences import Difference, differences
from approdo.sales.models import DocumentVersion, SaleDocument, SetAside
from approdo.sales.receive import Origin, raw_bytes, receive
from approdo.sdk.documents import Batch
from approdo.sdk.errors import ApprodoError, ConfigError, UnreadableDocument


def retry(waiting: SetAside) -> bool:
    """Try to read a set-aside document again; true once it is stored, false where it still cannot be read.

    What was stored since then and is newer stays. Runs that were only partly done because of it end
    as succeeded. Raises `ConfigError` where nobody reads this program any more.
    """
    batch = _batch(waiting.node, waiting.program, [raw_bytes(waiting)], waiting.received_at)
    now = timezone.now()
    with transaction.atomic():
        counts = receive(batch, Origin(waiting.node_id, waiting.run, now))
        if counts.failed:
            return False
        SetAside.objects.filter(pk=waiting.pk).update(stored_at=now)
        runs.settle(waiting.node_id)
    return True


def changes(document: SaleDocument, newer: DocumentVersion) -> list[Difference] | None:
    """What `newer` says differently from the version before it; none for the first, or where one cannot be read."""
    older = DocumentVersion.objects.filter(document=document, number__lt=newer.number).order_by("-number").first()
    if older is None:
        return None
    raws = [raw_bytes(older), raw_bytes(newer)]
    try:
        batch = _batch(document.node, document.program, raws, newer.received_at)
        before, after = map(batch.decode, raws)
    except (ConfigError, UnreadableDocument):
        return None
    return differences(before, after)


def _batch(node: Node, program: str, raws: Sequence[bytes], asked_at: datetime) -> Batch:
    try:
        declared = node_type(node.type).connector_types
    except ApprodoError:
        declared = ()
    for connector_type in declared:
        reread = connector_type.work.reread.get(program)
        if reread is not None:
            return reread(raws, asked_at)
    raise ConfigError("program_unknown", program=program)
