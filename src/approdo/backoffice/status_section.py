"""What a document's page says about Amazon's informational status of the order."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from django.core.paginator import Page, Paginator
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from approdo.backoffice import formats, version_changes
from approdo.backoffice.status_labels import CONFIRMATIONS, RECEIVINGS, STATUSES, badge
from approdo.backoffice.units import unit_label
from approdo.sales.models import DocumentStatus, SaleDocument, StatusLine, StatusVersion
from approdo.sales.status_queries import quantity, status_of
from approdo.sales.status_rows import FIGURES

LINES_PER_PAGE = 100
MOST_VERSIONS = 50


class Figure(NamedTuple):
    """A quantity in eaches, and as Amazon gave it where that is not the same."""

    eaches: str
    given: str


class Step(NamedTuple):
    """One entry of Amazon's own history of a line."""

    date: SafeString
    text: str


class StatusLineRow(NamedTuple):
    """One line as the table shows it."""

    line: StatusLine
    figures: list[Figure]
    confirmation: SafeString
    acknowledged: SafeString
    receiving: SafeString
    received: SafeString
    history: list[Step]


class StatusVersionRow(NamedTuple):
    """One different status: when and by which run it came, and what it changed."""

    version: StatusVersion
    received: SafeString
    changes: version_changes.Changes | None


class Section(NamedTuple):
    """The whole section."""

    badges: list[SafeString]
    updated: SafeString
    stored: SafeString
    page: "Page[StatusLine]"
    rows: list[StatusLineRow]
    versions: list[StatusVersionRow]
    more_versions: int


def of(document: SaleDocument, asked: Mapping[str, Any], zone: ZoneInfo) -> Section | None:
    """The section, or none while no status is known; `asked` may hold the page of its lines (`s`)."""
    status = status_of(document)
    if status is None:
        return None
    page = Paginator(status.lines.order_by("position"), LINES_PER_PAGE).get_page(asked.get("s"))
    return Section(
        badges=[
            badge(STATUSES, status.status),
            badge(CONFIRMATIONS, status.confirmation),
            badge(RECEIVINGS, status.receiving),
        ],
        updated=formats.moment(status.last_updated_date, zone),
        stored=formats.moment(status.updated_at, zone),
        page=page,
        rows=[_row(line, zone) for line in page.object_list],
        versions=_versions(status, zone),
        more_versions=max(status.version - MOST_VERSIONS, 0),
    )


def _row(line: StatusLine, zone: ZoneInfo) -> StatusLineRow:
    return StatusLineRow(
        line=line,
        figures=[_figure(quantity(line, figure)) for figure in FIGURES],
        confirmation=badge(CONFIRMATIONS, line.confirmation),
        acknowledged=formats.moment(line.acknowledged_date, zone),
        receiving=badge(RECEIVINGS, line.receiving),
        received=formats.moment(line.last_receive_date, zone),
        history=_history(line, zone),
    )


def _figure(given: Mapping[str, Any] | None) -> Figure:
    if given is None:
        return Figure("–", "")
    as_given = "" if given["unit"] == "eaches" else _in_words(given)
    return Figure(formats.number(given["eaches"]) or "?", as_given)


def _in_words(given: Mapping[str, Any]) -> str:
    """“3 cases × 12”."""
    text = f"{formats.number(given['quantity'])} {unit_label(given['unit'], given['quantity'])}".strip()
    return f"{text} × {given['unit_size']}" if given["unit"] != "eaches" and given.get("unit_size") else text


def _history(line: StatusLine, zone: ZoneInfo) -> list[Step]:
    """Amazon's own, oldest first; only where it says more than the line's figures do."""
    changes, answers = line.history.get("quantity_changes", []), line.history.get("acknowledgements", [])
    if len(changes) < 2 and len(answers) < 2:
        return []
    words = {
        "ordered": _("ordered {quantity}"),
        "cancelled": _("cancelled {quantity}"),
        "accepted": _("confirmed {quantity}"),
        "rejected": _("rejected {quantity}"),
    }
    found = []
    for entry in [*changes, *answers]:
        said = [text.format(quantity=_in_words(entry[name])) for name, text in words.items() if entry.get(name)]
        moment = datetime.fromisoformat(entry["date"]) if entry.get("date") else None
        found.append((entry.get("date") or "", Step(formats.moment(moment, zone), ", ".join(said))))
    return [step for _date, step in sorted(found, key=lambda one: one[0])]


def _versions(status: DocumentStatus, zone: ZoneInfo) -> list[StatusVersionRow]:
    """Newest first."""
    versions = status.versions.defer("raw").order_by("-number")[:MOST_VERSIONS]
    return [
        StatusVersionRow(
            one,
            formats.moment(one.received_at, zone, seconds=True),
            version_changes.of_status(status, one, zone) if place < version_changes.MOST_VERSIONS else None,
        )
        for place, one in enumerate(versions)
    ]
