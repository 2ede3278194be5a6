"""Procedures: list, form, and the buttons that run, pause, resume and stop one."""

from collections.abc import Callable
from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import OuterRef, Prefetch, QuerySet, Subquery
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotAllowed, HttpResponseRedirect
from django.template.loader import render_to_string
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from approdo.backoffice import formats
from approdo.backoffice.connectors import MAY_RUN
from approdo.backoffice.deleting import delete_selected
from approdo.backoffice.procedure_forms import DAYS, ProcedureForm, SlotInline
from approdo.backoffice.unfolded import ModelAdmin
from approdo.nodes.sentences import explain, explain_error
from approdo.processes import procedures, schedule
from approdo.processes.models import Procedure, ProcedureStep, Run
from approdo.sdk.errors import ConfigError

SHOWN_AHEAD = 4


@admin.register(Procedure)
class ProcedureAdmin(ModelAdmin[Procedure]):
    """List and form."""

    form = ProcedureForm
    inlines = (SlotInline,)
    list_display = ("name", "connector_list", "when", "next_due", "last_run")
    empty_hint = gettext_lazy("A procedure runs connectors one after the other, at intervals or at fixed times.")
    search_fields = ("name",)
    actions = (delete_selected,)
    change_form_template = "backoffice/form.html"
    change_form_outer_before_template = "backoffice/procedure_panel.html"
    fieldsets = (
        (None, {"fields": ("name", "connectors", "on_error")}),
        (gettext_lazy("Schedule"), {"fields": ("mode", ("every", "unit"), "cron", "time_zone", "grace")}),
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[Procedure]:
        """The procedures with their parts, each with number, state and time of its newest run."""
        newest = Run.objects.filter(procedure=OuterRef("pk")).order_by("-created_at", "-pk")
        steps = Prefetch("steps", ProcedureStep.objects.select_related("connector__node"))
        return (
            super()
            .get_queryset(request)
            .prefetch_related(steps, "slots")
            .annotate(
                run_number=Subquery(newest.values("pk")[:1]),
                run_state=Subquery(newest.values("state")[:1]),
                run_time=Subquery(newest.values("created_at")[:1]),
            )
        )

    @admin.display(description=gettext_lazy("Connectors"))
    def connector_list(self, procedure: Procedure) -> SafeString:
        """The connectors in their order."""
        rows = ((step.connector.name,) for step in procedure.steps.all())
        return format_html('<ol class="ap-order">{}</ol>', format_html_join("", "<li>{}</li>", rows))

    connectors = connector_list  # for who may only look at it; everybody else has the form's field

    @admin.display(description=gettext_lazy("When it is run"))
    def when(self, procedure: Procedure) -> SafeString:
        """The schedule in words."""
        return format_html('{}<br><span class="ap-quiet ap-small">{}</span>', words(procedure), slots(procedure))

    mode = when

    @admin.display(description=gettext_lazy("Due next"), ordering="due_at")
    def next_due(self, procedure: Procedure) -> SafeString:
        """The next due moment in the procedure's zone, or that it is paused."""
        if procedure.paused:
            return formats.badge(_("Paused"), "warning")
        return formats.moment(procedure.next_due(timezone.now()), procedure.zone())

    @admin.display(description=gettext_lazy("Last run"))
    def last_run(self, procedure: Any) -> SafeString:
        """State and time of the newest run."""
        if procedure.run_state is None:
            return format_html('<span class="ap-none">{}</span>', _("never"))
        run = Run(pk=procedure.run_number, state=procedure.run_state)
        address = reverse("admin:processes_run_change", args=[run.pk])
        when = formats.moment(procedure.run_time, procedure.zone())
        return format_html('<a class="ap-pair" href="{}">{} {}</a>', address, formats.run_state(run), when)

    def get_list_display(self, request: HttpRequest) -> Any:
        """The button's column only for whom it is."""
        return [*self.list_display, *([_run_column] if request.user.has_perm(MAY_RUN) else [])]

    def get_urls(self) -> list[URLPattern]:
        """The admin's addresses and those of the buttons."""
        view = self.admin_site.admin_view
        buttons = (("run", self._run), ("pause", self._pause), ("resume", self._resume))
        own = [
            path(f"<int:number>/{name}/", view(self._button(do)), name=f"processes_procedure_{name}")
            for name, do in buttons
        ]
        return [*own, *super().get_urls()]

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        """The form, and above it the buttons, when it is due and how the last run ended."""
        procedure = self.get_object(request, object_id)
        context = {**(extra_context or {}), "may_run": request.user.has_perm(MAY_RUN)}
        if procedure:
            context |= panel(procedure)
        return super().change_view(request, object_id, form_url, context)

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        """The connectors and the slots; and a word where by both it would never be due."""
        form.save_connectors()
        super().save_related(request, form, formsets, change)
        if Procedure.objects.get(pk=form.instance.pk).never_due():
            messages.warning(request, str(explain("never_due")))

    def _button(self, do: Callable[[HttpRequest, Procedure], HttpResponse]) -> Callable[..., HttpResponse]:
        def pressed(request: HttpRequest, number: int) -> HttpResponse:
            if request.method != "POST":
                return HttpResponseNotAllowed(["POST"])
            if not request.user.has_perm(MAY_RUN):
                raise PermissionDenied
            procedure = Procedure.objects.filter(pk=number).first()
            if procedure is None:
                raise Http404
            return do(request, procedure)

        return pressed

    def _run(self, request: HttpRequest, procedure: Procedure) -> HttpResponse:
        try:
            run = procedures.request(procedure, request.user.get_username())
        except ConfigError as error:
            messages.error(request, str(explain_error(error)))
            return _back(procedure)
        return HttpResponseRedirect(reverse("admin:processes_run_change", args=[run.pk]))

    def _pause(self, request: HttpRequest, procedure: Procedure) -> HttpResponse:
        procedures.pause(procedure)
        messages.success(request, _("The procedure is paused: it is not due until you resume it."))
        return _back(procedure)

    def _resume(self, request: HttpRequest, procedure: Procedure) -> HttpResponse:
        procedures.resume(procedure)
        messages.success(request, _("The procedure is resumed."))
        return _back(procedure)


def _back(procedure: Procedure) -> HttpResponse:
    return HttpResponseRedirect(reverse("admin:processes_procedure_change", args=[procedure.pk]))


def panel(procedure: Procedure) -> dict[str, Any]:
    """What stands above the form: due moments ahead, the newest run, whether one goes on."""
    zone, now = procedure.zone(), timezone.now()
    planned = procedure.schedule()
    ahead = schedule.upcoming(planned, procedure.next_due(now), SHOWN_AHEAD) if planned else []
    last_run = procedure.runs.first()
    return {
        "due": [formats.moment(moment, zone) for moment in ahead],
        "zone": zone.key,
        "last_run": last_run,
        "last_run_at": formats.moment(last_run.created_at, zone) if last_run else None,
    }


def words(procedure: Procedure) -> str:
    """“Every 15 minutes”, the cron expression, or that it is only run by hand."""
    if procedure.cron:
        return procedure.cron
    if not procedure.every:
        return _("Only by hand")
    one = procedure.every == 1
    texts = {
        Procedure.Unit.MINUTES: _("Every minute") if one else _("Every %(count)s minutes"),
        Procedure.Unit.HOURS: _("Every hour") if one else _("Every %(count)s hours"),
        Procedure.Unit.DAYS: _("Every day") if one else _("Every %(count)s days"),
    }
    text = texts[Procedure.Unit(procedure.unit)]
    return text if one else text % {"count": formats.number(procedure.every)}


def slots(procedure: Procedure) -> str:
    """“Mon Tue 08:00–18:00”, slot by slot; empty where it is always active."""
    return "; ".join(
        f"{' '.join(str(label) for day, label in DAYS if day in slot.days)} {slot.start:%H:%M}–{slot.end:%H:%M}"
        for slot in procedure.slots.all()
    )


@admin.display(description=gettext_lazy("Run"))
def _run_column(procedure: Procedure) -> SafeString:
    """Posts the list's own form, token included, to the address that runs this procedure."""
    address = reverse("admin:processes_procedure_run", args=[procedure.pk])
    context = {"address": address, "title": _("Run the procedure now?")}
    return mark_safe(render_to_string("backoffice/run_button.html", context))  # noqa: S308
