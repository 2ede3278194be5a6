"""Set-aside documents: what came and could not be read, kept whole, with the reason."""

from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotAllowed, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext

from approdo.backoffice import consumer, document_page, formats
from approdo.backoffice.unfolded import InfinitePaginator, ModelAdmin
from approdo.nodes.sentences import explain, explain_error
from approdo.nodes.time_ranges import zone_of
from approdo.processes.models import Run
from approdo.processes.rereading import give_up, retry
from approdo.processes.rereading import text as text_of
from approdo.sales.models import SetAside
from approdo.sdk.errors import ConfigError

MAY_RUN = "processes.run_connector"


@admin.register(SetAside)
class SetAsideAdmin(ModelAdmin[SetAside]):
    """List and page; nothing here is changed by hand."""

    list_display = ("shown_number", "about", "state", "reason", "node", "received", "run_link")
    list_select_related = ("node",)
    list_per_page = 50
    empty_hint = gettext_lazy("That is good: every document that came could be read.")
    ordering = ("-received_at",)
    sortable_by = ()
    actions = None
    paginator = InfinitePaginator
    show_full_result_count = False

    @admin.display(description=gettext_lazy("Number"))
    def shown_number(self, document: SetAside) -> str:
        """The order's number, where it could be read."""
        return str(document)

    @admin.display(description=gettext_lazy("State"))
    def state(self, document: SetAside) -> SafeString:
        """Whether it still waits."""
        return _state(document)

    @admin.display(description=gettext_lazy("Reason"))
    def reason(self, document: SetAside) -> str:
        """Why it could not be read, in the reader's language."""
        return explain(document.code, document.params).message

    @admin.display(description=gettext_lazy("Received"))
    def received(self, document: SetAside) -> SafeString:
        """When it came."""
        return formats.moment(document.received_at, zone_of(document.node), seconds=True)

    @admin.display(description=gettext_lazy("Run"))
    def run_link(self, document: SetAside) -> SafeString:
        """The run that brought it."""
        return run_link(document.run)

    def get_queryset(self, request: HttpRequest) -> QuerySet[SetAside]:
        """The list does not read the raw texts."""
        return super().get_queryset(request).defer("raw", "digest")

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        """Reason and raw text; with `?download` the very bytes."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        number = int(object_id) if object_id.isdecimal() else 0
        document = SetAside.objects.select_related("node").filter(pk=number).first()
        if document is None:
            raise Http404
        known = consumer.note_look(request, document, document.sealed)
        text = text_of(document, document.node, document.program, known)
        if "download" in request.GET:
            return document_page.download(text, f"set-aside-{document.pk}.json")
        context = {
            **self.admin_site.each_context(request),
            "opts": SetAside._meta,
            "original": document,
            "state": _state(document),
            "may_retry": document.stored_at is None and request.user.has_perm(MAY_RUN),
            "waits": document.stored_at is None and document.given_up_at is None,
            "given_up": formats.moment(document.given_up_at, zone_of(document.node)) if document.given_up_at else "",
            "reason": explain(document.code, document.params),
            "about": document.get_about_display(),
            "program": formats.program_label(document.program),
            "received": formats.moment(document.received_at, zone_of(document.node), seconds=True),
            "run": run_link(document.run),
            "node": formats.link(document.node),
            "text": document_page.pretty(text),
            "hidden": document.sealed and not known,
            "may_look": document.sealed and request.user.has_perm(consumer.MAY_LOOK),
            "purged": formats.moment(document.purged_at, zone_of(document.node)) if document.purged_at else None,
        }
        request.current_app = self.admin_site.name
        return TemplateResponse(request, "backoffice/set_aside.html", context)

    def get_urls(self) -> list[URLPattern]:
        """The admin's addresses, the one that tries again and the one that gives up."""
        again = path("<int:number>/retry/", self.admin_site.admin_view(self.retry), name="sales_setaside_retry")
        end = path("<int:number>/give-up/", self.admin_site.admin_view(self.give_up), name="sales_setaside_give_up")
        return [again, end, *super().get_urls()]

    def retry(self, request: HttpRequest, number: int) -> HttpResponse:
        """Try to read the document again, and say how it went."""
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        if not (self.has_view_permission(request) and request.user.has_perm(MAY_RUN)):
            raise PermissionDenied
        document = get_object_or_404(SetAside.objects.select_related("node"), pk=number)
        try:
            stored = retry(document)
        except ConfigError as error:
            messages.error(request, str(explain_error(error)))
        else:
            if stored:
                messages.success(request, _("The document has been read and stored."))
            else:
                messages.error(request, _("The document still cannot be read. It is kept whole."))
        return HttpResponseRedirect(reverse("admin:sales_setaside_change", args=[number]))

    def give_up(self, request: HttpRequest, number: int) -> HttpResponse:
        """Write down who gives the document up, and why."""
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        if not (self.has_view_permission(request) and request.user.has_perm(MAY_RUN)):
            raise PermissionDenied
        document = get_object_or_404(SetAside, pk=number)
        try:
            give_up(document, request.POST.get("why", "").replace("\0", ""), request.user.get_username())
        except ConfigError as error:
            messages.error(request, str(explain_error(error)))
        return HttpResponseRedirect(reverse("admin:sales_setaside_change", args=[number]))

    def has_add_permission(self, request: HttpRequest) -> bool:
        """They come by download."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """They are kept as they came."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """They stay until they can be read."""
        return False


def _state(document: SetAside) -> SafeString:
    if document.stored_at:
        return formats.badge(pgettext("set aside", "stored"), "success")
    if document.given_up_at:
        return formats.badge(pgettext("set aside", "given up"), "")
    return formats.badge(pgettext("set aside", "waits"), "warning")


def run_link(number: int | None) -> SafeString:
    """A run by its number alone: rows below `processes` hold no key to it."""
    return formats.link(Run(pk=number), format_html("#{}", number)) if number else formats.NOTHING
