"""Tryton's JSON-RPC as it travels: how values are written, and what an answer means."""

import json
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any

import httpx2

from approdo.sdk.errors import ApprodoError, ConfigError, RefusedError, TransientError

UNAUTHORISED = "tryton_session_over"
"""The session is over, or never was one: worth a new one."""

_NOT_TRYTON = frozenset({404, 405, 410})
_LONGEST = 500
"""Of what Tryton says in its own words, the characters that are kept."""


def request(method: str, params: list[Any]) -> bytes:
    """The body of a call. With these three names an error, too, comes in an answer of status 200."""
    return json.dumps({"id": 1, "method": method, "params": params}, default=_encoded).encode()


def result(response: httpx2.Response, method: str) -> Any:
    """What the call returned. Raises what the answer says instead."""
    if response.status_code != 200:
        raise _failure(response, method)
    try:
        answer = json.loads(response.content, object_hook=_decoded)
    except (ValueError, KeyError, TypeError, InvalidOperation, RecursionError) as error:
        raise TransientError("tryton_unreadable", host=response.url.host, method=method) from error
    if isinstance(answer, dict) and "error" in answer:
        raise _error(answer["error"], method)
    if not isinstance(answer, dict) or "result" not in answer:
        raise TransientError("tryton_unreadable", host=response.url.host, method=method)
    return answer["result"]


def _encoded(value: Any) -> Any:
    match value:
        case Decimal():
            return {"__class__": "Decimal", "decimal": str(value)}
        case date():
            return {"__class__": "date", "year": value.year, "month": value.month, "day": value.day}
    raise TypeError(type(value).__name__)


def _decoded(found: dict[str, Any]) -> Any:
    match found.get("__class__"):
        case "Decimal":
            return Decimal(found["decimal"])
        case "date":
            return date(found["year"], found["month"], found["day"])
    return found


def _failure(response: httpx2.Response, method: str) -> ApprodoError:
    """What a status means that no call of Tryton's gave."""
    status, host = response.status_code, response.url.host
    if status == 401:
        return ConfigError(UNAUTHORISED)
    if status == 403:
        return ConfigError("tryton_forbidden", method=method)
    if status in _NOT_TRYTON or 300 <= status < 400:
        return ConfigError("tryton_not_there", host=host, status=status)
    if status >= 500 or status in (408, 429):
        return TransientError("tryton_unavailable", host=host, status=status)
    return RefusedError("tryton_status", method=method, status=status)


def _error(error: Any, method: str) -> ApprodoError:
    """What Tryton says in words: the name of an exception and its arguments, or a text and its traceback."""
    name, details = (error[0], error[1]) if isinstance(error, list) and len(error) > 1 else ("", error)
    match name, details:
        case "UserError", [str() as message, *rest]:
            return RefusedError("tryton_says_no", message=_joined(message, *rest[:1]))
        case "UserWarning", [_, str() as message, *rest]:
            return RefusedError("tryton_asks", message=_joined(message, *rest[:1]))
        case "LoginException", [_, str() as message, *_]:
            return ConfigError("tryton_login_asks", message=_joined(message))
        case "ConcurrencyException", _:
            return TransientError("tryton_changed_meanwhile")
        case _, str() as traceback if "OperationalError" in traceback:
            return TransientError("tryton_database", message=_joined(str(name)))
    return RefusedError("tryton_failed", method=method, message=_joined(str(name)))


def _joined(*texts: Any) -> str:
    return " ".join(text for text in texts if isinstance(text, str) and text)[:_LONGEST]
