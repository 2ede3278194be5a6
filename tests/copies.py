"""What the tests of copies look at: every row of a hub, and a copy as an older version would have made it."""

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

from hub import Hub

from approdo.cli.copies.archive import Archive, Column, Manifest, Table, writing

TABLES_OF_ALARMS = {f"processes_{name}" for name in ("look", "recipient", "alarm", "notice")}
NOT_COPIED = {"django_session", "django_migrations", "processes_worker", "processes_look", "backoffice_tableupload"}


def empty_hub(home: Path, **where: str) -> Hub:
    other = Hub(home, **where)
    other._create_database("template1")
    return other


def everything(hub: Hub) -> dict[str, list[str]]:
    """Every row of every table of the hub, past the hub."""
    if "APPRODO_DATABASE_URL" in hub.environment:
        names = hub.rows("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
    elif not (hub.home / "hub.sqlite3").exists():
        return {}
    else:
        names = hub.rows("SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'")
    return {name: sorted(map(repr, hub.rows(f'SELECT * FROM "{name}"'))) for (name,) in names if name not in NOT_COPIED}


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


def as_before_alarms(file: Path) -> Path:
    """The same copy as a version would have made it that knew no alarms: without tables and a column of theirs."""
    archive, older = Archive(file), file.with_suffix(".older")
    with older.open("wb") as target, writing(target, archive.manifest.made_at) as writer:
        kept = [table for table in archive.manifest.tables if table.name not in TABLES_OF_ALARMS]
        tables = [_without(archive, table, "missed_at", writer) for table in kept]
        later = {name for name in archive.manifest.migrations if "processes.0006" <= name < "processes.9"}
        migrations = [name for name in archive.manifest.migrations if name not in later]
        assert "processes.0006_alarms" in later
        manifest = {name: getattr(archive.manifest, name) for name in Manifest.__struct_fields__}
        writer.manifest(Manifest(**manifest | {"tables": tables, "migrations": migrations}))
    return older


def _without(archive: Archive, table: Table, column: str, writer: Any) -> Table:
    left = [place for place, one in enumerate(table.columns) if one.name != column]
    rows = writer.table(table.name, ([row[place] for place in left] for row in archive.rows(table)))
    columns: list[Column] = [table.columns[place] for place in left]
    return Table(table.name, columns, rows, table.counter, table.last_id)
