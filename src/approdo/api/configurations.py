"""Named configurations of connector types: one resource for each kind, made from its declaration."""

from typing import Annotated, Any

from ninja import Router
from pydantic import BaseModel, Field, WithJsonSchema, create_model

from approdo.api.bodies import Body
from approdo.api.records import Resource, add_record_routes
from approdo.connectors import configuration_type
from approdo.processes.records import CONFIGURATIONS, Section
from approdo.sdk.options import ALL, Kind, Option


def routers() -> dict[str, Router]:
    """The routes of every kind of configuration, by its name in addresses."""
    return {section.name.replace("_", "-"): _router(section) for section in CONFIGURATIONS}


def _router(section: Section) -> Router:
    router = Router(tags=[configuration_type(section.kind).label_plural])
    add_record_routes(router, _resource(section))
    return router


def _resource(section: Section) -> Resource:
    declared = configuration_type(section.kind)
    title = section.kind.title().replace("_", "")
    fields: dict[str, Any] = {option.name: _field(option) for option in declared.options}
    if declared.has_time_range:
        fields["time_range"] = (str | None, Field(None, description="The name of a time range."))
    body = create_model(f"{title}Body", __base__=Body, __doc__=declared.label, name=(str, ...), **fields)
    shown = create_model(title, __base__=BaseModel, __doc__=declared.label, id=(int, ...), name=(str, ...), **fields)
    return Resource(section, body, shown)


def _field(option: Option) -> tuple[Any, Any]:
    # The declaration checks the value, with its own sentences; here it is only described.
    schema = {**_schema(option), "description": option.help or option.label}
    return Annotated[Any, WithJsonSchema(schema)], Field(None)


def _schema(option: Option) -> dict[str, Any]:
    values = [choice.value for choice in option.choices]
    match option.kind:
        case Kind.CHOICE:
            return {"type": "string", "enum": values}
        case Kind.CHOICES:
            several = {"type": "array", "items": {"type": "string", "enum": [*values, ALL]}}
            return {"anyOf": [several, {"type": "string", "enum": [*values, ALL]}]}
        case Kind.FLAG:
            return {"type": "boolean"}
        case Kind.NUMBER:
            return {"type": "integer"}
        case Kind.DATE:
            return {"type": "string", "format": "date"}
        case _:
            return {"type": "string"}
