"""Work that hands documents to an outside system: which documents, and how it knows that they arrived."""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from datetime import date, datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from msgspec import Struct, field

if TYPE_CHECKING:
    from approdo.sdk.connector import Context


class Confirm(StrEnum):
    """By what documents count as handed over."""

    EXPLICIT = "explicit"
    """The outside system says so."""
    BY_READING = "by_reading"
    """The whole answer was written to the socket."""


class DocumentFilter(Struct, frozen=True, kw_only=True):
    """Which documents are wanted: all that is given has to fit, and what is empty leaves everything in.

    `nodes` are their numbers; `since` and `until` are days, both included, of the document's date. `changed_only`
    wants those that came in more than one version, `skus_known` those of which each line that is still wanted has its
    own SKU. Where each version is handed over once, `states` are those in which a document is handed over first: its
    newer versions come in any state.
    """

    types: frozenset[str] = frozenset()
    programs: frozenset[str] = frozenset()
    nodes: frozenset[int] = frozenset()
    vendor_codes: frozenset[str] = frozenset()
    states: frozenset[str] = frozenset()
    since: date | None = None
    until: date | None = None
    changed_only: bool = False
    skus_known: bool = False


class Parcel(Struct, frozen=True, kw_only=True):
    """A batch of documents on its way out.

    `id` and `documents` are the same at every attempt, so that an outside system can tell what it has already.
    `documents` are plain data as every format is given them; `written` gives them in the connector's format, piece by
    piece, with its media type and the end of a file's name; `write(documents, part)` gives some of them, as one of
    several parts (counted from 1; 0 is the whole). `day(document, moment)` is the calendar's day on which one of its
    moments falls where the goods go. `claimed_at` is when it was made (UTC), `time_zone` where people say what day and
    hour that was.

    Where a parcel goes out piece by piece, `note_landed(documents, where)` writes down at once that documents (by their
    `id`) have arrived, and where they are, such as in which file. They count as handed over whatever becomes of the
    rest, and are in `landed` at the next attempt: they are not to be sent again.
    """

    id: str
    connector: str
    claimed_at: datetime
    attempt: int
    documents: Sequence[Mapping[str, Any]]
    written: Callable[[], Iterator[bytes]]
    write: Callable[[Sequence[Mapping[str, Any]], int], Iterator[bytes]]
    time_zone: str
    media_type: str
    suffix: str
    day: Callable[[Mapping[str, Any], str | None], str | None] = lambda _document, moment: moment and moment[:10]
    landed: Collection[int] = frozenset()
    note_landed: Callable[[Collection[int], str], None] = lambda _documents, _where: None


class Refusal(Struct, frozen=True):
    """Why the outside system did not take one document; `code` and `params` make the sentence."""

    code: str
    params: dict[str, Any] = field(default_factory=dict)


class Handed(Struct, frozen=True, kw_only=True):
    """What became of a parcel, by a document's `id`: the outside system's own numbers, and what it did not take."""

    receipts: Mapping[int, str] = field(default_factory=dict)
    refused: Mapping[int, Refusal] = field(default_factory=dict)


class Export(Struct, frozen=True, kw_only=True):
    """Work that hands documents over.

    `wanted(options)` says which documents; `once(options)` whether each version of one is handed over only once;
    `confirm(options)` by what it counts as handed over then.

    `send(context, parcel)` brings up to `most(options)` documents out, again and again until it says what became of
    them: it must do no harm where an earlier attempt had arrived. `RefusedError` from it gives the parcel up until a
    person sends it again, `TransientError` has it tried later, `ConfigError` by each run until somebody has changed
    the settings. Of a parcel that is given up, something may have arrived after a `TransientError` and nothing after
    the others; `nothing_arrived` among an error's params says it where it is not so. Without `send` the outside system
    calls for its documents.
    """

    wanted: Callable[[Mapping[str, Any]], DocumentFilter]
    once: Callable[[Mapping[str, Any]], bool] = lambda _options: True
    confirm: Callable[[Mapping[str, Any]], Confirm] = lambda _options: Confirm.EXPLICIT
    send: "Callable[[Context, Parcel], Handed] | None" = None
    most: Callable[[Mapping[str, Any]], int] = lambda _options: 200
