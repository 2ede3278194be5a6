"""Nodes, and the test of their connection."""

from datetime import datetime
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext
from ninja import Body as InBody
from ninja import Router
from pydantic import BaseModel, Field

from approdo.api.auth import READ_SETTINGS, WRITE_SETTINGS, refuse_bound, token_of
from approdo.api.bodies import Body
from approdo.api.problems import ApiProblem, invalid_field
from approdo.api.records import Key, Resource, add_record_routes, list_schema
from approdo.api.routes import Route, add_route, answer, list_answer
from approdo.exchanges.coverage import Coverage as CoverageRow
from approdo.exchanges.coverage import Gap as GapRow
from approdo.exchanges.coverage import coverage
from approdo.exchanges.quiet import Quiet, explain_silence, unusually_quiet
from approdo.nodes.sentences import explain
from approdo.nodes.trying import try_node
from approdo.processes.records import NODES, find
from approdo.sdk.connector import CheckResult, Outcome, Scan
from approdo.sdk.errors import ConfigError


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


class SilenceExplained(BaseModel):
    """Why an account is quiet, as somebody wrote it."""

    why: str
    by: str
    at: datetime


class Silence(BaseModel):
    """An account that stays empty longer than its own history makes likely."""

    program: str
    since: datetime = Field(description="The date of its newest order.")
    until: datetime = Field(description="Up to this moment Amazon was asked and answered that there is none.")
    days: int = Field(description="Whole days between the two, in the node's time zone.")
    longest: int = Field(description="The most such days in a row in the weeks before.")
    message: str
    hint: str
    explained: SilenceExplained | None


class WhyQuiet(Body):
    """Why an account is quiet."""

    program: str
    why: str


class Coverage(BaseModel):
    """Which time was read completely, for one program, by one date of its orders."""

    program: str
    scan: Scan = Field(description="By which date of the orders.")
    states: list[str] = Field(description="Unknown orders in these states were stored; empty: in every state.")
    complete: bool = Field(description="Every state, no gap between the first and the last moment, nothing set aside.")
    read: list[Stretch]
    gaps: list[Gap]
    set_aside: int = Field(description="Orders, or statuses, that wait because they could not be read.")
    given_up: int = Field(description="Such ones that a person gave up, saying why.")
    read_at: datetime | None = Field(description="When the newest of it was read.")
    unusually_quiet: Silence | None = Field(
        description="Where orders stay away longer than the program's past suggests."
    )


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
    node = find(NODES, key)
    quiet = {one.program: _silence(one) for one in unusually_quiet(node)}
    return list_answer({**_covered(known), "unusually_quiet": quiet.get(known.program)} for known in coverage(node))


explain_route = Route("explain_silence", "Explain a silence", WRITE_SETTINGS, Silence, problems=(404, 409, 413, 415))


@add_route(router, "POST", "/{path:id}/silence", explain_route)
def explain_node_silence(request: HttpRequest, key: Key, body: InBody[WhyQuiet]) -> HttpResponse:
    """Says why an account is unusually quiet: it is no longer alarmed, and its last weeks not read so far back.

    Holds until an order comes. 409 where the account is not unusually quiet.
    """
    refuse_bound(request)
    node = find(NODES, key)
    try:
        explained = explain_silence(node, body.program, body.why, token_of(request).name)
    except ConfigError as error:
        if error.code == "not_quiet":
            raise ApiProblem(409, error.code, **error.params) from None
        raise invalid_field("why", error.code, **error.params) from None
    return answer(_silence(explained))


def _silence(quiet: Quiet) -> dict[str, Any]:
    explanation = explain("unusually_quiet", quiet.params)
    explained = quiet.explained
    return {
        "program": quiet.program,
        "since": quiet.since,
        "until": quiet.until,
        "days": quiet.days,
        "longest": quiet.longest,
        "message": explanation.message,
        "hint": "" if explained else explanation.hint,
        "explained": explained and {"why": explained.why, "by": explained.by, "at": explained.at},
    }


def _covered(known: CoverageRow) -> dict[str, Any]:
    return {
        "program": known.program,
        "scan": known.scan,
        "states": list(known.states),
        "complete": known.complete,
        "read": [part._asdict() for part in known.read],
        "gaps": [_gap(gap) for gap in known.gaps],
        "set_aside": known.set_aside,
        "given_up": known.given_up,
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
