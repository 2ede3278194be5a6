"""*Test connection*, in words: what each part answered and what to do about it."""

import logging
from typing import NamedTuple

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from approdo.connectors import node_type
from approdo.nodes.models import Node
from approdo.nodes.sentences import Explanation, explain, explain_error
from approdo.sdk.connector import CheckResult, Context, Outcome
from approdo.sdk.errors import ApprodoError

log = logging.getLogger(__name__)

gettext_noop("Clock")  # a subject that a connector names without marking it

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
    try:
        declared = node_type(node.type)
        tried = declared.check
        context = Context(account=f"node-{node.pk}", settings=node.settings())
        results = tried(context) if tried else []
    except ApprodoError as error:
        return _failed(explain_error(error))
    except Exception as error:
        log.exception("the test of node %s failed", node.pk)
        return _failed(explain("internal", {"reason": type(error).__name__}))
    return _report(results)


def _report(results: list[CheckResult]) -> Report:
    outcomes = {result.outcome for result in results}
    parts = [Part(_(result.subject), *ICONS[result.outcome], explain(result.code, result.params)) for result in results]
    if Outcome.REFUSED in outcomes:
        return Report(_("Not everything works: see below what to do."), "danger", parts)
    if Outcome.UNREACHABLE in outcomes:
        return Report(_("The other side could not be reached; the settings may still be right."), "danger", parts)
    if Outcome.WARNING in outcomes:
        return Report(_("The connection works. Something needs your attention soon."), "warning", parts)
    return Report(_("The connection works."), "success", parts)


def _failed(said: Explanation) -> Report:
    part = Part(_("Settings"), *ICONS[Outcome.REFUSED], said)
    return Report(_("The connection could not be tested."), "danger", [part])
