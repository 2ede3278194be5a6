"""Downloads purchase orders from Amazon Vendor, of either program.

Retail is asked two questions, by creation and by change, because Amazon's changed windows do not
show an order that was never changed (reference 18, 7); Direct Fulfillment knows creation only
(reference 11.1). Windows overlap and pages may repeat: whoever stores the orders knows each by its
number.
"""

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

from approdo.connectors.amazon_vendor import order_status, throttle
from approdo.connectors.amazon_vendor.client import client_for
from approdo.connectors.amazon_vendor.programs import PROGRAMS, RETAIL, Program
from approdo.connectors.amazon_vendor.wire import orders
from approdo.connectors.amazon_vendor.wire.orders import Page
from approdo.sdk import recoding
from approdo.sdk.connector import (
    ConfigurationType,
    ConnectorType,
    Context,
    Download,
    ReadWindow,
    Scan,
    Span,
)
from approdo.sdk.documents import Batch, Note, Received
from approdo.sdk.errors import ConfigError, RefusedError, TransientError
from approdo.sdk.options import ALL, Choice, Kind, Option, When
from approdo.sdk.statuses import StatusBatch
from approdo.sdk.text import marked as _

LONGEST_WINDOW = timedelta(days=6, hours=12)
"""Amazon refuses more than seven days; the rest is a margin (reference 19, 2)."""

OVERLAP = timedelta(hours=2)
"""Whether Amazon's bounds include their own moment is not known (reference 14)."""

REACH = timedelta(days=181)
"""Amazon answers for the past six months: at least this many days (reference 5.1)."""

PAGE_SIZE = 100


def plan(_options: Mapping[str, Any], spans: Sequence[Span], now: datetime) -> list[ReadWindow]:
    """Cuts spans into windows that Amazon accepts: UTC, whole seconds, overlapping, not beyond now.

    Raises `ConfigError`: `empty_time_range`, or `beyond_six_months`.
    """
    return [window for span in spans for window in _windows(span, now)]


def step(context: Context, window: ReadWindow, token: str | None) -> tuple[Batch | StatusBatch, str | None]:
    """Reads one page of a window; returns its orders, or their statuses, and the token of the next page, if any.

    A page may be empty and have a next one all the same. Raises an `ApprodoError`: for a token
    that Amazon no longer takes, `RefusedError("page_token_refused")`; the window then starts again.
    """
    if window.scan.is_status:
        return order_status.step(context, window, token)
    program = _program(context.options)
    asked_at = datetime.now(UTC)
    query = _query(window, token)
    try:
        page = client_for(context).get(program.listing, program.read_page, context.record, query=query)
    except RefusedError as error:
        if token and error.params.get("status") == 400 and error.params.get("operation") == program.listing.name:
            raise RefusedError("page_token_refused", **error.params) from error
        raise
    if token and page.next_token == token:
        raise TransientError("repeated_page_token", operation=program.listing.name)
    batch = _batch(program, page.orders, asked_at, states(context.options), _notes(program, window, page))
    return batch, page.next_token


def states(options: Mapping[str, Any]) -> frozenset[str]:
    """The ticked states; none where all are, so that one that Amazon adds is not left out."""
    known = _program(options).states
    ticked = frozenset(options.get("states") or known)
    return frozenset() if ticked >= known.keys() else ticked


def scans(options: Mapping[str, Any]) -> frozenset[Scan]:
    """By which of their dates the program's orders can be asked for."""
    return _program(options).scans


def fetch(context: Context, number: str) -> Batch:
    """Reads one order by its number, in whatever state it is.

    Raises `RefusedError`: `not_an_order_number`, or `order_not_found` where this account does not
    see it or Amazon no longer keeps it.
    """
    if not re.fullmatch(r"[A-Za-z0-9]{1,64}", number):
        raise RefusedError("not_an_order_number", number=number[:100])
    program = _program(context.options)
    asked_at = datetime.now(UTC)
    try:
        order = client_for(context).get(program.single, program.read_order, context.record, about=number)
    except RefusedError as error:
        if error.code == "not_found":
            raise RefusedError("order_not_found", **error.params, number=number) from error
        raise
    if order.number != number:
        raise TransientError("other_order_returned", number=number, returned=order.number)
    return _batch(program, [order], asked_at)


def reread(program: Program, raws: Sequence[bytes], asked_at: datetime) -> Batch:
    """Orders that were kept raw, once more as a batch; `asked_at` is when Amazon was asked for them."""
    return _batch(program, [orders.received(raw) for raw in raws], asked_at)


def _program(options: Mapping[str, Any]) -> Program:
    return PROGRAMS[options.get("type", RETAIL.name)]


def _windows(span: Span, now: datetime) -> list[ReadWindow]:
    if span.start >= min(span.end, now):
        raise ConfigError("empty_time_range", start=_iso(span.start), end=_iso(span.end))
    if span.start < now - REACH:
        raise ConfigError("beyond_six_months", start=_iso(span.start))
    start = _whole_second(span.start)
    end = min(_whole_second(span.end + timedelta(microseconds=999_999)), _whole_second(now))
    if start == end:  # less than a second old: the next run's
        return []
    windows = []
    while end - start > LONGEST_WINDOW:
        windows.append(ReadWindow(span.scan, start, start + LONGEST_WINDOW))
        start += LONGEST_WINDOW - OVERLAP
    return [*windows, ReadWindow(span.scan, start, end)]


def _query(window: ReadWindow, token: str | None) -> dict[str, str]:
    """One complete pair of bounds, the same on every page, and nothing that Amazon gets wrong.

    No sort order and no state: both are known to be ignored or refused (reference 18, 4 and 5).
    """
    query = {
        f"{window.scan}After": _iso(window.start),
        f"{window.scan}Before": _iso(window.end),
        "limit": str(PAGE_SIZE),
    }
    return {**query, "nextToken": token} if token else query


def _batch(
    program: Program,
    orders: Sequence[Received],
    asked_at: datetime,
    wanted: frozenset[str] = frozenset(),
    notes: Sequence[Note] = (),
) -> Batch:
    return Batch(
        program=program.name,
        documents=orders,
        asked_at=asked_at,
        decode=program.decode,
        canonical=program.canonical,
        states=wanted,
        notes=notes,
        privacy=program.privacy,
    )


def _notes(program: Program, window: ReadWindow, page: Page) -> list[Note]:
    """Amazon ignores bounds it cannot read (reference 18, 1): what leaks is kept, and said."""
    strays = [order.number or "?" for order in page.orders if not program.belongs(order.raw, window)]
    if not strays:
        return []
    bounds = {"scan": str(window.scan), "start": _iso(window.start), "end": _iso(window.end)}
    examples = ", ".join(strays[:3])
    params = {"count": len(strays), "examples": examples, **bounds}
    return [Note(code="order_outside_window", params=params)]


def _whole_second(moment: datetime) -> datetime:
    return moment.astimezone(UTC).replace(microsecond=0)


def _iso(moment: datetime) -> str:
    """UTC, whole seconds, `Z`: other spellings have met a 400 (reference 14)."""
    return f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"


def _state_choices() -> tuple[Choice, ...]:
    """Every state once, offered for the programs that have it."""
    labels = {state: label for program in PROGRAMS.values() for state, label in program.states.items()}
    having = {state: frozenset(name for name, one in PROGRAMS.items() if state in one.states) for state in labels}
    return tuple(Choice(state, label, When("type", having[state])) for state, label in labels.items())


ORDER_DOWNLOAD_CONFIGURATION = ConfigurationType(
    name="order_download_configuration",
    label=_("Order download configuration"),
    label_plural=_("Order download configurations"),
    menu=("Marketplace", "Amazon"),
    options=(
        Option(
            name="type",
            kind=Kind.CHOICE,
            label=_("Type"),
            help=_(
                "Vendor Retail: Amazon buys your goods and resells them."
                " Vendor Direct Fulfillment: Amazon sells, you ship to the consumer."
            ),
            required=True,
            default=RETAIL.name,
            choices=tuple(Choice(program.name, program.label) for program in PROGRAMS.values()),
        ),
        Option(
            name="states",
            kind=Kind.CHOICES,
            label=_("Order state"),
            help=_(
                "Which orders are taken in when they are first seen."
                " A known order is brought up to date whatever state it has moved to."
            ),
            required=True,
            default=ALL,
            choices=_state_choices(),
        ),
        order_status.READ_STATUS,
    ),
    has_time_range=True,
    scans=scans,
)

DOWNLOAD_ORDERS = ConnectorType(
    name="amazon_vendor.download_orders",
    label=_("Marketplace Amazon Vendor [Order download]"),
    help=_("Takes in the orders of every marketplace the account is enabled for."),
    options=recoding.OPTIONS,
    configuration=ORDER_DOWNLOAD_CONFIGURATION,
    work=Download(
        plan=plan,
        step=step,
        fetch=fetch,
        states=states,
        beside=order_status.beside,
        reread={name: partial(reread, program) for name, program in PROGRAMS.items()},
        reread_statuses={RETAIL.name: order_status.reread},
        open_states=frozenset().union(*(program.open_states for program in PROGRAMS.values())),
        recoding=recoding.fallbacks,
        overlap=OVERLAP,
        taken_up=throttle.begin_empty,
    ),
)
