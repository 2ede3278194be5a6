"""SKU recodings: the list, found through indexes however long it is; the form; import and export."""

from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold import widgets

from approdo.backoffice import formats, table_files
from approdo.backoffice.deleting import delete_selected
from approdo.backoffice.table_screen import TableScreen
from approdo.backoffice.unfolded import DropdownFilter, InfinitePaginator, ModelAdmin, ModelForm, TextFilter
from approdo.catalog.checking import marketplaces
from approdo.catalog.models import SkuRecoding
from approdo.catalog.tables import RECODINGS
from approdo.nodes.models import Node
from approdo.sales.queries import MOST_FOUND, prefix

EVERY = "every"


class RecodingNodeFilter(DropdownFilter):
    """By node, or those that are for every one."""

    title = gettext_lazy("node")
    parameter_name = "node"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """Every node."""
        nodes = [(str(pk), name) for pk, name in Node.objects.values_list("pk", "name")]
        return [(EVERY, _("Every node")), *nodes]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        """The recodings of the chosen node."""
        chosen = self.value() or ""
        if chosen == EVERY:
            return queryset.filter(node=None)
        return queryset.filter(node=chosen) if chosen.isdecimal() and len(chosen) < 19 else queryset


class MarketplaceFilter(DropdownFilter):
    """By marketplace."""

    title = gettext_lazy("marketplace")
    parameter_name = "marketplace"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """Every marketplace, and those that are for all."""
        return [(EVERY, _("Every marketplace")), *marketplace_choices()]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        """The recodings of the chosen marketplace."""
        chosen = self.value()
        return queryset.filter(marketplace="" if chosen == EVERY else chosen) if chosen else queryset


class VendorCodeFilter(TextFilter):
    """By vendor code, exactly."""

    title = gettext_lazy("vendor code")
    parameter_name = "vendor_code"

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        """The recodings for this vendor code."""
        text = (self.value() or "").strip()
        return queryset.filter(vendor_code=text) if text else queryset


class KindFilter(DropdownFilter):
    """By what the external code is."""

    title = gettext_lazy("kind of code")
    parameter_name = "kind"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """Every kind."""
        return [(value, str(label)) for value, label in SkuRecoding.Kind.choices]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        """The recodings of the chosen kind."""
        return queryset.filter(kind=self.value()) if self.value() else queryset


def marketplace_choices() -> list[tuple[str, str]]:
    """Country and name of every marketplace, by name in the reader's language."""
    named = [(country, f"{_(label)} ({country})") for country, label in marketplaces().items()]
    return sorted(named, key=lambda one: one[1])


class RecodingForm(ModelForm[SkuRecoding]):
    """The code, ours, and where it holds."""

    class Meta:
        model = SkuRecoding
        fields = ("external", "kind", "sku", "title", "node", "vendor_code", "marketplace")

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        if "external" not in self.fields:  # a page that only shows the recoding
            return
        self.fields["marketplace"] = forms.ChoiceField(
            label=self.fields["marketplace"].label,
            choices=[("", _("Every marketplace")), *marketplace_choices()],
            required=False,
            widget=widgets.UnfoldAdminSelectWidget(),
        )
        self.fields["node"].empty_label = _("Every node")  # type: ignore[attr-defined]  # a choice of records
        for action in ("add", "change", "delete", "view"):
            setattr(self.fields["node"].widget, f"can_{action}_related", False)
        helps = {
            "external": _("The code that Amazon's orders carry, exactly as it stands there."),
            "kind": _("EAN and ASIN are looked at only where a connector is told to use them."),
            "sku": _("Your own code of the article, as your ERP knows it."),
            "title": _("What the article is called. Retail orders carry codes only."),
            "node": _("Left open, the recoding holds for every node."),
            "vendor_code": _("Left empty, for every vendor code. A recoding for one goes before one for all."),
            "marketplace": _("Left open, for every marketplace."),
        }
        for name, text in helps.items():
            self.fields[name].help_text = text


@admin.register(SkuRecoding)
class RecodingAdmin(ModelAdmin[SkuRecoding]):
    """List, form, import and export."""

    form = RecodingForm
    list_display = ("external", "kind", "sku", "title", "for_node", "for_vendor_code", "for_marketplace")
    list_filter = (RecodingNodeFilter, VendorCodeFilter, MarketplaceFilter, KindFilter)
    list_filter_submit = True
    list_per_page = 50
    list_select_related = ("node",)
    list_before_template = "backoffice/table_buttons.html"
    empty_hint = gettext_lazy(
        "Amazon's orders carry the codes that Amazon knows; here stands which of your SKUs each of them is."
        " Add them one by one, or import them from a spreadsheet: the template names the columns."
    )
    sortable_by = ()
    search_fields = ("external",)
    search_help_text = gettext_lazy("External or own SKU, from its beginning")
    paginator = InfinitePaginator
    show_full_result_count = False
    show_facets = admin.ShowFacets.NEVER
    actions = (delete_selected,)
    change_form_template = "backoffice/form.html"

    @property
    def files(self) -> TableScreen:
        """This screen as its files see it."""
        return TableScreen(self, RECODINGS)

    @admin.display(description=gettext_lazy("Node"))
    def for_node(self, recoding: SkuRecoding) -> SafeString | str:
        """For which node it holds."""
        return recoding.node.name if recoding.node else formats.every()

    @admin.display(description=gettext_lazy("Vendor code"))
    def for_vendor_code(self, recoding: SkuRecoding) -> SafeString | str:
        """For which vendor code it holds."""
        return recoding.vendor_code or formats.every()

    @admin.display(description=gettext_lazy("Marketplace"))
    def for_marketplace(self, recoding: SkuRecoding) -> SafeString | str:
        """For which marketplace it holds."""
        return recoding.marketplace or formats.every()

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[SkuRecoding], search_term: str
    ) -> tuple[QuerySet[SkuRecoding], bool]:
        """By the beginning of the external or the own SKU, through their indexes; never a scan."""
        text = search_term.strip()
        if not text:
            return queryset, False
        found: set[int] = set()
        for spelling in {text, text.upper()}:
            for column in ("external", "sku"):
                rows = SkuRecoding.objects.filter(prefix(column, spelling)).order_by()
                found.update(rows.values_list("pk", flat=True)[:MOST_FOUND])
        return queryset.filter(pk__in=found), False

    def get_urls(self) -> list[URLPattern]:
        """The admin's addresses and those of the files."""
        return [*table_files.addresses(self.files), *super().get_urls()]

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        """The list and its files."""
        files = table_files.buttons(self.files, request)
        return super().changelist_view(request, {**(extra_context or {}), "files": files})
