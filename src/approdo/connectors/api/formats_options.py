"""What a connector that hands documents over is asked about their format.

The values are those that `exchanges/formats` understands.
"""

import re

from msgspec.structs import replace

from approdo.sdk.options import Choice, Kind, Option, When
from approdo.sdk.text import marked as _

_ONLY_CSV = When("format", frozenset({"csv"}))
_ONLY_EDIFACT = When("format", frozenset({"edifact"}))


def party_problem(text: str) -> str | None:
    """Whether the text can be a party's id in EDIFACT."""
    return None if re.fullmatch(r"[ -~]{1,35}", text) else "not_a_party_id"


def qualifier_problem(text: str) -> str | None:
    """Whether the text can say in EDIFACT what kind of id a party has."""
    return None if re.fullmatch(r"[0-9A-Za-z]{1,4}", text) else "not_a_qualifier"


_FORMAT = Option(
    name="format",
    kind=Kind.CHOICE,
    label=_("Format"),
    help=_(
        "XML and JSON carry everything; CSV and XLSX have one line per document line, for systems that import tables."
    ),
    required=True,
    default="xml",
    choices=(Choice("xml", "XML"), Choice("json", "JSON"), Choice("csv", "CSV"), Choice("xlsx", "XLSX (Excel)")),
)
_FORMAT_OF_FILES = replace(
    _FORMAT,
    help=_(
        "XML and JSON carry everything; CSV and XLSX have one line per document line, for systems that import tables;"
        " EDIFACT is for systems that take orders by EDI, and holds orders only."
    ),
    choices=(*_FORMAT.choices, Choice("edifact", "EDIFACT ORDERS D.96A")),
)

_CSV_OPTIONS: tuple[Option, ...] = (
    Option(
        name="delimiter",
        kind=Kind.CHOICE,
        label=_("Between columns"),
        default="semicolon",
        choices=(
            Choice("semicolon", _("Semicolon")),
            Choice("comma", _("Comma")),
            Choice("tab", _("Tab")),
        ),
        when=_ONLY_CSV,
    ),
    Option(
        name="decimal_separator",
        kind=Kind.CHOICE,
        label=_("Decimal separator"),
        help=_("Between the units and the cents of an amount."),
        default="point",
        choices=(Choice("point", _("Point: 12.50")), Choice("comma", _("Comma: 12,50"))),
        when=_ONLY_CSV,
    ),
    Option(
        name="encoding",
        kind=Kind.CHOICE,
        label=_("Encoding"),
        help=_(
            "How characters are written. Excel recognises UTF-8 by its mark; Windows-1252 is for older systems,"
            " and writes a character that it does not have by its number, such as &#322;."
        ),
        default="utf-8",
        choices=(
            Choice("utf-8", "UTF-8"),
            Choice("utf-8-bom", _("UTF-8 with a mark at the beginning")),
            Choice("windows-1252", "Windows-1252"),
        ),
        when=_ONLY_CSV,
    ),
    Option(
        name="line_end",
        kind=Kind.CHOICE,
        label=_("Line end"),
        default="crlf",
        choices=(Choice("crlf", _("CR LF, as Windows does")), Choice("lf", _("LF, as Linux does"))),
        when=_ONLY_CSV,
    ),
    Option(
        name="header",
        kind=Kind.FLAG,
        label=_("Names of the columns in the first line"),
        default=True,
        when=_ONLY_CSV,
    ),
)

_EDIFACT_OPTIONS: tuple[Option, ...] = (
    Option(
        name="sender",
        kind=Kind.TEXT,
        label=_("Sender's id"),
        help=_("As whom the orders come (UNB, S002): mostly Amazon's GLN, as your system knows it."),
        required=True,
        when=_ONLY_EDIFACT,
        problem=party_problem,
    ),
    Option(
        name="sender_qualifier",
        kind=Kind.TEXT,
        label=_("What kind of id it is"),
        help=_("14 is a GLN (EAN International), ZZZ what both sides agreed on. Left empty: none is given."),
        when=_ONLY_EDIFACT,
        problem=qualifier_problem,
    ),
    Option(
        name="receiver",
        kind=Kind.TEXT,
        label=_("Receiver's id"),
        help=_("For whom they are (UNB, S003): your own GLN, or what your system is called."),
        required=True,
        when=_ONLY_EDIFACT,
        problem=party_problem,
    ),
    Option(
        name="receiver_qualifier",
        kind=Kind.TEXT,
        label=_("What kind of id it is"),
        help=_("14 is a GLN (EAN International), ZZZ what both sides agreed on. Left empty: none is given."),
        when=_ONLY_EDIFACT,
        problem=qualifier_problem,
    ),
    Option(
        name="test_interchange",
        kind=Kind.FLAG,
        label=_("Marked as a test"),
        help=_("The receiver is told that these orders are not to be carried out (UNB, 0035)."),
        default=False,
        when=_ONLY_EDIFACT,
    ),
)

FORMAT_OPTIONS = (_FORMAT, *_CSV_OPTIONS)
"""For whoever fetches."""

FILE_FORMAT_OPTIONS = (_FORMAT_OF_FILES, *_CSV_OPTIONS, *_EDIFACT_OPTIONS)
"""For files."""
