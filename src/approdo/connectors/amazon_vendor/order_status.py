"""Reads how far known orders have come: the status scan beside the order download.

Asked for by the date of the last update, and of open orders by their own date. What comes is Amazon's
information about confirmed, cancelled and received quantities; nothing of ours is derived from it
(reference 18, 12).
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from approdo.connectors.amazon_vendor.client import client_for
from approdo.connectors.amazon_vendor.operations import GET_PURCHASE_ORDERS_STATUS
from approdo.connectors.amazon_vendor.wire import order_status, orders
from approdo.connectors.amazon_vendor.wire.order_status import PROGRAM
from approdo.connectors.amazon_vendor.wire.orders import Page
from approdo.sdk.connector import Context, ReadWindow, Scan
from approdo.sdk.documents import Note, Received
from approdo.sdk.errors import ConfigError, RefusedError, TransientError
from approdo.sdk.options import Kind, Option, When
from approdo.sdk.statuses import StatusBatch
from approdo.sdk.text import marked as _

PAGE_SIZE = 100

READ_STATUS = Option(
    name="read_status",
    kind=Kind.FLAG,
    label=_("Read order status too?"),
    help=_(
        "What Amazon says was confirmed, cancelled and received of each order. For information only: Amazon's"
        " received quantities are wrong at times."
    ),
    default=True,
    when=When("type", frozenset({PROGRAM})),
)


def beside(options: Mapping[str, Any]) -> tuple[Scan, ...]:
    """The status scan, unless it is switched off or the program has none."""
    wanted = options.get("type") == PROGRAM and options.get(READ_STATUS.name, READ_STATUS.default)
    return (Scan.STATUS,) if wanted else ()


def step(context: Context, window: ReadWindow, token: str | None) -> tuple[StatusBatch, str | None]:
    """Reads one page of a status window; returns its statuses and the token of the next page, if any.

    Raises as the order download's step does; where access is refused, `ConfigError("status_refused")`:
    the role can be missing for this operation alone.
    """
    asked_at = datetime.now(UTC)
    client = client_for(context)
    try:
        page = client.get(
            GET_PURCHASE_ORDERS_STATUS, order_status.read_page, context.record, query=_query(window, token)
        )
    except RefusedError as error:
        if token and error.params.get("status") == 400:
            raise RefusedError("page_token_refused", **error.params) from error
        raise
    except ConfigError as error:
        if error.code == "access_refused":
            raise ConfigError("status_refused", **error.params) from error
        raise
    if token and page.next_token == token:
        raise TransientError("repeated_page_token", operation=GET_PURCHASE_ORDERS_STATUS.name)
    return _batch(page.orders, asked_at, _notes(window, page)), page.next_token


def reread(raws: Sequence[bytes], asked_at: datetime) -> StatusBatch:
    """Statuses that were kept raw, once more as a batch; `asked_at` is when Amazon was asked for them."""
    return _batch([orders.received(raw) for raw in raws], asked_at)


def _query(window: ReadWindow, token: str | None) -> dict[str, str]:
    """Both bounds, the same on every page; no order and no filter (reference 18, 3 to 5)."""
    date = "updated" if window.scan is Scan.STATUS else "created"
    query = {f"{date}After": _iso(window.start), f"{date}Before": _iso(window.end), "limit": str(PAGE_SIZE)}
    return {**query, "nextToken": token} if token else query


def _batch(statuses: Sequence[Received], asked_at: datetime, notes: Sequence[Note] = ()) -> StatusBatch:
    return StatusBatch(
        program=PROGRAM,
        statuses=statuses,
        asked_at=asked_at,
        decode=order_status.decode,
        canonical=order_status.canonical,
        notes=notes,
    )


def _notes(window: ReadWindow, page: Page) -> list[Note]:
    """Amazon has been seen to ignore the bounds (reference 18, 5): what leaks is kept, and said."""
    strays = [status.number or "?" for status in page.orders if not order_status.belongs(status.raw, window)]
    if not strays:
        return []
    bounds = {"start": _iso(window.start), "end": _iso(window.end)}
    return [
        Note(code="status_outside_window", params={"count": len(strays), "examples": ", ".join(strays[:3]), **bounds})
    ]


def _iso(moment: datetime) -> str:
    """UTC, whole seconds, `Z`: other spellings have met a 400 (reference 14)."""
    return f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
