"""Nodes, time ranges and named configurations.

Each checks itself in `clean`, against the declaration of its type, so that screens, REST and the
declarative file refuse the same things with the same words.
"""

import datetime
from collections.abc import Mapping
from typing import Any

from django.core.exceptions import ValidationError
from django.db import models
from django.utils.translation import gettext_lazy as _

from approdo.connectors import configuration_type, node_type
from approdo.nodes import secrets
from approdo.nodes.options import checked_options
from approdo.nodes.sentences import validation_error
from approdo.sdk.connector import NodeType, Scan
from approdo.sdk.errors import ApprodoError, ConfigError
from approdo.sdk.options import Kind

NAME_LENGTH = 100

MOST_DAYS = 180
"""The longest relative range: the other side keeps six months, and the delay comes on top (reference 5.1)."""


class Installation(models.Model):
    """One row: what every process of this installation has to agree on."""

    key_fingerprint = models.CharField(max_length=16)

    def __str__(self) -> str:
        return self.key_fingerprint


class Node(models.Model):
    """One external system or account."""

    name = models.CharField(_("name"), max_length=NAME_LENGTH, unique=True)
    type = models.CharField(_("node type"), max_length=60)
    options = models.JSONField(_("options"), default=dict, blank=True)
    secrets = models.TextField(_("secrets"), default="", blank=True, editable=False)
    identity = models.CharField(max_length=64, null=True, unique=True, editable=False)

    class Meta:
        verbose_name = _("node")
        verbose_name_plural = _("nodes")
        ordering = ("name",)

    def __str__(self) -> str:
        return self.name

    @property
    def account(self) -> str:
        """Under which name its quota, its tokens and its queue are kept (decision 3)."""
        return f"node-{self.pk}"

    def clean(self) -> None:
        """Check options and secrets against the type. Secrets not given keep their saved values."""
        try:
            declared = node_type(self.type)
        except ApprodoError as error:
            raise ValidationError({"type": validation_error(error.code, **error.params)}) from None
        given = {**self.revealed(), **self.options}
        cleaned = checked_options(declared.options, given)
        self.identity = declared.identity(cleaned) if declared.identity else None
        self._refuse_second_node()
        self._split(declared, cleaned)

    def _refuse_second_node(self) -> None:
        if self.identity is None:
            return
        other = Node.objects.filter(identity=self.identity).exclude(pk=self.pk).first()
        if other:
            raise validation_error("account_in_use", node=other.name)

    def _split(self, declared: NodeType, cleaned: Mapping[str, Any]) -> None:
        hidden = declared.secret_names
        self.secrets = secrets.encrypt({name: cleaned[name] for name in hidden if name in cleaned})
        self.options = {name: value for name, value in cleaned.items() if name not in hidden}

    def revealed(self) -> dict[str, Any]:
        """The decrypted secrets; for the connector's use, never for a screen or a log."""
        return secrets.decrypt(self.secrets)

    def settings(self) -> dict[str, Any]:
        """Options and secrets together, as a connector type gets them. Raises `ConfigError("secret_missing")`."""
        if self.secrets_missing():
            raise ConfigError("secret_missing", node=self.name)
        return {**self.options, **self.revealed()}

    def secrets_missing(self) -> bool:
        """Whether it has none though its type needs some: they were lost with the encryption keys."""
        needed = (option for option in node_type(self.type).options if option.kind is Kind.SECRET and option.required)
        return not self.secrets and any(option.applies(self.options) for option in needed)


class TimeRange(models.Model):
    """Which time a download looks at: the last N days or hours, or fixed dates."""

    class Unit(models.TextChoices):
        """What the length of a relative range counts."""

        DAYS = "days", _("days")
        HOURS = "hours", _("hours")

    class By(models.TextChoices):
        """By which of an order's dates."""

        CREATED = "created", _("Creation date")
        CHANGED = "changed", _("Change date")
        BOTH = "both", _("Creation and change date")

    name = models.CharField(_("name"), max_length=NAME_LENGTH, unique=True)
    last = models.PositiveIntegerField(_("last"), null=True, blank=True)
    unit = models.CharField(_("unit"), max_length=10, choices=Unit, default=Unit.DAYS)
    start = models.DateField(_("from"), null=True, blank=True)
    end = models.DateField(_("to"), null=True, blank=True, help_text=_("This day is included."))
    delay = models.PositiveIntegerField(
        _("delay in minutes"),
        default=5,
        help_text=_("The newest minutes are left out, so that they can settle at Amazon."),
    )
    by = models.CharField(_("by"), max_length=10, choices=By, default=By.BOTH)

    class Meta:
        verbose_name = _("time range")
        verbose_name_plural = _("time ranges")
        ordering = ("name",)

    def __str__(self) -> str:
        return self.name

    @property
    def scans(self) -> tuple[Scan, ...]:
        """By which dates it looks."""
        return (Scan.CREATED, Scan.CHANGED) if self.by == self.By.BOTH else (Scan(self.by),)

    def clean(self) -> None:
        """A range is either a length or two dates, and never empty; and its users can be asked by its dates."""
        fixed = self.start is not None or self.end is not None
        if fixed == (self.last is not None):
            raise validation_error("time_range_both")
        if self.last is not None and not self.last:
            raise ValidationError({"last": validation_error("empty_time_range")})
        if self.last is not None and self.last > MOST_DAYS * (24 if self.unit == self.Unit.HOURS else 1):
            raise ValidationError({"last": validation_error("time_range_too_long", days=MOST_DAYS)})
        if fixed and (self.start is None or self.end is None):
            raise validation_error("time_range_both")
        dates = [day for day in (self.start, self.end) if isinstance(day, datetime.date)]
        if dates != sorted(dates):
            raise ValidationError({"end": validation_error("time_range_reversed")})
        if self.delay is not None and self.delay > 1440:
            raise ValidationError({"delay": validation_error("delay_out_of_range")})
        for user in self.configuration_set.all() if self.pk else ():
            if self.by in self.By and not user.can_be_asked(self):
                raise ValidationError({"by": validation_error("no_change_date_used", configuration=user.name)})


class Configuration(models.Model):
    """A named set of options of a connector type, shared by the connectors that choose it."""

    kind = models.CharField(max_length=60)
    name = models.CharField(_("name"), max_length=NAME_LENGTH)
    time_range = models.ForeignKey(TimeRange, models.PROTECT, null=True, blank=True, verbose_name=_("time range"))
    options = models.JSONField(_("options"), default=dict, blank=True)

    class Meta:
        verbose_name = _("configuration")
        verbose_name_plural = _("configurations")
        ordering = ("name",)
        constraints = (models.UniqueConstraint(fields=("kind", "name"), name="configuration_name"),)

    def __str__(self) -> str:
        return self.name

    def clean(self) -> None:
        """Check the options against the declaration of the kind."""
        try:
            declared = configuration_type(self.kind)
        except ApprodoError as error:
            raise ValidationError({"kind": validation_error(error.code, **error.params)}) from None
        if declared.has_time_range and self.time_range is None:
            raise ValidationError({"time_range": validation_error("time_range_missing")})
        self.options = checked_options(declared.options, self.options)
        if self.time_range and not self.can_be_asked(self.time_range):
            raise ValidationError({"time_range": validation_error("no_change_date")})

    def can_be_asked(self, time_range: TimeRange) -> bool:
        """Whether the other side knows one of the dates by which the range looks."""
        return bool(configuration_type(self.kind).scans(self.options) & set(time_range.scans))
