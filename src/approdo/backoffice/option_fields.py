"""Form fields made from declared options, and options read back from a form."""

import re
import types
from collections.abc import Collection, Mapping, Sequence
from typing import Any, Protocol

import msgspec
from django import forms
from django.core.exceptions import NON_FIELD_ERRORS, ValidationError
from django.db.models import Model
from django.utils.html import format_html
from django.utils.translation import gettext as _
from msgspec.structs import replace
from unfold import widgets

from approdo.backoffice.unfolded import ModelForm
from approdo.connectors import NODE_TYPES
from approdo.nodes.models import Node
from approdo.nodes.options import PREFIX, OptionsError, checked_options
from approdo.nodes.sentences import explain
from approdo.sdk.options import ALL, Kind, Option, When

WITHIN = "__"
"""Stands between a group's name and its part's."""


class HasOptions(Protocol):
    """A record whose options are declared somewhere."""

    options: dict[str, Any]


def fields(
    declared: Sequence[Option], saved: Mapping[str, Any] | None, secrets_set: Collection[str] = ()
) -> dict[str, forms.Field]:
    """One field for each option, in order. `saved` is none for a new record: then defaults stand in.

    None is required by itself: whether an option counts depends on others, and `checked_options` knows.
    """
    made = {}
    saved = None if saved is None else _flat(declared, saved)
    for option in leaves(declared):
        is_set = option.name in secrets_set
        initial = option.default if saved is None else saved.get(option.name, _unsaved(option))
        if initial == ALL:
            initial = [choice.value for choice in option.choices]
        made[PREFIX + option.name] = _field(option, initial, is_set)
    return made


def given(declared: Sequence[Option], cleaned: Mapping[str, Any]) -> dict[str, Any]:
    """The options as the form gives them; an empty field gives none, so that a secret stays what it is.

    A box that is not offered beside the other values counts as not ticked.
    """
    known = leaves(declared)
    values = {option.name: cleaned.get(PREFIX + option.name) for option in known}
    for option in known:
        if option.kind is Kind.CHOICES:
            ticked = values[option.name] or []
            values[option.name] = [one for one in option.offered(values) if one in ticked]
        elif option.kind is Kind.TEXTS:
            values[option.name] = re.split(r"[\s,;]+", (values[option.name] or "").strip())
        elif option.kind is Kind.NODES:
            values[option.name] = [node.pk for node in values[option.name] or ()]
    return _grouped({name: value for name, value in values.items() if value not in (None, "", [], [""])})


def leaves(declared: Sequence[Option]) -> list[Option]:
    """The options that have a field: a group's parts stand for it, under its name and theirs."""
    found: list[Option] = []
    for option in declared:
        if option.kind is Kind.GROUP:
            found += [replace(part, name=f"{option.name}{WITHIN}{part.name}") for part in option.parts]
        else:
            found.append(option)
    return found


def _flat(declared: Sequence[Option], saved: Mapping[str, Any]) -> dict[str, Any]:
    flat = dict(saved)
    for option in declared:
        if option.kind is Kind.GROUP:
            flat |= {f"{option.name}{WITHIN}{name}": value for name, value in (saved.get(option.name) or {}).items()}
    return flat


def _grouped(values: Mapping[str, Any]) -> dict[str, Any]:
    grouped: dict[str, Any] = {}
    for name, value in values.items():
        group, within, part = name.partition(WITHIN)
        if within:
            grouped.setdefault(group, {})[part] = value
        else:
            grouped[name] = value
    return grouped


def show(record: Model, declared: Sequence[Option], saved: Mapping[str, Any]) -> None:
    """Put each option's value in words on the record, where the admin looks for what may only be read."""
    hidden = secrets_set(record)
    saved = _flat(declared, saved)
    for option in leaves(declared):
        setattr(
            record,
            PREFIX + option.name,
            _shown(option, saved.get(option.name, _unsaved(option)), option.name in hidden),
        )


def _unsaved(option: Option) -> Any:
    """What an option is in a record saved before there was the option: a switch stands as it works."""
    return option.default if option.kind is Kind.FLAG else None


def _shown(option: Option, value: Any, is_set: bool) -> str:
    if option.kind is Kind.SECRET:
        return _("set") if is_set else "–"
    if option.kind is Kind.FLAG:
        return _("yes") if value else _("no")
    labels: dict[Any, str] = {choice.value: _(choice.label) for choice in option.choices}
    if option.kind is Kind.NODES:
        labels = dict(Node.objects.values_list("pk", "name"))
    if value not in (None, ""):
        value = option.masked(value)
    values = value if isinstance(value, list) else [value]
    return ", ".join(labels.get(one, str(one)) for one in values if one not in (None, "")) or "–"


def _field(option: Option, initial: Any, is_set: bool) -> forms.Field:
    common: dict[str, Any] = {
        "label": _label(option),
        "help_text": _(option.help) if option.help else "",
        "required": False,
        "initial": initial,
    }
    attributes = _condition(option.when, "data-when")
    choices = [(choice.value, _(choice.label)) for choice in option.choices]
    match option.kind:
        case Kind.FLAG:
            return forms.BooleanField(widget=widgets.UnfoldBooleanSwitchWidget(attributes), **common)
        case Kind.CHOICE:
            empty = [("", _("Select value"))]
            widget = widgets.UnfoldAdminSelectWidget(attributes)
            return forms.ChoiceField(choices=empty + choices, widget=widget, **common)
        case Kind.CHOICES:
            boxes = _Boxes(option)
            boxes.attrs.update({"data-all": _("All"), **attributes})
            return forms.MultipleChoiceField(choices=choices, widget=boxes, **common)
        case Kind.NODES:
            several = widgets.UnfoldAdminCheckboxSelectMultipleWidget(attributes)
            nodes = Node.objects.filter(type__in=[one.name for one in NODE_TYPES if one.downloads])
            return forms.ModelMultipleChoiceField(nodes, widget=several, **common)
        case Kind.TEXTS:
            common["initial"] = ", ".join(initial or ())
            return forms.CharField(widget=_text_widget(option.kind, attributes, is_set), **common)
        case Kind.SECRET if option.lines:
            return forms.CharField(widget=_Sealed({**attributes, **_secret_hints(is_set)}), **common)
        case _:
            return forms.CharField(widget=_text_widget(option.kind, attributes, is_set), **common)


class _Sealed(widgets.UnfoldAdminTextareaWidget):  # type: ignore[misc]  # Unfold has no types
    """A secret of several lines, such as a key; as with passwords, what was typed does not come back."""

    def __init__(self, attributes: Mapping[str, str]) -> None:
        super().__init__({**attributes, "rows": 4, "spellcheck": "false", "class": "ap-code"})

    def format_value(self, value: Any) -> None:
        """Nothing."""
        del value


class _Boxes(widgets.UnfoldAdminCheckboxSelectMultipleWidget):  # type: ignore[misc]  # Unfold has no types
    """Boxes, each of which tells the page's script when it is offered."""

    def __init__(self, option: Option) -> None:
        super().__init__()
        self._whens = {choice.value: choice.when for choice in option.choices}

    def create_option(self, name: str, value: Any, *arguments: Any, **named: Any) -> dict[str, Any]:
        """Django's own, with the condition of the choice."""
        made: dict[str, Any] = super().create_option(name, value, *arguments, **named)
        made["attrs"].update(_condition(self._whens.get(str(value)), "data-offered"))
        return made


def _text_widget(kind: Kind, attributes: dict[str, str], is_set: bool) -> forms.Widget:
    if kind is Kind.SECRET:
        secret: forms.TextInput = widgets.UnfoldAdminPasswordToggleWidget({**attributes, **_secret_hints(is_set)})
        return secret
    input_types = {Kind.NUMBER: "number", Kind.DATE: "date", Kind.URL: "url"}
    widget: forms.TextInput = widgets.UnfoldAdminTextInputWidget(attributes)
    widget.input_type = input_types.get(kind, "text")
    return widget


def _secret_hints(is_set: bool) -> dict[str, str]:
    hint = _("Set – leave empty to keep it, type to replace it") if is_set else ""
    return {"autocomplete": "new-password", "placeholder": hint}


def _label(option: Option) -> str:
    label = _(option.label)
    return starred(label) if option.required else label


def starred(label: str) -> str:
    """The label with the mark of what must be filled in; for fields that only sometimes must."""
    star = '{}<span class="text-red-600 dark:text-red-500" aria-hidden="true"> *</span>'
    return format_html(star, label)


def _condition(when: When | None, name: str) -> dict[str, str]:
    """Tells the page's script when to show something; the server decides for itself."""
    if when is None:
        return {}
    values = msgspec.json.encode(sorted(when.values)).decode()
    return {name: PREFIX + when.option, f"{name}-values": values}


class OptionsForm(ModelForm[Any]):
    """A record's form whose `option_…` fields stand for its declared options.

    Errors of options stand beside their fields. Made for one request by `options_form`.
    """

    declared: Sequence[Option] = ()
    preset: Mapping[str, Any] = {}

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        for name, value in self.preset.items():
            setattr(self.instance, name, value)
        self._said: set[str] = set()

    def clean(self) -> dict[str, Any]:
        """Check the options against their declaration and put them into the record."""
        cleaned = super().clean() or self.cleaned_data
        values = given(self.declared, cleaned)
        self._refuse_none_ticked(values)
        kept = self.instance.revealed() if hasattr(self.instance, "revealed") else {}
        try:
            checked_options(self.declared, {**kept, **values})
        except OptionsError as error:
            self._said = set(error.messages)
            for name, text in error.problems.items():
                field = PREFIX + name.replace(".", WITHIN)
                if field in self.fields:
                    self.add_error(field, text)
        self.instance.options = values
        return cleaned

    def _refuse_none_ticked(self, values: Mapping[str, Any]) -> None:
        # The declaration reads an empty list as its default, which is right for a file and wrong for boxes.
        for option in self.declared:
            ticked = option.kind is not Kind.CHOICES or not option.required or values.get(option.name)
            if not ticked and option.applies(values):
                self.add_error(PREFIX + option.name, str(explain("missing_option")))

    def _update_errors(self, errors: ValidationError) -> None:
        """Leave out what the record repeats about options: it stands beside the fields already."""
        by_field = errors.error_dict
        rest = [e for e in by_field.get(NON_FIELD_ERRORS, []) if not self._said.issuperset(e.messages)]
        if rest:
            by_field[NON_FIELD_ERRORS] = rest
        else:
            by_field.pop(NON_FIELD_ERRORS, None)
        super()._update_errors(errors)  # type: ignore[misc]


def options_form(
    declared: Sequence[Option],
    option_fields: Mapping[str, forms.Field],
    preset: Mapping[str, Any] | None = None,
    form: type[OptionsForm] = OptionsForm,
) -> type[OptionsForm]:
    """The form class for one record: `option_fields` after the fields of `form`.

    `preset` holds attributes of a new record that the form itself does not ask for.
    """
    attributes = {**option_fields, "declared": tuple(declared), "preset": preset or {}}
    made: type[OptionsForm] = types.new_class("RecordForm", (form,), exec_body=lambda body: body.update(attributes))
    return made


def secrets_set(record: Model) -> frozenset[str]:
    """The names of the secrets that a saved record holds; never their values."""
    revealed = getattr(record, "revealed", None)
    return frozenset(revealed()) if revealed and record.pk else frozenset()
