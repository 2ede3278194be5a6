"""Users and groups in Unfold's look; what the libraries registered for themselves is taken out."""

import axes.admin  # registers its models, which are no menu of ours
from axes.models import AccessAttempt, AccessFailureLog, AccessLog
from django.contrib import admin
from django.contrib.auth.models import Group, User
from unfold.forms import AdminPasswordChangeForm, UserChangeForm, UserCreationForm

from approdo.backoffice.unfolded import GroupAdmin, UserAdmin

for _model in (User, Group, AccessAttempt, AccessFailureLog, AccessLog):
    if admin.site.is_registered(_model):
        admin.site.unregister(_model)

assert axes.admin


@admin.register(User)
class UserScreen(UserAdmin[User]):
    """Who may sign in, and what each may do."""

    form = UserChangeForm
    add_form = UserCreationForm
    change_password_form = AdminPasswordChangeForm
    change_form_template = "backoffice/form.html"
    list_display = ("username", "email", "first_name", "last_name", "is_active", "is_superuser", "last_login")
    list_filter = ()
    filter_horizontal = ()
    compressed_fields = True


@admin.register(Group)
class GroupScreen(GroupAdmin):
    """Permissions under one name."""

    change_form_template = "backoffice/form.html"
