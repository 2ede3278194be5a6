"""A table as files: export, template, and import with a preview that nothing is written before."""

import tempfile
from collections.abc import Callable
from functools import partial
from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import (
    FileResponse,
    Http404,
    HttpRequest,
    HttpResponse,
    HttpResponseNotAllowed,
    HttpResponseRedirect,
    StreamingHttpResponse,
)
from django.http.response import HttpResponseBase
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from unfold import widgets

from approdo.backoffice import table_preview, uploads
from approdo.backoffice.table_screen import TableScreen
from approdo.catalog.files.reading import MOST_BYTES, read
from approdo.catalog.files.sheet import MOST_ROWS
from approdo.catalog.files.writing import csv_parts, write_xlsx
from approdo.catalog.importing import Plan, carry_out, plan
from approdo.catalog.tables import Table
from approdo.nodes.sentences import explain_error
from approdo.sdk.errors import ConfigError

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
ROWS_AT_ONCE = 2000


class UploadForm(forms.Form):
    """One file."""

    file = forms.FileField(
        label=gettext_lazy("File"),
        widget=widgets.UnfoldAdminFileFieldWidget(attrs={"accept": ".csv,.tsv,.txt,.xlsx"}),
        help_text=gettext_lazy("CSV or XLSX. Nothing is written before you have seen what would change."),
    )


def addresses(where: TableScreen) -> list[URLPattern]:
    """The addresses of export, template and import."""

    def view(name: str, address: str, function: Callable[..., HttpResponseBase]) -> URLPattern:
        return path(address, where.screen.admin_site.admin_view(partial(function, where)), name=where.name(name))

    return [
        view("export", "export/<str:kind>/", export),
        view("template", "template/<str:kind>/", template),
        view("import", "import/", upload),
        view("confirm", "import/<int:number>/", confirm),
    ]


def buttons(where: TableScreen, request: HttpRequest) -> dict[str, Any]:
    """What the list says of files: an export has the list's own filters."""
    query = f"?{request.GET.urlencode()}" if request.GET else ""
    return {
        "export_csv": where.address("export", "csv") + query,
        "export_xlsx": where.address("export", "xlsx") + query,
        "import": where.address("import") if where.may_import(request) else "",
    }


def export(where: TableScreen, request: HttpRequest, kind: str) -> HttpResponseBase:
    """The rows that the list shows, as a file."""
    if not where.screen.has_view_permission(request):
        raise PermissionDenied
    listed = where.screen.get_changelist_instance(request).queryset
    rows = listed.select_related("node") if "node" in where.table.columns else listed
    name = f"{where.table.name}-{timezone.localdate():%Y-%m-%d}"
    return _file(where.table, rows.iterator(chunk_size=ROWS_AT_ONCE), kind, name)


def template(where: TableScreen, request: HttpRequest, kind: str) -> HttpResponseBase:
    """A file that only names the columns."""
    if not where.screen.has_view_permission(request):
        raise PermissionDenied
    return _file(where.table, (), kind, where.table.name)


def _file(table: Table, rows: Any, kind: str, name: str) -> HttpResponseBase:
    named = {"Content-Disposition": f'attachment; filename="{name}.{kind}"', "Cache-Control": "no-store"}
    if kind == "csv":
        return StreamingHttpResponse(csv_parts(table, rows), content_type="text/csv; charset=utf-8", headers=named)
    if kind != "xlsx":
        raise Http404
    file = tempfile.TemporaryFile()  # noqa: SIM115  closed with the answer
    write_xlsx(table, rows, file)
    file.seek(0)
    return FileResponse(file, content_type=XLSX, headers=named)


def upload(where: TableScreen, request: HttpRequest) -> HttpResponseBase:
    """Ask for a file, and answer one with its preview."""
    if not where.may_import(request):
        raise PermissionDenied
    form = UploadForm(request.POST, request.FILES) if request.method == "POST" else UploadForm()
    if form.is_valid():
        try:
            return _read(where, request, form.cleaned_data["file"])
        except ConfigError as error:
            form.add_error("file", str(explain_error(error)))
    context = {"form": form, "media": where.screen.media + form.media, "most_rows": MOST_ROWS, "most": MOST_BYTES}
    return _page(where, request, "backoffice/table_upload.html", context)


def _read(where: TableScreen, request: HttpRequest, uploaded: Any) -> HttpResponse:
    if uploaded.size > MOST_BYTES:
        raise ConfigError("table_too_large", most=MOST_BYTES // 1_000_000)
    sheet = read(where.table, uploaded.read())
    kept = uploads.keep(request.user, where.table, uploaded.name, sheet)
    return _preview(where, request, kept, plan(where.table, sheet.lines))


def confirm(where: TableScreen, request: HttpRequest, number: int) -> HttpResponseBase:
    """Do what the preview showed, or show it anew where the table changed meanwhile."""
    if request.method != "POST":
        return HttpResponseNotAllowed(["POST"])
    if not where.may_import(request):
        raise PermissionDenied
    kept = uploads.kept(request.user, where.table, number)
    if kept is None:
        messages.error(request, _("This preview is gone: it was confirmed already, or is older than a day."))
        return HttpResponseRedirect(where.address("import"))
    found = plan(where.table, uploads.sheet_of(kept).lines)
    try:
        if found.digest != request.POST.get("digest"):
            raise ConfigError("table_changed")
        with transaction.atomic():
            if not uploads.take(kept):
                raise ConfigError("table_changed")
            carry_out(found)
    except ConfigError:
        messages.warning(request, _("The table changed since the preview. Nothing was written: look at it anew."))
        return _preview(where, request, kept, plan(where.table, uploads.sheet_of(kept).lines))
    messages.success(request, _done(found))
    return HttpResponseRedirect(where.address("changelist"))


def _done(found: Plan) -> str:
    parts = [
        ngettext("%(count)d row added", "%(count)d rows added", found.added) % {"count": found.added},
        ngettext("%(count)d row changed", "%(count)d rows changed", found.changed) % {"count": found.changed},
    ]
    if found.refused:
        refused = ngettext("%(count)d line left out", "%(count)d lines left out", found.refused)
        parts.append(refused % {"count": found.refused})
    return ", ".join(parts) + "."


def _preview(where: TableScreen, request: HttpRequest, kept: uploads.TableUpload, found: Plan) -> HttpResponse:
    ignored = uploads.sheet_of(kept).ignored
    context = {
        "preview": table_preview.whole(found),
        "upload": kept,
        "ignored": ", ".join(ignored),
        "confirm": where.address("confirm", kept.pk),
        "again": where.address("import"),
    }
    return _page(where, request, "backoffice/table_preview.html", context)


def _page(where: TableScreen, request: HttpRequest, template_name: str, context: dict[str, Any]) -> HttpResponse:
    request.current_app = where.screen.admin_site.name
    return TemplateResponse(
        request,
        template_name,
        {
            **where.screen.admin_site.each_context(request),
            "opts": where.screen.model._meta,
            "page_title": _("Import"),
            "template_csv": where.address("template", "csv"),
            "template_xlsx": where.address("template", "xlsx"),
            "changelist": where.address("changelist"),
            **context,
        },
    )
