"""How fast orders come in: the least work possible, the hub, and what a user would write instead.

    python bench/import_orders.py [--orders 20000] [--peer-orders 2000] [--lines 10] [--only-new]
                                  [--database sqlite|postgresql|postgresql://…] [--note "a shared machine"]

Everybody reads the same pages over HTTP from the simulated Amazon, which does not limit them and runs as a process of
its own; each is a process of its own too, with an empty database of its own. *Floor* (`floor.py`) is the least that any
program would have to do. *Hub* is `approdo run`. Both: all new, once more unchanged, and with one order in twenty
changed, on all pages; each pass beside the same of the floor. What the hub counted is checked.
*Peers* (`peers.py`) are measured on fewer orders, since they take long, beside the floor and the hub on the same ones:
all new, once more unchanged; of as many days fewer, so that pages are as full. They need what `make .venv-bench/ready`
installs, and are left out where it is not.

*Whole* is from the start of a process to its end, *work* from signing in, or from the beginning of the run, to the last
commit: starting costs a hub more than a script, and the same for any number of orders. All of one call is measured on
one machine: read the ratios. `others` is the part of all cores that something else took meanwhile. Memory and CPU are
the program's own, with SQLite and without PostgreSQL, its start included. Amazon has made every order before anybody is
measured, where there are no more than it keeps (30,000): beyond that orders are made as they are asked for.

Without `--database` on SQLite and, where it is installed, on a PostgreSQL server of our own, which writes to the disk
for good. An address is that of a server, without a database: databases are made there and dropped again. `--only-new`
leaves out all but the floor and the first load, to see the memory that very many orders take.
"""

import argparse
import json
import os
import select
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import datetime
from itertools import chain
from pathlib import Path
from typing import Any, NamedTuple

import httpx2
import yaml
from floor import AGENT, pages
from machine import Others, machine, peak_megabytes
from many_hosts import Installation, drop_database, new_database, simulated

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests"))

import postgres

HERE = Path(__file__).resolve().parent
RESULTS = HERE / "results"
PEERS = HERE.parent / ".venv-bench"
DAYS = 170
WINDOW = "2030-{:02}-01T00:00:00Z--2030-{:02}-02T00:00:00Z"
ONE_CHANGED_IN = 20
WAYS = {
    "bulk": "bulk_create",
    "page": "update_or_create, a transaction a page",
    "each": "update_or_create",
}
PARTS = ("work", "whole")
ENDED = "SELECT started_at, ended_at FROM processes_run ORDER BY id DESC LIMIT 1"

Row = dict[str, Any]


class Place(NamedTuple):
    """Where new databases come from: a server's address, or none for SQLite; and the process of a server of our own."""

    server: str
    process: int | None

    @property
    def name(self) -> str:
        """The kind of database."""
        return "postgresql" if self.server else "sqlite"


def main() -> None:
    """Measure, print tables, write `bench/results/import-….json`."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--orders", type=int, default=20_000)
    parser.add_argument("--peer-orders", type=int, default=2_000, help="0 leaves the peers out")
    parser.add_argument("--lines", type=int, default=10)
    parser.add_argument("--only-new", action="store_true", help="only the floor and the first load")
    parser.add_argument("--database", default="", help="only on this one: sqlite, postgresql, or a server's address")
    parser.add_argument("--note", default="", help="what is to be known of the machine, kept with the results")
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # whatever was started ends with us
    if options.peer_orders and not (PEERS / "ready").exists():
        print("The peers are left out: make .venv-bench/ready installs them.")
        options.peer_orders = 0
    for place in _places(options.database):
        told = machine(options.note)
        results = _measured(place, options.orders, options)
        beside = _measured(place, options.peer_orders, options, peers=True) if options.peer_orders else []
        about = {"database": place.name, "orders": options.orders, "lines": options.lines}
        written = {**told, **about, "results": results}
        written |= {"peer_orders": options.peer_orders, "peers": beside}
        RESULTS.mkdir(exist_ok=True)
        kind = "-new" if options.only_new else "" if beside else "-alone"
        file = RESULTS / f"import-{place.name}-{options.orders}{kind}.json"
        file.write_text(json.dumps(written, indent=2) + "\n")


def _places(database: str) -> Iterator[Place]:
    if database in ("", "sqlite"):
        yield Place("", None)
    if database == "postgresql" or (not database and postgres.server_binaries()):
        server = postgres.Server(durable=True)
        yield Place(server.address, server.process)
    elif "://" in database:
        yield Place(database.rstrip("/"), None)


def _measured(place: Place, orders: int, options: argparse.Namespace, *, peers: bool = False) -> list[Row]:
    """What everybody took for so many orders, printed as it comes."""
    print(f"{place.name}, {orders} orders of {options.lines} lines", flush=True)
    rows: list[Row] = []
    days = max(1, DAYS * orders // options.orders)
    given = ("--orders", orders, "--lines", options.lines, "--days", days, "--no-rate-limit")
    with simulated(*given) as amazon:
        amazon["days"] = days + 1  # it is past midnight, where the days end
        amazon["refresh_token"] = amazon.pop("refresh_tokens").split(",")[0]
        amazon["orders"] = orders
        _all_made(amazon)
        passes = ["new"] if options.only_new else ["new", "unchanged"] if peers else ["new", "unchanged", "changed"]
        parties = [_floor(place, amazon, passes), _hub(place, amazon, passes)]
        parties += [_peer(place, amazon, way) for way in WAYS] if peers else []
        for row in chain.from_iterable(parties):
            rows.append(row)
            _print(row, rows[passes.index(row["pass"])])
    for row in (one for one in rows if peers and one["name"] == "hub"):
        _compare(row, [one for one in rows if one["name"] in WAYS.values() and one["pass"] == row["pass"]])
    return rows


def _print(row: Row, floor: Row) -> None:
    for part in ("whole", "work"):
        row[f"{part}_of_the_floor"] = round(row[f"{part}_per_second"] / floor[f"{part}_per_second"], 2)
    print(
        f"  {row['name'] + ', ' + row['pass']:50} work {row['work_seconds']:8.2f} s {row['work_per_second']:6} orders/s"
        f" {row['work_of_the_floor']:6.2f} of the floor   whole {row['whole_seconds']:8.2f} s"
        f" {row['whole_of_the_floor']:6.2f} of the floor {row['cpu_ms_per_order']:8.3f} ms CPU each"
        f" {row['peak_megabytes']:5} MB   others {row['others']:.2f}",
        flush=True,
    )


def _compare(hub: Row, peers: list[Row]) -> None:
    """How many times as fast as each peer in the same pass, and how many times as much CPU that peer took."""
    hub["times"] = {}
    for peer in peers:
        times = {part: round(hub[f"{part}_per_second"] / peer[f"{part}_per_second"], 1) for part in PARTS}
        times["cpu"] = round(peer["cpu_ms_per_order"] / hub["cpu_ms_per_order"], 1)
        hub["times"][peer["name"]] = times
        print(
            f"  hub, {hub['pass']:12} {times['work']:6.1f} times {peer['name']} at work,"
            f" {times['whole']:6.1f} times as a whole process, which took {times['cpu']:6.1f} times the CPU"
        )


def _all_made(amazon: Row) -> None:
    """Have the simulated Amazon make every order, so that nobody waits for that who comes first."""
    credentials = {name: amazon[name] for name in ("client_id", "client_secret", "refresh_token")}
    with httpx2.Client(base_url=amazon["url"], timeout=60) as client:
        form = {"grant_type": "refresh_token", **credentials}
        token = client.post("/auth/o2/token", data=form).json()["access_token"]
        headers = {"x-amz-access-token": token, "user-agent": AGENT}
        made = sum(map(len, pages(client, "/vendor/orders/v1/purchaseOrders", headers, amazon["days"])))
    assert made == amazon["orders"], made


def _floor(place: Place, amazon: Row, passes: list[str]) -> Iterator[Row]:
    with _empty(place) as database:
        command = [sys.executable, str(HERE / "floor.py"), *_given(amazon, database)]
        for what in passes:
            if what == "changed":
                _change(amazon, month=1)
            yield _timed("floor", what, command, place, amazon)


def _peer(place: Place, amazon: Row, way: str) -> Iterator[Row]:
    with _empty(place) as database:
        command = [str(PEERS / "bin" / "python"), str(HERE / "peers.py"), *_given(amazon, database), way]
        for what in ("new", "unchanged"):
            yield _timed(WAYS[way], what, command, place, amazon)


def _given(amazon: Row, database: str) -> list[str]:
    credentials = {name: amazon[name] for name in ("client_id", "client_secret", "refresh_token")}
    return [amazon["url"], json.dumps(credentials), str(amazon["days"]), database]


@contextmanager
def _empty(place: Place) -> Iterator[str]:
    """A database for one program; it is gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="approdo-bench-") as folder:
        if not place.server:
            yield str(Path(folder) / "orders.sqlite3")
            return
        url = new_database(place.server, Path(folder))
        try:
            yield url
        finally:
            drop_database(place.server, url)


def _hub(place: Place, amazon: Row, passes: list[str]) -> Iterator[Row]:
    with Installation(place.server) as hub:
        (hub.home / "hub.yaml").write_text(yaml.safe_dump(_declared(amazon)))
        hub.command("apply", str(hub.home / "hub.yaml"))
        run = [sys.executable, "-m", "approdo", "run", "Download", "--json"]
        for what in passes:
            changed = _change(amazon, month=2) if what == "changed" else 0
            row = _timed("hub", what, run, place, amazon, hub.environment)
            counts = row.pop("counts")
            expected = {"created": amazon["orders"] if what == "new" else 0, "updated": changed}
            assert {name: counts[name] for name in expected} == expected, counts
            yield _worked(row, _seconds_of_the_run(hub))


def _change(amazon: Row, month: int) -> int:
    """Let Amazon change one order in twenty, of all pages, to a month of the reader's own; how many."""
    with httpx2.Client(base_url=amazon["url"], timeout=60) as client:
        changed = client.get("/_simulator/orders").json()["orders"][::ONE_CHANGED_IN]
        for order in changed:
            body = {"change": order["number"], "changes": {"window": WINDOW.format(month, month)}}
            client.post("/_simulator/orders", json=body).raise_for_status()
    return len(changed)


def _seconds_of_the_run(hub: Installation) -> float:
    if hub.url:
        ((began, ended),) = hub.rows(ENDED)
    else:
        with closing(sqlite3.connect(hub.home / "hub.sqlite3")) as file:
            began, ended = map(datetime.fromisoformat, file.execute(ENDED).fetchone())
    return float((ended - began).total_seconds())


def _timed(
    name: str, what: str, command: list[str], place: Place, amazon: Row, environment: dict[str, str] | None = None
) -> Row:
    """Seconds, processor time and memory of a command that prints what it read."""
    others = Others(*filter(None, [place.process]))
    started = time.perf_counter()
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        peak = 0
        while not select.select([process.stdout], [], [], 0.05)[0]:
            peak = max(peak, peak_megabytes(process.pid))
        printed = process.stdout.read()
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    assert status == 0, f"{name}: exit status {status}"
    seconds = time.perf_counter() - started
    said, orders = json.loads(printed), amazon["orders"]
    assert said["state"] == "succeeded", said
    assert said["counts"]["read"] >= orders, said
    processor = used.ru_utime + used.ru_stime
    row = {
        "name": name,
        "pass": what,
        "orders": orders,
        "counts": said["counts"],
        "whole_seconds": round(seconds, 2),
        "whole_per_second": round(orders / seconds),
        "cpu_ms_per_order": round(1000 * processor / orders, 3),
        "peak_megabytes": peak,
        "others": others.share(),
    }
    return _worked(row, said.get("seconds", seconds))


def _worked(row: Row, seconds: float) -> Row:
    return {**row, "work_seconds": round(seconds, 2), "work_per_second": round(row["orders"] / seconds)}


def _declared(amazon: Row) -> Row:
    addresses = {"api_url": amazon["url"], "token_url": f"{amazon['url']}/auth/o2/token"}
    credentials = {name: amazon[name] for name in ("client_id", "client_secret", "refresh_token")}
    options = {"region": "custom", "marketplace": "IT", **addresses, **credentials}
    return {
        "nodes": [{"name": "Amazon", "type": "amazon_vendor", "options": options}],
        "time_ranges": [{"name": "All", "last": f"{amazon['days']} days", "by": "created", "delay": "0 minutes"}],
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
