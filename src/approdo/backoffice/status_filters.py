"""Filters of the list of documents by Amazon's informational status, each through its own index."""

from typing import Any

from django.http import HttpRequest
from django.utils.translation import gettext_lazy

from approdo.backoffice import status_labels
from approdo.backoffice.status_labels import CONFIRMATIONS, RECEIVINGS, STATUSES, Labels
from approdo.backoffice.unfolded import DropdownFilter
from approdo.sales.queries import having
from approdo.sdk.statuses import Confirmation, Receiving


class _ByStatus(DropdownFilter):
    values: tuple[str, ...]
    labels: Labels

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """What an order as a whole can be."""
        return [(value, status_labels.label(self.labels, value)) for value in self.values]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        """The documents of which Amazon says so."""
        chosen = self.value()
        return having(queryset, str(self.parameter_name), chosen) if chosen in self.values else queryset


class ConfirmationFilter(_ByStatus):
    """By how far an order is confirmed."""

    title = gettext_lazy("confirmation (Amazon's status)")
    parameter_name = "confirmation"
    values = tuple(Confirmation)
    labels = CONFIRMATIONS


class ReceivingFilter(_ByStatus):
    """By how far an order has been received."""

    title = gettext_lazy("receiving (Amazon's status)")
    parameter_name = "receiving"
    values = tuple(Receiving)
    labels = RECEIVINGS


class OpenFilter(_ByStatus):
    """By whether Amazon still expects goods."""

    title = gettext_lazy("open or closed (Amazon's status)")
    parameter_name = "amazon_status"
    values = tuple(STATUSES)
    labels = STATUSES
