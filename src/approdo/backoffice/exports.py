"""API › Export documents: the connectors that hand documents over, the batches that were fetched, exporting again."""

from typing import Any, NamedTuple

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotAllowed, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from approdo.backoffice import formats
from approdo.backoffice.unfolded import DropdownFilter, InfinitePaginator, ModelAdmin
from approdo.exchanges import delivery
from approdo.exchanges.models import Batch, Delivery, Receipt
from approdo.processes import handing_over
from approdo.processes.models import Connector, Token
from approdo.sdk.exports import Confirm

MAY_EXPORT_AGAIN = "exchanges.change_batch"
LOOKS = {
    Delivery.State.SENDING: "warning",
    Delivery.State.CONFIRMED: "success",
    Delivery.State.WITHDRAWN: "",
}


class Fetching(NamedTuple):
    """A connector that hands documents over, and what of its documents is where."""

    connector: Connector
    link: SafeString
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
    return Fetching(
        connector=connector,
        link=formats.link(connector),
        address=request.build_absolute_uri(path_),
        format=str(connector.options.get("format", "")).upper(),
        waiting=handing_over.waiting(connector, timezone.now()) if once else None,
        unconfirmed=Delivery.objects.filter(connector=connector.pk, state=Delivery.State.SENDING).count(),
        last=last,
        last_at=formats.moment(last.given_at if last else None),
        tokens=list(Token.objects.filter(connector=connector)),
        confirms=once and handing_over.work_of(connector).confirm(connector.options) is Confirm.EXPLICIT,
    )


def state(one: Delivery) -> SafeString:
    """The badge of a delivery's state."""
    return formats.badge(one.get_state_display(), LOOKS.get(Delivery.State(one.state), ""))


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


@admin.register(Batch)
class BatchAdmin(ModelAdmin[Batch]):
    """The connectors, their batches below, and the page of a batch."""

    list_display = ("numbered", "of_connector", "size", "claimed", "claimed_by", "times", "handed_over")
    list_filter = (ConnectorFilter,)
    list_filter_submit = True
    list_per_page = 50
    list_before_template = "backoffice/exporting.html"
    empty_hint = gettext_lazy("A batch comes when an ERP calls a connector of the type API Export documents.")
    sortable_by = ()
    actions = None
    paginator = InfinitePaginator
    show_full_result_count = False

    @admin.display(description=gettext_lazy("Batch"))
    def numbered(self, batch: Batch) -> str:
        """What the outside system knows it by."""
        return batch.name

    @admin.display(description=gettext_lazy("Connector"))
    def of_connector(self, batch: Batch) -> str:
        """The connector's name; its number where it is gone."""
        return _name(batch.connector)

    @admin.display(description=gettext_lazy("Fetched"))
    def claimed(self, batch: Batch) -> SafeString:
        """When it was claimed."""
        return formats.moment(batch.claimed_at, seconds=True)

    @admin.display(description=gettext_lazy("Times"))
    def times(self, batch: Batch) -> int:
        """How often it was given out."""
        return batch.given

    @admin.display(description=gettext_lazy("State"))
    def handed_over(self, batch: Batch) -> SafeString:
        """Whether it was confirmed."""
        if batch.confirmed_at is None:
            return formats.badge(_("Not confirmed yet"), "warning")
        return formats.badge(_("Handed over"), "success")

    def get_queryset(self, request: HttpRequest) -> Any:
        """The batches without what they hold."""
        return super().get_queryset(request).defer("content")

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        """The batches, and above them who fetches."""
        fetchers = [fetching(one, request) for one in _connectors()]
        return super().changelist_view(request, {**(extra_context or {}), "fetchers": fetchers})

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        """When it went to whom, and its documents."""
        batch = self._batch(request, int(object_id) if object_id.isdecimal() else 0)
        deliveries = list(batch.deliveries.select_related("document").order_by("pk"))
        documents = [one.document_id for one in deliveries]
        receipts = dict(
            Receipt.objects.filter(connector=batch.connector, document__in=documents).values_list("document", "number")
        )
        context = {
            **self.admin_site.each_context(request),
            "opts": Batch._meta,
            "original": batch,
            "name": _name(batch.connector),
            "state": self.handed_over(batch),
            "claimed": formats.moment(batch.claimed_at, seconds=True),
            "given": formats.moment(batch.given_at, seconds=True),
            "confirmed": formats.moment(batch.confirmed_at, seconds=True),
            "rows": [
                (one, formats.link(one.document), state(one), receipts.get(one.document_id)) for one in deliveries
            ],
            "may_export_again": request.user.has_perm(MAY_EXPORT_AGAIN),
        }
        request.current_app = self.admin_site.name
        return TemplateResponse(request, "backoffice/batch.html", context)

    def get_urls(self) -> list[URLPattern]:
        """The admin's addresses and the one that lets documents be exported again."""
        again = path("again/<int:connector>/", self.admin_site.admin_view(self.again), name="exchanges_batch_again")
        return [again, *super().get_urls()]

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

    def _batch(self, request: HttpRequest, number: int) -> Batch:
        if not self.has_view_permission(request):
            raise PermissionDenied
        batch = Batch.objects.filter(pk=number).defer("content").first()
        if batch is None:
            raise Http404
        return batch


def _connectors() -> Any:
    return Connector.objects.filter(type__in=handing_over.EXPORTING).select_related("node")


def _name(connector: int) -> str:
    return Connector.objects.filter(pk=connector).values_list("name", flat=True).first() or f"#{connector}"
