"""The REST API as a whole: what stands where, and how failures are told."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.urls import URLPattern, URLResolver, path
from ninja import NinjaAPI
from ninja.openapi.docs import ABS_TPL_PATH, Swagger
from ninja.openapi.schema import OpenAPISchema

from approdo.api import (
    alarms,
    configurations,
    connectors,
    documents,
    exports,
    imports,
    nodes,
    procedures,
    recipients,
    runs,
    set_aside,
    tables,
    time_ranges,
    unmatched_codes,
)
from approdo.api.bodies import StrictJson
from approdo.api.problems import MEDIA_TYPE, ApiProblem, problem_answer, problem_of

DESCRIPTION = """Sale documents, settings and runs, for programs.

`Authorization: Bearer TOKEN`, a token being made with `approdo token add`. JSON, moments in ISO 8601 and UTC,
amounts as decimal text. Lists have `items` and `next_cursor`; ask for the next page with `cursor`.
Errors are RFC 9457 problem details: `code` is for programs, `detail` and `hint` for people, in the
language of `Accept-Language`. Unknown parameters and fields are refused."""

View = Callable[..., HttpResponse]
Patterns = list[URLResolver | URLPattern]


class RestApi(NinjaAPI):
    """NinjaAPI that also answers unknown addresses and methods with problem details."""

    def set_default_exception_handlers(self) -> None:
        """One handler for all: `problem_of` tells them apart."""
        self.add_exception_handler(Exception, _told)

    @property
    def urls(self) -> tuple[Patterns, str, str]:
        """What `urls.py` mounts."""
        patterns, application, namespace = super().urls
        for pattern in patterns:
            if isinstance(pattern, URLPattern):
                pattern.callback = _with_problems(pattern.callback)
        rest = path("<path:rest>", _with_problems(_nothing_here))
        return [*patterns, rest], application, namespace

    def get_openapi_schema(self, **arguments: Any) -> OpenAPISchema:
        """The description, with what ninja leaves out: types of problems, headers, bodies that we read ourselves."""
        schema = super().get_openapi_schema(**arguments)
        schema["components"]["schemas"].update(imports.SCHEMAS)
        for operations in schema["paths"].values():
            for operation in operations.values():
                for status, described in operation["responses"].items():
                    _complete(status, described)
        return schema


def _told(_request: HttpRequest, error: Any) -> HttpResponse:
    return problem_answer(problem_of(error))


def _complete(status: int, described: dict[str, Any]) -> None:
    if status >= 400:
        described["content"] = {MEDIA_TYPE: described["content"]["application/json"]}
    if status in (201, 202):
        described["headers"] = {"Location": {"schema": {"type": "string", "format": "uri-reference"}}}


def _with_problems(view: View) -> View:
    @wraps(view)
    def answered(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        try:
            if "\0" in request.path:
                raise Http404
            response = view(request, *args, **kwargs)
        except Http404 as error:
            return problem_answer(problem_of(error))
        if not isinstance(response, HttpResponseNotAllowed):
            return response
        allowed = ", ".join(sorted(response["Allow"].split(", ")))
        headers = {"Allow": allowed}
        return problem_answer(
            ApiProblem(405, "method_not_allowed", headers=headers, method=request.method, allowed=allowed)
        )

    return answered


def _nothing_here(_request: HttpRequest, **_rest: str) -> HttpResponse:
    raise Http404


_page = Swagger({"validatorUrl": None})  # asks nothing of other hosts
_page.template_cdn = str(ABS_TPL_PATH / "swagger.html")  # with files of this host: ninja is no app here

api = RestApi(
    title="Approdo",
    version="1",
    description=DESCRIPTION,
    urls_namespace="api-1",
    parser=StrictJson(),
    docs=_page,
)
api.add_router("/documents", documents.router)
api.add_router("/nodes", nodes.router)
api.add_router("/time-ranges", time_ranges.router)
for name, router in configurations.routers().items():
    api.add_router(f"/{name}", router)
api.add_router("/connectors", connectors.router)
api.add_router("/procedures", procedures.router)
api.add_router("/exports", exports.router)
api.add_router("/imports", imports.router)
api.add_router("/runs", runs.router)
api.add_router("/alarms", alarms.router)
api.add_router("/recipients", recipients.router)
api.add_router("/sku-recodings/recode", unmatched_codes.recode_router)
api.add_router("/sku-recodings", tables.recodings)
api.add_router("/places", tables.places)
api.add_router("/set-aside", set_aside.router)
api.add_router("/unmatched-codes", unmatched_codes.router)
# Before the recodings themselves, of which one could be called so.
