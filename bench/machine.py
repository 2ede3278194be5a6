"""What is to be known of the machine that something was measured on, and who used it meanwhile."""

import os
import platform
import re
import statistics
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

ROUNDS = 2_000_000
TIMES = 5
TICKS = os.sysconf("SC_CLK_TCK")


def machine(note: str = "") -> dict[str, Any]:
    """Kind, cores, Python, load, and how long a loop that never changes takes now, in milliseconds.

    Orders a second of two machines, or of one on two days, are to be read beside that.
    """
    return {
        "machine": platform.machine(),
        "cores": os.cpu_count(),
        "python": platform.python_version(),
        "load": round(os.getloadavg()[0], 1),
        "loop_ms": round(statistics.median(_loop() for _ in range(TIMES))),
        "note": note,
    }


def _loop() -> float:
    began = time.perf_counter()
    total = 0
    for number in range(ROUNDS):
        total += number
    return 1000 * (time.perf_counter() - began)


def p95(values: Sequence[float]) -> float:
    """What 95 of 100 keep, between two that were measured; of fewer than twenty, the greatest."""
    return statistics.quantiles(values, n=20, method="inclusive")[-1] if len(values) >= 20 else max(values)


class Others:
    """Looks from now on which part of all cores is taken by anybody but this process, its children and `ours`.

    A PostgreSQL server of our own is no child: whoever starts it ends.
    """

    def __init__(self, *ours: int) -> None:
        self._ours = (os.getpid(), *ours)
        self._began, self._busy, self._used = time.monotonic(), busy_seconds(), self._own()

    def share(self) -> float:
        """From 0 to 1."""
        whole = (time.monotonic() - self._began) * (os.cpu_count() or 1)
        others = (busy_seconds() - self._busy) - (self._own() - self._used)
        return round(max(0.0, others / whole), 2)

    def _own(self) -> float:
        return sum(map(processor_seconds, self._ours))


def busy_seconds() -> float:
    """What all cores have done since the start of the machine, whoever asked for it."""
    user, nice, system, _idle, _waiting, *rest = map(int, Path("/proc/stat").read_text().split("\n")[0].split()[1:9])
    return (user + nice + system + sum(rest)) / TICKS


def processor_seconds(pid: int) -> float:
    """What a process has used, with its children, living and dead."""
    while True:
        try:
            return sum(map(_ticks, _family(pid))) / TICKS
        except (FileNotFoundError, ProcessLookupError):  # a child ended meanwhile: its parent has its ticks now
            if not Path(f"/proc/{pid}").exists():
                raise


def _ticks(pid: int) -> int:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return sum(map(int, fields[11:15]))  # utime, stime, cutime, cstime (proc(5))


def peak_megabytes(pid: int | str = "self", *, children: bool = False) -> int:
    """The most memory that a process ever held, and its children, shared pages counted for each.

    `getrusage` and `wait4` would count what its parent held when it was started too.
    """
    family = _family(int(pid)) if children else [pid]
    found = (re.search(r"VmHWM:\s+(\d+)", Path(f"/proc/{one}/status").read_text()) for one in family)
    return sum(int(match[1]) for match in found if match) // 1024


def _family(pid: int) -> list[int]:
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [pid, *(one for child in children for one in _family(int(child)))]
