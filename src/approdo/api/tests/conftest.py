"""A caller of the API whose every answer is held against the API's own description."""

import json
from collections.abc import Callable
from typing import Any
from urllib.parse import quote, urlencode

import jsonschema
import pytest
from django.test import Client
from django.urls import Resolver404, resolve

from approdo.processes.models import Connector, Token
from approdo.processes.tokens import make_token

BASE = "/api/v1"
ALL = (
    "documents:read",
    "exports:read",
    "runs:write",
    "settings:read",
    "settings:write",
    "personal-data:read",
)


class Answer:
    def __init__(self, response: Any) -> None:
        self.status = response.status_code
        self.headers = response.headers
        self.text = (b"".join(response.streaming_content) if response.streaming else response.content).decode()
        is_json = "json" in self.headers.get("Content-Type", "")
        self.data = json.loads(self.text) if self.text and is_json else None


class Caller:
    """Calls with one token. Raises where an answer is not what `/openapi.json` says."""

    def __init__(self, token: str | None) -> None:
        self.client = Client(raise_request_exception=False)
        self.headers = {"Authorization": f"Bearer {token}"} if token else {}

    def get(self, path: str, **query: Any) -> Answer:
        return self.send("GET", f"{path}?{urlencode(query)}" if query else path)

    def post(self, path: str, body: Any = None) -> Answer:
        return self.send("POST", path, body)

    def patch(self, path: str, body: Any) -> Answer:
        return self.send("PATCH", path, body)

    def delete(self, path: str) -> Answer:
        return self.send("DELETE", path)

    def send(
        self, method: str, path: str, body: Any = None, content_type: str = "application/json", **headers: str
    ) -> Answer:
        data = body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
        response = self.client.generic(
            method, BASE + path, data, content_type=content_type, headers={**self.headers, **headers}
        )
        answer = Answer(response)
        _hold_against_description(method, path.partition("?")[0], answer)
        if answer.status >= 400 and "%7B" not in path:
            assert "{" not in answer.data["detail"], "a place in the sentence was not filled"
        return answer


_description: dict[str, Any] = {}


def description() -> dict[str, Any]:
    if not _description:
        _description.update(json.loads(Client().get(f"{BASE}/openapi.json").content))
    return _description


def _hold_against_description(method: str, path: str, answer: Answer) -> None:
    assert answer.status != 500, answer.text
    media_type = answer.headers.get("Content-Type", "").partition(";")[0]
    if answer.status >= 400:
        assert media_type == "application/problem+json"
        assert {"type", "title", "status", "detail", "code", "hint"} <= answer.data.keys()
        assert answer.data["status"] == answer.status
    try:
        name = resolve(BASE + path).url_name
    except Resolver404:
        return
    described = [
        operations[method.lower()]
        for operations in description()["paths"].values()
        if any(one["operationId"] == name for one in operations.values()) and method.lower() in operations
    ]
    if not described or answer.status == 405:
        return
    assert str(answer.status) in described[0]["responses"], f"{method} {path} gave {answer.status}"
    content = described[0]["responses"][str(answer.status)].get("content")
    if content is None:
        assert not answer.text
        return
    schema = {**content[media_type]["schema"], "components": description()["components"]}
    jsonschema.Draft202012Validator(schema).validate(answer.text if answer.data is None else answer.data)


@pytest.fixture
def caller(db: None) -> Caller:
    """May do everything."""
    return Caller(make_token("everything", ALL))


@pytest.fixture
def caller_with(db: None) -> Callable[..., Caller]:
    def make(*scopes: str, connector: Connector | None = None) -> Caller:
        return Caller(make_token(f"token {Token.objects.count()}", scopes, connector))

    return make


SECRETS = {"client_secret": "top-secret-value", "refresh_token": "Atzr|secret-token"}


def node_body(name: str = "Amazon Vendor EU", **options: Any) -> dict[str, Any]:
    given = {"region": "eu", "client_id": f"client {name}", **SECRETS, **options}
    return {"name": name, "type": "amazon_vendor", "options": given}


def escaped(name: str) -> str:
    return quote(name, safe="")


@pytest.fixture
def connector(caller: Caller) -> dict[str, Any]:
    """A connector that could run, made through the API."""
    assert caller.post("/nodes", node_body()).status == 201
    assert caller.post("/time-ranges", {"name": "Last 7 days", "last": "7 days"}).status == 201
    configuration = {
        "name": "All states",
        "type": "vendor_retail",
        "time_range": "Last 7 days",
        "states": "all",
    }
    assert caller.post("/order-download-configurations", configuration).status == 201
    made = caller.post(
        "/connectors",
        {
            "name": "Scarica ordini",
            "node": "Amazon Vendor EU",
            "type": "amazon_vendor.download_orders",
            "options": {"configuration": "All states"},
        },
    )
    assert made.status == 201, made.text
    return made.data
