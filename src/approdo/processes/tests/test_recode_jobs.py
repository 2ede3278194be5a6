"""Stored documents recoded by a job that is a row: any worker goes on with it, each chunk is done once."""

import threading
from datetime import UTC, datetime

import amazon_orders
import pytest
from amazon_orders import item, order
from django.db import connection, transaction

from approdo.catalog.models import SkuRecoding
from approdo.exchanges import recoding, unmatched
from approdo.exchanges.intake import store
from approdo.nodes.models import Configuration, TimeRange
from approdo.processes import recode_jobs, recodings
from approdo.processes.models import Connector, RecodeJob
from approdo.sales.models import SaleLine
from approdo.sales.receive import Origin

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 5, 1, 12, 1, tzinfo=UTC)
MISSING, ALL = RecodeJob.Lines.WITHOUT_MATCH, RecodeJob.Lines.ALL


@pytest.fixture
def node():
    return amazon_orders.node()


@pytest.fixture
def connector(node):
    options = {"type": "vendor_retail", "states": "all"}
    time_range = TimeRange.objects.create(name="Range", last=7)
    configuration = Configuration.objects.create(
        kind="order_download_configuration", name="All", time_range=time_range, options=options
    )
    made = Connector(
        name="Orders", node=node, type="amazon_vendor.download_orders", configuration=configuration,
        options={"recode_skus": True},
    )  # fmt: skip
    made.full_clean()
    made.save()
    return made


@pytest.fixture(autouse=True)
def small_chunks(monkeypatch):
    monkeypatch.setattr(recode_jobs, "AT_ONCE", 3)


def take(node, count, start=0, sku="V-1"):
    page = [order(f"PO{n:06}", items=[item(vendorProductIdentifier=sku)]) for n in range(start, start + count)]
    with transaction.atomic():
        store(amazon_orders.batch(*page), Origin(node.pk, 1, NOW), recodings.asked)


def row(sku="OWN", external="V-1"):
    return SkuRecoding.objects.create(external=external, sku=sku)


def to_the_end():
    rounds = 0
    while recode_jobs.advance():
        rounds += 1
        assert rounds < 100
    return rounds


def own():
    return list(SaleLine.objects.order_by("pk").values_list("sku", flat=True))


def test_codes_without_a_match_are_recoded_chunk_by_chunk(node, connector):
    take(node, 10)
    take(node, 2, start=10, sku="V-2")
    row()
    job = recode_jobs.request(MISSING, "anna")
    assert (job.state, job.percent) == ("waiting", 0)
    percents = []
    while recode_jobs.advance():
        job.refresh_from_db()
        percents.append(job.percent)
    assert percents == [25, 50, 75, 100, 100]
    assert (job.state, job.requested_by) == ("succeeded", "anna")
    assert job.as_data()["counts"] == {
        "documents": 12, "documents_changed": 10, "lines": 12, "matched": 10, "replaced": 0, "removed": 0, "without": 2,
    }  # fmt: skip
    assert own() == ["OWN"] * 10 + [None] * 2
    assert [code.vendor_sku for code in unmatched.listed()] == ["V-2"]


def test_all_documents_of_those_who_ask_are_recoded_and_no_others(node, connector):
    row("OLD")
    take(node, 4)
    other = amazon_orders.node("Other")
    take(other, 4)
    SkuRecoding.objects.update(sku="NEW")
    recode_jobs.request(ALL)
    to_the_end()
    assert own() == ["NEW"] * 4 + [None] * 4
    connector.options = {}
    connector.save()
    SkuRecoding.objects.update(sku="NEWER")
    recode_jobs.request(ALL)
    to_the_end()
    assert own() == ["NEW"] * 4 + [None] * 4


def test_asked_again_a_waiting_job_is_the_same_and_one_at_work_is_followed_by_another(node, connector):
    take(node, 7)
    job = recode_jobs.request(MISSING)
    assert recode_jobs.request(MISSING).pk == job.pk
    other = recode_jobs.request(ALL)
    assert other.pk != job.pk
    recode_jobs.advance()
    again = recode_jobs.request(MISSING)
    assert again.pk not in (job.pk, other.pk)
    assert recode_jobs.request(MISSING).pk == again.pk
    assert recode_jobs.newest() == job
    to_the_end()
    assert [one.state for one in RecodeJob.objects.all()] == ["succeeded"] * 3
    assert list(RecodeJob.objects.order_by("started_at").values_list("pk", flat=True)) == [job.pk, other.pk, again.pk]


def test_a_job_with_nothing_to_do_ends(node, connector):
    for lines in (MISSING, ALL):
        job = recode_jobs.request(lines)
        to_the_end()
        job.refresh_from_db()
        assert (job.state, job.percent, job.counts) == ("succeeded", 100, {})
    assert not recode_jobs.advance()


def test_killed_in_the_middle_of_a_chunk_it_goes_on_and_nothing_is_counted_twice(node, connector, monkeypatch):
    take(node, 10)
    row()
    job = recode_jobs.request(MISSING)
    recode_jobs.advance()
    for place in ("write_own", "changed"):
        with monkeypatch.context() as patch:
            real = getattr(recoding, place)

            def killed(*arguments, real=real):
                real(*arguments)
                raise SystemExit(9)

            patch.setattr(recoding, place, killed)
            with pytest.raises(SystemExit):
                recode_jobs.advance()
        job.refresh_from_db()
        assert (job.state, job.chunks, own().count("OWN")) == ("running", 1, 3)
    to_the_end()
    job.refresh_from_db()
    assert (job.counts["matched"], job.counts["documents"], own()) == (10, 10, ["OWN"] * 10)


def test_a_chunk_that_another_worker_has_done_is_not_done_again(node, connector):
    take(node, 9)
    row()
    job = recode_jobs.request(MISSING)
    recode_jobs.advance()
    job.refresh_from_db()
    assert recode_jobs._chunk(job)
    assert not recode_jobs._chunk(job), "it stands where it was before that chunk"
    job.refresh_from_db()
    assert (job.chunks, job.counts["documents"]) == (2, 6)


def test_a_mistake_ends_the_job_with_its_reason(node, connector, monkeypatch):
    take(node, 2)
    job = recode_jobs.request(ALL)

    def broken(*_arguments, **_named):
        raise ZeroDivisionError

    monkeypatch.setattr(recoding, "apply", broken)
    to_the_end()
    job.refresh_from_db()
    assert (job.state, job.error_code, job.error_params) == ("failed", "internal", {"reason": "ZeroDivisionError"})


@pytest.mark.skipif(connection.vendor == "sqlite", reason="there one writes at a time, and in memory nobody waits")
@pytest.mark.django_db(transaction=True)
def test_workers_at_the_same_time_do_each_chunk_once_while_orders_change(node, connector):
    take(node, 40)
    row()
    job = recode_jobs.request(MISSING)
    errors: list[Exception] = []

    def guarded(work):
        try:
            work()
        except Exception as error:  # noqa: BLE001  a thread tells nobody
            errors.append(error)
        finally:
            connection.close()

    def worker():
        while not RecodeJob.objects.filter(state="succeeded").exists():
            recode_jobs.advance()

    def orders():
        for day in range(2, 12):
            moment = f"2026-05-{day:02}T10:00:00Z"
            page = [
                order(f"PO{n:06}", items=[item(vendorProductIdentifier="V-1")], purchaseOrderStateChangedDate=moment)
                for n in range(39, -1, -3)
            ]
            with transaction.atomic():
                store(amazon_orders.batch(*page), Origin(node.pk, 1, NOW), recodings.asked)

    threads = [threading.Thread(target=guarded, args=(work,)) for work in (worker, worker, worker, orders)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert errors == []
    job.refresh_from_db()
    assert (job.state, own()) == ("succeeded", ["OWN"] * 40)
    assert job.counts["documents"] <= 40
    assert not unmatched.listed().exists()
