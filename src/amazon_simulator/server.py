"""The simulated Amazon on a TCP socket: HTTP/1.1, and the faults that need the socket."""

import socket
import struct
import sys
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from socketserver import TCPServer
from threading import Event, Lock, Thread
from typing import Any
from uuid import uuid4

from amazon_simulator.amazon import Reply
from amazon_simulator.messages import Answer, Request, html

Respond = Callable[[Request, str], Reply]


class Server(ThreadingHTTPServer):
    """Answers each connection in a thread of its own until closed. Port 0 takes a free one.

    Raises OSError if the address is in use.
    """

    daemon_threads = True
    block_on_close = False
    allow_reuse_address = True
    request_queue_size = 128

    def __init__(self, host: str, port: int, respond: Respond, *, verbose: bool = False) -> None:
        self.respond = respond
        self.verbose = verbose
        self.stopping = Event()
        self._connections: set[socket.socket] = set()
        self._lock = Lock()
        super().__init__((host, port), _Handler)
        self._thread = Thread(target=self.serve_forever, args=(0.05,), name="simulator", daemon=True)

    @property
    def url(self) -> str:
        """The address that clients use."""
        host, port = self.server_address[:2]
        return f"http://{host!s}:{port}"

    def start(self) -> None:
        """Begin to answer."""
        self._thread.start()

    def stop(self) -> None:
        """Stop answering, and close what is open: for the clients Amazon is gone."""
        self.stopping.set()
        if self._thread.is_alive():
            self.shutdown()
        self.server_close()
        with self._lock:
            connections = list(self._connections)
        for connection in connections:
            _quietly(connection.shutdown, socket.SHUT_RDWR)

    def server_bind(self) -> None:
        """Bind without asking the DNS for this machine's name, as HTTPServer would."""
        TCPServer.server_bind(self)
        self.server_name, self.server_port = "simulator", self.server_address[1]

    def process_request(self, request: Any, client_address: Any) -> None:
        """Remember the connection while it is open."""
        with self._lock:
            self._connections.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        """Forget the connection."""
        with self._lock:
            self._connections.discard(request)
        super().shutdown_request(request)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that goes away is no error of ours; anything else is a bug and shows."""
        if not isinstance(sys.exc_info()[1], OSError):
            super().handle_error(request, client_address)


class _Handler(BaseHTTPRequestHandler):
    server: Server
    protocol_version = "HTTP/1.1"
    server_version = "Server"
    sys_version = ""
    disable_nagle_algorithm = True

    def _serve(self) -> None:
        body, problem = self._read_body()
        headers = {name.lower(): value for name, value in self.headers.items()}
        reply = self.server.respond(Request(self.command, self.path, headers, body), problem)
        if problem:
            self.close_connection = True
        delay = float(reply.faults.get("slow") or 0) / 1000
        if delay:
            self.server.stopping.wait(delay)
        if "hang" in reply.faults:
            self.server.stopping.wait(float(reply.faults["hang"] or 0))
            self.close_connection = True
        elif "reset" in reply.faults:
            self._reset()
        elif "cut_body" in reply.faults:
            kept = reply.faults["cut_body"]
            half = len(reply.answer.body) // 2
            self._write(reply.answer, cut=half if kept is None else int(float(kept)))
            self.close_connection = True
        else:
            self._write(reply.answer)

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = _serve  # noqa: N815

    def _read_body(self) -> tuple[bytes, str]:
        """The body, and what breaks HTTP's rules: Amazon refuses that with HTML (reference 2.2)."""
        headers = self.headers
        if len(headers.get_all("host") or []) > 1:
            return b"", "duplicated Host"
        length = headers.get("content-length", "0")
        if "transfer-encoding" in headers or not length.isdigit():
            return b"", "no Content-Length"
        if self.command == "GET" and int(length):
            return b"", "a body on GET"
        return self.rfile.read(int(length)), ""

    def _write(self, answer: Answer, cut: int | None = None) -> None:
        """Headers and body in one write, so that no answer waits for the client's TCP."""
        reason = self.responses.get(answer.status, ("",))[0]
        lines = [
            f"HTTP/1.1 {answer.status} {reason}",
            f"Date: {self.date_time_string()}",
            f"Content-Type: {answer.content_type}",
            f"Content-Length: {len(answer.body)}",
            *(f"{name}: {value}" for name, value in answer.headers.items()),
            *(["Connection: close"] if self.close_connection else []),
            "\r\n",
        ]
        body = answer.body if cut is None else answer.body[:cut]
        self.wfile.write("\r\n".join(lines).encode("latin-1") + body)
        if self.server.verbose:
            sys.stderr.write(f"{self.command} {self.path} {answer.status} {len(answer.body)}\n")

    def _reset(self) -> None:
        """Close with RST: no lingering, and no orderly shutdown before.

        The writer holds no reference to the socket and is flushed once more, so it stays open.
        """
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.rfile.close()
        self.connection.close()
        self.close_connection = True

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:  # noqa: ARG002
        """What cannot even be parsed: HTML, and the connection is closed."""
        self.close_connection = True
        answer = html(int(code), message or "Bad Request")
        self._write(replace(answer, headers={"x-amzn-RequestId": str(uuid4())}))

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Nothing: access lines are written by `_write`, if at all."""


def _quietly(close: Callable[[int], None], how: int) -> None:
    with suppress(OSError):
        close(how)
