"""Connectors, and running one."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from ninja import Body as InBody
from ninja import Router
from pydantic import BaseModel, Field

from approdo.api.auth import WRITE_RUNS, token_of
from approdo.api.bodies import Body
from approdo.api.problems import invalid_field
from approdo.api.records import Key, Resource, add_record_routes, namespace, reachable
from approdo.api.routes import Route, add_route, answer
from approdo.api.runs import RunInFull
from approdo.processes import run_data, runs
from approdo.processes.records import CONNECTORS
from approdo.sdk.errors import ConfigError


class ConnectorBody(Body):
    """Joins one node and the hub."""

    name: str
    node: str = Field(description="The name of a node.")
    type: str = Field(description="For example `amazon_vendor.download_orders`. Fixed once the connector is made.")
    options: dict[str, Any] = Field({}, description="What the connector's type asks for; `configuration` by its name.")
    active: bool = True


class Connector(BaseModel):
    """A connector as it is shown."""

    id: int
    name: str
    node: str
    type: str
    options: dict[str, Any]
    active: bool


class RunBody(Body):
    """What to run."""

    orders: list[str] | None = Field(None, description="Fetch these orders by their numbers, and nothing else.")


router = Router(tags=["Connectors"])
route = Route("run_connector", "Run", WRITE_RUNS, RunInFull, 202, (400, 404, 409, 413, 415))


@add_route(router, "POST", "/{path:id}/run", route)
def run_connector(request: HttpRequest, key: Key, body: InBody[RunBody | None] = None) -> HttpResponse:
    """Starts a run, or gives the one that has not ended yet: a connector never runs twice at once.

    With `orders` it fetches these and nothing else, and is refused while another run has not ended.
    """
    orders = body.orders if body else None
    try:
        run = runs.request_run(reachable(request, CONNECTORS, key), token_of(request).name, orders)
    except ConfigError as error:
        if error.code in runs.WRONG_NUMBERS:
            raise invalid_field("orders", error.code, **error.params) from None
        raise
    address = reverse(f"{namespace(request)}:read_run", kwargs={"id": run.pk})
    return answer(run_data.with_details(run), 202, Location=address)


COLUMNS = {"configuration": "options.configuration"}

add_record_routes(router, Resource(CONNECTORS, ConnectorBody, Connector, COLUMNS, "options."))
