"""How fast an ERP fetches all documents through the API, how long it waits, and how much memory that takes.

    python bench/export.py [--documents 20000] [--batch 200] [--database postgresql|…] [--note "a shared machine"]

A hub is filled (`filling.py`). Then each format, in a process of its own and with a connector that has got nothing yet,
is fetched batch by batch to the end as an ERP does it, each batch confirmed before the next one is asked for: through
Django's test client, without a network. *First byte* is what the ERP waits for from its call on. The peak of memory is
looked at after a tenth of the documents and at the end. *Pages* are the same without the ledger: `export_once` off.

The floor reads the same rows in batches of the same size with the database's driver alone and writes them as JSON with
msgspec: documents and their lines, their statuses and lines, as they stand in the columns. It keeps no ledger. *CPU* is
the process's own, without PostgreSQL; `others` is the part of all cores that somebody else took.
"""

import argparse
import gc
import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from filling import bare, filled
from machine import Others, machine, p95, peak_megabytes
from many_hosts import empty_database
from store import _open, _saved

RESULTS = Path(__file__).resolve().parent / "results"
FORMATS = ("json", "xml", "csv")
NEXT = "sales_saledocument WHERE (updated_at, id) > (?, ?) ORDER BY updated_at, id LIMIT ?"
AIM = 300
"""Milliseconds in which an answer is to begin."""

Part = tuple[float, float, int, int]
"""Of a batch: how long its first byte took, in seconds and in the processor's, how many documents and bytes it had."""
Fetch = Callable[[int], Iterator[Part]]
"""Given the size of a batch; all that happens once has been done."""


def main() -> None:
    """Measure, print a table, write `bench/results/export-….json`."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--documents", type=int, default=20_000)
    parser.add_argument("--batch", type=int, default=200, help="documents of one call (the API's own default: 200)")
    parser.add_argument(
        "--database", default="", help="postgresql, or the address of an empty database (default: SQLite)"
    )
    parser.add_argument("--note", default="", help="what is to be known of the machine, kept with the results")
    parser.add_argument("--only", help="measure this in the hub at --home (the script calls itself so)")
    parser.add_argument("--home", default="")
    parser.add_argument("--server", type=int, nargs="*", default=[], help="its process, where it is a server of ours")
    options = parser.parse_args()
    if options.only:
        _open(options.home, options.database)
        print(json.dumps(_measured(options)))
        return
    told = machine(options.note)
    options.database, options.server = empty_database(options.database)
    with tempfile.TemporaryDirectory() as home:
        held = filled(options.documents, home, options.database)
        whats = ("floor", *FORMATS, "pages")
        rows = [_alone(what, home, held, options) for what in whats]
    for row in rows:
        row["of_the_floor"] = round(row["documents_per_second"] / rows[0]["documents_per_second"], 2)
        row["of_the_floors_cpu"] = round(row["cpu_ms_per_document"] / rows[0]["cpu_ms_per_document"], 1)
        print(
            f"{row['name']:6} {row['documents']:7} documents {row['seconds']:6.1f} s {row['documents_per_second']:6}"
            f" documents/s {row['of_the_floor']:5.2f} of the floor {row['cpu_ms_per_document']:6.3f} ms CPU each"
            f"  first byte {row['first_byte_ms']:5.0f} ms (p95 {row['first_byte_p95_ms']:5.0f}, CPU"
            f" {row['first_byte_cpu_ms']:4.0f})  {row['megabytes']:6.1f} MB"
            f"  memory {row['peak_at_a_tenth']} → {row['peak_megabytes']} MB  others {row['others']:4.2f}"
        )
    name = "postgresql" if options.database else "sqlite"
    about = {"database": name, "documents": held, "batch": options.batch, "aim_ms": AIM}
    RESULTS.mkdir(exist_ok=True)
    written = {**told, **about, "results": rows}
    (RESULTS / f"export-{name}-{held}-by-{options.batch}.json").write_text(json.dumps(written, indent=2) + "\n")


def _alone(what: str, home: str, held: int, options: argparse.Namespace) -> dict[str, Any]:
    """What a process of its own measures."""
    given = ["--only", what, "--home", home, "--database", options.database, "--batch", options.batch]
    command = [sys.executable, __file__, *map(str, [*given, "--documents", held, "--server", *options.server])]
    found: dict[str, Any] = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    assert found["documents"] == held, found
    return found


def _measured(options: argparse.Namespace) -> dict[str, Any]:
    calls = _floor(options.home, options.database) if options.only == "floor" else _calls(options.only)
    waited, used, documents, size, at_a_tenth = [], [], 0, 0, 0
    gc.collect()
    gc.set_threshold(10_000)  # both as `approdo web` has it
    gc.freeze()
    began, own, others = time.perf_counter(), time.process_time(), Others(*options.server)
    for first, cpu, count, length in calls(options.batch):
        waited.append(1000 * first)
        used.append(1000 * cpu)
        documents, size = documents + count, size + length
        if not at_a_tenth and documents >= options.documents / 10:
            at_a_tenth = peak_megabytes()
    seconds, cpu = time.perf_counter() - began, time.process_time() - own
    return {
        "name": options.only,
        "documents": documents,
        "seconds": round(seconds, 2),
        "documents_per_second": round(documents / seconds),
        "cpu_ms_per_document": round(1000 * cpu / documents, 3),
        "others": others.share(),
        "megabytes": round(size / 1e6, 1),
        "first_byte_ms": round(statistics.median(waited), 1),
        "first_byte_cpu_ms": round(statistics.median(used), 1),
        "first_byte_p95_ms": round(p95(waited), 1),
        "first_byte_worst_ms": round(max(waited), 1),
        "peak_at_a_tenth": at_a_tenth,
        "peak_megabytes": peak_megabytes(),
    }


def _calls(what: str) -> Fetch:
    """Fetches in a format and confirms, or takes pages of JSON."""
    client, path = _erp(what)
    client.get(f"{path}/standing")  # loads what a web server has loaded before anybody calls

    def fetch(batch: int) -> Iterator[Part]:
        query = {"limit": str(batch)}
        while True:
            began, cpu = time.perf_counter(), time.process_time()
            answer = client.get(path, query)
            pieces = iter(answer.streaming_content)
            length = len(next(pieces))
            first, cpu = time.perf_counter() - began, time.process_time() - cpu
            length += sum(map(len, pieces))
            if count := int(answer.headers.get("X-Approdo-Documents", "0")):
                yield first, cpu, count, length
            if name := answer.headers.get("X-Approdo-Batch"):
                assert client.post(f"{path}/batches/{name}/confirm").status_code == 200
            elif cursor := answer.headers.get("X-Approdo-Next-Cursor"):
                query["cursor"] = cursor
            else:
                return

    return fetch


def _erp(what: str) -> tuple[Any, str]:
    """Somebody with a token, and the address of a connector that has handed nothing over."""
    from django.test import Client

    from approdo.nodes.models import Node
    from approdo.processes.models import Connector
    from approdo.processes.tokens import make_token

    node = Node.objects.filter(type="api").first() or _saved(Node(name="ERP", type="api"))
    written = {"format": "json", "export_once": False} if what == "pages" else {"format": what, "confirm": "explicit"}
    connector = _saved(Connector(name=what, node=node, type="api.export_documents", options=written))
    token = make_token(what, ["exports:read"])
    return Client(headers={"Authorization": f"Bearer {token}"}), f"/api/v1/exports/{connector.pk}"


def _floor(home: str, database: str) -> Fetch:
    import msgspec

    def fetch(batch: int) -> Iterator[Part]:
        with bare(home, database) as ask:
            moment, number = "0001-01-01", 0
            while True:
                began, cpu = time.perf_counter(), time.process_time()
                documents = _rows(ask, NEXT, (moment, number, batch))
                if not documents:
                    return
                _add_parts(ask, documents)
                texts = [msgspec.json.encode(document) for document in documents]
                waited, used = time.perf_counter() - began, time.process_time() - cpu
                yield waited, used, len(documents), sum(map(len, texts))
                moment, number = documents[-1]["updated_at"], documents[-1]["id"]

    return fetch


def _add_parts(ask: Callable[..., Any], documents: list[dict[str, Any]]) -> None:
    """Put lines and statuses into documents."""
    known = {document["id"]: document for document in documents}
    lines = _rows(ask, f"sales_saleline WHERE document_id IN ({_places(known)}) ORDER BY document_id, position", known)
    for line in lines:
        known[line["document_id"]].setdefault("lines", []).append(line)
    orders = {(one["node_id"], one["number"]): one for one in documents if one["type"] == "order"}
    numbers = [number for _node, number in orders]
    found = _rows(ask, f"sales_documentstatus WHERE number IN ({_places(numbers)})", numbers)
    statuses = {one["id"]: one for one in found if (one["node_id"], one["number"]) in orders}
    for status in statuses.values():
        orders[status["node_id"], status["number"]]["amazon_status"] = status
    lines = _rows(
        ask, f"sales_statusline WHERE status_id IN ({_places(statuses)}) ORDER BY status_id, position", statuses
    )
    for line in lines:
        statuses[line["status_id"]].setdefault("lines", []).append(line)


def _rows(ask: Callable[..., Any], of: str, values: Any) -> list[dict[str, Any]]:
    cursor = ask(f"SELECT * FROM {of}", tuple(values))
    names = [column[0] for column in cursor.description]
    return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


def _places(values: Any) -> str:
    return ", ".join("?" * len(values)) or "NULL"


if __name__ == "__main__":
    main()
