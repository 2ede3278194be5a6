"""Procedures: connectors in order, and when they are run."""

from collections import defaultdict
from datetime import datetime
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo, available_timezones

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from approdo.nodes.models import NAME_LENGTH, Node
from approdo.nodes.sentences import validation_error
from approdo.nodes.time_ranges import zone_of
from approdo.processes import schedule
from approdo.processes.models.connector import Connector
from approdo.sdk.errors import ConfigError

MOST_EVERY = 1000
MOST_GRACE = 7 * 1440


class Given(NamedTuple):
    """What a procedure's schedule takes from other rows, read before."""

    zone: ZoneInfo
    slots: tuple[schedule.Weekly, ...]


class Procedure(models.Model):
    """Connectors that are run one after the other: by hand, every so often, or by cron.

    `due_at` is the next due moment, reckoned for the schedule that `planned_for` describes: a worker
    reckons again when the schedule is another one.
    """

    class Unit(models.TextChoices):
        """What the interval counts."""

        MINUTES = "minutes", _("minutes")
        HOURS = "hours", _("hours")
        DAYS = "days", _("days")

    class OnError(models.TextChoices):
        """What becomes of the rest when a connector did not succeed."""

        CONTINUE = "continue", _("Go on with the next connector")
        STOP = "stop", _("Leave out the rest")

    name = models.CharField(_("name"), max_length=NAME_LENGTH, unique=True)
    every = models.PositiveIntegerField(_("every"), null=True, blank=True)
    unit = models.CharField(_("unit"), max_length=10, choices=Unit, default=Unit.MINUTES)
    cron = models.CharField(_("cron expression"), max_length=100, blank=True)
    time_zone = models.CharField(_("time zone"), max_length=60, blank=True)
    on_error = models.CharField(
        _("if a connector does not succeed"), max_length=10, choices=OnError, default=OnError.CONTINUE
    )
    grace = models.PositiveIntegerField(
        _("grace in minutes"),
        default=30,
        help_text=_("So much later than due it may succeed before an alarm is raised."),
    )
    paused = models.BooleanField(_("paused"), default=False)
    planned_for = models.TextField(default="", blank=True, editable=False)
    planned_at = models.DateTimeField(null=True, editable=False)
    due_at = models.DateTimeField(_("due next"), null=True, editable=False)
    last_due_at = models.DateTimeField(_("last due"), null=True, editable=False)

    class Meta:
        verbose_name = _("procedure")
        verbose_name_plural = _("procedures")
        ordering = ("name",)

    def __str__(self) -> str:
        return self.name

    def save(self, **how: Any) -> None:
        """Save what people decide; never what workers reckon, who may have done so meanwhile."""
        if self.pk and how.get("update_fields") is None:
            how["update_fields"] = [
                field.name for field in self._meta.concrete_fields if field.editable and not field.primary_key
            ]
        super().save(**how)

    given: Given | None = None

    def clean(self) -> None:
        """One kind of schedule or none, and one that can ever be due."""
        if self.every is not None and self.cron:
            raise validation_error("procedure_two_schedules")
        if self.every is not None and not 0 < self.every <= MOST_EVERY:
            raise ValidationError({"every": validation_error("interval_out_of_range", most=MOST_EVERY)})
        if self.grace is not None and self.grace > MOST_GRACE:
            raise ValidationError({"grace": validation_error("grace_out_of_range", days=MOST_GRACE // 1440)})
        if self.time_zone and self.time_zone not in available_timezones():
            raise ValidationError({"time_zone": validation_error("unknown_time_zone", name=self.time_zone)})
        self.cron = " ".join(self.cron.split())
        if self.cron:
            try:
                schedule.check_cron(self.cron)
            except ConfigError as error:
                raise ValidationError({"cron": validation_error(error.code, **error.params)}) from None

    def zone(self) -> ZoneInfo:
        """Its own, or that of its first connector's node, or the installation's."""
        if self.time_zone:
            return ZoneInfo(self.time_zone)
        if self.given:
            return self.given.zone
        step = next(iter(self.steps.all()), None)
        return zone_of(step.connector.node) if step else ZoneInfo(settings.TIME_ZONE)

    def schedule(self) -> schedule.Schedule | None:
        """When it is due; none where it is only run by hand."""
        if self.every is None and not self.cron:
            return None
        every, in_days, zone = self.every or 0, self.unit == self.Unit.DAYS, self.zone()
        return schedule.Schedule(
            minutes=0 if in_days else every * (60 if self.unit == self.Unit.HOURS else 1),
            days=every if in_days else 0,
            cron=self.cron,
            zone=zone,
            at=self.planned_at.astimezone(zone).time() if self.planned_at else None,
            slots=self.given.slots if self.given else tuple(slot.weekly() for slot in self.slots.all()),
        )

    def never_due(self) -> bool:
        """Whether it has a schedule by which it would never be due."""
        planned = self.schedule()
        return planned is not None and schedule.first(planned, timezone.now()) is None

    def next_due(self, now: datetime) -> datetime | None:
        """When it is due next, also before a worker has reckoned it; none where paused or only run by hand."""
        planned = self.schedule()
        if planned is None or self.paused:
            return None
        return self.due_at if planned.key == self.planned_for else schedule.first(planned, now)


class ProcedureStep(models.Model):
    """One connector of a procedure, in its place."""

    procedure = models.ForeignKey(Procedure, models.CASCADE, related_name="steps")
    connector = models.ForeignKey(Connector, models.PROTECT, related_name="+", verbose_name=_("connector"))
    position = models.PositiveIntegerField(_("position"), default=0)

    class Meta:
        verbose_name = _("connector of a procedure")
        verbose_name_plural = _("connectors of a procedure")
        ordering = ("position", "id")
        constraints = (models.UniqueConstraint(fields=("procedure", "connector"), name="procedure_step_once"),)

    def __str__(self) -> str:
        return str(self.connector)


class Slot(models.Model):
    """A stretch of each week in which a procedure is active. Without any it always is."""

    procedure = models.ForeignKey(Procedure, models.CASCADE, related_name="slots")
    days = models.JSONField(_("days"), default=list)
    start = models.TimeField(_("from"))
    end = models.TimeField(_("to"))

    class Meta:
        verbose_name = _("weekly slot")
        verbose_name_plural = _("weekly slots")
        ordering = ("id",)

    def __str__(self) -> str:
        return f"{', '.join(self.days)} {self.start:%H:%M}–{self.end:%H:%M}"

    def clean(self) -> None:
        """At least one day, and only days that there are."""
        if not self.days or not set(self.days) <= set(schedule.DAY_NAMES):
            known = ", ".join(schedule.DAY_NAMES)
            raise ValidationError({"days": validation_error("slot_days", known=known)})

    def weekly(self) -> schedule.Weekly:
        """As the reckoning takes it."""
        return schedule.Weekly(frozenset(map(schedule.DAY_NAMES.index, self.days)), self.start, self.end)


def with_schedules() -> list[Procedure]:
    """All procedures, whose `zone` and `schedule` ask nothing more: four questions, however many they are."""
    zones = {node.pk: zone_of(node) for node in Node.objects.defer("secrets")}
    slots: dict[int, list[schedule.Weekly]] = defaultdict(list)
    for slot in Slot.objects.all():
        slots[slot.procedure_id].append(slot.weekly())
    steps = ProcedureStep.objects.order_by("-position", "-id").values_list("procedure", "connector__node")
    first = dict(steps)  # the last one written stays: the first step
    own = ZoneInfo(settings.TIME_ZONE)
    procedures = list(Procedure.objects.all())
    for procedure in procedures:
        zone = zones.get(first.get(procedure.pk, 0), own)
        procedure.given = Given(zone, tuple(slots.get(procedure.pk, ())))
    return procedures
