"""Who saw which consumer's data, when and where."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy

from approdo.backoffice import formats
from approdo.backoffice.unfolded import InfinitePaginator, ModelAdmin
from approdo.sales.models import PersonalDataLook


@admin.register(PersonalDataLook)
class PersonalDataLookAdmin(ModelAdmin[PersonalDataLook]):
    """A list and nothing else: what was seen was seen."""

    list_display = ("moment", "who", "shown_document", "where")
    list_display_links = None
    list_select_related = ("document",)
    list_per_page = 50
    ordering = ("-at", "-id")
    sortable_by = ()
    search_fields = ("who", "number")
    search_help_text = gettext_lazy("Who, or an order's number")
    empty_hint = gettext_lazy("Here stands who looked at the name and address of a consumer.")
    actions = None
    paginator = InfinitePaginator
    show_full_result_count = False

    @admin.display(description=gettext_lazy("Time"))
    def moment(self, look: PersonalDataLook) -> SafeString:
        """When it was."""
        return formats.moment(look.at, seconds=True)

    @admin.display(description=gettext_lazy("Sale document"))
    def shown_document(self, look: PersonalDataLook) -> SafeString | str:
        """Whose consumer it was."""
        return formats.link(look.document) if look.document else look.number

    def has_add_permission(self, request: HttpRequest) -> bool:
        """They are written by looking."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """They stay as they are."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """They stay."""
        return False
