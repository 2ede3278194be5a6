"""How fast orders come in: new, once more unchanged, and with some of them changed; beside the least work possible.

    python bench/import_orders.py [--orders 20000] [--lines 10] [--database postgresql://…]

The hub downloads over HTTP from the simulated Amazon, which does not limit it and runs as a process of its
own. The floor does the least that any program would have to: the same pages over the same HTTP client, JSON
decoded, raw text kept compressed, documents and lines written with bare `sqlite3`, one transaction a page.
All of one call is measured in one run on one machine: read the ratios.
"""

import argparse
import json
import os
import platform
import re
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import httpx2
import yaml

RESULTS = Path(__file__).resolve().parent / "results"
DAYS = 170
WINDOW = "2030-01-01T00:00:00Z--2030-01-02T00:00:00Z"
CHANGED_SHARE = 0.05


def main() -> None:
    """Measure, print a table, write `bench/results/import.json`."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--orders", type=int, default=20_000)
    parser.add_argument("--lines", type=int, default=10)
    parser.add_argument("--database", default="", help="an empty PostgreSQL database for the hub (default: SQLite)")
    options = parser.parse_args()
    with Simulated(options.orders, options.lines) as amazon, tempfile.TemporaryDirectory() as folder:
        rows = [_floor(folder, amazon), *_hub(folder, amazon, options)]
    for row in rows:
        row["of_the_floor"] = round(row["orders_per_second"] / rows[0]["orders_per_second"], 2)
        sys.stdout.write(
            f"{row['name']:16} {row['orders']:8} orders {row['seconds']:8.2f} s {row['orders_per_second']:7} orders/s"
            f" {row['of_the_floor']:6.2f} of the floor {row['cpu_ms_per_order']:7.3f} ms CPU each"
            f" {row['peak_megabytes']:5} MB\n"
        )
    RESULTS.mkdir(exist_ok=True)
    machine = {"machine": platform.machine(), "cores": os.cpu_count(), "python": platform.python_version()}
    database = "postgresql" if options.database else "sqlite"
    written = {"orders": options.orders, "lines": options.lines, "database": database, **machine, "results": rows}
    (RESULTS / f"import-{database}.json").write_text(json.dumps(written, indent=2) + "\n")


class Simulated:
    """A simulated Amazon in a process of its own, without limits."""

    def __init__(self, orders: int, lines: int) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = str(probe.getsockname()[1])
        given = ("--port", port, "--orders", str(orders), "--lines", str(lines), "--days", str(DAYS))
        self.url = f"http://127.0.0.1:{port}"
        self._process = subprocess.Popen(
            [sys.executable, "-m", "amazon_simulator", *given, "--no-rate-limit"], stdout=subprocess.PIPE, text=True
        )

    def __enter__(self) -> Self:
        assert self._process.stdout
        said = self._process.stdout.readline()
        self.credentials = dict(re.findall(r"(\w+)=(\S+)", said))
        self.credentials["refresh_token"] = self.credentials.pop("refresh_tokens").split(",")[0]
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._process.terminate()
        self._process.wait()

    def change(self, count: int) -> None:
        """Let Amazon change the newest `count` orders."""
        known = httpx2.get(f"{self.url}/_simulator/orders").json()["orders"]
        for order in known[-count:]:
            body = {"change": order["number"], "changes": {"window": WINDOW}}
            httpx2.post(f"{self.url}/_simulator/orders", json=body).raise_for_status()


def _floor(folder: str, amazon: Simulated) -> dict[str, Any]:
    """In a process of its own, so that its memory is its own."""
    file = Path(__file__).with_name("floor.py")
    given = [amazon.url, json.dumps(amazon.credentials), str(Path(folder) / "floor.sqlite3")]
    return _measured("floor", [sys.executable, str(file), *given], dict(os.environ))


def _hub(folder: str, amazon: Simulated, options: argparse.Namespace) -> Iterator[dict[str, Any]]:
    home = Path(folder) / "hub"
    home.mkdir()
    environment = {name: value for name, value in os.environ.items() if not name.startswith("APPRODO_")}
    environment["APPRODO_HOME"] = str(home)
    if options.database:
        environment["APPRODO_DATABASE_URL"] = options.database
        environment["APPRODO_SECRET_KEY"] = "only for measuring"
        environment["APPRODO_ENCRYPTION_KEYS"] = "YmVuY2ggYmVuY2ggYmVuY2ggYmVuY2ggYmVuY2ghISE="
    (home / "hub.yaml").write_text(yaml.safe_dump(_declared(amazon)))
    for command in (("migrate",), ("apply", str(home / "hub.yaml"))):
        subprocess.run([sys.executable, "-m", "approdo", *command], env=environment, check=True, capture_output=True)
    run = [sys.executable, "-m", "approdo", "run", "Download", "--json"]
    yield _measured("hub, new", run, environment)
    yield _measured("hub, unchanged", run, environment)
    amazon.change(round(options.orders * CHANGED_SHARE))
    yield _measured("hub, 5 % changed", run, environment)


def _measured(name: str, command: list[str], environment: dict[str, str]) -> dict[str, Any]:
    """Seconds, processor time and memory of a command that prints how many orders it read."""
    started = time.perf_counter()
    process = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True)
    assert process.stdout
    said = json.loads(process.stdout.read())
    _, _, used = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - started
    assert said["state"] == "succeeded", said
    orders = said["counts"]["read"]
    return {
        "name": name,
        "orders": orders,
        "seconds": round(seconds, 2),
        "orders_per_second": round(orders / seconds),
        "cpu_ms_per_order": round(1000 * (used.ru_utime + used.ru_stime) / orders, 3),
        "peak_megabytes": used.ru_maxrss // 1024,
    }


def _declared(amazon: Simulated) -> dict[str, Any]:
    addresses = {"api_url": amazon.url, "token_url": f"{amazon.url}/auth/o2/token"}
    options = {"region": "custom", "marketplace": "IT", **addresses, **amazon.credentials}
    return {
        "nodes": [{"name": "Amazon", "type": "amazon_vendor", "options": options}],
        "time_ranges": [{"name": "All", "last": f"{DAYS} days", "by": "created", "delay": "0 minutes"}],
        "order_download_configurations": [
            {"name": "Retail", "type": "vendor_retail", "time_range": "All", "states": "all", "read_status": False}
        ],
        "connectors": [
            {
                "name": "Download",
                "node": "Amazon",
                "type": "amazon_vendor.download_orders",
                "options": {"configuration": "Retail"},
            }
        ],
    }


if __name__ == "__main__":
    main()
