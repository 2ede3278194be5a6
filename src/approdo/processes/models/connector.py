"""Connectors: what joins a node and the hub."""

from typing import Any

from django.core.exceptions import ValidationError
from django.db import models
from django.utils.translation import gettext_lazy as _

from approdo.connectors import connector_type, node_type
from approdo.nodes.models import NAME_LENGTH, Configuration, Node
from approdo.nodes.options import checked_options
from approdo.nodes.sentences import validation_error
from approdo.sdk.errors import ApprodoError


class Connector(models.Model):
    """Joins one node and the hub: what it does is its type, how is its options."""

    name = models.CharField(_("name"), max_length=NAME_LENGTH, unique=True)
    node = models.ForeignKey(Node, models.PROTECT, verbose_name=_("node"))
    type = models.CharField(_("connector type"), max_length=100)
    configuration = models.ForeignKey(
        Configuration, models.PROTECT, null=True, blank=True, verbose_name=_("configuration")
    )
    options = models.JSONField(_("options"), default=dict, blank=True)
    active = models.BooleanField(_("active"), default=True)

    class Meta:
        verbose_name = _("connector")
        verbose_name_plural = _("connectors")
        ordering = ("name",)

    def __str__(self) -> str:
        return self.name

    def clean(self) -> None:
        """Check node, configuration and options against the declaration of the type."""
        try:
            declared = connector_type(self.type)
        except ApprodoError as error:
            raise ValidationError({"type": validation_error(error.code, **error.params)}) from None
        if declared not in node_type(self.node.type).connector_types:
            expected = self.type.partition(".")[0]
            raise ValidationError({"node": validation_error("node_of_other_type", expected=expected)})
        wanted = declared.configuration
        if wanted is not None and self.configuration is None:
            raise ValidationError({"configuration": validation_error("configuration_missing")})
        if self.configuration is not None and (wanted is None or self.configuration.kind != wanted.name):
            raise ValidationError({"configuration": validation_error("configuration_of_other_type")})
        self.options = checked_options(declared.options, self.options)

    def all_options(self) -> dict[str, Any]:
        """The configuration's options and the connector's own."""
        return {**(self.configuration.options if self.configuration else {}), **self.options}
