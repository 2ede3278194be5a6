"""The receiver of a node: one signed message to it, what its answer means, and *Test connection*."""

import uuid
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from time import monotonic
from typing import Any
from urllib.parse import urlsplit

from approdo.sdk import webhooks
from approdo.sdk.connector import CheckResult, Context, Outcome, RequestMade
from approdo.sdk.errors import ApprodoError, ConfigError, RefusedError, TransientError
from approdo.sdk.posting import Answer, Limits, post
from approdo.sdk.webhooks import Message

BOTH = "both"
HEADER = "header"
SECONDS = 30.0
MOST = 1024 * 1024
"""Bytes of an answer: receipts for 200 documents take a few thousand."""

SHOWN = 500
RECEIVER = "Receiver"
PASSING = (408, 425, 429)
"""Refusals that say: later."""


def deliver(context: Context, told: Message, operation: str, attempt: int = 1) -> Answer:
    """Send a message and return the answer of a receiver that took it; what was asked and answered is recorded.

    Raises `ConfigError`, `RefusedError` or `TransientError` as the answer, or its absence, means.
    """
    settings = context.settings
    limits = Limits(inner=settings.get("inner", False), seconds=SECONDS, most=MOST)
    at, started = datetime.now(UTC), monotonic()
    answer, error = None, ""
    try:
        answer = post(settings["address"], told.body, _headers(settings, told), limits)
        judge(answer, urlsplit(settings["address"]).netloc)
        return answer
    except ApprodoError as failure:
        error = failure.code
        raise
    finally:
        made = RequestMade(
            at=at,
            operation=operation,
            status=answer.status if answer else None,
            request_id="",
            milliseconds=round((monotonic() - started) * 1000),
            attempt=attempt,
            error=error,
            answer=shown(answer, settings) if answer else "",
        )
        context.record(made)


def judge(answer: Answer, host: str) -> None:
    """Return where the receiver took the message; raise what its answer means where it did not."""
    status = answer.status
    if 200 <= status < 300:
        _judge_end(answer, host)
        return
    if 300 <= status < 400:
        raise ConfigError("webhook_redirects", host=host, status=status)
    if status >= 500 or status in PASSING:
        raise _later(answer, host)
    if status == 410:
        raise ConfigError("webhook_gone", host=host)
    if status in (404, 405):
        raise ConfigError("webhook_not_there", host=host, status=status)
    if status in (401, 403):
        raise ConfigError("webhook_not_let_in", host=host, status=status)
    if status == 413:
        raise RefusedError("webhook_too_large", host=host)
    raise RefusedError("webhook_refused", host=host, status=status)


def _judge_end(answer: Answer, host: str) -> None:
    """An answer without an end may hold refusals that were not read: the message comes again under its id."""
    match answer.unfinished:
        case "too_slow":
            raise TransientError("webhook_too_slow", host=host, seconds=round(SECONDS))
        case "too_long":
            raise TransientError("webhook_answer_too_long", host=host, most=MOST // 1024)
        case "broken":
            raise TransientError("webhook_answer_broken", host=host)


def _later(answer: Answer, host: str) -> TransientError:
    wait = retry_after(answer.headers.get("retry-after", ""), datetime.now(UTC))
    if wait is not None and answer.status in (429, 503):
        return TransientError("webhook_busy", host=host, status=answer.status, retry_after=wait)
    return TransientError("webhook_failed", host=host, status=answer.status)


def retry_after(text: str, now: datetime) -> int | None:
    """The seconds that a Retry-After asks for, in either of its forms (RFC 9110, 10.2.3); none where it is neither."""
    if text.isascii() and text.isdecimal() and len(text) < 10:
        return int(text)
    try:
        until = parsedate_to_datetime(text)
    except (ValueError, OverflowError):
        return None
    return max(0, round((until - now).total_seconds())) if until.tzinfo else None


def shown(answer: Answer, settings: Mapping[str, Any]) -> str:
    """The beginning of an answer as one line of text, without the node's secrets."""
    text = " ".join(answer.content[: SHOWN * 8].decode("utf-8", "replace").split())
    for name in ("secret", "former_secret", "header_value"):
        if hidden := settings.get(name):
            for one in (hidden, hidden.removeprefix(webhooks.SIGNING_PREFIX)):
                text = text.replace(one, "[redacted]")
    return "".join(sign for sign in text if sign.isprintable())[:SHOWN]


def _headers(settings: Mapping[str, Any], told: Message) -> dict[str, str]:
    secrets = [settings["secret"]]
    if settings.get("sign_with") == BOTH:
        secrets.append(settings["former_secret"])
    own = {settings["header"].lower(): settings["header_value"]} if settings.get("sign_in") == HEADER else {}
    return {**own, **webhooks.headers(told, secrets)}


def check(context: Context) -> list[CheckResult]:
    """Sends a signed message of the type `test`, which holds no document, and says what the receiver answered.

    A dry connection would say nothing of the signature, of a sign-in or of the path: what fails first, later.
    """
    now, host = datetime.now(UTC), urlsplit(context.settings["address"]).netloc
    told = webhooks.message(f"test-{uuid.uuid4()}", "test", now, {"message": "Approdo can reach this receiver."})
    try:
        answer = deliver(context, told, "test")
    except ApprodoError as error:
        passing = isinstance(error, TransientError)
        outcome = Outcome.UNREACHABLE if passing else Outcome.REFUSED
        return [CheckResult(subject=RECEIVER, outcome=outcome, code=error.code, params=error.params)]
    params = {"host": host, "status": answer.status}
    return [CheckResult(subject=RECEIVER, outcome=Outcome.WORKS, code="webhook_works", params=params)]
