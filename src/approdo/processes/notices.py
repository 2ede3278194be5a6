"""Notices: an outbox. Written in the transaction that causes them, sent outside of any, kept and shown.

Whoever sends one claims it by a conditional update that also says when to try again: a process that dies
while it sends loses nothing. It may have sent it already, so a notice can come twice, with the same id.
"""

import logging
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.utils import timezone

from approdo.exchanges.patience import next_attempt
from approdo.processes import news, sending, wording
from approdo.processes.models import Alarm, Notice, Recipient
from approdo.sdk.errors import ApprodoError

State = Notice.State

log = logging.getLogger(__name__)

LEASE = timedelta(minutes=5)
"""Longer than any attempt takes: after it somebody else may try."""


def tell_of_alarm(alarm: Alarm, event: Notice.Event, now: datetime) -> None:
    """Write to the outbox what whoever wants alarms is to be told of one."""
    _tell(Recipient.objects.filter(active=True, alarms=True), event, now, alarm=alarm)


def tell_of_run(run: int, counts: dict[str, Any], now: datetime) -> None:
    """The same of a run that ended, for whoever wants news of each, where it brought some."""
    if counts.get("created") or counts.get("updated"):
        wanting = Recipient.objects.filter(active=True, news=Recipient.News.RUN)
        _tell(wanting, Notice.Event.RUN, now, run_id=run)


def tell_of_days(now: datetime) -> None:
    """The same of the days that are over, once each, for whoever wants news once a day. Silent without any."""
    last = news.last_day(now)
    for recipient in Recipient.objects.filter(active=True, news=Recipient.News.DAY):
        until = recipient.news_until
        if until is not None and until >= last:
            continue
        with transaction.atomic():
            mine = Recipient.objects.filter(pk=recipient.pk, news_until=until)
            if not mine.update(news_until=last) or until is None:
                continue  # somebody else was quicker; or it has only now begun to want them
            first = until + timedelta(days=1)
            if news.any_on(first, last):
                _tell([recipient], Notice.Event.DAY, now, first_day=first, last_day=last)


def _tell(recipients: Any, event: Notice.Event, now: datetime, **about: Any) -> None:
    Notice.objects.bulk_create(
        Notice(
            recipient=recipient,
            recipient_name=recipient.name,
            event=event,
            created_at=now,
            next_attempt_at=now,
            **about,
        )
        for recipient in recipients
    )


def waiting(now: datetime) -> dict[int, list[int]]:
    """The numbers of the notices that are to be sent now, oldest first, by their recipient's number."""
    found: dict[int, list[int]] = {}
    due = Notice.objects.filter(state=State.WAITING, next_attempt_at__lte=now, recipient__active=True)
    for number, recipient in due.order_by("pk").values_list("pk", "recipient")[:1000]:
        found.setdefault(recipient, []).append(number)
    return found


def send_all(numbers: Sequence[int]) -> None:
    """Send these one after the other, as far as nobody else does."""
    for number in numbers:
        send(number, timezone.now())


def send(number: int, now: datetime) -> bool:
    """Try to send one notice and note what came of it. False where it was not ours to send, or was not sent.

    Inside no transaction: the other side may take its time.
    """
    notice = Notice.objects.select_related("recipient", "alarm", "run").filter(pk=number, state=State.WAITING).first()
    if notice is None or notice.recipient is None:
        return False
    mine = Notice.objects.filter(pk=number, state=State.WAITING, attempts=notice.attempts)
    if not mine.filter(next_attempt_at__lte=now).update(attempts=notice.attempts + 1, next_attempt_at=now + LEASE):
        return False
    mine = Notice.objects.filter(pk=number, state=State.WAITING, attempts=notice.attempts + 1)
    try:
        if notice.content is None:
            notice.content = _content(notice)
            mine.update(content=notice.content)
        sending.send(notice.recipient, wording.message(notice, notice.recipient))
    except ApprodoError as error:
        mine.update(**_not_sent(notice, error, now))
        return False
    except Exception as error:
        log.exception("notice %s could not be sent", number)
        mine.update(**_not_sent(notice, ApprodoError("internal", reason=type(error).__name__), now))
        return False
    mine.update(state=State.SENT, sent_at=timezone.now(), error_code="", error_params={})
    return True


def _content(notice: Notice) -> dict[str, Any]:
    """What it says, as data: what it was when it was first to be said."""
    if notice.alarm:
        return wording.alarm_data(notice.alarm)
    if notice.event == Notice.Event.RUN and notice.run:
        return news.of_run(notice.run)
    if notice.first_day and notice.last_day:
        return news.of_days(notice.first_day, notice.last_day)
    raise ApprodoError("notice_about_nothing")


def _not_sent(notice: Notice, error: ApprodoError, now: datetime) -> dict[str, Any]:
    following = next_attempt(notice.attempts, notice.created_at, now)
    return {
        "state": State.WAITING if following else State.GIVEN_UP,
        "next_attempt_at": following or now,
        "error_code": error.code,
        "error_params": error.params,
    }


def test(recipient: Recipient, now: datetime) -> None:
    """Send a recipient a few words at once. Raises `ApprodoError`, which says why they did not arrive."""
    sending.send(recipient, wording.test_message(recipient, now))
