"""A request as it came in, and an answer as it goes out; nothing here knows sockets."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from urllib.parse import parse_qsl, unquote, urlsplit

import msgspec


@dataclass(frozen=True)
class Request:
    """An HTTP request; header names in lower case."""

    method: str
    target: str
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""

    @cached_property
    def path(self) -> str:
        """The path, percent-decoded."""
        return unquote(urlsplit(self.target).path)

    @cached_property
    def query(self) -> dict[str, str]:
        """The query parameters; of one that is there twice, the last."""
        return dict(parse_qsl(urlsplit(self.target).query, keep_blank_values=True))

    @cached_property
    def form(self) -> dict[str, str]:
        """The body as form fields; empty if it is not a form."""
        if not self.headers.get("content-type", "").startswith("application/x-www-form-urlencoded"):
            return {}
        return dict(parse_qsl(self.body.decode("utf-8", "replace"), keep_blank_values=True))


@dataclass(frozen=True)
class Answer:
    """An HTTP answer."""

    status: int
    body: bytes = b""
    content_type: str = "application/json"
    headers: Mapping[str, str] = field(default_factory=dict)


class Refused(Exception):
    """The request ends here, with this answer."""

    def __init__(self, answer: Answer) -> None:
        super().__init__(answer.status)
        self.answer = answer


def ok(content: object) -> Answer:
    """200 with this as JSON."""
    return Answer(200, msgspec.json.encode(content))


def errors(status: int, code: str, message: str, details: str = "") -> Answer:
    """An error in the envelope that all vendor operations share (reference 4.2)."""
    body = {"errors": [{"code": code, "message": message, "details": details}]}
    return Answer(status, msgspec.json.encode(body))


def invalid_input(details: str) -> Answer:
    """400 as for a parameter that breaks the model."""
    return errors(400, "InvalidInput", "Request has missing or invalid parameters.", details)


def unauthorized(details: str = "") -> Answer:
    """403 as for a bad access token, a missing role, or a path that does not exist."""
    return errors(403, "Unauthorized", "Access to requested resource is denied.", details)


def no_access() -> Answer:
    """400 as when the restricted role is missing, or came after the vendor authorised (18, item 33)."""
    return errors(400, "InvalidInput", "Application do not have access to some or all requested resource")


def html(status: int, title: str) -> Answer:
    """What a gateway says before Amazon's own code is reached: no envelope, not even JSON."""
    page = f"<html>\r\n<head><title>{status} {title}</title></head>\r\n<body>\r\n<center><h1>"
    page += f"{status} {title}</h1></center>\r\n</body>\r\n</html>\r\n"
    return Answer(status, page.encode(), "text/html")
