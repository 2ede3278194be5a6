"""Nodes, and the test of their connection."""

from datetime import datetime
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext
from ninja import Router
from pydantic import BaseModel, Field

from approdo.api.auth import READ_SETTINGS, WRITE_SETTINGS, refuse_bound
from approdo.api.bodies import Body
from approdo.api.records import Key, Resource, add_record_routes, list_schema
from approdo.api.routes import Route, add_route, list_answer
from approdo.exchanges.coverage import Coverage as CoverageRow
from approdo.exchanges.coverage import Gap as GapRow
from approdo.exchanges.coverage import coverage
from approdo.nodes.sentences import explain
from approdo.nodes.trying import try_node
from approdo.processes.records import NODES, find
from approdo.sdk.connector import CheckResult, Outcome, Scan


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


class Stretch(BaseModel):
    """A stretch of time, UTC."""

    start: datetime
    end: datetime


class Gap(Stretch):
    """A stretch of time that was not read completely, and why."""

    code: str
    message: str
    hint: str
    run: int | None = Field(description="The newest run that tried.")


class Coverage(BaseModel):
    """Which time was read completely, for one program, by one date of its orders."""

    program: str
    scan: Scan = Field(description="By which date of the orders.")
    states: list[str] = Field(description="Unknown orders in these states were stored; empty: in every state.")
    complete: bool = Field(description="Every state, no gap between the first and the last moment, nothing set aside.")
    read: list[Stretch]
    gaps: list[Gap]
    set_aside: int = Field(description="Documents of the program that wait because they could not be read.")
    read_at: datetime | None = Field(description="When the newest of it was read.")


router = Router(tags=["Nodes"])
route = Route("test_node", "Test the connection", WRITE_SETTINGS, list_schema(TestResult), problems=(404,))


@add_route(router, "POST", "/{path:id}/test", route)
def test_node(request: HttpRequest, key: Key) -> HttpResponse:
    """Tries the settings against the real system and changes nothing there.

    The list is empty where nothing can be tried.
    """
    refuse_bound(request)
    return list_answer(map(_shown, try_node(find(NODES, key))))


coverage_route = Route("node_coverage", "Coverage", READ_SETTINGS, list_schema(Coverage), problems=(404,))


@add_route(router, "GET", "/{path:id}/coverage", coverage_route)
def node_coverage(request: HttpRequest, key: Key) -> HttpResponse:
    """Which time has been read completely, and which has gaps.

    A window of time counts only once each of its pages is stored. Empty before the first run.
    """
    refuse_bound(request)
    return list_answer(map(_covered, coverage(find(NODES, key))))


def _covered(known: CoverageRow) -> dict[str, Any]:
    return {
        "program": known.program,
        "scan": known.scan,
        "states": list(known.states),
        "complete": known.complete,
        "read": [part._asdict() for part in known.read],
        "gaps": [_gap(gap) for gap in known.gaps],
        "set_aside": known.set_aside,
        "read_at": known.read_at,
    }


def _gap(gap: GapRow) -> dict[str, Any]:
    explanation = explain(gap.reason)
    return {
        "start": gap.start,
        "end": gap.end,
        "code": gap.reason,
        "message": explanation.message,
        "hint": explanation.hint,
        "run": gap.run,
    }


def _shown(result: CheckResult) -> dict[str, str]:
    explanation = explain(result.code, result.params)
    return {
        "subject": gettext(result.subject),
        "outcome": result.outcome,
        "code": result.code,
        "message": explanation.message,
        "hint": explanation.hint,
    }


add_record_routes(router, Resource(NODES, NodeBody, Node, options="options."))
