"""What the list of documents is filtered by about exports."""

from typing import Any

from django.db.models import BooleanField, Exists, OuterRef, Q
from django.db.models.expressions import RawSQL
from django.http import HttpRequest
from django.utils.translation import gettext_lazy

from approdo.backoffice.unfolded import DropdownFilter
from approdo.exchanges.models import Delivery

# Written out, because SQLite uses a partial index only where it can read its condition in the statement.
CHANGED = RawSQL('"sales_saledocument"."version" > 1', (), output_field=BooleanField())


class ExportedFilter(DropdownFilter):
    """By whether somebody has an older version only."""

    title = gettext_lazy("exports")
    parameter_name = "exported"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        """The one question that cannot be answered by a look at the connector."""
        return [("changed", gettext_lazy("changed since exported"))]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        """The documents of which a connector got an older version and has not got the newest."""
        if self.value() != "changed":
            return queryset
        newest = Delivery.objects.filter(
            ~Q(state=Delivery.State.WITHDRAWN),
            document=OuterRef("document"),
            connector=OuterRef("connector"),
            version=OuterRef(OuterRef("version")),
        )
        older = Delivery.objects.filter(
            ~Q(state=Delivery.State.FAILED), ~Exists(newest), document=OuterRef("pk"), version__lt=OuterRef("version")
        )
        return queryset.filter(CHANGED, Exists(older))
