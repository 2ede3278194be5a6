"""Messages as Standard Webhooks has them: an id that stays at every attempt, a moment, a signature for each secret."""

import base64
import binascii
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

import msgspec
from msgspec import Struct
from standardwebhooks import Webhook

SIGNING_PREFIX = "whsec_"
FEWEST_SECRET_BYTES, MOST_SECRET_BYTES = 24, 64  # as Standard Webhooks has it


class Message(Struct, frozen=True, kw_only=True):
    """What is told. `uid` and `body` are the same at every attempt, so that whoever gets it twice can tell."""

    uid: str
    body: bytes


def message(uid: str, type_: str, at: datetime, data: Mapping[str, Any] | msgspec.Raw) -> Message:
    """A message of a type, about something of the moment `at`. The order of what `data` holds makes no difference."""
    sorted_data = msgspec.Raw(msgspec.json.encode(data, order="sorted"))
    return Message(uid=uid, body=msgspec.json.encode({"type": type_, "timestamp": at, "data": sorted_data}))


def headers(told: Message, secrets: Sequence[str]) -> dict[str, str]:
    """What goes before the body, signed now with each of the secrets; without any it is not signed."""
    now = datetime.now(UTC)
    text = told.body.decode()
    signatures = [Webhook(secret).sign(told.uid, now, text) for secret in secrets]
    signed = {"webhook-signature": " ".join(signatures)} if signatures else {}
    stamp = str(int(now.timestamp()))
    return {"content-type": "application/json", "webhook-id": told.uid, "webhook-timestamp": stamp, **signed}


def masked(address: str) -> str:
    """An address for who may not change it: only the host, since the rest often lets whoever knows it in."""
    parts = urlsplit(address)
    return f"{parts.scheme}://{parts.netloc}/…"


def secret_problem(text: str) -> str | None:
    """`"not_a_signing_secret"` unless the text is one."""
    try:
        key = base64.b64decode(text.removeprefix(SIGNING_PREFIX), validate=True)
    except (binascii.Error, ValueError):
        return "not_a_signing_secret"
    return None if FEWEST_SECRET_BYTES <= len(key) <= MOST_SECRET_BYTES else "not_a_signing_secret"
