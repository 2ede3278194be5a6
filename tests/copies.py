"""What the tests of copies look at: every row of a hub, and a copy as an older version would have made it."""

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

from django.db.migrations.loader import MigrationLoader
from hub import Hub

from approdo.cli.copies.archive import Archive, Column, Manifest, Table, writing

NOT_COPIED = {"django_session", "django_migrations", "processes_worker", "processes_look", "backoffice_tableupload"}
FILES_COLUMNS = """
SELECT m.name, c.name FROM sqlite_master m, pragma_table_info(m.name) c WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite_%'
"""
SERVERS_COLUMNS = "SELECT table_name, column_name FROM information_schema.columns WHERE table_schema = 'public'"


def empty_hub(home: Path, **where: str) -> Hub:
    other = Hub(home, **where)
    other._create_database("template1")
    return other


def everything(hub: Hub) -> dict[str, list[str]]:
    """Every row of every table of the hub, past the hub."""
    if not hub.database and not (hub.home / "hub.sqlite3").exists():
        return {}
    columns: dict[str, list[str]] = {}
    for table, column in hub.rows(SERVERS_COLUMNS if hub.database else FILES_COLUMNS):
        columns.setdefault(table, []).append(f'"{column}"')
    return {
        table: sorted(map(repr, hub.rows(f'SELECT {", ".join(sorted(names))} FROM "{table}"')))
        for table, names in columns.items()
        if table not in NOT_COPIED
    }


def assert_equal_but_for_the_form_of_json(one: Hub, other: Hub) -> None:
    with closing(sqlite3.connect(one.home / "hub.sqlite3")) as file:
        file.execute("ATTACH ? AS other", (str(other.home / "hub.sqlite3"),))
        for name in everything(one):
            columns = [row[1] for row in file.execute(f"PRAGMA table_info({name})")]
            schema = file.execute("SELECT sql FROM sqlite_master WHERE name = ?", (name,)).fetchone()[0]
            plain = [f'"{column}"' for column in columns if f'JSON_VALID("{column}")' not in schema]
            chosen = ", ".join(plain)
            for first, second in (("main", "other"), ("other", "main")):
                left = f"SELECT {chosen} FROM {first}.{name} EXCEPT SELECT {chosen} FROM {second}.{name}"
                assert file.execute(left).fetchall() == [], name


def as_before(migration: tuple[str, str], file: Path) -> Path:
    """The same copy as a version would have made it that had neither this migration, nor any that came after it."""
    archive, older = Archive(file), file.with_suffix(".older")
    migrations, columns = _before(migration)
    assert len(columns) < len(archive.manifest.tables)
    _write(older, archive, columns, migrations)
    return older


def without_squashed(file: Path) -> Path:
    """The same copy as a version would have made it that had the same tables, but no squashed migrations."""
    archive, older = Archive(file), file.with_suffix(".older")
    columns = {table.name: {column.name for column in table.columns} for table in archive.manifest.tables}
    _write(older, archive, columns, {name for name in archive.manifest.migrations if "_squashed_" not in name})
    return older


def _write(older: Path, archive: Archive, columns: dict[str, set[str]], migrations: set[str]) -> None:
    with older.open("wb") as target, writing(target, archive.manifest.made_at) as writer:
        known = [table for table in archive.manifest.tables if table.name in columns]
        tables = [_with_only(columns[table.name], archive, table, writer) for table in known]
        left = [name for name in archive.manifest.migrations if name in migrations]
        manifest = {name: getattr(archive.manifest, name) for name in Manifest.__struct_fields__}
        writer.manifest(Manifest(**manifest | {"tables": tables, "migrations": left}))


def _before(migration: tuple[str, str]) -> tuple[set[str], dict[str, set[str]]]:
    """The migrations that do not need this one, and the columns of each table that they make."""
    loader = MigrationLoader(None, replace_migrations=False)
    graph, files = loader.graph, loader.disk_migrations
    earlier = [node for node in graph.nodes if migration not in graph.forwards_plan(node) and not files[node].replaces]
    models = graph.make_state(nodes=earlier).apps.get_models(include_auto_created=True)
    columns = {model._meta.db_table: {field.column for field in model._meta.local_concrete_fields} for model in models}
    return {f"{app}.{name}" for app, name in earlier}, columns


def _with_only(columns: set[str], archive: Archive, table: Table, writer: Any) -> Table:
    left = [place for place, one in enumerate(table.columns) if one.name in columns]
    rows = writer.table(table.name, ([row[place] for place in left] for row in archive.rows(table)))
    kept: list[Column] = [table.columns[place] for place in left]
    return Table(table.name, kept, rows, table.counter, table.last_id)


def copied(hub: Hub, *options: str) -> Path:
    file = hub.home.parent / f"{hub.home.name}.copy"
    done = hub.command("backup", str(file), *options)
    assert done.returncode == 0, done.stderr
    return file


def restored(hub: Hub, file: Path, *options: str) -> str:
    done = hub.command("restore", str(file), *options)
    assert done.returncode == 0, done.stderr
    return done.stdout


def refused(hub: Hub, file: Path, *options: str, **environment: str) -> str:
    """Why a copy is refused; that nothing changed is checked."""
    before = everything(hub)
    done = hub.command("restore", str(file), *options, **environment)
    assert done.returncode == 1, done.stdout
    assert "Traceback" not in done.stderr
    assert everything(hub) == before
    return done.stderr
