"""Codes without a match, and recoding what is stored, through the API."""

from datetime import UTC, datetime

import pytest
from amazon_orders import batch, item, node, order

from approdo.catalog.models import SkuRecoding
from approdo.exchanges import unmatched
from approdo.exchanges.intake import store
from approdo.nodes.models import Node
from approdo.processes import recode_jobs, recodings
from approdo.processes.models import Connector
from approdo.sales.receive import Origin

NOW = datetime(2026, 5, 1, 12, tzinfo=UTC)


@pytest.fixture
def recoding(caller, connector):
    changed = caller.patch(
        "/connectors/Scarica%20ordini", {"options": {"recode_skus": True, "recode_fallbacks": ["asin"]}}
    )
    assert changed.data["options"]["recode_fallbacks"] == ["asin"]
    return Connector.objects.get()


def take(where, *skus, number="PO000001"):
    items = [item(str(place), vendorProductIdentifier=sku) for place, sku in enumerate(skus, 1)]
    store(batch(order(number, items=items)), Origin(where.pk, 1, NOW), recodings.asked)


def to_the_end():
    while recode_jobs.advance():
        pass


def test_codes_are_listed_with_where_they_were_seen(caller, recoding):
    take(recoding.node, "V-1", "V-1", "V-2")
    second, first = caller.get("/unmatched-codes").data["items"]
    assert (first["vendor_sku"], first["lines"], second["vendor_sku"], second["lines"]) == ("V-1", 2, "V-2", 1)
    assert first == {
        "id": first["id"], "node": "Amazon Vendor EU", "vendor_code": "ROSIT", "marketplace": "", "vendor_sku": "V-1",
        "asin": "B0TEST0001", "first_seen": "2026-05-01T12:00:00Z", "last_seen": "2026-05-01T12:00:00Z", "lines": 2,
        "more_lines": False, "example": {"id": first["example"]["id"], "number": "PO000001"},
    }  # fmt: skip
    assert caller.get(f"/documents/{first['example']['id']}").data["number"] == "PO000001"


def test_codes_are_found_by_node_and_by_how_they_begin(caller, recoding):
    take(recoding.node, "V-1", "X-1")
    found = lambda **query: [one["vendor_sku"] for one in caller.get("/unmatched-codes", **query).data["items"]]  # noqa: E731
    assert found(q="v-") == ["V-1"]
    assert sorted(found(q="b0test")) == ["V-1", "X-1"]
    assert found(node="Amazon Vendor EU", q="X") == ["X-1"]
    assert found(q="1") == []
    assert caller.get("/unmatched-codes", node="No such").status == 422
    page = caller.get("/unmatched-codes", limit=1).data
    rest = caller.get("/unmatched-codes", limit=1, cursor=page["next_cursor"]).data
    assert [page["items"][0]["vendor_sku"], rest["items"][0]["vendor_sku"], rest["next_cursor"]] == ["X-1", "V-1", None]


def test_a_code_with_many_lines_says_that_there_may_be_more(caller, recoding, monkeypatch):
    monkeypatch.setattr(unmatched, "MOST_COUNTED", 2)
    take(recoding.node, "V-1", "V-1", "V-1")
    [one] = caller.get("/unmatched-codes").data["items"]
    assert (one["lines"], one["more_lines"]) == (2, True)


def test_what_is_stored_is_recoded_when_asked_for(caller, recoding):
    take(recoding.node, "V-1", "V-2")
    SkuRecoding.objects.create(external="V-1", sku="OWN", title="Caffettiera")
    asked = caller.post("/sku-recodings/recode")
    assert (asked.status, asked.data["state"], asked.data["lines"]) == (202, "waiting", "without_match")
    assert asked.data["requested_by"] == "everything"
    assert caller.post("/sku-recodings/recode", {}).data["id"] == asked.data["id"]
    to_the_end()
    done = caller.get(asked.headers["Location"].removeprefix("/api/v1")).data
    assert (done["state"], done["percent"], done["error"]) == ("succeeded", 100, None)
    assert done["counts"]["matched"] == done["counts"]["without"] == 1
    lines = caller.get("/documents").data["items"][0]["lines"]
    assert [(one["sku"], one["title"]) for one in lines] == [("OWN", "Caffettiera"), (None, None)]
    every = caller.post("/sku-recodings/recode", {"lines": "all"}).data
    assert [one["id"] for one in caller.get("/sku-recodings/recode").data["items"]] == [every["id"], done["id"]]
    assert caller.post("/sku-recodings/recode", {"lines": "some"}).status == 422
    assert caller.get("/sku-recodings/recode/999").status == 404


def test_a_token_for_one_connector_sees_its_nodes_codes_and_recodes_nothing(caller, caller_with, recoding):
    take(recoding.node, "V-1")
    other = node("Other")
    Connector.objects.create(
        name="Other", node=other, type=recoding.type, configuration=recoding.configuration, options=recoding.options
    )
    take(other, "V-1")
    bound = caller_with("documents:read", "runs:write", connector=recoding)
    assert [one["node"] for one in bound.get("/unmatched-codes").data["items"]] == ["Amazon Vendor EU"]
    assert len(caller.get("/unmatched-codes").data["items"]) == 2
    assert bound.post("/sku-recodings/recode").status == 403
    assert bound.get("/sku-recodings/recode").status == 403


def test_who_only_reads_recodes_nothing(caller_with):
    reader = caller_with("documents:read", "settings:read")
    assert reader.get("/unmatched-codes").data == {"items": [], "next_cursor": None}
    assert reader.post("/sku-recodings/recode").status == 403
    assert caller_with("settings:write").post("/sku-recodings/recode").status == 202
    assert Node.objects.count() == 0
