"""A mail server and a receiver of webhooks, both real, that can be made to fail."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from email import message_from_bytes, policy
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import TYPE_CHECKING, Any

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


class WebhookReceiver:
    """Keeps what it is sent. `answers` are the next statuses (200 afterwards); `hangs` in seconds before each."""

    def __init__(self) -> None:
        self.calls: list[tuple[dict[str, str], bytes]] = []
        self.answers: list[int] = []
        self.hangs = 0.0
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                receiver.calls.append(({name.lower(): value for name, value in self.headers.items()}, body))
                time.sleep(receiver.hangs)
                status = receiver.answers.pop(0) if receiver.answers else 200
                self.send_response(status)
                if 300 <= status < 400:
                    self.send_header("location", receiver.url + "elsewhere")
                self.send_header("content-length", "0")
                self.end_headers()

            def log_message(self, *_arguments: Any) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}/"

    @contextmanager
    def running(self) -> Iterator["WebhookReceiver"]:
        """Answers while inside."""
        Thread(target=self._server.serve_forever, daemon=True).start()
        try:
            yield self
        finally:
            self._server.shutdown()
            self._server.server_close()
