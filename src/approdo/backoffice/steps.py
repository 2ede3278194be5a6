"""Adding in two steps: first what decides which fields there are, then the fields.

Nothing is saved before the second step: there are no half-made records that a run could meet.
"""

from typing import Any

from django import forms
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.utils.http import urlencode

from approdo.backoffice.unfolded import ModelAdmin


def first_step(
    screen: ModelAdmin[Any], request: HttpRequest, form: forms.Form, missing: dict[str, str] | None = None
) -> HttpResponse:
    """The page of the first step; a valid form leads to the second, with its answers in the address.

    `missing` names what has to exist first: a text, and the address of the form that adds it.
    """
    if not screen.has_add_permission(request):
        raise PermissionDenied
    if request.method == "POST" and form.is_valid():
        answers = {name: getattr(value, "pk", value) for name, value in form.cleaned_data.items() if value is not None}
        return HttpResponseRedirect(f"{request.path}?{urlencode(answers)}")
    context = {
        **screen.admin_site.each_context(request),
        "opts": screen.model._meta,
        "add": True,
        "form": form,
        "media": screen.media + form.media,
        "missing": missing,
    }
    request.current_app = screen.admin_site.name
    return TemplateResponse(request, "backoffice/first_step.html", context)
