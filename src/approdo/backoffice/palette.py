"""What the command palette (Ctrl + K) finds besides the lists: documents, nodes, connectors and procedures."""

from collections.abc import Iterator
from typing import Any

from django.db.models import Model
from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext as _
from unfold.dataclasses import SearchResult

from approdo.nodes.models import Node
from approdo.processes.models import Connector, Procedure
from approdo.sales.models import SaleDocument
from approdo.sales.queries import search as search_documents

MOST = 10


def search(request: HttpRequest, text: str) -> list[Any]:
    """What fits `text` among all that the user may see; documents by the beginning of number, ASIN or SKU.

    Unfold itself adds the lists whose names fit.
    """
    return list(_records(request, text))


def _records(request: HttpRequest, text: str) -> Iterator[Any]:
    may = request.user.has_perm
    if may("processes.view_connector"):
        found = Connector.objects.filter(name__icontains=text)[:MOST]
        yield from (_result(one, one.name, _("Connector"), "cable") for one in found)
    if may("processes.view_procedure"):
        procedures = Procedure.objects.filter(name__icontains=text)[:MOST]
        yield from (_result(one, one.name, _("Procedure"), "event_repeat") for one in procedures)
    if may("nodes.view_node"):
        nodes = Node.objects.filter(name__icontains=text)[:MOST]
        yield from (_result(one, one.name, _("Node"), "hub") for one in nodes)
    if may("sales.view_saledocument") and len(text) > 2:
        documents = search_documents(SaleDocument.objects.only("number", "vendor_code", "ship_to"), text)
        for one in documents.order_by("-date", "-pk")[:MOST]:
            described = " · ".join(filter(None, (_("Sale document"), one.vendor_code, one.ship_to)))
            yield _result(one, one.number, described, "receipt_long")


def _result(record: Model, title: str, description: str, icon: str) -> Any:
    opts = record._meta
    address = reverse(f"admin:{opts.app_label}_{opts.model_name}_change", args=[record.pk])
    return SearchResult(title=title, description=description, link=address, icon=icon)
