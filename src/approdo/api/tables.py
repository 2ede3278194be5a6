"""The routes of the tables that people keep, SKU recodings and places: list, create, read, change, delete."""

from collections.abc import Callable, Mapping
from typing import Any, Literal, NamedTuple

from django.core.exceptions import ValidationError
from django.db import IntegrityError
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from ninja import Body as InBody
from ninja import Query, Router
from pydantic import BaseModel, Field

from approdo.api.auth import READ_SETTINGS, WRITE_SETTINGS, refuse_bound
from approdo.api.bodies import Body, changes_of
from approdo.api.problems import ApiProblem, field_errors, invalid, invalid_field
from approdo.api.records import Key, list_schema, namespace
from approdo.api.routes import PageParameters, Route, add_route, answer, found_or_404, list_answer, page_by_id
from approdo.api.table_import import add_import_route
from approdo.catalog.tables import PLACES, RECODINGS, Saved, Table, as_data, save
from approdo.processes import records
from approdo.processes.records import NODES
from approdo.sdk.errors import ConfigError

NODE = "The name of a node; null: every node."
MARKETPLACE = "A country, as `IT`; empty: every marketplace."
VENDOR_CODE = "Empty: every vendor code."
FROM_ORDERS = "What stands here came with an order, and nobody has changed it since."

CodeKind = Literal["vendor_sku", "ean", "asin"]


class SkuRecodingBody(Body):
    """An external code and the own SKU that it stands for."""

    node: str | None = Field(None, description=NODE)
    vendor_code: str = Field("", description=VENDOR_CODE)
    marketplace: str = Field("", description=MARKETPLACE)
    kind: CodeKind = Field("vendor_sku", description="What the external code is.")
    external: str
    sku: str = Field(description="Our own.")
    title: str = ""


class SkuRecoding(BaseModel):
    """A recoding as it is shown."""

    id: int
    node: str | None = Field(description=NODE)
    vendor_code: str = Field(description=VENDOR_CODE)
    marketplace: str = Field(description=MARKETPLACE)
    kind: str
    external: str
    sku: str
    title: str


class PlaceBody(Body):
    """A fulfilment centre, which orders name by its code only."""

    code: str
    name: str = ""
    address: str = ""
    postal_code: str = ""
    city: str = ""
    country: str = Field("", description="Two letters, as `IT`.")
    time_zone: str = Field("", description="As `Europe/Rome`.")


class Place(BaseModel):
    """A place as it is shown."""

    id: int
    code: str
    name: str
    address: str
    postal_code: str
    city: str
    country: str
    time_zone: str
    from_orders: bool = Field(description=FROM_ORDERS)


class RecodingParameters(PageParameters):
    """Which recodings. All that is given has to fit exactly."""

    node: str | None = Field(None, description="The name or the id of a node; recodings for every node do not fit.")
    vendor_code: str | None = None
    marketplace: str | None = None
    external: str | None = None
    sku: str | None = None


class PlaceParameters(PageParameters):
    """Which places. All that is given has to fit exactly."""

    code: str | None = None
    country: str | None = None


class TableResource(NamedTuple):
    """A table as the API has it; `find` gives the row of a key in an address."""

    table: Table
    body: type[Body]
    shown: type[BaseModel]
    parameters: type[PageParameters]
    find: Callable[[str], Any]

    def save(self, body: Body, row: Any = None) -> Any:
        """Create or change a row, or raise an `ApiProblem` and change nothing."""
        given = body.given()
        try:
            saved = _new(self.table, given) if row is None else save(self.table, given, row)
        except ValidationError as error:
            raise _problem(self.table, error) from None
        except IntegrityError:  # somebody made the same one meanwhile
            raise ApiProblem(409, "row_exists", kind=self.table.label()) from None
        return saved.record


def _new(table: Table, given: Mapping[str, Any]) -> Saved:
    return save(table, given, table.model())


def _problem(table: Table, error: ValidationError) -> ApiProblem:
    """What is wrong, field by field; a row of the same key is a conflict."""
    complaints = error.error_dict.values() if hasattr(error, "error_dict") else [error.error_list]
    codes = {one.code for found in complaints for one in found}
    problem = invalid(field_errors(error))
    if codes <= {"recoding_exists", "unique"}:
        return ApiProblem(409, "row_exists", errors=problem.errors, kind=table.label())
    return problem


def add_table_routes(router: Router, resource: TableResource) -> None:
    """Add the five routes of a table, and the one that takes many rows at once."""
    add_import_route(router, resource.table)
    _add_list(router, resource)
    _add_create(router, resource)
    _add_read(router, resource)
    _add_change(router, resource)
    _add_delete(router, resource)


def _add_list(router: Router, resource: TableResource) -> None:
    table, parameters = resource.table, resource.parameters
    route = Route(f"list_{table.name}", "List", READ_SETTINGS, list_schema(resource.shown))

    @add_route(router, "GET", "", route)
    def list_rows(request: HttpRequest, wanted: Query[parameters]) -> HttpResponse:  # type: ignore[valid-type]  # made while running
        """Oldest first."""
        refuse_bound(request)
        rows, next_cursor = page_by_id(_fitting(table, wanted), wanted)
        return list_answer((as_data(table, row) for row in rows), next_cursor)


def _fitting(table: Table, wanted: PageParameters) -> QuerySet[Any]:
    given = wanted.model_dump(exclude_none=True, exclude={"cursor", "limit"})
    if "node" in given:
        try:
            given["node"] = records.find(NODES, given["node"])
        except ConfigError as error:
            raise invalid_field("node", error.code, **error.params) from None
    return table.rows().filter(**given)


def _add_create(router: Router, resource: TableResource) -> None:
    table, body_type = resource.table, resource.body
    route = Route(f"create_{table.kind}", "Create", WRITE_SETTINGS, resource.shown, 201, (400, 409, 413, 415))

    @add_route(router, "POST", "", route)
    def create_row(request: HttpRequest, body: InBody[body_type]) -> HttpResponse:  # type: ignore[valid-type]  # made while running
        """Refused with 409 where there is one of the same key."""
        refuse_bound(request)
        row = resource.save(body)
        address = reverse(f"{namespace(request)}:read_{table.kind}", kwargs={"id": row.pk})
        return answer(as_data(table, row), 201, Location=address)


def _add_read(router: Router, resource: TableResource) -> None:
    table = resource.table
    route = Route(f"read_{table.kind}", "Read one", READ_SETTINGS, resource.shown, problems=(404,))

    @add_route(router, "GET", "/{path:id}", route)
    def read_row(request: HttpRequest, key: Key) -> HttpResponse:
        refuse_bound(request)
        return answer(as_data(table, resource.find(key)))


def _add_change(router: Router, resource: TableResource) -> None:
    table, body_type = resource.table, changes_of(resource.body)
    problems = (400, 404, 409, 413, 415)
    route = Route(f"change_{table.kind}", "Change", WRITE_SETTINGS, resource.shown, problems=problems)

    @add_route(router, "PATCH", "/{path:id}", route)
    def change_row(request: HttpRequest, key: Key, body: InBody[body_type]) -> HttpResponse:  # type: ignore[valid-type]  # made while running
        """What the body leaves out keeps its value."""
        refuse_bound(request)
        return answer(as_data(table, resource.save(body, resource.find(key))))


def _add_delete(router: Router, resource: TableResource) -> None:
    table = resource.table
    route = Route(f"delete_{table.kind}", "Delete", WRITE_SETTINGS, None, 204, (404,))

    @add_route(router, "DELETE", "/{path:id}", route)
    def delete_row(request: HttpRequest, key: Key) -> HttpResponse:
        """What was recoded or named with it stays as it is."""
        refuse_bound(request)
        records.delete(resource.find(key))
        return HttpResponse(status=204)


def _recoding(key: str) -> Any:
    if not key.isdecimal() or len(key) > 18:
        raise ApiProblem(404, "not_found", kind=RECODINGS.label(), id=key)
    return found_or_404(RECODINGS.rows(), int(key))


def _place(key: str) -> Any:
    found = PLACES.rows().filter(code=key).first()
    if found is None and key.isdecimal() and len(key) < 19:
        found = PLACES.rows().filter(pk=int(key)).first()
    if found is None:
        raise ConfigError("record_not_found", kind=PLACES.label(), name=key)
    return found


recodings = Router(tags=["SKU recodings"])
add_table_routes(recodings, TableResource(RECODINGS, SkuRecodingBody, SkuRecoding, RecodingParameters, _recoding))
places = Router(tags=["Places"])
add_table_routes(places, TableResource(PLACES, PlaceBody, Place, PlaceParameters, _place))
