"""Connectors: each joins a node and the hub, and is run from here."""

from collections.abc import Sequence
from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import OuterRef, QuerySet, Subquery
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotAllowed, HttpResponseRedirect
from django.template.loader import render_to_string
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from approdo.backoffice import connector_forms, exports, formats, option_fields
from approdo.backoffice.deleting import delete_all, delete_selected, stays
from approdo.backoffice.steps import first_step
from approdo.backoffice.unfolded import ModelAdmin
from approdo.nodes.models import Node
from approdo.nodes.options import PREFIX
from approdo.nodes.sentences import explain_error
from approdo.nodes.time_ranges import zone_of
from approdo.processes import records
from approdo.processes.models import Connector, Run
from approdo.processes.runs import request_run, split_numbers
from approdo.sdk.connector import ConnectorType, Download
from approdo.sdk.errors import ConfigError
from approdo.sdk.exports import Export
from approdo.sdk.options import Kind, Option

MAY_RUN = "processes.run_connector"


@admin.register(Connector)
class ConnectorAdmin(ModelAdmin[Connector]):
    """List, form and the button that runs the connector."""

    list_display = ("name", "node_link", "type_label", "active", "last_run")
    list_select_related = ("node",)
    empty_hint = gettext_lazy("A connector joins a node and the hub, and does the work when it is run.")
    search_fields = ("name",)
    actions = (delete_selected,)
    change_form_template = "backoffice/form.html"
    change_form_outer_before_template = "backoffice/connector_panel.html"

    @admin.display(description=gettext_lazy("Node"), ordering="node__name")
    def node_link(self, connector: Connector) -> SafeString:
        """The node, and the way to it."""
        return formats.link(connector.node)

    @admin.display(description=gettext_lazy("Connector type"))
    def type_label(self, connector: Connector) -> str:
        """The declared label of the type."""
        declared = connector_forms.declared_type(connector.type)
        return _(declared.label) if declared else connector.type

    @admin.display(description=gettext_lazy("Last run"))
    def last_run(self, connector: Any) -> SafeString:
        """State and time of the newest run."""
        if connector.run_state is None:
            return format_html('<span class="ap-none">{}</span>', _("never"))
        run = Run(pk=connector.run_number, state=connector.run_state)
        address = reverse("admin:processes_run_change", args=[run.pk])
        when = formats.moment(connector.run_time, zone_of(connector.node))
        return format_html('<a class="ap-pair" href="{}">{} {}</a>', address, formats.run_state(run), when)

    def get_urls(self) -> list[URLPattern]:
        """The admin's addresses and the one that runs a connector."""
        run = path("<int:number>/run/", self.admin_site.admin_view(self.run_now), name="processes_connector_run")
        return [run, *super().get_urls()]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Connector]:
        """The connectors, each with number, state and time of its newest run."""
        newest = Run.objects.filter(connector=OuterRef("pk")).order_by("-created_at", "-pk")
        return (
            super()
            .get_queryset(request)
            .annotate(
                run_number=Subquery(newest.values("pk")[:1]),
                run_state=Subquery(newest.values("state")[:1]),
                run_time=Subquery(newest.values("created_at")[:1]),
            )
        )

    def get_list_display(self, request: HttpRequest) -> Any:
        """The button's column only for whom it is."""
        button = [_run_column] if request.user.has_perm(MAY_RUN) else []
        return [*self.list_display, *button]

    def get_form(self, request: HttpRequest, obj: Connector | None = None, change: bool = False, **kwargs: Any) -> Any:
        """The form with the fields of the type."""
        declared = self._declared(request, obj)
        options = declared.options if declared else ()
        if obj and not self.has_change_permission(request, obj):
            option_fields.show(obj, options, obj.options)
        fields = option_fields.fields(options, obj.options if obj else None)
        preset = {} if obj else {"type": request.GET.get("type", "")}
        kwargs["form"] = option_fields.options_form(options, fields, preset, connector_forms.ConnectorForm)
        return super().get_form(request, obj, change, **kwargs)

    def get_fieldsets(self, request: HttpRequest, obj: Connector | None = None) -> Any:
        """What was chosen in the first step, then the fields of the type."""
        declared = self._declared(request, obj)
        options = declared.options if declared else ()
        plain = [option for option in options if option.kind is not Kind.GROUP]
        configuration = ["configuration"] if declared and declared.configuration else []
        return [
            (None, {"fields": ["name", "node_type_label", "node", "type_label"]}),
            (_("Settings of the type"), {"fields": [*_names(plain), *configuration, "active"]}),
            *((_(group.label), {"fields": _names([group])}) for group in options if group not in plain),
        ]

    def get_readonly_fields(self, request: HttpRequest, obj: Connector | None = None) -> tuple[str, ...]:
        """The types are chosen once."""
        return ("node_type_label", "type_label")

    @admin.display(description=gettext_lazy("Node type"))
    def node_type_label(self, connector: Connector) -> str:
        """The node type that the connector type belongs to."""
        found = connector_forms.node_type_of(connector.type)
        return _(found.label) if found else "–"

    def add_view(self, request: HttpRequest, form_url: str = "", extra_context: Any = None) -> HttpResponse:
        """The first step until node and type are chosen, then the form."""
        if self._declared(request, None) is None:
            form = connector_forms.ConnectorStep(request.POST or None, initial=request.GET.dict())
            missing = None
            if not Node.objects.exists():
                text = _("A connector needs a node: add one first.")
                missing = {"text": text, "address": reverse("admin:nodes_node_add")}
            return first_step(self, request, form, missing)
        return super().add_view(request, form_url, {**(extra_context or {}), "second_step": True})

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        """The form, and above it the button and the last run."""
        connector = self.get_object(request, object_id)
        declared = self._declared(request, connector) if connector else None
        last_run = connector.runs.first() if connector else None
        context = {
            **(extra_context or {}),
            "may_fetch": bool(declared and isinstance(declared.work, Download) and declared.work.fetch),
            "may_run": request.user.has_perm(MAY_RUN),
            "last_run": last_run,
            "fetching": exports.fetching(connector, request)
            if connector and declared and isinstance(declared.work, Export)
            else None,
            "may_add_token": request.user.has_perm("processes.add_token"),
            "last_run_at": formats.moment(last_run.created_at, zone_of(connector.node))
            if connector and last_run
            else None,
        }
        return super().change_view(request, object_id, form_url, context)

    def delete_view(self, request: HttpRequest, object_id: str, extra_context: Any = None) -> HttpResponse:
        """Ask, unless something uses it."""
        return stays(self, request, object_id) or super().delete_view(request, object_id, extra_context)

    def delete_model(self, request: HttpRequest, obj: Connector) -> None:
        """Through the one function that knows what is in use."""
        records.delete(obj)

    def delete_queryset(self, request: HttpRequest, queryset: Any) -> None:
        """All or none."""
        delete_all(queryset)

    def run_now(self, request: HttpRequest, number: int) -> HttpResponse:
        """Ask for a run, of single orders where their numbers are given, and show it."""
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        connector = Connector.objects.filter(pk=number).first()
        if connector is None:
            raise Http404
        if not request.user.has_perm(MAY_RUN):
            raise PermissionDenied
        try:
            orders = split_numbers(request.POST["orders"]) if "orders" in request.POST else None
            run = request_run(connector, request.user.get_username(), orders)
        except ConfigError as error:
            messages.error(request, str(explain_error(error)))
            return HttpResponseRedirect(reverse("admin:processes_connector_change", args=[number]))
        return HttpResponseRedirect(reverse("admin:processes_run_change", args=[run.pk]))

    def _declared(self, request: HttpRequest, connector: Connector | None) -> ConnectorType | None:
        return connector_forms.declared_type(connector.type if connector else request.GET.get("type", ""))


def _names(options: Sequence[Option]) -> list[str]:
    """The fields of these options."""
    return [PREFIX + option.name for option in option_fields.leaves(options)]


@admin.display(description=gettext_lazy("Run"))
def _run_column(connector: Connector) -> SafeString:
    """Posts the list's own form, token included, to the address that runs this connector."""
    if not connector.active:
        return format_html('<span class="ap-none">{}</span>', _("not active"))
    address = reverse("admin:processes_connector_run", args=[connector.pk])
    context = {"address": address, "title": _("Run the connector now?")}
    return mark_safe(render_to_string("backoffice/run_button.html", context))  # noqa: S308
