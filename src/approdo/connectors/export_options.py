"""The options that every connector type has that hands documents over, and what they mean."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from msgspec.structs import replace

from approdo.connectors.amazon_vendor.programs import PROGRAMS, RETAIL
from approdo.sdk.documents import DocumentType
from approdo.sdk.exports import Confirm, DocumentFilter
from approdo.sdk.options import Choice, Kind, Option
from approdo.sdk.text import marked as _

TYPES = (
    Choice(DocumentType.ORDER, _("Order")),
    Choice(DocumentType.INVOICE, _("Invoice")),
    Choice(DocumentType.CREDIT_NOTE, _("Credit note")),
)
STATES = {
    **{state: label for program in PROGRAMS.values() for state, label in program.states.items()},
    "accepted": _("ACKNOWLEDGED (Vendor Direct Fulfillment)"),
    "stored": _("STORED, NOT SENT (invoices)"),
}

FILTER = Option(
    name="filter",
    kind=Kind.GROUP,
    label=_("Which documents"),
    parts=(
        Option(
            name="types",
            kind=Kind.CHOICES,
            all_is_none=True,
            label=_("Document types"),
            help=_("None ticked: every type."),
            choices=TYPES,
        ),
        Option(
            name="programs",
            kind=Kind.CHOICES,
            all_is_none=True,
            label=_("Programs"),
            help=_("None ticked: every program."),
            choices=tuple(Choice(program.name, program.label) for program in PROGRAMS.values()),
        ),
        Option(
            name="states",
            kind=Kind.CHOICES,
            all_is_none=True,
            label=_("States"),
            help=_(
                "None ticked: every state, also one that Amazon adds one day."
                " The states decide what is handed over first: what was handed over before comes in its newest version"
                " whatever state it is in by now, so that a closed or cancelled order reaches its receiver."
            ),
            choices=tuple(Choice(state, label) for state, label in STATES.items()),
        ),
        Option(
            name="nodes",
            kind=Kind.NODES,
            label=_("Nodes"),
            help=_("The accounts whose documents are handed over. None chosen: every account."),
        ),
        Option(
            name="vendor_codes",
            kind=Kind.TEXTS,
            label=_("Vendor codes"),
            help=_("Separated by commas. Left empty: every vendor code."),
        ),
        Option(
            name="since",
            kind=Kind.DATE,
            label=_("Documents from"),
            help=_("By the document's date; this day is included. It keeps older orders out of a new ERP."),
        ),
        Option(
            name="until",
            kind=Kind.DATE,
            label=_("Documents to"),
            help=_("By the document's date; this day is included."),
        ),
        Option(
            name="changed_only",
            kind=Kind.FLAG,
            label=_("Only changed documents"),
            help=_("Only those that came in more than one version."),
            default=False,
        ),
        Option(
            name="skus_known",
            kind=Kind.FLAG,
            label=_("Only with all SKUs known"),
            help=_(
                "A document with a line that is still wanted and has no own SKU waits until a recoding gives it one."
            ),
            default=False,
        ),
    ),
)


def filter_of_retail_orders() -> Option:
    """The filter for a connector type that takes orders of Vendor Retail alone."""
    states = tuple(Choice(state, STATES[state]) for state in RETAIL.states)
    parts = (part for part in FILTER.parts if part.name not in ("types", "programs"))
    return replace(
        FILTER, parts=tuple(replace(part, choices=states) if part.name == "states" else part for part in parts)
    )


EXPORT_ONCE = Option(
    name="export_once",
    kind=Kind.FLAG,
    label=_("Export once"),
    help=_(
        "Each version of a document is handed over once; a changed document comes again, marked as a change."
        " Off: every call gives every document, page by page."
    ),
    default=True,
)

PERSONAL_DATA = Option(
    name="personal_data",
    kind=Kind.FLAG,
    label=_("Consumers too"),
    help=_(
        "Who the consumers of Direct Fulfillment orders are, as long as it is not purged. Each time is written down"
        " under Logs › Looks at personal data. Off: the same documents without names and addresses."
    ),
    default=False,
)


def wanted(options: Mapping[str, Any]) -> DocumentFilter:
    """Which documents the options ask for. Where every choice is ticked, one that is added later is wanted too."""
    chosen = options.get("filter") or {}
    return DocumentFilter(
        types=_some(chosen.get("types"), [choice.value for choice in TYPES]),
        programs=_some(chosen.get("programs"), PROGRAMS),
        nodes=frozenset(chosen.get("nodes") or ()),
        vendor_codes=frozenset(chosen.get("vendor_codes") or ()),
        states=_some(chosen.get("states"), STATES),
        since=_day(chosen.get("since")),
        until=_day(chosen.get("until")),
        changed_only=chosen.get("changed_only", False),
        skus_known=chosen.get("skus_known", False),
    )


def wanted_retail_orders(options: Mapping[str, Any]) -> DocumentFilter:
    """The same of orders of Vendor Retail alone."""
    ticked = (options.get("filter") or {}).get("states")
    return replace(
        wanted(options),
        types=frozenset({DocumentType.ORDER}),
        programs=frozenset({RETAIL.name}),
        states=_some(ticked, RETAIL.states),
    )


def once(options: Mapping[str, Any]) -> bool:
    """Whether each version of a document is handed over only once."""
    return bool(options.get("export_once", True))


def confirm(options: Mapping[str, Any]) -> Confirm:
    """By what documents count as handed over."""
    return Confirm(options.get("confirm", Confirm.EXPLICIT))


def _some(ticked: Any, known: Any) -> frozenset[str]:
    chosen = frozenset(ticked or ())
    return frozenset() if chosen >= set(known) else chosen


def _day(text: str | None) -> date | None:
    return date.fromisoformat(text) if text else None
