"""The form of a procedure: its connectors in order, when they are run, and the weekly slots."""

from typing import Any
from zoneinfo import available_timezones

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold import widgets

from approdo.backoffice.option_fields import starred
from approdo.backoffice.ordered import OrderedField
from approdo.backoffice.unfolded import ModelForm, TabularInline
from approdo.nodes.sentences import explain
from approdo.processes.models import Connector, Procedure, Slot
from approdo.processes.procedure_data import refuse_twice, write_connectors

INTERVAL, CRON, BY_HAND = "interval", "cron", "by_hand"
_BELONGS = {"every": INTERVAL, "unit": INTERVAL, "cron": CRON}

DAYS = (
    ("mon", gettext_lazy("Mon")),
    ("tue", gettext_lazy("Tue")),
    ("wed", gettext_lazy("Wed")),
    ("thu", gettext_lazy("Thu")),
    ("fri", gettext_lazy("Fri")),
    ("sat", gettext_lazy("Sat")),
    ("sun", gettext_lazy("Sun")),
)


class _Time(forms.TimeInput):
    """The browser's own time field."""

    input_type = "time"

    def __init__(self) -> None:
        super().__init__({"class": " ".join(widgets.INPUT_CLASSES), "style": "width: 8.5rem"}, format="%H:%M")


class ProcedureForm(ModelForm[Procedure]):
    """Asks for the one kind of schedule or the other and forgets what was typed for the kind not chosen."""

    connectors = OrderedField(
        Connector.objects.all(), gettext_lazy("Add a connector …"), label=gettext_lazy("Connectors")
    )
    mode = forms.ChoiceField(
        label=gettext_lazy("When it is run"),
        choices=(
            (INTERVAL, gettext_lazy("At intervals")),
            (CRON, gettext_lazy("By a cron expression")),
            (BY_HAND, gettext_lazy("Only by hand")),
        ),
        initial=INTERVAL,
        widget=widgets.UnfoldAdminRadioSelectWidget(),
    )
    time_zone = forms.ChoiceField(
        label=gettext_lazy("Time zone"),
        required=False,
        widget=widgets.UnfoldAdminSelectWidget(),
    )

    class Meta:
        model = Procedure
        fields = ("name", "every", "unit", "cron", "time_zone", "on_error", "grace")

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        if not self.fields.keys() >= _BELONGS.keys():  # a page that only shows the procedure
            return
        procedure = self.instance
        self.fields["connectors"].offer()  # type: ignore[attr-defined]  # typed as Field
        if procedure.pk:
            self.initial["connectors"] = [step.connector for step in procedure.steps.select_related("connector")]
            self.initial["mode"] = CRON if procedure.cron else INTERVAL if procedure.every else BY_HAND
        else:
            self.initial["every"] = 15
        own = [procedure.time_zone] if procedure.time_zone not in ("", *_zones()) else []
        self.fields["time_zone"].choices = [  # type: ignore[attr-defined]  # typed as Field
            ("", _("That of the first connector's node")),
            *((zone, zone) for zone in [*own, *_zones()]),
        ]
        self.fields["unit"].required = False
        self.fields["cron"].help_text = _("Minute, hour, day of the month, month, day of the week: 30 6 * * 1-5.")
        self.fields["cron"].widget.attrs["placeholder"] = "30 6 * * 1-5"
        for name in ("every", "cron"):
            self.fields[name].label = starred(str(self.fields[name].label))
        for name, mode in _BELONGS.items():
            self.fields[name].widget.attrs.update({"data-when": "mode", "data-when-values": f'["{mode}"]'})

    def clean_connectors(self) -> list[Connector]:
        """Each at most once."""
        connectors: list[Connector] = self.cleaned_data["connectors"]
        refuse_twice(connectors)
        return connectors

    def clean(self) -> dict[str, Any]:
        """Keep the fields of the chosen kind only, and ask for those that are missing."""
        cleaned = super().clean() or self.cleaned_data
        mode = cleaned.get("mode", INTERVAL)
        for name, belongs in _BELONGS.items():
            if name == "unit":
                cleaned[name] = cleaned.get(name) or Procedure.Unit.MINUTES
            elif belongs != mode:
                cleaned[name] = None if name == "every" else ""
                self.errors.pop(name, None)
            elif cleaned.get(name) in (None, "") and name not in self.errors:
                self.add_error(name, str(explain("missing_option")))
        return cleaned

    def save_connectors(self) -> None:
        """Write the connectors in their order, where that changed; the procedure has to be saved."""
        write_connectors(self.instance, self.cleaned_data["connectors"])


def _zones() -> list[str]:
    return [*sorted(zone for zone in available_timezones() if "/" in zone and not zone.startswith("Etc/")), "UTC"]


class SlotForm(ModelForm[Slot]):
    """One slot: days to tick, from when to when."""

    days = forms.MultipleChoiceField(
        label=gettext_lazy("Days"), choices=DAYS, widget=widgets.UnfoldAdminCheckboxSelectMultipleWidget()
    )

    class Meta:
        model = Slot
        fields = ("days", "start", "end")
        widgets = {"start": _Time(), "end": _Time()}


class SlotInline(TabularInline[Slot, Procedure]):
    """The weekly slots, below the procedure."""

    model = Slot
    form = SlotForm
    extra = 0
    hide_title = True
    verbose_name_plural = gettext_lazy("Weekly slots: only then is it due; none means always")
