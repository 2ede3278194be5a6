"""Consumers are forgotten: on request, and by themselves when their time is over."""

import logging
from datetime import datetime

from approdo.processes.rereading import batch_of
from approdo.sales import personal
from approdo.sales.models import SaleDocument

log = logging.getLogger(__name__)

AT_ONCE = 200
"""So many are purged in one round of a worker; the next round takes the next ones."""


def purge(document: SaleDocument, at: datetime) -> bool:
    """Forget who a document's consumer is, everywhere and for good. False where there is nothing to forget.

    Raises `ConfigError` where nobody reads documents of this program any more.
    """
    return personal.purge(document, batch_of(document.node, document.program, [], at), at)


def purge_overdue(now: datetime) -> int:
    """Forget whose time is over; returns how many documents that were."""
    count = 0
    for document in personal.overdue(now, AT_ONCE):
        try:
            count += purge(document, now)
        except Exception:
            log.exception("the personal data of document %s could not be purged", document.pk)
    for waiting in personal.overdue_set_aside(now, AT_ONCE):
        try:
            privacy = batch_of(waiting.node, waiting.program, [], now).privacy
            if privacy:
                personal.purge_set_aside(waiting, privacy, now)
                count += 1
        except Exception:
            log.exception("the personal data of set-aside document %s could not be purged", waiting.pk)
    return count
