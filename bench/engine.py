"""How soon the engine begins, how fast it goes through steps, how late it is when much is due at once.

    python bench/engine.py [--database sqlite] [--clicks 20] [--steps 1000] [--procedures 200] [--workers 3]
                           [--downloads] [--note "a shared machine"]

*Click*: from the call that runs a connector (`POST /api/v1/connectors/1/run`) to the first request that the simulated
Amazon has answered, with one `approdo web` and one `approdo worker`; clicks fall at moments of no pattern, when nothing
runs. The floor is a bare web server that asks Amazon within the call. *Steps*: tiny steps in one and in eight workflows
at once, beside the same work without the engine (`engine_inside.py`). Both on SQLite and, where PostgreSQL is
installed, on a server of its own.

*Due*: so many procedures due at the same moment on PostgreSQL, with several workers: how late the last of their runs
was asked for, begun and ended. Each runs a connector of its own that has nothing to do, at a node of its own, so that
the engine alone is measured; with `--downloads` each reads an empty account of the simulated Amazon instead. The floor
are as many threads as workers that take rows from a table, one by one, and commit each one's beginning and end.
"""

import argparse
import json
import os
import random
import signal
import statistics
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager, nullcontext
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import httpx2
import psycopg
from machine import Others, machine, p95, processor_seconds
from many_hosts import Installation, requests, simulated

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests"))

import postgres
from hub import free_port

RESULTS = Path(__file__).resolve().parent / "results"
INSIDE = Path(__file__).with_name("engine_inside.py")
DAYS = 2
AT_ONCE = (1, 8)
PAUSE = (0.1, 0.5)
ORDERS = "/vendor/orders/v1/purchaseOrders"
SETTLED_SECONDS = 4
PATIENCE = 600
DUE = """
SELECT extract(epoch FROM whole.created_at - whole.due_at), extract(epoch FROM part.started_at - whole.due_at),
    extract(epoch FROM part.ended_at - whole.due_at), part.worker
FROM processes_runstep step JOIN processes_run whole ON whole.id = step.run_id
    JOIN processes_run part ON part.id = step.part_id
WHERE part.state = 'succeeded'
"""
BARE = "CREATE TABLE bench_due (id serial PRIMARY KEY, started timestamptz, ended timestamptz)"
TAKEN = """
UPDATE bench_due SET started = clock_timestamp() WHERE id = (
    SELECT id FROM bench_due WHERE started IS NULL ORDER BY id LIMIT 1 FOR UPDATE SKIP LOCKED
) RETURNING id
"""

Row = dict[str, Any]


def main() -> None:
    """Measure, print what was found, write `bench/results/engine….json`."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--database", choices=("sqlite", "postgresql"), help="only on this one")
    parser.add_argument("--clicks", type=int, default=20, help="0 leaves them out, as with the other two")
    parser.add_argument("--steps", type=int, default=1000, help="of each workflow")
    parser.add_argument("--procedures", type=int, default=200)
    parser.add_argument("--workers", type=int, default=3)
    parser.add_argument("--downloads", action="store_true", help="procedures read from the simulated Amazon")
    parser.add_argument("--note", default="", help="what is to be known of the machine, kept with the results")
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # whatever was started ends with us
    told = machine(options.note)
    rows = list(_measured(options))
    for row in rows:
        print(f"{row['database']:10} {row['name']:14}", *(f" {name} {row[name]}" for name in list(row)[2:]))
    RESULTS.mkdir(exist_ok=True)
    due = f"-due-{options.procedures}{'-downloads' if options.downloads else ''}"
    name = "engine" if options.clicks or options.steps else f"engine{due}"
    (RESULTS / f"{name}.json").write_text(json.dumps({**told, "results": rows}, indent=2) + "\n")


def _measured(options: argparse.Namespace) -> Iterator[Row]:
    databases: dict[str, postgres.Server | None] = {"sqlite": None} if options.database != "postgresql" else {}
    if options.database == "postgresql" or (not options.database and postgres.server_binaries()):
        databases["postgresql"] = postgres.Server(durable=True)
    for database, server in databases.items():
        address = server.address if server else ""
        found = [*_clicks(address, options.clicks)] if options.clicks else []
        found += _steps(address, options.steps) if options.steps else []
        if server and options.procedures:
            found.append(_due(server, options))
        yield from ({"database": database, **row} for row in found)


def _clicks(server: str, count: int) -> Iterator[Row]:
    """The floor's clicks, then the hub's: milliseconds from the call to the first request at Amazon."""
    with Installation(server) as hub, simulated("--accounts", 1, "--orders", 20, "--no-rate-limit") as amazon:
        hub.apply(amazon, DAYS)
        visitor = hub.visitor(port := free_port(), "runs:write")
        for command in (("web", "--port", str(port)), ("worker",)):
            hub.start(*command)
        _wait_for(visitor)
        time.sleep(SETTLED_SECONDS)
        with _bare(amazon) as floor, httpx2.Client(base_url=floor) as caller:
            bare = [_click(caller, amazon) for _ in range(count + 1)][1:]
        ours = [_click(visitor, amazon) for _ in range(count + 1)][1:]  # the first one signs in to Amazon
    least = statistics.median(click["to_request"] for click in bare)
    for name, clicks in (("click, floor", bare), ("click", ours)):
        parts = {part: [click[part] for click in clicks] for part in clicks[0]}
        row = {f"{part}_ms": round(statistics.median(took), 1) for part, took in parts.items()}
        to_request = parts["to_request"]
        row["p95_ms"] = round(p95(to_request), 1)
        row["worst_ms"] = round(max(to_request), 1)
        yield {"name": name, **row, "of_the_floor": round(statistics.median(to_request) / least, 1)}


def _wait_for(visitor: httpx2.Client) -> None:
    for _ in range(600):
        try:
            visitor.get("/login/")
            return
        except httpx2.RequestError:
            time.sleep(0.1)
    raise SystemExit("the web server did not answer")


def _click(visitor: httpx2.Client, amazon: Row) -> dict[str, float]:
    """Milliseconds from one call to its answer and to what came of it; waits until its run has ended."""
    time.sleep(random.uniform(*PAUSE))
    seen = len(requests(amazon))
    clicked, began = datetime.now(UTC), time.perf_counter()
    said = visitor.post("/api/v1/connectors/1/run").raise_for_status().json()
    took = {"answered": 1000 * (time.perf_counter() - began)}
    while said and said["state"] in ("queued", "running"):
        time.sleep(0.25)
        said = visitor.get(f"/api/v1/runs/{said['id']}").raise_for_status().json()
    if said:
        assert said["state"] == "succeeded", said
        took["to_run_begun"] = _milliseconds(clicked, said["started_at"])
    return took | {"to_request": _milliseconds(clicked, requests(amazon)[seen]["time"])}


def _milliseconds(since: datetime, moment: str) -> float:
    return 1000 * (datetime.fromisoformat(moment) - since).total_seconds()


@contextmanager
def _bare(amazon: Row) -> Iterator[str]:
    """A web server that asks Amazon for a page, unsigned, within each call; its address."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            asking.get(f"{amazon['url']}{ORDERS}")
            self.send_response(202)
            self.send_header("content-length", "4")
            self.end_headers()
            self.wfile.write(b"null")

        def log_message(self, *_: object) -> None:
            """Nothing."""

    asking = httpx2.Client(headers={"user-agent": "ApprodoBench/1 (Language=Python)"})
    with asking, ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def _steps(server: str, count: int) -> Iterator[Row]:
    """Steps a second: the work alone, the work remembered with the bare driver, the engine."""
    with Installation(server) as hub:
        found = [json.loads(hub.program(INSIDE, "steps", str(count), str(workflows))) for workflows in AT_ONCE]
    for rows in found:
        least = {row["name"]: row["steps_per_second"] for row in rows}
        for row in rows:
            speed = row["steps_per_second"]
            ratios = {"of_the_work_alone": least["work"], "of_remembered": least["remembered"]}
            yield {**row, **{name: round(speed / other, 2) for name, other in ratios.items()}}


def _due(server: postgres.Server, options: argparse.Namespace) -> Row:
    """How many seconds after they were due the runs were asked for, begun and ended: half of them, and the last."""
    count, workers = options.procedures, options.workers
    empty = simulated("--accounts", count, "--orders", 0, "--no-rate-limit")
    with Installation(server.address) as hub, empty if options.downloads else nullcontext() as amazon:
        if amazon:
            hub.apply(amazon, DAYS)
        floor = _bare_due(hub, count, workers)
        parties = {"workers": [hub.start("worker").pid for _ in range(workers)], "postgresql": [server.process]}
        time.sleep(SETTLED_SECONDS)
        hub.program(INSIDE, "procedures", str(count))
        ended, used = _until_ended(hub, count, parties)
    *moments, by = zip(*ended, strict=True)
    late = {name: _half_and_last(of_all) for name, of_all in zip(("asked", "begun", "ended"), moments, strict=True)}
    about = {"name": "due, downloads" if options.downloads else "due", "procedures": count, "workers": workers}
    shares = sorted((by.count(worker) for worker in set(by)), reverse=True)
    ratio = round(late["begun"]["last_s"] / floor, 1)
    return {**about, **late, "by_worker": shares, "floor_last_begun_s": floor, "last_of_the_floor": ratio, **used}


def _until_ended(hub: Installation, count: int, parties: dict[str, list[int]]) -> tuple[list[tuple[Any, ...]], Row]:
    """What became of the runs, and what each party took meanwhile: for each run, and of all cores as `others` did."""
    began, others = time.monotonic(), Others(*parties["postgresql"])
    before = {name: sum(map(processor_seconds, pids)) for name, pids in parties.items()}
    while len(ended := hub.rows(DUE)) < count:
        assert time.monotonic() - began < PATIENCE, f"only {len(ended)} runs succeeded"
        time.sleep(1)
    whole = (time.monotonic() - began) * (os.cpu_count() or 1)
    used = {name: sum(map(processor_seconds, pids)) - before[name] for name, pids in parties.items()}
    each = {name: round(1000 * seconds / count, 1) for name, seconds in used.items()}
    shares = {name: round(seconds / whole, 2) for name, seconds in used.items()} | {"others": others.share()}
    return ended, {"processor_ms_each": each, "of_all_cores": shares}


def _half_and_last(late: Sequence[Any]) -> dict[str, float]:
    seconds = [float(one) for one in late]
    return {"half_s": round(statistics.median(seconds), 1), "last_s": round(max(seconds), 1)}


def _bare_due(hub: Installation, count: int, workers: int) -> float:
    """Seconds until the last of so many rows was taken, each one's beginning and end committed."""

    def take() -> None:
        with psycopg.connect(hub.url, autocommit=True) as session:
            while row := session.execute(TAKEN).fetchone():
                session.execute("UPDATE bench_due SET ended = clock_timestamp() WHERE id = %s", row)

    with closing(psycopg.connect(hub.url, autocommit=True)) as session:
        session.execute(BARE)
        session.execute("INSERT INTO bench_due (id) SELECT generate_series(1, %s)", (count,))
        began = time.time()
        threads = [Thread(target=take) for _ in range(workers)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        found = session.execute("SELECT extract(epoch FROM max(started)) FROM bench_due").fetchone()
    assert found
    return round(float(found[0]) - began, 2)


if __name__ == "__main__":
    main()
