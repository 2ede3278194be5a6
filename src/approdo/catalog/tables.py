"""The tables that people keep, as plain data: one form for the declarative file, the REST API and imports.

A row is found by its key, the columns that no two rows have in common. Saving checks everything first and changes
nothing when something is wrong.
"""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import QuerySet

from approdo.catalog.models import Place, SkuRecoding
from approdo.nodes.models import Node
from approdo.nodes.sentences import validation_error

Row = SkuRecoding | Place
Data = dict[str, Any]
FindNode = Callable[[str], Node | None]


class Table(NamedTuple):
    """One table: its name in files and addresses, its columns in their order, and which of them are its key."""

    name: str
    kind: str
    model: type[Row]
    key: tuple[str, ...]
    columns: tuple[str, ...]
    required: tuple[str, ...]
    more: tuple[str, ...] = ()
    """What is shown beside, and cannot be given."""

    @property
    def values(self) -> tuple[str, ...]:
        """The columns that are not the key."""
        return tuple(name for name in self.columns if name not in self.key)

    def rows(self) -> QuerySet[Any]:
        """Every row, with what its data needs."""
        return SkuRecoding.objects.select_related("node") if self.model is SkuRecoding else Place.objects.all()

    def label(self) -> str:
        """What people call one row, in the reader's language."""
        return str(self.model._meta.verbose_name)


RECODINGS = Table(
    "sku_recodings", "sku_recoding", SkuRecoding, SkuRecoding.KEY,
    ("node", "vendor_code", "marketplace", "kind", "external", "sku", "title"),
    ("external", "sku"),
)  # fmt: skip

PLACES = Table(
    "places", "place", Place, Place.KEY,
    ("code", "name", "address", "postal_code", "city", "country", "time_zone"),
    ("code",), ("from_orders",),
)  # fmt: skip

TABLES: dict[str, Table] = {table.name: table for table in (RECODINGS, PLACES)}


class Saved(NamedTuple):
    """What saving did: the row, whether it is new, and the names of what changed."""

    record: Any
    created: bool
    changed: list[str]


def data(table: Table, row: Any) -> Data:
    """The row's columns as they are given and shown. No node is none; an empty text is empty."""
    return {name: _shown(getattr(row, name)) for name in (*table.columns, *table.more)}


def _shown(value: Any) -> Any:
    return value.name if isinstance(value, Node) else value


def as_data(table: Table, row: Any) -> Data:
    """The row as the REST API shows it."""
    return {"id": row.pk, **data(table, row)}


def fill(table: Table, row: Any, given: Mapping[str, Any], find_node: FindNode) -> None:
    """Bring the row up to what is given; what is left out keeps its value. Raises `ValidationError`."""
    wrong: dict[str, ValidationError] = {}
    for name, value in given.items():
        if name not in table.columns:
            wrong[name] = validation_error("unknown_option")
        elif name == "node" and value in (None, ""):
            row.node = None
        elif not isinstance(value, str):
            wrong[name] = validation_error("not_text")
        elif name != "node":
            setattr(row, name, value)
        elif (node := find_node(value.strip())) is not None:
            row.node = node
        else:
            kind = str(Node._meta.verbose_name)
            wrong[name] = validation_error("record_not_found", kind=kind, name=value.strip())
    if wrong:
        raise ValidationError(dict(wrong))


def of_same_key(table: Table, row: Any) -> Any:
    """The saved row with this one's key, or none."""
    return table.rows().filter(**{name: getattr(row, name) for name in table.key}).first()


def save(table: Table, given: Mapping[str, Any], row: Any = None) -> Saved:
    """Create the row that is given, or bring `row` (or the one of the same key) up to it.

    What is left out keeps its value. Raises `ValidationError` and changes nothing when anything is wrong. Doing it
    twice changes nothing the second time.
    """
    with transaction.atomic():
        if row is None:
            row = _found(table, given)
        created = row is None
        row = row or table.model()
        before = {} if created else data(table, row)
        fill(table, row, given, named_node)
        row.full_clean()
        after = data(table, row)
        changed = sorted(name for name in table.columns if before.get(name) != after[name])
        if changed:
            kept_by_people(row)
            row.save()
        return Saved(row, created, changed)


def _found(table: Table, given: Mapping[str, Any]) -> Any:
    probe = table.model()
    fill(table, probe, given, named_node)
    probe.clean_fields()
    return of_same_key(table, probe)


def kept_by_people(row: Any) -> None:
    """What somebody wrote is no longer only what orders say."""
    if isinstance(row, Place):
        row.from_orders = False


def named_node(name: str) -> Node | None:
    """The node of this name, or none."""
    return Node.objects.filter(name=name).first()


def identity(table: Table, given: Mapping[str, Any]) -> str:
    """How a message names a row that is given: by the parts of its key that were written, but for the usual kind."""
    untold = (None, "", SkuRecoding.Kind.VENDOR_SKU)
    return " · ".join(str(given[name]) for name in reversed(table.key) if given.get(name) not in untold)
