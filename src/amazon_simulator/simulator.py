"""The simulator as one object: start it, turn its dials, change its orders, see its requests."""

import time
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from types import TracebackType
from typing import Any, Self

import msgspec

from amazon_simulator import controls
from amazon_simulator.accounts import Account, default_accounts
from amazon_simulator.amazon import Amazon, Logged, Reply
from amazon_simulator.book import Book, Change
from amazon_simulator.controls import KnownDirectOrder, KnownOrder
from amazon_simulator.dials import Dials, Setting
from amazon_simulator.direct_book import DirectBook, DirectChange
from amazon_simulator.direct_generate import DirectGenerator
from amazon_simulator.direct_shapes import DirectState
from amazon_simulator.generate import Generator
from amazon_simulator.messages import Request
from amazon_simulator.quota import Quota
from amazon_simulator.server import Server
from amazon_simulator.shapes import State


class Simulator:
    """A simulated Amazon that listens from `start` (or `with`) until `stop`.

    The same `seed`, `orders`, `days`, `lines` and `anchor` give byte-identical orders, whatever
    `df_orders` is; and the same `df_orders`, byte-identical Direct Fulfillment orders.

    - `orders`: how many the first account has (the second: a tenth); `accounts` replaces both.
    - `df_orders`: how many Direct Fulfillment orders likewise. Default: none, and no restricted
      data token either until some are added; with 0 there are none, but a token is given.
    - `now`: what it takes for the present when it is made, running on from there (default: it is).
    - `anchor`: the moment before which all orders lie, in the `days` before it. Default: `now`, or
      else the last midnight UTC, so that a restart on the same day gives the same orders.
    - `lines`: of each retail order (default: 1 to 25).
    - `rate_limit`: Amazon's (10 a second, burst 10), none, or a pair (rate, burst).
    - `strict`: refuse unknown parameters, which Amazon ignores.
    - `port`: 0 takes a free one.

    Raises OSError if the port is in use.
    """

    def __init__(
        self,
        *,
        seed: int = 1,
        orders: int = 500,
        df_orders: int | None = None,
        days: int = 180,
        lines: int | None = None,
        now: datetime | None = None,
        anchor: datetime | None = None,
        accounts: Sequence[Account] | None = None,
        rate_limit: bool | tuple[float, int] = True,
        strict: bool = False,
        dials: Sequence[Setting] = (),
        host: str = "127.0.0.1",
        port: int = 0,
        verbose: bool = False,
    ) -> None:
        start = now or datetime.now(UTC)
        anchor = anchor or now or start.replace(hour=0, minute=0, second=0, microsecond=0)
        accounts = default_accounts(orders, df_orders) if accounts is None else accounts
        started = time.monotonic()
        self._amazon = Amazon(
            accounts,
            lambda account: _book(account, accounts, seed, days, anchor, lines),
            lambda account: _direct_book(account, accounts, seed, days, anchor),
            now=lambda: start + timedelta(seconds=time.monotonic() - started),
            quota=_quota(rate_limit),
            dials=dials,
            seed=seed,
            strict=strict,
        )
        self._server = Server(host, port, self._respond, verbose=verbose)

    def start(self) -> Self:
        """Begin to answer."""
        self._server.start()
        return self

    def stop(self) -> None:
        """Stop; open connections are closed."""
        self._server.stop()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.stop()

    @property
    def url(self) -> str:
        """The address of everything: vendor operations, `/auth/o2/token`, `/_simulator/`."""
        return self._server.url

    @property
    def token_url(self) -> str:
        """Login with Amazon."""
        return f"{self.url}/auth/o2/token"

    @property
    def accounts(self) -> tuple[Account, ...]:
        """The accounts, with their credentials."""
        return self._amazon.accounts

    @property
    def dials(self) -> Dials:
        """The faults; `amazon_simulator.DIALS` lists them."""
        return self._amazon.dials

    @property
    def requests(self) -> list[Logged]:
        """The requests so far (the last 50,000), oldest first."""
        return list(self._amazon.log)

    @property
    def unknown_parameters(self) -> list[str]:
        """`operation parameter` of each parameter that Amazon would have ignored."""
        return sorted(self._amazon.unknown_parameters)

    @property
    def now(self) -> datetime:
        """The present, as the simulator has it; aware UTC."""
        return self._amazon.now()

    def orders(self, account: str | None = None) -> list[KnownOrder]:
        """The truth: every retail order of an account (by name; default the first), oldest first."""
        return [KnownOrder.of(entry) for entry in self._amazon.book(account)]

    def order(self, number: str, account: str | None = None) -> Any:
        """A retail order as it is served, decoded. Raises UnknownOrder."""
        book = self._amazon.book(account)
        return msgspec.json.decode(book.encoded(book.known(number)))

    def add_orders(
        self,
        count: int = 1,
        *,
        account: str | None = None,
        placed: datetime | None = None,
        **shown: str,
    ) -> list[str]:
        """Place new retail orders, now or at an earlier moment (Amazon back-fills: reference 18, item 6).

        `shown` may set vendor_code, ship_to and state. Returns the numbers.
        """
        return self._amazon.book(account).add(count, placed or self.now, shown)

    def change_order(
        self,
        number: str,
        *,
        account: str | None = None,
        state: State | None = None,
        quantities: Mapping[str, int] | None = None,
        cancel: Sequence[str] = (),
        add_lines: int = 0,
        window: str | None = None,
        ship_to: str | None = None,
        received: Mapping[str, int] | None = None,
    ) -> None:
        """Change a retail order as Amazon does: see `Change`. Raises UnknownOrder."""
        change = Change(
            state=state,
            quantities=dict(quantities or {}),
            cancel=list(cancel),
            add_lines=add_lines,
            window=window,
            ship_to=ship_to,
            received=dict(received or {}),
        )
        self._amazon.book(account).change(number, change, self.now)

    def put_order(self, order: Mapping[str, Any] | bytes, *, account: str | None = None) -> str:
        """Serve exactly this as a retail order, however dirty; it needs a purchaseOrderNumber only."""
        return self._amazon.book(account).put(_raw(order), self.now)

    def put_status(self, number: str, status: Mapping[str, Any] | bytes, *, account: str | None = None) -> None:
        """Serve exactly this as the status of a retail order, updated now. Raises UnknownOrder."""
        self._amazon.book(account).put_status(number, _raw(status), self.now)

    def df_orders(self, account: str | None = None) -> list[KnownDirectOrder]:
        """The truth: every Direct Fulfillment order of an account, oldest first."""
        return [KnownDirectOrder.of(entry) for entry in self._amazon.direct_book(account)]

    def df_order(self, number: str, account: str | None = None) -> Any:
        """A Direct Fulfillment order as it is served, decoded. Raises UnknownOrder."""
        book = self._amazon.direct_book(account)
        return msgspec.json.decode(book.encoded(book.known(number)))

    def add_df_orders(
        self,
        count: int = 1,
        *,
        account: str | None = None,
        placed: datetime | None = None,
        **shown: str,
    ) -> list[str]:
        """Place new Direct Fulfillment orders, as `add_orders` does.

        `shown` may set vendor_code, ship_from and state. Returns the numbers.
        """
        return self._amazon.direct_book(account).add(count, placed or self.now, shown)

    def change_df_order(
        self,
        number: str,
        *,
        account: str | None = None,
        state: DirectState | None = None,
        required_ship: datetime | None = None,
        promised_delivery: datetime | None = None,
        ship_to: Mapping[str, str] | None = None,
    ) -> None:
        """Change a Direct Fulfillment order: see `DirectChange`. Raises UnknownOrder."""
        change = DirectChange(
            state=state,
            required_ship=required_ship,
            promised_delivery=promised_delivery,
            ship_to=dict(ship_to or {}),
        )
        self._amazon.direct_book(account).change(number, change, self.now)

    def put_df_order(self, order: Mapping[str, Any] | bytes, *, account: str | None = None) -> str:
        """Serve exactly this as a Direct Fulfillment order; it needs a purchaseOrderNumber only."""
        return self._amazon.direct_book(account).put(_raw(order), self.now)

    def expire_access_tokens(self) -> None:
        """All access tokens issued so far are over."""
        self._amazon.login.expire_all(restricted=False)

    def expire_restricted_tokens(self) -> None:
        """All restricted data tokens issued so far are over."""
        self._amazon.login.expire_all(restricted=True)

    def set_rate_limit(self, rate_limit: bool | tuple[float, int]) -> None:
        """Amazon's limit (True), none (False), or (rate per second, burst); buckets are filled."""
        quota = _quota(rate_limit)
        self._amazon.quota.rate, self._amazon.quota.burst = quota.rate, quota.burst
        self._amazon.quota.reset()

    def reset(self) -> None:
        """Everything as at the start: orders, dials, quotas; tokens and requests are forgotten."""
        self._amazon.reset()

    def _respond(self, request: Request, problem: str) -> Reply:
        if request.path.startswith(controls.PREFIX):
            return Reply(controls.answer(self._amazon, request), {})
        return self._amazon.answer(request, problem)


def _book(
    account: Account,
    accounts: Sequence[Account],
    seed: int,
    days: int,
    anchor: datetime,
    lines: int | None,
) -> Book:
    generator = Generator(
        seed=seed,
        account=accounts.index(account),
        vendor_codes=account.vendor_codes,
        count=account.orders,
        days=days,
        anchor=anchor,
        lines=lines,
    )
    return Book(generator)


def _direct_book(account: Account, accounts: Sequence[Account], seed: int, days: int, anchor: datetime) -> DirectBook:
    generator = DirectGenerator(
        seed=seed,
        account=accounts.index(account),
        vendor_codes=account.vendor_codes,
        count=account.df_orders or 0,
        days=days,
        anchor=anchor,
    )
    return DirectBook(generator)


def _raw(order: Mapping[str, Any] | bytes) -> bytes:
    return order if isinstance(order, bytes) else msgspec.json.encode(order)


def _quota(rate_limit: bool | tuple[float, int]) -> Quota:
    if rate_limit is True:
        return Quota()
    return Quota(*rate_limit) if rate_limit else Quota(None)
