"""The forms of a connector: the first step, which narrows node and type, and the second."""

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy
from unfold import widgets

from approdo.backoffice.models import CONFIGURATION_MODELS
from approdo.backoffice.option_fields import OptionsForm
from approdo.connectors import NODE_TYPES, connector_type
from approdo.nodes.models import NAME_LENGTH, Configuration, Node
from approdo.nodes.sentences import validation_error
from approdo.processes.models import Connector
from approdo.sdk.connector import ConnectorType, NodeType
from approdo.sdk.errors import ApprodoError


def declared_type(name: str) -> ConnectorType | None:
    """The connector type of this name; none where it is gone, so that its records can still be looked at."""
    try:
        return connector_type(name)
    except ApprodoError:
        return None


def node_type_of(connector_type_name: str) -> NodeType | None:
    """The node type whose connector type this is."""
    for declared in NODE_TYPES:
        if any(one.name == connector_type_name for one in declared.connector_types):
            return declared
    return None


def connectable() -> list[NodeType]:
    """The node types to which something can be connected."""
    return [declared for declared in NODE_TYPES if declared.connector_types]


class ConnectorStep(forms.Form):
    """The first step. Node and connector type stand under their node type, so that it works without script."""

    name = forms.CharField(
        label=pgettext_lazy("of a record", "Name"),
        max_length=NAME_LENGTH,
        widget=widgets.UnfoldAdminTextInputWidget({"autofocus": True}),
        help_text=gettext_lazy("For example: Download orders from Amazon Vendor."),
    )
    node_type = forms.ChoiceField(label=gettext_lazy("Node type"), widget=widgets.UnfoldAdminSelectWidget())
    node = forms.ModelChoiceField(
        Node.objects.none(),
        label=gettext_lazy("Node"),
        empty_label=gettext_lazy("Select value"),
        widget=widgets.UnfoldAdminSelectWidget({"data-narrowed-by": "node_type"}),
    )
    type = forms.ChoiceField(
        label=gettext_lazy("Connector type"),
        widget=widgets.UnfoldAdminSelectWidget({"data-narrowed-by": "node_type"}),
    )

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        types = connectable()
        empty: list[tuple[str, Any]] = [("", _("Select value"))]
        nodes = Node.objects.filter(type__in=[declared.name for declared in types])
        self.fields["node"].queryset = nodes  # type: ignore[attr-defined]  # a choice field, typed as Field
        by_type = {declared.name: [(n.pk, n.name) for n in nodes if n.type == declared.name] for declared in types}
        self._choose("node_type", [(declared.name, _(declared.label)) for declared in types])
        self._choose("node", empty + [(_(declared.label), by_type[declared.name]) for declared in types])
        self._choose("type", empty + [(_(declared.label), _type_choices(declared)) for declared in types])
        self._suggest(nodes[:2], types)

    def _choose(self, field: str, choices: list[tuple[Any, Any]]) -> None:
        self.fields[field].choices = choices  # type: ignore[attr-defined]  # a choice field, typed as Field

    def _suggest(self, nodes: Any, types: list[NodeType]) -> None:
        """Where there is only one of something, it is chosen already."""
        if len(nodes) == 1:
            self.initial.setdefault("node", nodes[0].pk)
        if types:
            self.initial.setdefault("node_type", types[0].name)
        if len(types) == 1 and len(types[0].connector_types) == 1:
            self.initial.setdefault("type", types[0].connector_types[0].name)

    def clean_name(self) -> str:
        """Refuse a name that is taken."""
        name = str(self.cleaned_data["name"])
        if Connector.objects.filter(name=name).exists():
            raise ValidationError(_("There is a connector of this name already."))
        return name

    def clean(self) -> dict[str, Any]:
        """Node and connector type have to be of the chosen node type."""
        cleaned = super().clean() or self.cleaned_data
        wanted, node, chosen = cleaned.get("node_type"), cleaned.get("node"), cleaned.get("type")
        if wanted and node and node.type != wanted:
            self.add_error("node", validation_error("node_of_other_type", expected=wanted))
        found = node_type_of(chosen) if chosen else None
        if wanted and found and found.name != wanted:
            self.add_error("type", _("This connector type belongs to another node type."))
        return cleaned


def _type_choices(declared: NodeType) -> list[tuple[str, str]]:
    return [(one.name, _(one.label)) for one in declared.connector_types]


class ConnectorForm(OptionsForm):
    """The second step and every later change: only nodes and configurations that fit can be chosen."""

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        found = node_type_of(self.instance.type)
        if "node" in self.fields:
            fitting = Node.objects.filter(type=found.name if found else "")
            self.fields["node"].queryset = fitting  # type: ignore[attr-defined]  # a choice field, typed as Field
            # A node is added in two steps, for which the small window of a related record has no place.
            for action in ("add", "change", "delete", "view"):
                setattr(self.fields["node"].widget, f"can_{action}_related", False)
        if "configuration" in self.fields:
            self._offer_configurations()
        if "active" in self.fields:
            self.fields["active"].help_text = _("A connector that is not active is not run.")

    def _offer_configurations(self) -> None:
        declared = declared_type(self.instance.type)
        kind = declared.configuration.name if declared and declared.configuration else ""
        field = self.fields["configuration"]
        fitting = Configuration.objects.filter(kind=kind)
        field.queryset = fitting  # type: ignore[attr-defined]  # a choice field, typed as Field
        field.required = True
        field.label = _("Connector configuration")
        field.empty_label = _("Select value")  # type: ignore[attr-defined]  # as above
        model = CONFIGURATION_MODELS.get(kind)
        if model is not None:
            address = reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_add")
            field.help_text = format_html(
                '{} <a class="ap-link" href="{}">{}</a>',
                _("Chosen among the configurations made for connectors of this type."),
                address,
                _("Add a configuration"),
            )
