"""Moments among query parameters: ISO 8601 with a time zone, because one without it is anybody's guess."""

from datetime import UTC, datetime
from typing import Annotated

from pydantic import AfterValidator, WithJsonSchema
from pydantic_core import PydanticCustomError


def utc(text: str) -> datetime:
    """The moment in UTC. Raises `PydanticCustomError` for anything else."""
    try:
        moment = datetime.fromisoformat(text)
        if moment.tzinfo is None:
            raise ValueError
        return moment.astimezone(UTC)
    except (ValueError, OverflowError):
        raise PydanticCustomError("not_a_moment", "not a moment", {"value": text}) from None


def _checked(text: str) -> str:
    utc(text)
    return text


Moment = Annotated[str, AfterValidator(_checked), WithJsonSchema({"type": "string", "format": "date-time"})]
"""A moment as text, known to be one."""
