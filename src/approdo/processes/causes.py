"""What is not as it should be at this moment. Reads only; whether anybody knows already is not asked."""

import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, time, timedelta
from itertools import pairwise
from typing import Any, NamedTuple

from django.db.models import QuerySet

from approdo.connectors import NODE_TYPES, node_type
from approdo.exchanges.quiet import unusually_quiet
from approdo.nodes.models import Node
from approdo.processes import database, fleet, newest, schedule
from approdo.processes.models import Alarm, Procedure, Recipient, Run, RunStep, with_schedules
from approdo.processes.newest import NEVER_RUN, Latest
from approdo.sdk.errors import ApprodoError

Kind = Alarm.Kind

log = logging.getLogger(__name__)


class Cause(NamedTuple):
    """One cause. `links` are the alarm's own columns that say what it is about.

    Where `opens` is false it keeps an alarm open and opens none.
    """

    kind: Kind
    key: str
    subject: str
    since: datetime
    code: str
    params: dict[str, Any]
    links: dict[str, Any]
    opens: bool = True


class Standing(NamedTuple):
    """All causes that stand, by their keys, and the kinds of which nothing can be said now."""

    causes: dict[str, Cause]
    unknown: frozenset[str]


def standing(now: datetime) -> Standing:
    """What stands at `now`. A kind that cannot be looked at does not keep the others from it."""
    found: dict[str, Cause] = {}
    unknown: set[str] = set()
    for kinds, look in _LOOKS.items():
        try:
            found.update({cause.key: cause for cause in look(now)})
        except Exception as error:
            if database.is_failure(error):
                raise
            log.exception("alarms could not be looked for: %s", ", ".join(kinds))
            unknown.update(kinds)
    return Standing(found, frozenset(unknown))


def authorization_codes() -> frozenset[str]:
    """The errors by which any node type says that the other side no longer lets us in."""
    return frozenset(code for declared in NODE_TYPES for code in declared.authorization_codes)


def _procedures(now: datetime) -> Iterator[Cause]:
    """Nobody waits for a procedure that is paused; one that failed is not well because it is paused."""
    runs = newest.of_procedures()
    for procedure in with_schedules():
        latest = runs.get(procedure.pk, NEVER_RUN)
        yield from _failed(procedure, latest)
        if not procedure.paused:
            yield from _late(procedure, latest.live, now)
            yield from _overdue(procedure, latest, now)


def _failed(procedure: Procedure, latest: Latest) -> Iterator[Cause]:
    run = latest.ended
    if run is None or run.state == Run.State.SUCCEEDED:
        return
    reason, params = _why(run, latest.steps)
    params = {**params, "procedure": procedure.name, "run": run.pk, "reason_code": reason}
    since = run.ended_at or run.created_at
    links = {"procedure": procedure, "run": run}
    key, opens = f"failed:{procedure.pk}", not procedure.paused
    yield Cause(Kind.FAILED, key, procedure.name, since, "alarm_failed", params, links, opens)


def _why(run: Run, steps: Sequence[RunStep]) -> tuple[str, dict[str, Any]]:
    """Code and parameters of what first went wrong in a procedure's run, and in which connector."""
    for step in steps:
        part, connector = step.part, {"connector": step.connector_name}
        if part and part.error_code:
            return part.error_code, {**part.error_params, **connector}
        if part and part.state == Run.State.PARTIAL:
            return "some_set_aside", connector
        if part is None and step.code and step.code != "connector_inactive":
            return step.code, connector
    return run.error_code or "worker_lost", {**run.error_params, "connector": "–"}


def _late(procedure: Procedure, live: Run | None, now: datetime) -> Iterator[Cause]:
    """Due, and nothing has begun: no worker started it, or its run waits in the queue."""
    patience = timedelta(minutes=procedure.grace)
    planned = procedure.schedule()
    queued = live if live and live.state == Run.State.QUEUED else None
    if queued:
        due, waits_since = queued.due_at or queued.created_at, queued.created_at
    elif planned and planned.key == procedure.planned_for and procedure.due_at:
        due = waits_since = procedure.due_at
    else:
        return
    if due + patience < now:
        params = {"procedure": procedure.name, **_moments(procedure, due=due)}
        links = {"procedure": procedure, "run": queued}
        key = f"late:{procedure.pk}:{due.astimezone(UTC):%Y%m%dT%H%M%S}"
        # What was missed is made up in a moment: that alone is no new alarm.
        opens = waits_since + patience < now
        yield Cause(Kind.LATE, key, procedure.name, due, "alarm_late", params, links, opens)


def _overdue(procedure: Procedure, latest: Latest, now: datetime) -> Iterator[Cause]:
    """By its schedule it should have succeeded again, and its grace has passed too."""
    deadline = success_expected(procedure, latest.success)
    if deadline is None or deadline >= now:
        return
    at = latest.success.ended_at if latest.success else None
    params = {"procedure": procedure.name, **_moments(procedure, deadline=deadline, since=at)}
    code = "alarm_overdue" if at else "alarm_never_succeeded"
    key, links = f"overdue:{procedure.pk}", {"procedure": procedure}
    opens = not _in_time(procedure, latest.live, deadline, now)
    yield Cause(Kind.OVERDUE, key, procedure.name, deadline, code, params, links, opens)


def _in_time(procedure: Procedure, run: Run | None, deadline: datetime, now: datetime) -> bool:
    """Whether a run is at work that began, or was due, before the deadline, and takes no longer than it may.

    That is from one due moment to the next, and the grace.
    """
    planned = procedure.schedule()
    if run is None or planned is None or (run.due_at or run.created_at) > deadline:
        return False
    due = deadline - timedelta(minutes=procedure.grace)
    following = schedule.following(planned, due, due) or due
    return now <= run.created_at + (following - due) + timedelta(minutes=procedure.grace)


def success_expected(procedure: Procedure, success: Run | None) -> datetime | None:
    """Until when a procedure has to have succeeded again: its next due moment after its last `success`, and its grace.

    Counted anew from the moment a worker took the schedule into use. None where it has none, or not yet.
    """
    planned = procedure.schedule()
    if planned is None or procedure.planned_at is None or planned.key != procedure.planned_for:
        return None
    ended = success and success.ended_at
    if success and ended and ended >= procedure.planned_at:
        due = schedule.following(planned, success.due_at or success.created_at, ended)
    else:
        due = schedule.first(planned, procedure.planned_at)
    return due and due + timedelta(minutes=procedure.grace)


def _moments(procedure: Procedure, **moments: datetime | None) -> dict[str, str]:
    """Moments for a sentence: it is made in the reader's language, in the procedure's zone."""
    return {name: at.isoformat() for name, at in moments.items() if at} | {"zone": procedure.zone().key}


def _workers(now: datetime) -> Iterator[Cause]:
    for worker in fleet.missing(now):
        params = {"worker": worker.executor, "host": worker.host}
        links = {"worker": worker.executor}
        since = worker.missed_at or now
        yield Cause(
            Kind.WORKER_GONE, f"worker:{worker.executor}", worker.host, since, "alarm_worker_gone", params, links
        )


def _secrets(now: datetime) -> Iterator[Cause]:
    """Each age that is warned of is a cause of its own, until the secret is another one."""
    for node in _nodes():
        life = node_type(node.type).secret_life
        age = life.age(node.options, now.date()) if life else None
        if life is None or age is None:
            continue
        params = {"node": node.name, "reason_code": life.code, **life.params(age)}
        for warned, following in pairwise((*life.warnings, None)):
            if warned is not None and age >= warned:
                since = datetime.combine(now.date() - timedelta(days=age - warned), time.min, UTC)
                key = f"secret:{node.pk}:{node.options[life.option]}:{warned}"
                opens = following is None or age < following
                yield Cause(Kind.SECRET_OLD, key, node.name, since, "alarm_node", params, {"node": node}, opens)


def _missing(now: datetime) -> Iterator[Cause]:
    """Secrets that went with the encryption keys, until somebody enters them."""
    for node in _nodes(Node.objects.filter(secrets="")):
        if node.secrets_missing():
            key, params = f"missing:node:{node.pk}", {"node": node.name}
            yield Cause(Kind.SECRET_MISSING, key, node.name, now, "secret_missing", params, {"node": node})
    for recipient in Recipient.objects.filter(secret_lost=True):
        key, params = f"missing:recipient:{recipient.pk}", {"name": recipient.name}
        yield Cause(Kind.SECRET_MISSING, key, recipient.name, now, "signing_secret_lost", params, {})


def _refusals(_now: datetime) -> Iterator[Cause]:
    """By node and reason: two connectors that are refused for the same reason are one cause."""
    for run in newest.refused():
        assert run.connector is not None
        node = run.connector.node
        params = {**run.error_params, "node": node.name, "reason_code": run.error_code}
        since = run.ended_at or run.created_at
        key, links = f"refused:{node.pk}:{run.error_code}", {"node": node, "run": run}
        yield Cause(Kind.REFUSED, key, node.name, since, "alarm_node", params, links)


def _silences(_now: datetime) -> Iterator[Cause]:
    for node in _nodes():
        for quiet in unusually_quiet(node):
            if not quiet.explained:
                params = {"node": node.name, "reason_code": "unusually_quiet", **quiet.params}
                key = quiet_key(node, quiet.program)
                yield Cause(Kind.QUIET, key, node.name, quiet.since, "alarm_node", params, {"node": node})


def quiet_key(node: Node, program: str) -> str:
    """The key of the alarm about the silence of a node's account in one program."""
    return f"quiet:{node.pk}:{program}"


def _nodes(rows: QuerySet[Node] | None = None) -> Iterator[Node]:
    """The nodes whose type is known, of these or of all."""
    for node in Node.objects.defer("secrets") if rows is None else rows:
        try:
            node_type(node.type)
        except ApprodoError:
            continue
        yield node


_LOOKS: Mapping[tuple[Kind, ...], Callable[[datetime], Iterator[Cause]]] = {
    (Kind.FAILED, Kind.LATE, Kind.OVERDUE): _procedures,
    (Kind.WORKER_GONE,): _workers,
    (Kind.SECRET_OLD,): _secrets,
    (Kind.SECRET_MISSING,): _missing,
    (Kind.REFUSED,): _refusals,
    (Kind.QUIET,): _silences,
}
