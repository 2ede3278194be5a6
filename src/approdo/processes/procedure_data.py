"""A procedure as plain data, as files and the REST API write it."""

from collections.abc import Mapping
from datetime import time
from typing import Any

from django.core.exceptions import ValidationError
from django.utils import timezone

from approdo.nodes.sentences import validation_error
from approdo.nodes.time_ranges import minutes
from approdo.processes import given
from approdo.processes.models import Connector, Procedure, ProcedureStep, Slot
from approdo.sdk.errors import ConfigError

Data = dict[str, Any]

KEYS = frozenset({"name", "connectors", "every", "cron", "time_zone", "active", "on_error", "grace", "paused"})


def data(procedure: Procedure) -> Data:
    """All of it but its number."""
    every = f"{procedure.every} {procedure.unit}" if procedure.every else None
    return {
        "name": procedure.name,
        "connectors": [step.connector.name for step in procedure.steps.select_related("connector")],
        "every": every,
        "cron": procedure.cron or None,
        "time_zone": procedure.time_zone or None,
        "active": [
            {"days": slot.days, "from": f"{slot.start:%H:%M}", "to": f"{slot.end:%H:%M}"}
            for slot in procedure.slots.all()
        ],
        "on_error": procedure.on_error,
        "grace": f"{procedure.grace} minutes",
        "paused": procedure.paused,
    }


def more(procedure: Procedure) -> Data:
    """When it is due next; nothing where it is paused or only run by hand."""
    return {"due_at": procedure.next_due(timezone.now())}


def fill(procedure: Procedure, data: Data) -> None:
    """Bring the procedure up to what is given. A schedule of the one kind takes the place of the other."""
    procedure.name = data.get("name", procedure.name)
    if {"every", "cron"} & data.keys():
        procedure.every, procedure.cron = None, str(data.get("cron") or "")
    if data.get("every") is not None:
        procedure.every, procedure.unit = given.read("every", _interval, data["every"])
    if "time_zone" in data:
        procedure.time_zone = str(data["time_zone"] or "")
    if data.get("grace") is not None:
        procedure.grace = given.read("grace", minutes, data["grace"])
    for flag in ("on_error", "paused"):
        if data.get(flag) is not None:
            setattr(procedure, flag, data[flag])
    if procedure.pk is None and not data.get("connectors"):
        raise ValidationError({"connectors": validation_error("procedure_empty", name=procedure.name)})


def fill_parts(procedure: Procedure, data: Data) -> None:
    """The same for its connectors and weekly slots, which need the procedure to be saved."""
    if "connectors" in data:
        _set_connectors(procedure, data["connectors"])
    if "active" in data:
        _set_slots(procedure, data["active"] or [])
    if procedure.never_due():
        raise validation_error("never_due")


def _set_connectors(procedure: Procedure, names: Any) -> None:
    if not isinstance(names, list):
        raise ValidationError({"connectors": validation_error("not_a_list")})
    if not names:
        raise ValidationError({"connectors": validation_error("procedure_empty", name=procedure.name)})
    connectors = [given.named(Connector, "connectors", name) for name in names]
    try:
        refuse_twice(connectors)
    except ValidationError as error:
        raise ValidationError({"connectors": error}) from None
    write_connectors(procedure, connectors)


def refuse_twice(connectors: list[Connector]) -> None:
    """Raise `ValidationError` where a connector stands twice among these."""
    if len({connector.pk for connector in connectors}) < len(connectors):
        raise validation_error("connector_twice")


def write_connectors(procedure: Procedure, connectors: list[Connector]) -> None:
    """Make these the connectors of a saved procedure, in this order, where they are not."""
    if connectors == [step.connector for step in procedure.steps.select_related("connector")]:
        return
    procedure.steps.all().delete()
    ProcedureStep.objects.bulk_create(
        ProcedureStep(procedure=procedure, connector=connector, position=position)
        for position, connector in enumerate(connectors)
    )


def _set_slots(procedure: Procedure, slots: Any) -> None:
    if not isinstance(slots, list):
        raise ValidationError({"active": validation_error("not_a_list")})
    made = [_slot(procedure, slot) for slot in slots]
    procedure.slots.all().delete()
    Slot.objects.bulk_create(made)


def _slot(procedure: Procedure, slot: Any) -> Slot:
    if not isinstance(slot, Mapping) or set(slot) != {"days", "from", "to"} or not isinstance(slot["days"], list):
        raise ValidationError({"active": validation_error("not_a_slot")})
    days = [str(day).lower() for day in slot["days"]]
    made = Slot(procedure=procedure, days=days, start=_time(slot["from"]), end=_time(slot["to"]))
    try:
        made.clean()
    except ValidationError as error:
        raise ValidationError({"active": error.messages}) from None
    return made


def _time(value: Any) -> time:
    """“08:30”; also 510, which is what YAML makes of 8:30 without quotes."""
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 1440:
        return time(*divmod(value, 60))
    try:
        return time.fromisoformat(str(value)).replace(second=0, microsecond=0, tzinfo=None)
    except ValueError:
        raise ValidationError({"active": validation_error("not_a_time", value=str(value))}) from None


def _interval(text: Any) -> tuple[int, str]:
    """“15 minutes”, “2 hours” or “1 day” as a number and its unit."""
    total = minutes(text)
    written = str(text).lower()
    if "day" in written:
        return total // 1440, Procedure.Unit.DAYS
    if "hour" in written:
        return total // 60, Procedure.Unit.HOURS
    if not total:
        raise ConfigError("not_a_duration", value=str(text))
    return total, Procedure.Unit.MINUTES
