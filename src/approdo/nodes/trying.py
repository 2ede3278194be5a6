"""Trying a node's settings against the real system, for whichever surface asks."""

import logging

from approdo.connectors import node_type
from approdo.nodes.models import Node
from approdo.sdk.connector import CheckResult, Context, Outcome
from approdo.sdk.errors import ApprodoError, TransientError

log = logging.getLogger(__name__)

SETTINGS = "Settings"
"""The subject of what goes wrong before the other side is asked. Surfaces translate it."""


def try_node(node: Node) -> list[CheckResult]:
    """What each part of the other side answers; empty where the type cannot be tried. Changes nothing there.

    Raises nothing: what fails is a result, a bug of ours too, which is logged.
    """
    try:
        check = node_type(node.type).check
        return check(Context(account=node.account, settings=node.settings())) if check else []
    except ApprodoError as error:
        outcome = Outcome.UNREACHABLE if isinstance(error, TransientError) else Outcome.REFUSED
        return [CheckResult(subject=SETTINGS, outcome=outcome, code=error.code, params=error.params)]
    except Exception as error:
        log.exception("the test of node %s failed", node.pk)
        params = {"reason": type(error).__name__}
        return [CheckResult(subject=SETTINGS, outcome=Outcome.REFUSED, code="internal", params=params)]
