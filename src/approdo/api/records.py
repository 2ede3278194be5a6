"""The routes that every kind of record has: list, create, read, change, delete."""

from collections.abc import Mapping
from typing import Annotated, Any, NamedTuple

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from ninja import Body as InBody
from ninja import Query, Router
from ninja.params.models import Path
from pydantic import BaseModel, create_model

from approdo.api.auth import READ_SETTINGS, WRITE_SETTINGS, refuse_bound, token_of
from approdo.api.bodies import Body, changes_of
from approdo.api.problems import ApiProblem, field_errors, invalid
from approdo.api.routes import PageParameters, Route, add_route, answer, list_answer, page_by_id
from approdo.processes.records import CONNECTORS, Saved, Section, as_data, delete, find, label, save

KEY_HELP = (
    "The id, or the URL-encoded name. A name that is `.` or `..`, or that ends like one of the"
    " addresses below it (`/test`, `/coverage`, `/run`, `/pause`, `/resume`), is reached by its id only."
)
Key = Annotated[str, Path(..., alias="id", description=KEY_HELP)]


class Resource(NamedTuple):
    """A kind of record as the API has it.

    `columns` says what callers know a column as, `options` what stands before the name of an option.
    """

    section: Section
    body: type[Body]
    shown: type[BaseModel]
    columns: Mapping[str, str] = {}
    options: str = ""

    def save(self, body: Body, record: Any = None) -> Saved:
        """Create or change a record, or raise an `ApiProblem` and change nothing."""
        given = body.given()
        try:
            with transaction.atomic():
                self._refuse_taken(given.get("name"), record)
                saved = save(self.section, given, record)
                if record is None and not saved.created:
                    raise self._taken(given["name"])  # made by somebody else since we looked
                return saved
        except ValidationError as error:
            raise invalid(field_errors(error, self.columns, self.options)) from None
        except IntegrityError:
            raise self._taken(given.get("name", "")) from None

    def _refuse_taken(self, name: str | None, record: Any) -> None:
        others = self.section.find().exclude(pk=record.pk if record else None)
        if name is not None and others.filter(name=name.strip()).exists():
            raise self._taken(name.strip())

    def _taken(self, name: str) -> ApiProblem:
        return ApiProblem(409, "name_taken", kind=label(self.section), name=name)


def add_record_routes(router: Router, resource: Resource) -> None:
    """Add the five routes of a kind of record. After what stands below one: a name takes everything."""
    _add_list(router, resource)
    _add_create(router, resource)
    _add_read(router, resource)
    _add_change(router, resource)
    _add_delete(router, resource)


def reachable(request: HttpRequest, section: Section, key: str) -> Any:
    """The record of this id or name; a token that is for one connector reaches that one alone."""
    bound = token_of(request).connector
    if bound is None:
        return find(section, key)
    if section is not CONNECTORS or key not in (bound.name, str(bound.pk)):
        refuse_bound(request)
    return bound


def _visible(request: HttpRequest, section: Section) -> QuerySet[Any]:
    bound = token_of(request).connector
    if bound is None:
        return section.find()
    if section is not CONNECTORS:
        refuse_bound(request)
    return section.find().filter(pk=bound.pk)


def _shown(request: HttpRequest, section: Section, record: Any) -> Any:
    may_change = not set(WRITE_SETTINGS).isdisjoint(token_of(request).scopes)
    return as_data(section, record, may_change=may_change)


def list_schema(item: type[BaseModel]) -> type[BaseModel]:
    """The schema of a list of items."""
    return create_model(f"{item.__name__}List", items=(list[item], ...), next_cursor=(str | None, ...))  # type: ignore[valid-type]  # made while running


def _add_list(router: Router, resource: Resource) -> None:
    section = resource.section
    route = Route(f"list_{section.name}", "List", READ_SETTINGS, list_schema(resource.shown))

    @add_route(router, "GET", "", route)
    def list_records(request: HttpRequest, wanted: Query[PageParameters]) -> HttpResponse:
        """Oldest first."""
        rows, next_cursor = page_by_id(_visible(request, section), wanted)
        return list_answer((_shown(request, section, row) for row in rows), next_cursor)


def _add_create(router: Router, resource: Resource) -> None:
    section, body_type = resource.section, resource.body
    route = Route(f"create_{section.kind}", "Create", WRITE_SETTINGS, resource.shown, 201, (400, 409, 413, 415))

    @add_route(router, "POST", "", route)
    def create_record(request: HttpRequest, body: InBody[body_type]) -> HttpResponse:  # type: ignore[valid-type]  # made while running
        """Refused with 409 where the name exists. Secrets are taken and never given back."""
        refuse_bound(request)
        record = resource.save(body).record
        address = reverse(f"{namespace(request)}:read_{section.kind}", kwargs={"id": record.pk})
        return answer(as_data(section, record), 201, Location=address)


def _add_read(router: Router, resource: Resource) -> None:
    section = resource.section
    route = Route(f"read_{section.kind}", "Read one", READ_SETTINGS, resource.shown, problems=(404,))

    @add_route(router, "GET", "/{path:id}", route)
    def read_record(request: HttpRequest, key: Key) -> HttpResponse:
        return answer(_shown(request, section, reachable(request, section, key)))


def _add_change(router: Router, resource: Resource) -> None:
    section, body_type = resource.section, changes_of(resource.body)
    problems = (400, 404, 409, 413, 415)
    route = Route(f"change_{section.kind}", "Change", WRITE_SETTINGS, resource.shown, problems=problems)

    @add_route(router, "PATCH", "/{path:id}", route)
    def change_record(request: HttpRequest, key: Key, body: InBody[body_type]) -> HttpResponse:  # type: ignore[valid-type]  # made while running
        """What the body leaves out keeps its value, single options and secrets too."""
        refuse_bound(request)
        record = resource.save(body, find(section, key)).record
        return answer(as_data(section, record))


def _add_delete(router: Router, resource: Resource) -> None:
    section = resource.section
    route = Route(f"delete_{section.kind}", "Delete", WRITE_SETTINGS, None, 204, (404, 409))

    @add_route(router, "DELETE", "/{path:id}", route)
    def delete_record(request: HttpRequest, key: Key) -> HttpResponse:
        """Refused with 409 where something else uses the record."""
        refuse_bound(request)
        delete(find(section, key))
        return HttpResponse(status=204)


def namespace(request: HttpRequest) -> str:
    """Where this API is mounted, for `reverse`."""
    assert request.resolver_match is not None
    return request.resolver_match.namespace
