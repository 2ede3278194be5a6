"""The client of the SP-API for one account: signs in, keeps to the rates, retries, explains.

Anything but a well-formed answer is an error: never an empty page.
"""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from hashlib import blake2b
from threading import Lock
from typing import Any, Generic, NamedTuple, TypeVar
from urllib.parse import quote

import httpx2
import stamina
from msgspec import Struct

from approdo.connectors.amazon_vendor import throttle
from approdo.connectors.amazon_vendor.auth import OPERATION as SIGN_IN
from approdo.connectors.amazon_vendor.auth import AccessTokens, Credentials, Issued, KeptToken, read_restricted_token
from approdo.connectors.amazon_vendor.operations import (
    CREATE_RESTRICTED_TOKEN,
    RESTRICTED_PATHS,
    SANDBOX_RATE,
    Operation,
    Rate,
)
from approdo.connectors.amazon_vendor.refusals import ACCESS_REFUSED, RESTRICTED_REFUSED, refusal
from approdo.connectors.amazon_vendor.regions import CUSTOM, endpoints
from approdo.connectors.amazon_vendor.transport import Record, Sending, granted_rate, send, their_clock
from approdo.sdk.connector import Context
from approdo.sdk.errors import ConfigError, RefusedError, TransientError
from approdo.sdk.http import READ_SECONDS

T = TypeVar("T")

# Every attempt is recorded with its request id; a second log, on stdout at that, would say less.
stamina.instrumentation.set_on_retry_hooks(())


class RetryPolicy(Struct, frozen=True, kw_only=True):
    """How often and how long to try; all times in seconds.

    Waits double from `first_wait` to `longest_wait`, with up to `jitter` added. `bad_requests` is
    how many answers 400 are taken for Amazon's own mistake (reference 18, 2).
    """

    attempts: int = 8
    first_wait: float = 1.5
    longest_wait: float = 45.0
    jitter: float = 1.5
    total: float = 180.0
    answer: float = READ_SECONDS
    bad_requests: int = 2


PATIENT = RetryPolicy()
ONCE = RetryPolicy(attempts=1)


class Client:
    """Calls operations in the name of one account. Threads may share it.

    `wait(account, bucket, rate)` returns when it is the next call's turn.
    """

    def __init__(
        self,
        account: str,
        settings: Mapping[str, Any],
        policy: RetryPolicy = PATIENT,
        wait: Callable[[str, str, Rate], None] = throttle.wait,
    ) -> None:
        where = endpoints(settings)
        self.clock_skew: timedelta | None = None
        """Amazon's clock minus ours when it last answered, to the second."""
        self._account = account
        self._sandbox = bool(settings.get("sandbox")) and settings["region"] != CUSTOM
        self._api_url = where.api_url
        self._policy = policy
        self._wait = wait
        self._tokens = AccessTokens(
            where.token_url,
            Credentials(settings["client_id"], settings["client_secret"], settings["refresh_token"]),
        )
        self._restricted = KeptToken()
        self._rates: dict[str, Rate] = {}

    def get(
        self,
        operation: Operation,
        read: Callable[[bytes], T],
        record: Record,
        *,
        about: str = "",
        query: Mapping[str, str] | None = None,
        policy: RetryPolicy | None = None,
    ) -> T:
        """What `read` makes of the answer's body; `about` goes into the path.

        `read` raises `TransientError` for a body that is not what the operation promises. Tries
        again what may pass, with a fresh token once where access was refused. Raises `ConfigError`,
        `RefusedError` or, in the end, `TransientError`.
        """
        policy = policy or self._policy
        url = self._api_url + operation.path.format(quote(about, safe=""))
        call = _Call(operation, url, query, read, record, policy)
        for attempt in stamina.retry_context(
            on=_Patience(policy),
            attempts=policy.attempts,
            timeout=policy.total,
            wait_initial=policy.first_wait,
            wait_max=policy.longest_wait,
            wait_jitter=policy.jitter,
        ):
            with attempt:
                return self._once(call, attempt.num)
        raise AssertionError("the last attempt returns or raises")

    def sign_in(self, record: Record, policy: RetryPolicy = ONCE) -> None:
        """Asks for a new access token, once: tells whether the credentials are good this moment."""
        self._tokens.forget()
        self._tokens.get(_sending(SIGN_IN, record, policy, 1))

    def _once(self, call: "_Call[T]", attempt: int) -> T:
        token = self._tokens.get(_sending(SIGN_IN, call.record, call.policy, attempt))
        if not call.operation.restricted:
            return self._sent(call, attempt, token, self._tokens.forget)
        restricted = self._restricted.get(lambda: self._ask_restricted(call, attempt, token))
        return self._sent(call, attempt, restricted, self._restricted.forget)

    def _ask_restricted(self, call: "_Call[Any]", attempt: int, token: str) -> Issued:
        """A token for all that is restricted; one an hour is enough for an account (reference 12)."""
        url = self._api_url + CREATE_RESTRICTED_TOKEN.path
        resources = [{"method": "GET", "path": path} for path in RESTRICTED_PATHS]
        body = {"restrictedResources": resources}
        asking = _Call(CREATE_RESTRICTED_TOKEN, url, None, read_restricted_token, call.record, call.policy, body)
        return self._sent(asking, attempt, token, self._tokens.forget)

    def _sent(self, call: "_Call[T]", attempt: int, token: str, forget: Callable[[str], None]) -> T:
        """Send in its turn; a token that was refused is forgotten."""

        def checked(response: httpx2.Response) -> T:
            self._look_at_clock(response)
            if response.status_code != 200:
                raise refusal(call.operation, response)
            self._look_at_rate(call.operation, response)
            return call.read(response.content)

        self._wait_for_turn(call.operation)
        sending = _sending(call.operation.name, call.record, call.policy, attempt)
        headers = {"x-amz-access-token": token}
        method = "GET" if call.body is None else "POST"
        try:
            return send(sending, method, call.url, checked, headers=headers, query=call.query, json=call.body)
        except ConfigError:
            forget(token)
            raise

    def _wait_for_turn(self, operation: Operation) -> None:
        if self._sandbox:
            self._wait(self._account, "sandbox", SANDBOX_RATE)
        else:
            self._wait(self._account, operation.name, self._rates.get(operation.name, operation.rate))

    def _look_at_rate(self, operation: Operation, response: httpx2.Response) -> None:
        """Take over the rate that Amazon says it grants, where it says so (reference 4.1)."""
        granted = granted_rate(response, operation.rate)
        if granted:
            self._rates[operation.name] = granted

    def _look_at_clock(self, response: httpx2.Response) -> None:
        theirs = their_clock(response)
        if theirs:
            self.clock_skew = theirs - datetime.now(UTC)


class _Call(NamedTuple, Generic[T]):
    """What is the same in every attempt of one call."""

    operation: Operation
    url: str
    query: Mapping[str, str] | None
    read: Callable[[bytes], T]
    record: Record
    policy: RetryPolicy
    body: Any = None


_STALE_TOKEN = (ACCESS_REFUSED, RESTRICTED_REFUSED)
"""What may only mean that the token is over: it is worth one more try with a fresh one."""


class _Patience:
    """Decides after each failure of one call: again, when, or not at all."""

    def __init__(self, policy: RetryPolicy) -> None:
        self._policy = policy
        self._bad_requests = 0
        self._refreshed: set[str] = set()

    def __call__(self, error: Exception) -> bool | float:
        match error:
            case TransientError(params={"retry_after": float() as asked}):
                return min(max(asked, self._policy.first_wait), self._policy.longest_wait)
            case TransientError():
                return True
            case RefusedError(params={"status": 400}):
                self._bad_requests += 1
                return self._bad_requests <= self._policy.bad_requests
            case ConfigError(code=code, params={"operation": str(name)}) if code in _STALE_TOKEN:
                # Once for the access token, once for the restricted one: both may be over.
                again = name not in self._refreshed
                self._refreshed.add(name)
                return 0.0 if again else False
        return False


def _sending(operation: str, record: Record, policy: RetryPolicy, attempt: int) -> Sending:
    return Sending(operation=operation, attempt=attempt, record=record, seconds=policy.answer)


_clients: dict[str, tuple[str, Client]] = {}
_lock = Lock()


def client_for(context: Context) -> Client:
    """The process's one client for the context's account; a new one once its settings changed."""
    fingerprint = _digest(*(f"{name}={context.settings[name]}" for name in sorted(context.settings)))
    with _lock:
        known, client = _clients.get(context.account, ("", None))
        if client is None or known != fingerprint:
            client = Client(context.account, context.settings)
            _clients[context.account] = (fingerprint, client)
        return client


def identity(settings: Mapping[str, Any]) -> str:
    """A stable name of the account behind a node's options: address, application, vendor group.

    Nothing of the refresh token can be read from it (BLAKE2b, RFC 7693).
    """
    api_url = endpoints(settings).api_url
    return _digest(api_url, settings["client_id"], settings["refresh_token"])


def _digest(*parts: str) -> str:
    return blake2b("\0".join(parts).encode(), digest_size=16).hexdigest()
