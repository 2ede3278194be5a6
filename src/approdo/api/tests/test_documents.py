"""Documents are found, paged without loss, and given out as they are."""

import random
from datetime import UTC, datetime, timedelta

import consumer_orders
import pytest
from amazon_orders import batch, item, node, order
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from approdo.processes.models import Connector
from approdo.sales import queries
from approdo.sales.models import PersonalDataLook, SaleDocument
from approdo.sales.receive import Origin, receive

START = datetime(2026, 5, 1, 12, tzinfo=UTC)


def bring(of, *orders, minutes=0):
    moment = START + timedelta(minutes=minutes)
    return receive(batch(*orders, asked_at=moment), Origin(of.pk, None, moment))


@pytest.fixture
def amazon(db):
    return node()


def test_a_document_is_given_out_with_its_lines(amazon, caller):
    bring(
        amazon,
        order("PO1", items=[item("1"), item("2", netCost={"amount": "0.123456789", "currencyCode": "EUR"})]),
    )
    (found,) = caller.get("/documents").data["items"]
    assert found["number"] == "PO1"
    assert found["node"] == "Amazon"
    assert found["date"] == "2026-04-30T10:00:00Z"
    assert [line["net_cost"] for line in found["lines"]] == ["1.10", "0.123456789"]
    assert found["lines"][0]["eaches"] == 36
    assert caller.get(f"/documents/{found['id']}").data == found


@pytest.mark.parametrize("few", [queries.FEW, -1], ids=["few are looked up", "many are not"])
def test_filters_give_exactly_what_fits(amazon, caller, monkeypatch, few):
    monkeypatch.setattr(queries, "FEW", few)
    bring(amazon, order("PO1"), order("PO2", state="Acknowledged", sellingParty={"partyId": "OTHER"}))
    bring(node("Second"), order("PO1", state="Closed", shipToParty={"partyId": "BER1"}), minutes=10)
    second = caller.get("/nodes/Second").data["id"]
    for query, expected in [
        ({"node": "Second"}, ["PO1 closed"]),
        ({"node": second}, ["PO1 closed"]),
        ({"type": "order"}, ["PO1 new", "PO2 acknowledged", "PO1 closed"]),
        ({"type": "invoice"}, []),
        ({"program": "vendor_direct_fulfillment"}, []),
        ({"state": "acknowledged"}, ["PO2 acknowledged"]),
        ({"vendor_code": "ROSIT"}, ["PO1 new", "PO1 closed"]),
        ({"ship_to": "BER1"}, ["PO1 closed"]),
        ({"number": "PO1", "node": "Amazon"}, ["PO1 new"]),
        ({"number": "PO"}, []),
        ({"q": "po"}, ["PO1 new", "PO2 acknowledged", "PO1 closed"]),
        ({"q": "B0TEST", "state": "new"}, ["PO1 new"]),
        ({"updated_since": "2026-05-01T12:05:00Z"}, ["PO1 closed"]),
        ({"updated_since": "2026-05-01T14:05:00+02:00"}, ["PO1 closed"]),
        ({"updated_since": "2026-05-01T14:15:00+02:00"}, []),
    ]:
        items = caller.get("/documents", **query).data["items"]
        assert [f"{one['number']} {one['state']}" for one in items] == expected, query


@pytest.mark.parametrize(
    "query",
    [
        "vendor=ROSIT",
        "State=new",
        "state=new&state=closed",
        "state=",
        "number=%00",
        "type=receipt",
        "type=ORDER",
        "program=retail",
        "node=Nobody",
        "limit=0",
        "limit=201",
        "limit=-1",
        "limit=many",
        "limit=1.5",
        "limit=99999999999999999999999",
        "cursor=nonsense",
        "cursor=MjAyNg",
        "cursor=%F0%9F%98%80",
        "cursor=MDAwMS0wMS0wMVQwMDowMDowMCsyMzo1OSAx",
        "updated_since=2026-05-01",
        "updated_since=2026-05-01T00:00:00",
        "updated_since=2026-05-01T00:00:00+02:00",
        "updated_since=0001-01-01T00:00:00%2B14:00",
        "updated_since=yesterday",
        "updated_since=1777593600",
    ],
)
def test_a_parameter_that_is_not_understood_is_refused_and_not_ignored(query, caller):
    answer = caller.get(f"/documents?{query}")
    assert answer.status == 422
    name = query.partition("=")[0]
    assert answer.data["code"] == "bad_cursor" or [one["field"] for one in answer.data["errors"]] == [name]


@pytest.mark.parametrize("path", ["/documents/1", "/runs/1", "/nodes/x", "/set-aside", "/nodes", "/connectors/x/run"])
def test_no_route_ignores_a_parameter(path, caller):
    method = "POST" if path.endswith("run") else "GET"
    answer = caller.send(method, f"{path}?orders=PO1")
    assert (answer.status, answer.data["errors"][0]["field"]) == (422, "orders")


def test_a_document_that_is_not_there_is_not_found(caller):
    for number in (1, 2**63, 10**40):
        assert caller.get(f"/documents/{number}").status == 404
        assert caller.get(f"/documents/{number}/versions").status == 404


def test_every_version_is_given_out_as_it_came(amazon, caller):
    first, second = (
        order("PO1"),
        order("PO1", state="Acknowledged", purchaseOrderChangedDate="2026-05-01T00:00:00Z"),
    )
    bring(amazon, first)
    bring(amazon, second, minutes=5)
    pk = SaleDocument.objects.get().pk
    items = caller.get(f"/documents/{pk}/versions").data["items"]
    assert [(one["number"], one["raw"]) for one in items] == [(1, first), (2, second)]
    assert items[1]["received_at"] == "2026-05-01T12:05:00Z"


def test_every_version_says_what_it_changed_field_by_field(amazon, caller):
    bring(amazon, order("PO1", items=[item("1"), item("2")]))
    cheaper = item("1", netCost={"amount": "1.05000", "currencyCode": "EUR"})
    bring(amazon, order("PO1", items=[cheaper], purchaseOrderChangedDate="2026-05-01T00:00:00Z"), minutes=5)
    first, second = caller.get(f"/documents/{SaleDocument.objects.get().pk}/versions").data["items"]
    assert (first["kinds"], first["changes"]) == ([], None)
    assert second["kinds"] == ["cost", "vanished_line"]
    assert second["changes"] == [
        {"line": None, "field": "changed_date", "before": None, "after": "2026-05-01T00:00:00Z"},
        {"line": "1", "field": "net_cost", "before": "1.10", "after": "1.05000"},
        {"line": "2", "field": "", "before": True, "after": False},
    ]


def test_a_page_is_as_long_as_asked_for(amazon, caller):
    bring(amazon, *[order(f"PO{number}") for number in range(60)])
    assert len(caller.get("/documents").data["items"]) == 50
    assert len(caller.get("/documents", limit=200).data["items"]) == 60
    exact = caller.get("/documents", limit=60).data
    assert (len(exact["items"]), exact["next_cursor"]) == (60, None)


@pytest.mark.parametrize("seed", range(5))
def test_paging_loses_no_document_and_doubles_only_changed_ones(seed, amazon, caller):
    chance = random.Random(seed)
    numbers = [f"PO{number:03}" for number in range(40)]
    bring(amazon, *[order(number) for number in numbers])
    seen: dict[str, list[int]] = {}
    cursor, minute = {}, 0
    while cursor is not None:
        page = caller.get("/documents", limit=7, **cursor).data
        for found in page["items"]:
            seen.setdefault(found["number"], []).append(found["version"])
        cursor = {"cursor": page["next_cursor"]} if page["next_cursor"] else None
        minute += 1
        if cursor is not None and minute < 10:
            changed = chance.sample(numbers, 3)
            when = f"2026-05-02T00:{minute:02}:00Z"
            bring(amazon, *[order(number, purchaseOrderChangedDate=when) for number in changed], minutes=minute)
    assert sorted(seen) == numbers
    newest = dict(SaleDocument.objects.values_list("number", "version"))
    for number, versions in seen.items():
        assert versions == sorted(set(versions)), "one version came twice"
        assert versions[-1] == newest[number]


def test_what_could_not_be_read_is_listed_with_its_raw_text(amazon, caller):
    bring(amazon, order("PO1"), b'{"purchaseOrderNumber": 7, "broken')
    (found,) = caller.get("/set-aside").data["items"]
    assert found["raw"] == '{"purchaseOrderNumber": 7, "broken'
    assert found["reason"]
    assert found["node"] == "Amazon"


def test_what_could_not_be_read_is_tried_again_and_given_up_with_a_reason(amazon, caller, caller_with):
    bring(amazon, b'{"purchaseOrderNumber": 7, "broken')
    (found,) = caller.get("/set-aside").data["items"]
    path = f"/set-aside/{found['id']}"
    assert caller.post(f"{path}/retry").data == {"id": found["id"], "stored_at": None, "given_up": None}
    assert caller.post(f"{path}/give-up", {"why": " "}).status == 422
    assert caller_with("documents:read").post(f"{path}/give-up", {"why": "Broken"}).status == 403
    said = caller.post(f"{path}/give-up", {"why": "Broken for good"}).data["given_up"]
    assert (said["why"], said["by"]) == ("Broken for good", "everything")
    assert caller.post(f"{path}/give-up", {"why": "Again"}).status == 409
    assert caller.get("/set-aside").data["items"][0]["given_up"] == said
    assert caller.post("/set-aside/999/retry").status == 404


@pytest.fixture
def consumers_order(amazon):
    receive(consumer_orders.batch(consumer_orders.order()), Origin(amazon.pk, None, START))
    return SaleDocument.objects.get(number="DF0000001")


def test_a_consumer_is_named_only_to_whoever_may_know_and_each_look_is_written_down(
    consumers_order, caller, caller_with
):
    stranger = caller_with("documents:read")
    paths = ("/documents", f"/documents/{consumers_order.pk}", f"/documents/{consumers_order.pk}/versions")
    for path in paths:
        said = stranger.get(path).text
        assert not [word for word in consumer_orders.PERSONAL if word in said]
        assert "DF0000001" in said or "versions" in path
    assert not PersonalDataLook.objects.exists()
    for number, path in enumerate(paths, 1):
        assert "Mario Rossi" in caller.get(path).text
        assert PersonalDataLook.objects.count() == number
    assert {look.number for look in PersonalDataLook.objects.all()} == {"DF0000001"}
    hidden = stranger.get(paths[1]).data
    assert (hidden["personal_data"], hidden["ship_to_party"], hidden["message_to_customer"]) == ("hidden", None, None)
    assert hidden["bill_to_party"] == {"id": "AMZNIT"}
    given = caller.get(paths[1]).data
    assert given["personal_data"] == "given"
    assert given["ship_to_party"]["address"]["name"] == "Mario Rossi"
    assert given["lines"][0]["gift_message"] == "Auguri dalla zia Pina"


def test_what_a_version_changed_of_the_consumer_is_told_only_to_whoever_may_know(
    amazon, consumers_order, caller, caller_with
):
    moved = consumer_orders.order(state="ACCEPTED")
    moved["orderDetails"]["shipToParty"]["name"] = "Lucia Bianchi"
    later = START + timedelta(minutes=5)
    receive(consumer_orders.batch(moved, asked_at=later), Origin(amazon.pk, None, later))
    path = f"/documents/{consumers_order.pk}/versions"
    hidden = caller_with("documents:read").get(path)
    assert hidden.data["items"][1]["kinds"] == ["state"]
    assert not [word for word in ("Bianchi", *consumer_orders.PERSONAL) if word in hidden.text]
    given = caller.get(path).data["items"][1]
    assert given["kinds"] == ["state", "ship_to"]
    assert ("Mario Rossi", "Lucia Bianchi") in [(one["before"], one["after"]) for one in given["changes"]]


def test_a_direct_fulfillment_document_says_what_the_contract_promises(consumers_order, caller):
    found = caller.get(f"/documents/{consumers_order.pk}").data
    assert found["customer_order_number"] == "999-1234567-7654321"
    assert (found["ship_method"], found["priority"], found["gift"]) == ("BRT", False, True)
    assert (found["packing_slip_required"], found["tax_total"]) == (True, "4.40")
    assert found["required_ship_date"] == "2026-05-02T21:59:59Z"
    assert found["promised_delivery_date"] == "2026-05-05T21:59:59Z"
    (line,) = found["lines"]
    assert (line["title"], line["quantity"], line["unit"], line["eaches"]) == ("Caffettiera", 2, "eaches", 2)
    assert (line["net_cost"], line["total"], found["total"]) == ("10.00", "20.00", "20.00")
    assert line["taxes"] == [
        {"type": "VAT", "rate": "0.22", "amount": "4.40", "taxable_amount": "20.00", "currency": "EUR"}
    ]


def test_a_retail_document_has_none_of_it(amazon, caller):
    bring(amazon, order("PO1"))
    assert "personal_data" not in caller.get("/documents").data["items"][0]


def test_personal_data_are_purged_on_request_once(consumers_order, caller, caller_with):
    address = f"/documents/{consumers_order.pk}/purge-personal-data"
    assert caller_with("documents:read", "personal-data:read").post(address).status == 403
    assert caller.post(address).data == {"id": consumers_order.pk, "purged": True}
    assert caller.post(address).data == {"id": consumers_order.pk, "purged": False}
    found = caller.get(f"/documents/{consumers_order.pk}").data
    assert (found["personal_data"], found["ship_to_party"]) == ("purged", None)
    assert "Rossi" not in caller.get(f"/documents/{consumers_order.pk}/versions").text


def test_what_was_set_aside_shows_its_consumer_only_to_whoever_may_know(amazon, caller, caller_with):
    broken = consumer_orders.order(items="none")
    receive(consumer_orders.batch(broken), Origin(amazon.pk, None, START))
    assert "Rossi" not in caller_with("documents:read").get("/set-aside").text
    assert not PersonalDataLook.objects.exists()
    assert "Rossi" in caller.get("/set-aside").text
    assert PersonalDataLook.objects.get().number == "DF0000001"


def test_a_token_for_one_connector_sees_what_its_node_brought(amazon, caller_with, caller, connector):
    bring(amazon, order("PO1"), b"{broken")
    bound = caller_with("documents:read", connector=Connector.objects.get(pk=connector["id"]))
    pk = SaleDocument.objects.get().pk
    assert bound.get("/documents").data["items"] == []
    assert bound.get("/set-aside").data["items"] == []
    assert bound.get(f"/documents/{pk}").status == 404
    assert bound.get(f"/documents/{pk}/versions").status == 404


@given(name=st.text(max_size=8), value=st.text(max_size=30))
@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_parameter_whatever_breaks_the_list(name, value, caller):
    for key in (name or "x", "q", "number", "cursor", "updated_since", "node"):
        assert caller.get("/documents", **{key: value}).status in (200, 422)
