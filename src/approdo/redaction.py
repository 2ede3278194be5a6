"""Takes out of a log line what must not stand in any: secrets, and what a database says of the values in a row.

The last resort: nobody logs a secret on purpose, but errors and libraries quote what they were given.
"""

import re
from collections.abc import Mapping
from functools import cache
from typing import Any
from urllib.parse import unquote

from structlog.typing import EventDict, WrappedLogger

from approdo import environment
from approdo.sdk.errors import ConfigError

REDACTED = "[redacted]"

_NAME = r"secret|password|passwd|token|authorization|cookie|credential|session_?id|csrf|(?:encryption|api)[_-]?key"
_SECRET_KEY = re.compile(_NAME, re.IGNORECASE)

_PATTERNS = (
    (re.compile(r"\bapd_[\w-]+"), REDACTED),  # our tokens
    (re.compile(r"\bAtz[a-z]\|[^\s\"'<>&,;)\]}]+"), REDACTED),  # Login with Amazon: access, refresh, restricted
    (re.compile(r"\bamzn1\.oa2-cs\.[\w.-]+"), REDACTED),  # Login with Amazon: client secrets
    (re.compile(r"\bgAAAA[\w-]{20,}=*"), REDACTED),  # Fernet: what is sealed
    (re.compile(r"(\bBearer\s+)[^\s\"',;]+", re.IGNORECASE), rf"\1{REDACTED}"),
    (re.compile(r"(://)[^\s/@]+@"), rf"\1{REDACTED}@"),  # user and password of an address
    (
        # name=value, "name": "value", Name: value
        re.compile(
            rf"([\w-]*(?:{_NAME})[\w-]*[\"']?\s*[=:]\s*)"
            r"(?:\"[^\"]*\"|'[^']*'|\[redacted\]|[^\s\"'&,;)}}\]]+)",
            re.IGNORECASE,
        ),
        rf"\1{REDACTED}",
    ),
    (re.compile(r"\b(DETAIL|CONTEXT):.*"), rf"\1: {REDACTED}"),  # PostgreSQL quotes the values of the row
)

_CONTROL = {code: f"\\x{code:02x}" for code in (*range(32), 127, *range(128, 160)) if code != 9}
"""What would begin a line of its own, or command a terminal."""

_LINES_KEPT = frozenset({"exception", "stack"})


def redact(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """A processor of structlog: the same event without secrets, and each text but a traceback on one line."""
    return {
        name: REDACTED if _SECRET_KEY.search(name) else _clean(value, lines=name in _LINES_KEPT)
        for name, value in event.items()
    }


def redacted(text: str) -> str:
    """The text without what is known as secret or looks like it."""
    for literal in _literals():
        text = text.replace(literal, REDACTED)
    for pattern, instead in _PATTERNS:
        text = pattern.sub(instead, text)
    return text


def _clean(value: Any, *, lines: bool = False) -> Any:
    if isinstance(value, Mapping):
        return {key: REDACTED if _SECRET_KEY.search(str(key)) else _clean(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [_clean(one) for one in value]
    if value is None or isinstance(value, bool | int | float):
        return value
    text = redacted(str(value))
    return text if lines else text.translate(_CONTROL)


@cache
def _literals() -> tuple[str, ...]:
    """The secrets of this installation itself."""
    try:
        password = re.search(r"://[^/@]*?:([^/@]+)@", environment.database_url())
        known = [environment.secret_key(), *environment.encryption_keys()]
    except ConfigError:
        return ()
    if password:
        known += [password[1], unquote(password[1])]
    return tuple(sorted({one for one in known if len(one) >= 6}, key=len, reverse=True))
