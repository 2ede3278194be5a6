"""Login with Amazon: a refresh token buys access tokens that live one hour (reference 2.1)."""

from collections.abc import Callable
from threading import Lock
from time import monotonic
from typing import Any, NamedTuple

import httpx2
import msgspec
from msgspec import Struct

from approdo.connectors.amazon_vendor.refusals import retry_after
from approdo.connectors.amazon_vendor.transport import Sending, send
from approdo.sdk.errors import ApprodoError, ConfigError, TransientError

OPERATION = "signIn"
EARLY_SECONDS = 60
"""A token is renewed this long before its end, so that none dies on the way."""

_BY_ERROR = {
    "invalid_client": "client_refused",
    "invalid_grant": "refresh_token_refused",
    "unauthorized_client": "application_not_authorised",
    "access_denied": "application_not_authorised",
}
_PASSING = frozenset({"server_error", "temporarily_unavailable"})
_NO_SUCH_ADDRESS = frozenset({404, 405, 410})


class Credentials(Struct, frozen=True):
    """What signs one account in. Never shown, not even in a traceback."""

    client_id: str
    client_secret: str
    refresh_token: str

    def __repr__(self) -> str:
        return "Credentials(…)"


class _Answer(Struct):
    access_token: str | None = None
    expires_in: float = 3600
    error: Any = None


class _RestrictedAnswer(Struct, rename="camel"):
    restricted_data_token: str
    expires_in: float


_ANSWER = msgspec.json.Decoder(_Answer, strict=False)
_RESTRICTED_ANSWER = msgspec.json.Decoder(_RestrictedAnswer)


class Issued(NamedTuple):
    """A token, and for how many seconds it is good."""

    token: str
    seconds: float


class KeptToken:
    """One token, asked for when it is needed and kept while it is good; threads share one request."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._token = ""
        self._usable_until = 0.0

    def get(self, ask: Callable[[], Issued]) -> str:
        """The token, good for at least a minute. Raises what `ask` raises."""
        with self._lock:
            if not self._token or monotonic() >= self._usable_until:
                asked = monotonic()
                issued = ask()
                self._token = issued.token
                self._usable_until = asked + issued.seconds - EARLY_SECONDS
            return self._token

    def forget(self, token: str | None = None) -> None:
        """Drops the token that was refused, unless another thread has renewed it already."""
        with self._lock:
            if token in (None, self._token):
                self._token = ""


class AccessTokens:
    """The access token of one account."""

    def __init__(self, url: str, credentials: Credentials) -> None:
        self._url = url
        self._credentials = credentials
        self._kept = KeptToken()

    def get(self, sending: Sending) -> str:
        """A token good for at least a minute, asked for if there is none.

        Raises `ConfigError` where a person has to act, `TransientError` where time helps.
        """
        return self._kept.get(lambda: self._ask(sending))

    def forget(self, token: str | None = None) -> None:
        """Drops the token that was refused, unless another thread has renewed it already."""
        self._kept.forget(token)

    def _ask(self, sending: Sending) -> Issued:
        form = {
            "grant_type": "refresh_token",
            "refresh_token": self._credentials.refresh_token,
            "client_id": self._credentials.client_id,
            "client_secret": self._credentials.client_secret,
        }
        return send(sending, "POST", self._url, _read, form=form)


def read_restricted_token(body: bytes) -> Issued:
    """The token in an answer to createRestrictedDataToken, or `TransientError("unreadable_answer")`."""
    try:
        answer = _RESTRICTED_ANSWER.decode(body)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise TransientError("unreadable_answer", detail=str(error)[:200]) from error
    return Issued(answer.restricted_data_token, answer.expires_in)


def _read(response: httpx2.Response) -> Issued:
    try:
        answer = _ANSWER.decode(response.content)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        answer = _Answer()
    if response.status_code == 200 and answer.access_token:
        return Issued(answer.access_token, answer.expires_in)
    raise _failure(response, answer.error if isinstance(answer.error, str) else "")


def _failure(response: httpx2.Response, error: str) -> ApprodoError:
    """RFC 6749, 5.2: the word in `error` says more than the status."""
    status = response.status_code
    if status >= 500 or status in (408, 429) or error in _PASSING:
        wait = retry_after(response)
        params = {} if wait is None else {"retry_after": wait}
        return TransientError("sign_in_unavailable", status=status, **params)
    if error and status >= 400:
        return ConfigError(_BY_ERROR.get(error, "sign_in_refused"), amazon_code=error[:100])
    if status in _NO_SUCH_ADDRESS:
        return ConfigError("sign_in_address_wrong", status=status)
    return TransientError("sign_in_unreadable", status=status)
