"""The client of one Tryton user: signs in, keeps the session, renews it once where it is over."""

import base64
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from hashlib import blake2b
from threading import Lock
from time import monotonic
from typing import Any, NamedTuple
from urllib.parse import quote, urlsplit

import httpx2

from approdo.connectors.tryton import wire
from approdo.sdk.connector import Context, RequestMade
from approdo.sdk.errors import ApprodoError, ConfigError, TransientError
from approdo.sdk.http import http_client

Record = Callable[[RequestMade], None]

SIGN_IN = "common.db.login"
PATHS = ("rpc/", "")
"""Where a database answers below its name: since 8.0, and before."""

_NOT_THERE = "tryton_not_there"
LANGUAGE = "en"
"""In which names are read that an option holds: Tryton's own, whatever the user's language is."""


class Session(NamedTuple):
    """A session: where its calls go, how they name it, and the context that Tryton's own client would send."""

    url: str
    authorization: str
    context: dict[str, Any]

    def __repr__(self) -> str:
        return "Session(…)"


class Client:
    """Calls Tryton in the name of the node's user. Threads may share it."""

    def __init__(self, settings: Mapping[str, Any]) -> None:
        self._settings = settings
        self._lock = Lock()
        self._session: Session | None = None

    def call(self, record: Record, method: str, *params: Any, **context: Any) -> Any:
        """What a method of a model returns: `model.sale.sale.read` and its parameters, without the context.

        Raises `ConfigError` where a person has to change settings, `RefusedError` for what Tryton says no to, and
        `TransientError` where time helps; then it is not known whether the call was carried out.
        """
        session = self.session(record)
        try:
            return self._called(record, session, method, params, context)
        except ConfigError as error:
            if error.code != wire.UNAUTHORISED:
                raise
        self._forget(session)
        try:
            return self._called(record, self.session(record), method, params, context)
        except ConfigError as error:
            if error.code == wire.UNAUTHORISED:
                raise TransientError("tryton_session_lost") from error
            raise

    def session(self, record: Record) -> Session:
        """The session; a new one where there is none. Raises what refuses it."""
        with self._lock:
            if self._session is None:
                self._session = self._sign_in(record)
            return self._session

    def version(self, record: Record) -> str:
        """The server's version; before 8.0 with its patch level."""
        url = self._settings["address"] + ("/rpc/" if self.session(record).url.endswith("/rpc/") else "/")
        return str(_sent(record, url, "common.server.version", []))

    def _called(
        self, record: Record, session: Session, method: str, params: tuple[Any, ...], context: dict[str, Any]
    ) -> Any:
        known = {**session.context, **context}
        return _sent(record, session.url, method, [*params, known], session.authorization)

    def _forget(self, session: Session) -> None:
        """Drop a session that is over, unless another thread has renewed it already."""
        with self._lock:
            if self._session is session:
                self._session = None

    def _sign_in(self, record: Record) -> Session:
        url, (number, key) = self._admitted(record)
        name = f"{self._settings['user']}:{number}:{key}"
        authorization = f"Session {base64.b64encode(name.encode()).decode()}"
        context = _sent(record, url, "model.res.user.get_preferences", [True, {}], authorization)
        session = Session(url, authorization, dict(context))
        company = self._settings.get("company")
        if not company:
            return session
        return session._replace(context={**session.context, "company": _company(record, session, company)})

    def _admitted(self, record: Record) -> tuple[str, tuple[int, str]]:
        """Where the database answers, the user's number there and the session's key."""
        settings, refused = self._settings, ConfigError("tryton_no_database", database=self._settings["database"])
        for path in PATHS:
            url = f"{settings['address']}/{quote(settings['database'], safe='')}/{path}"
            try:
                found = _sent(record, url, SIGN_IN, [settings["user"], {"password": settings["password"]}, LANGUAGE])
            except ConfigError as error:
                if error.code == _NOT_THERE:
                    continue
                if error.code == wire.UNAUTHORISED:
                    raise ConfigError("tryton_sign_in_refused", user=settings["user"]) from error
                raise
            match found:
                case [int() as number, str() as key, *_]:
                    return url, (number, key)
            raise TransientError("tryton_unreadable", host=urlsplit(url).hostname, method=SIGN_IN)
        raise refused


def _company(record: Record, session: Session, name: str) -> int:
    """The number of the company of this name. Raises `ConfigError` where this user has none."""
    wanted = [[["party.name", "=", name]], 0, 2, None, session.context]
    found = _sent(record, session.url, "model.company.company.search", wanted, session.authorization)
    if len(found) != 1:
        raise ConfigError("tryton_no_company", company=name)
    return int(found[0])


def _sent(record: Record, url: str, method: str, params: list[Any], authorization: str = "") -> Any:
    """Send one call and write it down, whatever comes of it."""
    at, started = datetime.now(UTC), monotonic()
    status, code = None, ""
    headers = {"Content-Type": "application/json", "Accept": "application/json"}
    if authorization:
        headers["Authorization"] = authorization
    try:
        response = http_client().post(url, content=wire.request(method, params), headers=headers)
        status = response.status_code
        return wire.result(response, method)
    except httpx2.RequestError as failure:
        code, host = "tryton_unreachable", urlsplit(url).netloc
        raise TransientError(code, host=host, reason=type(failure).__name__) from failure
    except ApprodoError as error:
        code = error.code
        raise
    finally:
        spent = round((monotonic() - started) * 1000)
        operation = method.removeprefix("model.")
        record(
            RequestMade(
                at=at, operation=operation, status=status, request_id="", milliseconds=spent, attempt=1, error=code
            )
        )


_clients: dict[str, tuple[str, Client]] = {}
_lock = Lock()


def client_for(context: Context) -> Client:
    """The process's one client for the context's node; a new one once its settings changed."""
    settings = context.settings
    fingerprint = _digest(*(f"{name}={settings[name]}" for name in sorted(settings)))
    with _lock:
        known, client = _clients.get(context.account, ("", None))
        if client is None or known != fingerprint:
            client = Client(settings)
            _clients[context.account] = (fingerprint, client)
        return client


def identity(settings: Mapping[str, Any]) -> str:
    """A stable name of what is behind a node's options: server, database, company."""
    return _digest(settings["address"], settings["database"], settings.get("company") or "")


def _digest(*parts: str) -> str:
    return blake2b("\0".join(parts).encode(), digest_size=16).hexdigest()
