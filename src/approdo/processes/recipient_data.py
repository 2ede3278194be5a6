"""A recipient as plain data, as files and the REST API write it."""

from typing import Any

from django.core.exceptions import ValidationError

from approdo.nodes.sentences import validation_error
from approdo.processes.models import Recipient

Data = dict[str, Any]

PLAIN = ("name", "kind", "address", "language", "alarms", "news", "active")
KEYS = frozenset({*PLAIN, "secret"})


def data(recipient: Recipient) -> Data:
    """All of it but its number; that a secret signs is said, the secret is not."""
    return {**{name: getattr(recipient, name) for name in PLAIN}, "secrets_set": sorted(recipient.revealed())}


def hidden(recipient: Recipient) -> Data:
    """What is compared and never shown. A secret that was lost is another one than any that is given, and than none."""
    return {"secret": False} if recipient.secret_lost else recipient.revealed()


def masked(recipient: Recipient) -> Data:
    """What whoever may not change it is shown in place of it."""
    return {"address": recipient.masked_address}


def fill(recipient: Recipient, data: Data) -> None:
    """Bring the recipient up to what is given. An empty secret takes it away."""
    for name in PLAIN:
        if data.get(name) is not None:
            setattr(recipient, name, data[name])
    if not isinstance(recipient.address, str):
        raise ValidationError({"address": validation_error("not_text")})
    if "secret" in data:
        recipient.sign_with(str(data["secret"] or ""))
