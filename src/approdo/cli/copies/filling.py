"""Fills an empty database with a copy's rows: in the schema of the copy's version, then brought up to this one."""

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any

from django.db import connection, transaction
from django.db.migrations.executor import MigrationExecutor
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder
from django.utils import timezone

from approdo.cli import schema
from approdo.cli.copies.archive import Archive, Damaged, Table
from approdo.cli.copies.tables import (
    FILLED_BY_MIGRATING,
    LEFT_OUT,
    TO_POSTGRESQL,
    TO_SQLITE,
    changed,
    hub_tables,
    model_tables,
)
from approdo.processes import installation, lost_keys
from approdo.processes.lost_keys import Lost
from approdo.processes.models import Notice

BATCH = 1000

Key = tuple[str, str]


def unknown_migrations(migrations: Iterable[str]) -> list[str]:
    """Those that this version of Approdo does not know."""
    known = MigrationLoader(None).disk_migrations
    return [name for name in migrations if _key(name) not in known]


def is_in_use() -> bool:
    """Whether the hub's tables hold more than what migrating them brings."""
    existing = connection.introspection.table_names()
    names = [table.name for table in hub_tables() if table.name not in FILLED_BY_MIGRATING]
    with connection.cursor() as cursor:
        for name in names:
            if name in existing:
                cursor.execute(f"SELECT 1 FROM {_quoted(name)} LIMIT 1")
                if cursor.fetchone():
                    return True
    return False


def drop_tables() -> None:
    """Drop the hub's tables as its own migrations made them; nothing else of the database.

    What somebody else made to depend on them, a view for example, lets it fail.
    """
    loader = MigrationLoader(connection)
    state = loader.project_state([key for key in loader.applied_migrations if key in loader.graph.node_map])
    ours = {*model_tables(state.apps.get_models(include_auto_created=True)), MigrationRecorder.Migration._meta.db_table}
    found = sorted(ours & set(connection.introspection.table_names()))
    if found:
        with connection.cursor() as cursor:
            cursor.execute(f"DROP TABLE {', '.join(map(_quoted, found))}")


def fill(archive: Archive, *, forget_keys: bool) -> Lost | None:
    """Make the tables, load every row, migrate. Raises `Damaged` where the copy does not fit its own version.

    With `forget_keys` it gives up and returns what our keys do not open.
    Notices that wait in it are given up: who only tries a copy tells nobody anything.
    """
    executor = MigrationExecutor(connection)
    # Step by step, because a squashed migration may replace both what the copy has and what it has not.
    executor.loader = MigrationLoader(connection, replace_migrations=False)
    executor.loader.replacements = {}  # else squashed ones would be written down before what they depend on
    executor.migrate(_ends(_made_by(archive.manifest.migrations, executor.loader), executor.loader))
    with transaction.atomic():
        _refuse_other_tables(archive.manifest.tables)
        tables = [table for table in archive.manifest.tables if table.name not in LEFT_OUT]
        for table in tables:
            _empty(table)
        for table in tables:
            if _load(table, archive.rows(table)) != table.rows:
                raise Damaged
            _count_on(table)
        connection.check_constraints()
    if not installation.all_recorded():
        schema.migrate_hub()
    Notice.objects.filter(state=Notice.State.WAITING).update(state=Notice.State.GIVEN_UP)
    lost = lost_keys.forget(timezone.now()) if forget_keys else None
    schema.use_newest_key()
    return lost


def _key(name: str) -> Key:
    app, _, rest = name.partition(".")
    return app, rest


def _made_by(migrations: Iterable[str], loader: MigrationLoader) -> set[Key]:
    """Those that make the copy's tables: a squashed one alone, where it stands beside those that it replaces."""
    applied = {_key(name) for name in migrations}
    return applied - {key for one in applied for key in loader.disk_migrations[one].replaces}


def _ends(applied: set[Key], loader: MigrationLoader) -> list[Key]:
    """The last migrations of each app: asked for one with a later one behind it, Django would go back."""
    children = {key: {child.key for child in loader.graph.node_map[key].children} for key in applied}
    return sorted(key for key in applied if not any(app == key[0] for app, _ in children[key] & applied))


def _refuse_other_tables(tables: list[Table]) -> None:
    existing = set(connection.introspection.table_names())
    with connection.cursor() as cursor:
        for table in tables:
            if table.name not in existing:
                raise Damaged
            found = connection.introspection.get_table_description(cursor, table.name)
            if {column.name for column in found} != {column.name for column in table.columns}:
                raise Damaged


def _empty(table: Table) -> None:
    with connection.cursor() as cursor:
        cursor.execute(f"DELETE FROM {_quoted(table.name)}")


def _load(table: Table, rows: Iterator[list[Any]]) -> int:
    names = ", ".join(_quoted(column.name) for column in table.columns)
    into = f"{_quoted(table.name)} ({names})"
    if connection.vendor == "postgresql":
        return _copy(into, changed(rows, table.columns, TO_POSTGRESQL))
    places = ", ".join(["%s"] * len(table.columns))
    return _insert(f"INSERT INTO {into} VALUES ({places})", changed(rows, table.columns, TO_SQLITE))


def _copy(into: str, rows: Iterator[list[Any]]) -> int:
    count = 0
    with connection.cursor() as cursor, cursor.copy(f"COPY {into} FROM STDIN") as copy:
        for row in rows:
            copy.write_row(row)
            count += 1
    return count


def _insert(statement: str, rows: Iterator[list[Any]]) -> int:
    count = 0
    with connection.cursor() as cursor:
        while batch := list(islice(rows, BATCH)):
            cursor.executemany(statement, batch)
            count += len(batch)
    return count


def _count_on(table: Table) -> None:
    """Let the table's counter go on after the last number it gave: no row gets the number of one that is gone."""
    if table.counter is None or not table.last_id:
        return
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            statement = "SELECT setval(pg_get_serial_sequence(%s, %s), %s)"
            cursor.execute(statement, [_quoted(table.name), table.counter, table.last_id])
        else:
            cursor.execute("DELETE FROM sqlite_sequence WHERE name = %s", [table.name])
            cursor.execute("INSERT INTO sqlite_sequence (name, seq) VALUES (%s, %s)", [table.name, table.last_id])


def _quoted(name: str) -> str:
    return connection.ops.quote_name(name)
