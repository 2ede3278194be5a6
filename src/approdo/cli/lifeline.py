"""A child process ends with its parent, however the parent ends: a pipe closes even after `kill -9`."""

import os
import signal
import threading
import time

VARIABLE = "APPRODO_LIFELINE"
"""Set for a child whose standard input is the lifeline: when that closes, the parent is gone."""

PATIENCE = 10.0
"""Seconds a child gets to end by itself."""


def hold() -> None:
    """In a child of ours: end as after SIGTERM once the parent is gone. Elsewhere: nothing."""
    if os.environ.pop(VARIABLE, ""):
        threading.Thread(target=_wait_for_end_of_input, name="lifeline", daemon=True).start()


def _wait_for_end_of_input() -> None:
    # os.read and not sys.stdin: a thread blocked inside that could stop the interpreter from ending.
    while os.read(0, 1024):
        pass
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(PATIENCE)
    os._exit(1)


def end_with_parent() -> None:
    """For a forked process that has no pipe of its own: end soon after the process that forked it."""
    threading.Thread(target=_wait_for_adoption, args=(os.getppid(),), name="lifeline", daemon=True).start()


def _wait_for_adoption(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(0.5)
    os._exit(1)
