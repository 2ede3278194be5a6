"""The simulated Amazon without its sockets: request in, answer out, all of it written down."""

import re
from collections import Counter, deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import count
from threading import Lock
from uuid import uuid4

from msgspec import Struct

from amazon_simulator import direct_orders, login, parameters, restricted, vendor_order_status, vendor_orders
from amazon_simulator.accounts import Account
from amazon_simulator.book import Book
from amazon_simulator.dials import Dials, Setting, Struck, Target
from amazon_simulator.direct_book import DirectBook
from amazon_simulator.faults import DIALS, quota_exceeded
from amazon_simulator.messages import (
    Answer,
    Refused,
    Request,
    html,
    invalid_input,
    unauthorized,
)
from amazon_simulator.operations import Call, Operation, route
from amazon_simulator.quota import RATE, UNLIMITED, Quota
from amazon_simulator.shelf import UnknownOrder

OPERATIONS: tuple[Operation, ...] = (
    *vendor_orders.OPERATIONS,
    *vendor_order_status.OPERATIONS,
    *direct_orders.OPERATIONS,
    *restricted.OPERATIONS,
)

# AppName/Version (Language=...; ...), where a backslash escapes what is syntax (reference 2.2).
_USER_AGENT = re.compile(r"(?:[^/()=;\\]|\\.)+/(?:[^/()=;\\ ]|\\.)+ \((?:[^()\\]|\\.)*Language=(?:[^()\\]|\\.)+\)")
_LONGEST_USER_AGENT = 500
_LOG_LENGTH = 50_000


class Logged(Struct, kw_only=True):
    """A request that was made. `status` is None without an answer; `faults` are the dials."""

    number: int
    time: datetime
    operation: str
    account: str | None
    method: str
    path: str
    params: dict[str, str]
    status: int | None
    request_id: str
    faults: list[str]


@dataclass(frozen=True)
class Reply:
    """An answer, and the faults that the server has to act out on the wire."""

    answer: Answer
    faults: Struck


@dataclass(frozen=True)
class _Arrival:
    request: Request
    operation: Operation | None
    place: Mapping[str, str]
    account: Account | None
    target: Target


class Amazon:
    """All accounts with their orders, the login, quotas, dials and the log of requests."""

    def __init__(
        self,
        accounts: Sequence[Account],
        make_book: Callable[[Account], Book],
        make_direct_book: Callable[[Account], DirectBook],
        *,
        now: Callable[[], datetime],
        quota: Quota,
        dials: Sequence[Setting] = (),
        seed: int = 1,
        strict: bool = False,
    ) -> None:
        self.accounts = tuple(accounts)
        self.now = now
        self.quota = quota
        self.strict = strict
        self.dials = Dials(seed)
        self.login = login.Login(accounts)
        self.log: deque[Logged] = deque(maxlen=_LOG_LENGTH)
        self.statuses: Counter[str] = Counter()
        self.unknown_parameters: Counter[str] = Counter()
        self._make_book = make_book
        self._make_direct_book = make_direct_book
        self._dials_at_start = tuple(dials)
        self._numbers = count(1)
        self._lock = Lock()
        self.reset()

    def reset(self) -> None:
        """Everything as at the start: orders, dials, quotas; no token, no request remembered."""
        self.books = {account: self._make_book(account) for account in self.accounts}
        self.direct_books = {account: self._make_direct_book(account) for account in self.accounts}
        self.dials.clear()
        for setting in self._dials_at_start:
            self.dials.add(setting)
        self.quota.reset()
        self.login.forget()
        self.log.clear()
        self.statuses.clear()
        self.unknown_parameters.clear()

    def book(self, account: str | None = None) -> Book:
        """The retail orders of the account with this name, or of the first. Raises UnknownOrder."""
        return self.books[self._named(account)]

    def direct_book(self, account: str | None = None) -> DirectBook:
        """Its Direct Fulfillment orders. Raises UnknownOrder."""
        return self.direct_books[self._named(account)]

    def _named(self, account: str | None) -> Account:
        for known in self.accounts:
            if account in (None, known.name):
                return known
        raise UnknownOrder(f"There is no account {account!r}.")

    def answer(self, request: Request, problem: str = "") -> Reply:
        """Answer a request. `problem` is why it breaks HTTP's rules, if it does (reference 2.2)."""
        arrival = self._arrival(request)
        struck = self.dials.strike("arrival", arrival.target)
        answer = html(400, "Bad Request") if problem else _in_its_place(struck)
        if answer is None:
            try:
                answer, spoilt = self._answer(arrival, struck)
                struck = {**struck, **spoilt}
            except Refused as refusal:
                answer = refusal.answer
        return self._finish(arrival, answer, struck)

    def _arrival(self, request: Request) -> _Arrival:
        operation, place = route(OPERATIONS, request)
        name = operation.name if operation else "unknown"
        if request.method == "POST" and request.path == login.PATH:
            name = login.OPERATION
        account = self.login.account(request)
        target = Target(
            operation=name,
            account=account.name if account else None,
            is_list=operation is not None and operation.listing is not None,
            is_next_page="nextToken" in request.query,
        )
        return _Arrival(request, operation, place, account, target)

    def _answer(self, arrival: _Arrival, struck: Struck) -> tuple[Answer, Struck]:
        """What Amazon itself says, and the faults in its page. Raises Refused."""
        request, account, operation = arrival.request, arrival.account, arrival.operation
        if arrival.target.operation == login.OPERATION:
            lifetime = struck.get("short_access_token")
            return self.login.answer(request, None if lifetime is None else float(lifetime)), {}
        if "expired_access_token" in struck:
            self.login.expire(request.headers.get("x-amz-access-token", ""))
        restricted_path = operation.path if operation and operation.restricted else None
        refusal = _refusal_of_user_agent(request) or self.login.refusal_of_access(request, restricted_path)
        if refusal:
            raise Refused(refusal)
        if operation is None or account is None:
            raise Refused(unauthorized())
        if not self.quota.take((account.client_id, account.refresh_token, operation.name), operation.rate / RATE):
            raise Refused(quota_exceeded())
        values, unknown = parameters.read(operation.parameters, request.query)
        self._note_unknown(operation, unknown)
        call = Call(
            operation=operation,
            request=request,
            account=account,
            book=self.books[account],
            direct_book=self.direct_books[account],
            login=self.login,
            now=self.now(),
            values=values,
            place=arrival.place,
            faults=struck,
        )
        return self._perform(call, arrival.target)

    def _perform(self, call: Call, target: Target) -> tuple[Answer, Struck]:
        operation = call.operation
        if operation.listing is None:
            assert operation.answer is not None, "an operation answers or lists"
            return operation.answer(call), {}
        listing = operation.listing(call)
        page = listing.page()
        struck = self.dials.strike("page", target)
        for fault, value in struck.items():
            spoil = DIALS[fault].page
            assert spoil is not None, "only such dials strike at this stage"
            spoil(listing, page, value)
        return page.answer(operation.member, in_payload=operation.in_payload), struck

    def _note_unknown(self, operation: Operation, names: Sequence[str]) -> None:
        """Amazon ignores them silently (reference 18, item 1); here they are seen, or refused."""
        self.unknown_parameters.update(f"{operation.name} {name}" for name in names)
        if names and self.strict:
            raise Refused(invalid_input(f"Unknown parameters: {', '.join(names)}."))

    def _finish(self, arrival: _Arrival, answer: Answer, struck: Struck) -> Reply:
        request, target = arrival.request, arrival.target
        request_id = str(uuid4())
        headers = {"x-amzn-RequestId": request_id, **answer.headers}
        # Amazon shows the limit on these only (reference 2.2), and its login not at all.
        if answer.status in (200, 202, 400, 404) and target.operation != login.OPERATION:
            part = arrival.operation.rate / RATE if arrival.operation else 1
            headers["x-amzn-RateLimit-Limit"] = f"{float(self.quota.rate or UNLIMITED) * part}"
        silent = "reset" in struck or "hang" in struck
        with self._lock:
            self.statuses["none" if silent else str(answer.status)] += 1
            self.log.append(
                Logged(
                    number=next(self._numbers),
                    time=self.now(),
                    operation=target.operation,
                    account=target.account,
                    method=request.method,
                    path=request.path,
                    params=request.query,
                    status=None if silent else answer.status,
                    request_id=request_id,
                    faults=list(struck),
                )
            )
        return Reply(replace(answer, headers=headers), struck)


def _in_its_place(struck: Struck) -> Answer | None:
    for name, value in struck.items():
        instead = DIALS[name].instead
        if instead:
            return instead(value)
    return None


def _refusal_of_user_agent(request: Request) -> Answer | None:
    user_agent = request.headers.get("user-agent", "")
    if len(user_agent) > _LONGEST_USER_AGENT:
        return invalid_input("The user-agent header is longer than 500 characters.")
    if not _USER_AGENT.fullmatch(user_agent):
        return invalid_input("The user-agent header must be AppName/Version (Language=...).")
    return None
