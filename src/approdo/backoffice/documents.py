"""Sale documents: the list. However many there are, nothing here counts or scans them.

Each filter, search and order uses an index; the page of one document is `document_page`.
"""

from typing import Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotAllowed, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.html import escape, format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext

from approdo.backoffice import billing_section, consumer, document_page, formats, seen
from approdo.backoffice.batch_page import MAY_EXPORT_AGAIN
from approdo.backoffice.days import on_days
from approdo.backoffice.days_filter import DaysFilter
from approdo.backoffice.exported_filter import ExportedFilter
from approdo.backoffice.invoicing_filter import InvoicingFilter
from approdo.backoffice.status_filters import ConfirmationFilter, OpenFilter, ReceivingFilter
from approdo.backoffice.unfolded import ChangeList, DropdownFilter, InfinitePaginator, ModelAdmin, TextFilter
from approdo.exchanges import unmatched
from approdo.nodes.models import Node
from approdo.nodes.time_ranges import zone_of
from approdo.processes import rereading
from approdo.sales.bills import BILLS
from approdo.sales.models import DocumentVersion, SaleDocument, StatusVersion
from approdo.sales.queries import having, search
from approdo.sales.raw import is_sealed
from approdo.sales.status_queries import status_of

UNSHOWN = ("parties", "import_details", "raw_digest", "content_digest", "deal_code")
"""What the list does not read of each row."""


class NodeFilter(DropdownFilter):
    """By node."""

    title = gettext_lazy("node")
    parameter_name = "node"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """Every node."""
        return [(str(pk), name) for pk, name in Node.objects.values_list("pk", "name")]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        """The rows of the chosen node."""
        chosen = self.value() or ""
        return queryset.filter(node=chosen) if chosen.isdecimal() else queryset


class DocumentNodeFilter(NodeFilter):
    """The same for documents."""

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        """The documents of the chosen node."""
        chosen = self.value() or ""
        if not chosen.isdecimal():
            return queryset
        return having(queryset, "node", int(chosen)) if len(chosen) < 19 else queryset.none()


class TypeFilter(DropdownFilter):
    """By what a document is."""

    title = gettext_lazy("type")
    parameter_name = "type"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """Every type."""
        return [(value, str(label)) for value, label in SaleDocument.Type.choices]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        """The documents of the chosen type."""
        return having(queryset, "type", self.value()) if self.value() else queryset


class ProgramFilter(DropdownFilter):
    """By program: Retail or Direct Fulfillment."""

    title = gettext_lazy("program")
    parameter_name = "program"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """The programs that the connector types read."""
        return list(formats.program_labels().items())

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        """The documents of the chosen program."""
        return having(queryset, "program", self.value()) if self.value() else queryset


class StateFilter(DropdownFilter):
    """By Amazon's state."""

    title = gettext_lazy("state")
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """The states that the connector types declare, each name once."""
        return [(states[0], label) for label, states in formats.state_groups().items()]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        """The documents in the chosen state."""
        return having(queryset, "state", *formats.alike(self.value() or "")) if self.value() else queryset


class SeenFilter(DropdownFilter):
    """By what is new to whoever looks."""

    title = gettext_lazy("new to me")
    parameter_name = "seen"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """Changed since they looked, never looked at, either."""
        return [(value, str(label)) for value, label in seen.LABELS.items()]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        """The documents that are new in this way."""
        wanted = seen.FILTERS.get(self.value() or "")
        return wanted(queryset, request.user) if wanted else queryset


class OwnSkuFilter(DropdownFilter):
    """By whether own SKUs are missing."""

    title = gettext_lazy("own SKUs")
    parameter_name = "unmatched"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """What can be asked through an index."""
        return [("1", _("with unmatched codes (the newest %(most)s)") % {"most": formats.number(unmatched.MOST_FOUND)})]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        """The documents with a line that has no match."""
        return queryset.filter(pk__in=unmatched.documents()) if self.value() else queryset


class VendorCodeFilter(TextFilter):
    """By vendor code, exactly."""

    title = gettext_lazy("vendor code")
    parameter_name = "vendor_code"

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        """The documents with this vendor code."""
        return _exactly(queryset, "vendor_code", self.value())


class ShipToFilter(TextFilter):
    """By destination, exactly."""

    title = gettext_lazy("ship-to")
    parameter_name = "ship_to"

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        """The documents for this destination."""
        return _exactly(queryset, "ship_to", self.value())


def _exactly(queryset: Any, column: str, wanted: str | None) -> Any:
    text = (wanted or "").strip()
    return having(queryset, column, text) if text else queryset


class DateFilter(DaysFilter):
    """By the document's date as the list shows it, from one day to another, both included."""

    names = ("dated_from", "dated_to")
    within = staticmethod(on_days)


class OneIndexOrder(ChangeList):
    """An order that is one index read from either end: one column, and the rows' numbers the same way round."""

    def get_ordering(self, request: HttpRequest, queryset: QuerySet[Any]) -> Any:
        """The column that was chosen first, then the primary key in the same direction."""
        column = str(super().get_ordering(request, queryset)[0])
        return [column, "-pk" if column.startswith("-") else "pk"]

    def get_results(self, request: HttpRequest) -> None:
        """The page's numbers from the index alone, then their rows: what lies before a far page is not even read."""
        super().get_results(request)
        numbers = list(self.result_list.prefetch_related(None).values_list("pk", flat=True))
        rows = self.root_queryset.in_bulk(numbers)
        self.result_list = [rows[number] for number in numbers if number in rows]


@admin.register(SaleDocument)
class SaleDocumentAdmin(ModelAdmin[SaleDocument]):
    """List and page; documents are written by downloads only."""

    list_display = (
        "marked_number", "dated", "badge", "vendor_code", "ship_to", "node_name", "line_count", "amount", "updated",
    )  # fmt: skip
    list_before_template = "backoffice/seen_all.html"
    list_filter = (
        DocumentNodeFilter, ProgramFilter, StateFilter, SeenFilter, ExportedFilter, DateFilter, VendorCodeFilter,
        ShipToFilter, TypeFilter, OwnSkuFilter, InvoicingFilter, ConfirmationFilter, ReceivingFilter, OpenFilter,
    )  # fmt: skip
    list_filter_submit = True
    list_per_page = 50
    list_fullwidth = True
    empty_hint = gettext_lazy("Documents come with the first run of a connector that downloads orders.")
    sortable_by = ("marked_number", "dated", "updated")
    ordering = ("-date", "-id")
    search_fields = ("number",)
    search_help_text = gettext_lazy("Number, customer order, ASIN or SKU, from its beginning")
    actions = None
    paginator = InfinitePaginator
    show_full_result_count = False
    show_facets = admin.ShowFacets.NEVER

    @admin.display(description=gettext_lazy("Number"), ordering="number")
    def marked_number(self, document: SaleDocument) -> SafeString:
        """Its number, what it is where it is no order, and whether it is new to whoever looks."""
        match seen.mark(document):
            case "changed":
                mark = formats.badge(pgettext("a document", "changed"), "warning")
            case "unseen":
                label = seen.LABELS["unseen"]
                mark = format_html('<span class="ap-unseen" title="{0}" aria-label="{0}">●</span>', label)
            case _:
                mark = SafeString("")
        number = document.number
        if document.type in BILLS:
            number = format_html("{} {}", number, formats.badge(document.get_type_display()))
        return format_html("{} {}", number, mark) if mark else SafeString(escape(number))

    @admin.display(description=gettext_lazy("Date"), ordering="date")
    def dated(self, document: SaleDocument) -> SafeString | str:
        """The document's date."""
        zone = zone_of(document.node)
        return billing_section.day(document, zone) if document.type in BILLS else formats.moment(document.date, zone)

    @admin.display(description=gettext_lazy("State"))
    def badge(self, document: SaleDocument) -> SafeString:
        """Amazon's state, coloured."""
        return formats.document_state(document.state)

    @admin.display(description=gettext_lazy("Node"))
    def node_name(self, document: SaleDocument) -> str:
        """Which account it came from."""
        return document.node.name

    @admin.display(description=gettext_lazy("Total"))
    def amount(self, document: SaleDocument) -> SafeString:
        """Total and currency; of an invoice what is to be paid."""
        bill = document.type in BILLS
        shown = billing_section.gross(document) if bill else formats.amount(document.total, document.currency)
        return format_html('<span class="ap-amount">{}</span>', shown) if shown else formats.NOTHING

    @admin.display(description=gettext_lazy("Updated"), ordering="updated_at")
    def updated(self, document: SaleDocument) -> SafeString:
        """When it last changed here."""
        return formats.moment(document.updated_at, zone_of(document.node))

    def get_queryset(self, request: HttpRequest) -> QuerySet[SaleDocument]:
        """The documents without what only their page shows. Joined to nothing: a join would be walked first."""
        return seen.with_seen(super().get_queryset(request).defer(*UNSHOWN), request.user).prefetch_related("node")

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        """The list in an order that an index has."""
        return OneIndexOrder

    def get_ordering(self, request: HttpRequest) -> tuple[str, ...]:
        """By date; what is new to somebody, or to an ERP, by its change, through whose index it is found."""
        by_change = request.GET.get("seen") or request.GET.get("exported")
        return ("-updated_at", "-id") if by_change else ("-date", "-id")

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        """The list, and the moment that marking all as seen refers to."""
        return super().changelist_view(request, {**(extra_context or {}), "listed_at": timezone.now().isoformat()})

    def see_all(self, request: HttpRequest) -> HttpResponse:
        """Mark all that stood in the list as seen, in whatever filter."""
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        if not self.has_view_permission(request):
            raise PermissionDenied
        until = parse_datetime(request.POST.get("until", "")) if len(request.POST.get("until", "")) < 40 else None
        seen.mark_all(request.user, until if until and until.tzinfo else timezone.now())
        return HttpResponseRedirect(reverse("admin:sales_saledocument_changelist"))

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[SaleDocument], search_term: str
    ) -> tuple[QuerySet[SaleDocument], bool]:
        """Through indexes, by number, ASIN or SKU."""
        return search(queryset, search_term), False

    def get_urls(self) -> list[URLPattern]:
        """The admin's addresses and the raw data of a version, or of a status."""
        view = self.admin_site.admin_view
        raw = path("<int:number>/versions/<int:version>/", view(self.raw), name="sales_saledocument_raw")
        purge = path("<int:number>/purge/", view(self.purge), name="sales_saledocument_purge")
        status = path("<int:number>/statuses/<int:version>/", view(self.raw_status), name="sales_saledocument_status")
        see_all = path("seen/", view(self.see_all), name="sales_saledocument_seen")
        return [raw, purge, status, see_all, *super().get_urls()]

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        """The document's page."""
        document = self._document(request, int(object_id) if object_id.isdecimal() else 0)
        context = {
            **self.admin_site.each_context(request),
            "opts": SaleDocument._meta,
            "original": document,
            **document_page.whole(document, request.GET, consumer.of(request, document)),
            "may_export_again": request.user.has_perm(MAY_EXPORT_AGAIN),
            "seen_before": seen.look(request.user, document),
        }
        request.current_app = self.admin_site.name
        return TemplateResponse(request, "backoffice/document.html", context)

    def raw(self, request: HttpRequest, number: int, version: int) -> HttpResponse:
        """A version as it came: a part of the page, or with `?download` the very bytes."""
        document = self._document(request, number)
        found = document.versions.filter(number=version).first()
        return _raw(request, document, found, f"{document.number}-v{version}.json")

    def raw_status(self, request: HttpRequest, number: int, version: int) -> HttpResponse:
        """The same for a version of the order's status."""
        document = self._document(request, number)
        status = status_of(document)
        found = status.versions.filter(number=version).first() if status else None
        return _raw(request, document, found, f"{document.number}-status-{version}.json")

    def purge(self, request: HttpRequest, number: int) -> HttpResponse:
        """Forget the consumer."""
        return consumer.purge(request, self._document(request, number))

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Documents come by download."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """A document says what Amazon said."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Documents stay."""
        return False

    def _document(self, request: HttpRequest, number: int) -> SaleDocument:
        if not self.has_view_permission(request):
            raise PermissionDenied
        document = SaleDocument.objects.select_related("node").filter(pk=number).first()
        if document is None:
            raise Http404
        return document


def _raw(
    request: HttpRequest, document: SaleDocument, found: DocumentVersion | StatusVersion | None, name: str
) -> HttpResponse:
    if found is None:
        raise Http404
    known = consumer.note_look(request, document, is_sealed(found))
    text = rereading.text(found, document.node, document.program, known)
    if "download" in request.GET:
        return document_page.download(text, name)
    context = {"text": document_page.pretty(text), "hidden": is_sealed(found) and not known}
    return TemplateResponse(request, "backoffice/raw.html", context)
