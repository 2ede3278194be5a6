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
from approdo.sales.raw import raw_bytes
from approdo.sales.receive import Origin, receive
from approdo.sdk.documents import Batch
from approdo.sdk.errors import ApprodoError, ConfigError, UnreadableDocument


def retry(waiting: SetAside) -> bool:
    """Try to read a set-aside document again; true once it is stored, false where it still cannot be read.

    What was stored since then and is newer stays. Runs that were only partly done because of it end
    as succeeded. Raises `ConfigError` where nobody reads this program any more.
    """
    batch = batch_of(waiting.node, waiting.program, [raw_bytes(waiting)], waiting.received_at)
    now = timezone.now()
    with transaction.atomic():
        counts = receive(batch, Origin(waiting.node_id, waiting.run, now))
        if counts.failed:
            return False
        SetAside.objects.filter(pk=waiting.pk).update(stored_at=now)
        runs.settle(waiting.node_id)
    return True


def changes(document: SaleDocument, newer: DocumentVersion, consumer: bool = False) -> list[Difference] | None:
    """What `newer` says differently from the version before it; none for the first, or where one cannot be read.

    With `consumer` also what it says differently of the consumer, which is for those who may know.
    """
    older = DocumentVersion.objects.filter(document=document, number__lt=newer.number).order_by("-number").first()
    if older is None:
        return None
    try:
        batch = batch_of(document.node, document.program, [], newer.received_at)
        before, after = (batch.decode(_text(version, batch, consumer)) for version in (older, newer))
    except (ConfigError, UnreadableDocument):
        return None
    return differences(before, after)


def text(kept: DocumentVersion | SetAside, node: Node, program: str, consumer: bool = False) -> str:
    """The raw text of what was kept; without the consumer unless asked for, where it may name one."""
    if not kept.sealed:
        return raw_bytes(kept).decode("utf-8", "replace")
    try:
        batch = batch_of(node, program, [], kept.received_at)
    except ConfigError:
        return ""
    return _text(kept, batch, consumer).decode("utf-8", "replace")


def _text(kept: DocumentVersion | SetAside, batch: Batch, consumer: bool) -> bytes:
    raw = raw_bytes(kept)
    return batch.privacy.redact(raw) if batch.privacy and kept.sealed and not consumer else raw


def batch_of(node: Node, program: str, raws: Sequence[bytes], asked_at: datetime) -> Batch:
    """These raw texts as a batch of the node's program. Raises `ConfigError` where nobody reads it any more."""
    try:
        declared = node_type(node.type).connector_types
    except ApprodoError:
        declared = ()
    for connector_type in declared:
        reread = connector_type.work.reread.get(program)
        if reread is not None:
            return reread(raws, asked_at)
    raise ConfigError("program_unknown", program=program)
