"""Whether the database is of this version, and encrypted with our keys."""

import pkgutil
from contextlib import suppress
from functools import cache
from importlib import import_module

from django.apps import apps
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder

from approdo.nodes import secrets
from approdo.nodes.models import Installation
from approdo.sdk.errors import ConfigError


def pending() -> list[str]:
    """The migrations that have not been applied, in order."""
    executor = MigrationExecutor(connection)
    plan = executor.migration_plan(executor.loader.graph.leaf_nodes())
    return [f"{migration.app_label}.{migration.name}" for migration, _backwards in plan]


def all_recorded() -> bool:
    """Whether every migration is written down as applied. Quick.

    Nothing is pending either where only a squashed one is missing, of which all that it replaces were applied.
    """
    return not _known() - MigrationRecorder(connection).applied_migrations().keys()


def refuse_older() -> None:
    """Raise `ConfigError("schema_behind")` unless every migration was applied. Quick where all are recorded."""
    if not all_recorded() and pending():
        raise ConfigError("schema_behind")


def refuse_other_key() -> None:
    """Raise `ConfigError("other_encryption_key")` unless ours are among the keys of this database."""
    kept = Installation.objects.first()
    if kept is not None and kept.key_fingerprint not in secrets.fingerprints():
        raise ConfigError("other_encryption_key")


@cache
def _known() -> frozenset[tuple[str, str]]:
    """Every migration of this version, by its file: to load them all would take a good part of a command's time."""
    found = set()
    for app in apps.get_app_configs():
        name, _explicit = MigrationLoader.migrations_module(app.label)
        with suppress(ModuleNotFoundError):  # an app without models
            files = pkgutil.iter_modules(import_module(name or app.name).__path__)
            found |= {(app.label, file.name) for file in files if not file.name.startswith(("_", "~"))}
    return frozenset(found)
