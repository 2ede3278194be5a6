"""The node type for an outside system that is sent signed messages, as Standard Webhooks has them."""

import re
from collections.abc import Mapping
from typing import Any

from approdo.connectors.webhook.export_documents import EXPORT_DOCUMENTS
from approdo.connectors.webhook.receiver import BOTH, HEADER, check
from approdo.connectors.webhook.sentences import SENTENCES
from approdo.sdk.connector import NodeType
from approdo.sdk.options import Choice, Kind, Option, When
from approdo.sdk.text import marked as _
from approdo.sdk.webhooks import masked, secret_problem

TAKEN_HEADERS = frozenset({"host", "content-length", "content-type", "transfer-encoding", "connection", "user-agent"})
_TOKEN = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,100}")
_VALUE = re.compile(r"[\x21-\x7e]([\x20-\x7e]{0,1998}[\x21-\x7e])?")


def header_problem(name: str) -> str | None:
    """`"not_a_header"` for what is none, or one that the message itself needs."""
    taken = name.lower() in TAKEN_HEADERS or name.lower().startswith("webhook-")
    return "not_a_header" if taken or not _TOKEN.fullmatch(name) else None


def value_problem(value: str) -> str | None:
    """`"not_a_header_value"` for what no header can hold."""
    return None if _VALUE.fullmatch(value) else "not_a_header_value"


def _inner_problem(inner: bool, before: Mapping[str, Any]) -> str | None:
    return "http_outside" if not inner and str(before.get("address", "")).lower().startswith("http://") else None


_OPTIONS = (
    Option(
        name="address",
        kind=Kind.URL,
        label=_("Address"),
        help=_("Where the receiver waits, such as https://erp.example.com/hooks/approdo."),
        required=True,
        masked=masked,
    ),
    Option(
        name="inner",
        kind=Kind.FLAG,
        label=_("Inside the own network"),
        help=_(
            "Allows an address of your own network or of this machine, by http:// too. Off: nothing is ever sent there,"
            " whatever a name leads to."
        ),
        default=False,
        beside=_inner_problem,
    ),
    Option(
        name="secret",
        kind=Kind.SECRET,
        label=_("Signing secret"),
        help=_(
            "Each message is signed with it, so that the receiver can tell that it is ours. The receiver has the same."
            " It is whsec_ and 24 to 64 bytes in base64; openssl rand -base64 32 makes some."
        ),
        required=True,
        problem=secret_problem,
    ),
    Option(
        name="sign_with",
        kind=Kind.CHOICE,
        label=_("Signed with"),
        help=_(
            "To change the secret: enter the new one above, the former one here, and sign with both until the receiver"
            " has the new one. Back at the secret alone, the former one is forgotten."
        ),
        default="secret",
        choices=(Choice("secret", _("the secret")), Choice(BOTH, _("the secret and the former one"))),
    ),
    Option(
        name="former_secret",
        kind=Kind.SECRET,
        label=_("Former secret"),
        required=True,
        when=When("sign_with", frozenset({BOTH})),
        problem=secret_problem,
    ),
    Option(
        name="sign_in",
        kind=Kind.CHOICE,
        label=_("Sign-in"),
        help=_("What a receiver, or a gateway in front of it, asks for beside the signature."),
        default="none",
        choices=(Choice("none", _("none")), Choice(HEADER, _("a header"))),
    ),
    Option(
        name="header",
        kind=Kind.TEXT,
        label=_("Name of the header"),
        default="Authorization",
        when=When("sign_in", frozenset({HEADER})),
        problem=header_problem,
    ),
    Option(
        name="header_value",
        kind=Kind.SECRET,
        label=_("Value of the header"),
        help=_("All of it, such as Bearer and the token."),
        required=True,
        when=When("sign_in", frozenset({HEADER})),
        problem=value_problem,
    ),
)

NODE_TYPE = NodeType(
    name="webhook",
    label=_("Webhook: an outside system that we call"),
    options=_OPTIONS,
    connector_types=(EXPORT_DOCUMENTS,),
    check=check,
    check_help=_(
        "With the saved settings. The receiver is sent a signed message of the type test, without a document."
    ),
    sentences=SENTENCES,
)
