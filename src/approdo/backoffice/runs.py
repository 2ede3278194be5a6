"""Runs: what was done, when, for whom, with what result; live while it lasts."""

from typing import Any

from django.conf import settings
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import Prefetch
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotAllowed, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from approdo.backoffice import formats, run_page, run_words, timeline
from approdo.backoffice.requests_table import requests_table
from approdo.backoffice.run_filters import ConnectorFilter, KindFilter, ProcedureFilter, RequestedFilter, StateFilter
from approdo.backoffice.unfolded import InfinitePaginator, ModelAdmin
from approdo.nodes.sentences import explain_error
from approdo.processes import procedures, run_data, runs
from approdo.processes.models import ProcedureStep, Run
from approdo.sdk.errors import ConfigError

MAY_RUN = "processes.run_connector"


@admin.register(Run)
class RunAdmin(ModelAdmin[Run]):
    """List and page; nothing here is changed by hand."""

    list_display = ("run_number", "what", "badge", "requested", "length", "results", "asked_by")
    list_display_links = ("run_number",)
    list_select_related = ("connector__node", "procedure")
    list_filter = (KindFilter, ProcedureFilter, ConnectorFilter, StateFilter, RequestedFilter)
    list_filter_submit = True
    list_before_template = "backoffice/run_tabs.html"
    list_per_page = 50
    list_fullwidth = True
    empty_hint = gettext_lazy("Runs begin with a connector's button “Run the connector now?”.")
    ordering = ("-created_at", "-id")
    sortable_by = ()
    actions = None
    paginator = InfinitePaginator
    show_full_result_count = False
    show_facets = admin.ShowFacets.NEVER

    @admin.display(description=gettext_lazy("Run"))
    def run_number(self, run: Run) -> str:
        """The run's number."""
        return f"#{run.pk}"

    def get_queryset(self, request: HttpRequest) -> Any:
        """Each run with the procedures' runs that it is a step of, and its procedure's steps, which know the zone."""
        found = super().get_queryset(request)
        return found.prefetch_related(
            "part_of__run", Prefetch("procedure__steps", ProcedureStep.objects.select_related("connector__node"))
        )

    @admin.display(description=gettext_lazy("What was run"))
    def what(self, run: Run) -> SafeString:
        """A procedure or a connector, and whether as a step of a procedure's run."""
        return run_title(run)

    @admin.display(description=gettext_lazy("State"))
    def badge(self, run: Run) -> SafeString:
        """The state, coloured."""
        return formats.run_state(run)

    @admin.display(description=gettext_lazy("Requested"))
    def requested(self, run: Run) -> SafeString:
        """When somebody asked for it, and when it was due."""
        there = run_page.zone(run)
        asked = formats.moment(run.created_at, there, seconds=True)
        if run.due_at is None:
            return asked
        due = format_html('<span class="ap-quiet ap-small">{} {}</span>', _("due"), formats.moment(run.due_at, there))
        return format_html("<div>{}<br>{}</div>", asked, due)

    @admin.display(description=gettext_lazy("Asked by"))
    def asked_by(self, run: Run) -> SafeString | str:
        """A person, a token, the schedule, or the procedure of which it is a step."""
        return run_words.asked_by(run) or formats.NOTHING

    @admin.display(description=gettext_lazy("Duration"))
    def length(self, run: Run) -> SafeString:
        """From start to end."""
        return format_html('<span class="ap-number">{}</span>', run_words.duration(run) or "–")

    @admin.display(description=gettext_lazy("Result"))
    def results(self, run: Run) -> str:
        """The counts that are not zero, in words."""
        run_data.add_up(run)
        return run_words.summary(run)

    def get_urls(self) -> list[URLPattern]:
        """The admin's addresses, the live part of a run's page, and its end by hand."""
        view = self.admin_site.admin_view
        return [
            path("<int:number>/live/", view(self.live), name="processes_run_live"),
            path("<int:number>/requests/", view(self.requests), name="processes_run_requests"),
            path("<int:number>/cancel/", view(self.cancel), name="processes_run_cancel"),
            path("<int:number>/retry/", view(self.retry), name="processes_run_retry"),
            path("timeline/", view(self.timeline), name="processes_run_timeline"),
            *super().get_urls(),
        ]

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        """The run's page; where it was thinned out, a page that says so."""
        number = int(object_id) if object_id.isdecimal() and len(object_id) < 19 else 0
        context = {**self.admin_site.each_context(request), "opts": Run._meta, "number": number}
        request.current_app = self.admin_site.name
        if self.has_view_permission(request) and _was_thinned(number):
            gone = {"days": settings.KEEP_RUNS, "page_title": f"#{number}"}
            return TemplateResponse(request, "backoffice/run_gone.html", context | gone, status=410)
        run = self._run(request, number)
        context |= {
            "original": run,
            "may_run": request.user.has_perm(MAY_RUN),
            "keep": settings.KEEP_RUNS,
            "requests": requests_table(run, request.GET),
            **run_page.whole(run),
        }
        return TemplateResponse(request, "backoffice/run.html", context)

    def timeline(self, request: HttpRequest) -> HttpResponse:
        """What ran when, as a picture; only the picture itself where the page brings it up to date."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        alone = "HX-Request" in request.headers
        context = {**timeline.picture(request.GET), "alone": alone, "opts": Run._meta, "page_title": _("Timeline")}
        if not alone:
            context |= self.admin_site.each_context(request)
        request.current_app = self.admin_site.name
        template = "backoffice/timeline_picture.html" if alone else "backoffice/timeline.html"
        return TemplateResponse(request, template, context)

    def requests(self, request: HttpRequest, number: int) -> HttpResponse:
        """One page of the run's requests."""
        run = self._run(request, number)
        context = {"original": run, "keep": settings.KEEP_RUNS, "requests": requests_table(run, request.GET)}
        response = TemplateResponse(request, "backoffice/run_requests.html", context)
        response["Cache-Control"] = "no-store"
        return response

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
        """End the run at once, a procedure's with the part it started; what was stored stays."""
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        if not request.user.has_perm(MAY_RUN):
            raise PermissionDenied
        run = self._run(request, number)
        if (procedures if run.is_procedure else runs).cancel(run):
            messages.success(request, _("The run was cancelled. What it had stored stays."))
        else:
            messages.info(request, _("The run had ended already."))
        return HttpResponseRedirect(reverse("admin:processes_run_change", args=[number]))

    def retry(self, request: HttpRequest, number: int) -> HttpResponse:
        """Ask for a run of what this one left undone, and show it."""
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        if not request.user.has_perm(MAY_RUN):
            raise PermissionDenied
        run = self._run(request, number)
        try:
            run = (procedures if run.is_procedure else runs).retry(run, request.user.get_username())
        except ConfigError as error:
            messages.error(request, str(explain_error(error)))
        return HttpResponseRedirect(reverse("admin:processes_run_change", args=[run.pk]))

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
        run = Run.objects.select_related("connector__node", "procedure", "retry_of").filter(pk=number).first()
        if run is None:
            raise Http404
        return run


def run_title(run: Run) -> SafeString:
    """Icon and name of what was run; for a step of a procedure's run also which one."""
    icon, kind = ("account_tree", _("Procedure")) if run.is_procedure else ("cable", _("Connector"))
    title = format_html(
        '<a class="ap-what" href="{}"><span class="material-symbols-outlined" role="img" aria-label="{}" title="{}">'
        "{}</span>{}</a>",
        reverse("admin:processes_run_change", args=[run.pk]), kind, kind, icon, run.name,
    )  # fmt: skip
    steps = [] if run.is_procedure else list(run.part_of.all())
    if not steps:
        return format_html("<div>{}</div>", title)
    links = format_html_join(
        ", ", '<a class="ap-link" href="{}">#{}</a>',
        ((reverse("admin:processes_run_change", args=[step.run_id]), step.run_id) for step in steps),
    )  # fmt: skip
    return format_html('<div>{}<br><span class="ap-quiet ap-small">{} {}</span></div>', title, _("step of run"), links)


def _was_thinned(number: int) -> bool:
    """Whether there was a run with this number, and is no more."""
    newest = Run.objects.order_by("-pk").first()
    return bool(newest and 0 < number < newest.pk) and not Run.objects.filter(pk=number).exists()
