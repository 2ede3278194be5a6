"""Users and groups in Unfold's look; what the libraries registered for themselves is taken out."""

from typing import Any

import axes.admin  # registers its models, which are no menu of ours
from axes.models import AccessAttempt, AccessFailureLog, AccessLog
from django.contrib import admin
from django.contrib.auth.models import Group, Permission, User
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils.safestring import SafeString
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext_lazy
from unfold import widgets
from unfold.forms import AdminPasswordChangeForm, UserChangeForm, UserCreationForm

from approdo.backoffice import formats
from approdo.backoffice.unfolded import GroupAdmin, ModelMultipleChoiceField, UserAdmin

for _model in (User, Group, AccessAttempt, AccessFailureLog, AccessLog):
    if admin.site.is_registered(_model):
        admin.site.unregister(_model)

assert axes.admin

# Django's own Italian lacks what it says since 5.2.
ngettext_lazy(
    "This password is too short. It must contain at least %d character.",
    "This password is too short. It must contain at least %d characters.",
)

OFFERED = {
    ("nodes", "node"): ("view", "add", "change", "delete"),
    ("nodes", "timerange"): ("view", "add", "change", "delete"),
    ("nodes", "configuration"): ("view", "add", "change", "delete"),
    ("processes", "connector"): ("view", "add", "change", "delete"),
    ("processes", "run"): ("view", "run"),
    ("processes", "alarm"): ("view", "change"),
    ("processes", "notice"): ("view",),
    ("processes", "recipient"): ("view", "add", "change", "delete"),
    ("processes", "token"): ("view", "add", "delete"),
    ("catalog", "skurecoding"): ("view", "add", "change", "delete"),
    ("catalog", "place"): ("view", "add", "change", "delete"),
    ("exchanges", "unmatchedcode"): ("view",),
    ("sales", "saledocument"): ("view",),
    ("sales", "setaside"): ("view",),
    ("sales", "personaldata"): ("view", "purge"),
    ("sales", "personaldatalook"): ("view",),
    ("auth", "user"): ("view", "add", "change", "delete"),
    ("auth", "group"): ("view", "add", "change", "delete"),
}
"""The permissions that some screen asks for; Django makes many more that nothing here looks at."""

ACTIONS = {
    "view": gettext_lazy("view"),
    "add": gettext_lazy("add"),
    "change": gettext_lazy("change"),
    "delete": gettext_lazy("delete"),
    "run": gettext_lazy("run connectors"),
    "purge": gettext_lazy("purge"),
}


class PermissionsField(ModelMultipleChoiceField[Permission]):
    """Permissions in the reader's language, in the order of the menus."""

    def label_from_instance(self, obj: Any) -> str:
        """“Nodes: view”."""
        model = obj.content_type.model_class()
        name = capfirst(str(model._meta.verbose_name_plural)) if model else obj.content_type.name
        return f"{name}: {ACTIONS.get(obj.codename.partition('_')[0], obj.name)}"


def offered() -> QuerySet[Permission]:
    """The permissions that some screen asks for."""
    found = Permission.objects.select_related("content_type")
    codes = [f"{action}_{model}" for (_app, model), actions in OFFERED.items() for action in actions]
    apps = [app for app, _model in OFFERED]
    return found.filter(content_type__app_label__in=apps, codename__in=[*codes, "run_connector"])


@admin.register(User)
class UserScreen(UserAdmin[User]):
    """Who may sign in, and what each may do: by groups, or everything."""

    form = UserChangeForm
    add_form = UserCreationForm
    change_password_form = AdminPasswordChangeForm
    add_form_template = "backoffice/user_add.html"
    change_form_template = "backoffice/form.html"
    list_display = ("username", "email", "first_name", "last_name", "is_active", "is_superuser", "seen")
    list_filter = ()
    filter_horizontal = ()
    fieldsets = (
        (None, {"fields": ("username", "password")}),
        (gettext_lazy("Personal info"), {"fields": ("first_name", "last_name", "email")}),
        (gettext_lazy("Permissions"), {"fields": ("is_active", "is_staff", "is_superuser", "groups")}),
    )

    @admin.display(description=gettext_lazy("Last login"), ordering="last_login")
    def seen(self, user: User) -> SafeString:
        """When they last signed in."""
        return formats.moment(user.last_login)

    def formfield_for_manytomany(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        """Groups as boxes to tick."""
        kwargs["widget"] = widgets.UnfoldAdminCheckboxSelectMultipleWidget()
        field = super().formfield_for_manytomany(db_field, request, **kwargs)
        if field is not None:
            field.help_text = _("The user may do what each of these groups may.")
        return field

    def add_view(self, request: HttpRequest, form_url: str = "", extra_context: Any = None) -> HttpResponse:
        """The name and password first; what the user may do comes on the next page."""
        return super().add_view(request, form_url, {**(extra_context or {}), "show_save": False})


@admin.register(Group)
class GroupScreen(GroupAdmin):
    """Permissions under one name."""

    filter_horizontal = ()
    change_form_template = "backoffice/form.html"
    empty_hint = gettext_lazy("A group holds permissions for several users, for example “Order desk”.")

    def formfield_for_manytomany(self, db_field: Any, request: HttpRequest | None = None, **kwargs: Any) -> Any:
        """The permissions that mean something here, as boxes to tick."""
        return PermissionsField(
            offered(),
            label=_("Permissions"),
            required=False,
            widget=widgets.UnfoldAdminCheckboxSelectMultipleWidget(),
        )
