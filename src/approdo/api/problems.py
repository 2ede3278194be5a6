"""Every failure as RFC 9457 problem details, in the language of whoever asks."""

import logging
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any, NamedTuple

import msgspec
from django.core.exceptions import RequestDataTooBig, ValidationError
from django.db import InterfaceError, OperationalError
from django.http import Http404, HttpResponse, UnreadablePostError
from ninja import errors as ninja_errors
from pydantic import BaseModel, Field

from approdo.api.sentences import explained
from approdo.nodes.options import OptionError
from approdo.sdk.errors import ApprodoError, RefusedError, TransientError

log = logging.getLogger(__name__)

MEDIA_TYPE = "application/problem+json"
TYPE = "urn:approdo:problem:"
"""Begins a problem's type; its code follows."""

STATUS = {
    "record_not_found": 404,
    "record_in_use": 409,
    "record_has_history": 409,
    "connector_inactive": 409,
    "connector_busy": 409,
    "procedure_busy": 409,
    "run_not_ended": 409,
    "nothing_to_retry": 409,
    "record_gone": 409,
    "table_changed": 409,
    "alarm_ends_by_itself": 409,
    "not_an_export": 404,
    "not_an_import": 404,
    "batch_not_found": 404,
    "batch_too_old": 410,
    "batch_not_given_up": 409,
    "batch_taken_apart": 409,
    "batch_not_waiting": 409,
    "export_is_sent": 409,
}
"""The status of an error whose class does not say it."""

PYDANTIC = {
    "missing": "missing_option",
    "extra_forbidden": "unknown_option",
    "string_type": "not_text",
    "bool_type": "not_a_flag",
    "list_type": "not_a_list",
    "dict_type": "not_an_object",
    "model_type": "not_an_object",
    "model_attributes_type": "not_an_object",
    "literal_error": "choices",
    "int_parsing": "limit_out_of_range",
    "int_parsing_size": "limit_out_of_range",
    "greater_than_equal": "limit_out_of_range",
    "less_than_equal": "limit_out_of_range",
}
"""What pydantic calls a mistake, and the code of our sentence for it. `limit` is the only number."""


class FieldError(NamedTuple):
    """What is wrong with one field; `field` is empty where it is the whole."""

    field: str
    message: str


class ApiProblem(Exception):
    """A refusal with its status; `code` and `params` make the sentence."""

    def __init__(
        self,
        status: int,
        code: str,
        *,
        errors: Sequence[FieldError] = (),
        headers: Mapping[str, str] | None = None,
        **params: Any,
    ) -> None:
        super().__init__(status, code)
        self.status, self.code, self.params = status, code, params
        self.errors, self.headers = errors, headers or {}


class FieldProblem(BaseModel):
    """One field that is wrong."""

    field: str = Field(description="Which field or parameter; empty where it is the whole.")
    message: str


class ProblemDetails(BaseModel):
    """An error as RFC 9457 describes it."""

    type: str = Field(description=f"`{TYPE}` and the code.")
    title: str
    status: int
    detail: str = Field(description="What happened, in the language asked for by `Accept-Language`.")
    code: str = Field(description="Stays the same in every language and version.")
    hint: str = Field(description="What to do next; may be empty.")
    errors: list[FieldProblem] | None = Field(None, description="On invalid values: each of them.")


def invalid(errors: Sequence[FieldError]) -> ApiProblem:
    """Some values are wrong."""
    fields = ", ".join(dict.fromkeys(error.field or "–" for error in errors))
    return ApiProblem(422, "invalid_request", errors=errors, fields=fields)


def invalid_field(field: str, code: str, **params: Any) -> ApiProblem:
    """One value is wrong; `code` and `params` make its sentence."""
    return invalid([FieldError(field, str(explained(code, params)))])


def problem_answer(problem: ApiProblem) -> HttpResponse:
    """The answer that tells of a problem."""
    explanation = explained(problem.code, problem.params)
    data: dict[str, Any] = {
        "type": TYPE + problem.code,
        "title": HTTPStatus(problem.status).phrase,
        "status": problem.status,
        "detail": explanation.message,
        "code": problem.code,
        "hint": explanation.hint,
    }
    if problem.errors:
        data["errors"] = [error._asdict() for error in problem.errors]
    headers = {"Cache-Control": "no-store", **problem.headers}
    return HttpResponse(msgspec.json.encode(data), status=problem.status, content_type=MEDIA_TYPE, headers=headers)


def problem_of(error: Exception) -> ApiProblem:
    """The problem that an exception amounts to. What nobody foresaw is logged and says nothing of itself."""
    match error:
        case ApiProblem():
            return error
        case ApprodoError():
            return ApiProblem(_status(error), error.code, **error.params)
        case ValidationError():
            return invalid(field_errors(error))
        case OperationalError() | InterfaceError():
            log.error("the database did not answer", exc_info=error)
            return ApiProblem(503, "database_away", headers={"Retry-After": "5"})
    problem = _of_the_request(error)
    if problem is None:
        log.error("a request failed unexpectedly", exc_info=error)
        return ApiProblem(500, "unexpected")
    return problem


def _of_the_request(error: Exception) -> ApiProblem | None:
    match error:
        case ninja_errors.ValidationError():
            return invalid([_pydantic(one) for one in error.errors])
        case ninja_errors.AuthenticationError():
            return ApiProblem(401, "token_missing", headers={"WWW-Authenticate": 'Bearer realm="approdo"'})
        case ninja_errors.HttpError() if isinstance(error.__cause__, ApiProblem):
            return error.__cause__  # ninja wraps what its parser raises
        case Http404():
            return ApiProblem(404, "no_such_address", docs="/api/v1/docs")
        case RequestDataTooBig():
            return ApiProblem(413, "body_too_large")
        case UnreadablePostError():
            return ApiProblem(400, "bad_json", reason="…")
    return None


def _status(error: ApprodoError) -> int:
    if error.code in STATUS:
        return STATUS[error.code]
    if isinstance(error, TransientError):
        return 503
    return 502 if isinstance(error, RefusedError) else 422


def field_errors(
    error: ValidationError, columns: Mapping[str, str] | None = None, options: str = ""
) -> list[FieldError]:
    """A model's complaints, field by field.

    `columns` says what the caller knows a column as, `options` what stands before an option's name.
    """
    known = {"__all__": "", **(columns or {})}
    found = error.error_dict if hasattr(error, "error_dict") else {"__all__": error.error_list}
    return [
        FieldError(options + one.option, one.sentence)
        if isinstance(one, OptionError)
        else FieldError(known.get(column, column), one.messages[0])
        for column, complaints in found.items()
        for one in complaints
    ]


def _pydantic(error: Mapping[str, Any]) -> FieldError:
    source, *path = error["loc"]
    # A body's path begins with the name of our own argument.
    field = ".".join(str(part) for part in (path[1:] if source == "body" else path))
    params = {"value": "…", "reason": error["msg"], **error.get("ctx", {})}
    own = error["type"] if error["type"] == "not_a_moment" else "not_valid"
    return FieldError(field, str(explained(PYDANTIC.get(error["type"], own), params)))
