"""What the list of documents is filtered by about invoices."""

from typing import Any

from django.http import HttpRequest
from django.utils.translation import gettext_lazy

from approdo.backoffice.unfolded import DropdownFilter
from approdo.sales.models import SaleDocument
from approdo.sales.queries import NOT_INVOICED, having


class InvoicingFilter(DropdownFilter):
    """By how much of an order is invoiced."""

    title = gettext_lazy("invoicing")
    parameter_name = "invoicing"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        """Not at all, partly, wholly."""
        return [(NOT_INVOICED, gettext_lazy("Not invoiced")), *SaleDocument.Invoicing.choices]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        """The orders of which that holds."""
        chosen = self.value()
        if chosen == NOT_INVOICED:
            return queryset.filter(type=SaleDocument.Type.ORDER, invoicing=None)
        return having(queryset, "invoicing", chosen) if chosen in SaleDocument.Invoicing.values else queryset
