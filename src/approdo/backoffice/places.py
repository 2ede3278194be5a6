"""Places: what stands behind the codes of fulfilment centres; the list shows which codes have no name yet."""

from typing import Any

from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from approdo.backoffice import formats, table_files
from approdo.backoffice.deleting import delete_selected
from approdo.backoffice.table_screen import TableScreen
from approdo.backoffice.unfolded import DropdownFilter, InfinitePaginator, ModelAdmin, ModelForm
from approdo.catalog.models import Place
from approdo.catalog.tables import PLACES, kept_by_people
from approdo.sales.queries import prefix


class NamedFilter(DropdownFilter):
    """By whether somebody has said what the place is called."""

    title = gettext_lazy("name")
    parameter_name = "named"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """With and without."""
        return [("no", _("Without a name")), ("yes", _("With a name"))]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        """The places with or without a name."""
        match self.value():
            case "no":
                return queryset.filter(name="")
            case "yes":
                return queryset.exclude(name="")
        return queryset


class CountryFilter(DropdownFilter):
    """By country."""

    title = gettext_lazy("country")
    parameter_name = "country"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """The countries of the places there are."""
        found = Place.objects.exclude(country="").order_by("country").values_list("country", flat=True).distinct()
        return [(country, country) for country in found]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        """The places of the chosen country."""
        return queryset.filter(country=self.value()) if self.value() else queryset


class PlaceForm(ModelForm[Place]):
    """The code and what stands behind it."""

    class Meta:
        model = Place
        fields = ("code", "name", "address", "postal_code", "city", "country", "time_zone")

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        if "code" not in self.fields:  # a page that only shows the place
            return
        helps = {
            "code": _("By which Amazon's orders name it, for example MXP5."),
            "name": _("How it is called where orders are handed over, for example Amazon MXP5."),
            "country": _("Two letters, for example IT."),
            "time_zone": _(
                "For example Europe/Rome. Dates without a time are cut in it; left empty, in that of the node."
            ),
        }
        for name, text in helps.items():
            self.fields[name].help_text = text


@admin.register(Place)
class PlaceAdmin(ModelAdmin[Place]):
    """List, form, import and export."""

    form = PlaceForm
    list_display = ("code", "named", "city", "country", "time_zone", "source")
    list_filter = (NamedFilter, CountryFilter)
    list_filter_submit = True
    list_per_page = 50
    list_before_template = "backoffice/table_buttons.html"
    empty_hint = gettext_lazy(
        "Amazon's orders name fulfilment centres by code only; here stands what is behind each code."
        " Codes come by themselves with the orders; add names and addresses, or import them from a spreadsheet."
    )
    sortable_by = ()
    search_fields = ("code",)
    search_help_text = gettext_lazy("Code, name or city, from its beginning")
    paginator = InfinitePaginator
    show_full_result_count = False
    show_facets = admin.ShowFacets.NEVER
    actions = (delete_selected,)
    change_form_template = "backoffice/form.html"

    @property
    def files(self) -> TableScreen:
        """This screen as its files see it."""
        return TableScreen(self, PLACES)

    @admin.display(description=gettext_lazy("Name"))
    def named(self, place: Place) -> SafeString | str:
        """Its name, or that it has none."""
        return place.name or formats.badge(_("No name yet"), "warning")

    @admin.display(description=gettext_lazy("Source"))
    def source(self, place: Place) -> str:
        """Who wrote it; nobody has where only its code is known."""
        if place.from_orders:
            return _("Orders")
        return _("Entered here") if any(getattr(place, name) for name in PLACES.values) else ""

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Place], search_term: str
    ) -> tuple[QuerySet[Place], bool]:
        """By the beginning of code, name or city."""
        text = search_term.strip()
        if not text:
            return queryset, False
        wanted = prefix("code", text) | prefix("code", text.upper())
        return queryset.filter(wanted | Q(name__istartswith=text) | Q(city__istartswith=text)), False

    def save_model(self, request: HttpRequest, obj: Place, form: Any, change: bool) -> None:
        """What somebody changed is theirs."""
        if form.changed_data:
            kept_by_people(obj)
        super().save_model(request, obj, form, change)

    def get_urls(self) -> list[URLPattern]:
        """The admin's addresses and those of the files."""
        return [*table_files.addresses(self.files), *super().get_urls()]

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        """The list, its files, and how many places have no name."""
        files = table_files.buttons(self.files, request)
        unnamed = Place.objects.filter(name="").count()
        return super().changelist_view(request, {**(extra_context or {}), "files": files, "unnamed": unnamed})
