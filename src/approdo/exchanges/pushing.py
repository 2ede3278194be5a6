"""Batches that are sent out: one at a time for each connector, the oldest first, until it arrived or was given up.

Sent outside any transaction and settled afterwards: what dies in between is sent again, under the same number.
"""

from collections.abc import Collection
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import F, Min, QuerySet

from approdo.exchanges.delivery import State, find, receive_receipt
from approdo.exchanges.models import OPEN, Attempt, Batch, Delivery
from approdo.exchanges.patience import WAITS, next_attempt
from approdo.sdk.errors import ApprodoError, ConfigError, RefusedError
from approdo.sdk.exports import Handed

LONGEST_WAIT = WAITS[-1]
"""However long the other side asks to be left alone."""


def on_its_way(connector: int) -> Batch | None:
    """The oldest batch of a connector that has not arrived and was not given up."""
    return Batch.objects.filter(OPEN, connector=connector).order_by("pk").first()


def begin(batch: Batch, run: int, at: datetime) -> Attempt:
    """Note an attempt to send a batch, before it is made."""
    with transaction.atomic():
        Batch.objects.filter(pk=batch.pk).update(given=F("given") + 1, given_at=at, run=run, next_attempt_at=None)
        attempt = Attempt.objects.create(batch=batch, run=run, at=at)
    batch.refresh_from_db(fields=("given", "given_at"))
    return attempt


def end(
    attempt: Attempt, error: ApprodoError | None, at: datetime, status: int | None = None, answer: str = ""
) -> None:
    """Note how an attempt went."""
    attempt.ended_at, attempt.status, attempt.answer = at, status, answer[:500]
    if error:
        attempt.error_code, attempt.error_params = error.code, error.params
        attempt.perhaps_arrived = not _nothing_arrived(error)
    attempt.save()


def land(batch: Batch, documents: Collection[int], where: str, at: datetime) -> None:
    """Write down that some documents of a batch have arrived, and where they are, whatever becomes of the others."""
    there = batch.deliveries.filter(document__in=documents).exclude(state=State.WITHDRAWN)
    there.update(state=State.CONFIRMED, where=where[:500], at=at, code="", params={})


def landed(batch: Batch) -> frozenset[int]:
    """The documents of a batch of which it is known where they are."""
    return frozenset(batch.deliveries.exclude(where="").values_list("document", flat=True))


def _nothing_arrived(error: ApprodoError) -> bool:
    said: bool = error.params.get("nothing_arrived", isinstance(error, RefusedError | ConfigError))
    return said


def settle(batch: Batch, handed: Handed, by: str, at: datetime) -> None:
    """Write down what became of each document of a batch that arrived, though another attempt had given it up."""
    with transaction.atomic():
        _take_up_again(batch)
        Batch.objects.filter(OPEN, pk=batch.pk).update(confirmed_at=at, confirmed_by=by[:150], **_error(None))
        # Also where the receiver confirmed the batch while it was being sent: what it refused it has not got.
        taken = batch.deliveries.filter(state__in=(State.SENDING, State.CONFIRMED))
        for document, refusal in handed.refused.items():
            taken.filter(document=document).update(state=State.FAILED, at=at, code=refusal.code, params=refusal.params)
        _sending(batch).update(state=State.CONFIRMED, at=at)
        for document, number in handed.receipts.items():
            receive_receipt(batch.connector, document, number, at)


def _take_up_again(batch: Batch) -> None:
    """Let a batch that was given up be on its way once more."""
    if Batch.objects.filter(pk=batch.pk, given_up_at__isnull=False).update(given_up_at=None):
        batch.deliveries.filter(state=State.FAILED).update(state=State.SENDING, code="", params={})


def postpone(batch: Batch, error: ApprodoError, at: datetime) -> bool:
    """Note why a batch did not arrive and when it is tried again. False where it was tried long enough: given up."""
    failed_before = batch.attempts.filter(at__gte=batch.tried_since).count() - 1
    following = next_attempt(max(failed_before, 0), batch.tried_since, at)
    if following is None:
        give_up(batch, error, at)
        return False
    following = max(following, at + min(timedelta(seconds=error.params.get("retry_after", 0)), LONGEST_WAIT))
    Batch.objects.filter(OPEN, pk=batch.pk).update(next_attempt_at=following, **_error(error))
    return True


def hold(batch: Batch, error: ApprodoError) -> None:
    """Note why a batch did not arrive, where waiting does not help: it is tried again by the connector's next run."""
    Batch.objects.filter(OPEN, pk=batch.pk).update(**_error(error))


def give_up(batch: Batch, error: ApprodoError, at: datetime) -> None:
    """Stop trying: its documents wait for a person to send them again."""
    with transaction.atomic():
        if Batch.objects.filter(OPEN, pk=batch.pk).update(given_up_at=at, next_attempt_at=None, **_error(error)):
            _sending(batch).update(state=State.FAILED, at=at, code=error.code, params=error.params)


COUNTED = ("handed_over", "refused", "waiting")
"""What a run of a connector that hands documents over counts; `waiting` are those that it left for later."""


def send_again(connector: int, name: str, at: datetime) -> Batch:
    """Try a batch that was given up once more, as it was and under its name, for as long as a new one.

    What has landed of it is not sent again.

    Raises `ConfigError`: `batch_not_found`; `batch_not_given_up`; `batch_too_old` where its content is no longer kept;
    `batch_taken_apart` where some of its documents were let out again by themselves.
    """
    batch = find(connector, name)
    given_up = Batch.objects.filter(pk=batch.pk, given_up_at__isnull=False)
    with transaction.atomic():
        if given_up.filter(content=b"").exists():
            raise ConfigError("batch_too_old", batch=name)
        if not given_up.exclude(content=b"").update(
            given_up_at=None, sent_again_at=at, next_attempt_at=at, **_error(None)
        ):
            raise ConfigError("batch_not_given_up", batch=name)
        failed = batch.deliveries.filter(state=State.FAILED)
        if failed.update(state=State.SENDING, at=at, code="", params={}) < batch.deliveries.filter(where="").count():
            raise ConfigError("batch_taken_apart", batch=name)
    batch.refresh_from_db()
    return batch


def try_now(connector: int, name: str, at: datetime) -> Batch:
    """Do not wait for the moment at which a batch would be tried again. Raises `ConfigError("batch_not_waiting")`."""
    batch = find(connector, name)
    waiting = Batch.objects.filter(OPEN, pk=batch.pk).exclude(error_code="")
    if not waiting.update(next_attempt_at=at):
        raise ConfigError("batch_not_waiting", batch=name)
    batch.refresh_from_db()
    return batch


def due(connectors: Collection[int], now: datetime) -> set[int]:
    """Those of the connectors whose batch is to be tried again by now. A younger one waits for the oldest."""
    waiting = Batch.objects.filter(OPEN, connector__in=connectors, next_attempt_at__lte=now).defer("content")
    oldest = {batch.connector: on_its_way(batch.connector) for batch in waiting}
    return {batch.connector for batch in waiting if batch == oldest[batch.connector]}


def given_up_by(run: int) -> int:
    """How many batches a run gave up."""
    return Batch.objects.filter(run=run, given_up_at__isnull=False).count()


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


def places(run: int, most: int) -> list[str]:
    """Where the documents are that a run handed over, such as in which files, the first ones first."""
    sent = Delivery.objects.filter(batch__run=run).exclude(where="")
    return list(sent.values_list("where", flat=True).annotate(first=Min("pk")).order_by("first")[:most])


def _sending(batch: Batch) -> QuerySet[Delivery]:
    return Delivery.objects.filter(batch=batch, state=State.SENDING)


def _error(error: ApprodoError | None) -> dict[str, object]:
    if error is None:
        return {"error_kind": "", "error_code": "", "error_params": {}}
    return {"error_kind": error.kind, "error_code": error.code, "error_params": error.params}
