"""What an answer that is not a success means: one table from status to error (reference 4.2)."""

import re
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

import httpx2
import msgspec

from approdo.connectors.amazon_vendor.operations import CREATE_RESTRICTED_TOKEN, Operation
from approdo.connectors.amazon_vendor.transport import request_id
from approdo.sdk.errors import ApprodoError, ConfigError, RefusedError, TransientError

_BY_STATUS: dict[int, tuple[type[ApprodoError], str]] = {
    400: (RefusedError, "request_refused"),
    401: (ConfigError, "access_refused"),
    403: (ConfigError, "access_refused"),
    404: (RefusedError, "not_found"),
    408: (TransientError, "amazon_unavailable"),
    413: (RefusedError, "request_too_large"),
    415: (RefusedError, "request_refused"),
    429: (TransientError, "throttled"),
    500: (TransientError, "amazon_unavailable"),
    502: (TransientError, "amazon_unavailable"),
    503: (TransientError, "amazon_unavailable"),
    504: (TransientError, "amazon_unavailable"),
}
_BY_FAMILY: dict[int, tuple[type[ApprodoError], str]] = {
    4: (RefusedError, "request_refused"),
    5: (TransientError, "amazon_unavailable"),
}
ACCESS_REFUSED, RESTRICTED_REFUSED = "access_refused", "restricted_access_refused"

_NO_ACCESS = re.compile("do(es)? not have access", re.IGNORECASE)
"""How Amazon says that the restricted role is missing (reference 18, 33)."""

_UNEXPECTED = (TransientError, "unexpected_status")


class _Error(msgspec.Struct):
    code: Any = None
    message: Any = None


class _Errors(msgspec.Struct):
    errors: list[_Error] = []


_ERRORS = msgspec.json.Decoder(_Errors)


def refusal(operation: Operation, response: httpx2.Response) -> ApprodoError:
    """The error for any status but 200, with Amazon's own words where it sent some.

    Its body may be HTML, empty or cut: then the status alone decides. `retry_after` is in seconds.
    """
    status = response.status_code
    kind, code = _BY_STATUS.get(status) or _BY_FAMILY.get(status // 100) or _UNEXPECTED
    said = _first_error(response.content)
    if code == ACCESS_REFUSED and (operation.restricted or operation is CREATE_RESTRICTED_TOKEN):
        code = RESTRICTED_REFUSED
    elif operation is CREATE_RESTRICTED_TOKEN and status == 400 and _NO_ACCESS.search(_short(said.message)):
        kind, code = ConfigError, "restricted_role_missing"
    params: dict[str, Any] = {
        "operation": operation.name,
        "status": status,
        "request_id": request_id(response),
        "amazon_code": _short(said.code),
        "amazon_message": _short(said.message),
    }
    wait = retry_after(response)
    return kind(code, **params, **({} if wait is None else {"retry_after": wait}))


def retry_after(response: httpx2.Response) -> float | None:
    """How many seconds the other side asks to be left alone (RFC 9110, 10.2.3), if it says so."""
    value = response.headers.get("retry-after", "").strip()
    if value.isascii() and value.isdigit():
        return float(value[:9])
    try:
        moment = parsedate_to_datetime(value)
    except ValueError:
        return None
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return max(0.0, (aware - datetime.now(UTC)).total_seconds())


def _first_error(body: bytes) -> _Error:
    try:
        return _ERRORS.decode(body).errors[0]
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError, IndexError):
        return _Error()


def _short(text: Any) -> str:
    return str(text or "").replace("\0", "")[:200]
