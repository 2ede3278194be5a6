"""One POST to an address that people entered: to the very address that was checked, bounded in time and size.

Nothing is followed, no proxy of the environment is asked, no connection is kept. Names are resolved once: what was
checked is what is connected to, so a name that changes its address in between gains nothing.
"""

import ssl
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from time import monotonic
from typing import Any

import httpcore2
import httpx2
from msgspec import Struct

from approdo import __version__
from approdo.sdk.addresses import is_own, resolved
from approdo.sdk.errors import ConfigError, TransientError

CONNECT_SECONDS = 10.0
PIECE = 16 * 1024
"""So much is written at once: one record of TLS, so that a receiver that reads slowly cannot stretch the time."""


class Answer(Struct, frozen=True, kw_only=True):
    """What came back. `unfinished` is the code of why `content` is not all of it: `too_slow`, `too_long`, `broken`."""

    status: int
    headers: Mapping[str, str]
    content: bytes = b""
    unfinished: str = ""


class Limits(Struct, frozen=True, kw_only=True):
    """What a call may reach and take: `most` bytes of an answer (none: it is not read), `seconds` for all of it."""

    inner: bool
    seconds: float
    most: int = 0


def post(address: str, body: bytes, headers: Mapping[str, str], limits: Limits) -> Answer:
    """Send `body` and return what came back, whatever its status.

    Raises `ConfigError` where the address may not be reached, `TransientError` where no answer came.
    """
    url = _url(address)
    host = url.netloc.decode()
    backend = _Checked(url, limits)
    given = {"user-agent": f"Approdo/{__version__}", "accept-encoding": "identity", **headers, "host": host}
    target = httpcore2.URL(scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path)
    with (
        _told(host, limits),
        httpcore2.ConnectionPool(network_backend=backend) as pool,
        pool.stream("POST", target, headers=list(given.items()), content=body) as response,
    ):
        named = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in response.headers}
        content, unfinished = _read(response.iter_stream(), limits.most)
        return Answer(status=response.status, headers=named, content=content, unfinished=unfinished)


def _url(address: str) -> httpx2.URL:
    try:
        return httpx2.URL(address)
    except httpx2.InvalidURL as error:
        raise ConfigError("not_a_url", value=address.rpartition("@")[2]) from error


def _read(pieces: Iterable[bytes], most: int) -> tuple[bytes, str]:
    content = bytearray()
    if not most:
        return b"", ""
    try:
        for piece in pieces:
            content += piece
            if len(content) > most:
                return bytes(content[:most]), "too_long"
    except httpcore2.TimeoutException:
        return bytes(content), "too_slow"
    except (httpcore2.NetworkError, httpcore2.ProtocolError):
        return bytes(content), "broken"
    return bytes(content), ""


@contextmanager
def _told(host: str, limits: Limits) -> Iterator[None]:
    """What goes wrong on the wire, as an error that says what to do."""
    try:
        yield
    except httpcore2.TimeoutException as error:
        raise TransientError("webhook_too_slow", host=host, seconds=round(limits.seconds)) from error
    except httpcore2.NetworkError as error:
        source = error.args[0] if error.args else error  # httpcore wraps what the system raised
        if isinstance(source, ssl.SSLError):
            raise TransientError("webhook_tls", host=host, reason=_tls_reason(source)) from error
        reason = getattr(source, "strerror", None) or type(source).__name__
        raise TransientError("webhook_unreachable", host=host, reason=reason) from error
    except httpcore2.ProtocolError as error:
        raise TransientError("webhook_unreachable", host=host, reason=type(error).__name__) from error


def _tls_reason(error: ssl.SSLError) -> str:
    return getattr(error, "verify_message", "") or error.reason or type(error).__name__


class _Checked(httpcore2.NetworkBackend):
    """Connects to what was resolved and may be reached, and to nothing else, until the time is over."""

    def __init__(self, url: httpx2.URL, limits: Limits) -> None:
        self._url, self._limits = url, limits
        self._backend = httpcore2.SyncBackend()
        self._until = monotonic() + limits.seconds

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ARG002  httpcore's signature
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore2.NetworkStream:
        addresses = resolved(host, port, inner=self._limits.inner)
        if self._url.scheme == "http" and not all(map(is_own, addresses)):
            raise ConfigError("not_encrypted", host=host)
        failure: Exception = httpcore2.ConnectTimeout()
        for address in addresses:
            try:
                wait = min(_left(self._until), CONNECT_SECONDS)
                stream = self._backend.connect_tcp(address, port, wait, local_address, socket_options or ())
                return _Bounded(stream, self._until)
            except (httpcore2.ConnectError, httpcore2.ConnectTimeout) as error:
                failure = error
        raise failure


class _Bounded(httpcore2.NetworkStream):
    """A stream whose every wait ends when the time is over."""

    def __init__(self, stream: httpcore2.NetworkStream, until: float) -> None:
        self._stream, self._until = stream, until

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:  # noqa: ARG002
        return self._stream.read(max_bytes, _left(self._until))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:  # noqa: ARG002
        for start in range(0, len(buffer), PIECE):
            self._stream.write(buffer[start : start + PIECE], _left(self._until))

    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,  # noqa: ARG002
    ) -> httpcore2.NetworkStream:
        return _Bounded(self._stream.start_tls(ssl_context, server_hostname, _left(self._until)), self._until)

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)

    def close(self) -> None:
        self._stream.close()


def _left(until: float) -> float:
    left = until - monotonic()
    if left <= 0:
        raise httpcore2.ReadTimeout
    return left
