"""A list in the back office and the table that it shows."""

from typing import Any, NamedTuple

from django.http import HttpRequest
from django.urls import reverse

from approdo.backoffice.unfolded import ModelAdmin
from approdo.catalog.tables import Table


class TableScreen(NamedTuple):
    """A list in the back office and the table that it shows."""

    screen: ModelAdmin[Any]
    table: Table

    def address(self, view: str, *arguments: int | str) -> str:
        """Where one of the screen's pages is."""
        return reverse(f"admin:{self.name(view)}", args=arguments)

    def name(self, view: str) -> str:
        """What Django knows one of its addresses as."""
        opts = self.screen.model._meta
        return f"{opts.app_label}_{opts.model_name}_{view}"

    def may_import(self, request: HttpRequest) -> bool:
        """An import adds and changes."""
        return self.screen.has_add_permission(request) and self.screen.has_change_permission(request)
