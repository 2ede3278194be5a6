"""The one place that sends: every request to Amazon is named, bounded in time and recorded here."""

import platform
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from time import monotonic
from typing import Any, TypeVar
from urllib.parse import urlsplit

import httpx2
from msgspec import Struct

from approdo import __version__
from approdo.connectors.amazon_vendor.operations import Rate
from approdo.sdk.connector import RequestMade
from approdo.sdk.errors import ApprodoError, TransientError
from approdo.sdk.http import CONNECT_SECONDS, http_client

T = TypeVar("T")

SLOWEST_RATE, FASTEST_RATE = 0.01, 1e6
"""Requests a second beyond which a granted rate is taken for a mistake."""

Record = Callable[[RequestMade], None]


def _escaped(part: str) -> str:
    """A part of the user agent in which its own syntax is plain text (reference 2.2)."""
    return "".join(f"\\{sign}" if sign in "\\/()=;" else sign for sign in part)


USER_AGENT = (
    f"Approdo/{_escaped(__version__)} (Language=Python/{_escaped(platform.python_version())};"
    f" Platform={_escaped(platform.system() or 'unknown')})"
)
"""Amazon demands this shape and refuses more than 500 characters (reference 2.2)."""


class Sending(Struct, frozen=True, kw_only=True):
    """What the log says about one request, and how many seconds it may keep silent."""

    operation: str
    attempt: int
    record: Record
    seconds: float


def send(
    sending: Sending,
    method: str,
    url: str,
    read: Callable[[httpx2.Response], T],
    *,
    headers: Mapping[str, str] | None = None,
    query: Mapping[str, str] | None = None,
    form: Mapping[str, str] | None = None,
    json: Any = None,
) -> T:
    """Sends once and returns what `read` makes of the whole answer; records it either way.

    Raises what `read` raises, and `TransientError("unreachable")` where no whole answer came:
    name not found, connection refused or reset, silence, a body cut short.
    """
    made = _Made(sending)
    try:
        response = http_client().request(
            method,
            url,
            headers={"User-Agent": USER_AGENT, "Accept": "application/json", **(headers or {})},
            params=query,
            data=form,
            json=json,
            timeout=httpx2.Timeout(sending.seconds, connect=min(sending.seconds, CONNECT_SECONDS)),
        )
        made.answered(response)
        return read(response)
    except httpx2.RequestError as failure:
        made.error = "unreachable"
        host, reason = urlsplit(url).netloc, type(failure).__name__
        raise TransientError("unreachable", host=host, reason=reason) from failure
    except ApprodoError as error:
        made.error = error.code
        raise
    finally:
        made.tell()


class _Made:
    """One request while it is under way."""

    def __init__(self, sending: Sending) -> None:
        self.sending = sending
        self.at = datetime.now(UTC)
        self.started = monotonic()
        self.seen: dict[str, Any] = {"status": None, "request_id": ""}
        self.error = ""

    def answered(self, response: httpx2.Response) -> None:
        self.seen = {
            "status": response.status_code,
            "request_id": request_id(response),
            "their_clock": their_clock(response),
        }

    def tell(self) -> None:
        milliseconds = round((monotonic() - self.started) * 1000)
        self.sending.record(
            RequestMade(
                at=self.at,
                operation=self.sending.operation,
                milliseconds=milliseconds,
                attempt=self.sending.attempt,
                error=self.error,
                **self.seen,
            )
        )


def their_clock(response: httpx2.Response) -> datetime | None:
    """Amazon's clock as it answered (RFC 9110, 6.6.1), UTC to the second; nothing where it cannot be read."""
    try:
        theirs = parsedate_to_datetime(response.headers.get("date", ""))
    except ValueError:
        return None
    return theirs.astimezone(UTC) if theirs.tzinfo else None


def granted_rate(response: httpx2.Response, published: Rate) -> Rate | None:
    """The rate that the answer says is granted, with the published burst; none where it says nothing."""
    try:
        per_second = float(response.headers.get("x-amzn-ratelimit-limit", ""))
    except ValueError:
        return None
    if not SLOWEST_RATE <= per_second <= FASTEST_RATE:
        return None
    return Rate(per_second=per_second, burst=published.burst)


def request_id(response: httpx2.Response) -> str:
    """Amazon's own id of the request, which its support always asks for; empty where absent."""
    return str(response.headers.get("x-amzn-requestid", ""))[:100]
