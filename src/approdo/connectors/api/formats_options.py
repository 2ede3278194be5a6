"""What a connector that hands documents over is asked about their format.

The values are those that `exchanges/formats` understands.
"""

from approdo.sdk.options import Choice, Kind, Option, When
from approdo.sdk.text import marked as _

_ONLY_CSV = When("format", frozenset({"csv"}))

FORMAT_OPTIONS: tuple[Option, ...] = (
    Option(
        name="format",
        kind=Kind.CHOICE,
        label=_("Format"),
        help=_("XML and JSON carry everything; CSV has one line per document line, for systems that import tables."),
        required=True,
        default="xml",
        choices=(Choice("xml", "XML"), Choice("json", "JSON"), Choice("csv", "CSV")),
    ),
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
