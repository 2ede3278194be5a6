"""The words of an order's status in the reader's language. Amazon's figures, shown as such."""

from collections.abc import Mapping

from django.utils.functional import Promise
from django.utils.safestring import SafeString
from django.utils.translation import pgettext_lazy

from approdo.backoffice import formats

Labels = Mapping[str, tuple[str | Promise, str]]
"""By value: the label and the look of its badge. Order and line have values of their own."""

STATUSES: Labels = {
    "open": (pgettext_lazy("Amazon's status", "Open"), "info"),
    "closed": (pgettext_lazy("Amazon's status", "Closed"), ""),
}
CONFIRMATIONS: Labels = {
    "unconfirmed": (pgettext_lazy("Amazon's status", "Not confirmed"), ""),
    "partly": (pgettext_lazy("Amazon's status", "Partly confirmed"), "warning"),
    "partially_accepted": (pgettext_lazy("Amazon's status", "Partly confirmed"), "warning"),
    "confirmed": (pgettext_lazy("Amazon's status", "Confirmed"), "success"),
    "accepted": (pgettext_lazy("Amazon's status", "Confirmed"), "success"),
    "rejected": (pgettext_lazy("Amazon's status", "Rejected"), "danger"),
}
RECEIVINGS: Labels = {
    "not_received": (pgettext_lazy("Amazon's status", "Not received"), ""),
    "partly": (pgettext_lazy("Amazon's status", "Partly received"), "warning"),
    "partially_received": (pgettext_lazy("Amazon's status", "Partly received"), "warning"),
    "received": (pgettext_lazy("Amazon's status", "Received"), "success"),
}


def label(labels: Labels, value: str | None) -> str:
    """What a value is called; one that nobody announced as it is."""
    return str(labels[value][0]) if value and value in labels else (value or "–").upper()


def badge(labels: Labels, value: str | None) -> SafeString:
    """The same as a badge; nothing where Amazon said nothing."""
    if not value:
        return formats.NOTHING
    return formats.badge(label(labels, value), labels[value][1] if value in labels else "")
