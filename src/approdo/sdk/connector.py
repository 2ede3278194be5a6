"""The declaration of a node type and of its connector types.

A connector type is data and plain functions. It sees neither rows nor engine: what it needs comes
in a `Context`, what it found goes out in a `Batch`.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Any

from msgspec import Struct, field

from approdo.sdk.documents import Batch
from approdo.sdk.errors import Sentence
from approdo.sdk.exports import Export
from approdo.sdk.imports import Import
from approdo.sdk.options import Kind, Option
from approdo.sdk.statuses import StatusBatch


class Scan(StrEnum):
    """By which of an order's dates a window looks, and for what."""

    CREATED = "created"
    CHANGED = "changed"
    STATUS = "status"
    """For statuses instead of orders, by the date on which a status was last updated."""
    STATUS_BY_CREATION = "status_created"
    """For statuses by the date of their orders: only to ask once more, it proves no time."""

    @property
    def is_status(self) -> bool:
        """Whether it looks for statuses."""
        return self in STATUS_SCANS


STATUS_SCANS = (Scan.STATUS, Scan.STATUS_BY_CREATION)


class Span(Struct, frozen=True):
    """A stretch of time that has to be read, UTC, from `start` to `end`."""

    scan: Scan
    start: datetime
    end: datetime


class ReadWindow(Struct, frozen=True):
    """A part of a span, small enough for one series of pages."""

    scan: Scan
    start: datetime
    end: datetime


class RequestMade(Struct, frozen=True, kw_only=True):
    """One request to the other side, for the run's log. Holds no secret and no content but `answer`.

    `answer` is the beginning of what was answered to something sent, for people who look why it was not taken.
    """

    at: datetime
    operation: str
    status: int | None
    request_id: str
    milliseconds: int
    attempt: int
    error: str = ""
    their_clock: datetime | None = None
    """What the other side's clock showed as it answered, where it said so."""
    answer: str = ""


class Context(Struct, frozen=True, kw_only=True):
    """All that a connector type may know.

    `account` names whose quota and tokens are used; `settings` are the node's options with its
    secrets revealed; `options` are the connector's and its configuration's.
    """

    account: str
    settings: Mapping[str, Any]
    options: Mapping[str, Any] = field(default_factory=dict)
    record: Callable[[RequestMade], None] = lambda _made: None


class Outcome(StrEnum):
    """How one part of a check ended."""

    WORKS = "works"
    WARNING = "warning"
    REFUSED = "refused"
    UNREACHABLE = "unreachable"
    NOT_TRIED = "not_tried"
    NOT_GRANTED = "not_granted"
    """Refused, which matters only to those who need it."""


class CheckResult(Struct, frozen=True, kw_only=True):
    """What one operation answered; `code` and `params` make the sentence."""

    subject: str
    outcome: Outcome
    code: str
    params: dict[str, Any] = field(default_factory=dict)


class Download(Struct, frozen=True, kw_only=True):
    """Work that reads documents window by window.

    `beside(options)` are the scans that are read beside those that a time range names, over the same time.
    `plan(options, spans, now)` cuts the spans into windows the other side accepts, or raises `ConfigError`.
    `step(context, window, token)` reads one page and returns it with the token of the next, or none.
    `fetch(context, number)` reads one document by its number, in whatever state it is.
    `reread` holds, for each program, what makes a batch again of documents that were kept raw;
    `reread_statuses` does so for statuses.
    `states(options)` are those an unknown document must have to be stored; none means every state.
    `open_states` are those from which a document can still move on.
    `recoding(options)` are the kinds of codes by which own SKUs are looked up beside the vendor SKU; none where SKUs
    are not to be recoded.
    `overlap` is how far windows reach into each other, so that nothing at their bounds is lost.
    `taken_up(account)` is told when this process begins to work for an account: another may have done so before.
    """

    plan: Callable[[Mapping[str, Any], Sequence[Span], datetime], list[ReadWindow]]
    step: Callable[[Context, ReadWindow, str | None], tuple[Batch | StatusBatch, str | None]]
    fetch: Callable[[Context, str], Batch] | None = None
    beside: Callable[[Mapping[str, Any]], Sequence[Scan]] = lambda _options: ()
    reread: Mapping[str, Callable[[Sequence[bytes], datetime], Batch]] = field(default_factory=dict)
    reread_statuses: Mapping[str, Callable[[Sequence[bytes], datetime], StatusBatch]] = field(default_factory=dict)
    states: Callable[[Mapping[str, Any]], frozenset[str]] = lambda _options: frozenset()
    open_states: frozenset[str] = frozenset()
    recoding: Callable[[Mapping[str, Any]], Sequence[str] | None] = lambda _options: None
    overlap: timedelta = timedelta()
    taken_up: Callable[[str], None] = lambda _account: None


class ConfigurationType(Struct, frozen=True, kw_only=True):
    """A named set of options that several connectors can share. `name` is singular, snake_case.

    `scans(options)` are the dates by which the other side can be asked, where there is a time range.
    """

    name: str
    label: str
    label_plural: str
    menu: tuple[str, ...]
    options: tuple[Option, ...]
    has_time_range: bool = False
    scans: Callable[[Mapping[str, Any]], frozenset[Scan]] = lambda _options: frozenset(Scan)


class ConnectorType(Struct, frozen=True, kw_only=True):
    """What a connector of this type is called, asks for and does."""

    name: str
    label: str
    help: str = ""
    options: tuple[Option, ...] = ()
    configuration: ConfigurationType | None = None
    work: Download | Export | Import


class SecretLife(Struct, frozen=True, kw_only=True):
    """How long a node's secret is good: `option` holds the day on which it was issued.

    It ends after `days`; at each age of `warnings`, in days, a person is told so. `code` makes the sentence
    with `age` and `days_left`.
    """

    option: str
    days: int
    warnings: tuple[int, ...]
    code: str

    def age(self, options: Mapping[str, Any], today: date) -> int | None:
        """How many days old the secret is; none where its day is not known."""
        issued = options.get(self.option)
        return (today - date.fromisoformat(issued)).days if issued else None

    def params(self, age: int) -> dict[str, int]:
        """What the sentence needs."""
        return {"age": age, "days_left": max(0, self.days - age)}


class NodeType(Struct, frozen=True, kw_only=True):
    """An external system: its options, how to try them, and what can be connected to it.

    `identity(options)` names the account behind the options, so that two nodes for one account are noticed;
    `time_zone(options)` is the IANA zone in which its dates are meant, or none;
    `marketplace(options)` is the country (ISO 3166, two letters) that it mainly sells to, or none;
    `check(context)` tries the settings against the real system and changes nothing there; `check_help` is what people
    are told where it does more than read; `address(options)` is where documents are sent, for people;
    `authorization_codes` are the errors that mean that the other side no longer lets us in.
    """

    name: str
    label: str
    options: tuple[Option, ...] = ()
    connector_types: tuple[ConnectorType, ...] = ()
    identity: Callable[[Mapping[str, Any]], str] | None = None
    time_zone: Callable[[Mapping[str, Any]], str | None] = lambda _options: None
    marketplace: Callable[[Mapping[str, Any]], str | None] = lambda _options: None
    check: Callable[[Context], list[CheckResult]] | None = None
    check_help: str = ""
    address: Callable[[Mapping[str, Any]], str] = lambda options: str(options.get("address", ""))
    sentences: Mapping[str, Sentence] = field(default_factory=dict)
    authorization_codes: frozenset[str] = frozenset()
    secret_life: SecretLife | None = None

    @property
    def downloads(self) -> list[Download]:
        """The work of those of its connector types that read documents."""
        return [declared.work for declared in self.connector_types if isinstance(declared.work, Download)]

    @property
    def secret_names(self) -> frozenset[str]:
        """The options that are encrypted at rest and never shown."""
        return frozenset(option.name for option in self.options if option.kind is Kind.SECRET)
