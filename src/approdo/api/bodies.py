"""What callers send: strict JSON, every field of its own type, nothing unknown."""

from collections.abc import Mapping
from copy import copy
from typing import Any

import msgspec
from django.http import HttpRequest
from ninja.parser import Parser
from pydantic import BaseModel, ConfigDict, create_model

from approdo.api.problems import ApiProblem


class Body(BaseModel):
    """A JSON object. Wrong types and unknown fields are refused, not guessed at."""

    model_config = ConfigDict(strict=True, extra="forbid")

    def given(self) -> dict[str, Any]:
        """What the caller wrote, and nothing else."""
        return self.model_dump(by_alias=True, exclude_unset=True)


def changes_of(body: type[Body]) -> type[Body]:
    """The same body with every field optional: a PATCH names what changes."""
    fields: dict[str, Any] = {}
    for name, declared in body.model_fields.items():
        field = copy(declared)
        field.default = None  # stands for “not given”; never checked, never sent on
        fields[name] = (declared.annotation, field)
    return create_model(body.__name__.removesuffix("Body") + "Changes", __base__=Body, **fields)


class StrictJson(Parser):
    """Reads bodies as RFC 8259 has it: no NaN, no lone surrogates, no form that only looks like JSON."""

    def parse_body(self, request: HttpRequest) -> Any:
        """The decoded body. Raises `ApiProblem`."""
        media_type = (request.content_type or "").lower()
        if media_type and media_type != "application/json" and not media_type.endswith("+json"):
            raise ApiProblem(415, "not_json", content_type=media_type)
        try:
            body = msgspec.json.decode(request.body)
            broken = _holds_nul(body)
        except (msgspec.MsgspecError, ValueError, RecursionError) as error:
            raise ApiProblem(400, "bad_json", reason=str(error)) from None
        if broken:
            raise ApiProblem(422, "nul_character")
        return body


def _holds_nul(value: Any) -> bool:
    # PostgreSQL can hold U+0000 in no text.
    match value:
        case str():
            return "\0" in value
        case list():
            return any(map(_holds_nul, value))
        case Mapping():
            return any(_holds_nul(key) or _holds_nul(one) for key, one in value.items())
    return False
