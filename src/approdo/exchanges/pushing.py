"""Batches that are sent out: one at a time for each connector, the oldest first, until it arrived or was given up.

Sent outside any transaction and settled afterwards: what dies in between is sent again, under the same number.
"""

from collections.abc import Collection
from datetime import datetime

from django.db import transaction
from django.db.models import F, QuerySet

from approdo.exchanges.delivery import State, receive_receipt
from approdo.exchanges.models import OPEN, Batch, Delivery
from approdo.exchanges.patience import next_attempt
from approdo.sdk.errors import ApprodoError
from approdo.sdk.exports import Handed


def on_its_way(connector: int) -> Batch | None:
    """The oldest batch of a connector that has not arrived and was not given up."""
    return Batch.objects.filter(OPEN, connector=connector).order_by("pk").first()


def begin(batch: Batch, run: int, at: datetime) -> None:
    """Note an attempt to send a batch."""
    Batch.objects.filter(pk=batch.pk).update(given=F("given") + 1, given_at=at, run=run, next_attempt_at=None)
    batch.refresh_from_db(fields=("given", "given_at"))


def settle(batch: Batch, handed: Handed, by: str, at: datetime) -> None:
    """Write down what became of each document of a batch that arrived."""
    with transaction.atomic():
        mine = Batch.objects.filter(OPEN, pk=batch.pk)
        if not mine.update(confirmed_at=at, confirmed_by=by[:150], **_error(None)):
            return
        for document, refusal in handed.refused.items():
            _sending(batch).filter(document=document).update(
                state=State.FAILED, at=at, code=refusal.code, params=refusal.params
            )
        for where in set(handed.where.values()):
            there = [document for document, place in handed.where.items() if place == where]
            _sending(batch).filter(document__in=there).update(where=where[:500])
        _sending(batch).update(state=State.CONFIRMED, at=at)
        for document, number in handed.receipts.items():
            receive_receipt(batch.connector, document, number, at)


def postpone(batch: Batch, error: ApprodoError, at: datetime) -> bool:
    """Note why a batch did not arrive and when it is tried again. False where it was tried long enough: given up."""
    following = next_attempt(batch.given - 1, batch.claimed_at, at)
    if following is None:
        give_up(batch, error, at)
        return False
    Batch.objects.filter(OPEN, pk=batch.pk).update(next_attempt_at=following, **_error(error))
    return True


def give_up(batch: Batch, error: ApprodoError, at: datetime) -> None:
    """Stop trying: its documents wait for a person to send them again."""
    with transaction.atomic():
        if Batch.objects.filter(OPEN, pk=batch.pk).update(given_up_at=at, next_attempt_at=None, **_error(error)):
            _sending(batch).update(state=State.FAILED, at=at, code=error.code, params=error.params)


def due(connectors: Collection[int], now: datetime) -> set[int]:
    """Those of the connectors whose batch is to be tried again by now."""
    waiting = Batch.objects.filter(OPEN, connector__in=connectors, next_attempt_at__lte=now)
    return set(waiting.values_list("connector", flat=True))


def counts(run: int) -> dict[str, int]:
    """How many documents a run handed over, and how many were refused; nothing where it sent nothing."""
    batches = Batch.objects.filter(run=run)
    if not batches.exists():
        return {}
    sent = Delivery.objects.filter(batch__run=run)
    return {
        "handed_over": sent.filter(state__in=(State.CONFIRMED, State.WITHDRAWN)).count(),
        "refused": sent.filter(state=State.FAILED).count(),
    }


def places(run: int) -> list[str]:
    """Where the documents are that a run handed over, in the order in which they went."""
    sent = Delivery.objects.filter(batch__run=run).exclude(where="").order_by("pk")
    return list(dict.fromkeys(sent.values_list("where", flat=True)))


def _sending(batch: Batch) -> QuerySet[Delivery]:
    return Delivery.objects.filter(batch=batch, state=State.SENDING)


def _error(error: ApprodoError | None) -> dict[str, object]:
    if error is None:
        return {"error_kind": "", "error_code": "", "error_params": {}}
    return {"error_kind": error.kind, "error_code": error.code, "error_params": error.params}
