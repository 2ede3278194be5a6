"""*Test connection*, in words: what each part answered and what to do about it."""

from typing import NamedTuple

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from approdo.nodes.models import Node
from approdo.nodes.sentences import Explanation, explain
from approdo.nodes.trying import SETTINGS, try_node
from approdo.sdk.connector import CheckResult, Outcome

# Subjects that are named without being marked.
gettext_noop("Clock")
gettext_noop("Client secret")
gettext_noop("Receiver")
gettext_noop("Settings")

ICONS = {
    Outcome.WORKS: ("check_circle", "success"),
    Outcome.WARNING: ("warning", "warning"),
    Outcome.REFUSED: ("cancel", "danger"),
    Outcome.UNREACHABLE: ("cloud_off", "danger"),
    Outcome.NOT_TRIED: ("remove", ""),
    Outcome.NOT_GRANTED: ("remove", ""),
}


class Part(NamedTuple):
    """One operation or setting: its name, how it ended, and the sentence about it."""

    subject: str
    icon: str
    look: str
    said: Explanation


class Report(NamedTuple):
    """The whole test: one sentence, its colour, and the parts."""

    headline: str
    look: str
    parts: list[Part]


def check(node: Node) -> Report:
    """Try the node's settings against the real system. Raises nothing: what fails is in the report."""
    return _report(try_node(node))


def _report(results: list[CheckResult]) -> Report:
    outcomes = {result.outcome for result in results}
    if any(result.subject == SETTINGS for result in results):
        return Report(_("The connection could not be tested."), "danger", [_part(result) for result in results])
    parts = [_part(result) for result in results]
    if Outcome.REFUSED in outcomes:
        return Report(_("Not everything works: see below what to do."), "danger", parts)
    if Outcome.UNREACHABLE in outcomes:
        return Report(_("The other side could not be reached; the settings may still be right."), "danger", parts)
    if Outcome.WARNING in outcomes:
        return Report(_("The connection works. Something needs your attention soon."), "warning", parts)
    return Report(_("The connection works."), "success", parts)


def _part(result: CheckResult) -> Part:
    return Part(_(result.subject), *ICONS[result.outcome], explain(result.code, result.params))
