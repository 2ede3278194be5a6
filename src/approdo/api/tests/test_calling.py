"""Who may call what, and how refusals are told."""

import pytest
from django.db import OperationalError

from approdo.api.tests.conftest import Caller, node_body
from approdo.processes.models import Connector, Token
from approdo.sales import queries

ROUTES = [
    ("GET", "/documents", "documents:read"),
    ("GET", "/documents/1", "documents:read"),
    ("GET", "/documents/1/versions", "documents:read"),
    ("GET", "/set-aside", "documents:read"),
    ("GET", "/runs", "runs:write"),
    ("GET", "/runs/1", "runs:write"),
    ("POST", "/runs/1/cancel", "runs:write"),
    ("POST", "/connectors/x/run", "runs:write"),
    ("POST", "/nodes/x/test", "settings:write"),
    *[
        route
        for section in ("nodes", "time-ranges", "order-download-configurations", "connectors")
        for route in (
            ("GET", f"/{section}", "settings:read"),
            ("GET", f"/{section}/x", "settings:read"),
            ("POST", f"/{section}", "settings:write"),
            ("PATCH", f"/{section}/x", "settings:write"),
            ("DELETE", f"/{section}/x", "settings:write"),
        )
    ],
]


@pytest.mark.parametrize(("method", "path", "scope"), ROUTES)
def test_every_route_needs_a_token(method, path, scope, db):
    for token in (None, "", "wrong", "apd_wrong"):
        answer = Caller(token).send(method, path)
        assert answer.status == 401
        assert answer.headers["WWW-Authenticate"].startswith('Bearer realm="approdo"')
    basic = Caller(None).send(method, path, Authorization="Basic YWRtaW46YWRtaW4=")
    assert basic.status == 401


@pytest.mark.parametrize(("method", "path", "scope"), ROUTES)
def test_every_route_needs_its_scope_before_it_looks_at_anything_else(method, path, scope, caller_with):
    others = {str(one) for one in Token.Scope} - {scope}
    if method == "GET":
        others -= {"settings:write", "settings:read", "runs:write"}
    answer = caller_with(*others).send(method, path, b"{not json")
    assert answer.status == 403
    assert answer.data["code"] == "scope_missing"
    assert scope in answer.data["detail"]
    assert f'scope="{scope}"' in answer.headers["WWW-Authenticate"]


def test_the_scheme_is_written_in_any_case(caller):
    token = caller.headers["Authorization"].removeprefix("Bearer ")
    for scheme in ("Bearer", "bearer", "BEARER"):
        assert Caller(None).send("GET", "/nodes", Authorization=f"{scheme} {token}").status == 200


def test_whoever_may_change_settings_may_read_them(caller_with):
    assert caller_with("settings:write").get("/nodes").status == 200


def test_a_session_is_not_a_token(db, admin_client):
    assert admin_client.get("/api/v1/nodes").status_code == 401


def test_a_token_for_one_connector_acts_on_that_one_alone(caller, caller_with, connector):
    other = caller.post("/connectors", {**_again(connector), "name": "Other"}).data
    bound = caller_with(
        "runs:write",
        "settings:read",
        "settings:write",
        "documents:read",
        connector=Connector.objects.get(pk=connector["id"]),
    )
    assert [one["name"] for one in bound.get("/connectors").data["items"]] == [connector["name"]]
    assert bound.get(f"/connectors/{connector['id']}").status == 200
    assert bound.post(f"/connectors/{connector['id']}/run").status == 202
    run = caller.post(f"/connectors/{other['id']}/run").data
    assert bound.get(f"/runs/{run['id']}").status == 404
    assert bound.post(f"/runs/{run['id']}/cancel").status == 404
    assert [one["connector"] for one in bound.get("/runs").data["items"]] == [connector["name"]]
    for method, path, body in (
        ("POST", f"/connectors/{other['id']}/run", None),
        ("POST", "/connectors/Other/run", None),
        ("GET", "/connectors/Other", None),
        ("GET", "/connectors/unheard-of", None),
        ("GET", "/nodes", None),
        ("POST", "/nodes", node_body("New")),
        ("POST", "/nodes/1/test", None),
        ("PATCH", f"/connectors/{connector['id']}", {"active": False}),
        ("DELETE", f"/connectors/{connector['id']}", None),
        ("GET", "/runs?connector=Other", None),
    ):
        answer = bound.send(method, path, body)
        assert (answer.status, answer.data["code"]) == (403, "token_bound"), path


def _again(connector):
    return {name: connector[name] for name in ("node", "type", "options")}


def test_a_problem_has_the_shape_of_rfc_9457(caller):
    answer = caller.get("/nodes/Nobody")
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert answer.data == {
        "type": "urn:approdo:problem:record_not_found",
        "title": "Not Found",
        "status": 404,
        "detail": "There is no node called “Nobody”.",
        "code": "record_not_found",
        "hint": "Check the name.",
    }


@pytest.mark.parametrize("path", ["", "/", "/nothing", "/nodes/", "/documents/abc", "/documents/-1", "/runs/x/y"])
def test_an_address_where_nothing_is_says_so_as_a_problem(path, caller):
    answer = caller.get(path or "/")
    assert answer.status == 404
    assert answer.data["code"] == "no_such_address"


@pytest.mark.parametrize(("method", "path"), [("PUT", "/nodes"), ("POST", "/documents"), ("TRACE", "/runs")])
def test_a_method_that_is_not_possible_says_which_are(method, path, caller):
    answer = caller.send(method, path)
    assert answer.status == 405
    assert "GET" in answer.headers["Allow"]
    assert "GET" in answer.data["hint"]


def test_sentences_come_in_the_language_asked_for_or_in_english(caller):
    answer = caller.send("POST", "/time-ranges", {"name": ""}, **{"Accept-Language": "it"})
    assert answer.headers["Content-Language"] == "it"
    assert any("campo" in error["message"] for error in answer.data["errors"])


@pytest.mark.parametrize(
    ("error", "status", "code"),
    [
        (RuntimeError("inner detail"), 500, "unexpected"),
        (OperationalError("inner detail"), 503, "database_away"),
    ],
)
def test_what_nobody_foresaw_says_nothing_of_its_inside(error, status, code, caller, monkeypatch, caplog):
    def fail(*_):
        raise error

    monkeypatch.setattr(queries, "documents", fail)
    response = caller.client.get("/api/v1/documents", headers=caller.headers)
    assert response.status_code == status
    assert response.json()["code"] == code
    assert b"inner" not in response.content
    assert "inner detail" in caplog.text


@pytest.mark.parametrize(
    ("body", "content_type", "status"),
    [
        (b"", "application/json", 422),
        (b"{", "application/json", 400),
        (b"\xff", "application/json", 400),
        (b'{"name": "\\ud800"}', "application/json", 400),
        (b'{"name": NaN}', "application/json", 400),
        (b"[" * 100_000, "application/json", 400),
        (b'{"name": "a\\u0000b"}', "application/json", 422),
        (b'{"\\u0000": 1}', "application/json", 422),
        (b"null", "application/json", 422),
        (b"[]", "application/json", 422),
        (b'"text"', "application/json", 422),
        (b"name=x", "application/x-www-form-urlencoded", 415),
        (b"<node/>", "text/xml", 415),
        (b" " * 3_000_000, "application/json", 413),
    ],
)
def test_a_body_that_is_no_json_object_is_refused(body, content_type, status, caller):
    assert caller.send("POST", "/nodes", body, content_type).status == status


def test_answers_are_not_kept_on_the_way(caller):
    assert caller.get("/nodes").headers["Cache-Control"] == "no-store"
    assert caller.get("/nodes/none").headers["Cache-Control"] == "no-store"
