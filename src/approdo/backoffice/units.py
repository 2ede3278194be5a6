"""What quantities count, in the reader's language."""

from django.utils.translation import ngettext


def unit_label(unit: str, quantity: int | None) -> str:
    """“eaches” or “case”; a unit that nobody announced as it is."""
    if unit == "eaches":
        return ngettext("each", "eaches", quantity or 0)
    return ngettext("case", "cases", quantity or 0) if unit == "cases" else unit
