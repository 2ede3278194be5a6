"""What a notice says, in its recipient's language: in words for people, as data for programs."""

import uuid
from collections.abc import Mapping
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.urls import reverse
from django.utils import translation
from django.utils.formats import date_format, number_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext, pgettext

from approdo.nodes.sentences import Explanation, explain
from approdo.processes import news
from approdo.processes.models import Alarm, Notice, Recipient
from approdo.processes.sending import Message
from approdo.sdk.errors import ApprodoError

Data = Mapping[str, Any]


MOMENTS = ("due", "deadline", "since")
"""Parameters of sentences that are moments or days."""


def explained(alarm: Alarm) -> Explanation:
    """What an alarm says and what to do, in the reader's language."""
    zone = ZoneInfo(alarm.params.get("zone", settings.TIME_ZONE))
    shown = {name: _shown(alarm.params[name], zone) for name in MOMENTS if name in alarm.params}
    params = {**alarm.params, **shown}
    said = explain(alarm.code, params)
    reason = params.get("reason_code")
    advice = explain(reason, params).hint if isinstance(reason, str) else ""
    return Explanation(said.message, f"{advice} {said.hint}".strip())


def _shown(written: str, zone: ZoneInfo) -> str:
    if len(written) == len("2026-05-01"):
        return _day(written)
    return _moment(datetime.fromisoformat(written), zone)


def alarm_data(alarm: Alarm) -> dict[str, Any]:
    """What programs are told of an alarm, but for the words, which are the recipient's."""
    return {
        "id": alarm.pk,
        "cause": alarm.kind,
        "key": alarm.key,
        "subject": alarm.subject,
        "code": alarm.params.get("reason_code", alarm.code),
        "since": _iso(alarm.since),
        "noticed_at": _iso(alarm.noticed_at),
        "procedure": alarm.procedure.name if alarm.procedure else None,
        "node": alarm.node.name if alarm.node else None,
        "run": alarm.run_id,
    }


def message(notice: Notice, recipient: Recipient) -> Message:
    """What a recipient is sent. Needs `content`; raises `ApprodoError` where what it was about is gone."""
    data = notice.content or {}
    with translation.override(recipient.language):
        if notice.alarm:
            subject, text, more = _of_alarm(notice, notice.alarm)
        elif "orders" in data:
            subject, text, more = *_of_orders(data), {}
        else:
            raise ApprodoError("notice_about_nothing")
        uid, event = str(notice.uid), notice.event
        return _message(recipient, uid, notice.created_at, subject, text, event, {**data, **more})


def test_message(recipient: Recipient, now: datetime) -> Message:
    """A few words by which somebody sees that they arrive."""
    with translation.override(recipient.language):
        subject = _("Test")
        text = _("This is a test: “%(name)s” can be reached.") % {"name": recipient.name}
        return _message(recipient, f"{uuid.uuid4()}", now, subject, text, "test", {"message": text})


def _message(recipient: Recipient, uid: str, at: datetime, subject: str, text: str, event: str, data: Data) -> Message:
    foot = _("Approdo told you this because of the recipient “%(name)s” (System › Recipients).")
    whole = f"{text}\n\n-- \n{foot % {'name': recipient.name}}\n"
    return Message(uid, at, f"Approdo: {' '.join(subject.split())}", whole, event, data)


def _of_alarm(notice: Notice, alarm: Alarm) -> tuple[str, str, dict[str, Any]]:
    said = explained(alarm)
    over = alarm.over_at if notice.event == Notice.Event.OVER else None
    title = _("over: %(alarm)s") % {"alarm": alarm} if over else str(alarm)
    times = [_("Since %(moment)s") % {"moment": _moment(alarm.since)}]
    if over:
        times.append(_("Over since %(moment)s") % {"moment": _moment(over)})
    link = address("admin:processes_alarm_change", alarm.pk)
    parts = [_("This is over:") if over else "", said.message, "" if over else said.hint, "\n".join(times), link]
    more = {"over_at": _iso(over), "message": said.message, "hint": said.hint, "link": link or None}
    return title, "\n\n".join(filter(None, parts)), more


def _of_orders(data: Data) -> tuple[str, str]:
    counted = _counted(data["counts"])
    if "run" in data:
        title = f"{data['connector']}: {counted}"
        about = _("Run %(run)s of “%(connector)s” brought: %(counted)s.")
        about %= {"run": data["run"], "connector": data["connector"], "counted": counted}
        link = address("admin:processes_run_change", data["run"])
    else:
        days = " – ".join(dict.fromkeys(_day(data[end]) for end in ("from", "to")))
        title = f"{days}: {counted}"
        about = _("%(days)s brought: %(counted)s.") % {"days": days, "counted": counted}
        link = address("admin:sales_saledocument_changelist")
    left = sum(data["counts"].values()) - len(data["orders"])
    rows = "\n".join(map(_row, data["orders"]))
    more = ngettext("… and %(count)s more order.", "… and %(count)s more orders.", left)
    rest = more % {"count": _number(left)} if left > 0 else ""
    return title, "\n\n".join(filter(None, (about, rows, rest, link)))


def _counted(counts: Data) -> str:
    new, changed, cancelled = (counts[name] for name in (news.NEW, news.CHANGED, news.CANCELLED))
    parts = (
        (new, ngettext("%(count)s new order", "%(count)s new orders", new)),
        (changed, ngettext("%(count)s changed order", "%(count)s changed orders", changed)),
        (cancelled, ngettext("%(count)s cancelled order", "%(count)s cancelled orders", cancelled)),
    )
    return ", ".join(text % {"count": _number(count)} for count, text in parts if count) or _("nothing")


def _row(order: Data) -> str:
    labels = {
        news.NEW: pgettext("order", "new"),
        news.CHANGED: pgettext("order", "changed"),
        news.CANCELLED: pgettext("order", "cancelled"),
    }
    total = order["total"]
    amount = f"{number_format(total, use_l10n=True, force_grouping=True)} {order['currency']}" if total else "–"
    return "  ".join((order["number"], labels[order["what"]], order["vendor_code"] or "–", amount))


def address(view: str, *arguments: Any) -> str:
    """The public address of a page; empty where the installation was not told its own."""
    base = str(settings.URL)
    return f"{base}{reverse(view, args=arguments)}" if base else ""


def _number(count: int) -> str:
    return number_format(count, use_l10n=True, force_grouping=True)


def _day(text: str) -> str:
    return date_format(date.fromisoformat(text), pgettext("date format", "Y-m-d"))


def _moment(moment: datetime, zone: ZoneInfo | None = None) -> str:
    zone = zone or ZoneInfo(settings.TIME_ZONE)
    local = moment.astimezone(zone)
    return f"{date_format(local, pgettext('date format', 'Y-m-d'))} {local:%H:%M} ({zone.key})"


def _iso(moment: datetime | None) -> str | None:
    return moment.isoformat().replace("+00:00", "Z") if moment else None
