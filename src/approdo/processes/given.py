"""Values as people write them in files and requests, read or refused under the name of their field."""

from collections.abc import Callable, Mapping
from typing import Any

from django.core.exceptions import ValidationError
from django.db import models

from approdo.nodes.sentences import validation_error
from approdo.sdk.errors import ApprodoError

Data = dict[str, Any]


def named(model: type[models.Model], field: str, name: Any, **more: Any) -> Any:
    """The record of this name. Raises `ValidationError` where there is none."""
    record = model._default_manager.filter(name=str(name or ""), **more).first()
    if record is None:
        kind = str(model._meta.verbose_name)
        raise ValidationError({field: validation_error("record_not_found", kind=kind, name=str(name or ""))})
    return record


def read(field: str, reader: Callable[[Any], Any], value: Any) -> Any:
    """What `reader` makes of the value; its `ApprodoError` as a `ValidationError`."""
    try:
        return reader(value)
    except ApprodoError as error:
        raise ValidationError({field: validation_error(error.code, **error.params)}) from None


def merged(options: Any, before: Mapping[str, Any]) -> Data:
    """The options before with those given over them. Raises `ValidationError` for what is no mapping."""
    if not isinstance(options, Mapping):
        raise ValidationError({"options": validation_error("not_text")})
    return {**before, **options}
