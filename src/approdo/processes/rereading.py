"""What was kept raw, decoded once more: what was set aside, and versions to be compared."""

from collections.abc import Sequence
from datetime import datetime

from django.db import transaction
from django.utils import timezone

from approdo.connectors import node_type
from approdo.exchanges.imports import reading as imports
from approdo.exchanges.intake import store
from approdo.exchanges.quiet import LONGEST_WHY
from approdo.nodes.models import Node
from approdo.nodes.time_ranges import zone_of
from approdo.processes import recodings, runs
from approdo.sales.bills import BILLS
from approdo.sales.differences import Difference, differences
from approdo.sales.models import DocumentStatus, DocumentVersion, SaleDocument, SetAside, StatusVersion
from approdo.sales.raw import is_sealed, raw_bytes
from approdo.sales.receive import Origin
from approdo.sales.status import receive_statuses
from approdo.sdk.connector import Download
from approdo.sdk.documents import Batch
from approdo.sdk.documents import SaleDocument as Document
from approdo.sdk.errors import ApprodoError, ConfigError, UnreadableDocument
from approdo.sdk.statuses import StatusBatch


def retry(waiting: SetAside) -> bool:
    """Try to read a set-aside document, or status, again; true once it is stored, false where it still cannot be read.

    What was stored since then and is newer stays. Runs that were only partly done because of it end
    as succeeded. Raises `ConfigError` where nobody reads this program any more.
    """
    raws, now = [raw_bytes(waiting)], timezone.now()
    origin = Origin(waiting.node_id, waiting.run, now)
    with transaction.atomic():
        if waiting.about == SetAside.About.STATUS:
            counts = receive_statuses(_statuses(waiting.node, waiting.program, raws, waiting.received_at), origin)
        elif waiting.purged_at and not _readable(waiting, raws[0]):
            return False
        else:
            batch = batch_of(waiting.node, waiting.program, raws, waiting.received_at)
            counts = store(batch, origin, recodings.asked)
        if counts.failed:
            return False
        SetAside.objects.filter(pk=waiting.pk).update(stored_at=now)
        runs.settle(waiting.node_id)
    return True


def give_up(waiting: SetAside, why: str, by: str) -> None:
    """A person says that this need not be read any more, and why; it waits no longer, and runs settle.

    Its text is kept, and it can still be tried. Raises `ConfigError`: `missing_option` without a reason,
    `text_too_long`, `set_aside_ended` where it does not wait.
    """
    why = why.strip()
    if not why:
        raise ConfigError("missing_option")
    if len(why) > LONGEST_WHY:
        raise ConfigError("text_too_long", most=LONGEST_WHY)
    with transaction.atomic():
        mine = SetAside.objects.filter(SetAside.WAITS, pk=waiting.pk)
        if not mine.update(given_up_at=timezone.now(), given_up_by=by[:150], given_up_why=why):
            raise ConfigError("set_aside_ended")
        runs.settle(waiting.node_id)


def _readable(waiting: SetAside, raw: bytes) -> bool:
    """Whether what purging left of a document can be read: set aside again, it would be another document."""
    try:
        batch_of(waiting.node, waiting.program, [], waiting.received_at).decode(raw)
    except UnreadableDocument:
        return False
    return True


def changes(document: SaleDocument, newer: DocumentVersion, consumer: bool = False) -> list[Difference] | None:
    """What `newer` says differently from the version before it; none for the first, or where one cannot be read.

    With `consumer` also what it says differently of the consumer, which is for those who may know.
    """
    older = DocumentVersion.objects.filter(document=document, number__lt=newer.number).order_by("-number").first()
    if older is None:
        return None
    try:
        before, after = (_decoded(document, version, consumer) for version in (older, newer))
    except (ConfigError, UnreadableDocument):
        return None
    return differences(before, after)


def _decoded(document: SaleDocument, version: DocumentVersion, consumer: bool) -> Document:
    raw = raw_bytes(version)
    if document.type in BILLS:
        return imports.again(raw, zone_of(document.node), document.program, document.vendor_code)
    batch = batch_of(document.node, document.program, [], version.received_at)
    return batch.decode(raw if consumer else _redacted(raw, batch))


def text(kept: DocumentVersion | StatusVersion | SetAside, node: Node, program: str, consumer: bool = False) -> str:
    """The raw text of what was kept; without the consumer unless asked for, where it may name one."""
    raw = raw_bytes(kept)
    if is_sealed(kept) and not consumer:
        try:
            raw = _redacted(raw, batch_of(node, program, [], kept.received_at))
        except ConfigError:
            return ""
    return raw.decode("utf-8", "replace")


def _redacted(raw: bytes, batch: Batch) -> bytes:
    return batch.privacy.redact(raw) if batch.privacy else raw


def has_statuses(document: SaleDocument) -> bool:
    """Whether statuses are read of documents of this kind."""
    known = any(document.program in work.reread_statuses for work in _works(document.node))
    return known and document.type == SaleDocument.Type.ORDER


def status_changes(status: DocumentStatus, newer: StatusVersion) -> list[Difference] | None:
    """The same for a version of an order's status."""
    older = StatusVersion.objects.filter(status=status, number__lt=newer.number).order_by("-number").first()
    if older is None:
        return None
    raws = [raw_bytes(older), raw_bytes(newer)]
    try:
        batch = _statuses(status.node, status.program, raws, newer.received_at)
        before, after = map(batch.decode, raws)
    except (ConfigError, UnreadableDocument):
        return None
    return differences(before, after)


def batch_of(node: Node, program: str, raws: Sequence[bytes], asked_at: datetime) -> Batch:
    """These raw texts as a batch of the node's program. Raises `ConfigError` where nobody reads it any more."""
    for work in _works(node):
        if program in work.reread:
            return work.reread[program](raws, asked_at)
    raise ConfigError("program_unknown", program=program)


def _statuses(node: Node, program: str, raws: Sequence[bytes], asked_at: datetime) -> StatusBatch:
    for work in _works(node):
        if program in work.reread_statuses:
            return work.reread_statuses[program](raws, asked_at)
    raise ConfigError("program_unknown", program=program)


def _works(node: Node) -> list[Download]:
    try:
        return node_type(node.type).downloads
    except ApprodoError:
        return []
