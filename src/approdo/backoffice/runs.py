"""Runs: what was done, when, for whom, with what result; live while it lasts."""

from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotAllowed, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from approdo.backoffice import formats, run_page
from approdo.backoffice.unfolded import DropdownFilter, InfinitePaginator, ModelAdmin
from approdo.processes import runs
from approdo.processes.models import Connector, Run

MAY_RUN = "processes.run_connector"


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


class ConnectorFilter(DropdownFilter):
    """By connector."""

    title = gettext_lazy("connector")
    parameter_name = "connector"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """Every connector that there still is."""
        return [(str(pk), name) for pk, name in Connector.objects.values_list("pk", "name")]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        """The runs of the chosen connector."""
        chosen = self.value() or ""
        return queryset.filter(connector=chosen) if chosen.isdecimal() else queryset


@admin.register(Run)
class RunAdmin(ModelAdmin[Run]):
    """List and page; nothing here is changed by hand."""

    list_display = ("run_number", "connector_name", "badge", "requested", "length", "results", "requested_by")
    list_display_links = ("run_number", "connector_name")
    list_select_related = ("connector__node",)
    list_filter = (StateFilter, ConnectorFilter)
    list_filter_submit = True
    list_per_page = 50
    list_fullwidth = True
    empty_hint = gettext_lazy("Runs begin with a connector's button “Run the connector now?”.")
    ordering = ("-created_at", "-id")
    sortable_by = ()
    actions = None
    paginator = InfinitePaginator
    show_full_result_count = False

    @admin.display(description=gettext_lazy("Run"))
    def run_number(self, run: Run) -> str:
        """The run's number."""
        return f"#{run.pk}"

    @admin.display(description=gettext_lazy("State"))
    def badge(self, run: Run) -> SafeString:
        """The state, coloured."""
        return formats.run_state(run)

    @admin.display(description=gettext_lazy("Requested"))
    def requested(self, run: Run) -> SafeString:
        """When somebody asked for it."""
        return formats.moment(run.created_at, run_page.zone(run), seconds=True)

    @admin.display(description=gettext_lazy("Duration"))
    def length(self, run: Run) -> SafeString:
        """From start to end."""
        return format_html('<span class="ap-number">{}</span>', run_page.duration(run) or "–")

    @admin.display(description=gettext_lazy("Result"))
    def results(self, run: Run) -> str:
        """The counts that are not zero, in words."""
        return run_page.summary(run)

    def get_urls(self) -> list[URLPattern]:
        """The admin's addresses, the live part of a run's page, and its end by hand."""
        view = self.admin_site.admin_view
        return [
            path("<int:number>/live/", view(self.live), name="processes_run_live"),
            path("<int:number>/cancel/", view(self.cancel), name="processes_run_cancel"),
            *super().get_urls(),
        ]

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        """The run's page."""
        run = self._run(request, int(object_id) if object_id.isdecimal() else 0)
        context = {
            **self.admin_site.each_context(request),
            "opts": Run._meta,
            "original": run,
            "may_run": request.user.has_perm(MAY_RUN),
            **run_page.whole(run),
        }
        request.current_app = self.admin_site.name
        return TemplateResponse(request, "backoffice/run.html", context)

    def live(self, request: HttpRequest, number: int) -> HttpResponse:
        """The part of the page that changes while the run works; asks for the whole page when it has ended."""
        run = self._run(request, number)
        context = {"original": run, "may_run": request.user.has_perm(MAY_RUN), **run_page.progress(run)}
        response = TemplateResponse(request, "backoffice/run_live.html", context)
        response["Cache-Control"] = "no-store"
        if not run.live:
            response["HX-Refresh"] = "true"
        return response

    def cancel(self, request: HttpRequest, number: int) -> HttpResponse:
        """End the run at once; what it has stored stays."""
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        if not request.user.has_perm(MAY_RUN):
            raise PermissionDenied
        if runs.cancel(self._run(request, number)):
            messages.success(request, _("The run was cancelled. What it had stored stays."))
        else:
            messages.info(request, _("The run had ended already."))
        return HttpResponseRedirect(reverse("admin:processes_run_change", args=[number]))

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Runs are asked for with a connector's button."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """What happened is not changed."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """What happened is not deleted."""
        return False

    def _run(self, request: HttpRequest, number: int) -> Run:
        if not self.has_view_permission(request):
            raise PermissionDenied
        run = Run.objects.select_related("connector__node").filter(pk=number).first()
        if run is None:
            raise Http404
        return run
