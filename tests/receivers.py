"""A mail server and a receiver of webhooks, both real, that can be made to fail."""

import ssl
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from email import message_from_bytes, policy
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Thread
from typing import TYPE_CHECKING, Any, NamedTuple

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult
from hub import free_port

if TYPE_CHECKING:
    from email.message import EmailMessage


class MailServer:
    """Keeps what it is sent. `refuses` is its answer to any recipient, if set."""

    def __init__(self, port: int | None = None) -> None:
        self.port = port or free_port()
        self.mails: list[EmailMessage] = []
        self.refuses = ""

    async def handle_RCPT(self, _server: Any, _session: Any, envelope: Any, address: str, _options: Any) -> str:  # noqa: N802
        if self.refuses:
            return self.refuses
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:  # noqa: N802
        self.mails.append(message_from_bytes(envelope.content, policy=policy.default))
        return "250 OK"

    @contextmanager
    def running(self, password: str | None = None) -> Iterator["MailServer"]:
        """Answers while inside; wants this password where one is named."""
        more: dict[str, Any] = {}
        if password is not None:
            more = {
                "authenticator": lambda *given: AuthResult(
                    success=given[4].password == password.encode(), handled=False
                ),
                "auth_require_tls": False,
                "auth_required": True,
            }
        controller = Controller(self, hostname="127.0.0.1", port=self.port, **more)
        controller.start()
        try:
            yield self
        finally:
            controller.stop()


class Reply(NamedTuple):
    """What a receiver answers. `endless`: the body never ends; `drips`: its head comes byte by byte, so many seconds apart."""

    status: int = 200
    body: bytes = b""
    headers: dict[str, str] = {}
    endless: bool = False
    drips: float = 0.0


class WebhookReceiver:
    """Keeps what it is sent. `answers` are the next ones (200 afterwards); `hangs` in seconds before each.

    With a `certificate` (a file that holds it and its key) it speaks HTTPS.
    """

    def __init__(self, certificate: str = "", host: str = "127.0.0.1", port: int = 0) -> None:
        self.calls: list[tuple[dict[str, str], bytes]] = []
        self.answers: list[int | Reply] = []
        self.hangs = 0.0
        self._stopped = Event()
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                receiver.calls.append(({name.lower(): value for name, value in self.headers.items()}, body))
                receiver._stopped.wait(receiver.hangs)
                answer = receiver.answers.pop(0) if receiver.answers else 200
                with suppress(OSError):
                    receiver._answer(self, Reply(answer) if isinstance(answer, int) else answer)

            def log_message(self, *_arguments: Any) -> None:
                pass

        self._server = _Server((host, port), Handler)
        self.port = self._server.server_port
        if certificate:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(certificate)
            self._server.socket = context.wrap_socket(
                self._server.socket, server_side=True, do_handshake_on_connect=False
            )
        scheme = "https" if certificate else "http"
        self.url = f"{scheme}://{host}:{self.port}/"

    def _answer(self, handler: BaseHTTPRequestHandler, reply: Reply) -> None:
        if reply.drips:
            for byte in b"HTTP/1.1 200 OK\r\nx-slow: " + b"x" * 10_000:
                handler.wfile.write(bytes([byte]))
                if self._stopped.wait(reply.drips):
                    return
        handler.send_response(reply.status)
        if 300 <= reply.status < 400:
            handler.send_header("location", self.url + "elsewhere")
        for name, value in reply.headers.items():
            handler.send_header(name, value)
        if not reply.endless and "content-length" not in reply.headers:
            handler.send_header("content-length", str(len(reply.body)))
        handler.end_headers()
        handler.wfile.write(reply.body)
        while reply.endless and not self._stopped.is_set():
            handler.wfile.write(b"x" * 65536)

    @contextmanager
    def running(self) -> Iterator["WebhookReceiver"]:
        """Answers while inside."""
        Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        try:
            yield self
        finally:
            self._stopped.set()
            self._server.shutdown()
            self._server.server_close()


class _Server(ThreadingHTTPServer):
    def handle_error(self, *_about: Any) -> None:
        """A caller that does not like our certificate, or hangs up, is meant."""
