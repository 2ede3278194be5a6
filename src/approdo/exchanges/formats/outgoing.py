"""What every format is given and gives."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any, NamedTuple, Protocol

from approdo.sdk.exports import Refusal

Document = Mapping[str, Any]
"""A document as `sales.queries.whole` gives it, and what the hand-over adds to it:

- `export`: `{"change": bool, "version": int, "exported_before": [int, …]}`;
- `ship_to_place`: null, or `{"code", "name", "address", "postal_code", "city", "country", "time_zone"}`.
"""

Options = Mapping[str, Any]
"""What the connector is set to; a format passes over what is not its own.

Beside the options that a connector type declares the CSV format reads `time_zone`, and `time_zones` by the name of
a node: where the place of a document has no time zone, its days are cut in its node's, else in `time_zone`.
"""

CHUNK = 64 * 1024


class Batch(NamedTuple):
    """What is handed over, for the receiver to know it again: when it was put together, which part of it this is."""

    id: str | None = None
    connector: str | None = None
    at: datetime | None = None
    part: int = 0


NO_BATCH = Batch()


class Write(Protocol):
    """Writes documents one after the other, in chunks, holding no more than one of each in memory.

    Where `documents` raises, so does it, and what was given out until then is visibly cut short.
    """

    def __call__(self, documents: Iterable[Document], options: Options, /, batch: Batch = NO_BATCH) -> Iterator[bytes]:
        """The written documents, piece by piece."""


def fits(_document: Document, _options: Options) -> Refusal | None:
    """Of a format that takes every document."""
    return None


class Format(NamedTuple):
    """A format: what it is called in HTTP beside these options, how its files end, and how it is written.

    `unfit(document, options)` says why it cannot hold a document, or none.
    """

    media_type: Callable[[Options], str]
    suffix: str
    write: Write
    unfit: Callable[[Document, Options], Refusal | None] = fits


def in_chunks(parts: Iterable[bytes]) -> Iterator[bytes]:
    """The same bytes in pieces that are worth a write to a socket."""
    waiting = bytearray()
    for part in parts:
        waiting += part
        if len(waiting) >= CHUNK:
            yield bytes(waiting)
            waiting.clear()
    if waiting:
        yield bytes(waiting)
