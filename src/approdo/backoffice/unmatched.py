"""Codes without a match: the list, and recoding what is stored."""

from typing import Any
from urllib.parse import urlencode

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from approdo.backoffice import formats
from approdo.backoffice.documents import NodeFilter
from approdo.backoffice.unfolded import InfinitePaginator, ModelAdmin
from approdo.catalog.models import SkuRecoding
from approdo.exchanges import unmatched
from approdo.exchanges.models import UnmatchedCode
from approdo.nodes.sentences import explain
from approdo.nodes.time_ranges import zone_of
from approdo.processes import presence, recode_jobs
from approdo.processes.models import RecodeJob

MAY_RECODE = "processes.run_connector"

LOOKS = {"waiting": "info", "running": "info", "succeeded": "success", "failed": "danger"}


@admin.register(UnmatchedCode)
class UnmatchedCodeAdmin(ModelAdmin[UnmatchedCode]):
    """The list; codes come and go with the lines that carry them."""

    list_display = (
        "code", "vendor_code", "marketplace", "node_name", "lines", "example", "seen", "new_recoding",
    )  # fmt: skip
    list_display_links = ("code",)
    list_filter = (NodeFilter,)
    list_filter_submit = True
    list_before_template = "backoffice/recoding_panel.html"
    list_per_page = 50
    list_fullwidth = True
    empty_hint = gettext_lazy(
        "No line that was recoded lacks its own SKU. Documents that came before recoding was switched on"
        " are recoded with “Recode all documents”."
    )
    ordering = ("-last_seen", "-id")
    search_fields = ("vendor_sku",)
    search_help_text = gettext_lazy("Vendor SKU or ASIN, from its beginning")
    sortable_by = ()
    actions = None
    paginator = InfinitePaginator
    show_full_result_count = False
    show_facets = admin.ShowFacets.NEVER

    @admin.display(description=gettext_lazy("Vendor SKU, ASIN"))
    def code(self, code: UnmatchedCode) -> SafeString:
        """What its lines carry."""
        shown = format_html('<span class="ap-mono ap-nowrap">{}</span>', code.vendor_sku or code.asin)
        if not (code.vendor_sku and code.asin):
            return shown
        return format_html('{}<br><span class="ap-mono ap-nowrap ap-quiet">{}</span>', shown, code.asin)

    @admin.display(description=gettext_lazy("Node"))
    def node_name(self, code: UnmatchedCode) -> str:
        """Which account it came from."""
        return code.node.name

    @admin.display(description=gettext_lazy("Lines"))
    def lines(self, code: UnmatchedCode) -> str:
        """How many lines carry it, or at least how many."""
        [count] = unmatched.line_counts([code.pk]).values()
        shown = formats.number(count)
        return _("at least %(count)s") % {"count": shown} if count >= unmatched.MOST_COUNTED else shown

    @admin.display(description=gettext_lazy("Example"))
    def example(self, code: UnmatchedCode) -> SafeString:
        """The newest order that carries it."""
        [document] = unmatched.examples([code.pk]).values() or [None]
        return formats.link(document) if document else formats.NOTHING

    @admin.display(description=gettext_lazy("Seen"))
    def seen(self, code: UnmatchedCode) -> SafeString:
        """When an order first and when one last brought it."""
        zone = zone_of(code.node)
        last = formats.moment(code.last_seen, zone)
        if code.first_seen == code.last_seen:
            return last
        since = format_html(
            '<span class="ap-quiet ap-small">{} {}</span>', _("since"), formats.moment(code.first_seen, zone)
        )
        return format_html("<div>{}<br>{}</div>", last, since)

    @admin.display(description="")
    def new_recoding(self, code: UnmatchedCode) -> SafeString:
        """The form of a new recoding, with what is known filled in."""
        kind = SkuRecoding.Kind.VENDOR_SKU if code.vendor_sku else SkuRecoding.Kind.ASIN
        known = {"node": code.node_id, "vendor_code": code.vendor_code, "marketplace": code.marketplace}
        filled = urlencode({**known, "kind": kind, "external": code.vendor_sku or code.asin})
        address = f"{reverse('admin:catalog_skurecoding_add')}?{filled}"
        return format_html('<a class="ap-link ap-nowrap" href="{}">{}</a>', address, _("New recoding"))

    def get_list_display(self, request: HttpRequest) -> Any:
        """The way to a new recoding only for those who may make one."""
        columns = super().get_list_display(request)
        return columns if _may_add(self.admin_site, request) else [name for name in columns if name != "new_recoding"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[UnmatchedCode]:
        """Those that a line carries. Joined to nothing: a join would be walked first."""
        return unmatched.listed().prefetch_related("node")

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[UnmatchedCode], search_term: str
    ) -> tuple[QuerySet[UnmatchedCode], bool]:
        """Through indexes, by vendor SKU or ASIN."""
        return unmatched.search(queryset, search_term), False

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        """The list, and above it what is being recoded."""
        return super().changelist_view(request, {**(extra_context or {}), **_panel(request)})

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        """The documents with lines that carry the code, as a search finds them."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        code = unmatched.listed().filter(pk=int(object_id) if object_id.isdecimal() else 0).first()
        if code is None:
            return HttpResponseRedirect(reverse("admin:exchanges_unmatchedcode_changelist"))
        wanted = urlencode({"q": code.vendor_sku or code.asin, "unmatched": 1})
        return HttpResponseRedirect(f"{reverse('admin:sales_saledocument_changelist')}?{wanted}")

    def get_urls(self) -> list[URLPattern]:
        """The list's address, the panel's, and the one that asks for a recoding."""
        view = self.admin_site.admin_view
        recode = path("recode/", view(self.recode), name="exchanges_unmatchedcode_recode")
        panel = path("panel/", view(self.panel), name="exchanges_unmatchedcode_panel")
        return [recode, panel, *super().get_urls()]

    def recode(self, request: HttpRequest) -> HttpResponse:
        """Ask for stored documents to be recoded, and show how far that is."""
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        if not (self.has_view_permission(request) and request.user.has_perm(MAY_RECODE)):
            raise PermissionDenied
        lines = request.POST.get("lines", "")
        if lines in RecodeJob.Lines:
            recode_jobs.request(lines, request.user.get_username())
        return HttpResponseRedirect(reverse("admin:exchanges_unmatchedcode_changelist"))

    def panel(self, request: HttpRequest) -> HttpResponse:
        """What is being recoded, while it is; asks for the whole page when that has ended."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        context = _panel(request)
        response = TemplateResponse(request, "backoffice/recoding_panel.html", context)
        response["Cache-Control"] = "no-store"
        if not (context["job"] and context["job"].live):
            response["HX-Refresh"] = "true"
        return response

    def has_add_permission(self, request: HttpRequest) -> bool:
        """They come with lines."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """A recoding is added instead."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """They go when they are matched."""
        return False


def _may_add(site: admin.AdminSite, request: HttpRequest) -> bool:
    return site.is_registered(SkuRecoding) and request.user.has_perm("catalog.add_skurecoding")


def _panel(request: HttpRequest) -> dict[str, Any]:
    job = recode_jobs.newest()
    return {
        "job": job,
        "may_recode": request.user.has_perm(MAY_RECODE),
        "job_state": formats.badge(job.get_state_display(), LOOKS[job.state]) if job else "",
        "job_at": formats.moment(job.ended_at or job.started_at or job.created_at, seconds=True) if job else "",
        "job_counts": _counts(job) if job else [],
        "job_error": explain(job.error_code, job.error_params) if job and job.error_code else None,
        "no_worker": bool(job and job.live) and presence.workers_alive() == 0,
    }


def _counts(job: RecodeJob) -> list[tuple[str, str]]:
    """What the job did; only the documents and what is not zero."""
    labels = {
        "documents": _("Documents looked at"),
        "documents_changed": _("Documents changed"),
        "matched": _("Lines matched"),
        "replaced": _("Lines with another own SKU or title"),
        "removed": _("Lines that lost their own SKU"),
        "without": _("Lines without a match"),
    }
    counts = job.as_data()["counts"]
    told = [name for name in labels if counts[name] or name == "documents"]
    return [(labels[name], formats.number(counts[name])) for name in told]
