"""Every answer against Amazon's published models, when APPRODO_SP_API_DIR says where they are."""

import json
import os
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft4Validator

from amazon_simulator import Simulator
from amazon_simulator.amazon import OPERATIONS
from amazon_simulator.operations import Operation
from amazon_simulator.tests.client import DF_ORDERS, ORDERS, RDT, STATUS, Client, text
from amazon_simulator.tests.conftest import NOW


class Model:
    """A published Swagger file."""

    def __init__(self, path: Path) -> None:
        self._document = json.loads(path.read_text())
        self.operations = {
            operation["operationId"]: operation
            for methods in self._document["paths"].values()
            for operation in methods.values()
            if isinstance(operation, dict) and "operationId" in operation
        }

    @property
    def places(self) -> dict[str, tuple[str, str]]:
        """The method and path of each operation."""
        return {
            operation["operationId"]: (method, path)
            for path, methods in self._document["paths"].items()
            for method, operation in methods.items()
            if isinstance(operation, dict) and "operationId" in operation
        }

    def check(self, definition: str, value: Any) -> None:
        """Fail if the value breaks the definition, or has a member that the model does not list."""
        schema = {
            "$ref": f"#/definitions/{definition}",
            "definitions": self._document["definitions"],
        }
        problems = [error.message for error in Draft4Validator(schema).iter_errors(value)]
        assert not problems, problems[:3]
        self._walk({"$ref": f"#/definitions/{definition}"}, value, definition)

    def _walk(self, schema: dict[str, Any], value: Any, place: str) -> None:
        if "$ref" in schema:
            schema = self._document["definitions"][schema["$ref"].rpartition("/")[2]]
        if isinstance(value, dict):
            known = schema.get("properties", {})
            assert value.keys() <= known.keys(), f"{place}: {value.keys() - known.keys()}"
            in_order = [name for name in known if name in value]
            assert in_order == list(value), f"{place}: not in the order of the model"
            for name, member in value.items():
                assert member is not None, f"{place}.{name} is null"
                self._walk(known[name], member, f"{place}.{name}")
        elif isinstance(value, list):
            for item in value:
                self._walk(schema["items"], item, f"{place}[]")


def published(name: str) -> Model:
    """A model by its file name; skips where there is none."""
    folder = os.environ.get("APPRODO_SP_API_DIR")
    if not folder:
        pytest.skip("set APPRODO_SP_API_DIR to the folder with Amazon's models/ to run this")
    return Model(Path(folder) / "models" / f"{name}.json")


@pytest.fixture(scope="module")
def model() -> Model:
    """The model of the retail orders."""
    return published("vendorOrders")


@pytest.fixture(scope="module")
def df_model() -> Model:
    """The model of the Direct Fulfillment orders."""
    return published("vendorDirectFulfillmentOrders_2021-12-28")


WEEKS = range(7, 182, 7)


def week_before(days: int, kind: str) -> dict[str, str]:
    """The week that began so many days ago."""
    start = NOW - timedelta(days=days)
    return {f"{kind}After": text(start), f"{kind}Before": text(start + timedelta(days=7))}


@pytest.mark.parametrize("details", ["true", "false"])
def test_lists_keep_to_the_model(model: Model, client: Client, details: str) -> None:
    seen = 0
    for days in WEEKS:
        for kind in ("created", "changed"):
            window = {**week_before(days, kind), "includeDetails": details}
            for page in client.pages(ORDERS, **window, limit=20):
                model.check("GetPurchaseOrdersResponse", {"payload": page})
                seen += len(page["orders"])
    assert seen > 500


def test_single_orders_keep_to_the_model(model: Model, simulator: Simulator, client: Client) -> None:
    (new,) = simulator.add_orders()
    simulator.change_order(new, quantities={"1": 3}, ship_to="MXP5", add_lines=1, state="Closed")
    for number in [new, *(order.number for order in simulator.orders()[::5])]:
        model.check("GetPurchaseOrderResponse", client.get(f"{ORDERS}/{number}").json)


def test_statuses_keep_to_the_model(model: Model, simulator: Simulator, client: Client) -> None:
    number = next(order.number for order in simulator.orders() if order.state == "Closed")
    for change in ({"quantities": {"1": 50}}, {"quantities": {"1": 20}}, {"received": {"1": 5}}):
        simulator.change_order(number, **change)
    model.check("GetPurchaseOrdersStatusResponse", client.get(STATUS, purchaseOrderNumber=number).json)
    seen = 0
    for days in WEEKS:
        for page in client.pages(STATUS, **week_before(days, "updated"), limit=50):
            model.check("GetPurchaseOrdersStatusResponse", {"payload": page})
            seen += len(page["ordersStatus"])
    assert seen > 400


@pytest.mark.parametrize("fault", ["http_500", "throttle", "forbidden"])
def test_errors_keep_to_the_model(model: Model, simulator: Simulator, client: Client, fault: str) -> None:
    for answer in (client.get(ORDERS), client.get(f"{ORDERS}/00000000")):
        model.check("GetPurchaseOrdersResponse", answer.json)
    simulator.dials.set(fault)
    model.check("GetPurchaseOrdersResponse", client.get(ORDERS).json)


@pytest.mark.parametrize("details", ["true", "false"])
def test_df_lists_keep_to_the_model(df_model: Model, df_client: Client, details: str) -> None:
    seen = 0
    for days in WEEKS:
        for page in df_client.df_pages(**week_before(days, "created"), includeDetails=details, limit=20):
            df_model.check("OrderList", page)
            seen += len(page["orders"])
    assert seen > 290


def test_single_df_orders_keep_to_the_model(df_model: Model, df: Simulator, df_client: Client) -> None:
    (new,) = df.add_df_orders()
    df.change_df_order(new, state="SHIPPED", required_ship=NOW, promised_delivery=NOW, ship_to={"phone": "000"})
    df.dials.set("masked_addresses", start=2)
    for number in [new, new, *(order.number for order in df.df_orders()[::5])]:
        answer = df_client.get_restricted(f"{DF_ORDERS}/{number}")
        assert answer.status == 200
        df_model.check("Order", answer.json)


def test_df_errors_keep_to_the_model(df_model: Model, df: Simulator, df_client: Client) -> None:
    for path in (DF_ORDERS, f"{DF_ORDERS}/unknown", f"{DF_ORDERS}/a-b"):
        for answer in (df_client.get(path), df_client.get_restricted(path)):
            assert answer.status in {400, 403, 404}
            df_model.check("ErrorList", answer.json)
    df.dials.set("throttle")
    df_model.check("ErrorList", df_client.get_restricted(DF_ORDERS).json)


def test_restricted_data_tokens_keep_to_the_model(df: Simulator, df_client: Client) -> None:
    tokens = published("tokens_2021-03-01")
    tokens.check("CreateRestrictedDataTokenResponse", df_client.restrict().json)
    df.dials.set("rdt_refused", times=1)
    for answer in (df_client.restrict(), df_client.restrict("/x"), df_client.post(RDT, {})):
        assert answer.status == 400
        tokens.check("ErrorList", answer.json)


def model_of(operation: Operation) -> Model:
    """The model that declares an operation."""
    if operation.path.startswith("/tokens/"):
        return published("tokens_2021-03-01")
    direct = operation.path.startswith("/vendor/directFulfillment/")
    return published("vendorDirectFulfillmentOrders_2021-12-28" if direct else "vendorOrders")


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: operation.name)
def test_paths_and_parameters_are_those_of_the_model(operation: Operation) -> None:
    declared = {parameter.name for parameter in operation.parameters}
    model = model_of(operation)
    listed = model.operations[operation.name].get("parameters", [])
    assert declared == {p["name"] for p in listed if p["in"] == "query"}
    assert model.places[operation.name] == (operation.method.lower(), operation.path)
    assert f"| {operation.rate} | 10 |" in model.operations[operation.name]["description"]
