"""A form field for records in an order that people choose: added one by one, dragged, or moved by buttons."""

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.db.models import Model, QuerySet
from django.utils.datastructures import MultiValueDict
from unfold import widgets

from approdo.nodes.sentences import validation_error


class OrderedWidget(forms.Widget):
    """A list with a handle and buttons on each entry; each entry is one value of the field, in order."""

    template_name = "backoffice/ordered.html"

    def __init__(self, add_label: Any) -> None:
        super().__init__()
        self.add_label = add_label
        self.choices: list[tuple[str, str]] = []

    def value_from_datadict(self, data: Any, _files: Any, name: str) -> list[str]:
        """Every value that was sent, in order."""
        return list(data.getlist(name)) if isinstance(data, MultiValueDict) else list(data.get(name) or [])

    def get_context(self, name: str, value: Any, attrs: Any) -> dict[str, Any]:
        """The chosen entries in order, and all that can be added."""
        context = super().get_context(name, None, attrs)
        labels = dict(self.choices)
        chosen = [str(one) for one in value or []]
        select = " ".join(widgets.SELECT_CLASSES)
        more = {"chosen": [(one, labels.get(one, one)) for one in chosen], "choices": self.choices}
        context["widget"] |= {**more, "add_label": self.add_label, "select_classes": select}
        return context

    def id_for_label(self, id_: str, _index: str | None = None) -> str:
        """The label leads to the box that adds one."""
        return f"{id_}_add"

    def use_required_attribute(self, _initial: Any) -> bool:
        """The browser cannot tell; the field does."""
        return False


class OrderedField(forms.Field):
    """Records of `queryset` in the order given. Its value is a list of records."""

    widget: OrderedWidget

    def __init__(self, queryset: QuerySet[Any], add_label: Any, **more: Any) -> None:
        super().__init__(widget=OrderedWidget(add_label), **more)
        self._queryset = queryset

    def offer(self) -> None:
        """Read what can be chosen now."""
        self.widget.choices = [(str(record.pk), str(record)) for record in self._queryset.all()]

    def prepare_value(self, value: Any) -> list[str]:
        """Records, or the numbers that were sent, as the widget shows them."""
        return [str(one.pk if isinstance(one, Model) else one) for one in value or []]

    def clean(self, value: Any) -> list[Any]:
        """The records. Raises `ValidationError` for none where one is required, or one that is gone."""
        numbers = [int(one) for one in value or [] if str(one).isdecimal()]
        if self.required and not numbers:
            raise ValidationError(self.error_messages["required"], code="required")
        found = self._queryset.in_bulk(numbers)
        if len(found) < len(set(numbers)):
            raise validation_error("chosen_is_gone")
        return [found[number] for number in numbers]

    def has_changed(self, initial: Any, data: Any) -> bool:
        """Whether another order or another choice was sent."""
        return self.prepare_value(initial) != self.prepare_value(data)
