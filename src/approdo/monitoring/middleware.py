"""Around every request: its id, one line in the log, and the addresses that machines ask.

Both stand before all other middleware. A probe comes by IP address, over HTTP, and without a session,
whatever the rules about hosts and HTTPS are for everybody else.
"""

import re
import uuid
from collections.abc import Callable
from time import monotonic

import structlog
from django.http import HttpRequest, HttpResponseNotAllowed
from django.http.response import HttpResponseBase
from structlog import stdlib
from structlog.contextvars import bound_contextvars

from approdo.monitoring import health, metrics

log: stdlib.BoundLogger = structlog.get_logger(__name__)

Answer = Callable[[HttpRequest], HttpResponseBase]

HEADER = "X-Request-Id"
GIVEN = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:=+/@-]{0,127}")
"""What is taken over as an id from whoever calls; anything else is replaced."""

PROBES: dict[str, Answer] = {"/health": health.live, "/ready": health.ready, "/metrics": metrics.page}


def log_requests(get_response: Answer) -> Answer:
    """Give each request an id, in its answer and in all that is logged meanwhile, and log its end."""

    def answer(request: HttpRequest) -> HttpResponseBase:
        given = request.headers.get(HEADER, "")
        number = given if GIVEN.fullmatch(given) else uuid.uuid4().hex
        began = monotonic()
        with bound_contextvars(request_id=number):
            response = get_response(request)
            response.headers[HEADER] = number
            _tell(request, response.status_code, round((monotonic() - began) * 1000, 1))
        return response

    return answer


def answer_probes(get_response: Answer) -> Answer:
    """Answer the addresses of `PROBES` and pass on everything else."""

    def answer(request: HttpRequest) -> HttpResponseBase:
        probe = PROBES.get(request.path_info)
        if probe is None:
            return get_response(request)
        if request.method not in ("GET", "HEAD"):
            return HttpResponseNotAllowed(["GET", "HEAD"])
        response = probe(request)
        response.headers["Cache-Control"] = "no-store"
        return response

    return answer


def _tell(request: HttpRequest, status: int, milliseconds: float) -> None:
    """One line; the query is left out, because people search for names in it."""
    if status >= 500:
        level = "warning"
    elif status < 400 and _asked_by_itself(request):
        level = "debug"
    else:
        level = "info"
    told = {"method": request.method, "path": request.path_info, "status": status, "milliseconds": milliseconds}
    getattr(log, level)("request", **told)


def _asked_by_itself(request: HttpRequest) -> bool:
    """Probes, files of a page, and a page that asks how its run goes on."""
    by_page = request.method == "GET" and "HX-Request" in request.headers
    return by_page or request.path_info in PROBES or request.path_info.startswith("/static/")
