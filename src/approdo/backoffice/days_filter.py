"""A filter from one day to another, in the browser's own date fields: Unfold's read Italian dates as American ones."""

from collections.abc import Callable
from datetime import date
from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import Q
from django.http import HttpRequest
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.widgets import INPUT_CLASSES

SENSIBLE = (date(1970, 1, 1), date(9998, 12, 31))
"""Days whose midnight every time zone and both databases can hold."""


class DatesForm(forms.Form):
    """The two fields."""

    def __init__(self, days: dict[str, str]) -> None:
        super().__init__(days)
        for name, label in zip(days, (_("From"), _("To")), strict=True):
            attributes = {"type": "date", "class": " ".join(INPUT_CLASSES)}
            self.fields[name] = forms.CharField(required=False, label=label, widget=forms.TextInput(attributes))


class DaysFilter(admin.ListFilter):
    """`names` are the parameters of the first and the last day, `within` makes a condition of the two."""

    title = gettext_lazy("date")
    template = "backoffice/date_filter.html"
    names: tuple[str, str]
    within: Callable[[date | None, date | None], Q]

    def __init__(self, request: HttpRequest, params: dict[str, Any], model: Any, model_admin: Any) -> None:
        super().__init__(request, params, model, model_admin)
        for name in self.names:
            values = params.pop(name, None)
            if values:
                self.used_parameters[name] = values[-1] if isinstance(values, list) else values

    def has_output(self) -> bool:
        """Always."""
        return True

    def expected_parameters(self) -> list[str | None]:
        """First and last day."""
        return list(self.names)

    def choices(self, changelist: Any) -> Any:
        """The two fields."""
        yield {"form": DatesForm({name: str(self.used_parameters.get(name) or "") for name in self.names})}

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        """What is of these days; a day that is none does not filter."""
        return queryset.filter(type(self).within(*(_day(self.used_parameters.get(name)) for name in self.names)))


def _day(text: Any) -> date | None:
    try:
        day = date.fromisoformat(str(text or ""))
        return day if SENSIBLE[0] <= day <= SENSIBLE[1] else None
    except ValueError:
        return None
