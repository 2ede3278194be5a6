"""Alarms: what is not as it should be, and what was."""

from datetime import datetime
from typing import Any, Literal

from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from ninja import Query, Router
from pydantic import BaseModel, Field

from approdo.api.auth import READ_RUNS, WRITE_RUNS, refuse_bound
from approdo.api.records import list_schema
from approdo.api.routes import PageParameters, Route, add_route, answer, found_or_404, list_answer, page_by_id
from approdo.processes import alarms
from approdo.processes.models import Alarm as AlarmRow
from approdo.processes.wording import alarm_data, explained

Cause = Literal["failed", "late", "overdue", "worker_gone", "secret_old", "secret_missing", "refused", "quiet"]


class Alarm(BaseModel):
    """One cause, from when it was noticed until it is over."""

    id: int
    cause: Cause
    key: str = Field(description="Names the cause: of one key one alarm is open at a time.")
    subject: str = Field(description="The procedure, node or host that it is about.")
    code: str
    message: str
    hint: str
    since: datetime
    noticed_at: datetime
    over_at: datetime | None = Field(description="Null while it is open.")
    procedure: str | None
    node: str | None
    run: int | None


class AlarmParameters(PageParameters):
    """Which alarms."""

    open: bool | None = Field(None, description="`true`: only those that are not over, `false`: only the others.")
    cause: Cause | None = None


router = Router(tags=["Alarms"])


@add_route(router, "GET", "", Route("list_alarms", "List", READ_RUNS, list_schema(Alarm)))
def list_alarms(request: HttpRequest, wanted: Query[AlarmParameters]) -> HttpResponse:
    """Newest first."""
    refuse_bound(request)
    found = AlarmRow.objects.select_related("procedure", "node")
    if wanted.open is not None:
        found = found.filter(over_at__isnull=wanted.open)
    if wanted.cause is not None:
        found = found.filter(kind=wanted.cause)
    rows, next_cursor = page_by_id(found, wanted, newest_first=True)
    return list_answer(map(_shown, rows), next_cursor)


@add_route(router, "GET", "/{int:id}", Route("read_alarm", "Read one", READ_RUNS, Alarm, problems=(404,)))
def read_alarm(request: HttpRequest, id: int) -> HttpResponse:  # noqa: A002  the address calls it so
    """One alarm, open or over."""
    refuse_bound(request)
    return answer(_shown(found_or_404(AlarmRow.objects.all(), id)))


dismissing = Route("dismiss_alarm", "Dismiss", WRITE_RUNS, Alarm, problems=(404, 409))


@add_route(router, "POST", "/{int:id}/dismiss", dismissing)
def dismiss_alarm(request: HttpRequest, id: int) -> HttpResponse:  # noqa: A002  the address calls it so
    """Says that a worker that is gone does not come back. Every other alarm ends by itself: 409."""
    refuse_bound(request)
    alarm = found_or_404(AlarmRow.objects.all(), id)
    alarms.dismiss(alarm, timezone.now())
    alarm.refresh_from_db()
    return answer(_shown(alarm))


def _shown(alarm: AlarmRow) -> dict[str, Any]:
    said = explained(alarm)
    return {**alarm_data(alarm), "message": said.message, "hint": said.hint, "over_at": alarm.over_at}
