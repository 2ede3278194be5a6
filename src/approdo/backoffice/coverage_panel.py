"""The picture of what was read completely, for the page of a node."""

from datetime import datetime
from typing import NamedTuple
from zoneinfo import ZoneInfo

from django.utils import timezone
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import ngettext, pgettext

from approdo.backoffice import formats
from approdo.exchanges.coverage import Coverage, Gap, coverage
from approdo.exchanges.quiet import Quiet, unusually_quiet
from approdo.nodes.models import Node
from approdo.nodes.sentences import Explanation, explain
from approdo.nodes.time_ranges import zone_of
from approdo.processes.models import Run
from approdo.sdk.connector import Scan

MOST_GAPS = 10
"""More are counted, not listed: the newest matter first."""


class Part(NamedTuple):
    """One piece of the bar, in percent of its length, and what it says when pointed at."""

    left: str
    width: str
    look: str
    title: str


class GapRow(NamedTuple):
    """A gap, why it is one, and the run that tried."""

    start: SafeString
    end: SafeString
    why: Explanation
    run: int | None
    live: bool


class Row(NamedTuple):
    """One line of the picture: a program by one date of its orders."""

    title: str
    badge: SafeString
    notes: list[str]
    start: SafeString
    read_at: SafeString
    parts: list[Part]
    gaps: list[GapRow]
    more_gaps: int


class Silence(NamedTuple):
    """An unusual silence of one program, and who explained it, if anybody."""

    program: str
    title: str
    said: Explanation
    why: str
    by: str
    at: SafeString


def silences(node: Node) -> list[Silence]:
    """Where a node's account is unusually quiet."""
    zone = zone_of(node)
    return [_silence(one, zone) for one in unusually_quiet(node)]


def _silence(quiet: Quiet, zone: ZoneInfo) -> Silence:
    params = {**quiet.params, "since": formats.day(quiet.since.astimezone(zone))}
    said, known = explain("unusually_quiet", params), quiet.explained
    return Silence(
        program=quiet.program,
        title=formats.program_label(quiet.program),
        said=said,
        why=known.why if known else "",
        by=known.by if known else "",
        at=formats.moment(known.at if known else None, zone),
    )


def rows(node: Node) -> list[Row]:
    """What is known of a node, ready to be shown. Empty before its first run."""
    now = timezone.now()
    known = coverage(node)
    runs = {gap.run for one in known for gap in one.gaps if gap.run}
    live = set(Run.objects.filter(pk__in=runs, state__in=Run.LIVE).values_list("pk", flat=True))
    return [_row(one, now, live, zone_of(node)) for one in known]


def _row(known: Coverage, now: datetime, live: set[int], zone: ZoneInfo) -> Row:
    start = min([*(part.start for part in known.read), *(gap.start for gap in known.gaps)])
    seconds = max((max([now, *(gap.end for gap in known.gaps)]) - start).total_seconds(), 1)
    parts = [_part(one.start, one.end, start, seconds, "ap-read") for one in known.read]
    parts += [_part(gap.start, gap.end, start, seconds, "ap-gap") for gap in known.gaps]
    newest = known.gaps[::-1][:MOST_GAPS]
    return Row(
        title=" · ".join(_title(known)),
        badge=_badge(known),
        notes=[*([_waiting(known)] if known.set_aside else []), *([_given_up(known)] if known.given_up else [])],
        start=formats.moment(start, zone),
        read_at=formats.moment(known.read_at, zone),
        parts=parts,
        gaps=[_gap(gap, live, zone) for gap in newest],
        more_gaps=len(known.gaps) - len(newest),
    )


def _part(start: datetime, end: datetime, origin: datetime, seconds: float, look: str) -> Part:
    left = 100 * (start - origin).total_seconds() / seconds
    width = max(100 * (end - start).total_seconds() / seconds, 0.4)
    text = _("read completely") if look == "ap-read" else _("not read completely")
    title = f"{start:%Y-%m-%d %H:%M} – {end:%Y-%m-%d %H:%M} UTC: {text}"
    return Part(f"{min(left, 99.6):.2f}", f"{min(width, 100):.2f}", look, title)


def _gap(gap: Gap, live: set[int], zone: ZoneInfo) -> GapRow:
    why = explain("gap_being_read" if gap.run in live else gap.reason)
    return GapRow(formats.moment(gap.start, zone), formats.moment(gap.end, zone), why, gap.run, gap.run in live)


def _title(known: Coverage) -> list[str]:
    # Statuses are read whatever the state of their orders.
    states = [] if Scan(known.scan).is_status else [_states(known.states)]
    return [formats.program_label(known.program), _scan(known.scan), *states]


def _scan(scan: str) -> str:
    labels = {
        Scan.CREATED: pgettext("coverage", "by creation"),
        Scan.CHANGED: pgettext("coverage", "by change"),
        Scan.STATUS: pgettext("coverage", "by status update (informational)"),
    }
    return labels.get(Scan(scan), scan)


def _states(states: tuple[str, ...]) -> str:
    labels = formats.state_labels()
    return ", ".join(labels.get(state, state) for state in states) or _("every state")


def _badge(known: Coverage) -> SafeString:
    if known.complete:
        return formats.badge(_("complete"), "success")
    if known.gaps:
        text = ngettext("{count} gap", "{count} gaps", len(known.gaps)).format(count=len(known.gaps))
        return formats.badge(text, "danger")
    return formats.badge(_("open points"), "warning") if known.set_aside else formats.badge(_("no gaps"), "info")


def _given_up(known: Coverage) -> str:
    count = known.given_up
    text = ngettext(
        "{count} that could not be read was given up.", "{count} that could not be read were given up.", count
    )
    return text.format(count=count)


def _waiting(known: Coverage) -> str:
    count = known.set_aside
    if Scan(known.scan).is_status:
        text = ngettext(
            "{count} order status could not be read and waits, kept whole.",
            "{count} order statuses could not be read and wait, kept whole.",
            count,
        )
    else:
        text = ngettext(
            "{count} document could not be read and waits, kept whole.",
            "{count} documents could not be read and wait, kept whole.",
            count,
        )
    return text.format(count=count)
