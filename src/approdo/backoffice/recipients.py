"""Recipients: who is told of alarms and of orders, by mail or by webhook."""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotAllowed, HttpResponseRedirect
from django.urls import URLPattern, path, reverse
from django.utils import timezone, translation
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold import widgets

from approdo.backoffice.deleting import delete_all, delete_selected
from approdo.backoffice.notices import rows
from approdo.backoffice.unfolded import ModelAdmin, ModelForm
from approdo.nodes.sentences import explain_error
from approdo.processes import notices, records
from approdo.processes.models import Recipient
from approdo.sdk.errors import ApprodoError

LAST_NOTICES = 20


class RecipientForm(ModelForm[Recipient]):
    """Address, language, and what is told. The secret is typed and never shown again."""

    secret = forms.CharField(
        label=gettext_lazy("Signing secret"), required=False, widget=widgets.UnfoldAdminPasswordToggleWidget()
    )

    class Meta:
        model = Recipient
        fields = ("name", "kind", "address", "language", "alarms", "news", "active")

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        if "address" not in self.fields:  # a page that only shows the recipient
            return
        if self.instance.pk is None:
            self.initial.setdefault("language", translation.get_language() or "en")
        is_set = bool(self.instance.sealed)
        hint = _("Set – leave empty to keep it, type to replace it") if is_set else ""
        hint = _("Lost with the encryption keys – enter it again") if self.instance.secret_lost else hint
        self.fields["secret"].widget.attrs.update(
            {
                "autocomplete": "new-password",
                "placeholder": hint,
                "data-when": "kind",
                "data-when-values": f'["{Recipient.Kind.WEBHOOK}"]',
            }
        )
        helps = {
            "name": _("Who or what is told, for example “Order desk” or “ERP”."),
            "address": _("An e-mail address, or for a webhook an address that begins with https://."),
            "secret": _(
                "With it each call is signed as Standard Webhooks has it: so the receiver can tell that it is ours."
                " It is whsec_ and 24 to 64 bytes in base64; `openssl rand -base64 32` makes some."
            ),
            "alarms": _("Told when something is wrong, once, and once more when it is over."),
            "news": _(
                "The new, changed and cancelled orders with their numbers, at most 50 of them. Once a day means at 7"
                " in the morning, for the day before. Where there are none, nothing is sent."
            ),
            "active": _("Switched off, it is told nothing."),
        }
        for name, text in helps.items():
            self.fields[name].help_text = text.replace("`", "")

    def clean(self) -> dict[str, Any]:
        """Take the secret where one was typed."""
        cleaned = super().clean() or self.cleaned_data
        if cleaned.get("secret") and cleaned.get("kind") == Recipient.Kind.WEBHOOK:
            try:
                self.instance.sign_with(cleaned["secret"])
            except ValidationError as error:
                self.add_error(None, error)
        return cleaned


@admin.register(Recipient)
class RecipientAdmin(ModelAdmin[Recipient]):
    """List, form, and the button that sends a test."""

    form = RecipientForm
    list_display = ("name", "kind", "address", "language", "alarms", "news", "active")
    empty_hint = gettext_lazy("A recipient is told of alarms, and of orders if wanted, by e-mail or webhook.")
    search_fields = ("name", "address")
    actions = (delete_selected,)
    change_form_template = "backoffice/form.html"
    change_form_outer_before_template = "backoffice/recipient_test.html"
    change_form_outer_after_template = "backoffice/recipient_notices.html"
    fieldsets = ((None, {"fields": ("name", "kind", "address", "secret", "language", "alarms", "news", "active")}),)

    def get_fieldsets(self, request: HttpRequest, obj: Recipient | None = None) -> Any:
        """Who may only look sees no field for a secret."""
        if obj and not self.has_change_permission(request, obj):
            return ((None, {"fields": ("name", "kind", "masked", "language", "alarms", "news", "active")}),)
        return self.fieldsets

    def get_list_display(self, request: HttpRequest) -> Any:
        """Addresses in full only for who may change them."""
        may = self.has_change_permission(request)
        return [one if may or one != "address" else "masked" for one in self.list_display]

    def get_search_fields(self, request: HttpRequest) -> Any:
        """The same: a search that finds a part of an address tells it."""
        return self.search_fields if self.has_change_permission(request) else ("name",)

    @admin.display(description=gettext_lazy("address"))
    def masked(self, recipient: Recipient) -> str:
        """The address as far as everybody may see it."""
        return recipient.masked_address

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        """The form, the test, and what was told lately."""
        recipient = self.get_object(request, object_id)
        last = recipient.notices.select_related("alarm", "run")[:LAST_NOTICES] if recipient else []
        extra = {
            "may_test": bool(recipient) and self.has_change_permission(request, recipient),
            "notices": rows(last),
            "sees_notices": request.user.has_perm("processes.view_notice"),
        }
        return super().change_view(request, object_id, form_url, {**(extra_context or {}), **extra})

    def delete_model(self, request: HttpRequest, obj: Recipient) -> None:
        """What it was still to be told is given up."""
        records.delete(obj)

    def delete_queryset(self, request: HttpRequest, queryset: Any) -> None:
        """All or none."""
        delete_all(queryset)

    def get_urls(self) -> list[URLPattern]:
        """The admin's addresses and the one that sends a test."""
        test = path("<int:number>/test/", self.admin_site.admin_view(self.test), name="processes_recipient_test")
        return [test, *super().get_urls()]

    def test(self, request: HttpRequest, number: int) -> HttpResponse:
        """Send a few words at once and say how it went."""
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        recipient = self.get_object(request, str(number))
        if recipient is None:
            raise Http404
        if not self.has_change_permission(request, recipient):
            raise PermissionDenied
        try:
            notices.test(recipient, timezone.now())
        except ApprodoError as error:
            messages.error(request, str(explain_error(error)))
        else:
            messages.success(request, taken(recipient))
        return HttpResponseRedirect(reverse("admin:processes_recipient_change", args=[number]))


def taken(recipient: Recipient) -> str:
    """What it means that a test was sent."""
    if recipient.kind == Recipient.Kind.WEBHOOK:
        return _("The receiver took the test.")
    return _("The mail server took the test for %(address)s. Look into that mailbox, also among spam.") % {
        "address": recipient.address
    }
