"""Deleting: what is in use stays, and the person is told by whom. One sentence instead of a list of objects."""

from typing import Any

from django.contrib import admin, messages
from django.contrib.admin.actions import delete_selected as ask_and_delete
from django.db import transaction
from django.db.models import Model, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from approdo.backoffice.unfolded import ModelAdmin
from approdo.nodes.sentences import explain_error
from approdo.processes import records
from approdo.sdk.errors import ConfigError


def refusal(record: Model) -> str | None:
    """Why the record cannot be deleted, in the reader's language, or none."""
    try:
        records.refuse_if_used(record)
    except ConfigError as error:
        return str(explain_error(error))
    return None


def delete_all(queryset: QuerySet[Any]) -> None:
    """Delete every record of `queryset` or, where one is in use, none. Raises `ConfigError`."""
    with transaction.atomic():
        for record in queryset:
            records.delete(record)


def stays(screen: ModelAdmin[Any], request: HttpRequest, object_id: str) -> HttpResponseRedirect | None:
    """The way back to a record that is in use, with the sentence that says so; none where it may go."""
    record = screen.get_object(request, object_id)
    reason = refusal(record) if record and screen.has_delete_permission(request, record) else None
    if record is None or reason is None:
        return None
    messages.error(request, reason)
    opts = screen.model._meta
    return HttpResponseRedirect(reverse(f"admin:{opts.app_label}_{opts.model_name}_change", args=[record.pk]))


@admin.action(permissions=["delete"], description=_("Delete selected records"))
def delete_selected(screen: ModelAdmin[Any], request: HttpRequest, queryset: QuerySet[Any]) -> HttpResponse | None:
    """Asks once for all that are ticked; deletes nothing where one of them is in use."""
    reasons = [reason for record in queryset if (reason := refusal(record))]
    for reason in reasons:
        messages.error(request, reason)
    if reasons:
        return None
    try:
        return ask_and_delete(screen, request, queryset)
    except ConfigError as error:  # somebody began to use one meanwhile
        messages.error(request, str(explain_error(error)))
        return None
