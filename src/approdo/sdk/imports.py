"""Work that takes documents which an outside system posts: which kinds, to whose orders, and how matched."""

from collections.abc import Callable, Mapping
from enum import StrEnum
from typing import Any

from msgspec import Struct


class Posted(StrEnum):
    """What can be posted, by the `type` that it has."""

    ORDER_UPDATE = "order"
    INVOICE = "invoice"
    CREDIT_NOTE = "credit_note"


class Import(Struct, frozen=True, kw_only=True):
    """Work that the outside system does by calling: nothing of it is done by a run.

    `takes(options)` says what is taken; `nodes(options)` to the orders of which nodes it may belong, by their numbers,
    none meaning every node; `recodes(options)` whether an own SKU that the order does not carry is looked up.
    """

    takes: Callable[[Mapping[str, Any]], frozenset[str]]
    nodes: Callable[[Mapping[str, Any]], frozenset[int]]
    recodes: Callable[[Mapping[str, Any]], bool] = lambda _options: False
