"""One worker after the other, each born ready and with a fault of its own: starting them anew is slow."""

import json

from hub import Hub

KILLED = -9


class Nursery:
    """Called with faults (`faulty.py`): a new worker does what is queued, after asking for a run with `ask`.

    Returns how it ended: 0, or `KILLED`.
    """

    def __init__(self, hub: Hub) -> None:
        self._process = hub.start_faulty({}, "nursery")
        assert self._answer() == "ready"

    def __call__(self, **faults: object) -> int:
        assert self._process.stdin
        self._process.stdin.write(json.dumps(faults) + "\n")
        self._process.stdin.flush()
        return int(self._answer())

    def _answer(self) -> str:
        said = []
        assert self._process.stdout
        for line in self._process.stdout:
            if line.strip().lstrip("-").isdigit() or line.strip() == "ready":
                return line.strip()
            said.append(line)
        raise AssertionError("".join(said))
