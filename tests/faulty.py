"""The real command, or a worker, with a fault built in: it dies at a line, or its database does.

`python tests/faulty.py FAULTS COMMAND…`; FAULTS is JSON, see `install`. With `nursery` as the command
it makes one worker after the other, each born ready and each with its own fault: one JSON a line on stdin.
"""

import json
import os
import signal
import socket
import sys
import threading
import time
from functools import cache
from pathlib import Path
from types import CodeType, FrameType
from typing import Any

WATCHED = tuple(f"/approdo/{layer}/" for layer in ("processes", "exchanges", "sales", "cli/copies"))


class Death:
    """Kills this process as SIGKILL does: at the n-th line of ours, or where a function begins or ends."""

    def __init__(self, at: dict[str, Any]) -> None:
        self.lines = int(at.get("line", 0))
        self.event, self.function = at.get("event", ""), at.get("function", "")
        self.times = int(at.get("times", 1))

    def trace(self, frame: FrameType, event: str, _argument: Any) -> Any:
        code = frame.f_code
        if not _is_watched(code.co_filename):
            return None
        if self.function:
            here = _called(code) == self.function
            if here and event == self.event:
                self.times -= 1
                if self.times <= 0:
                    os.kill(os.getpid(), signal.SIGKILL)
            return self.trace if here else None
        if event == "line" and self.lines:
            self.lines -= 1
            if self.lines <= 0:
                os.kill(os.getpid(), signal.SIGKILL)
        return self.trace


@cache
def _is_watched(file: str) -> bool:
    return any(layer in file for layer in WATCHED)


@cache
def _called(code: CodeType) -> str:
    return f"{Path(code.co_filename).stem}.{code.co_name}"


def install(faults: dict[str, Any]) -> None:
    """Build in what is asked for.

    - `die`: {"line": n} or {"event": "call" or "return", "function": "module.function", "times": n}
    - `pragmas`: of each connection to the hub's SQLite
    - `engine_read_only`: a path; while a file lies there, the engine's SQLite cannot be written
    - `version`: of a release whose steps are called otherwise
    - `host`: what this machine is called
    - `dwells`: a path, written once it was seen that a worker is gone; it takes until the file is removed
    """
    if "die" in faults:
        death = Death(faults["die"])
        threading.settrace(death.trace)
        sys.settrace(death.trace)
    if "pragmas" in faults:
        from django.db.backends.signals import connection_created

        def prepare(connection: Any, **_: Any) -> None:
            for pragma in faults["pragmas"]:
                connection.connection.execute(f"PRAGMA {pragma}")

        connection_created.connect(prepare, weak=False)
    if "version" in faults:
        _be_of_version(faults["version"])
    if "host" in faults:
        socket.gethostname = lambda: faults["host"]
    if "dwells" in faults:
        _dwell(Path(faults["dwells"]))
    if "engine_read_only" in faults:
        from sqlalchemy import event
        from sqlalchemy.pool import Pool

        def lock(connection: Any, *_: Any) -> None:
            connection.execute(f"PRAGMA query_only = {int(Path(faults['engine_read_only']).exists())}")

        event.listen(Pool, "checkout", lock)


def _be_of_version(version: str) -> None:
    from approdo.processes import engine

    step = engine.step
    engine.VERSION = version
    engine.step = lambda name, *work: step(f"{name} of version {version}", *work)


def _dwell(path: Path) -> None:
    from approdo.processes import presence

    is_gone = presence.is_gone

    def slowly(executor: str) -> bool:
        gone = is_gone(executor)
        if gone:
            path.touch()
        while path.exists():
            time.sleep(0.05)
        return gone

    presence.is_gone = slowly


def nursery() -> None:
    """Make workers that are done when no run is live any more; print how each of them ended."""
    from approdo.cli import start

    start.django_ready()
    from approdo.processes import engine, worker

    engine._dbos()
    _say("ready")
    for line in sys.stdin:
        child = os.fork()
        if child == 0:
            faults = json.loads(line)
            install(faults)
            if faults.get("ask"):
                _ask()
            stop = threading.Event()
            threading.Thread(target=_stop_when_done, args=(stop,), daemon=True).start()
            worker.work(stop)
            os._exit(0)
        _say(str(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])))


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def _ask() -> None:
    from approdo.processes import runs
    from approdo.processes.models import Connector

    runs.request_run(Connector.objects.get())


def _stop_when_done(stop: threading.Event) -> None:
    sys.settrace(None)
    from django.db import close_old_connections

    from approdo.processes.models import Run

    while Run.objects.filter(state__in=Run.LIVE).exists():
        close_old_connections()
        time.sleep(0.1)
    stop.set()


if __name__ == "__main__":
    if sys.argv[2] == "nursery":
        nursery()
    else:
        os.environ.setdefault("DJANGO_SETTINGS_MODULE", "approdo.settings")
        install(json.loads(sys.argv[1]))
        from approdo.cli.main import main

        sys.exit(main(sys.argv[2:]))
