"""Tags for the pages of the back office."""

from collections.abc import Sequence
from typing import Any

from django import template
from django.template.context import RequestContext
from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.text import capfirst
from django.utils.translation import gettext as _

from approdo.backoffice import formats
from approdo.backoffice.menu import place_of
from approdo.processes.models import Run

register = template.Library()


@register.simple_tag
def every(seconds: int) -> SafeString:
    """When a part of a page is fetched again: every so often while it can be seen, and at once when it is again."""
    seen = "[!document.hidden]"
    return format_html("every {}s {}, visibilitychange{} from:document", seconds, seen, seen)


@register.inclusion_tag("backoffice/breadcrumb.html", takes_context=True)
def breadcrumb(context: RequestContext) -> dict[str, Any]:
    """The whole path of a page: the menu's groups, the list, the record, and what is done with it."""
    opts = context.get("opts")
    parts: list[dict[str, str]] = []
    if opts is not None:
        parts = _menu_parts(opts)
        record = context.get("original") or context.get("object")
        if record is not None and not isinstance(record, str) and record.pk:
            address = reverse(f"admin:{opts.app_label}_{opts.model_name}_change", args=[record.pk])
            parts.append({"title": str(record), "address": address})
        elif context.get("add"):
            parts.append({"title": _("Add"), "address": ""})
    if context.get("deleted_objects") is not None:
        parts.append({"title": _("Delete"), "address": ""})
    elif context.get("action_list") is not None:
        parts.append({"title": _("History"), "address": ""})
    title = context.get("page_title") or ("" if parts else context.get("title"))
    if title:
        parts.append({"title": str(title), "address": ""})
    return {"parts": parts}


def _menu_parts(opts: Any) -> list[dict[str, str]]:
    place = place_of(opts.model)
    if place is None:
        return [{"title": capfirst(str(opts.verbose_name_plural)), "address": ""}]
    group, item = place
    groups = [{"title": _(part), "address": ""} for part in group.path]
    return [*groups, {"title": capfirst(_(item.title)), "address": item.address}]


@register.simple_tag(takes_context=True)
def buttons(context: RequestContext) -> dict[str, bool]:
    """Which buttons a form has, by what the user may do with the record."""
    adding, record = bool(context.get("add")), context.get("original")
    may_save = bool(context.get("has_add_permission" if adding else "has_change_permission"))
    popup = bool(context.get("is_popup"))
    go_on = may_save and not popup and context.get("show_save_and_continue", True)
    may_delete = bool(context.get("has_delete_permission")) and record is not None and not adding and not popup
    may_close = may_save and context.get("show_save") is not False
    return {"save": may_close, "go_on": bool(go_on), "delete": may_delete}


@register.filter
def run_state(run: Run) -> SafeString:
    """The badge of a run's state."""
    return formats.run_state(run)


@register.filter
def whole_number(value: int | None) -> str:
    """A whole number, grouped as the reader's language does."""
    return formats.number(value)


@register.filter
def code(text: str) -> SafeString:
    """A sentence whose `commands` are set as such."""
    parts = text.split("`")
    pieces = (format_html("<code>{}</code>" if at % 2 else "{}", part) for at, part in enumerate(parts))
    return format_html_join("", "{}", ((piece,) for piece in pieces))


@register.filter
def first_open(steps: Sequence[Any]) -> Any:
    """The first step that is not done."""
    return next((step for step in steps if not step.done), None)
