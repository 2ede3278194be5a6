"""Who a document's consumer is, on its page: hidden until somebody with the right asks, and each look written down."""

from typing import NamedTuple

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed, HttpResponseRedirect
from django.urls import reverse
from django.utils import timezone
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from approdo.backoffice import formats
from approdo.nodes.sentences import explain_error
from approdo.nodes.time_ranges import zone_of
from approdo.processes import purging
from approdo.sales import personal
from approdo.sales.models import PersonalData, SaleDocument, SetAside
from approdo.sales.personal import Reader
from approdo.sdk.documents import Personal
from approdo.sdk.errors import ConfigError

MAY_LOOK = "sales.view_personaldata"
MAY_PURGE = "sales.purge_personaldata"
ASKED = "personal"


class Consumer(NamedTuple):
    """What a page says of the consumer, or why it does not; `known` only where it was asked for and allowed."""

    known: Personal | None
    purged: SafeString | None
    purge_on: SafeString
    may_look: bool
    may_purge: bool


def of(request: HttpRequest, document: SaleDocument) -> Consumer | None:
    """What the reader may know; none where the document is about no consumer."""
    kept = PersonalData.objects.filter(document=document).defer("sealed").first()
    if kept is None:
        return None
    zone = zone_of(document.node)
    reader = reader_of(request)
    found = personal.reveal([document], reader) if reader else {}
    return Consumer(
        known=found.get(document.pk),
        purged=formats.moment(kept.purged_at, zone) if kept.purged_at else None,
        purge_on=formats.moment(kept.purge_at, zone),
        may_look=request.user.has_perm(MAY_LOOK) and not kept.purged_at,
        may_purge=request.user.has_perm(MAY_PURGE) and not kept.purged_at,
    )


def reader_of(request: HttpRequest) -> Reader | None:
    """Whoever asks to see consumers' data and may; none where it was not asked for. Raises `PermissionDenied`."""
    if ASKED not in request.GET:
        return None
    if not request.user.has_perm(MAY_LOOK):
        raise PermissionDenied
    return Reader(request.user.get_username(), _place(request), timezone.now())


def note_look(request: HttpRequest, kept: SaleDocument | SetAside, sealed: bool) -> bool:
    """Whether the reader sees the consumer in a raw text that is kept sealed or not; if so it is written down."""
    reader = reader_of(request)
    if reader is None or not sealed:
        return False
    personal.note_looks([kept], reader)
    return True


def purge(request: HttpRequest, document: SaleDocument) -> HttpResponse:
    """Forget the consumer, and say so."""
    if request.method != "POST":
        return HttpResponseNotAllowed(["POST"])
    if not request.user.has_perm(MAY_PURGE):
        raise PermissionDenied
    try:
        if purging.purge(document, timezone.now()):
            messages.success(request, _("The personal data of this order have been purged, in all its versions."))
    except ConfigError as error:
        messages.error(request, str(explain_error(error)))
    return HttpResponseRedirect(reverse("admin:sales_saledocument_change", args=[document.pk]))


def _place(request: HttpRequest) -> str:
    return request.path[:60]
