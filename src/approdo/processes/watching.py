"""The watch: a thread of each worker and of each web server that looks for alarms and sends what is to be told.

Of the web servers too, because with no worker nobody else would say that there is none.
"""

import logging
import threading
from collections.abc import Callable

from django.conf import settings
from django.db import close_old_connections, connection
from django.utils import timezone

from approdo.processes import alarms, database, notices

log = logging.getLogger(__name__)


def start(stop: threading.Event | None = None) -> threading.Thread:
    """Watch until `stop` is set or the process ends; nothing that goes wrong leaves the thread."""
    watch = _Watch(stop or threading.Event())
    thread = threading.Thread(target=watch.run, name="watch", daemon=True)
    thread.start()
    return thread


class _Watch:
    def __init__(self, stop: threading.Event) -> None:
        self._stop = stop
        self._sending: dict[int, threading.Thread] = {}
        self._failing: set[str] = set()

    def run(self) -> None:
        while not self._stop.wait(settings.ROUND_SECONDS):
            for work in (_look, self._send):
                self._guarded(work)
        connection.close()

    def _guarded(self, work: Callable[[], None]) -> None:
        close_old_connections()
        try:
            work()
            self._failing.discard(work.__name__)
        except Exception as error:
            if not database.is_failure(error):
                log.exception("the watch failed")
            elif work.__name__ not in self._failing:
                log.warning("nobody can be told of alarms: %s", database.reason(error))
            self._failing.add(work.__name__)
        finally:
            close_old_connections()

    def _send(self) -> None:
        """One thread for each recipient, so that one that hangs keeps nobody else waiting."""
        for recipient, numbers in notices.waiting(timezone.now()).items():
            busy = self._sending.get(recipient)
            if busy is None or not busy.is_alive():
                thread = threading.Thread(target=_deliver, args=(numbers,), name="notices", daemon=True)
                self._sending[recipient] = thread
                thread.start()


def _look() -> None:
    now = timezone.now()
    if alarms.my_turn(now):
        alarms.look(now)
        notices.tell_of_days(now)


def _deliver(numbers: list[int]) -> None:
    try:
        notices.send_all(numbers)
    except Exception as error:
        if database.is_failure(error):
            log.warning("notices could not be sent: %s", database.reason(error))
        else:
            log.exception("notices could not be sent")
    finally:
        connection.close()
