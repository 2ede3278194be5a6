"""Amazon's own examples through the client, and the client's requests against Amazon's model.

They are not ours to copy: set APPRODO_SP_API_DIR to a folder that holds `models` and `examples`.
"""

import json
import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from msgspec.structs import replace

from approdo.connectors.amazon_vendor.check import check
from approdo.connectors.amazon_vendor.download_orders import fetch, plan, step
from approdo.connectors.amazon_vendor.programs import DIRECT_FULFILLMENT
from approdo.connectors.amazon_vendor.tests.scripted import (
    EMPTY_PAGE,
    Answer,
    Asked,
    ScriptedServer,
)
from approdo.connectors.amazon_vendor.tests.test_download import NOW, days
from approdo.sdk.connector import Context, Scan
from approdo.sdk.documents import Batch, DocumentType, SaleDocument
from approdo.sdk.statuses import OrderStatus, StatusBatch

FOLDER = os.environ.get("APPRODO_SP_API_DIR", "")
pytestmark = pytest.mark.skipif(not FOLDER, reason="set APPRODO_SP_API_DIR to Amazon's models and examples to run this")
DIRECT = "vendorDirectFulfillmentOrders_2021-12-28"
RESTRICTED = b'{"restrictedDataToken":"Atz.sprdt|scripted","expiresIn":3600}'
LISTED = b'{"payload":{"orders":[{"purchaseOrderNumber":"2JK3S9VC"}],"ordersStatus":[]}}'
SINGLE = b'{"payload":{"purchaseOrderNumber":"2JK3S9VC"}}'


def examples(operation: str) -> list[bytes]:
    """Every successful answer to the operation that Amazon has published."""
    folder = Path(FOLDER, "examples")
    if not folder.is_dir():
        return []
    cases = json.loads((folder / "sandbox-vendorOrders.json").read_text())
    answers = [
        json.dumps(case["response"]).encode()
        for case in cases
        if case["operation"] == operation and case["status"] == 200
    ]
    return [(folder / f"vendororders-{operation}.json").read_bytes(), *answers]


def documents(batch: Batch) -> list[SaleDocument]:
    return [batch.decode(received.raw) for received in batch.documents]


def test_every_published_page_becomes_sale_documents(account: str, scripted: ScriptedServer) -> None:
    pages = examples("getPurchaseOrders")
    assert len(pages) > 5
    scripted.answers = [Answer(200, page) for page in pages]
    context = Context(account=account, settings=scripted.settings)
    (window,) = plan({}, [days(1)], NOW)
    for page in pages:
        batch, token = step(context, window, None)
        payload = json.loads(page)["payload"]
        assert token == payload.get("pagination", {}).get("nextToken")
        for document, order in zip(documents(batch), payload["orders"], strict=True):
            check_document(document, order)


def test_every_published_order_becomes_a_sale_document(account: str, scripted: ScriptedServer) -> None:
    context = Context(account=account, settings=scripted.settings)
    found = examples("getPurchaseOrder")
    assert len(found) > 1
    for body in found:
        order = json.loads(body)["payload"]
        if not order["purchaseOrderNumber"].isalnum():
            continue  # the sandbox's mock number is not one that Amazon would give
        scripted.answers = [Answer(200, body)]
        (document,) = documents(fetch(context, order["purchaseOrderNumber"]))
        check_document(document, order)


def test_every_published_status_is_read(account: str, scripted: ScriptedServer) -> None:
    found = [page for page in examples("getPurchaseOrdersStatus") if b"ordersStatus" in page]
    assert len(found) > 3
    scripted.answers = [Answer(200, page) for page in found]
    context = Context(account=account, settings=scripted.settings)
    (window,) = plan({}, [days(1, scan=Scan.STATUS)], NOW)
    for page in found:
        batch, _token = step(context, window, None)
        assert isinstance(batch, StatusBatch)
        for received, given in zip(batch.statuses, json.loads(page)["payload"]["ordersStatus"], strict=True):
            check_status(batch.decode(received.raw), given)


def check_status(status: OrderStatus, given: dict[str, Any]) -> None:
    """The status says what was given, read a second way."""
    assert status.number == given["purchaseOrderNumber"]
    assert status.status == given["purchaseOrderStatus"].lower()
    assert len(status.lines) == len(given["itemStatus"])
    for line, item in zip(status.lines, given["itemStatus"], strict=True):
        for quantity, place, member in (
            (line.accepted, "acknowledgementStatus", "acceptedQuantity"),
            (line.rejected, "acknowledgementStatus", "rejectedQuantity"),
            (line.received, "receivingStatus", "receivedQuantity"),
        ):
            amount = item.get(place, {}).get(member, {}).get("amount")
            assert (quantity.quantity if quantity else None) == amount


def check_document(document: SaleDocument, order: dict[str, Any]) -> None:
    """The document says what the order says, read a second way."""
    details = order.get("orderDetails", {})
    items = details.get("items", [])
    assert document.type is DocumentType.ORDER
    assert document.number == order["purchaseOrderNumber"]
    assert document.state == order.get("purchaseOrderState", "").lower()
    assert (document.date is None) == ("purchaseOrderDate" not in details)
    assert len(document.lines) == len(items)
    for line, item in zip(document.lines, items, strict=True):
        ordered = item["orderedQuantity"]
        size = ordered["unitSize"] if ordered["unitOfMeasure"].lower() == "cases" else 1
        assert line.eaches == ordered["amount"] * size
        if "netCost" in item:
            assert str(line.net_cost) == item["netCost"]["amount"]


def direct_examples(operation: str) -> list[bytes]:
    """Every published answer of the Direct Fulfillment operation: version 2021-12-28 bare, v1 in a payload."""
    model = json.loads(Path(FOLDER, "models", f"{DIRECT}.json").read_text())
    found = []
    for operations in model["paths"].values():
        for declared in operations.values():
            example = declared["responses"].get("200", {}).get("examples")
            if declared["operationId"] == operation and example:
                found.append(json.dumps(example.get("application/json", example)).encode())
    cases = json.loads(Path(FOLDER, "examples", "sandbox-vendorDirectFulfillmentOrdersV1.json").read_text())
    wanted = [case for case in cases if case["operation"] == operation and case["status"] == 200]
    return [*found, *(json.dumps(case["response"]).encode() for case in wanted)]


def test_every_published_direct_fulfillment_page_becomes_sale_documents(account: str, scripted: ScriptedServer) -> None:
    pages = direct_examples("getOrders")
    assert len(pages) > 4
    scripted.answers = [Answer(200, RESTRICTED), *(Answer(200, page) for page in pages)]
    context = Context(account=account, settings=scripted.settings, options={"type": DIRECT_FULFILLMENT.name})
    (window,) = plan(context.options, [days(1)], NOW)
    for page in pages:
        batch, token = step(context, window, None)
        assert isinstance(batch, Batch)
        said = json.loads(page)
        said = said.get("payload", said)
        assert token == said.get("pagination", {}).get("nextToken")
        for document, order in zip(documents(batch), said["orders"], strict=True):
            check_direct_document(document, order)


def test_every_published_direct_fulfillment_order_becomes_a_sale_document(
    account: str, scripted: ScriptedServer
) -> None:
    context = Context(account=account, settings=scripted.settings, options={"type": DIRECT_FULFILLMENT.name})
    found = direct_examples("getOrder")
    assert len(found) > 1
    scripted.answers = [Answer(200, RESTRICTED), *(Answer(200, body) for body in found)]
    for body in found:
        order = json.loads(body)
        order = order.get("payload", order)
        (document,) = documents(fetch(context, order["purchaseOrderNumber"]))
        check_direct_document(document, order)


def check_direct_document(document: SaleDocument, order: dict[str, Any]) -> None:
    """The document says what the order says, read a second way."""
    details = order.get("orderDetails", {})
    items = details.get("items", [])
    assert document.number == order["purchaseOrderNumber"]
    assert document.state == details.get("orderStatus", "").lower()
    assert document.customer_order_number == details.get("customerOrderNumber")
    assert len(document.lines) == len(items)
    for line, item in zip(document.lines, items, strict=True):
        assert (line.eaches, line.title) == (item["orderedQuantity"]["amount"], item["title"])
        assert str(line.net_cost) == item["netPrice"]["amount"]
        assert [str(tax.amount) for tax in line.taxes] == [
            tax["taxAmount"]["amount"] for tax in item["taxDetails"]["taxLineItem"]
        ]


def swagger(path: str) -> dict[str, Any]:
    """The model that has this path."""
    for name in ("vendorOrders", DIRECT, "tokens_2021-03-01"):
        model: dict[str, Any] = json.loads(Path(FOLDER, "models", f"{name}.json").read_text())
        if any(re.fullmatch(re.sub(r"{\w+}", "[^/]+", declared), path) for declared in model["paths"]):
            return model
    pytest.fail(f"no model has {path}")


FORMATS: dict[str, Callable[[str], bool]] = {
    "date-time": lambda text: bool(re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", text)),
    "int64": lambda text: text.isdigit(),
    "boolean": lambda text: text in ("true", "false"),
}


def test_every_request_is_one_that_the_model_allows(account: str, scripted: ScriptedServer) -> None:
    context = Context(account=account, settings=scripted.settings)
    token = b'{"payload":{"orders":[],"pagination":{"nextToken":"next"}}}'
    scripted.answers = [Answer(200, token), Answer(200, EMPTY_PAGE)]
    (window,) = plan({}, [days(1)], NOW)
    step(context, window, step(context, window, None)[1])
    (window,) = plan({}, [days(1, scan=Scan.CHANGED)], NOW)
    step(context, window, None)
    (window,) = plan({}, [days(1, scan=Scan.STATUS)], NOW)
    scripted.answers = [
        Answer(200, b'{"payload":{"ordersStatus":[],"pagination":{"nextToken":"next"}}}'),
        Answer(200, LISTED),
    ]
    step(context, window, step(context, window, None)[1])
    scripted.answers = [Answer(200, SINGLE)]
    fetch(context, "2JK3S9VC")
    scripted.answers = [Answer(200, LISTED), Answer(200, SINGLE), Answer(200, LISTED)]
    check(context)
    direct = replace(context, options={"type": DIRECT_FULFILLMENT.name})
    scripted.answers = [
        Answer(200, RESTRICTED),
        Answer(200, b'{"orders":[],"pagination":{"nextToken":"next"}}'),
        Answer(200, b'{"orders":[]}'),
        Answer(200, b'{"purchaseOrderNumber":"2JK3S9VC"}'),
    ]
    (window,) = plan(direct.options, [days(1)], NOW)
    step(direct, window, step(direct, window, None)[1])
    fetch(direct, "2JK3S9VC")
    assert len(scripted.calls) == 14
    for call in scripted.calls:
        check_request(call)


def check_request(call: Asked) -> None:
    """Method, path, parameters and headers are the model's (reference 2.2)."""
    model = swagger(call.path)
    for path, operations in model["paths"].items():
        pattern = re.sub(r"{\w+}", "[^/]+", path)
        if re.fullmatch(pattern, call.path):
            operation = operations[call.method.lower()]
            break
    else:
        pytest.fail(f"the model has no {call.method} {call.path}")
    declared = {p["name"]: p for p in operation["parameters"] if p["in"] == "query"}
    assert call.query.keys() <= declared.keys()
    for name, value in call.query.items():
        parameter = declared[name]
        assert FORMATS.get(parameter.get("format", ""), bool)(value)
        assert value in parameter.get("enum", [value])
        if parameter["type"] == "integer":
            assert parameter["minimum"] <= int(value) <= parameter["maximum"]
    headers = {name.lower(): value for name, value in call.headers.items()}
    restricted = "directFulfillment" in call.path
    assert headers["x-amz-access-token"] == ("Atz.sprdt|scripted" if restricted else "Atza|scripted")
    assert headers["user-agent"].startswith("Approdo/")
    if call.method == "GET":
        assert "content-length" not in headers
        return
    assert headers["content-type"] == "application/json"
    (body,) = [parameter for parameter in operation["parameters"] if parameter["in"] == "body"]
    schema = {**body["schema"], "definitions": model["definitions"]}
    jsonschema.Draft4Validator(schema).validate(json.loads(call.body))
