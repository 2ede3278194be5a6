"""What is posted comes back as it went, whatever it is, in whatever format; and two who post at once store it once."""

import json
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from decimal import Decimal
from itertools import count
from typing import Any

import pytest
import time_machine
from amazon_orders import item, node, order
from django.db import connection
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from posted import as_json, as_xml, invoice, line, store

from approdo.exchanges import delivery
from approdo.exchanges.formats import FORMATS
from approdo.exchanges.formats.tests import test_xml
from approdo.exchanges.imports import reading, taking
from approdo.exchanges.imports.taking import Allowed
from approdo.nodes.models import Node
from approdo.sales.models import BilledLine, DocumentVersion, OrderLink, SaleDocument, SaleLine
from approdo.sdk.imports import Posted

NOW = datetime(2026, 5, 3, 9, tzinfo=UTC)
EVERYTHING = Allowed(frozenset(Posted), frozenset())

amounts = st.decimals("0.0001", "99999", places=4) | st.integers(1, 10**6).map(lambda cents: Decimal(cents).scaleb(-2))
words = st.text(st.characters(exclude_categories=["Cs", "Cc", "Cn"]), min_size=1, max_size=12)


@pytest.fixture(autouse=True)
def today():
    with time_machine.travel(NOW, tick=False):
        yield


def take(given):
    done = taking.take(taking.begin(1, "erp", "json", 0), given, EVERYTHING)
    assert [row.code for row in done] == [""] * len(done), done[0].params
    return done


@st.composite
def lines(draw: st.DrawFn) -> dict[str, Any]:
    """One line of an order, and the same line as it is invoiced twice, once in each format."""
    cases = draw(st.booleans())
    quantity, size = draw(st.integers(1, 10**6)), draw(st.integers(1, 1000))
    cost = draw(amounts)
    tax = {
        "type": "VAT",
        "rate": "22",
        "amount": format(draw(amounts), "f"),
        "taxable_amount": format(draw(amounts), "f"),
    }
    unit = {"unit": "cases", "unit_size": size} if cases else {"unit": "eaches"}
    return {
        "quantity": quantity, **unit, "net_cost": format(cost, "f"), "title": draw(words),
        "taxes": draw(st.lists(st.just(tax), max_size=2)),
    }  # fmt: skip


_numbers = count(1)


@pytest.mark.django_db
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(lines(), min_size=1, max_size=4))
def test_any_invoice_comes_back_from_each_format_as_it_was_posted(said: list[dict[str, Any]]) -> None:
    place = next(_numbers)
    if not Node.objects.exists():
        node()
    units = {"cases": "Cases", "eaches": "Eaches"}
    items = [
        item(
            str(index),
            orderedQuantity={
                "amount": 2 * one["quantity"], "unitOfMeasure": units[one["unit"]], "unitSize": one.get("unit_size", 1),
            },
            netCost={"amount": one["net_cost"], "currencyCode": "EUR"},
        )
        for index, one in enumerate(said, 1)
    ]  # fmt: skip
    number = f"PO{place:06}"
    store(order(number, items=items))
    pieces = [one["quantity"] * one.get("unit_size", 1) for one in said]
    net = sum(count_ * Decimal(one["net_cost"]) for count_, one in zip(pieces, said, strict=True))
    tax = sum(Decimal(tax["amount"]) for one in said for tax in one["taxes"])
    billed = [{**one, "order_line": str(index)} for index, one in enumerate(said, 1)]
    posted = invoice(f"A{place}", billed, orders=[number], gross_total=format(net + tax, "f"))
    rows = take(reading.from_json(as_json(posted)))
    rows += take(reading.from_xml(as_xml({**posted, "number": f"B{place}"})))
    documents = delivery.outgoing(list(SaleDocument.objects.filter(pk__in=[row.document_id for row in rows])))
    as_xml_again = test_xml.read(test_xml.write(documents))
    as_json_again = json.loads(b"".join(FORMATS["json"].write(documents, {})))["documents"]
    for document in (*as_xml_again, *as_json_again):
        assert Decimal(document["total"]) == net
        assert Decimal(document["tax_total"]) == tax
        assert Decimal(document["gross_total"]) == net + tax
        assert (document["orders"], document["day"]) == ([number], "2026-05-02")
        for one, eaches, wanted in zip(document["lines"], pieces, billed, strict=True):
            assert {name: one.get(name) for name in wanted if name != "taxes"} == {
                name: value for name, value in wanted.items() if name != "taxes"
            }
            assert one["eaches"] == eaches
            assert Decimal(one["total"]) == eaches * Decimal(one["net_cost"])
            assert [{**tax, "currency": "EUR"} for tax in wanted["taxes"]] == one["taxes"]


@pytest.mark.skipif(connection.vendor == "sqlite", reason="PostgreSQL's own: SQLite has one writer")
@pytest.mark.django_db(transaction=True)
def test_callers_at_the_same_moment_store_an_invoice_once_and_no_piece_twice() -> None:
    node()
    store(order("PO000001"), order("PO000002"))
    both = [line(sequence="1", order="PO000001"), line(sequence="2", order="PO000002")]
    documents = [
        [invoice("FT-1", both, orders=["PO000001", "PO000002"], gross_total="79.20")],
        [invoice("FT-1", both, orders=["PO000002", "PO000001"], gross_total="79.20")],
        [invoice("FT-2", orders=["PO000001"])],
        [invoice("FT-2", orders=["PO000002"])],
    ] * 2

    def post(given_: list[dict[str, Any]]) -> list[str]:
        try:
            call = taking.begin(1, "erp", "json", 0)
            done = taking.take(call, reading.from_json(as_json(*given_)), EVERYTHING)
            return [row.code or row.result for row in done]
        finally:
            connection.close()

    with ThreadPoolExecutor(len(documents)) as callers:
        found = [code for codes in callers.map(post, documents) for code in codes]
    assert set(found) <= {"accepted", "unchanged", "invoiced_too_much", "number_used"}, found
    kept = SaleDocument.objects.filter(type="invoice")
    assert 1 <= len(kept) <= 2
    for document in kept:
        versions = DocumentVersion.objects.filter(document=document).values_list("number", flat=True)
        assert list(versions) == list(range(1, document.version + 1))
        assert SaleLine.objects.filter(document=document).count() == document.line_count
        assert BilledLine.objects.filter(link__document=document).count() == document.line_count
    for ordered in SaleDocument.objects.filter(type="order"):
        billed = BilledLine.objects.filter(link__order=ordered).values_list("eaches", flat=True)
        assert sum(billed) <= 36


@pytest.mark.django_db
def test_what_was_stored_before_a_failure_stays_and_the_call_shows_that_it_never_ended(monkeypatch) -> None:
    node()
    store(order("PO000001"), order("PO000002"))
    given_ = reading.from_json(as_json(invoice("FT-1"), invoice("FT-2", orders=["PO000002"])))

    def dies(row, *_arguments, **_named):
        if row.number == "FT-2":
            raise KeyboardInterrupt
        return whole(row, *_arguments, **_named)

    whole = taking.ImportedDocument.save
    call = taking.begin(1, "erp", "json", 0)
    with monkeypatch.context() as patched:
        patched.setattr(taking.ImportedDocument, "save", dies)
        with pytest.raises(KeyboardInterrupt):
            taking.take(call, given_, EVERYTHING)
    call.refresh_from_db()
    assert call.ended_at is None
    assert list(call.documents.values_list("number", "result")) == [("FT-1", "accepted")]
    assert list(SaleDocument.objects.filter(type="invoice").values_list("number", flat=True)) == ["FT-1"]
    assert OrderLink.objects.count() == 1
    assert [row.result for row in take(given_)] == ["unchanged", "accepted"]
