"""Nodes: one record per external system, with the options that its type declares."""

from collections.abc import Sequence
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotAllowed, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy
from django.views.decorators.http import require_POST
from unfold import widgets

from approdo.backoffice import checking, coverage_panel, formats, option_fields
from approdo.backoffice.deleting import delete_all, delete_selected, stays
from approdo.backoffice.steps import first_step
from approdo.backoffice.unfolded import ModelAdmin
from approdo.connectors import NODE_TYPES, node_type
from approdo.exchanges.quiet import explain_silence
from approdo.nodes.models import NAME_LENGTH, Node
from approdo.nodes.options import PREFIX
from approdo.nodes.sentences import explain_error
from approdo.processes import records
from approdo.sdk.connector import NodeType
from approdo.sdk.errors import ApprodoError, ConfigError
from approdo.sdk.options import Option


def declared_type(name: str) -> NodeType | None:
    """The node type of this name; none where it is gone, so that its records can still be looked at."""
    try:
        return node_type(name)
    except ApprodoError:
        return None


class NodeStep(forms.Form):
    """The first step: a name and the type, which decides the rest."""

    name = forms.CharField(
        label=pgettext_lazy("of a record", "Name"),
        max_length=NAME_LENGTH,
        widget=widgets.UnfoldAdminTextInputWidget({"autofocus": True}),
        help_text=gettext_lazy("How you call this account or system, for example Amazon Vendor EU."),
    )
    type = forms.ChoiceField(label=gettext_lazy("Node type"), widget=widgets.UnfoldAdminSelectWidget())

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        choices = [(declared.name, _(declared.label)) for declared in NODE_TYPES]
        self.fields["type"].choices = choices  # type: ignore[attr-defined]  # a choice field, typed as Field

    def clean_name(self) -> str:
        """Refuse a name that is taken, before the second step asks for secrets."""
        name = str(self.cleaned_data["name"])
        if Node.objects.filter(name=name).exists():
            raise forms.ValidationError(_("There is a node of this name already."))
        return name


@admin.register(Node)
class NodeAdmin(ModelAdmin[Node]):
    """List, form and *Test connection*."""

    list_display = ("name", "type_label", "account")
    empty_hint = gettext_lazy("A node is one external system or account, for example your Amazon Vendor account.")
    search_fields = ("name",)
    actions = (delete_selected,)
    change_form_template = "backoffice/form.html"
    change_form_outer_before_template = "backoffice/node_panel.html"

    @admin.display(description=gettext_lazy("Node type"))
    def type_label(self, node: Node) -> str:
        """The type in the reader's language."""
        return formats.node_type_label(node.type)

    @admin.display(description=gettext_lazy("Settings"))
    def account(self, node: Node) -> str:
        """Region and marketplace as the form shows them."""
        declared = declared_type(node.type)
        shown = []
        for option in declared.options if declared else ():
            value = node.options.get(option.name)
            shown += [_(choice.label) for choice in option.choices if choice.value == value]
        return " · ".join(shown) or "–"

    def get_urls(self) -> list[URLPattern]:
        """The admin's addresses, and those of the buttons."""
        view = self.admin_site.admin_view
        test = path("<int:number>/test/", view(self.test_connection), name="nodes_node_test")
        silence = path("<int:number>/silence/", view(self.explain_silence), name="nodes_node_silence")
        return [test, silence, *super().get_urls()]

    def get_form(self, request: HttpRequest, obj: Node | None = None, change: bool = False, **kwargs: Any) -> Any:
        """The form with the fields of the type."""
        declared = self._options(request, obj)
        if obj and not self.has_change_permission(request, obj):
            option_fields.show(obj, declared, obj.options)
        set_already = option_fields.secrets_set(obj) if obj else frozenset()
        fields = option_fields.fields(declared, obj.options if obj else None, set_already)
        preset = {} if obj else {"type": request.GET.get("type", "")}
        kwargs["form"] = option_fields.options_form(declared, fields, preset)
        return super().get_form(request, obj, change, **kwargs)

    def get_fieldsets(self, request: HttpRequest, obj: Node | None = None) -> Any:
        """Name and type, then the options in the order in which they are declared."""
        names = [PREFIX + option.name for option in self._options(request, obj)]
        return [(None, {"fields": ["name", "type_label", *names]})]

    def get_readonly_fields(self, request: HttpRequest, obj: Node | None = None) -> tuple[str, ...]:
        """The type of a node is chosen once."""
        return ("type_label",)

    def add_view(self, request: HttpRequest, form_url: str = "", extra_context: Any = None) -> HttpResponse:
        """The first step until a type is chosen, then the form."""
        if declared_type(request.GET.get("type", "")) is None:
            form = NodeStep(request.POST or None, initial={"type": NODE_TYPES[0].name})
            return first_step(self, request, form)
        return super().add_view(request, form_url, {**(extra_context or {}), "second_step": True})

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        """The form, the button that tests the connection where the type can be tried, and what was read."""
        node = self.get_object(request, object_id)
        declared = declared_type(node.type) if node else None
        can_test = bool(declared and declared.check) and self.has_change_permission(request, node)
        downloads = bool(declared and declared.downloads)
        extra = {
            "can_test": can_test,
            "check_help": _(declared.check_help) if declared and declared.check_help else "",
            "coverage": coverage_panel.rows(node) if node and downloads else None,
            "silences": coverage_panel.silences(node) if node and downloads else [],
            "may_explain": self.has_change_permission(request, node),
        }
        return super().change_view(request, object_id, form_url, {**(extra_context or {}), **extra})

    def delete_view(self, request: HttpRequest, object_id: str, extra_context: Any = None) -> HttpResponse:
        """Ask, unless the node is in use."""
        return stays(self, request, object_id) or super().delete_view(request, object_id, extra_context)

    def delete_model(self, request: HttpRequest, obj: Node) -> None:
        """Through the one function that knows what is in use."""
        records.delete(obj)

    def delete_queryset(self, request: HttpRequest, queryset: Any) -> None:
        """All or none."""
        delete_all(queryset)

    def test_connection(self, request: HttpRequest, number: int) -> HttpResponse:
        """Try the node's settings and say in words what works and what is missing. Changes nothing there."""
        return _tested(request, self, number)

    def explain_silence(self, request: HttpRequest, number: int) -> HttpResponse:
        """Write down why the account is quiet."""
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        node = self.get_object(request, str(number))
        if node is None:
            raise Http404
        if not self.has_change_permission(request, node):
            raise PermissionDenied
        program, why = request.POST.get("program", ""), request.POST.get("why", "").replace("\0", "")
        try:
            explain_silence(node, program, why, request.user.get_username())
        except ConfigError as error:
            messages.error(request, str(explain_error(error)))
        return HttpResponseRedirect(reverse("admin:nodes_node_change", args=[number]) + "#coverage")

    def _options(self, request: HttpRequest, node: Node | None) -> Sequence[Option]:
        declared = declared_type(node.type if node else request.GET.get("type", ""))
        return declared.options if declared else ()


def _tested(request: HttpRequest, screen: NodeAdmin, number: int) -> HttpResponse:
    if request.method != "POST":
        return require_POST(lambda _request: HttpResponse())(request)
    node = screen.get_object(request, str(number))
    if node is None:
        raise Http404
    if not screen.has_change_permission(request, node):
        raise PermissionDenied
    context = {
        **screen.admin_site.each_context(request),
        "opts": Node._meta,
        "original": node,
        "page_title": _("Test connection"),
        "report": checking.check(node),
    }
    return TemplateResponse(request, "backoffice/node_test.html", context)
