"""The simulator's own switches over HTTP, under /_simulator/: for tests, demos, screens."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime

import msgspec
from msgspec import Struct

from amazon_simulator.amazon import Amazon
from amazon_simulator.book import Change
from amazon_simulator.dials import Setting
from amazon_simulator.direct_book import DirectChange
from amazon_simulator.direct_generate import DirectEntry
from amazon_simulator.faults import DIALS
from amazon_simulator.generate import Entry, moment
from amazon_simulator.messages import Answer, Request, ok
from amazon_simulator.shelf import UnknownOrder

PREFIX = "/_simulator/"


class KnownOrder(Struct, kw_only=True):
    """What is true of an order, for a test to compare with; times aware UTC."""

    number: str
    state: str
    vendor_code: str
    ship_to: str
    created: datetime
    changed: datetime | None
    state_changed: datetime

    @classmethod
    def of(cls, entry: Entry) -> "KnownOrder":
        """From what the simulator knows of the order."""
        return cls(
            number=entry.number,
            state=entry.state,
            vendor_code=entry.vendor_code,
            ship_to=entry.ship_to,
            created=moment(entry.created),
            changed=moment(entry.changed) if entry.changed else None,
            state_changed=moment(entry.state_changed),
        )


class KnownDirectOrder(Struct, kw_only=True):
    """What is true of a Direct Fulfillment order; times aware UTC."""

    number: str
    state: str
    vendor_code: str
    ship_from: str
    created: datetime
    state_changed: datetime

    @classmethod
    def of(cls, entry: DirectEntry) -> "KnownDirectOrder":
        """From what the simulator knows of the order."""
        return cls(
            number=entry.number,
            state=entry.state,
            vendor_code=entry.vendor_code,
            ship_from=entry.ship_from,
            created=moment(entry.created),
            state_changed=moment(entry.state_changed),
        )


class OrderCommand(Struct, kw_only=True, forbid_unknown_fields=True):
    """The body of POST /_simulator/orders: `add`, `change` or `put`, with what belongs to it."""

    account: str | None = None
    add: int | None = None
    placed: datetime | None = None
    shown: dict[str, str] = {}
    change: str | None = None
    changes: Change | None = None
    put: msgspec.Raw = msgspec.Raw()


class DirectOrderCommand(Struct, kw_only=True, forbid_unknown_fields=True):
    """The body of POST /_simulator/df-orders, like OrderCommand."""

    account: str | None = None
    add: int | None = None
    placed: datetime | None = None
    shown: dict[str, str] = {}
    change: str | None = None
    changes: DirectChange | None = None
    put: msgspec.Raw = msgspec.Raw()


class DialCommand(Struct, kw_only=True, forbid_unknown_fields=True):
    """The body of POST /_simulator/dials; `clear` (names, or ["all"]) comes before `set`."""

    set: list[Setting] = []
    clear: list[str] = []


_ORDER_COMMAND = msgspec.json.Decoder(OrderCommand)
_DIRECT_ORDER_COMMAND = msgspec.json.Decoder(DirectOrderCommand)
_DIAL_COMMAND = msgspec.json.Decoder(DialCommand)


def answer(amazon: Amazon, request: Request) -> Answer:
    """Answer a request to the simulator itself; 400 and 404 are `{"error": sentence}`."""
    handle = _HANDLERS.get((request.method, request.path.removeprefix(PREFIX)))
    if handle is None:
        known = ", ".join(f"{method} {PREFIX}{name}" for method, name in _HANDLERS)
        return _error(404, f"There is no {request.method} {request.path}. There are: {known}.")
    try:
        return handle(amazon, request)
    except UnknownOrder as error:
        return _error(404, str(error))
    except (ValueError, TypeError) as error:
        return _error(400, str(error))


def _get_dials(amazon: Amazon, _: Request) -> Answer:
    declared = [
        {"name": d.name, "does": d.does, "on": d.on, "value": d.value, "default": d.default} for d in DIALS.values()
    ]
    return ok({"dials": declared, "settings": amazon.dials.settings})


def _post_dials(amazon: Amazon, request: Request) -> Answer:
    command = _DIAL_COMMAND.decode(request.body)
    for name in command.clear:
        amazon.dials.clear(None if name == "all" else name)
    for setting in command.set:
        amazon.dials.add(setting)
    return _get_dials(amazon, request)


def _get_state(amazon: Amazon, _: Request) -> Answer:
    accounts = {
        account.name: {
            "orders": len(book),
            "df_orders": len(amazon.direct_books[account]),
            "vendor_codes": account.vendor_codes,
        }
        for account, book in amazon.books.items()
    }
    return ok(
        {
            "now": amazon.now(),
            "accounts": accounts,
            "requests": amazon.statuses.total(),
            "statuses": amazon.statuses,
            "unknown_parameters": amazon.unknown_parameters,
            "rate_limit": {"rate": amazon.quota.rate, "burst": amazon.quota.burst},
            "strict": amazon.strict,
        }
    )


def _get_requests(amazon: Amazon, request: Request) -> Answer:
    after = int(request.query.get("after", 0))
    return ok({"requests": [logged for logged in list(amazon.log) if logged.number > after]})


def _get_orders(amazon: Amazon, request: Request) -> Answer:
    book = amazon.book(request.query.get("account"))
    return ok({"orders": [KnownOrder.of(entry) for entry in book]})


def _post_orders(amazon: Amazon, request: Request) -> Answer:
    command = _ORDER_COMMAND.decode(request.body)
    book, now = amazon.book(command.account), amazon.now()
    numbers: list[str] = []
    if command.add is not None:
        numbers = book.add(command.add, _aware(command.placed or now), command.shown)
    if command.change is not None:
        book.change(command.change, command.changes or Change(), now)
        numbers.append(command.change)
    if bytes(command.put):
        numbers.append(book.put(bytes(command.put), now))
    return ok({"numbers": numbers})


def _get_direct_orders(amazon: Amazon, request: Request) -> Answer:
    book = amazon.direct_book(request.query.get("account"))
    return ok({"orders": [KnownDirectOrder.of(entry) for entry in book]})


def _post_direct_orders(amazon: Amazon, request: Request) -> Answer:
    command = _DIRECT_ORDER_COMMAND.decode(request.body)
    book, now = amazon.direct_book(command.account), amazon.now()
    numbers: list[str] = []
    if command.add is not None:
        numbers = book.add(command.add, _aware(command.placed or now), command.shown)
    if command.change is not None:
        book.change(command.change, command.changes or DirectChange(), now)
        numbers.append(command.change)
    if bytes(command.put):
        numbers.append(book.put(bytes(command.put), now))
    return ok({"numbers": numbers})


def _aware(given: datetime) -> datetime:
    return given if given.tzinfo else given.replace(tzinfo=UTC)


def _post_reset(amazon: Amazon, _: Request) -> Answer:
    amazon.reset()
    return ok({})


def _error(status: int, sentence: str) -> Answer:
    return Answer(status, msgspec.json.encode({"error": sentence}))


_HANDLERS: Mapping[tuple[str, str], Callable[[Amazon, Request], Answer]] = {
    ("GET", "dials"): _get_dials,
    ("POST", "dials"): _post_dials,
    ("GET", "state"): _get_state,
    ("GET", "requests"): _get_requests,
    ("GET", "orders"): _get_orders,
    ("POST", "orders"): _post_orders,
    ("GET", "df-orders"): _get_direct_orders,
    ("POST", "df-orders"): _post_direct_orders,
    ("POST", "reset"): _post_reset,
}
