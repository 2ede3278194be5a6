"""API › Export documents: the connectors that hand documents over, the batches that were fetched, exporting again."""

from collections.abc import Callable
from typing import Any, NamedTuple

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import Count, OuterRef, Subquery
from django.db.models.functions import Coalesce
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotAllowed, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from approdo.backoffice import batch_page, formats
from approdo.backoffice.batch_page import MAY_EXPORT_AGAIN
from approdo.backoffice.unfolded import DropdownFilter, InfinitePaginator, ModelAdmin
from approdo.connectors import node_type
from approdo.exchanges import delivery
from approdo.exchanges.models import IN_STATE, Batch, Delivery
from approdo.nodes.sentences import explain_error
from approdo.processes import handing_over
from approdo.processes.models import Connector, Token
from approdo.sdk.errors import ConfigError
from approdo.sdk.exports import Confirm


class Fetching(NamedTuple):
    """A connector that hands documents over, and what of its documents is where."""

    connector: Connector
    link: SafeString
    sends: bool
    address: str
    format: str
    waiting: int | None
    unconfirmed: int
    last: Batch | None
    last_at: SafeString
    tokens: list[Token]
    confirms: bool


def fetching(connector: Connector, request: HttpRequest) -> Fetching:
    """What the screens say of one connector."""
    once = handing_over.work_of(connector).once(connector.options)
    last = Batch.objects.filter(connector=connector.pk).defer("content").first()
    path_ = reverse("api-1:export_documents", kwargs={"id": connector.pk})
    sends = handing_over.work_of(connector).send is not None
    return Fetching(
        connector=connector,
        link=formats.link(connector),
        sends=sends,
        address=_receiver(connector) if sends else request.build_absolute_uri(path_),
        format=str(connector.options.get("format", "")).upper(),
        waiting=handing_over.waiting(connector, timezone.now()) if once else None,
        unconfirmed=delivery.unconfirmed(connector.pk),
        last=last,
        last_at=formats.moment(last.given_at if last else None),
        tokens=list(Token.objects.filter(connector=connector)),
        confirms=once and not sends and handing_over.work_of(connector).confirm(connector.options) is Confirm.EXPLICIT,
    )


class ConnectorFilter(DropdownFilter):
    """By connector."""

    title = gettext_lazy("connector")
    parameter_name = "connector"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """Those that hand documents over."""
        return [(str(pk), name) for pk, name in _connectors().values_list("pk", "name")]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        """The batches of the chosen one."""
        chosen = self.value() or ""
        return queryset.filter(connector=chosen) if chosen.isdecimal() and len(chosen) < 19 else queryset


class StateFilter(DropdownFilter):
    """By how far it has come."""

    title = gettext_lazy("state")
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """Every state."""
        return [(value, str(label)) for value, label in Batch.State.choices]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        """The batches in the chosen state."""
        chosen = self.value() or ""
        return queryset.filter(IN_STATE[Batch.State(chosen)]) if chosen in Batch.State.values else queryset


@admin.register(Batch)
class BatchAdmin(ModelAdmin[Batch]):
    """The connectors, their batches below, and the page of a batch."""

    list_display = ("numbered", "of_connector", "size", "claimed", "by", "times", "handed_over")
    list_filter = (ConnectorFilter, StateFilter)
    list_filter_submit = True
    list_per_page = 50
    list_before_template = "backoffice/exporting.html"
    empty_hint = gettext_lazy(
        "A batch comes when an ERP calls a connector of the type API Export documents, or when a connector that sends"
        " is run."
    )
    sortable_by = ()
    actions = None
    paginator = InfinitePaginator
    show_full_result_count = False

    @admin.display(description=gettext_lazy("Batch"))
    def numbered(self, batch: Batch) -> SafeString:
        """What the outside system knows it by."""
        return format_html('<span style="white-space: nowrap">{}</span>', batch.name)

    @admin.display(description=gettext_lazy("Connector"))
    def of_connector(self, batch: Batch) -> str:
        """The connector's name; its number where it is gone."""
        return _name(batch.connector)

    @admin.display(description=gettext_lazy("Made"))
    def claimed(self, batch: Batch) -> SafeString:
        """When it was claimed."""
        return formats.moment(batch.claimed_at, seconds=True)

    @admin.display(description=gettext_lazy("Claimed by"))
    def by(self, batch: Batch) -> str:
        """Who called for it; nobody where the connector sends it."""
        return batch.claimed_by if batch.claimed_by != _name(batch.connector) else "–"

    @admin.display(description=gettext_lazy("Times"))
    def times(self, batch: Batch) -> int:
        """How often it was given out."""
        return batch.given

    @admin.display(description=gettext_lazy("State"))
    def handed_over(self, batch: Any) -> SafeString:
        """How far it has come."""
        return batch_page.state(batch, batch.refused)

    def get_queryset(self, request: HttpRequest) -> Any:
        """The batches without what they hold, each with how many of its documents were not taken."""
        failed = Delivery.objects.filter(batch=OuterRef("pk"), state=Delivery.State.FAILED).order_by()
        counted = failed.values("batch").annotate(many=Count("pk")).values("many")
        return super().get_queryset(request).defer("content").annotate(refused=Coalesce(Subquery(counted), 0))

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        """The batches, and above them who fetches."""
        fetchers = [fetching(one, request) for one in _connectors()]
        return super().changelist_view(request, {**(extra_context or {}), "fetchers": fetchers})

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        """When it went to whom, and its documents."""
        batch = self._batch(request, int(object_id) if object_id.isdecimal() else 0)
        shown = batch_page.context(batch, request)
        context = {**self.admin_site.each_context(request), "opts": Batch._meta, **shown}
        request.current_app = self.admin_site.name
        return TemplateResponse(request, "backoffice/batch.html", context)

    def get_urls(self) -> list[URLPattern]:
        """The admin's addresses and those of the buttons."""
        view = self.admin_site.admin_view
        return [
            path("again/<int:connector>/", view(self.again), name="exchanges_batch_again"),
            path("<int:number>/send-again/", view(self.send_again), name="exchanges_batch_send_again"),
            path("<int:number>/try-now/", view(self.try_now), name="exchanges_batch_try_now"),
            *super().get_urls(),
        ]

    def send_again(self, request: HttpRequest, number: int) -> HttpResponse:
        """Send a batch that was given up once more."""
        return self._helped(request, number, handing_over.send_again)

    def try_now(self, request: HttpRequest, number: int) -> HttpResponse:
        """Try a batch that did not arrive now."""
        return self._helped(request, number, handing_over.try_now)

    def again(self, request: HttpRequest, connector: int) -> HttpResponse:
        """Let the connector have the ticked documents again, and go back to where that was asked."""
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        if not request.user.has_perm(MAY_EXPORT_AGAIN):
            raise PermissionDenied
        chosen = {int(number) for number in request.POST.getlist("document") if number.isdecimal()}
        done = delivery.withdraw(connector, chosen, timezone.now())
        left = len(chosen) - len(done)
        if done:
            text = ngettext("{count} document is exported again.", "{count} documents are exported again.", len(done))
            messages.success(request, text.format(count=len(done)))
        if left or not chosen:
            text = _("{count} documents stay as they are: what is not confirmed, or not fetched, comes by itself.")
            messages.warning(request, text.format(count=left))
        back = request.POST.get("back", "")
        known = back if back.startswith("/") and not back.startswith("//") else ""
        return HttpResponseRedirect(known or reverse("admin:exchanges_batch_changelist"))

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Batches are fetched."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """They stay."""
        return False

    def _helped(self, request: HttpRequest, number: int, do: Callable[[Connector, str, str], Batch]) -> HttpResponse:
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        if not request.user.has_perm(MAY_EXPORT_AGAIN):
            raise PermissionDenied
        batch = self._batch(request, number)
        connector = _connectors().filter(pk=batch.connector).first()
        if connector is None:
            raise Http404
        try:
            do(connector, batch.name, request.user.get_username())
        except ConfigError as error:
            messages.error(request, str(explain_error(error)))
        else:
            messages.success(request, _("It is sent now; this page says in a moment how that went."))
        return HttpResponseRedirect(reverse("admin:exchanges_batch_change", args=[number]))

    def _batch(self, request: HttpRequest, number: int) -> Batch:
        if not self.has_view_permission(request):
            raise PermissionDenied
        batch = Batch.objects.filter(pk=number).defer("content").first()
        if batch is None:
            raise Http404
        return batch


def _receiver(connector: Connector) -> str:
    """Where a connector sends, as far as everybody may see it."""
    declared, options = node_type(connector.node.type), connector.node.options
    shown = {option.name: option.masked(options[option.name]) for option in declared.options if option.name in options}
    return declared.address(shown) or connector.node.name


def _connectors() -> Any:
    return Connector.objects.filter(type__in=handing_over.EXPORTING).select_related("node")


def _name(connector: int) -> str:
    return Connector.objects.filter(pk=connector).values_list("name", flat=True).first() or f"#{connector}"
