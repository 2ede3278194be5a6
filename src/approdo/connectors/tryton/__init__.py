"""Tryton: one node is one user of one database of a Tryton server, reached through its JSON-RPC."""

from urllib.parse import urlsplit

from approdo.connectors.tryton.check import check
from approdo.connectors.tryton.client import identity
from approdo.connectors.tryton.export_orders import EXPORT_ORDERS
from approdo.connectors.tryton.sentences import AUTHORIZATION_CODES, SENTENCES
from approdo.sdk.addresses import is_own
from approdo.sdk.connector import NodeType
from approdo.sdk.options import Kind, Option
from approdo.sdk.text import marked as _

NEAR = (".internal", ".lan", ".local")


def url_problem(url: str) -> str | None:
    """`"tryton_not_https"` where the password would cross the internet in the clear."""
    parts = urlsplit(url)
    return None if parts.scheme == "https" or _is_near(parts.hostname or "") else "tryton_not_https"


def _is_near(host: str) -> bool:
    """Whether it is in the own network, as far as its name tells: one of its addresses, or no public domain."""
    try:
        return is_own(host)
    except ValueError:
        return "." not in host or host.endswith(NEAR)


_OPTIONS = (
    Option(
        name="address",
        kind=Kind.URL,
        label=_("Address"),
        help=_("At which Tryton's clients reach it, for example https://tryton.example.com. Tried with 7.0 and 8.0."),
        required=True,
        problem=url_problem,
    ),
    Option(
        name="database",
        kind=Kind.TEXT,
        label=_("Database"),
        help=_("Its name, as on the client's sign-in."),
        required=True,
    ),
    Option(
        name="user",
        kind=Kind.TEXT,
        label=_("User"),
        help=_("Best a user of its own, in Tryton's group Sales: then Tryton shows what Approdo did."),
        required=True,
    ),
    Option(name="password", kind=Kind.SECRET, label=_("Password"), required=True),
    Option(
        name="company",
        kind=Kind.TEXT,
        label=_("Company"),
        help=_("Its name. Left empty, it is the one that the user works for."),
    ),
)

NODE_TYPE = NodeType(
    name="tryton",
    label="Tryton",
    options=_OPTIONS,
    connector_types=(EXPORT_ORDERS,),
    identity=identity,
    check=check,
    sentences=SENTENCES,
    authorization_codes=AUTHORIZATION_CODES,
)
