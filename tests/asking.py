"""Asks a web process of the hub's over HTTP, as a probe or a program does."""

import json
import urllib.error
import urllib.request
from collections.abc import Mapping
from typing import Any, NamedTuple

from hub import Hub, free_port, wait_for


class Answer(NamedTuple):
    status: int
    headers: Mapping[str, str]
    text: str

    @property
    def data(self) -> Any:
        return json.loads(self.text)


class Web:
    """A web process of its own, that answers already."""

    def __init__(self, hub: Hub) -> None:
        self.port = free_port()
        self.process = hub.start("web", "--port", str(self.port))
        wait_for(self._answers, "the web server answered")

    def ask(self, path: str, method: str = "GET", body: bytes | None = None, **headers: str) -> Answer:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        request = urllib.request.Request(f"http://127.0.0.1:{self.port}{path}", body, named, method=method)
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                return Answer(answer.status, answer.headers, answer.read().decode())
        except urllib.error.HTTPError as error:
            return Answer(error.code, error.headers, error.read().decode())

    def end(self) -> str:
        """End it as an operator does; what it wrote meanwhile."""
        self.process.terminate()
        return self.process.communicate(timeout=30)[0]

    def _answers(self) -> bool:
        try:
            return self.ask("/health").status == 200
        except OSError:
            assert self.process.poll() is None, self.process.communicate()[0]
            return False
