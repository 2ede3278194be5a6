"""Time ranges: which days or hours a download looks at."""

from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from unfold import widgets

from approdo.backoffice import formats
from approdo.backoffice.deleting import delete_all, delete_selected, stays
from approdo.backoffice.option_fields import starred
from approdo.backoffice.unfolded import ModelAdmin, ModelForm
from approdo.nodes.models import TimeRange
from approdo.nodes.sentences import explain
from approdo.processes import records

RELATIVE, FIXED = "relative", "fixed"
_BELONGS = {"last": RELATIVE, "unit": RELATIVE, "start": FIXED, "end": FIXED}


class _Day(forms.DateInput):
    """The browser's own date field: it speaks the reader's language and sends ISO dates."""

    input_type = "date"

    def __init__(self) -> None:
        classes = " ".join(widgets.INPUT_CLASSES)
        super().__init__({"class": classes}, format="%Y-%m-%d")


class TimeRangeForm(ModelForm[TimeRange]):
    """Asks for the one kind or the other and forgets what was typed for the kind not chosen."""

    mode = forms.ChoiceField(
        label=gettext_lazy("Kind of range"),
        choices=(
            (RELATIVE, gettext_lazy("The last days or hours, counted back from each run")),
            (FIXED, gettext_lazy("Fixed dates")),
        ),
        initial=RELATIVE,
        widget=widgets.UnfoldAdminRadioSelectWidget(),
    )

    class Meta:
        model = TimeRange
        fields = ("name", "last", "unit", "start", "end", "by", "delay")
        widgets = {"start": _Day(), "end": _Day()}

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        if self.instance.pk and self.instance.last is None:
            self.initial["mode"] = FIXED
        if not self.fields.keys() >= _BELONGS.keys():  # a page that only shows the range
            return
        self.fields["unit"].required = False
        for name in ("last", "start", "end"):
            self.fields[name].label = starred(str(self.fields[name].label))
        for name, mode in _BELONGS.items():
            self.fields[name].widget.attrs.update({"data-when": "mode", "data-when-values": f'["{mode}"]'})

    def clean(self) -> dict[str, Any]:
        """Keep the fields of the chosen kind only, and ask for those that are missing."""
        cleaned = super().clean() or self.cleaned_data
        mode = cleaned.get("mode", RELATIVE)
        for name, belongs in _BELONGS.items():
            if name == "unit":
                cleaned[name] = cleaned.get(name) or TimeRange.Unit.DAYS
            elif belongs != mode:
                cleaned[name] = None
                self.errors.pop(name, None)
            elif cleaned.get(name) is None and name not in self.errors:
                self.add_error(name, str(explain("missing_option")))
        return cleaned

    def _post_clean(self) -> None:
        # A field that is missing is said beside it; the record would only say the same once more.
        if not set(_BELONGS) & set(self.errors):
            super()._post_clean()  # type: ignore[misc]


@admin.register(TimeRange)
class TimeRangeAdmin(ModelAdmin[TimeRange]):
    """List and form."""

    form = TimeRangeForm
    list_display = ("name", "span", "by", "delay")
    empty_hint = gettext_lazy("A time range says which days or hours a download looks at.")
    search_fields = ("name",)
    actions = (delete_selected,)
    change_form_template = "backoffice/form.html"
    fieldsets = ((None, {"fields": ("name", "mode", ("last", "unit"), ("start", "end"), "by", "delay")}),)

    @admin.display(description=gettext_lazy("Range"))
    def span(self, time_range: TimeRange) -> str:
        """The range in words."""
        return words(time_range)

    @admin.display(description=gettext_lazy("Kind of range"))
    def mode(self, time_range: TimeRange) -> str:
        """The range in words, for who may only look at it; everybody else has the form's field."""
        return words(time_range)

    def delete_view(self, request: HttpRequest, object_id: str, extra_context: Any = None) -> HttpResponse:
        """Ask, unless the range is in use."""
        return stays(self, request, object_id) or super().delete_view(request, object_id, extra_context)

    def delete_model(self, request: HttpRequest, obj: TimeRange) -> None:
        """Through the one function that knows what is in use."""
        records.delete(obj)

    def delete_queryset(self, request: HttpRequest, queryset: Any) -> None:
        """All or none."""
        delete_all(queryset)


def words(time_range: TimeRange) -> str:
    """“The last 7 days”, or from which day to which."""
    if time_range.last is None:
        start = formats.day(time_range.start) if time_range.start else "?"
        end = formats.day(time_range.end) if time_range.end else "?"
        return _("%(start)s to %(end)s") % {"start": start, "end": end}
    count = {"count": time_range.last}
    if time_range.unit == TimeRange.Unit.HOURS:
        return ngettext("The last %(count)s hour", "The last %(count)s hours", time_range.last) % count
    return ngettext("The last %(count)s day", "The last %(count)s days", time_range.last) % count
