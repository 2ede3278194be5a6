"""How long the list of documents, its filters and searches and a document take, on screen and in the API.

    python bench/documents.py [--documents 100000] [--times 40] [--database postgresql|…] [--note "a shared machine"]

A hub is filled (`filling.py`), then asked in this process through Django's test client, as a web server's worker asks
it: no network, no other visitor. Every question is asked `--times` times, of values that take turns. *Bare* is the
floor: the same rows, whose keys are known already, by the database's driver alone; of the API and of a document's page
with their lines. *SQL* are the statements that an answer reads with, each once more by itself. No list may count all
that fits: those that do are named. Where the aim is missed, the slowest statement and its plan stand in the results.
*CPU* is this process's, with SQLite and without PostgreSQL; `others` is the part of all cores that somebody else took
meanwhile: where it is large, read medians and CPU.
"""

import argparse
import gc
import json
import random
import re
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlencode

from filling import bare, filled
from machine import Others, machine, p95
from many_hosts import empty_database
from store import _open

RESULTS = Path(__file__).resolve().parent / "results"
SCREEN, API = "/sales/saledocument/", "/api/v1/documents"
AIM = 100
"""Milliseconds in which 95 of 100 answers are to be there."""
PAGE = 50
FAR = 500
SHOWN = re.compile(rb"/sales/saledocument/(\d+)/change/")
BEFORE = 3
"""Answers that are not measured: what is done once is done."""


class Question(NamedTuple):
    """What is asked for, in turn."""

    name: str
    paths: Sequence[str]


def main() -> None:
    """Measure, print a table, write `bench/results/documents-….json`."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--documents", type=int, default=100_000)
    parser.add_argument("--times", type=int, default=40, help="how often each question is asked")
    parser.add_argument(
        "--database", default="", help="postgresql, or the address of an empty database (default: SQLite)"
    )
    parser.add_argument("--note", default="", help="what is to be known of the machine, kept with the results")
    options = parser.parse_args()
    told = machine(options.note)
    options.database, ours = empty_database(options.database)
    with tempfile.TemporaryDirectory() as home:
        began = time.perf_counter()
        held = filled(options.documents, home, options.database)
        _open(home, options.database)
        print(f"{held} documents, filled in {time.perf_counter() - began:.0f} s", flush=True)
        client = _visitor()
        client.get(SCREEN)
        gc.set_threshold(10_000)  # both as `approdo web` has it
        gc.freeze()
        with bare(home, options.database) as ask:
            rows = []
            for question in _questions(held):
                rows.append(_measured(question, client, ask, options.times, ours))
                _print(rows[-1])
    name = "postgresql" if options.database else "sqlite"
    about = {"database": name, "documents": held, "times": options.times, "aim_ms": AIM}
    RESULTS.mkdir(exist_ok=True)
    written = {**told, **about, "results": rows}
    (RESULTS / f"documents-{name}-{held}.json").write_text(json.dumps(written, indent=2) + "\n")
    missed = [row["asked"] for row in rows if row["p95_ms"] >= AIM]
    counted = [row["asked"] for row in rows if row["counting"]]
    print(f"over {AIM} ms: {', '.join(missed) or 'none'}\ncounted all that fits: {', '.join(counted) or 'none'}")


def _visitor() -> Any:
    """Somebody who may see everything, who marked all as seen a month ago and opened a page since; and a token."""
    from django.contrib.auth import get_user_model
    from django.test import Client
    from django.utils import timezone

    from approdo.backoffice import seen
    from approdo.processes.tokens import make_token
    from approdo.sales.models import SaleDocument

    user = get_user_model().objects.create_superuser("bench", password=None)
    seen.mark_all(user, timezone.now() - timedelta(days=30))
    for document in SaleDocument.objects.order_by("-updated_at")[:1000:10]:
        seen.look(user, document)
    token = make_token("bench", ["documents:read"])
    client = Client(headers={"Authorization": f"Bearer {token}"})
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    return client


def _questions(held: int) -> Iterator[Question]:
    known = _known()
    far = min(FAR, held // PAGE)
    yield Question("list", [SCREEN])
    yield Question(f"page {far}", [f"{SCREEN}?p={far}"])
    yield Question("by number", [f"{SCREEN}?o=0"])
    yield Question("by last change", [f"{SCREEN}?o=-8"])
    for name, values in known["screen"].items():
        yield Question(f"filter {name}", [f"{SCREEN}?{urlencode(value)}" for value in values])
    for name, values in known["searches"].items():
        yield Question(f"search {name}", [f"{SCREEN}?{urlencode({'q': value})}" for value in values])
    yield Question("document", [f"{SCREEN}{pk}/change/" for pk in known["ids"]])
    yield Question("API list", [f"{API}?limit={PAGE}"])
    yield Question(f"API page {far}", [f"{API}?{urlencode({'limit': PAGE, 'cursor': _cursor(far)})}"])
    for name, values in known["api"].items():
        yield Question(f"API filter {name}", [f"{API}?{urlencode({'limit': PAGE, **value})}" for value in values])
    for name, values in known["searches"].items():
        yield Question(f"API search {name}", [f"{API}?{urlencode({'limit': PAGE, 'q': value})}" for value in values])
    yield Question("API document", [f"{API}/{pk}" for pk in known["ids"]])


def _known() -> dict[str, Any]:
    """Values to ask for, by filter: those that there are, in turn."""
    from approdo.nodes.models import Node
    from approdo.sales.models import SaleDocument, SaleLine

    chance = random.Random(6)
    greatest = SaleDocument.objects.latest("pk").pk
    ids = [chance.randint(1, greatest) for _ in range(60)]
    documents = list(SaleDocument.objects.filter(pk__in=ids).order_by("pk"))
    lines = list(SaleLine.objects.filter(document__in=documents, position=1).exclude(sku=None))
    dates = [one.date for one in documents if one.date]
    weeks = [{"dated_from": f"{date:%Y-%m-%d}", "dated_to": f"{date + timedelta(days=6):%Y-%m-%d}"} for date in dates]
    screen = {
        "node": [{"node": pk} for pk in Node.objects.values_list("pk", flat=True)],
        "seen": [{"seen": value} for value in ("changed", "unseen", "any")],
        "exports": [{"exported": "changed"}],
        "dates": weeks,
        "own SKUs": [{"unmatched": "1"}],
    }
    since = [{"updated_since": one.updated_at.isoformat()} for one in documents]
    api = {
        "node": [{"node": name} for name in Node.objects.values_list("name", flat=True)],
        "number": [{"number": one.number} for one in documents],
        "changed since": since,
    }
    searches = {
        "number": [one.number for one in documents],
        "beginning of a number": [one.number[:3] for one in documents],
        "ASIN": [line.asin for line in lines],
        "vendor SKU": [line.vendor_sku for line in lines],
        "own SKU": [line.sku for line in lines],
        "nothing": ["NOTHING-LIKE-IT"],
    }
    ids = [one.pk for one in documents]
    both = _both(documents)
    return {"ids": ids, "screen": {**screen, **both}, "api": {**api, **both}, "searches": searches}


def _both(documents: Sequence[Any]) -> dict[str, list[dict[str, Any]]]:
    """What screen and API are asked in the same words."""
    return {
        "type": [{"type": value} for value in ("order", "invoice")],
        "program": [{"program": "vendor_retail"}],
        "state": [{"state": value} for value in ("new", "acknowledged", "closed")],
        "vendor code": [{"vendor_code": one.vendor_code} for one in documents],
        "vendor code that nobody has": [{"vendor_code": "NOBODY"}],
        "ship-to": [{"ship_to": one.ship_to} for one in documents],
        "state and ship-to": [{"state": "new", "ship_to": one.ship_to} for one in documents],
        "invoicing": [{"invoicing": value} for value in ("not_invoiced", "partly", "invoiced")],
        "confirmation": _values("confirmation", documents),
        "receiving": _values("receiving", documents),
        "open or closed": _values("amazon_status", documents),
    }


def _values(column: str, documents: Sequence[Any]) -> list[dict[str, Any]]:
    return [{column: value} for value in sorted({getattr(one, column) for one in documents} - {None})]


def _cursor(page: int) -> str:
    """Where the API stands after so many pages less one."""
    from approdo.sales import queries
    from approdo.sales.models import SaleDocument

    place = (page - 1) * PAGE - 1
    last = SaleDocument.objects.order_by("updated_at", "pk")[place]
    return str(queries._encoded(last.updated_at, last.pk))


def _measured(question: Question, client: Any, ask: Callable[..., Any], times: int, ours: list[int]) -> dict[str, Any]:
    took: list[float] = []
    used: list[float] = []
    floor: list[float] = []
    rows = 0
    others = Others(*ours)
    for turn in range(times + BEFORE):
        path = question.paths[turn % len(question.paths)]
        started, cpu = time.perf_counter(), time.process_time()
        answer = client.get(path)
        ended, cpu_ended = time.perf_counter(), time.process_time()
        assert answer.status_code == 200, (path, answer.content[:300])
        shown = _shown(path, answer.content)
        again = time.perf_counter()
        _fetch(ask, shown, lines=path.startswith(API) or "/change/" in path)
        if turn >= BEFORE:
            took.append(1000 * (ended - started))
            used.append(1000 * (cpu_ended - cpu))
            floor.append(1000 * (time.perf_counter() - again))
            rows += len(shown)
    row = {
        "asked": question.name,
        "rows": round(rows / times),
        **_said("", took),
        **_said("cpu_", used),
        "bare_ms": round(statistics.median(floor), 2),
        "others": others.share(),
    }
    return {**row, **_statements(client, question.paths, missed=row["p95_ms"] >= AIM)}


def _said(of: str, took: list[float]) -> dict[str, Any]:
    said = {"median_ms": statistics.median(took), "p95_ms": p95(took), "worst_ms": max(took)}
    return {f"{of}{name}": round(value, 1) for name, value in said.items()}


def _print(row: dict[str, Any]) -> None:
    print(
        f"{row['asked']:38} {row['rows']:3} rows  median {row['median_ms']:6.1f} ms, p95 {row['p95_ms']:6.1f}"
        f"  CPU {row['cpu_median_ms']:6.1f}, p95 {row['cpu_p95_ms']:6.1f}  bare {row['bare_ms']:5.2f}"
        f"  SQL {row['sql_ms']:6.1f} in {row['statements']:2}  others {row['others']:4.2f}"
        f"{'  COUNTS ALL' if row['counting'] else ''}{'  MISSED' if row['p95_ms'] >= AIM else ''}",
        flush=True,
    )


def _shown(path: str, content: bytes) -> list[int]:
    """The documents that an answer is about."""
    if own := re.search(r"/(\d+)(/change/)?$", path):
        return [int(own[1])]
    if path.startswith(API):
        return [one["id"] for one in json.loads(content)["items"]]
    return list(dict.fromkeys(map(int, SHOWN.findall(content))))


def _fetch(ask: Callable[..., Any], documents: list[int], *, lines: bool) -> None:
    """The least that brings these rows from the database."""
    places = ", ".join("?" * len(documents)) or "NULL"
    ask(f"SELECT * FROM sales_saledocument WHERE id IN ({places})", documents).fetchall()
    if lines:
        ask(f"SELECT * FROM sales_saleline WHERE document_id IN ({places})", documents).fetchall()


def _statements(client: Any, paths: Sequence[str], *, missed: bool) -> dict[str, Any]:
    """Of the answer that asks the database longest: how many statements it reads with, how long these take alone."""
    answers = [_selected(client, path) for path in paths[:5]]
    longest = max(answers, key=lambda found: sum(one["ms"] for one in found))
    told = {
        "statements": len(longest),
        "sql_ms": round(sum(one["ms"] for one in longest), 1),
        "counting": sorted({one["sql"] for found in answers for one in found if _counts(one["sql"])}),
    }
    return {**told, "slowest": max(longest, key=lambda one: one["ms"])} if missed else told


def _selected(client: Any, path: str) -> list[dict[str, Any]]:
    """What an answer reads, each statement once more by itself: how long it takes, and how the database does it."""
    from django.db import connection

    made: list[tuple[str, Any]] = []

    def note(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        made.append((sql, params))
        return execute(sql, params, many, context)

    with connection.execute_wrapper(note):
        client.get(path)
    how = "EXPLAIN QUERY PLAN" if connection.vendor == "sqlite" else "EXPLAIN (ANALYZE, BUFFERS)"
    found = []
    with connection.cursor() as cursor:
        for sql, params in made:
            if sql.startswith("SELECT"):
                began = time.perf_counter()
                cursor.execute(sql, params)
                cursor.fetchall()
                took = 1000 * (time.perf_counter() - began)
                cursor.execute(f"{how} {sql}", params)
                found.append({"ms": took, "sql": sql, "plan": [str(row[-1]) for row in cursor.fetchall()]})
    return found


def _counts(statement: str) -> bool:
    """Whether it counts documents or lines, however many there are; those of one document are few."""
    return "COUNT(" in statement and "sales_" in statement and "LIMIT" not in statement and '_id" = ' not in statement


if __name__ == "__main__":
    main()
