"""nextToken: where the next page begins, for one account, one operation and one set of filters.

A keyset cursor, as observed tokens are (reference 5.1), in unpadded base64. It starts with two
bytes that become `++`, so that a client which forgets to URL-encode it is found out at once.
"""

import base64
import binascii
from collections.abc import Mapping
from hashlib import blake2b

import msgspec
from msgspec import Struct

from amazon_simulator.messages import Refused, invalid_input

_START = b"\xfb\xe0"
_FREE = {"nextToken", "limit"}


class Position(Struct, array_like=True):
    """The key of the last order served (None: none yet), and how many empty pages came since."""

    after: tuple[int, int] | None = None
    empty_pages: int = 0


class _Token(Struct, array_like=True):
    position: Position
    filters: str


_TOKEN = msgspec.json.Decoder(_Token)


def encode(position: Position, *bound_to: str, filters: Mapping[str, str]) -> str:
    """The token that goes on from `position`."""
    token = msgspec.json.encode(_Token(position, _digest(bound_to, filters)))
    return base64.b64encode(_START + token).decode().rstrip("=")


def decode(token: str | None, *bound_to: str, filters: Mapping[str, str]) -> Position:
    """Where a page asked for with this token begins.

    Raises Refused (400) for what is no token of ours, or one that was given for other filters.
    """
    if token is None:
        return Position()
    try:
        raw = base64.b64decode(token + "=" * (-len(token) % 4), validate=True)
        read = _TOKEN.decode(raw.removeprefix(_START))
    except (binascii.Error, msgspec.DecodeError, ValueError) as error:
        raise Refused(invalid_input("nextToken is not valid.")) from error
    if read.filters != _digest(bound_to, filters):
        raise Refused(invalid_input("nextToken was given for other parameters."))
    return read.position


def _digest(bound_to: tuple[str, ...], filters: Mapping[str, str]) -> str:
    kept = sorted((name, value) for name, value in filters.items() if name not in _FREE)
    return blake2b(msgspec.json.encode((bound_to, kept)), digest_size=6).hexdigest()
