"""Importing many rows: first a plan that says what each line would do, then that plan or nothing.

A plan reads and never writes. Carrying it out is one short transaction of conditional statements: where the table is
no longer as the plan found it, nothing is written. An import adds and changes rows; it deletes none.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from hashlib import blake2b
from itertools import islice
from typing import Any, NamedTuple

from django.core.exceptions import ValidationError
from django.db import IntegrityError, connection, transaction

from approdo.catalog.files.sheet import Line
from approdo.catalog.models import Place
from approdo.catalog.tables import Table, fill, identity
from approdo.nodes.models import Node
from approdo.nodes.sentences import explain
from approdo.sdk.errors import ConfigError

ROWS_AT_ONCE = 500
MOST_KEPT = 300
"""So many refusals are kept in words; the rest are counted."""

Values = tuple[Any, ...]
"""What a row holds in each column; of a node its number."""


class Change(NamedTuple):
    """What a line does: it adds a row, or changes the row `pk` from `before` to `after`."""

    line: int
    pk: int | None
    before: Values | None
    after: Values


class Refusal(NamedTuple):
    """A line that does nothing, and what is wrong with it: column and sentence. `subject` says which code it is of."""

    line: int
    subject: str
    problems: list[tuple[str, str]]


class Plan(NamedTuple):
    """What an import would do. Two plans with the same digest do the same."""

    table: Table
    changes: list[Change]
    unchanged: int
    refusals: list[Refusal]
    refused: int
    nodes: Mapping[int, str]
    digest: str

    @property
    def added(self) -> int:
        """How many rows are new."""
        return sum(change.pk is None for change in self.changes)

    @property
    def changed(self) -> int:
        """How many rows are brought up to their line."""
        return len(self.changes) - self.added

    def shown(self, values: Values) -> dict[str, Any]:
        """The values by column, nodes by name."""
        named = dict(zip(self.table.columns, values, strict=True))
        return named | ({"node": self.nodes.get(named["node"])} if "node" in named else {})


class _Planning:
    """A plan in the making, line by line."""

    def __init__(self, table: Table) -> None:
        self.table = table
        self.nodes = {node.name: node for node in Node.objects.all()}
        self.seen: dict[Values, tuple[int, Values]] = {}
        self.changes: list[Change] = []
        self.unchanged = self.refused = 0
        self.refusals: list[Refusal] = []
        self.digest = blake2b(digest_size=16)

    def read(self, lines: Sequence[Line]) -> None:
        """Plan what these lines do."""
        sound = [found for line in lines if (found := self._row(line))]
        standing = _standing(self.table, [row for _line, row in sound])
        for line, row in sound:
            self._compare(line, row, standing)

    def _row(self, line: Line) -> tuple[Line, Any] | None:
        row = self.table.model()
        problems = {name: str(explain(code, {"value": value})) for name, (code, value) in line.spoilt.items()}
        problems |= _complaints(lambda: fill(self.table, row, line.values, self.nodes.get))
        skipped = {"node", *problems}  # whether the node exists was seen already
        problems |= _complaints(lambda: row.clean_fields(exclude=skipped))
        if problems:
            self._refuse(line, list(problems.items()))
            return None
        return line, row

    def _compare(self, line: Line, row: Any, standing: Mapping[Values, tuple[int, Values]]) -> None:
        given = _values(self.table, row)
        key = _key(self.table, given)
        first = self.seen.setdefault(key, (line.number, given))
        if first[0] != line.number:
            if first[1] == given:
                self.unchanged += 1
            else:
                self._refuse(line, [("", str(explain("line_repeats", {"line": first[0]})))])
            return
        pk, before = standing.get(key, (None, None))
        kept = zip(self.table.columns, before or (), strict=False)
        untold = {name: value for name, value in kept if name not in line.values}
        after = tuple(untold.get(name, value) for name, value in zip(self.table.columns, given, strict=True))
        if before == after or (before and _tidied(self.table, before) == after):
            self.unchanged += 1
        else:
            self._write_down(line.number, before, after)
            self.changes.append(Change(line.number, pk, before, after))

    def _refuse(self, line: Line, problems: list[tuple[str, str]]) -> None:
        self.refused += 1
        self._write_down(line.number, "refused")
        if len(self.refusals) < MOST_KEPT:
            shown = line.values | {name: value for name, (_code, value) in line.spoilt.items()}
            self.refusals.append(Refusal(line.number, identity(self.table, shown), problems))

    def _write_down(self, *parts: Any) -> None:
        self.digest.update(repr(parts).encode("utf-8", "surrogatepass"))


def plan(table: Table, lines: Iterable[Line]) -> Plan:
    """What importing these lines would do to the table as it is now."""
    planning = _Planning(table)
    for some in _chunks(lines):
        planning.read(some)
    return Plan(
        table, planning.changes, planning.unchanged, planning.refusals, planning.refused,
        {node.pk: name for name, node in planning.nodes.items()}, planning.digest.hexdigest(),
    )  # fmt: skip


def carry_out(wanted: Plan) -> None:
    """Do all that the plan says. Raises `ConfigError("table_changed")` and does nothing where it no longer holds."""
    table = wanted.table
    names = [_column(name) for name in table.columns]
    new = (table.model(**dict(zip(names, change.after, strict=True))) for change in wanted.changes if change.pk is None)
    try:
        with transaction.atomic():
            for some in _chunks(new):
                table.model._default_manager.bulk_create(some)
            _update(table, names, [change for change in wanted.changes if change.pk is not None])
    except IntegrityError:
        raise ConfigError("table_changed") from None


def _update(table: Table, names: Sequence[str], changes: Sequence[Change]) -> None:
    """Bring each row up to its line, unless one is no longer as it was."""
    if not changes:
        return
    name = connection.ops.quote_name
    columns = [name(column) for column in names]
    unedited = f", {name('from_orders')} = %s" if table.model is Place else ""
    places = [place for place, column in enumerate(table.columns) if column in table.values]
    sets = ", ".join(f"{columns[place]} = %s" for place in places)
    # Rows for every node hold no node: nothing equals that, so it is compared as 0.
    same = " AND ".join(f"COALESCE({column}, 0) = %s" if "node" in column else f"{column} = %s" for column in columns)
    statement = f"UPDATE {name(table.model._meta.db_table)} SET {sets}{unedited} WHERE id = %s AND {same}"
    rows = [
        [
            *(change.after[place] for place in places),
            *([False] if unedited else []),
            change.pk,
            *(value if value is not None else 0 for value in change.before or ()),
        ]
        for change in changes
    ]
    with connection.cursor() as cursor:
        cursor.executemany(statement, rows)
        if cursor.rowcount != len(rows):
            raise ConfigError("table_changed")


def _tidied(table: Table, values: Values) -> Values:
    """The values as they would be kept today: what came with an order may have other spaces in it."""
    row = table.model(**dict(zip(map(_column, table.columns), values, strict=True)))
    _complaints(lambda: row.clean_fields(exclude={"node"}))
    return _values(table, row)


def _complaints(check: Callable[[], None]) -> dict[str, str]:
    try:
        check()
    except ValidationError as error:
        return {name: texts[0] for name, texts in error.message_dict.items()}
    return {}


def _standing(table: Table, rows: Sequence[Any]) -> dict[Values, tuple[int, Values]]:
    """The saved rows that have one of these rows' keys."""
    code = table.key[-1]
    found = table.model._default_manager.filter(**{f"{code}__in": {getattr(row, code) for row in rows}})
    standing = {}
    for pk, *values in found.order_by().values_list("pk", *(_column(name) for name in table.columns)):
        standing[_key(table, tuple(values))] = (pk, tuple(values))
    return standing


def _values(table: Table, row: Any) -> Values:
    return tuple(getattr(row, _column(name)) for name in table.columns)


def _key(table: Table, values: Values) -> Values:
    return tuple(value for name, value in zip(table.columns, values, strict=True) if name in table.key)


def _column(name: str) -> str:
    return "node_id" if name == "node" else name


def _chunks(items: Iterable[Any]) -> Iterator[list[Any]]:
    rest = iter(items)
    while some := list(islice(rest, ROWS_AT_ONCE)):
        yield some
