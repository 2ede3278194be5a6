"""Alarms: what is not as it should be, the open ones first."""

from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import F
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotAllowed, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext

from approdo.backoffice import formats
from approdo.backoffice.notices import rows
from approdo.backoffice.unfolded import DropdownFilter, InfinitePaginator, ModelAdmin
from approdo.nodes.sentences import explain_error
from approdo.processes.alarms import dismiss
from approdo.processes.models import Alarm
from approdo.processes.wording import explained
from approdo.sdk.errors import ConfigError


class KindFilter(DropdownFilter):
    """By cause."""

    title = gettext_lazy("cause")
    parameter_name = "kind"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """Every kind of cause."""
        return [(value, str(label)) for value, label in Alarm.Kind.choices]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        """The alarms of the chosen kind."""
        return queryset.filter(kind=self.value()) if self.value() else queryset


@admin.register(Alarm)
class AlarmAdmin(ModelAdmin[Alarm]):
    """List and page; alarms open and end by themselves."""

    list_display = ("cause", "state", "subject", "said", "began", "over")
    list_filter = (KindFilter,)
    list_filter_submit = True
    list_per_page = 50
    empty_hint = gettext_lazy("That is good: nothing has been wrong so far.")
    sortable_by = ()
    actions = None
    paginator = InfinitePaginator
    show_full_result_count = False

    @admin.display(description=gettext_lazy("Cause"))
    def cause(self, alarm: Alarm) -> str:
        """What kind of cause it is."""
        return alarm.get_kind_display()

    @admin.display(description=gettext_lazy("State"))
    def state(self, alarm: Alarm) -> SafeString:
        """Whether it is over."""
        return state(alarm)

    @admin.display(description=gettext_lazy("What happened"))
    def said(self, alarm: Alarm) -> str:
        """The sentence, in the reader's language."""
        return explained(alarm).message

    @admin.display(description=gettext_lazy("Since"))
    def began(self, alarm: Alarm) -> SafeString:
        """Since when the cause stood."""
        return formats.moment(alarm.since)

    @admin.display(description=gettext_lazy("Over"))
    def over(self, alarm: Alarm) -> SafeString:
        """When it was over."""
        return formats.moment(alarm.over_at)

    def get_ordering(self, request: HttpRequest) -> Any:
        """Open ones first, then what was over last."""
        return (F("over_at").desc(nulls_first=True), "-id")

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        """What happened, what to do, and who was told."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        alarm = Alarm.objects.filter(pk=int(object_id) if object_id.isdecimal() else 0).first()
        if alarm is None:
            raise Http404
        about = [one for one in (alarm.procedure, alarm.node, alarm.run) if one]
        context = {
            **self.admin_site.each_context(request),
            "opts": Alarm._meta,
            "original": alarm,
            "state": state(alarm),
            "said": explained(alarm),
            "began": formats.moment(alarm.since, seconds=True),
            "over": formats.moment(alarm.over_at, seconds=True),
            "about": [(one._meta.verbose_name, formats.link(one)) for one in about],
            "notices": rows(alarm.notices.select_related("alarm").order_by("pk")),
            "may_dismiss": alarm.is_open
            and alarm.kind == Alarm.Kind.WORKER_GONE
            and self.has_change_permission(request),
        }
        request.current_app = self.admin_site.name
        return TemplateResponse(request, "backoffice/alarm.html", context)

    def get_urls(self) -> list[URLPattern]:
        """The admin's addresses and the one that ends an alarm."""
        over = path("<int:number>/over/", self.admin_site.admin_view(self.end), name="processes_alarm_over")
        return [over, *super().get_urls()]

    def end(self, request: HttpRequest, number: int) -> HttpResponse:
        """A worker that is gone does not come back."""
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        if not self.has_change_permission(request):
            raise PermissionDenied
        try:
            dismiss(get_object_or_404(Alarm, pk=number), timezone.now())
        except ConfigError as error:
            messages.error(request, str(explain_error(error)))
        else:
            messages.success(request, _("This worker is missed no more."))
        return HttpResponseRedirect(reverse("admin:processes_alarm_change", args=[number]))

    def has_add_permission(self, request: HttpRequest) -> bool:
        """They open by themselves."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """They stay."""
        return False


def state(alarm: Alarm) -> SafeString:
    """Whether an alarm is open."""
    if alarm.is_open:
        return formats.badge(pgettext("alarm", "Open"), "danger")
    return formats.badge(pgettext("alarm", "Over"), "success")
