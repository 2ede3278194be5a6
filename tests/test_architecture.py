"""The walls hold: imports, foreign keys, sizes."""

import ast
from pathlib import Path

import pytest
from django.apps import apps

pytestmark = pytest.mark.once

ROOT = Path(__file__).parent.parent
ORDER = ["sdk", "connectors", "nodes", "sales", "catalog", "exchanges", "processes", "backoffice"]


def sources() -> list[Path]:
    folders = [ROOT / name for name in ("src", "tests", "bench", "tools")]
    return [path for folder in folders for path in folder.rglob("*.py") if "migrations" not in path.parts]


def test_foreign_keys_point_down_only():
    for model in apps.get_models():
        package = model.__module__.split(".")
        if package[0] != "approdo":
            continue
        for field in model._meta.get_fields():
            target = field.related_model if field.concrete and field.is_relation else None
            if target is not None and target.__module__.startswith("approdo."):
                other = target.__module__.split(".")[1]
                assert ORDER.index(other) <= ORDER.index(package[1]), f"{model.__name__}.{field.name}"


def test_migrations_depend_on_lower_packages_only():
    from django.db.migrations.loader import MigrationLoader

    for (app, name), migration in MigrationLoader(None).disk_migrations.items():
        if app not in ORDER:
            continue
        for other, _ in migration.dependencies:
            if other in ORDER:
                assert ORDER.index(other) <= ORDER.index(app), f"{app}.{name} needs {other}"


def test_no_migration_but_those_that_were_squashed_depends_on_one_of_them():
    """Else restoring an old copy would make the tables of both."""
    from django.db.migrations.loader import MigrationLoader

    files = MigrationLoader(None).disk_migrations
    replaced = {key for migration in files.values() for key in migration.replaces}
    assert replaced
    for key, migration in files.items():
        if key not in replaced:
            assert not replaced & set(migration.dependencies), key


def test_no_file_is_longer_than_400_lines_and_no_function_than_40():
    for path in sources():
        text = path.read_text()
        assert text.count("\n") <= 400, path
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.FunctionDef):
                first = node.body[0]
                documented = isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant)
                start = first.end_lineno if documented else node.lineno
                assert (node.end_lineno or 0) - (start or 0) <= 40, f"{path}: {node.name}"


def test_no_type_is_first_looked_into_by_a_thread():
    """msgspec 0.22 crashes the process where two threads decode into the same type for the first time.

    A `Decoder` of a module looks into its type when the module is imported: once, before there are threads.
    """
    found = [
        f"{path}:{call.lineno}"
        for path in (ROOT / "src").rglob("*.py")
        if "tests" not in path.parts
        for call in ast.walk(ast.parse(path.read_text()))
        if isinstance(call, ast.Call) and _looks_into_a_type(call)
    ]
    assert found == []


def _looks_into_a_type(call: ast.Call) -> bool:
    name = ast.unparse(call.func)
    typed = any(keyword.arg == "type" for keyword in call.keywords)
    return name == "msgspec.convert" or (name == "msgspec.json.decode" and typed)
