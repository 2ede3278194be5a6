"""The vendor operations that the simulator knows: each is declared in the file that answers it."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any

from amazon_simulator.accounts import Account
from amazon_simulator.book import Book
from amazon_simulator.listing import Listing
from amazon_simulator.messages import Answer, Request
from amazon_simulator.parameters import Parameter


@dataclass(frozen=True)
class Call:
    """A request for an operation that was let in, and what is needed to answer it.

    `values` are the checked parameters, `place` those of the path.
    """

    operation: "Operation"
    request: Request
    account: Account
    book: Book
    now: datetime
    values: Mapping[str, Any]
    place: Mapping[str, str]


@dataclass(frozen=True)
class Operation:
    """An operation by its name in the model.

    It has `answer`, or, if it lists, `listing` and the `member` of the payload with the list.
    """

    name: str
    method: str
    path: str
    parameters: Sequence[Parameter] = ()
    answer: Callable[[Call], Answer] | None = None
    listing: Callable[[Call], Listing[Any]] | None = None
    member: str = ""

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
