"""Named configurations: one screen for each kind that a connector type declares."""

import types
from typing import Any

from django import forms
from django.contrib import admin
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils.html import format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from approdo.backoffice import formats, option_fields
from approdo.backoffice.deleting import delete_all, delete_selected, stays
from approdo.backoffice.models import CONFIGURATION_MODELS, configuration_types
from approdo.backoffice.option_fields import OptionsForm
from approdo.backoffice.unfolded import ModelAdmin
from approdo.nodes.models import Configuration
from approdo.nodes.options import PREFIX
from approdo.processes import records
from approdo.sdk.connector import ConfigurationType
from approdo.sdk.options import Kind, Option


class ConfigurationForm(OptionsForm):
    """A configuration's form; its kind is known, so it checks itself that the name is free."""

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        if "name" in self.fields:
            self.fields["name"].label = _("Configuration name")
            self.fields["name"].help_text = _("The name by which connectors choose this configuration.")
        if "time_range" in self.fields:
            self.fields["time_range"].label = _("Time range settings")
            self.fields["time_range"].required = True
            self.fields["time_range"].help_text = _(
                "Which days or hours are downloaded. Time ranges are made under System parameters › Time ranges."
            )

    def _update_errors(self, errors: ValidationError) -> None:
        """Leave out what the record says of a time range that was not chosen: the field says it already."""
        if "time_range" in self.errors:
            errors.error_dict.pop("time_range", None)
        super()._update_errors(errors)

    def clean_name(self) -> str:
        """Refuse a name that another configuration of this kind has."""
        name = str(self.cleaned_data["name"])
        others = Configuration.objects.filter(kind=self.instance.kind, name=name).exclude(pk=self.instance.pk)
        if others.exists():
            raise forms.ValidationError(_("There is a configuration of this name already."))
        return name


class ConfigurationAdmin(ModelAdmin[Configuration]):
    """List and form of one kind. Permissions are those of `nodes.Configuration`."""

    declared: ConfigurationType
    empty_hint = gettext_lazy("A configuration says what is downloaded; connectors choose it by its name.")
    search_fields = ("name",)
    list_select_related = ("time_range",)
    actions = (delete_selected,)
    change_form_template = "backoffice/form.html"

    @admin.display(description=gettext_lazy("Time range"))
    def time_range_link(self, configuration: Configuration) -> SafeString:
        """The time range, and the way to it."""
        time_range = configuration.time_range
        return formats.link(time_range) if time_range else formats.NOTHING

    @admin.display(description=gettext_lazy("Used by"))
    def used_by(self, configuration: Configuration) -> SafeString:
        """The connectors that chose it."""
        connectors = list(configuration.connector_set.all())
        return format_html_join(", ", "{}", ((formats.link(one),) for one in connectors)) or formats.NOTHING

    def get_queryset(self, request: HttpRequest) -> QuerySet[Configuration]:
        """The configurations of this kind."""
        found = super().get_queryset(request).filter(kind=self.declared.name)
        return found.prefetch_related("connector_set")

    def get_list_display(self, request: HttpRequest) -> Any:
        """Name, a column for each option that is a choice, time range, users."""
        columns = [_column(option) for option in self.declared.options if option.choices]
        time_range = ["time_range_link"] if self.declared.has_time_range else []
        return ["name", *columns, *time_range, "used_by"]

    def get_form(
        self, request: HttpRequest, obj: Configuration | None = None, change: bool = False, **kwargs: Any
    ) -> Any:
        """The form with the declared options."""
        options = self.declared.options
        if obj and not self.has_change_permission(request, obj):
            option_fields.show(obj, options, obj.options)
        fields = option_fields.fields(options, obj.options if obj else None)
        preset = {} if obj else {"kind": self.declared.name}
        kwargs["form"] = option_fields.options_form(options, fields, preset, ConfigurationForm)
        return super().get_form(request, obj, change, **kwargs)

    def get_fieldsets(self, request: HttpRequest, obj: Configuration | None = None) -> Any:
        """Name, the first option (the program), the time range, the rest: the order people know."""
        first, *rest = [PREFIX + option.name for option in self.declared.options] or [""]
        time_range = "time_range" if self.declared.has_time_range else ""
        return [(None, {"fields": [name for name in ("name", first, time_range, *rest) if name]})]

    def delete_view(self, request: HttpRequest, object_id: str, extra_context: Any = None) -> HttpResponse:
        """Ask, unless a connector uses it."""
        return stays(self, request, object_id) or super().delete_view(request, object_id, extra_context)

    def delete_model(self, request: HttpRequest, obj: Configuration) -> None:
        """Through the one function that knows what is in use."""
        records.delete(obj)

    def delete_queryset(self, request: HttpRequest, queryset: Any) -> None:
        """All or none."""
        delete_all(queryset)

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Whether the user may look at configurations."""
        return self._may(request, "view") or self._may(request, "change")

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Whether the user may add configurations."""
        return self._may(request, "add")

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Whether the user may change configurations."""
        return self._may(request, "change")

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Whether the user may delete configurations."""
        return self._may(request, "delete")

    def has_module_permission(self, request: HttpRequest) -> bool:
        """Whether the user sees anything here."""
        return any(self._may(request, what) for what in ("view", "add", "change", "delete"))

    def _may(self, request: HttpRequest, what: str) -> bool:
        return request.user.has_perm(f"nodes.{what}_configuration")


def _column(option: Option) -> Any:
    labels = {choice.value: choice.label for choice in option.choices}

    @admin.display(description=gettext_lazy(option.label))
    def shown(configuration: Configuration) -> str:
        value = configuration.options.get(option.name)
        if option.kind is Kind.CHOICES and set(value or ()) >= set(labels):
            return _("All")
        values = value if isinstance(value, list) else [value]
        return ", ".join(_(labels.get(one, str(one))) for one in values if one) or "–"

    shown.__name__ = option.name
    return shown


def _register(declared: ConfigurationType) -> None:
    name = f"{CONFIGURATION_MODELS[declared.name].__name__}Admin"
    screen = types.new_class(name, (ConfigurationAdmin,), exec_body=lambda body: body.update(declared=declared))
    admin.site.register(CONFIGURATION_MODELS[declared.name], screen)


for _declared in configuration_types():
    _register(_declared)
