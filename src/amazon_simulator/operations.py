"""The vendor operations that the simulator knows: each is declared in the file that answers it."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any

from amazon_simulator import paging
from amazon_simulator.accounts import Account
from amazon_simulator.book import Book
from amazon_simulator.direct_book import DirectBook
from amazon_simulator.faults import Value
from amazon_simulator.listing import REACH, Listing
from amazon_simulator.login import Login
from amazon_simulator.messages import Answer, Request
from amazon_simulator.parameters import Parameter
from amazon_simulator.quota import RATE
from amazon_simulator.shelf import E, Shelf, Window


@dataclass(frozen=True)
class Call:
    """A request for an operation that was let in, and what is needed to answer it.

    `values` are the checked parameters, `place` those of the path, `faults` the dials that strike.
    """

    operation: "Operation"
    request: Request
    account: Account
    book: Book
    direct_book: DirectBook
    login: Login
    now: datetime
    values: Mapping[str, Any]
    place: Mapping[str, str]
    faults: Mapping[str, Value]

    @property
    def oldest(self) -> int:
        """Before this moment (seconds, UTC) Amazon has forgotten its orders."""
        return int((self.now - REACH).timestamp())

    @property
    def has_direct_fulfillment(self) -> bool:
        """Whether the account takes part in it, and so has the restricted role (reference 2.3)."""
        return self.account.df_orders is not None or len(self.direct_book) > 0

    def listing(
        self,
        book: Shelf[E],
        window: Window,
        matches: Callable[[E], bool],
        encode: Callable[[E], bytes],
    ) -> Listing[E]:
        """A listing by the parameters that all of them share. Raises Refused for a bad nextToken."""
        bound_to = (self.account.refresh_token, self.operation.name)
        filters = self.request.query
        return Listing(
            book=book,
            window=window,
            matches=matches,
            encode=encode,
            oldest=self.oldest,
            limit=self.values.get("limit", 100),
            descending=self.values.get("sortOrder") == "DESC",
            position=paging.decode(self.values.get("nextToken"), *bound_to, filters=filters),
            token_at=lambda position: paging.encode(position, *bound_to, filters=filters),
        )


@dataclass(frozen=True)
class Operation:
    """An operation by its name in the model.

    It has `answer`, or, if it lists, `listing` and the `member` with the list, which is in a payload
    or not (reference 13). `restricted`: it wants a restricted data token. `rate` is Amazon's limit
    in requests a second; every burst is 10 (reference 4.1).
    """

    name: str
    method: str
    path: str
    parameters: Sequence[Parameter] = ()
    answer: Callable[[Call], Answer] | None = None
    listing: Callable[[Call], Listing[Any]] | None = None
    member: str = ""
    in_payload: bool = True
    restricted: bool = False
    rate: float = RATE

    @cached_property
    def pattern(self) -> re.Pattern[str]:
        """The path with its braces as groups."""
        return re.compile(re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", self.path))


def route(operations: Sequence[Operation], request: Request) -> tuple[Operation | None, Mapping[str, str]]:
    """The operation that a request is for, if any, with the parameters in its path."""
    for operation in operations:
        matched = operation.pattern.fullmatch(request.path)
        if matched and operation.method == request.method:
            return operation, matched.groupdict()
    return None, {}
