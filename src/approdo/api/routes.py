"""What every route has in common: its scopes, strict parameters, documented answers, pages."""

import inspect
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime, timedelta
from functools import wraps
from typing import Any, NamedTuple, get_type_hints

import msgspec
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from ninja import Router
from pydantic import BaseModel, Field

from approdo.api.auth import Bearer, Scope
from approdo.api.problems import ApiProblem, FieldError, ProblemDetails, invalid
from approdo.api.sentences import explained
from approdo.sdk.errors import ConfigError

View = Callable[..., HttpResponse]

EPOCH, MICROSECOND = datetime(1970, 1, 1, tzinfo=UTC), timedelta(microseconds=1)

USUAL_PROBLEMS = (401, 403, 422, 500, 503)


class Parameters(BaseModel):
    """Query parameters of a route. Others are refused: a filter that is ignored hands out wrong data."""


class PageParameters(Parameters):
    """Which part of a list."""

    cursor: str | None = Field(None, description="`next_cursor` of the former page, unchanged.")
    limit: int = Field(50, ge=1, le=200, description="How many at most.")


class Route(NamedTuple):
    """How a route is called and described; `gives` is the schema of its answer, or none.

    `name` is unique in the whole API. Needs one of `scopes`. `described` says in OpenAPI what a schema cannot say.
    """

    name: str
    summary: str
    scopes: tuple[Scope, ...]
    gives: Any
    status: int = 200
    problems: tuple[int, ...] = ()
    described: Mapping[str, Any] = {}


def add_route(router: Router, method: str, path: str, route: Route) -> Callable[[View], View]:
    """Register the decorated view. Refuses parameters that it does not know before calling it."""

    def register(view: View) -> View:
        known = _known_parameters(view)

        @wraps(view)
        def checked(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            _refuse_odd_parameters(request, known)
            return view(request, *args, **kwargs)

        scopes = " / ".join(f"`{scope}`" for scope in route.scopes)
        documented = dict.fromkeys(sorted({*USUAL_PROBLEMS, *route.problems}), ProblemDetails)
        router.add_api_operation(
            path,
            [method],
            checked,
            auth=Bearer(route.scopes),
            response={route.status: route.gives, **documented},
            summary=route.summary,
            description=f"{inspect.cleandoc(view.__doc__ or '')}\n\nScope: {scopes}.".strip(),
            operation_id=route.name,
            by_alias=True,
            openapi_extra=dict(route.described),
            url_name=route.name,
        )
        return view

    return register


def _known_parameters(view: View) -> list[str]:
    hints = [hint for hint in get_type_hints(view).values() if inspect.isclass(hint)]
    return [name for hint in hints if issubclass(hint, Parameters) for name in hint.model_fields]


def _refuse_odd_parameters(request: HttpRequest, known: Iterable[str]) -> None:
    wrong = []
    for name, values in request.GET.lists():
        if name not in known:
            wrong.append((name, "parameter_unknown"))
        elif len(values) > 1:
            wrong.append((name, "parameter_twice"))
        elif not values[0].strip():
            wrong.append((name, "parameter_empty"))
        elif "\0" in values[0]:
            wrong.append((name, "nul_character"))
    if wrong:
        params = {"known": ", ".join(known) or "–"}
        raise invalid([FieldError(name, str(explained(code, params))) for name, code in wrong])


def answer(data: Any, status: int = 200, **headers: str) -> HttpResponse:
    """The data as JSON."""
    return HttpResponse(
        msgspec.json.encode(data),
        status=status,
        content_type="application/json",
        headers={"Cache-Control": "no-store", **headers},
    )


def list_answer(items: Iterable[Any], next_cursor: str | None = None) -> HttpResponse:
    """One page of a list, or a whole one."""
    return answer({"items": list(items), "next_cursor": next_cursor})


def page_by_id(
    rows: QuerySet[Any], wanted: PageParameters, *, newest_first: bool = False
) -> tuple[list[Any], str | None]:
    """Up to `limit` rows in the order in which they were made, and the cursor of what follows, or none."""
    if wanted.cursor:
        if not wanted.cursor.isdecimal() or len(wanted.cursor) > 18:
            raise ConfigError("bad_cursor")
        rows = rows.filter(**{"pk__lt" if newest_first else "pk__gt": int(wanted.cursor)})
    page = list(rows.order_by("-pk" if newest_first else "pk")[: wanted.limit + 1])
    more = len(page) > wanted.limit
    return page[: wanted.limit], str(page[wanted.limit - 1].pk) if more else None


def page_by_moment(rows: QuerySet[Any], wanted: PageParameters, field: str) -> tuple[list[Any], str | None]:
    """Up to `limit` rows, newest first by the moment in `field`, and the cursor of what follows, or none.

    In this order a list that is filtered by one of the indexed columns, or by the moment itself, ends at once.
    """
    if wanted.cursor:
        moment, number = _place(wanted.cursor)
        later = {field: moment, "pk__gte": number}
        rows = rows.filter(**{f"{field}__lte": moment}).exclude(**later)
    page = list(rows.order_by(f"-{field}", "-pk")[: wanted.limit + 1])
    if len(page) <= wanted.limit:
        return page, None
    last = page[wanted.limit - 1]
    return page[: wanted.limit], f"{(getattr(last, field) - EPOCH) // MICROSECOND}-{last.pk}"


def _place(cursor: str) -> tuple[datetime, int]:
    microseconds, _, number = cursor.partition("-")
    if not (microseconds.isdecimal() and number.isdecimal() and max(len(microseconds), len(number)) <= 18):
        raise ConfigError("bad_cursor")
    try:
        return EPOCH + int(microseconds) * MICROSECOND, int(number)
    except OverflowError:
        raise ConfigError("bad_cursor") from None


def found_or_404(rows: QuerySet[Any], number: int) -> Any:
    """The row with this number, or a 404 that names its kind."""
    row = rows.filter(pk=number).first()
    if row is None:
        raise ApiProblem(404, "not_found", kind=str(rows.model._meta.verbose_name), id=number)
    return row
