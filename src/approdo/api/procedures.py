"""Procedures: when connectors are run, one after the other; and running, pausing, resuming one."""

from datetime import datetime
from typing import Literal

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from ninja import Router
from pydantic import BaseModel, Field

from approdo.api.auth import WRITE_RUNS, token_of
from approdo.api.bodies import Body
from approdo.api.records import Key, Resource, add_record_routes, namespace, reachable
from approdo.api.routes import Route, add_route, answer
from approdo.api.runs import RunInFull
from approdo.processes import procedures, records, run_data
from approdo.processes.records import PROCEDURES

Day = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]

EVERY = "An interval: `15 minutes`, `2 hours`, `1 day`. Instead of `cron`."
CRON = "Five fields: minute, hour, day of the month, month, day of the week. Instead of `every`."
ZONE = "Of cron, days and slots, as `Europe/Rome`; null stands for that of the first connector's account."
ACTIVE = "Weekly slots outside which it is not due; empty: always."


class SlotBody(Body):
    """A stretch of each week."""

    days: list[Day]
    from_: str = Field(alias="from", description="As `08:00`.")
    to: str = Field(description="As `18:00`. Not after `from`, it is on the next day.")


class Slot(BaseModel):
    """A stretch of each week, local time."""

    days: list[Day]
    from_: str = Field(alias="from")
    to: str


class ProcedureBody(Body):
    """Connectors in order, and when they are run. Without `every` and `cron` only by hand."""

    name: str
    connectors: list[str] = Field(description="Names, in the order in which they are run.")
    every: str | None = Field(None, description=EVERY)
    cron: str | None = Field(None, description=CRON)
    time_zone: str | None = Field(None, description=ZONE)
    active: list[SlotBody] = Field([], description=ACTIVE)
    on_error: Literal["continue", "stop"] = "continue"
    grace: str = Field("30 minutes", description="So much later than due it may succeed before an alarm is raised.")
    paused: bool = False


class Procedure(BaseModel):
    """A procedure as it is shown."""

    id: int
    name: str
    connectors: list[str]
    every: str | None
    cron: str | None
    time_zone: str | None = Field(description=ZONE)
    active: list[Slot]
    on_error: Literal["continue", "stop"]
    grace: str
    paused: bool
    due_at: datetime | None = Field(description="When it is due next; null where it is paused or only run by hand.")


router = Router(tags=["Procedures"])
running = Route("run_procedure", "Run", WRITE_RUNS, RunInFull, 202, (404, 409))
pausing = Route("pause_procedure", "Pause", WRITE_RUNS, Procedure, 200, (404,))
resuming = Route("resume_procedure", "Resume", WRITE_RUNS, Procedure, 200, (404,))


@add_route(router, "POST", "/{path:id}/run", running)
def run_procedure(request: HttpRequest, key: Key) -> HttpResponse:
    """Starts a run, or gives the one that has not ended yet. Its schedule and a pause stay as they are."""
    run = procedures.request(reachable(request, PROCEDURES, key), token_of(request).name)
    address = reverse(f"{namespace(request)}:read_run", kwargs={"id": run.pk})
    return answer(run_data.with_details(run), 202, Location=address)


@add_route(router, "POST", "/{path:id}/pause", pausing)
def pause_procedure(request: HttpRequest, key: Key) -> HttpResponse:
    """It is not due any more until it is resumed; a run that goes on goes on. Doing it again changes nothing."""
    procedure = reachable(request, PROCEDURES, key)
    procedures.pause(procedure)
    return answer(records.as_data(PROCEDURES, procedure))


@add_route(router, "POST", "/{path:id}/resume", resuming)
def resume_procedure(request: HttpRequest, key: Key) -> HttpResponse:
    """Due again: an interval at once, cron at its next time. Doing it again changes nothing."""
    procedure = reachable(request, PROCEDURES, key)
    procedures.resume(procedure)
    return answer(records.as_data(PROCEDURES, procedure))


add_record_routes(router, Resource(PROCEDURES, ProcedureBody, Procedure))
