"""Runs other `approdo` commands as children, starts them again when they die, ends them with itself."""

import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence

from approdo.cli import lifeline
from approdo.cli.texts import _

LONGEST_WAIT = 30.0
STEADY_SECONDS = 60.0
"""A child that lived so long starts again without waiting long."""


class Supervisor:
    """Its children live until `stop`, or until this process ends, however it ends.

    `say` gets one line whenever a child died.
    """

    def __init__(self, say: Callable[[str], None]) -> None:
        self._say = say
        self._children: list[_Child] = []
        self._stopping = threading.Event()
        self._watcher = threading.Thread(target=self._watch, name="supervisor", daemon=True)

    def start(self, *arguments: str, quiet: bool = False) -> None:
        """Start `approdo` with these arguments as a child, named by the first; `quiet` hides its stdout."""
        self._children = [*self._children, _Child(arguments, quiet)]
        if not self._watcher.is_alive():
            self._watcher.start()

    def stop(self) -> None:
        """End every child: SIGTERM, some patience, SIGKILL."""
        self._stopping.set()
        if self._watcher.is_alive():
            self._watcher.join()
        for child in self._children:
            child.process.terminate()
        deadline = time.monotonic() + lifeline.PATIENCE
        for child in self._children:
            try:
                child.process.wait(max(0.0, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                child.process.kill()
                child.process.wait()

    def _watch(self) -> None:
        while not self._stopping.wait(0.2):
            for child in self._children:
                message = child.look()
                if message:
                    self._say(message)


class _Child:
    def __init__(self, arguments: Sequence[str], quiet: bool) -> None:
        self._arguments = arguments
        self._stdout = subprocess.DEVNULL if quiet else None
        self._wait = 1.0
        self._start_at: float | None = None
        self._start()

    def _start(self) -> None:
        self._started = time.monotonic()
        # A session of its own: Ctrl-C reaches the supervisor alone, which then ends its children.
        # Its standard input is a pipe that nobody writes to: it closes when this process ends.
        self.process = subprocess.Popen(  # noqa: S603  our own command
            [sys.executable, "-m", "approdo", *self._arguments],
            stdin=subprocess.PIPE,
            stdout=self._stdout,
            start_new_session=True,
            env={**os.environ, lifeline.VARIABLE: "1"},
        )

    def look(self) -> str:
        """Start a dead child again when its wait is over; says so once, when it is found dead."""
        now = time.monotonic()
        if self.process.poll() is None:
            return ""
        if self._start_at is None:
            if now - self._started > STEADY_SECONDS:
                self._wait = 1.0
            wait, self._wait = self._wait, min(self._wait * 2, LONGEST_WAIT)
            self._start_at = now + wait
            message = _("{name} ended (exit code {code}); it starts again in {seconds} s.")
            return message.format(name=self._arguments[0], code=self.process.returncode, seconds=round(wait))
        if now >= self._start_at:
            self._start_at = None
            self._start()
        return ""
