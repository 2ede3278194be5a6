"""How values are written on screen: amounts without losing a digit, moments with their zone, badges."""

from collections.abc import Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

from django.db.models import Model
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import formats, timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import get_language, gettext, pgettext

from approdo.backoffice.models import configuration_types
from approdo.connectors import NODE_TYPES
from approdo.exchanges.imports.reading import STATE
from approdo.sales.fields import plain

NOTHING = mark_safe('<span class="ap-none">–</span>')

STATE_LOOKS: Mapping[str, str] = {
    # runs
    "queued": "info",
    "running": "info",
    "succeeded": "success",
    "partial": "warning",
    "failed": "danger",
    "cancelled": "",
    # documents
    "new": "info",
    "acknowledged": "primary",
    "accepted": "primary",
    "shipped": "success",
    "closed": "",
    STATE: "warning",
}


def amount(value: Decimal | None, currency: str = "") -> str:
    """The amount as the reader's language writes it, at least two decimals, every digit kept."""
    if value is None:
        return ""
    whole, _, decimals = plain(value).partition(".")
    text = f"{whole}.{decimals.rstrip('0').ljust(2, '0')}"
    shown = formats.number_format(text, use_l10n=True, force_grouping=True)
    return f"{shown}\N{NO-BREAK SPACE}{currency}" if currency else shown


def number(value: int | None) -> str:
    """A whole number, grouped as the reader's language does."""
    return "" if value is None else formats.number_format(value, use_l10n=True, force_grouping=True)


def day(value: date) -> str:
    """A day, the same in every screen: no reader should wonder which number is the month."""
    return formats.date_format(value, pgettext("date format", "Y-m-d"))


def moment(value: datetime | None, zone: ZoneInfo | None = None, seconds: bool = False) -> SafeString:
    """A moment in `zone` (the installation's for want of one), with UTC in its tooltip."""
    if value is None:
        return NOTHING
    local = timezone.localtime(value, zone)
    shown = f"{day(local)} {local:%H:%M:%S}" if seconds else f"{day(local)} {local:%H:%M}"
    utc = value.astimezone(UTC)
    return format_html(
        '<time class="ap-time" datetime="{}" title="{} UTC">{}</time>',
        utc.isoformat(),
        utc.strftime("%Y-%m-%d %H:%M:%S"),
        shown,
    )


def state_labels() -> dict[str, str]:
    """Amazon's order states in the reader's language, as the connector types declare them, and ours of invoices."""
    labels = {STATE: gettext("STORED, NOT SENT")}
    for kind in configuration_types():
        for option in kind.options:
            if option.name == "states":
                labels.update({choice.value: gettext(choice.label) for choice in option.choices})
    return labels


def state_groups() -> dict[str, list[str]]:
    """The same by label: what both programs call alike on screen is one choice for whoever looks for it."""
    groups: dict[str, list[str]] = {}
    for state, label in state_labels().items():
        groups.setdefault(label, []).append(state)
    return groups


def alike(state: str) -> list[str]:
    """All states that are called on screen as this one is."""
    return next((states for states in state_groups().values() if state in states), [state])


def program_label(program: str) -> str:
    """The declared label of a program; its name where nobody declares it any more."""
    for kind in configuration_types():
        for option in kind.options:
            for choice in option.choices:
                if choice.value == program:
                    return gettext(choice.label)
    return program


def program_labels() -> dict[str, str]:
    """Every program that a connector type reads, in the reader's language."""
    works = [work for node_type in NODE_TYPES for work in node_type.downloads]
    return {program: program_label(program) for work in works for program in work.reread}


def node_type_label(name: str) -> str:
    """The declared label of a node type; its name where it is gone."""
    return next((gettext(declared.label) for declared in NODE_TYPES if declared.name == name), name)


def scan_label(scan: str) -> str:
    """By which date a window was read."""
    labels = {
        "created": pgettext("scan", "Created"),
        "changed": pgettext("scan", "Changed"),
        "status": pgettext("scan", "Status updated"),
        "status_created": pgettext("scan", "Status, by creation"),
    }
    return labels.get(scan, scan)


def badge(text: str, look: str = "") -> SafeString:
    """A small coloured label; `look` is one of Unfold's: info, success, warning, danger, primary."""
    return mark_safe(  # noqa: S308  (a template's output)
        render_to_string("unfold/helpers/label.html", {"text": text, "type": look}).strip()
    )


def document_state(state: str) -> SafeString:
    """The badge of a document's state; a state that nobody announced shows itself."""
    return _document_state(state, get_language())


@lru_cache(maxsize=256)
def _document_state(state: str, _language: str | None) -> SafeString:
    """The same for all rows of a list."""
    return badge(state_labels().get(state, state.upper() or "–"), STATE_LOOKS.get(state, ""))


def run_state(run: Any) -> SafeString:
    """The badge of a run's state."""
    return badge(run.get_state_display(), STATE_LOOKS.get(run.state, ""))


def every() -> SafeString:
    """What stands where something is not narrowed down."""
    return format_html('<span class="ap-none">{}</span>', gettext("all"))


def link(record: Model, text: str = "") -> SafeString:
    """A link to a record's own page."""
    opts = record._meta
    address = reverse(f"admin:{opts.app_label}_{opts.model_name}_change", args=[record.pk])
    return format_html('<a class="ap-link" href="{}">{}</a>', address, text or str(record))
