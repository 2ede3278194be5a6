"""Query parameters, declared as the model declares them and refused as the model refuses."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from amazon_simulator.messages import Refused, invalid_input

_DATE_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d{1,9})?)?(Z|[+-]\d\d:?\d\d)?")


@dataclass(frozen=True)
class Parameter:
    """A parameter; `read` gives its value or raises ValueError saying what it must be."""

    name: str
    read: Callable[[str], Any]


def read(declared: Sequence[Parameter], query: Mapping[str, str]) -> tuple[dict[str, Any], list[str]]:
    """The values of the declared parameters, and the names that the operation does not know.

    Raises Refused (400) for a value that breaks the model. Names are matched exactly, as Amazon's
    are: `CreatedAfter` is unknown (reference 18, item 1).
    """
    values = {}
    for parameter in declared:
        if parameter.name in query:
            try:
                values[parameter.name] = parameter.read(query[parameter.name])
            except ValueError as error:
                raise Refused(invalid_input(f"{parameter.name} {error}.")) from error
    return values, sorted(query.keys() - {parameter.name for parameter in declared})


def text(value: str) -> str:
    """Any text but none."""
    if not value:
        raise ValueError("must not be empty")
    return value


def integer(least: int, most: int) -> Callable[[str], int]:
    """A whole number within bounds."""

    def read_integer(value: str) -> int:
        if not re.fullmatch(r"-?\d{1,18}", value) or not least <= int(value) <= most:
            raise ValueError(f"must be a whole number from {least} to {most}")
        return int(value)

    return read_integer


def one_of(*choices: str) -> Callable[[str], str]:
    """One of the values of an enum, in exactly this case."""

    def read_choice(value: str) -> str:
        if value not in choices:
            raise ValueError(f"must be one of {', '.join(choices)}")
        return value

    return read_choice


def flag(value: str) -> bool:
    """The word true or false."""
    return one_of("true", "false")(value) == "true"


def date_time(value: str) -> datetime:
    """An ISO 8601 date and time, aware; without a zone it counts as UTC (reference 14)."""
    if not _DATE_TIME.fullmatch(value):
        raise ValueError("must be an ISO 8601 date and time")
    try:
        moment = datetime.fromisoformat(value)
    except ValueError as error:
        raise ValueError("must be an ISO 8601 date and time") from error
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
