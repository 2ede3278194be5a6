"""Every address of the hub."""

from django.contrib import admin
from django.urls import include, path

from approdo.api.api import api
from approdo.api.exports import schema

admin.autodiscover()

handler403 = "approdo.backoffice.failures.forbidden"
handler404 = "approdo.backoffice.failures.not_found"

urlpatterns = [
    path("api/v1/exports/documents.xsd", schema),
    path("api/v1/", api.urls),
    path("i18n/", include("django.conf.urls.i18n")),
    path("", admin.site.urls),
]
