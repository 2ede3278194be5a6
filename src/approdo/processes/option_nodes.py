"""Nodes among a connector's options: people give and see names; numbers are kept, so that a new name is no change."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from django.core.exceptions import ValidationError

from approdo.nodes.models import Node
from approdo.nodes.sentences import validation_error
from approdo.sdk.options import Kind, Option


def numbered(declared: Sequence[Option], options: Mapping[str, Any]) -> dict[str, Any]:
    """The options with the numbers of the nodes that they name. Raises `ValidationError` for one that is not there."""
    return _mapped(declared, options, _numbers)


def named(declared: Sequence[Option], options: Mapping[str, Any]) -> dict[str, Any]:
    """The options with the names of the nodes that they hold; one that is gone is left out."""
    return _mapped(declared, options, _names)


def _mapped(
    declared: Sequence[Option], options: Mapping[str, Any], map_one: Callable[[Option, Any], Any]
) -> dict[str, Any]:
    mapped = dict(options)
    for option in declared:
        value = mapped.get(option.name)
        if option.kind is Kind.NODES and isinstance(value, list):
            mapped[option.name] = map_one(option, value)
        elif option.kind is Kind.GROUP and isinstance(value, Mapping):
            mapped[option.name] = _mapped(option.parts, value, map_one)
    return mapped


def _numbers(option: Option, wanted: list[Any]) -> list[Any]:
    known: dict[Any, int] = dict(Node.objects.filter(name__in=[str(one) for one in wanted]).values_list("name", "pk"))
    missing = next((one for one in wanted if str(one) not in known), None)
    if missing is not None:
        kind = str(Node._meta.verbose_name)
        raise ValidationError({option.name: validation_error("record_not_found", kind=kind, name=str(missing))})
    return [known[str(one)] for one in wanted]


def _names(_option: Option, numbers: list[Any]) -> list[Any]:
    known = Node.objects.in_bulk(numbers)
    return [known[number].name for number in numbers if number in known]
