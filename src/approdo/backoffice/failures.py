"""Pages for what cannot be shown: not there, not allowed, too many attempts. In the look of the rest."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.utils.translation import gettext as _


def not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """There is no such page or record."""
    return _page(request, 404, _("There is no such page"), _("The address is wrong, or what it showed is gone."))


def forbidden(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """The user may not do this."""
    text = _("Your user lacks the permission. Who manages users can give it, under System › Groups.")
    return _page(request, 403, _("You may not do this"), text)


def locked(request: HttpRequest, *_arguments: Any, **_named: Any) -> HttpResponse:
    """Too many wrong passwords; the lock opens by itself."""
    text = _("The password was wrong too often. Wait a quarter of an hour, then try again.")
    return _page(request, 429, _("Signing in is locked for a while"), text)


def _page(request: HttpRequest, status: int, title: str, text: str) -> HttpResponse:
    if request.path.startswith("/api/"):  # a program asked: it gets what it can read
        return JsonResponse({"title": title, "detail": text, "status": status}, status=status)
    context = {**admin.site.each_context(request), "title": title, "text": text}
    return render(request, "backoffice/failure.html", context, status=status)
