"""The menus: what stands in the side bar, in which group, and who sees it.

Only finished screens are listed. The breadcrumb of every page is read from here too.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

from django.db.models import Model
from django.http import HttpRequest
from django.urls import reverse
from django.utils.text import capfirst
from django.utils.translation import gettext
from django.utils.translation import gettext_noop as _

from approdo.backoffice.models import CONFIGURATION_MODELS, configuration_types

ARROW = " › "


class Item(NamedTuple):
    """One entry: the model whose list it opens, and the permission that shows it."""

    model: str
    title: str
    icon: str
    permission: str

    @property
    def address(self) -> str:
        """Where the entry leads."""
        return reverse(f"admin:{self.model.replace('.', '_')}_changelist")


class Group(NamedTuple):
    """Entries under one title; a path of several parts is one group, because the bar has two levels."""

    path: tuple[str, ...]
    items: tuple[Item, ...]

    @property
    def title(self) -> str:
        """The path in the reader's language."""
        return ARROW.join(gettext(part) for part in self.path)


_BEFORE = (
    Group(
        (_("Processes"),),
        (
            Item("nodes.node", _("Nodes"), "hub", "nodes.view_node"),
            Item("processes.connector", _("Connectors"), "cable", "processes.view_connector"),
            Item("processes.procedure", _("Procedures"), "event_repeat", "processes.view_procedure"),
        ),
    ),
    Group(
        (_("Processes"), _("Conversions")),
        (
            Item("catalog.skurecoding", _("SKU recoding"), "swap_horiz", "catalog.view_skurecoding"),
            Item("exchanges.unmatchedcode", _("Unmatched codes"), "question_exchange", "exchanges.view_unmatchedcode"),
        ),
    ),
    Group(
        (_("System parameters"),),
        (
            Item("nodes.timerange", _("Time ranges"), "date_range", "nodes.view_timerange"),
            Item("catalog.place", _("Fulfilment centres"), "warehouse", "catalog.view_place"),
        ),
    ),
)
_AFTER = (
    Group(
        (_("Sales"),),
        (
            Item("sales.saledocument", _("Sale documents"), "receipt_long", "sales.view_saledocument"),
            Item("sales.setaside", _("Set-aside documents"), "help_center", "sales.view_setaside"),
        ),
    ),
    Group(
        ("API",),
        (Item("exchanges.batch", _("Export documents"), "cloud_download", "exchanges.view_batch"),),
    ),
    Group(
        (_("Logs"),),
        (
            Item("processes.alarm", _("Alarms"), "notifications", "processes.view_alarm"),
            Item("processes.run", _("Runs"), "history", "processes.view_run"),
            Item("processes.notice", _("Notices"), "outgoing_mail", "processes.view_notice"),
            Item("sales.personaldatalook", _("Looks at personal data"), "visibility", "sales.view_personaldatalook"),
        ),
    ),
    Group(
        (_("System"),),
        (
            Item("auth.user", _("Users"), "person", "auth.view_user"),
            Item("auth.group", _("Groups"), "group", "auth.view_group"),
            Item("processes.recipient", _("Recipients"), "contact_mail", "processes.view_recipient"),
            Item("processes.token", _("API tokens"), "key", "processes.view_token"),
        ),
    ),
)


def groups() -> list[Group]:
    """Every group in order; those of named configurations come from their declarations."""
    declared: dict[tuple[str, ...], list[Item]] = {}
    for kind in configuration_types():
        model = CONFIGURATION_MODELS[kind.name]._meta.label_lower
        item = Item(model, kind.label, "tune", "nodes.view_configuration")
        declared.setdefault(kind.menu, []).append(item)
    between = [Group(path, tuple(items)) for path, items in declared.items()]
    return [*_BEFORE, *between, *_AFTER]


def sidebar(request: HttpRequest) -> list[dict[str, Any]]:
    """The side bar as Unfold wants it, in the reader's language."""
    home = {"title": gettext("Home"), "icon": "home", "link": reverse("admin:index")}
    return [
        {"items": [home]},
        *(
            {
                "title": group.title,
                "separator": True,
                "items": [
                    {
                        "title": capfirst(gettext(item.title)),
                        "icon": item.icon,
                        "link": item.address,
                        "permission": _sees(item.permission),
                    }
                    for item in group.items
                ],
            }
            for group in groups()
        ),
    ]


def _sees(permission: str) -> Callable[[HttpRequest], bool]:
    # Whoever may change a record may also look at it.
    change = permission.replace(".view_", ".change_")
    return lambda request: request.user.has_perm(permission) or request.user.has_perm(change)


def place_of(model: type[Model]) -> tuple[Group, Item] | None:
    """Where a model's screens stand in the menus, if they do."""
    for group in groups():
        for item in group.items:
            if item.model == model._meta.label_lower:
                return group, item
    return None
