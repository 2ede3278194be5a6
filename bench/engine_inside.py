"""What `engine.py` has done inside an installation: tiny steps with and without the engine, and many procedures.

A tiny step counts a row up by one and commits; there is no page and no Amazon. *Work* is that alone, in as many threads
as there are workflows. *Remembered* also writes one row for each step with the bare driver, as durably as the engine
does: the least by which anybody could know that a step was done. All are connected before the clock begins.
"""

import json
import sqlite3
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Barrier
from typing import Any

ROUNDS = 5
CONNECTING = -1
"""The number of a first step, which is not measured."""
TABLE = """
CREATE TABLE IF NOT EXISTS bench_step (
    work INTEGER, turn INTEGER, number INTEGER, output TEXT, PRIMARY KEY (work, turn, number)
)
"""
DUE_IN = timedelta(seconds=3)

Step = Callable[[int, int], None]


def steps(count: int, workflows: int) -> list[dict[str, Any]]:
    """How many steps a second, each way, where each of so many workflows at once does `count`: each way in turn."""
    from approdo.processes.models import Run

    now = datetime.now(UTC)
    ended = (Run(state="succeeded", created_at=now, connector_name=f"Bench {one}") for one in range(workflows))
    rows = [run.pk for run in Run.objects.bulk_create(ended)]
    part = max(1, count // ROUNDS)
    _remembering(0)  # makes the table
    ways = {
        "work": lambda _round: _in_threads(lambda: _tick, rows, part),
        "remembered": lambda number: _in_threads(lambda: _remembering(number), rows, part),
    }
    seconds: dict[str, list[float]] = {name: [] for name in (*ways, "engine")}
    with _in_workflows(rows, part) as in_workflows:
        for number in range(ROUNDS + 1):
            for name, way in {**ways, "engine": in_workflows}.items():
                taken = way(number)
                if number:  # the first one meets what happens once
                    seconds[name].append(taken)
    return [
        {
            "name": name,
            "workflows": workflows,
            "steps_per_second": round(part * workflows / statistics.median(taken), 1),
        }
        for name, taken in seconds.items()
    ]


def _tick(row: int, _number: int) -> None:
    from django.db.models import F

    from approdo.processes.models import Run

    Run.objects.filter(pk=row).update(windows=F("windows") + 1)


def _remembering(turn: int) -> Step:
    """A step that is also remembered, over a connection of its own."""
    from django.conf import settings

    from approdo import environment

    connection: Any
    if url := environment.database_url():
        import psycopg

        connection, mark = psycopg.connect(url, autocommit=True), "%s"
    else:
        connection, mark = sqlite3.connect(Path(settings.HOME) / "bench.sqlite3", 30, isolation_level=None), "?"
        for pragma in ("journal_mode=WAL", "synchronous=NORMAL"):
            connection.execute(f"PRAGMA {pragma}")
    connection.execute(TABLE)

    def step(row: int, number: int) -> None:
        _tick(row, number)
        connection.execute(
            f"INSERT INTO bench_step VALUES ({mark}, {mark}, {mark}, {mark})", (row, turn, number, "null")
        )

    return step


def _in_threads(made: Callable[[], Step], rows: list[int], count: int) -> float:
    """Seconds until a thread for each row, connected already, has done its steps."""
    moments: list[float] = []
    together = Barrier(len(rows), timeout=60)

    def thread(row: int) -> None:
        from django.db import connection

        step = made()
        step(row, CONNECTING)
        together.wait()
        moments.append(time.perf_counter())
        for number in range(count):
            step(row, number)
        moments.append(time.perf_counter())
        connection.close()

    with ThreadPoolExecutor(len(rows)) as threads:
        list(threads.map(thread, rows))
    return max(moments) - min(moments)


@contextmanager
def _in_workflows(rows: list[int], count: int) -> Iterator[Callable[[int], float]]:
    """A worker, and what gives the seconds from the first step to the last in a workflow for each row."""
    from approdo.processes import engine

    moments: list[float] = []
    together = Barrier(len(rows), timeout=60)

    @engine.workflow("bench")
    def work(name: str) -> None:
        row = int(name.rpartition("-")[2])
        engine.step("tick", _tick, row, CONNECTING)
        together.wait()
        moments.append(time.perf_counter())
        for number in range(count):
            engine.step("tick", _tick, row, number)
        moments.append(time.perf_counter())

    def all_done(turn: int) -> float:
        moments.clear()
        names = [f"bench-{turn}-{row}" for row in rows]
        for name in names:
            engine.enqueue(engine.Work("bench", engine.QUEUES[0], name, name))
        while any(engine.status(name) in engine.LIVE for name in names):
            time.sleep(0.25)
        assert len(moments) == 2 * len(names), "a workflow failed"
        return max(moments) - min(moments)

    worker = engine.Worker()
    try:
        yield all_done
    finally:
        worker.close()


def procedures(count: int) -> None:
    """Have so many procedures come due at once, soon, each with a connector that asks for nothing, at its own node.

    Where there are connectors already, each of them gets a procedure instead.
    """
    from django.db import transaction

    from approdo.processes.models import Connector, Procedure, ProcedureStep

    with transaction.atomic():
        connectors = list(Connector.objects.all()) or _connectors(count)
        names = [f"Procedure {number:05}" for number, _ in enumerate(connectors)]
        made = Procedure.objects.bulk_create(Procedure(name=name, every=1000, unit="hours") for name in names)
        pairs = zip(made, connectors, strict=True)
        ProcedureStep.objects.bulk_create(ProcedureStep(procedure=one, connector=of_it) for one, of_it in pairs)
        now, planned = datetime.now(UTC), made[0].schedule()
        assert planned
        Procedure.objects.update(planned_for=planned.key, planned_at=now, due_at=now + DUE_IN)


def _connectors(count: int) -> Any:
    from approdo.nodes.models import Node
    from approdo.processes.models import Connector

    nodes = Node.objects.bulk_create(Node(name=f"ERP {number:05}", type="api") for number in range(count))
    kind = "api.import_documents"
    return Connector.objects.bulk_create(Connector(name=node.name, node=node, type=kind) for node in nodes)


if __name__ == "__main__":
    from approdo.cli import start

    start.open_database()
    what, *numbers = sys.argv[1:]
    asked: dict[str, Callable[..., Any]] = {"steps": steps, "procedures": procedures}
    print(json.dumps(asked[what](*map(int, numbers))))
