"""The requests of one run, page by page: a run can have many thousands."""

from typing import Any, NamedTuple

from django.db.models import Q
from django.http import QueryDict
from django.utils.safestring import SafeString

from approdo.backoffice import formats
from approdo.backoffice.run_page import zone
from approdo.exchanges.models import RequestLogged
from approdo.nodes.sentences import explain
from approdo.processes.models import Run

PAGE = 100

FAILED = ~Q(error="") | Q(status__gte=400)
"""Not answered, or not as it was asked for."""


class RequestRow(NamedTuple):
    """A request, and what its error means where it has one."""

    made: RequestLogged
    at: SafeString
    failed: bool
    error: str


def requests_table(run: Run, wanted: QueryDict) -> dict[str, Any]:
    """One page, newest first; `failed` and `page` among `wanted` choose it."""
    all_of_run = RequestLogged.objects.filter(run=run.pk)
    only_failed = bool(wanted.get("failed"))
    chosen = all_of_run.filter(FAILED) if only_failed else all_of_run
    total = chosen.count()
    last = max((total - 1) // PAGE + 1, 1)
    given = wanted.get("page", "")
    page = min(max(int(given), 1), last) if given.isdecimal() and len(given) < 10 else 1
    first = (page - 1) * PAGE
    rows = [_row(made, run) for made in chosen.order_by("-id")[first : first + PAGE]]
    return {
        "rows": rows,
        "total": total,
        "first": first + 1,
        "last": first + len(rows),
        "newer": page - 1,
        "older": page + 1 if page < last else 0,
        "page": page,
        "only_failed": only_failed,
        "forgotten": not run.live and not total and not only_failed and bool(run.counts.get("requests")),
    }


def _row(made: RequestLogged, run: Run) -> RequestRow:
    failed = bool(made.error) or (made.status or 0) >= 400
    return RequestRow(made, formats.moment(made.at, zone(run), seconds=True), failed, _error(made))


def _error(made: RequestLogged) -> str:
    if not made.error:
        return ""
    known = {"operation": made.operation, "status": made.status, "request_id": made.request_id}
    message = explain(made.error, known).message
    # Only code and status of a request are kept: a sentence that needs more is not worth showing.
    return made.error if "?" in message else message
