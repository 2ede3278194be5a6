"""A tiny HTTP server for what no well-behaved one does: it answers what a test says."""

from collections.abc import Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from types import TracebackType
from typing import Any, NamedTuple, Self
from urllib.parse import parse_qsl, urlsplit

EMPTY_PAGE = b'{"payload":{"orders":[]}}'
TOKEN = b'{"access_token":"Atza|scripted","token_type":"bearer","expires_in":3600}'


class Answer(NamedTuple):
    """One answer; without `Content-Length` its own length is stated."""

    status: int = 200
    body: bytes = EMPTY_PAGE
    headers: Mapping[str, str] = {}


class Asked(NamedTuple):
    """One request as it arrived."""

    method: str
    path: str
    query: dict[str, str]
    headers: Mapping[str, str]
    form: dict[str, str]
    body: bytes = b""


class ScriptedServer:
    """Answers calls from `answers` and sign-ins from `logins`, the last of each again and again."""

    def __init__(self) -> None:
        self.answers = [Answer()]
        self.logins = [Answer(200, TOKEN)]
        self.asked: list[Asked] = []
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._server.daemon_threads = True

    @property
    def url(self) -> str:
        """Its address."""
        return f"http://127.0.0.1:{self._server.server_port}"

    @property
    def settings(self) -> dict[str, Any]:
        """A node's options that lead here."""
        return {
            "region": "custom",
            "api_url": self.url,
            "token_url": f"{self.url}/auth/o2/token",
            "client_id": "amzn1.application-oa2-client.test",
            "client_secret": "s3cret",
            "refresh_token": "Atzr|test",
        }

    @property
    def calls(self) -> list[Asked]:
        """What was asked apart from sign-ins."""
        return [asked for asked in self.asked if asked.path != "/auth/o2/token"]

    def next_answer(self, asked: Asked) -> Answer:
        """Takes the next answer of the right script."""
        self.asked.append(asked)
        script = self.logins if asked.path == "/auth/o2/token" else self.answers
        return script.pop(0) if len(script) > 1 else script[0]

    def __enter__(self) -> Self:
        Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._server.shutdown()
        self._server.server_close()


def _handler(server: ScriptedServer) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            parts = urlsplit(self.path)
            length = int(self.headers.get("Content-Length") or 0)
            body = self.rfile.read(length)
            form = dict(parse_qsl(body.decode()))
            query = dict(parse_qsl(parts.query, keep_blank_values=True, strict_parsing=False))
            answer = server.next_answer(Asked(self.command, parts.path, query, dict(self.headers), form, body))
            self.send_response_only(answer.status)
            for name, value in {
                "Content-Length": str(len(answer.body)),
                "x-amzn-RequestId": "request-1",
                **answer.headers,
            }.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(answer.body)

        def do_POST(self) -> None:
            self.do_GET()

        def log_message(self, *_: Any) -> None:
            """Keeps quiet."""

    return Handler
