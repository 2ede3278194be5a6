"""Notices: what recipients were told, and whether it arrived."""

from collections.abc import Iterable
from typing import Any, NamedTuple

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy

from approdo.backoffice import formats
from approdo.backoffice.unfolded import DropdownFilter, InfinitePaginator, ModelAdmin
from approdo.nodes.sentences import Explanation, explain
from approdo.processes import wording
from approdo.processes.models import Notice
from approdo.processes.sending import Message
from approdo.sdk.errors import ApprodoError

LOOKS = {Notice.State.WAITING: "info", Notice.State.SENT: "success", Notice.State.GIVEN_UP: "danger"}


class Row(NamedTuple):
    """A notice as lists show it."""

    notice: Notice
    title: str
    badge: SafeString
    error: str
    created: SafeString
    sent: SafeString


def rows(notices: Iterable[Notice]) -> list[Row]:
    """These notices in the reader's language."""
    return [
        Row(
            one,
            title(one),
            state(one),
            failure(one).message,
            formats.moment(one.created_at),
            formats.moment(one.sent_at),
        )
        for one in notices
    ]


def title(notice: Notice) -> str:
    """What it tells, shortly."""
    if notice.alarm:
        return f"{notice.get_event_display()} · {notice.alarm}"
    if notice.run:
        return f"{notice.get_event_display()} · {notice.run}"
    days = dict.fromkeys(formats.day(day) for day in (notice.first_day, notice.last_day) if day)
    return f"{notice.get_event_display()} · {' – '.join(days) or '?'}"


def state(notice: Notice) -> SafeString:
    """Whether it was sent."""
    return formats.badge(notice.get_state_display(), LOOKS[Notice.State(notice.state)])


def failure(notice: Notice) -> Explanation:
    """Why the last attempt did not succeed; empty where it did."""
    return explain(notice.error_code, notice.error_params) if notice.error_code else Explanation("", "")


class NoticeState(DropdownFilter):
    """By state."""

    title = gettext_lazy("state")
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """Every state."""
        return [(value, str(label)) for value, label in Notice.State.choices]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        """The notices in the chosen state."""
        return queryset.filter(state=self.value()) if self.value() else queryset


@admin.register(Notice)
class NoticeAdmin(ModelAdmin[Notice]):
    """List and page; nothing here is changed by hand."""

    list_display = ("what", "recipient_name", "shown_state", "error", "created", "sent")
    list_select_related = ("recipient", "alarm", "run")
    list_filter = (NoticeState,)
    list_filter_submit = True
    list_per_page = 50
    empty_hint = gettext_lazy("Recipients are told of alarms and, if they want, of orders: System › Recipients.")
    ordering = ("-id",)
    sortable_by = ()
    actions = None
    paginator = InfinitePaginator
    show_full_result_count = False

    @admin.display(description=gettext_lazy("What"))
    def what(self, notice: Notice) -> str:
        """What it tells."""
        return title(notice)

    @admin.display(description=gettext_lazy("State"))
    def shown_state(self, notice: Notice) -> SafeString:
        """Whether it was sent."""
        return state(notice)

    @admin.display(description=gettext_lazy("Last error"), empty_value="–")
    def error(self, notice: Notice) -> str | None:
        """Why the last attempt did not succeed."""
        return failure(notice).message or None

    @admin.display(description=gettext_lazy("Created"))
    def created(self, notice: Notice) -> SafeString:
        """When it was written."""
        return formats.moment(notice.created_at)

    @admin.display(description=gettext_lazy("Sent"))
    def sent(self, notice: Notice) -> SafeString:
        """When it was taken."""
        return formats.moment(notice.sent_at)

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        """Its words, as the recipient reads them, and how sending went."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        number = int(object_id) if object_id.isdecimal() else 0
        notice = Notice.objects.select_related("recipient", "alarm", "run").filter(pk=number).first()
        if notice is None:
            raise Http404
        context = {
            **self.admin_site.each_context(request),
            "opts": Notice._meta,
            "original": notice,
            "title_of": title(notice),
            "state": state(notice),
            "error": failure(notice),
            "created": formats.moment(notice.created_at, seconds=True),
            "sent": formats.moment(notice.sent_at, seconds=True),
            "next": formats.moment(notice.next_attempt_at) if notice.state == Notice.State.WAITING else None,
            "recipient": formats.link(notice.recipient) if notice.recipient else notice.recipient_name,
            "words": _words(notice),
        }
        request.current_app = self.admin_site.name
        return TemplateResponse(request, "backoffice/notice.html", context)

    def has_add_permission(self, request: HttpRequest) -> bool:
        """They are written by what they tell."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """They stay as they are."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """They stay."""
        return False


def _words(notice: Notice) -> Message | None:
    if notice.content is None or notice.recipient is None:
        return None
    try:
        return wording.message(notice, notice.recipient)
    except ApprodoError:
        return None
