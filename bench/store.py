"""How fast the store takes pages that have come already: new, unchanged, changed. No network.

    python bench/store.py [--orders 20000] [--blocks 5] [--recode 1.0] [--database postgresql|postgresql://…]

*Store* is the transaction that stores a page (`intake.take_page`): its requests logged, documents, progress and counts
written, committed. *Step* is the workflow's own step around it, as a worker does it: looking up run, window and
settings, making a batch of the page's texts, noting the run's progress. Only Amazon is missing, whose pages of 100
orders × 10 lines come from the simulator's generator, and the engine's own note that the step was done.

The orders are cut into blocks. Each block is taken by the floor (`floor.py`: the bare driver) and by the hub: new,
unchanged, with 5 % changed, each beside the same of the floor. Beside each other stand only figures of one block; the
table shows the median of the blocks and how far apart they were. Every block but the first comes into tables that hold
the earlier ones.

With `--recode` SKUs are recoded, by a table that holds this share of the vendor SKUs; the rest is listed.
"""

import argparse
import json
import os
import re
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any
from unittest.mock import patch

import psycopg
from floor import opened
from machine import Others, machine
from many_hosts import empty_database
from msgspec.structs import replace

PAGE = 100
OTHERS = 20_000
"""So many recodings are for other goods."""
AMAZON_PER_SECOND = 1000
RESULTS = Path(__file__).resolve().parent / "results"

Page = list[bytes]


def main() -> None:
    """Measure, print a table, write `bench/results/store-….json`."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--orders", type=int, default=20_000)
    parser.add_argument("--blocks", type=int, default=5)
    parser.add_argument(
        "--database", default="", help="postgresql, or the address of an empty database (default: SQLite)"
    )
    parser.add_argument("--recode", type=float, help="recode SKUs; the share of them that has a match")
    options = parser.parse_args()
    told = machine()
    options.database, ours = empty_database(options.database)
    with tempfile.TemporaryDirectory() as home:
        _prepare(home, options.database)
        first, *pages = _pages(options.orders + PAGE)
        connector = _connector(options.recode, pages)
        _take(connector, [first])  # so that nothing is measured that happens once
        others = Others(*ours)
        measured = _measure(_beside(home, options.database), connector, pages, options.blocks)
        told["others"] = others.share()
    print(f"others {told['others']}")
    kinds = {name: _summary(name, measured) for name in measured[0]}
    for name, row in kinds.items():
        print(
            f"{name:18} store {row['orders_per_second']:6} orders/s {row['of_the_floor']:6.2f} of the floor"
            f" {row['of_amazons_limit']:6.1f} of Amazon's limit {row['store_cpu_ms_per_page']:7.2f} ms CPU a page"
            f"   step {row['step_orders_per_second']:6} orders/s {row['step_cpu_ms_per_page']:7.2f} ms CPU a page"
        )
    faster = {kind: _times(kind, measured) for kind in ("store_seconds", "seconds", "store_cpu", "cpu")}
    for kind, times in faster.items():
        print("{}: unchanged {median} times as fast as new (blocks: {least} to {most})".format(kind, **times))
    RESULTS.mkdir(exist_ok=True)
    database = "postgresql" if options.database else "sqlite"
    given = {"orders": options.orders, "blocks": options.blocks, "database": database, **told}
    kind = "" if options.recode is None else f"-recoded-{options.recode:g}"
    written = {**given, "results": kinds, "new_to_unchanged": faster}
    (RESULTS / f"store-{database}{kind}.json").write_text(json.dumps(written, indent=2) + "\n")


def _prepare(home: str, database: str) -> None:
    _open(home, database)
    from django.core.management import call_command

    call_command("migrate", verbosity=0)


def _open(home: str, database: str) -> None:
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


def _pages(orders: int) -> list[Page]:
    from amazon_simulator import Simulator

    simulator = Simulator(seed=6, orders=orders, days=170, lines=10, rate_limit=False)
    book = simulator._amazon.book()
    texts = [book.encoded(entry) for entry in book]
    simulator.stop()
    return [texts[start : start + PAGE] for start in range(0, len(texts), PAGE)]


def _beside(home: str, database: str) -> str:
    """Where the floor keeps its orders: a file, or a schema of the hub's database."""
    if not database:
        return str(Path(home) / "floor.sqlite3")
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute("CREATE SCHEMA floor")
    return f"{database}?options=-csearch_path%3Dfloor"


def _measure(floor: str, connector: Any, pages: list[Page], blocks: int) -> list[dict[str, dict[str, float]]]:
    """For each block what the floor and each pass of the hub took."""
    size = -(-len(pages) // blocks)
    measured = []
    with opened(floor) as store:
        for start in range(0, len(pages), size):
            block = pages[start : start + size]
            changed = [[_changed(raw) if place % 20 == 0 else raw for place, raw in enumerate(page)] for page in block]
            passes = {"new": block, "unchanged": block, "5 % changed": changed}
            row = {f"floor, {name}": _timed(partial(_each, store, given), given) for name, given in passes.items()}
            row |= {name: _timed(partial(_take, connector, given), given) for name, given in passes.items()}
            measured.append(row)
    return measured


def _each(store: Callable[[Page], None], pages: list[Page]) -> None:
    for page in pages:
        store(page)


def _connector(recode: float | None, pages: list[Page]) -> Any:
    from approdo.nodes.models import Configuration, Node, TimeRange
    from approdo.processes.models import Connector

    secrets = {"client_id": "bench", "client_secret": "bench", "refresh_token": "bench"}
    node = _saved(Node(name="Bench", type="amazon_vendor", options={"region": "eu", "marketplace": "IT", **secrets}))
    time_range = _saved(TimeRange(name="All", last=170, by="created"))
    kind, options = "order_download_configuration", {"type": "vendor_retail", "states": "all", "read_status": False}
    configuration = _saved(Configuration(kind=kind, name="Retail", time_range=time_range, options=options))
    type_ = "amazon_vendor.download_orders"
    return _saved(
        Connector(name="Download", node=node, type=type_, configuration=configuration, options=_recoding(recode, pages))
    )


def _recoding(share: float | None, pages: list[Page]) -> dict[str, Any]:
    """The connector's options, after filling the table with this share of the vendor SKUs, and with others."""
    from approdo.catalog.models import SkuRecoding

    if share is None:
        return {}
    texts = b"".join(text for page in pages for text in page)
    codes = sorted({code.decode() for code in re.findall(rb'"vendorProductIdentifier":"([^"]+)"', texts)})
    wanted = [*codes[: round(len(codes) * share)], *(f"OTHER-{number:05}" for number in range(OTHERS))]
    SkuRecoding.objects.bulk_create((SkuRecoding(external=code, sku=f"OWN-{code}") for code in wanted), batch_size=1000)
    return {"recode_skus": True}


def _saved(record: Any) -> Any:
    record.full_clean()
    record.save()
    return record


def _take(connector: Any, pages: list[Page]) -> "_Watch":
    """One window of a run, step by step as a worker does it, each time in place of Amazon the next of `pages`."""
    from approdo.exchanges.models import WindowRead
    from approdo.processes import engine, planning, reading, runs, workflows
    from approdo.processes.models import Run

    now = datetime.now(UTC)
    run = Run.objects.create(connector=connector, connector_name=connector.name, state="running", created_at=now)
    window = WindowRead.objects.create(
        node=connector.node, program="vendor_retail", run=run.pk, connector=connector.pk, position=0, scan="created",
        start=now - timedelta(days=170), end=now,
    )  # fmt: skip
    work = replace(planning.work_of(connector), step=partial(_step, pages))
    store = _Watch(reading.take_page)
    with patch.object(planning, "work_of", return_value=work), patch.object(reading, "take_page", store):
        engine._with_connection(workflows._guarded, (reading.read, runs.workflow_id(run), [window.pk]))
    run.refresh_from_db()
    window.refresh_from_db()
    assert window.complete, run.error_code
    assert window.read == sum(map(len, pages))
    Run.objects.filter(pk=run.pk).update(state="succeeded")
    return store


class _Watch:
    """A function, and the seconds and the processor's seconds that its calls took."""

    def __init__(self, function: Callable[..., Any]) -> None:
        self._function = function
        self.seconds = self.cpu = 0.0

    def __call__(self, *arguments: Any) -> Any:
        started, processor = time.perf_counter(), time.process_time()
        try:
            return self._function(*arguments)
        finally:
            self.seconds += time.perf_counter() - started
            self.cpu += time.process_time() - processor


def _step(pages: list[Page], context: Any, _window: Any, token: str | None) -> tuple[Any, str | None]:
    from approdo.connectors.amazon_vendor.download_orders import reread
    from approdo.connectors.amazon_vendor.programs import RETAIL
    from approdo.sdk.connector import RequestMade

    now, number = datetime.now(UTC), int(token or 0)
    context.record(
        RequestMade(
            at=now, operation=RETAIL.listing.name, status=200, request_id="bench", milliseconds=1, attempt=1,
            their_clock=now,
        )
    )  # fmt: skip
    return reread(RETAIL, pages[number], now), str(number + 1) if number + 1 < len(pages) else None


def _changed(raw: bytes) -> bytes:
    return raw.replace(b'"purchaseOrderType":"', b'"dealCode":"NEW","purchaseOrderType":"', 1)


def _timed(work: Callable[[], Any], pages: list[Page]) -> dict[str, float]:
    whole = _Watch(work)
    store = whole()
    if not isinstance(store, _Watch):
        store = whole
    return {
        "orders": sum(map(len, pages)),
        "pages": len(pages),
        "seconds": whole.seconds,
        "cpu": whole.cpu,
        "store_seconds": store.seconds,
        "store_cpu": store.cpu,
    }


def _summary(name: str, measured: list[dict[str, dict[str, float]]]) -> dict[str, float]:
    blocks = [block[name] for block in measured]
    beside = f"floor, {name.removeprefix('floor, ')}"
    speeds = [block["orders"] / block["store_seconds"] for block in blocks]
    of_the_floor = [block[beside]["seconds"] / block[name]["store_seconds"] for block in measured]
    return {
        "orders_per_second": round(median(speeds)),
        "least": round(min(speeds)),
        "most": round(max(speeds)),
        "of_the_floor": round(median(of_the_floor), 2),
        "of_amazons_limit": round(median(speeds) / AMAZON_PER_SECOND, 1),
        "store_cpu_ms_per_page": round(median(1000 * block["store_cpu"] / block["pages"] for block in blocks), 2),
        "step_orders_per_second": round(median(block["orders"] / block["seconds"] for block in blocks)),
        "step_cpu_ms_per_page": round(median(1000 * block["cpu"] / block["pages"] for block in blocks), 2),
    }


def _times(kind: str, measured: list[dict[str, dict[str, float]]]) -> dict[str, float]:
    """How many times as fast as a first load a re-scan is, block by block."""
    times = [block["new"][kind] / block["unchanged"][kind] for block in measured]
    return {"median": round(median(times), 1), "least": round(min(times), 1), "most": round(max(times), 1)}


if __name__ == "__main__":
    main()
