"""Own SKUs from end to end: orders of a simulated Amazon, the real command, workers that are killed."""

import json

import pytest
from hub import Hub, declared, wait_for, wait_for_next_second

from amazon_simulator import Simulator

pytestmark = pytest.mark.hub

SETUP = "import django; django.setup()\n"
TABLE = """
from approdo.catalog.models import SkuRecoding
rows = {rows!r}
SkuRecoding.objects.all().delete()
SkuRecoding.objects.bulk_create(SkuRecoding(**row) for row in rows)
"""
REQUEST = """
from approdo.processes import recode_jobs
print(recode_jobs.request({lines!r}, "anna").pk)
"""

DEATHS = [
    ("rows.write_own", "return"),  # lines written, not counted
    ("recode_jobs._chunk", "return"),  # committed
]


@pytest.fixture
def amazon():
    with Simulator(seed=5, orders=420, days=20, lines=4, rate_limit=False) as simulator:
        yield simulator


def settings(amazon: Simulator, **options):
    wanted = declared(amazon)
    wanted["connectors"][0]["options"] |= {"recode_skus": True, **options}
    return wanted


def python(hub: Hub, code: str) -> str:
    hub.environment["DJANGO_SETTINGS_MODULE"] = "approdo.settings"
    return hub.python(SETUP + code)


def recode(hub: Hub, lines: str) -> int:
    return int(python(hub, REQUEST.format(lines=lines)))


def job(hub: Hub, number: int) -> tuple[str, dict[str, int]]:
    [(state, counts)] = hub.rows(f"SELECT state, counts FROM processes_recodejob WHERE id = {number}")
    return state, json.loads(counts) if isinstance(counts, str) else counts


def lines_of(hub: Hub) -> list[tuple[str, str, str | None, str | None]]:
    """Vendor code, vendor SKU, own SKU and title of every line, by order and sequence."""
    documents = sorted(hub.documents(), key=lambda document: document["number"])
    return [
        (document["vendor_code"], line["vendor_sku"], line["sku"], line["title"])
        for document in documents
        for line in document["lines"]
    ]


def table_for(hub: Hub) -> list[dict[str, str]]:
    """Of every second vendor SKU a recoding, and of one of these another one for one vendor code."""
    skus = sorted({vendor_sku for _, vendor_sku, _, _ in lines_of(hub)})[::2]
    rows = [{"external": sku, "sku": f"OWN-{sku}", "title": f"Title {sku}"} for sku in skus]
    [special] = [code for code, sku, _, _ in lines_of(hub) if sku == skus[0]][:1]
    return [*rows, {"external": skus[0], "vendor_code": special, "sku": "SPECIAL", "title": ""}]


def expected(rows: list[dict[str, str]], vendor_code: str, vendor_sku: str) -> tuple[str | None, str | None]:
    fitting = [row for row in rows if row["external"] == vendor_sku and row.get("vendor_code", "") in ("", vendor_code)]
    best = max(fitting, key=lambda row: row.get("vendor_code", ""), default={})
    return best.get("sku"), best.get("title") or None


def check(hub: Hub, rows: list[dict[str, str]]) -> None:
    found = lines_of(hub)
    assert found == [(code, sku, *expected(rows, code, sku)) for code, sku, _, _ in found]
    missed = {(code, sku) for code, sku, own, _ in found if own is None}
    listed = hub.rows("SELECT vendor_code, vendor_sku FROM exchanges_unmatchedcode")
    assert set(listed) == missed


def test_stored_orders_are_recoded_once_each_though_every_worker_is_killed(hub: Hub, amazon: Simulator):
    hub.apply(settings(amazon))
    assert hub.run()["state"] == "succeeded"
    places = hub.rows("SELECT code FROM catalog_place")
    assert {code for (code,) in places} == {order.ship_to for order in amazon.orders()}
    check(hub, [])
    rows = table_for(hub)
    python(hub, TABLE.format(rows=rows))
    number = recode(hub, "without_match")
    for function, event in DEATHS:
        worker = hub.start_faulty({"die": {"event": event, "function": function}}, "worker")
        assert worker.wait(60) == -9, function
    assert job(hub, number)[0] == "running"
    worker = hub.start("worker")
    wait_for(lambda: job(hub, number)[0] == "succeeded", "the job ended")
    worker.terminate()
    worker.wait(20)
    check(hub, rows)
    counts = job(hub, number)[1]
    found = lines_of(hub)
    assert counts["documents"] == len({order.number for order in amazon.orders()})
    assert counts["matched"] == sum(own is not None for _, _, own, _ in found)
    assert counts["without"] == sum(own is None for _, _, own, _ in found)


@pytest.mark.once
def test_new_changed_and_fetched_orders_are_recoded_as_they_come(hub: Hub, amazon: Simulator):
    hub.apply(settings(amazon))
    hub.run()
    rows = table_for(hub)
    python(hub, TABLE.format(rows=rows))
    first, second, third = [order.number for order in amazon.orders()[-3:]]
    amazon.change_order(first, add_lines=2)
    amazon.change_order(second, state="Acknowledged")
    amazon.add_orders(5)
    wait_for_next_second()
    hub.run()
    amazon.change_order(third, state="Acknowledged")
    assert hub.command("run", "Download", "--orders", third, "--json").returncode == 0
    came = {first, second, third, *(order.number for order in amazon.orders()[-5:])}
    for document in hub.documents():
        for line in document["lines"]:
            own = expected(rows, document["vendor_code"], line["vendor_sku"])
            assert (line["sku"], line["title"]) == (own if document["number"] in came else (None, None))
    recode(hub, "all")
    worker = hub.start("worker")
    wait_for(lambda: not hub.rows("SELECT 1 FROM processes_recodejob WHERE state <> 'succeeded'"), "the job ended")
    worker.terminate()
    worker.wait(20)
    check(hub, rows)
