"""Documents as JSON: what the REST API says of them and what the hand-over adds, each on a line of its own."""

from collections.abc import Iterable, Iterator

import msgspec

from approdo.exchanges.formats.outgoing import NO_BATCH, Batch, Document, Options, in_chunks

VERSION = 1


def media_type(_options: Options) -> str:
    """JSON is always UTF-8, so its type says no more."""
    return "application/json"


def write(documents: Iterable[Document], _options: Options, batch: Batch = NO_BATCH) -> Iterator[bytes]:
    """One object. The list of documents is its last member, so that a reader knows the batch before the first one."""
    return in_chunks(_parts(documents, batch))


def _parts(documents: Iterable[Document], batch: Batch) -> Iterator[bytes]:
    envelope = {"version": VERSION, "batch": batch.id, "connector": batch.connector}
    yield msgspec.json.encode(envelope)[:-1] + b',"documents":['
    separator = b"\n"
    for document in documents:
        yield separator + msgspec.json.encode(document)
        separator = b",\n"
    yield b"\n]}\n"
