"""How fast the store takes pages that have come already: new, unchanged, changed. No network, no engine.

    python bench/store.py [--pages 200] [--database postgresql://…]

Pages of 100 orders × 10 lines from the simulator's generator are handed to `exchanges.intake.take_page`, one
transaction each. The floor is one of `floor.py`: the same pages into bare `sqlite3`. Amazon's own limit for one
account is ten such pages a second: a first load that takes less than 100 ms a page keeps pace with it.
"""

import argparse
import json
import os
import platform
import resource
import sqlite3
import sys
import tempfile
import time
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from floor import SCHEMA, _store

PAGE = 100
AMAZON_PER_SECOND = 1000
RESULTS = Path(__file__).resolve().parent / "results"


def main() -> None:
    """Measure, print a table, write `bench/results/store-….json`."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--pages", type=int, default=200)
    parser.add_argument("--database", default="", help="an empty PostgreSQL database (default: SQLite)")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as home:
        _prepare(home, options.database)
        pages = _pages(options.pages)
        rows = [_timed("floor", lambda: _floor(home, pages), pages)]
        rows += _hub(pages)
    for row in rows:
        row["of_the_floor"] = round(row["orders_per_second"] / rows[0]["orders_per_second"], 2)
        row["of_amazons_limit"] = round(row["orders_per_second"] / AMAZON_PER_SECOND, 1)
        sys.stdout.write(
            f"{row['name']:12} {row['orders_per_second']:7} orders/s {row['of_the_floor']:6.2f} of the floor"
            f" {row['of_amazons_limit']:6.1f} of Amazon's limit {row['cpu_ms_per_page']:7.1f} ms CPU a page"
            f" {row['megabytes']:5} MB\n"
        )
    RESULTS.mkdir(exist_ok=True)
    machine = {"machine": platform.machine(), "cores": os.cpu_count(), "python": platform.python_version()}
    database = "postgresql" if options.database else "sqlite"
    written = {"pages": options.pages, "database": database, **machine, "results": rows}
    (RESULTS / f"store-{database}.json").write_text(json.dumps(written, indent=2) + "\n")


def _prepare(home: str, database: str) -> None:
    for name in [name for name in os.environ if name.startswith("APPRODO_")]:
        del os.environ[name]
    os.environ["APPRODO_HOME"] = home
    os.environ["DJANGO_SETTINGS_MODULE"] = "approdo.settings"
    if database:
        os.environ["APPRODO_DATABASE_URL"] = database
        os.environ["APPRODO_SECRET_KEY"] = "only for measuring"
        os.environ["APPRODO_ENCRYPTION_KEYS"] = "YmVuY2ggYmVuY2ggYmVuY2ggYmVuY2ggYmVuY2ghISE="
    import django

    django.setup()
    from django.core.management import call_command

    call_command("migrate", verbosity=0)


def _pages(count: int) -> list[list[bytes]]:
    from amazon_simulator import Simulator

    simulator = Simulator(seed=6, orders=count * PAGE, days=170, lines=10, rate_limit=False)
    book = simulator._amazon.book()
    orders = [book.encoded(entry) for entry in book]
    simulator.stop()
    return [orders[start : start + PAGE] for start in range(0, len(orders), PAGE)]


def _floor(home: str, pages: list[list[bytes]]) -> None:
    with closing(sqlite3.connect(Path(home) / "floor.sqlite3", isolation_level=None)) as database:
        database.executescript(SCHEMA)
        for page in pages:
            _store(database, page)


def _hub(pages: list[list[bytes]]) -> list[dict[str, Any]]:
    from approdo.nodes.models import Node

    node = Node.objects.create(name="Bench", type="amazon_vendor")
    changed = [[_changed(raw) if place % 20 == 0 else raw for place, raw in enumerate(page)] for page in pages]
    return [
        _timed(name, lambda number=number, given=given: _take(node.pk, number, given), given)
        for number, (name, given) in enumerate([("new", pages), ("unchanged", pages), ("5 % changed", changed)])
    ]


def _take(node: int, run: int, pages: list[list[bytes]]) -> None:
    from approdo.connectors.amazon_vendor.download_orders import reread
    from approdo.connectors.amazon_vendor.programs import RETAIL
    from approdo.exchanges.intake import take_page
    from approdo.exchanges.models import WindowRead

    now = datetime.now(UTC)
    window = WindowRead.objects.create(
        node_id=node, program=RETAIL.name, run=run, connector=1, position=0, scan="created",
        start=now - timedelta(days=170), end=now,
    )  # fmt: skip
    for number, page in enumerate(pages):
        token = "next" if number + 1 < len(pages) else None
        take_page(window, number, reread(RETAIL, page, now), token, now)


def _changed(raw: bytes) -> bytes:
    return raw.replace(b'"purchaseOrderType":"', b'"dealCode":"NEW","purchaseOrderType":"', 1)


def _timed(name: str, work: Any, pages: list[list[bytes]]) -> dict[str, Any]:
    started, processor = time.perf_counter(), time.process_time()
    work()
    seconds, used = time.perf_counter() - started, time.process_time() - processor
    return {
        "name": name,
        "seconds": round(seconds, 2),
        "orders_per_second": round(sum(map(len, pages)) / seconds),
        "cpu_ms_per_page": round(1000 * used / len(pages), 2),
        "megabytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
    }


if __name__ == "__main__":
    main()
