"""An ERP fetches documents, confirms them and gives its numbers back."""

import gc
import zlib
from datetime import UTC, datetime, timedelta
from io import BytesIO

import consumer_orders
import openpyxl
import pytest
import time_machine
from amazon_orders import batch, order
from django.utils import timezone
from lxml import etree

from approdo.api.tests.conftest import escaped, node_body
from approdo.exchanges.formats import FORMATS
from approdo.exchanges.models import Batch, Delivery
from approdo.nodes.models import Node
from approdo.processes.models import Connector
from approdo.sales.models import PersonalDataLook, SaleDocument
from approdo.sales.receive import Origin, receive

ERP = {"name": "Ordini per il gestionale", "node": "Gestionale", "type": "api.export_documents"}
ADDRESS = f"/exports/{escaped(ERP['name'])}"


def store(*orders, at=None):
    at = at or timezone.now()
    receive(batch(*orders, asked_at=at), Origin(Node.objects.get(type="amazon_vendor").pk, run=1, at=at))


@pytest.fixture
def export(caller):
    """Makes the connector with these options, through the API."""

    def make(**options):
        assert caller.post("/nodes", node_body()).status == 201
        assert caller.post("/nodes", {"name": "Gestionale", "type": "api"}).status == 201
        made = caller.post("/connectors", {**ERP, "options": {"format": "json", **options}})
        assert made.status == 201, made.text
        return made.data

    return make


def numbers(answer):
    assert answer.status == 200, answer.text
    return [document["number"] for document in answer.data["documents"]]


def test_the_declaration_of_the_contract_is_taken_and_shown_with_the_names_of_nodes(caller, export):
    wanted = {"types": ["order"], "states": ["acknowledged"], "nodes": ["Amazon Vendor EU"]}
    made = export(export_once=True, confirm="explicit", filter=wanted)
    shown = caller.get(f"/connectors/{made['id']}").data["options"]["filter"]
    assert {name: shown[name] for name in wanted} == wanted
    assert caller.patch("/nodes/Amazon%20Vendor%20EU", {"name": "Europe"}).status == 200
    assert caller.get(f"/connectors/{made['id']}").data["options"]["filter"]["nodes"] == ["Europe"]
    store(order("PO000001"), order("PO000002", state="Acknowledged"))
    assert numbers(caller.get(ADDRESS)) == ["PO000002"]


@pytest.mark.parametrize(
    ("options", "field"),
    [
        ({"filter": {"types": ["receipt"]}}, "options.filter.types"),
        ({"filter": {"tipes": ["order"]}}, "options.filter.tipes"),
        ({"filter": "order"}, "options.filter"),
        ({"filter": {"nodes": ["Nowhere"]}}, "nodes"),
        ({"filter": {"since": "yesterday"}}, "options.filter.since"),
        ({"format": "edi"}, "options.format"),
        ({"confirm": "never"}, "options.confirm"),
    ],
)
def test_options_that_cannot_be_are_refused_by_their_names(caller, export, options, field):
    export()
    answer = caller.patch(f"/connectors/{escaped(ERP['name'])}", {"options": options})
    assert answer.status == 422
    assert [error["field"] for error in answer.data["errors"]] == [field]


def test_an_erp_takes_a_batch_confirms_it_and_finds_nothing_more(caller, export):
    export()
    store(order("PO000001"), order("PO000002"), order("PO000003"))
    first = caller.get(ADDRESS, limit=2)
    assert (numbers(first), first.headers["X-Approdo-Documents"]) == (["PO000001", "PO000002"], "2")
    number = first.headers["X-Approdo-Batch"]
    assert first.data["batch"] == number
    confirmed = caller.post(f"{ADDRESS}/batches/{number}/confirm")
    assert (confirmed.status, confirmed.data["size"], confirmed.data["confirmed_by"]) == (200, 2, "everything")
    assert caller.post(f"{ADDRESS}/batches/{number}/confirm").data == confirmed.data
    second = caller.get(ADDRESS)
    assert numbers(second) == ["PO000003"]
    nothing = caller.get(ADDRESS)
    assert (numbers(nothing), nothing.headers.get("X-Approdo-Batch")) == ([], None)
    assert caller.get(f"{ADDRESS}/standing").data == {"waiting": 0, "unconfirmed": 1}
    listed = [one["id"] for one in caller.get(f"{ADDRESS}/batches").data["items"]]
    assert listed == [second.headers["X-Approdo-Batch"], number]


def test_a_caller_that_dies_in_the_middle_loses_nothing(caller, export):
    export()
    store(order())
    now = datetime.now(UTC)
    taken = caller.get(ADDRESS)
    with time_machine.travel(now + timedelta(minutes=16)):
        again = caller.get(ADDRESS)
    assert again.text == taken.text
    assert again.headers["X-Approdo-Batch"] == taken.headers["X-Approdo-Batch"]
    assert caller.get(ADDRESS, batch=taken.headers["X-Approdo-Batch"]).text == taken.text


@pytest.mark.parametrize("written", ["json", "csv"])
def test_each_format_can_be_asked_for(caller, export, written):
    export(format="json")
    store(order())
    answer = caller.get(ADDRESS, format=written)
    assert written in answer.headers["Content-Type"]
    assert "PO000001" in answer.text
    assert caller.get(ADDRESS, format="edi").status == 422
    assert caller.get(ADDRESS, format="edifact").status == 422, "it needs to know who sends to whom"


def test_a_workbook_can_be_asked_for(caller, export):
    export(format="xlsx")
    store(order())
    answer = caller.get(ADDRESS)
    assert answer.headers["Content-Type"] == FORMATS["xlsx"].media_type({})
    sheet = openpyxl.load_workbook(BytesIO(answer.body))["Documents"]
    assert "PO000001" in [cell.value for cell in sheet[2]]


def test_by_reading_a_batch_counts_when_its_answer_was_read_to_the_end(caller, export):
    export(confirm="by_reading")
    store(order())
    caller.get(ADDRESS)
    assert Batch.objects.get().confirmed_by == "everything"
    assert Delivery.objects.get().state == "confirmed"


def test_by_reading_an_answer_that_was_not_read_to_its_end_does_not_count(caller, export):
    export(confirm="by_reading")
    store(*(order(f"PO{number:06}") for number in range(300)))
    response = caller.client.get(f"/api/v1{ADDRESS}", headers=caller.headers)
    pieces = iter(response.streaming_content)
    next(pieces)
    del pieces, response  # closes the connection, and the answer with it
    gc.collect()
    assert Batch.objects.get().confirmed_at is None


def test_a_connector_that_does_not_export_once_gives_everything_page_by_page(caller, export):
    export(export_once=False)
    store(*(order(f"PO{number:06}") for number in range(3)))
    first = caller.get(ADDRESS, limit=2)
    second = caller.get(ADDRESS, limit=2, cursor=first.headers["X-Approdo-Next-Cursor"])
    assert numbers(first) + numbers(second) == ["PO000000", "PO000001", "PO000002"]
    assert "X-Approdo-Next-Cursor" not in second.headers
    assert numbers(caller.get(ADDRESS)) == ["PO000000", "PO000001", "PO000002"]
    assert not Delivery.objects.exists()
    assert caller.get(ADDRESS, batch=1).data["errors"][0]["field"] == "batch"
    assert caller.get(ADDRESS, cursor="xyz").status == 422


def test_a_cursor_has_no_place_where_documents_are_exported_once(caller, export):
    export()
    assert caller.get(ADDRESS, cursor="xyz").data["errors"][0]["field"] == "cursor"


def test_the_document_shows_who_got_it_and_what_the_erp_calls_it(caller, export):
    export()
    store(order())
    document = SaleDocument.objects.get().pk
    assert caller.get(f"/documents/{document}").data["exports"] == []
    batch_number = caller.get(ADDRESS).headers["X-Approdo-Batch"]
    caller.post(f"{ADDRESS}/batches/{batch_number}/confirm")
    given = caller.post(
        f"{ADDRESS}/receipts",
        {"receipts": [{"document": document, "receipt": "SO-1"}, {"document": document + 1, "receipt": "SO-2"}]},
    )
    assert [(one["result"], one["code"]) for one in given.data["items"]] == [
        ("accepted", ""),
        ("refused", "never_handed_over"),
    ]
    (shown,) = caller.get(f"/documents/{document}").data["exports"]
    assert (shown["connector"], shown["version"], shown["state"]) == (ERP["name"], 1, "confirmed")
    assert (shown["batch"], shown["receipt"]) == (batch_number, "SO-1")


def test_the_document_shows_where_it_was_put_and_why_it_was_not_taken(caller, export):
    export()
    store(order())
    document = SaleDocument.objects.get().pk
    caller.get(ADDRESS)
    Delivery.objects.update(state="failed", code="document_refused", params={"number": "PO000001", "said": "no SKU"})
    (shown,) = caller.get(f"/documents/{document}").data["exports"]
    assert (shown["state"], shown["where"], shown["problem"]["code"]) == ("failed", None, "document_refused")
    assert "“no SKU”" in shown["problem"]["message"]
    Delivery.objects.update(state="confirmed", code="", where="in/ORDERS_1.xml")
    (shown,) = caller.get(f"/documents/{document}").data["exports"]
    assert (shown["where"], shown["problem"]) == ("in/ORDERS_1.xml", None)


def test_a_document_is_exported_again_when_somebody_asks(caller, export):
    export()
    store(order())
    document = SaleDocument.objects.get().pk
    number = caller.get(ADDRESS).headers["X-Approdo-Batch"]
    on_its_way = caller.post(f"{ADDRESS}/again", {"documents": [document]}).data["items"]
    assert [one["code"] for one in on_its_way] == ["not_handed_over"]
    caller.post(f"{ADDRESS}/batches/{number}/confirm")
    assert caller.post(f"{ADDRESS}/again", {"documents": [document]}).data["items"][0]["result"] == "accepted"
    again = caller.get(ADDRESS)
    assert numbers(again) == ["PO000001"]
    assert again.headers["X-Approdo-Batch"] != number


def test_a_token_of_another_connector_or_without_the_scope_is_refused(caller, export, caller_with):
    mine = Connector.objects.get(pk=export()["id"])
    other = Connector.objects.create(name="Other", node=mine.node, type=mine.type, options=mine.options)
    assert caller_with("documents:read").get(ADDRESS).status == 403
    assert caller_with("exports:read", connector=other).get(ADDRESS).status == 403
    assert caller_with("exports:read", connector=mine).get(ADDRESS).status == 200


def test_batches_of_another_connector_are_not_there(caller, export):
    mine = Connector.objects.get(pk=export()["id"])
    Connector.objects.create(name="Other", node=mine.node, type=mine.type, options=mine.options)
    store(order())
    number = caller.get("/exports/Other").headers["X-Approdo-Batch"]
    assert caller.get(ADDRESS, batch=number).status == 404
    assert caller.post(f"{ADDRESS}/batches/{number}/confirm").status == 404


def test_a_connector_that_is_not_active_gives_nothing_but_takes_confirmations(caller, export):
    made = export()
    store(order())
    number = caller.get(ADDRESS).headers["X-Approdo-Batch"]
    caller.patch(f"/connectors/{made['id']}", {"active": False})
    assert (caller.get(ADDRESS).status, caller.get(ADDRESS).data["code"]) == (409, "connector_inactive")
    assert caller.post(f"{ADDRESS}/batches/{number}/confirm").status == 200


def test_a_connector_that_downloads_hands_nothing_over(caller, connector):
    assert caller.get(f"/exports/{escaped(connector['name'])}").data["code"] == "not_an_export"


def test_single_orders_cannot_be_fetched_with_it(caller, export):
    made = export()
    assert caller.post(f"/connectors/{made['id']}/run", {"orders": ["PO1"]}).data["code"] == "fetch_not_possible"


def consumer():
    origin = Origin(Node.objects.get(type="amazon_vendor").pk, run=1, at=consumer_orders.ASKED_AT)
    receive(consumer_orders.batch(consumer_orders.order()), origin)
    return SaleDocument.objects.get(program="vendor_direct_fulfillment")


def named(answer):
    return [word for word in consumer_orders.PERSONAL if word in answer.text]


def test_who_the_consumers_are_is_given_to_tokens_that_may_know_and_written_down(caller, export, caller_with):
    export()
    document = consumer()
    hidden = caller_with("exports:read").get(ADDRESS)
    number = hidden.headers["X-Approdo-Batch"]
    assert (hidden.data["documents"][0]["personal_data"], named(hidden)) == ("hidden", [])
    assert not PersonalDataLook.objects.exists()
    given = caller.get(ADDRESS, batch=number)
    assert (given.data["documents"][0]["personal_data"], "Mario Rossi" in named(given)) == ("given", True)
    assert PersonalDataLook.objects.get().document == document


def test_a_batch_that_comes_again_after_the_purge_knows_no_consumer_any_more(caller, export):
    export()
    document = consumer()
    taken = caller.get(ADDRESS)
    assert "Mario Rossi" in named(taken)
    kept = zlib.decompress(bytes(Batch.objects.get().content)).decode()
    assert not [word for word in consumer_orders.PERSONAL if word in kept], "kept as it was given out"
    assert caller.post(f"/documents/{document.pk}/purge-personal-data").data["purged"]
    again = caller.get(ADDRESS, batch=taken.headers["X-Approdo-Batch"])
    assert (again.data["documents"][0]["personal_data"], named(again)) == ("purged", [])


def test_the_xml_is_as_its_published_schema_says(caller, export):
    export(format="xml")
    store(order("PO000001"), order("PO000002", state="Acknowledged"))
    published = caller.client.get("/api/v1/exports/documents.xsd")
    assert published.status_code == 200
    schema = etree.XMLSchema(etree.fromstring(published.content))
    fetched = caller.get(ADDRESS)
    found = etree.fromstring(fetched.text.encode())
    schema.assertValid(found)
    assert found.get("Batch") == fetched.headers["X-Approdo-Batch"]
    assert found.xpath("//General/Number/text()") == ["PO000001", "PO000002"]
    nothing = etree.fromstring(caller.get(ADDRESS).text.encode())
    schema.assertValid(nothing)
    assert (nothing.get("Batch"), len(nothing)) == (None, 0)
