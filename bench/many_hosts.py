"""What accounts, workers and orders cost: processor time, memory, connections, disk, and how much quota is used.

    python bench/many_hosts.py [--accounts 1,2,4,8] [--workers 1,2,3] [--orders 1500] [--sizes]

Each pair of accounts and workers gets an empty database on a PostgreSQL server of its own (which must be
installed), a simulated Amazon with the real limits and answers after 20 ms, one `approdo web` and the workers.
Every account is downloaded twice: all new, then all unchanged. Everything runs on the machine at hand, the
simulated Amazon and the server too: with few cores they take from the workers, so read seconds of processor time.
`others` is the part of all cores that something else took meanwhile: where it is large, only processor time counts.
Measured again, a pair replaces its older figures, and each keeps the machine it was measured on. `--sizes` measures
the size on disk on both databases instead.
"""

import argparse
import json
import os
import re
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, Self

import httpx2
import psycopg
import yaml
from machine import Others, machine, peak_megabytes, processor_seconds

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests"))

import postgres
from hub import free_port

FILE = Path(__file__).resolve().parent / "results" / "many-hosts.json"
DAYS = 20
LINES = 10
PER_SECOND = 10
IDLE_SECONDS = 6
SIZED_ORDERS = 10_000
QUIET_RUNS = 2
KEY = "YmVuY2ggYmVuY2ggYmVuY2ggYmVuY2ggYmVuY2ghISE="
SECRETS = {"APPRODO_SECRET_KEY": "only for measuring", "APPRODO_ENCRYPTION_KEYS": KEY}
ASK = """
from approdo.cli import start
start.open_database()
from approdo.processes import runs
from approdo.processes.models import Connector
for connector in Connector.objects.all():
    runs.request_run(connector)
"""
ENDED = """
SELECT extract(epoch FROM min(started_at)), extract(epoch FROM max(ended_at)), min(state), max(state),
    sum(extract(epoch FROM ended_at - started_at)), sum((counts ->> 'read')::int)
FROM processes_run WHERE id > %s HAVING bool_and(state NOT IN ('queued', 'running')) AND count(*) = %s
"""
CONNECTIONS = """
SELECT application_name, count(*) FROM pg_stat_activity WHERE datname = current_database()
AND application_name LIKE 'bench-%' GROUP BY 1
"""


def main() -> None:
    """Measure, print what was found, keep it in `bench/results/many-hosts.json`."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--accounts", type=_numbers, default=(1, 2, 4, 8))
    parser.add_argument("--workers", type=_numbers, default=(1, 2, 3))
    parser.add_argument("--sizes", action="store_true", help="only the size on disk")
    parser.add_argument("--orders", type=int, default=1500, help="of each account, over 20 days")
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # whatever was started ends with us
    server = postgres.Server(durable=True)
    if options.sizes:
        _keep("sizes", [_size(""), _size(server.address)])
        return
    for accounts in options.accounts:
        for workers in options.workers:
            _keep("pairs", list(_pair(server, accounts, workers, options.orders)))


def _keep(part: str, rows: list[dict[str, Any]]) -> None:
    """Print what was measured and write it down beside what stands there already."""
    kept, told = json.loads(FILE.read_text()) if FILE.exists() else {}, machine()
    known = {_key(row): row for row in kept.get(part, [])}
    for row in rows:
        print(json.dumps(row), flush=True)
        known[_key(row)] = row | {"on": told}
    kept |= {"lines": LINES, part: [known[key] for key in sorted(known)]}
    FILE.parent.mkdir(exist_ok=True)
    FILE.write_text(json.dumps(kept, indent=2) + "\n")


def _key(row: dict[str, Any]) -> tuple[str, ...]:
    return tuple(str(row.get(name)) for name in ("database", "accounts", "workers", "what", "orders_of_each"))


def _pair(server: postgres.Server, accounts: int, workers: int, orders: int) -> Iterator[dict[str, Any]]:
    with (
        Installation(server.address) as hub,
        simulated("--accounts", accounts, "--orders", orders, "--latency", 20) as amazon,
    ):
        hub.apply(amazon, DAYS)
        started = {f"worker {number + 1}": hub.start("worker") for number in range(workers)}
        started["web"] = hub.start("web", "--port", str(port := free_port()))
        visitor = hub.visitor(port)
        processes = {name: process.pid for name, process in started.items()}
        processes |= {"simulator": amazon["process"], "postgresql": server.process}
        time.sleep(6)
        for what in ("idle", "new", "unchanged"):
            before = {name: processor_seconds(pid) for name, pid in processes.items()}
            others = Others(server.process)
            measured = _idle() if what == "idle" else _download(hub, amazon, accounts, visitor)
            used = {name: round(processor_seconds(pid) - before[name], 2) for name, pid in processes.items()}
            taken = others.share()
            peak = {name: peak_megabytes(process.pid, children=True) for name, process in started.items()}
            about = {"accounts": accounts, "workers": workers, "what": what, "orders_of_each": orders, "others": taken}
            yield {**about, **measured, "processor_seconds": used, "peak_megabytes": peak}


def _idle() -> dict[str, Any]:
    time.sleep(IDLE_SECONDS)
    return {"seconds": IDLE_SECONDS}


def _download(hub: "Installation", amazon: dict[str, Any], accounts: int, visitor: httpx2.Client) -> dict[str, Any]:
    """Download every account at once, while somebody lists documents twice a second."""
    seen = len(requests(amazon))
    ((last,),) = hub.rows("SELECT coalesce(max(id), 0) FROM processes_run")
    hub.python(ASK)
    connections: dict[str, int] = {}
    while not (ended := hub.rows(ENDED, last, accounts)):
        for name, count in hub.rows(CONNECTIONS.replace("%", "%%")):
            connections[name] = max(connections.get(name, 0), count)
        visitor.get("/api/v1/documents?limit=50").raise_for_status()
        time.sleep(0.5)
    ((began, over, least, most, reading, read),) = ended
    assert (least, most) == ("succeeded", "succeeded"), (least, most)
    made = [one for one in requests(amazon)[seen:] if one["operation"] != "token"]
    return {
        "seconds": round(float(over - began), 1),
        "orders_read": read,
        "pages": len(made),
        "refused": sum(one["status"] == 429 for one in made),
        "share_of_quota": round(len(made) / (float(reading) * PER_SECOND), 2),
        "pages_per_second": round(len(made) / float(over - began), 1),
        "connections": connections,
    }


class Installation:
    """A hub of its own, on SQLite or on a new database of a server."""

    def __init__(self, server: str) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="approdo-bench-")
        self.home = Path(self._folder.name)
        kept = {name: value for name, value in os.environ.items() if not name.startswith("APPRODO_")}
        kept.pop("PYTHONDONTWRITEBYTECODE", None)  # else every process compiles all of ours
        self.environment = kept | {"APPRODO_HOME": str(self.home), "LANG": "C.UTF-8", "APPRODO_LOG_LEVEL": "warning"}
        self._server = server
        self.url = new_database(server, self.home) if server else ""
        if server:
            self.environment |= SECRETS | {"APPRODO_DATABASE_URL": self.url}
        self._started: list[subprocess.Popen[bytes]] = []
        self.command("migrate")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for process in self._started:
            process.terminate()
        for process in self._started:
            process.wait()
        if self.url:
            drop_database(self._server, self.url)
        self._folder.cleanup()

    def apply(self, amazon: dict[str, Any], days: int) -> None:
        """A node and a connector for each account."""
        (self.home / "hub.yaml").write_text(yaml.safe_dump(_declared(amazon, days)))
        self.command("apply", str(self.home / "hub.yaml"))

    def command(self, *arguments: str) -> None:
        """Run a command to its end."""
        self._run("-m", "approdo", *arguments)

    def visitor(self, port: int, *scopes: str) -> httpx2.Client:
        """Somebody who may read documents, and more where asked for."""
        given = [part for scope in ("documents:read", *scopes) for part in ("--scope", scope)]
        token = self._run("-m", "approdo", "token", "add", "visitor", *given).strip()
        return httpx2.Client(base_url=f"http://127.0.0.1:{port}", headers={"authorization": f"Bearer {token}"})

    def python(self, code: str) -> str:
        """Run a program in this installation; returns what it printed."""
        return self._run("-c", code)

    def program(self, file: Path, *arguments: str) -> str:
        """The same with a file."""
        return self._run(str(file), *arguments)

    def start(self, name: str, *arguments: str) -> subprocess.Popen[bytes]:
        """Start a command and leave it running; its connections bear its name."""
        environment = self.environment | {"PGAPPNAME": f"bench-{name}-{len(self._started) + 1}"}
        process = subprocess.Popen([sys.executable, "-m", "approdo", name, *arguments], env=environment)
        self._started.append(process)
        return process

    def rows(self, statement: str, *values: Any) -> list[tuple[Any, ...]]:
        """Ask the server."""
        with psycopg.connect(self.url, application_name="looking") as connection:
            return connection.execute(statement, values).fetchall()

    def bytes_on_disk(self) -> dict[str, int]:
        """What hub and engine take up, written down whole."""
        if self.url:
            with psycopg.connect(self.url, autocommit=True) as connection:
                connection.execute("VACUUM")
                found = connection.execute(
                    "SELECT pg_database_size(current_database()), coalesce(sum(pg_total_relation_size(c.oid)), 0)"
                    " FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace"
                    " WHERE nspname = 'dbos' AND relkind = 'r'"
                ).fetchone()
            return {"all": int(found[0]), "of_that_engine": int(found[1])} if found else {}
        sizes = {}
        for name in ("hub", "engine"):
            with closing(sqlite3.connect(self.home / f"{name}.sqlite3")) as file:
                file.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
            sizes[name] = (self.home / f"{name}.sqlite3").stat().st_size
        return {"all": sum(sizes.values()), "of_that_engine": sizes["engine"]}

    def _run(self, *arguments: str) -> str:
        command = [sys.executable, *arguments]
        return subprocess.run(command, env=self.environment, check=True, capture_output=True, text=True).stdout


def empty_database(given: str) -> tuple[str, list[int]]:
    """The address of an empty database: of a server of our own where only `postgresql` is given, or what is given.

    And the processes that such a server is.
    """
    if given != "postgresql":
        return given, []
    server = postgres.Server(durable=True)
    return f"{server.address}/postgres", [server.process]


def new_database(server: str, folder: Path) -> str:
    """The address of a new database, named after a folder."""
    name = folder.name.replace("-", "_").lower()
    with psycopg.connect(f"{server}/postgres", autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}"')
    return f"{server}/{name}"


def drop_database(server: str, url: str) -> None:
    """Drop it, whoever is still connected."""
    with psycopg.connect(f"{server}/postgres", autocommit=True) as connection:
        connection.execute(f'DROP DATABASE "{url.rpartition("/")[2]}" WITH (FORCE)')


def _size(server: str) -> dict[str, Any]:
    """How much 10,000 orders add to a database, and how much runs that find nothing new."""
    given = ("--accounts", 1, "--orders", SIZED_ORDERS, "--no-rate-limit")
    with Installation(server) as hub, simulated(*given) as amazon:
        hub.apply(amazon, DAYS + 1)
        empty = hub.bytes_on_disk()
        hub.command("run", "Download vendor-1")
        full = hub.bytes_on_disk()
        for _ in range(QUIET_RUNS):
            hub.command("run", "Download vendor-1")
        later = hub.bytes_on_disk()
    megabytes = {name: round((full[name] - empty[name]) / 1e6, 1) for name in full}
    each = {name: round((later[name] - full[name]) / QUIET_RUNS / 1e3) for name in full}
    name = "postgresql" if server else "sqlite"
    about = {"database": name, "empty_megabytes": round(empty["all"] / 1e6, 1)}
    return {**about, "megabytes_of_10000_orders": megabytes, "kilobytes_of_a_run_that_reads_them_again": each}


@contextmanager
def simulated(*arguments: object) -> Iterator[dict[str, Any]]:
    """A simulated Amazon in a process of its own: its address, credentials and process number."""
    given = ["--port", "0", "--lines", str(LINES), "--days", str(DAYS), *map(str, arguments)]
    process = subprocess.Popen([sys.executable, "-m", "amazon_simulator", *given], stdout=subprocess.PIPE, text=True)
    assert process.stdout
    said = process.stdout.readline()
    found: dict[str, Any] = dict(re.findall(r"(\w+)=(\S+)", said))
    found |= {"url": said.split()[3], "process": process.pid}
    try:
        yield found
    finally:
        process.terminate()
        process.wait()


def requests(amazon: dict[str, Any]) -> list[dict[str, Any]]:
    """Every request that the simulated Amazon has seen."""
    answer = httpx2.get(f"{amazon['url']}/_simulator/requests", timeout=60)
    found: list[dict[str, Any]] = answer.json()["requests"]
    return found


def _declared(amazon: dict[str, Any], days: int) -> dict[str, Any]:
    addresses = {"api_url": amazon["url"], "token_url": f"{amazon['url']}/auth/o2/token"}
    credentials = {name: amazon[name] for name in ("client_id", "client_secret")}
    options = {"region": "custom", "marketplace": "IT", **addresses, **credentials}
    tokens = amazon["refresh_tokens"].split(",")
    names = [token.rpartition("simulator-")[2] for token in tokens]
    nodes = [
        {"name": name, "type": "amazon_vendor", "options": {**options, "refresh_token": token}}
        for name, token in zip(names, tokens, strict=True)
    ]
    kind, given = "amazon_vendor.download_orders", {"configuration": "Retail"}
    return {
        "nodes": nodes,
        "time_ranges": [{"name": "All", "last": f"{days} days", "by": "both", "delay": "0 minutes"}],
        "order_download_configurations": [
            {"name": "Retail", "type": "vendor_retail", "time_range": "All", "states": "all"}
        ],
        "connectors": [{"name": f"Download {name}", "node": name, "type": kind, "options": given} for name in names],
    }


def _numbers(text: str) -> Sequence[int]:
    return tuple(int(part) for part in text.split(","))


if __name__ == "__main__":
    main()
