"""How a message leaves: by mail or by webhook. What goes wrong is told by code, never with a secret."""

import smtplib
import ssl
from collections.abc import Mapping
from datetime import datetime
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from django.conf import settings
from django.core.mail import EmailMessage, get_connection

from approdo.processes.models import Recipient
from approdo.sdk import webhooks
from approdo.sdk.errors import ApprodoError, ConfigError, RefusedError, TransientError
from approdo.sdk.posting import Limits, post

SECONDS = 15


class Message(NamedTuple):
    """What is told, in both forms: `subject` and `text` for people, `type` and `data` for programs."""

    uid: str
    at: datetime
    subject: str
    text: str
    type: str
    data: Mapping[str, Any]


def send(recipient: Recipient, message: Message) -> None:
    """Send it. Raises `ApprodoError`."""
    if recipient.kind == Recipient.Kind.EMAIL:
        _mail(recipient, message)
    else:
        _call(recipient, message)


def _mail(recipient: Recipient, message: Message) -> None:
    if not settings.EMAIL_URL_GIVEN:
        raise ConfigError("email_not_set")
    headers = {"Message-ID": f"<{message.uid}@approdo>", "Auto-Submitted": "auto-generated"}
    mail = EmailMessage(message.subject, message.text, to=[recipient.address], headers=headers)
    try:
        mail.connection = get_connection()
        mail.send()
    except Exception as error:
        raise _mail_error(error, recipient) from error


def _mail_error(error: Exception, recipient: Recipient) -> ApprodoError:
    host = str(settings.EMAIL_HOST)
    match error:
        case smtplib.SMTPAuthenticationError():
            return ConfigError("mail_sign_in_refused", host=host)
        case smtplib.SMTPRecipientsRefused():
            answer = next(iter(error.recipients.values()), (0, b""))
            return RefusedError("mail_address_refused", address=recipient.address, answer=_said(*answer))
        case smtplib.SMTPResponseException():
            return RefusedError("mail_refused", host=host, answer=_said(error.smtp_code, error.smtp_error))
        case ssl.SSLError():
            return ConfigError("mail_not_encrypted", host=host, reason=error.reason or type(error).__name__)
        case smtplib.SMTPNotSupportedError():
            return ConfigError("mail_not_encrypted", host=host, reason=str(error)[:200])
        case smtplib.SMTPException() | OSError():
            reason = getattr(error, "strerror", None) or type(error).__name__
            return TransientError("mail_unreachable", host=host, reason=reason)
    return ApprodoError("internal", reason=type(error).__name__)


def _said(code: int, text: bytes | str) -> str:
    words = text.decode(errors="replace") if isinstance(text, bytes) else text
    return f"{code} {' '.join(words.split())}"[:200]


def _call(recipient: Recipient, message: Message) -> None:
    told = webhooks.message(message.uid, message.type, message.at, message.data)
    if recipient.secret_lost:
        raise ConfigError("signing_secret_lost", name=recipient.name)
    secret = recipient.revealed().get("secret")
    host = urlsplit(recipient.address).netloc
    # Whoever may enter a recipient runs this installation: its own network is open to them.
    limits = Limits(inner=True, seconds=SECONDS)
    status = post(recipient.address, told.body, webhooks.headers(told, [secret] if secret else []), limits).status
    if 300 <= status < 400:
        raise ConfigError("webhook_redirects", host=host, status=status)
    if not 200 <= status < 300:
        raise RefusedError("webhook_refused", host=host, status=status)
