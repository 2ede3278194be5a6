"""The page of a batch: how far it has come, why it has not arrived, each attempt, what became of each document."""

from typing import Any, NamedTuple

from django.http import HttpRequest
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from approdo.backoffice import formats
from approdo.exchanges.models import Attempt, Batch, Delivery, Receipt
from approdo.nodes.sentences import Explanation, explain
from approdo.processes.models import Connector, Run

MAY_EXPORT_AGAIN = "exchanges.change_batch"
BATCH_LOOKS = {
    Batch.State.OPEN: "warning",
    Batch.State.NOT_ARRIVED: "warning",
    Batch.State.HANDED_OVER: "success",
    Batch.State.GIVEN_UP: "danger",
}
LOOKS = {
    Delivery.State.SENDING: "warning",
    Delivery.State.CONFIRMED: "success",
    Delivery.State.FAILED: "danger",
    Delivery.State.WITHDRAWN: "",
}
AGAIN = (Delivery.State.CONFIRMED, Delivery.State.FAILED)
"""What a person can have exported again."""


class Row(NamedTuple):
    """A document of the batch."""

    delivery: Delivery
    link: SafeString
    badge: SafeString
    why: Explanation | None
    receipt: str | None
    again: bool


class Tried(NamedTuple):
    """An attempt to send the batch."""

    attempt: Attempt
    at: SafeString
    run: SafeString | str
    milliseconds: int | None
    failed: bool
    why: Explanation | None


def state(batch: Batch, refused: int = 0) -> SafeString:
    """The badge of a batch's state, and how many of its documents were not taken."""
    shown = formats.badge(str(batch.state.label), BATCH_LOOKS[batch.state])
    if batch.state != Batch.State.HANDED_OVER or not refused:
        return shown
    text = ngettext("{count} not taken", "{count} not taken", refused).format(count=refused)
    return SafeString(f"{shown} {formats.badge(text, 'danger')}")


def delivery_state(one: Delivery) -> SafeString:
    """The badge of a delivery's state."""
    return formats.badge(one.get_state_display(), LOOKS.get(Delivery.State(one.state), ""))


def why(one: Batch | Attempt) -> Explanation | None:
    """Why it did not arrive; none where it did, or is on its way."""
    return explain(one.error_code, one.error_params) if one.error_code else None


def why_refused(one: Delivery) -> Explanation | None:
    """Why the outside system did not take a document."""
    return explain(one.code, one.params) if one.code else None


def context(batch: Batch, request: HttpRequest) -> dict[str, Any]:
    """What the page shows."""
    connector = Connector.objects.filter(pk=batch.connector).first()
    rows = _rows(batch)
    sent = batch.run is not None
    return {
        "original": batch,
        "connector": formats.link(connector) if connector else f"#{batch.connector}",
        "state": state(batch, sum(row.delivery.state == Delivery.State.FAILED for row in rows)),
        "sent": sent,
        "claimed": formats.moment(batch.claimed_at, seconds=True),
        "given": formats.moment(batch.given_at, seconds=True),
        "confirmed": formats.moment(batch.confirmed_at, seconds=True),
        "given_up": formats.moment(batch.given_up_at, seconds=True) if batch.given_up_at else None,
        "next": formats.moment(batch.next_attempt_at, seconds=True) if batch.next_attempt_at else None,
        "why": why(batch),
        "rows": rows,
        "where": list(dict.fromkeys(row.delivery.where for row in rows if row.delivery.where)),
        "any_again": any(row.again for row in rows),
        "attempts": _attempts(batch) if sent else [],
        "may_export_again": request.user.has_perm(MAY_EXPORT_AGAIN),
        "action": _action(batch, connector) if request.user.has_perm(MAY_EXPORT_AGAIN) else None,
    }


def _action(batch: Batch, connector: Connector | None) -> tuple[str, str] | None:
    """The button that helps the batch along: the name of its address, and its text."""
    if connector is None:
        return None
    if batch.state == Batch.State.GIVEN_UP:
        return "admin:exchanges_batch_send_again", _("Send again")
    if batch.state == Batch.State.NOT_ARRIVED:
        return "admin:exchanges_batch_try_now", _("Try now")
    return None


def _rows(batch: Batch) -> list[Row]:
    deliveries = list(batch.deliveries.select_related("document").order_by("pk"))
    documents = [one.document_id for one in deliveries]
    known = Receipt.objects.filter(connector=batch.connector, document__in=documents)
    receipts = dict(known.values_list("document", "number"))
    # What was given up with the whole batch is said once, above.
    return [
        Row(
            one,
            formats.link(one.document),
            delivery_state(one),
            why_refused(one) if one.code != batch.error_code else None,
            receipts.get(one.document_id),
            one.state in AGAIN,
        )
        for one in deliveries
    ]


def _attempts(batch: Batch) -> list[Tried]:
    attempts = list(batch.attempts.order_by("-pk"))
    runs = Run.objects.in_bulk({one.run for one in attempts})
    return [
        Tried(
            one,
            formats.moment(one.at, seconds=True),
            formats.link(runs[one.run], f"#{one.run}") if one.run in runs else f"#{one.run}",
            round((one.ended_at - one.at).total_seconds() * 1000) if one.ended_at else None,
            bool(one.error_code),
            why(one),
        )
        for one in attempts
    ]
