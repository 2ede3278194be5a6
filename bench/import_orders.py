"""How fast orders come in: new, once more unchanged, and with some of them changed; beside the least work possible.

    python bench/import_orders.py [--orders 20000] [--lines 10] [--database postgresql://…]

The hub downloads over HTTP from the simulated Amazon, which does not limit it and runs as a process of
its own. The floor is the same pages fetched by the same client, decoded into the same lines, kept raw and
compressed, and written with bare `sqlite3` (or `COPY`), one transaction a page. Every figure of one
call was measured in one run on one machine; read the ratios.
"""

import argparse
import json
import os
import platform
import re
import resource
import shutil
import socket
import sqlite3
import subprocess
import sys
import tempfile
import time
import zlib
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx2
import yaml

ROOT = Path(__file__).resolve().parent.parent
RESULTS = ROOT / "bench" / "results"
DAYS = 170
CHANGED_SHARE = 0.05


def main() -> None:
    """Measure, print a table, write `bench/results/import.json`."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--orders", type=int, default=20_000)
    parser.add_argument("--lines", type=int, default=10)
    options = parser.parse_args()
    with Simulated(options.orders, options.lines) as amazon, tempfile.TemporaryDirectory() as home:
        rows = [floor(amazon, Path(home) / "floor.sqlite3"), *hub(amazon, Path(home) / "hub", options.orders)]
    show(rows)
    RESULTS.mkdir(exist_ok=True)
    machine = {"processor": platform.machine(), "cores": os.cpu_count(), "python": platform.python_version()}
    written = {"orders": options.orders, "lines": options.lines, "machine": machine, "results": rows}
    (RESULTS / "import.json").write_text(json.dumps(written, indent=2) + "\n")


class Simulated:
    """A simulated Amazon in a process of its own."""

    def __init__(self, orders: int, lines: int) -> None:
        self.port = _free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        given = ("--port", str(self.port), "--orders", str(orders), "--lines", str(lines))
        self._process = subprocess.Popen(
            [sys.executable, "-m", "amazon_simulator", *given, "--days", str(DAYS), "--no-rate-limit"],
            stdout=subprocess.PIPE, text=True,
        )  # fmt: skip

    def __enter__(self) -> "Simulated":
        assert self._process.stdout
        said = self._process.stdout.readline()
        self.credentials = dict(re.findall(r"(\w+)=(\S+)", said))
        return self

    def __exit__(self, *_: object) -> None:
        self._process.terminate()
        self._process.wait()


def hub(amazon: Simulated, home: Path, orders: int) -> list[dict[str, Any]]:
    """The hub's own figures: first load, the same again, and once more after some orders changed."""
    home.mkdir()
    environment = {name: value for name, value in os.environ.items() if not name.startswith("APPRODO_")}
    environment |= {"APPRODO_HOME": str(home)}
    (home / "hub.yaml").write_text(yaml.safe_dump(_declared(amazon)))
    for command in (("migrate",), ("apply", str(home / "hub.yaml"))):
        subprocess.run([sys.executable, "-m", "approdo", *command], env=environment, check=True, capture_output=True)
    first = _run("hub, new", environment)
    again = _run("hub, unchanged", environment)
    _change(amazon, round(orders * CHANGED_SHARE))
    return [first, again, _run("hub, 5 % changed", environment)]


def _run(name: str, environment: dict[str, str]) -> dict[str, Any]:
    started = time.perf_counter()
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    process = subprocess.Popen(
        [sys.executable, "-m", "approdo", "run", "Download", "--json"],
        env=environment, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert process.stdout
    said = json.loads(process.stdout.read())
    _, _, used = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - started
    assert said["state"] == "succeeded", said
    assert before is not None
    return _row(name, said["counts"]["read"], seconds, used.ru_utime + used.ru_stime, used.ru_maxrss // 1024)


def _row(name: str, orders: int, seconds: float, processor: float, megabytes: int) -> dict[str, Any]:
    return {
        "name": name,
        "orders": orders,
        "seconds": round(seconds, 2),
        "orders_per_second": round(orders / seconds),
        "cpu_ms_per_order": round(1000 * processor / orders, 3),
        "peak_megabytes": megabytes,
    }


def show(rows: list[dict[str, Any]]) -> None:
    """The table, with each figure's ratio to the floor."""
    least = rows[0]["orders_per_second"]
    for row in rows:
        ratio = row["orders_per_second"] / least
        sys.stdout.write(
            f"{row['name']:18} {row['orders']:8} orders {row['seconds']:8} s {row['orders_per_second']:7} orders/s"
            f"  {ratio:5.2f} of the floor  {row['cpu_ms_per_order']:6} ms CPU each  {row['peak_megabytes']:5} MB\n"
        )


if __name__ == "__main__":
    main()
