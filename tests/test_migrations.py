"""Squashed migrations make what those made that they replace, and hubs and copies from before them go on."""

import re
from pathlib import Path

import pytest
from copies import Archive, copied, empty_hub, everything, restored, without_squashed
from hub import Hub

pytestmark = pytest.mark.hub

STEP_BY_STEP = """
import os
os.environ["DJANGO_SETTINGS_MODULE"] = "approdo.settings"
import django
django.setup()
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.db.migrations.loader import MigrationLoader
executor = MigrationExecutor(connection)
executor.loader = loader = MigrationLoader(connection, replace_migrations=False)
steps = [key for key in loader.graph.nodes if not loader.disk_migrations[key].replaces]
plans = {{key: loader.graph.forwards_plan(key) for key in steps}}
wanted = [key for key in steps if {without!r} not in plans[key]]
needed = {{other for key in wanted for other in plans[key] if other != key}}
executor.migrate([key for key in wanted if key not in needed])
connection.cursor().execute("DELETE FROM django_migrations WHERE name LIKE '%squashed%'")
"""

COLUMNS = """
SELECT table_name, column_name, data_type, character_maximum_length, is_nullable, column_default, is_identity
FROM information_schema.columns WHERE table_schema = 'public'
"""
INDEXES = "SELECT indexdef FROM pg_indexes WHERE schemaname = 'public'"
CONSTRAINTS = """
SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid)
FROM pg_constraint WHERE connamespace = 'public'::regnamespace
"""


def hub_from_before(home: Path, without: tuple[str, str] | None = None) -> Hub:
    """A hub as a version made it that had no squashed migrations, nor the one `without` and what came after it."""
    home.mkdir()
    hub = empty_hub(home)
    hub.python(STEP_BY_STEP.format(without=without))
    return hub


@pytest.fixture
def step_by_step(tmp_path: Path) -> Hub:
    return hub_from_before(tmp_path / "before")


def test_a_new_hub_has_the_tables_of_one_that_was_migrated_step_by_step(migrated_hub: Hub, step_by_step: Hub):
    new, before = tables(migrated_hub), tables(step_by_step)
    assert len(new) > 100
    assert new == before


def test_a_hub_from_before_is_up_to_date_and_says_so_once_it_is_migrated(migrated_hub: Hub, step_by_step: Hub):
    for _ in range(2):
        done = step_by_step.command("migrate")
        assert (done.returncode, done.stdout) == (0, "The database is up to date.\n")
    assert applied(step_by_step) == applied(migrated_hub)
    assert not list(step_by_step.home.glob("backups/*"))


@pytest.mark.parametrize("without", [("sales", "0011_billing"), ("processes", "0006_alarms")])
def test_a_hub_in_the_middle_of_what_was_squashed_gets_the_rest(migrated_hub: Hub, tmp_path: Path, without):
    hub = hub_from_before(tmp_path / "middle", without)
    assert without not in applied(hub)
    assert hub.command("migrate").returncode == 0
    assert tables(hub) == tables(migrated_hub)
    assert applied(hub) == applied(migrated_hub)


def test_a_copy_from_before_is_restored_and_nothing_is_left_to_do(migrated_hub: Hub, tmp_path: Path):
    hub = migrated_hub.copy(tmp_path / "hub")
    assert hub.command("token", "add", "ERP", "--scope", "documents:read").returncode == 0
    file = without_squashed(copied(hub))
    assert not any("squashed" in name for name in Archive(file).manifest.migrations)
    restored(hub, file, "--replace")
    assert applied(hub) == applied(migrated_hub)
    assert hub.command("migrate").stdout == "The database is up to date.\n"
    assert "ERP" in str(everything(hub)["processes_token"])
    hub.close()


def applied(hub: Hub) -> list[tuple[str, str]]:
    return sorted(hub.rows("SELECT app, name FROM django_migrations"))


def tables(hub: Hub) -> list[str]:
    """Every column, index and constraint, whatever their order."""
    if hub.database:
        return sorted(str(row) for question in (COLUMNS, INDEXES, CONSTRAINTS) for row in hub.rows(question))
    made = hub.rows("SELECT tbl_name, sql FROM sqlite_master WHERE sql IS NOT NULL AND tbl_name NOT LIKE 'sqlite_%'")
    return sorted(f"{table}: {part}" for table, sql in made for part in parts(sql))


def parts(sql: str) -> list[str]:
    """The columns and constraints of a table, or a whole index."""
    head, _, body = sql.partition("(")
    if not head.startswith("CREATE TABLE"):
        return [sql]
    found, depth = [""], 0
    for piece in re.split(r"([(),])", body.rpartition(")")[0]):
        depth += (piece == "(") - (piece == ")")
        if piece == "," and not depth:
            found.append("")
        else:
            found[-1] += piece
    return [part.strip() for part in found]
