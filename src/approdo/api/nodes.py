"""Nodes, and the test of their connection."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from ninja import Router
from pydantic import BaseModel, Field

from approdo.api.auth import WRITE_SETTINGS, refuse_bound
from approdo.api.bodies import Body
from approdo.api.records import Key, Resource, add_record_routes, list_schema
from approdo.api.routes import Route, add_route, list_answer
from approdo.connectors import node_type
from approdo.nodes.models import Node as NodeRow
from approdo.nodes.sentences import explain
from approdo.processes.records import NODES, find
from approdo.sdk.connector import CheckResult, Context, Outcome
from approdo.sdk.errors import ApprodoError, TransientError


class NodeBody(Body):
    """One external system or account."""

    name: str
    type: str = Field(description="For example `amazon_vendor`. Fixed once the node is made.")
    options: dict[str, Any] = Field({}, description="What the node's type asks for, secrets too.")


class Node(BaseModel):
    """A node as it is shown."""

    id: int
    name: str
    type: str
    options: dict[str, Any]
    secrets_set: list[str] = Field(description="The secrets that are set; their values are never given out.")


class TestResult(BaseModel):
    """How one part of the test ended."""

    subject: str
    outcome: Outcome
    code: str
    message: str
    hint: str


router = Router(tags=["Nodes"])
route = Route("test_node", "Test the connection", WRITE_SETTINGS, list_schema(TestResult), problems=(404,))


@add_route(router, "POST", "/{path:id}/test", route)
def test_node(request: HttpRequest, key: Key) -> HttpResponse:
    """Tries the settings against the real system and changes nothing there.

    The list is empty where nothing can be tried.
    """
    refuse_bound(request)
    return list_answer(map(_shown, _tested(find(NODES, key))))


def _tested(node: NodeRow) -> list[CheckResult]:
    try:
        check = node_type(node.type).check
        return check(Context(account=f"node-{node.pk}", settings=node.settings())) if check else []
    except ApprodoError as error:
        outcome = Outcome.UNREACHABLE if isinstance(error, TransientError) else Outcome.REFUSED
        return [CheckResult(subject=node.name, outcome=outcome, code=error.code, params=error.params)]


def _shown(result: CheckResult) -> dict[str, str]:
    explanation = explain(result.code, result.params)
    return {
        "subject": result.subject,
        "outcome": result.outcome,
        "code": result.code,
        "message": explanation.message,
        "hint": explanation.hint,
    }


add_record_routes(router, Resource(NODES, NodeBody, Node, options="options."))
