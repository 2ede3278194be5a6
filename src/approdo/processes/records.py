"""The records that people declare, as plain data: one form for the declarative file and the REST API.

Saving checks everything first and changes nothing when something is wrong.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from django.core.exceptions import ValidationError
from django.db import models, transaction
from django.db.models import ManyToOneRel, ProtectedError
from django.utils.translation import gettext

from approdo.catalog.models import SkuRecoding
from approdo.connectors import NODE_TYPES, configuration_type, connector_type, node_type
from approdo.nodes.models import Configuration, Node, TimeRange
from approdo.nodes.sentences import validation_error
from approdo.nodes.time_ranges import minutes
from approdo.processes import given, option_nodes, procedure_data, recipient_data
from approdo.processes.models import Connector, Procedure, ProcedureStep, Recipient
from approdo.sdk.connector import ConfigurationType
from approdo.sdk.errors import ApprodoError, ConfigError
from approdo.sdk.options import Option

Record = Node | TimeRange | Configuration | Connector | Procedure | Recipient
KEPT_BY_PEOPLE = (Node, TimeRange, Configuration, Connector, Procedure, Recipient, SkuRecoding)
"""What people can change or delete themselves, so that whoever is refused is told of it by name."""

Data = dict[str, Any]

OWNERS: Mapping[type[models.Model], str] = {ProcedureStep: "procedure"}
"""Rows that are part of a record: whoever is refused is told of that one."""

MOST_USERS = 2
"""A refusal names no more users of each kind than these."""


class Section(NamedTuple):
    """One kind of record: its name in files and addresses, how it is found, and its way to data and back."""

    name: str
    kind: str
    find: Callable[[], "models.QuerySet[Any]"]
    make: Callable[[], Record]
    fill: Callable[[Any, Data], None]
    data: Callable[[Any], Data]
    keys: frozenset[str]
    fill_parts: Callable[[Any, Data], None] | None = None
    """What can only be filled in once the record is saved."""
    more: Callable[[Any], Data] = lambda _record: {}
    """What is shown beside, and cannot be given."""
    masked: Callable[[Any], Data] = lambda _record: {}
    """What is shown in place of itself to whoever may not change the record."""


def label(section: Section) -> str:
    """What people call one record of this kind, in the reader's language, as inside a sentence."""
    if section in CONFIGURATIONS:
        own = gettext(configuration_type(section.kind).label)
        return own[:1].lower() + own[1:]
    return str(section.make()._meta.verbose_name)


class Saved(NamedTuple):
    """What saving did: the record, whether it is new, and the names of what changed."""

    record: Record
    created: bool
    changed: list[str]


def save(section: Section, data: Mapping[str, Any], record: Record | None = None) -> Saved:
    """Create the record that `data` declares, or bring `record` (or the one of that name) up to it.

    What `data` leaves out keeps its value; a name is what stands between the spaces around it. Raises
    `ValidationError` and changes nothing when anything is wrong. Doing it twice changes nothing the second time.
    """
    with transaction.atomic():
        data = _named_cleanly(section, data)
        if record is None:
            record = section.find().filter(name=data.get("name", "")).first()
        created = record is None
        current = record or section.make()
        before = {} if created else _comparable(section, current)
        section.fill(current, data)
        current.full_clean()
        if section.fill_parts:
            current.save()
            section.fill_parts(current, data)
        after = _comparable(section, current)
        changed = sorted(name for name in before.keys() | after.keys() if before.get(name) != after.get(name))
        if changed and not section.fill_parts:
            current.save()
        return Saved(current, created, changed)


def delete(record: models.Model) -> None:
    """Delete a record. Raises what `refuse_if_used` raises."""
    refuse_if_used(record)
    try:
        with transaction.atomic():
            record.delete()
    except ProtectedError:  # somebody began to use it meanwhile
        refuse_if_used(record)
        raise


def refuse_if_used(record: models.Model) -> None:
    """Raise `ConfigError` where others need the record.

    `record_in_use` names some of the records that people can change or delete themselves;
    `record_has_history` says that only what was downloaded still needs it, which nobody deletes.
    Reads a few rows only: Django's own check loads all that points here, every document of a node.
    """
    users, history = _users(record)
    if users:
        raise ConfigError("record_in_use", name=str(record), users=", ".join(users))
    if history:
        raise ConfigError("record_has_history", name=str(record))


def _users(record: models.Model) -> tuple[list[str], bool]:
    named: list[str] = []
    history = False
    for relation in record._meta.get_fields(include_hidden=True):
        if not isinstance(relation, ManyToOneRel) or relation.on_delete is not models.PROTECT:
            continue
        rows = relation.related_model._base_manager.filter(**{relation.field.name: record.pk}).order_by()
        owner = OWNERS.get(relation.related_model)
        if relation.related_model in KEPT_BY_PEOPLE or owner:
            found = [getattr(row, owner) if owner else row for row in rows[: MOST_USERS + 1]]
            named += [f"{user._meta.verbose_name} “{user}”" for user in found[:MOST_USERS]]
            named += ["…"] if len(found) > MOST_USERS else []
        else:
            history = history or rows.exists()
    return named, history


def find(section: Section, key: str) -> Any:
    """The record with this number or name. Raises `ConfigError("record_not_found")`."""
    found = section.find()
    record = found.filter(name=key).first()
    if record is None and key.isdecimal() and len(key) < 19:
        record = found.filter(pk=int(key)).first()
    if record is None:
        raise ConfigError("record_not_found", kind=label(section), name=key)
    return record


def as_data(section: Section, record: Record, *, may_change: bool = True) -> Data:
    """The record as the REST API shows it. Secrets are named, never shown."""
    masked = {} if may_change else section.masked(record)
    return {"id": record.pk, **section.data(record), **section.more(record), **masked}


def _comparable(section: Section, record: Record) -> Data:
    flat = dict(section.data(record))
    flat.pop("secrets_set", None)
    options = flat.pop("options", {})
    hidden = record.revealed() if isinstance(record, Node) else {}
    own = recipient_data.hidden(record) if isinstance(record, Recipient) else {}
    return {**flat, **own, **{f"options.{name}": value for name, value in {**options, **hidden}.items()}}


def _named_cleanly(section: Section, data: Mapping[str, Any]) -> Data:
    """The data with its name trimmed. Refuses keys that the section does not know and names that cannot be."""
    unknown = sorted(set(data) - section.keys)
    if unknown:
        raise ValidationError([f"{name}: {validation_error('unknown_option').message}" for name in unknown])
    if "name" not in data:
        return dict(data)
    name = data["name"]
    if not isinstance(name, str):
        raise ValidationError({"name": validation_error("not_text")})
    if not name.isprintable():
        raise ValidationError({"name": validation_error("control_characters")})
    return {**data, "name": name.strip()}


def _node_data(node: Node) -> Data:
    secrets_set = sorted(node.revealed())
    return {"name": node.name, "type": node.type, "options": node.options, "secrets_set": secrets_set}


def _node_masked(node: Node) -> Data:
    try:
        declared = {option.name: option for option in node_type(node.type).options}
    except ApprodoError:  # the type is gone, and with it what may be seen
        declared = {}
    return {"options": {name: declared[name].masked(value) for name, value in node.options.items() if name in declared}}


def _fill_node(node: Node, data: Data) -> None:
    if node.pk and data.get("type", node.type) != node.type:
        raise ValidationError({"type": validation_error("type_is_fixed")})
    node.name, node.type = data.get("name", node.name), data.get("type", node.type)
    node.options = given.merged(data.get("options") or {}, node.options)


def _time_range_data(time_range: TimeRange) -> Data:
    data: Data = {"name": time_range.name}
    if time_range.last is not None:
        data["last"] = f"{time_range.last} {time_range.unit}"
    else:
        data["from"] = time_range.start and time_range.start.isoformat()
        data["to"] = time_range.end and time_range.end.isoformat()
    return {**data, "delay": f"{time_range.delay} minutes", "by": time_range.by}


def _fill_time_range(time_range: TimeRange, data: Data) -> None:
    time_range.name = data.get("name", time_range.name)
    time_range.by = data.get("by", time_range.by)
    fixed = {"from", "to"} & data.keys()
    if fixed:
        time_range.start, time_range.end = data.get("from"), data.get("to")
    if fixed or "last" in data:
        time_range.last = None
    if data.get("last") is not None:
        time_range.last, time_range.unit = given.read("last", _length, data["last"])
    if "delay" in data:
        time_range.delay = given.read("delay", minutes, data["delay"])
    if time_range.last is not None and not fixed:
        time_range.start = time_range.end = None


def _length(text: Any) -> tuple[int, str]:
    total = minutes(text)
    if total % 60 or "minute" in str(text):
        raise ConfigError("not_a_duration", value=str(text))
    days = "day" in str(text)
    return (total // 1440, TimeRange.Unit.DAYS) if days else (total // 60, TimeRange.Unit.HOURS)


def _fill_connector(connector: Connector, data: Data) -> None:
    if connector.pk and data.get("type", connector.type) != connector.type:
        raise ValidationError({"type": validation_error("type_is_fixed")})
    connector.name, connector.type = data.get("name", connector.name), data.get("type", connector.type)
    if "node" in data or connector.node_id is None:
        connector.node = given.named(Node, "node", data.get("node"))
    connector.active = data.get("active", connector.active)
    declared = _declared_options(connector.type)
    fresh = given.merged(data.get("options") or {}, {})
    options = {**connector.options, **option_nodes.numbered(declared, fresh)}
    wanted = options.pop("configuration", None)
    if wanted is not None:
        kind = _configuration_kind(connector.type)
        connector.configuration = given.named(Configuration, "configuration", wanted, kind=kind)
    connector.options = options


def _declared_options(type_name: str) -> Sequence[Option]:
    """What the type declares; nothing of one that is not there, which the record itself refuses."""
    try:
        return connector_type(type_name).options
    except ApprodoError:
        return ()


def _configuration_kind(type_name: str) -> str:
    try:
        declared = connector_type(type_name)
    except ApprodoError as error:
        raise ValidationError({"type": validation_error(error.code, **error.params)}) from None
    return declared.configuration.name if declared.configuration else ""


def _connector_data(connector: Connector) -> Data:
    configuration = connector.configuration
    chosen = {"configuration": configuration.name} if configuration else {}
    return {
        "name": connector.name,
        "node": connector.node.name,
        "type": connector.type,
        "options": {**chosen, **option_nodes.named(_declared_options(connector.type), connector.options)},
        "active": connector.active,
    }


def _configuration_section(declared: ConfigurationType) -> Section:
    names = [option.name for option in declared.options]

    def fill(configuration: Configuration, data: Data) -> None:
        configuration.name = data.get("name", configuration.name)
        if data.get("time_range") is not None:
            configuration.time_range = given.named(TimeRange, "time_range", data["time_range"])
        chosen = {name: data[name] for name in names if data.get(name) is not None}
        configuration.options = {**configuration.options, **chosen}

    def data(configuration: Configuration) -> Data:
        time_range = {"time_range": configuration.time_range.name} if configuration.time_range else {}
        return {"name": configuration.name, **time_range, **configuration.options}

    return Section(
        name=f"{declared.name}s",
        kind=declared.name,
        find=lambda: Configuration.objects.filter(kind=declared.name).select_related("time_range"),
        make=lambda: Configuration(kind=declared.name),
        fill=fill,
        data=data,
        keys=frozenset({"name", "time_range", *names}),
    )


def _configuration_types() -> list[ConfigurationType]:
    found = {
        declared.configuration.name: declared.configuration
        for node_type in NODE_TYPES
        for declared in node_type.connector_types
        if declared.configuration is not None
    }
    return list(found.values())


NODES = Section(
    "nodes", "node", Node.objects.all, Node, _fill_node, _node_data,
    frozenset({"name", "type", "options"}), masked=_node_masked,
)  # fmt: skip
TIME_RANGES = Section(
    "time_ranges", "time_range", TimeRange.objects.all, TimeRange, _fill_time_range, _time_range_data,
    frozenset({"name", "last", "from", "to", "delay", "by"}),
)  # fmt: skip
CONFIGURATIONS = tuple(_configuration_section(declared) for declared in _configuration_types())
CONNECTORS = Section(
    "connectors", "connector",
    lambda: Connector.objects.select_related("node", "configuration"),
    Connector, _fill_connector, _connector_data,
    frozenset({"name", "node", "type", "options", "active"}),
)  # fmt: skip

PROCEDURES = Section(
    "procedures", "procedure", Procedure.objects.all, Procedure, procedure_data.fill, procedure_data.data,
    procedure_data.KEYS, procedure_data.fill_parts, procedure_data.more,
)  # fmt: skip

RECIPIENTS = Section(
    "recipients", "recipient", Recipient.objects.all, Recipient, recipient_data.fill, recipient_data.data,
    recipient_data.KEYS, masked=recipient_data.masked,
)  # fmt: skip

SECTIONS: dict[str, Section] = {
    section.name: section for section in (NODES, TIME_RANGES, *CONFIGURATIONS, CONNECTORS, PROCEDURES, RECIPIENTS)
}
"""Every kind of record, in the order in which one can refer to the other."""
