"""Time ranges."""

from typing import Literal

from ninja import Router
from pydantic import BaseModel, Field

from approdo.api.bodies import Body
from approdo.api.records import Resource, add_record_routes
from approdo.processes.records import TIME_RANGES

LAST = "A length: `7 days` or `48 hours`. Instead of `from` and `to`."
DAY = "A day, as 2026-05-01."


class TimeRangeBody(Body):
    """A relative range has `last`; a fixed one has `from` and `to`."""

    name: str
    last: str | None = Field(None, description=LAST)
    from_: str | None = Field(None, alias="from", description=DAY)
    to: str | None = Field(None, description=f"{DAY} It is included.")
    delay: str = Field("5 minutes", description="The newest moments, left to settle.")
    by: Literal["created", "changed", "both"] = "both"


class TimeRange(BaseModel):
    """Which time a download looks at: `last`, or `from` and `to`."""

    id: int
    name: str
    last: str | None = Field(None, description=LAST)
    from_: str | None = Field(None, alias="from", description=DAY)
    to: str | None = Field(None, description=f"{DAY} It is included.")
    delay: str
    by: str


COLUMNS = {"start": "from", "end": "to", "unit": "last"}

router = Router(tags=["Time ranges"])
add_record_routes(router, Resource(TIME_RANGES, TimeRangeBody, TimeRange, COLUMNS))
