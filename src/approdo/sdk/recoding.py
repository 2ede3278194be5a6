"""What a connector type asks about the recoding of SKUs, and what is read from the answers."""

from collections.abc import Mapping
from typing import Any

from approdo.sdk.options import ON, Choice, Kind, Option, When
from approdo.sdk.text import marked as _

EAN, ASIN = "ean", "asin"
"""The kinds of codes that can be looked up where the vendor SKU has no match."""

RECODE_SKUS = "recode_skus"

OPTIONS = (
    Option(
        name=RECODE_SKUS,
        kind=Kind.FLAG,
        label=_("Run SKU recoding?"),
        help=_(
            "Puts your own SKU and title beside Amazon's, as the SKU recoding table says."
            " Codes without a match are listed."
        ),
        default=False,
    ),
    Option(
        name="recode_fallbacks",
        kind=Kind.CHOICES,
        label=_("Fallbacks"),
        help=_("What else a line is looked up by where its vendor SKU has no match, in this order."),
        choices=(
            Choice(EAN, _("EAN (where the vendor SKU is one)")),
            Choice(ASIN, "ASIN"),
        ),
        when=When(RECODE_SKUS, frozenset({ON})),
    ),
)


def fallbacks(options: Mapping[str, Any]) -> tuple[str, ...] | None:
    """The fallbacks of a connector that wants SKUs recoded, possibly none of them; none at all where it does not."""
    return tuple(options.get("recode_fallbacks") or ()) if options.get(RECODE_SKUS) else None
