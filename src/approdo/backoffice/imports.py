"""API › Import documents: the connectors that take documents, every call, and what became of each document."""

from typing import Any, NamedTuple

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from approdo.backoffice import formats
from approdo.backoffice.unfolded import DropdownFilter, InfinitePaginator, ModelAdmin
from approdo.exchanges.imports import taking
from approdo.exchanges.models import ImportCall, ImportedDocument
from approdo.nodes.sentences import explain
from approdo.processes import taking_in
from approdo.processes.models import Connector, Token
from approdo.sales.models import SaleDocument
from approdo.sales.queries import prefix

Result = ImportedDocument.Result
LOOKS = {Result.ACCEPTED: "success", Result.UNCHANGED: "", Result.REFUSED: "danger"}
MOST_SHOWN = 500
"""Documents of one call on its page: no call has more than `reading.MOST`."""


class Taking(NamedTuple):
    """A connector that takes documents, and its last call."""

    connector: Connector
    link: SafeString
    address: str
    last: ImportCall | None
    last_at: SafeString
    tokens: list[Token]


class Row(NamedTuple):
    """What became of one document, ready to be shown."""

    row: ImportedDocument
    kind: str
    name: SafeString | str
    result: SafeString
    said: list[tuple[str, str]]


def taking_of(connector: Connector, request: HttpRequest) -> Taking:
    """What the screens say of one connector."""
    last = ImportCall.objects.filter(connector=connector.pk).first()
    path = reverse("api-1:import_documents", kwargs={"id": connector.pk})
    return Taking(
        connector=connector,
        link=formats.link(connector),
        address=request.build_absolute_uri(path),
        last=last,
        last_at=formats.moment(last.began_at if last else None),
        tokens=list(Token.objects.filter(connector=connector)),
    )


class ConnectorFilter(DropdownFilter):
    """By connector; `column` is where its number stands."""

    title = gettext_lazy("connector")
    parameter_name = "connector"
    column = "connector"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """Those that take documents."""
        return [(str(pk), name) for pk, name in _connectors().values_list("pk", "name")]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        """What was posted to the chosen one."""
        chosen = self.value() or ""
        return queryset.filter(**{self.column: chosen}) if chosen.isdecimal() and len(chosen) < 19 else queryset


class CalledConnectorFilter(ConnectorFilter):
    """The same for documents."""

    column = "call__connector"


class ResultFilter(DropdownFilter):
    """By what became of it."""

    title = gettext_lazy("result")
    parameter_name = "result"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """Every result."""
        return [(value, str(label)) for value, label in Result.choices]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        """The documents of which that became."""
        return queryset.filter(result=self.value()) if self.value() in Result.values else queryset


class _Written(ModelAdmin[Any]):
    """What calls leave behind: only to be looked at."""

    list_filter_submit = True
    list_per_page = 50
    sortable_by = ()
    actions = None
    paginator = InfinitePaginator
    show_full_result_count = False

    def has_add_permission(self, request: HttpRequest) -> bool:
        """It comes by calls."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """It says what was."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """It goes by itself when it is old."""
        return False


@admin.register(ImportCall)
class ImportCallAdmin(_Written):
    """The connectors, the calls below, and the page of a call."""

    list_display = ("began", "of_connector", "called_by", "of_format", "accepted", "unchanged", "refused", "outcome")
    list_filter = (ConnectorFilter,)
    list_before_template = "backoffice/importing.html"
    empty_hint = gettext_lazy("A call comes when an ERP posts to a connector of the type API Import documents.")

    @admin.display(description=gettext_lazy("Called"))
    def began(self, call: ImportCall) -> SafeString:
        """When it began."""
        return formats.moment(call.began_at, seconds=True)

    @admin.display(description=gettext_lazy("Connector"))
    def of_connector(self, call: ImportCall) -> str:
        """The connector's name; its number where it is gone."""
        return _name(call.connector)

    @admin.display(description=gettext_lazy("Format"))
    def of_format(self, call: ImportCall) -> str:
        """XML or JSON."""
        return call.format.upper()

    @admin.display(description=gettext_lazy("Outcome"))
    def outcome(self, call: ImportCall) -> SafeString:
        """Whether all of it was taken."""
        if call.error_code:
            return formats.badge(_("Not readable"), "danger")
        if call.ended_at is None:
            return formats.badge(_("Not ended"), "warning")
        return formats.badge(_("Some refused"), "warning") if call.refused else formats.badge(_("Taken"), "success")

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        """The calls, and above them who takes them."""
        takers = [taking_of(one, request) for one in _connectors()]
        return super().changelist_view(request, {**(extra_context or {}), "takers": takers})

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        """Who called and when, and its documents with what was answered."""
        call = self._call(request, int(object_id) if object_id.isdecimal() and len(object_id) < 19 else 0)
        rows = call.documents.select_related("document").order_by("position")[:MOST_SHOWN]
        context = {
            **self.admin_site.each_context(request),
            "opts": ImportCall._meta,
            "original": call,
            "name": _name(call.connector),
            "outcome": self.outcome(call),
            "began": formats.moment(call.began_at, seconds=True),
            "ended": formats.moment(call.ended_at, seconds=True),
            "error": explain(call.error_code, call.error_params) if call.error_code else None,
            "size": formats.number(call.bytes),
            "rows": [_row(one) for one in rows],
        }
        request.current_app = self.admin_site.name
        return TemplateResponse(request, "backoffice/import_call.html", context)

    def _call(self, request: HttpRequest, number: int) -> ImportCall:
        if not self.has_view_permission(request):
            raise PermissionDenied
        call = ImportCall.objects.filter(pk=number).first()
        if call is None:
            raise Http404
        return call


@admin.register(ImportedDocument)
class ImportedDocumentAdmin(_Written):
    """Every document that was posted: found by its number, or by what became of it."""

    list_display = ("named", "kind", "of_call", "of_connector", "became", "why")
    list_display_links = None
    list_filter = (ResultFilter, CalledConnectorFilter)
    list_select_related = ("call", "document")
    list_fullwidth = True
    search_fields = ("number",)
    search_help_text = gettext_lazy("Number, from its beginning")
    empty_hint = gettext_lazy("A document comes when an ERP posts it to a connector of the type API Import documents.")

    @admin.display(description=gettext_lazy("Number"))
    def named(self, row: ImportedDocument) -> SafeString:
        """Its number, and a way to what it became."""
        return format_html('<span style="white-space: nowrap">{}</span>', _row(row).name)

    @admin.display(description=gettext_lazy("Type"))
    def kind(self, row: ImportedDocument) -> str:
        """What it said that it is."""
        return _kind(row)

    @admin.display(description=gettext_lazy("Called"))
    def of_call(self, row: ImportedDocument) -> SafeString:
        """When it was posted."""
        address = reverse("admin:exchanges_importcall_change", args=[row.call_id])
        return format_html('<a class="ap-link" href="{}">{}</a>', address, formats.moment(row.call.began_at))

    @admin.display(description=gettext_lazy("Connector"))
    def of_connector(self, row: ImportedDocument) -> str:
        """To which connector."""
        return _name(row.call.connector)

    @admin.display(description=gettext_lazy("Result"))
    def became(self, row: ImportedDocument) -> SafeString:
        """What became of it."""
        return _row(row).result

    @admin.display(description=gettext_lazy("Why"))
    def why(self, row: ImportedDocument) -> SafeString:
        """Why it was refused, or what is odd in it."""
        said = format_html_join("", "<p>{} {}</p>", ((text, _code(field)) for text, field in _row(row).said))
        return (
            format_html('<div class="ap-wrap" style="min-width: min(20rem, 50vw)">{}</div>', said)
            if said
            else formats.NOTHING
        )

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        """By the number, through its index."""
        text = search_term.strip()
        return (queryset.filter(prefix("number", text)) if text else queryset), False


def _row(row: ImportedDocument) -> Row:
    said = [(str(explain(code, params)), str(params.get("field", ""))) for code, params in taking.said_of(row)]
    name = row.number or f"#{row.position}"
    return Row(
        row=row,
        kind=_kind(row),
        name=formats.link(row.document, name) if row.document else name,
        result=formats.badge(row.get_result_display(), LOOKS[Result(row.result)]),
        said=said,
    )


def _code(field: str) -> SafeString | str:
    return format_html('<code class="ap-quiet">{}</code>', field) if field else ""


def _kind(row: ImportedDocument) -> str:
    if row.type == SaleDocument.Type.ORDER:
        return _("Order update")
    return str(dict(SaleDocument.Type.choices).get(row.type, row.type or "–"))


def _connectors() -> Any:
    return Connector.objects.filter(type__in=taking_in.IMPORTING).select_related("node")


def _name(connector: int) -> str:
    return Connector.objects.filter(pk=connector).values_list("name", flat=True).first() or f"#{connector}"
