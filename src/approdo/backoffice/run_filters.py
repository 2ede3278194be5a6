"""What the list of runs is filtered by. Each reads one index, however many runs there are."""

from typing import Any

from django.http import HttpRequest
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from approdo.backoffice.days import requested_on, shared_zone
from approdo.backoffice.days_filter import DaysFilter
from approdo.backoffice.unfolded import DropdownFilter
from approdo.processes.models import Connector, Procedure, Run


class KindFilter(DropdownFilter):
    """Procedures' runs or connectors' runs."""

    title = gettext_lazy("kind")
    parameter_name = "kind"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """The two kinds."""
        return [("procedure", _("Procedures")), ("connector", _("Connectors"))]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        """The runs of the chosen kind: they have no name of the other."""
        other = {"procedure": "connector_name", "connector": "procedure_name"}.get(self.value() or "")
        return queryset.filter(**{other: ""}) if other else queryset


class ProcedureFilter(DropdownFilter):
    """By procedure."""

    title = gettext_lazy("procedure")
    parameter_name = "procedure"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """Every procedure that there still is."""
        return [(str(pk), name) for pk, name in Procedure.objects.values_list("pk", "name")]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        """The runs of the chosen procedure."""
        return _of(queryset, "procedure", self.value())


class ConnectorFilter(DropdownFilter):
    """By connector."""

    title = gettext_lazy("connector")
    parameter_name = "connector"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """Every connector that there still is."""
        return [(str(pk), name) for pk, name in Connector.objects.values_list("pk", "name")]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        """The runs of the chosen connector."""
        return _of(queryset, "connector", self.value())


class StateFilter(DropdownFilter):
    """By state."""

    title = gettext_lazy("state")
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """Every state."""
        return [(value, str(label)) for value, label in Run.State.choices]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        """The runs in the chosen state."""
        return queryset.filter(state=self.value()) if self.value() else queryset


class RequestedFilter(DaysFilter):
    """By the day on which somebody asked for the run, or it was due."""

    names = ("requested_from", "requested_to")
    within = staticmethod(requested_on)

    @property
    def title(self) -> str:  # type: ignore[override]  # which zone it is depends on the nodes
        """Says by whose calendar."""
        return _("day (%(zone)s)") % {"zone": shared_zone().key}


def _of(queryset: Any, column: str, chosen: str | None) -> Any:
    known = chosen or ""
    return queryset.filter(**{column: known}) if known.isdecimal() and len(known) < 19 else queryset
