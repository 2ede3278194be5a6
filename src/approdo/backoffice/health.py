"""The strip on the home page: how the installation is, why, and how each procedure does."""

from typing import Any, NamedTuple

from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import ngettext, pgettext

from approdo.backoffice import formats
from approdo.processes.health import Health, ProcedureHealth, Report, report
from approdo.processes.models import Alarm
from approdo.processes.wording import explained

LOOKS = {Health.HEALTHY: "success", Health.LATE: "warning", Health.DOWN: "danger"}
ICONS = {Health.HEALTHY: "check_circle", Health.LATE: "schedule", Health.DOWN: "error"}
WORST_FIRST = (Health.DOWN, Health.LATE, Health.HEALTHY)
MOST_REASONS = 5
MOST_PROCEDURES = 20


class Reason(NamedTuple):
    """Why it is not healthy: what about, in words, and where it stands."""

    title: str
    text: str
    address: str


class Row(NamedTuple):
    """A procedure as the strip shows it."""

    name: str
    address: str
    badge: SafeString
    success: SafeString | str
    due: SafeString | str


class Strip(NamedTuple):
    """The whole strip, in the reader's language."""

    title: str
    look: str
    icon: str
    reasons: list[Reason]
    more: int
    rows: list[Row]


def strip(request: HttpRequest) -> Strip:
    """How it is now. Which alarms and procedures are named depends on what the reader may see."""
    found = report()
    may = request.user.has_perm
    reasons = _reasons(found, may("processes.view_alarm"), may("processes.view_run"))
    worst_first = sorted(found.procedures, key=lambda one: WORST_FIRST.index(one.health))
    rows = [_row(one) for one in worst_first[:MOST_PROCEDURES]] if may("processes.view_procedure") else []
    return Strip(
        label(found.health), LOOKS[found.health], ICONS[found.health], reasons[:MOST_REASONS],
        max(len(reasons) - MOST_REASONS, 0), rows,
    )  # fmt: skip


def label(health: Health) -> str:
    """How it is, in one word."""
    return {
        Health.HEALTHY: pgettext("installation", "Healthy"),
        Health.LATE: pgettext("installation", "Late"),
        Health.DOWN: pgettext("installation", "Down"),
    }[health]


def _reasons(found: Report, sees_alarms: bool, sees_runs: bool) -> list[Reason]:
    reasons = []
    if not found.workers:
        title = _("No worker is running: runs wait until there is one.")
        reasons.append(Reason(title, _("Start one with `approdo up` or `approdo worker`."), ""))
    if sees_alarms:
        reasons += [_alarm(alarm) for alarm in found.alarms]
        told = {alarm.run_id for alarm in found.alarms}
        unsaid = [run for run in found.refused if run.pk not in told]  # nobody has looked since it ended
        for run in unsaid:
            address = reverse("admin:processes_run_change", args=[run.pk]) if sees_runs else ""
            reasons.append(Reason(str(Alarm.Kind.REFUSED.label), run.name, address))
    elif found.alarms:
        count = len(found.alarms)
        text = ngettext("%(count)s alarm is open.", "%(count)s alarms are open.", count)
        reasons.append(Reason(text % {"count": count}, "", ""))
    return reasons


def _alarm(alarm: Alarm) -> Reason:
    return Reason(str(alarm), explained(alarm).message, reverse("admin:processes_alarm_change", args=[alarm.pk]))


def _row(one: ProcedureHealth) -> Row:
    procedure, zone = one.procedure, one.procedure.zone()
    text, look = (_("Paused"), "") if procedure.paused else (label(one.health), LOOKS[one.health])
    ended, due = one.success and one.success.ended_at, procedure.next_due(timezone.now())
    return Row(
        procedure.name,
        reverse("admin:processes_procedure_change", args=[procedure.pk]),
        formats.badge(text, look),
        formats.moment(ended, zone) if ended else _("never"),
        formats.moment(due, zone) if due else _("by hand") if not procedure.paused else formats.NOTHING,
    )


def context(request: HttpRequest) -> dict[str, Any]:
    """What the home page needs for it."""
    return {"health": strip(request)}
