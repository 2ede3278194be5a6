"""API tokens: made here, shown once, known by their digest from then on."""

from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold import widgets

from approdo.backoffice import formats
from approdo.backoffice.unfolded import ModelAdmin, ModelForm
from approdo.processes.models import Token
from approdo.processes.tokens import make_token


class TokenForm(ModelForm[Token]):
    """Name, what the token allows, and the connector it is bound to, if any."""

    scopes = forms.MultipleChoiceField(
        label=gettext_lazy("What it allows"),
        choices=Token.Scope.choices,
        widget=widgets.UnfoldAdminCheckboxSelectMultipleWidget(),
    )

    class Meta:
        model = Token
        fields = ("name", "scopes", "connector")

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        if "name" not in self.fields:  # a page that only shows the token
            return
        self.fields["name"].help_text = _("Which program will use it, for example “ERP, nightly import”.")
        self.fields["connector"].help_text = _("Left empty, the token is not bound to one connector.")
        for action in ("add", "change", "delete", "view"):
            setattr(self.fields["connector"].widget, f"can_{action}_related", False)


@admin.register(Token)
class TokenAdmin(ModelAdmin[Token]):
    """List, the form that makes one, and its page; a token is never changed, only deleted."""

    form = TokenForm
    list_display = ("name", "allows", "connector", "created", "last_used")
    list_select_related = ("connector",)
    empty_hint = gettext_lazy("With a token a program, for example your ERP, calls the REST API.")
    search_fields = ("name",)
    change_form_template = "backoffice/form.html"

    @admin.display(description=gettext_lazy("What it allows"))
    def allows(self, token: Token) -> str:
        """The scopes in words."""
        labels = dict(Token.Scope.choices)
        return ", ".join(str(labels.get(scope, scope)) for scope in token.scopes)

    @admin.display(description=gettext_lazy("Created"), ordering="created_at")
    def created(self, token: Token) -> SafeString:
        """When it was made."""
        return formats.moment(token.created_at)

    @admin.display(description=gettext_lazy("Last used"), ordering="last_used_at")
    def last_used(self, token: Token) -> SafeString:
        """The last call with it, to a minute or so."""
        return formats.moment(token.last_used_at)

    def get_fields(self, request: HttpRequest, obj: Token | None = None) -> Any:
        """Three fields to make one; a page that only shows it afterwards."""
        if obj is None:
            return ("name", "scopes", "connector")
        return ("name", "allows", "connector", "created", "last_used")

    def get_readonly_fields(self, request: HttpRequest, obj: Token | None = None) -> Any:
        """Everything, once it is made."""
        return () if obj is None else self.get_fields(request, obj)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """A token is replaced, never changed."""
        return False

    def add_view(self, request: HttpRequest, form_url: str = "", extra_context: Any = None) -> HttpResponse:
        """One button: there is nothing to go on editing."""
        context = {**(extra_context or {}), "show_save_and_continue": False}
        return super().add_view(request, form_url, context)

    def save_model(self, request: HttpRequest, obj: Token, form: Any, change: bool) -> None:
        """Make the token. Its secret lives in this request only."""
        secret = make_token(obj.name, obj.scopes, obj.connector)
        obj.pk = Token.objects.get(name=obj.name).pk
        request.approdo_token = secret  # type: ignore[attr-defined]

    def response_add(self, request: HttpRequest, obj: Token, post_url_continue: Any = None) -> HttpResponse:
        """Show the token, once."""
        context = {
            **self.admin_site.each_context(request),
            "opts": Token._meta,
            "original": obj,
            "secret": request.approdo_token,  # type: ignore[attr-defined]
        }
        return TemplateResponse(request, "backoffice/token.html", context)
