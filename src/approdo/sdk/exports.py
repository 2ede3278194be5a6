"""Work that hands documents to an outside system: which documents, and how it knows that they arrived."""

from collections.abc import Callable, Mapping
from datetime import date
from enum import StrEnum
from typing import Any

from msgspec import Struct


class Confirm(StrEnum):
    """By what documents count as handed over."""

    EXPLICIT = "explicit"
    """The outside system says so."""
    BY_READING = "by_reading"
    """The whole answer was written to the socket."""


class DocumentFilter(Struct, frozen=True, kw_only=True):
    """Which documents are wanted: all that is given has to fit, and what is empty leaves everything in.

    `nodes` are their numbers; `since` and `until` are days, both included, of the document's date. `changed_only`
    wants those that came in more than one version, `skus_known` those of which each line has its own SKU.
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


class Export(Struct, frozen=True, kw_only=True):
    """Work that hands documents over. The outside system calls for them; nothing is sent by itself.

    `wanted(options)` says which documents; `once(options)` whether each version of one is handed over only once;
    `confirm(options)` by what it counts as handed over then.
    """

    wanted: Callable[[Mapping[str, Any]], DocumentFilter]
    once: Callable[[Mapping[str, Any]], bool]
    confirm: Callable[[Mapping[str, Any]], Confirm]
