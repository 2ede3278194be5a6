"""What is to be known of the machine that something was measured on."""

import os
import platform
import statistics
import time
from typing import Any

ROUNDS = 2_000_000
TIMES = 5


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
