"""What the list of documents is filtered by about exports."""

from typing import Any

from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext_lazy

from approdo.backoffice.unfolded import DropdownFilter
from approdo.exchanges.overtaken import overtaken


class ExportedFilter(DropdownFilter):
    """By whether somebody has an older version only."""

    title = gettext_lazy("exports")
    parameter_name = "exported"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        """The one question that cannot be answered by a look at the connector."""
        return [("changed", gettext_lazy("changed since exported"))]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        """The documents of which a connector got an older version and has not got the newest."""
        return overtaken(queryset, timezone.now()) if self.value() == "changed" else queryset
