"""`/health`: this process answers. `/ready`: it can serve, because the database is there and fits.

Both name no host, no secret, nothing of the installation: whoever reaches the port may ask.
"""

import logging
import threading
from concurrent.futures import Future

from django.db import Error, connection
from django.http import HttpRequest, HttpResponse, JsonResponse

from approdo.nodes.sentences import explain
from approdo.processes import database, installation
from approdo.sdk.errors import ConfigError

log = logging.getLogger(__name__)

WAIT_SECONDS = 2.0
"""After so long without an answer the database counts as away."""


def live(_request: HttpRequest) -> HttpResponse:
    """200: the process answers. Touches no database."""
    return JsonResponse({"status": "ok"})


def ready(_request: HttpRequest) -> HttpResponse:
    """200 where pages and API can be served, else 503 with the reason: a code and its sentence."""
    code = _look_under_way().why_not()
    if not code:
        return JsonResponse({"status": "ok"})
    return JsonResponse({"status": "unavailable", "code": code, "detail": str(explain(code))}, status=503)


class _Look:
    """One look at the database in a thread of its own: who asks does not wait longer than `WAIT_SECONDS`."""

    def __init__(self) -> None:
        self._found: Future[str] = Future()
        threading.Thread(target=self._look, name="ready", daemon=True).start()

    @property
    def over(self) -> bool:
        return self._found.done()

    def why_not(self) -> str:
        """The code of what is wrong; empty where nothing is."""
        try:
            return self._found.result(WAIT_SECONDS)
        except TimeoutError:
            log.warning("the database did not answer within %s s", WAIT_SECONDS)
            return "database_away"

    def _look(self) -> None:
        try:
            self._found.set_result(_problem())
        except BaseException as error:  # noqa: BLE001  told to whoever waits
            self._found.set_exception(error)
        finally:
            connection.close()


_lock = threading.Lock()
_latest: list[_Look] = []


def _look_under_way() -> _Look:
    """The look that has not ended, shared by all who ask meanwhile, or a new one."""
    with _lock:
        if not _latest or _latest[0].over:
            _latest[:] = [_Look()]
        return _latest[0]


def _problem() -> str:
    try:
        installation.refuse_older()
        installation.refuse_other_key()
    except ConfigError as error:
        return error.code
    except Error as error:
        log.warning("not ready: %s", database.reason(error))
        return "database_away"
    return ""
