"""Versions of the database, and the keys that it was encrypted with."""

import fcntl
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path

import psycopg
from django.conf import settings
from django.core.management import call_command
from django.db import connection, transaction
from django.db.migrations.recorder import MigrationRecorder

from approdo import environment
from approdo.nodes import secrets
from approdo.nodes.models import Installation, Node
from approdo.processes.installation import all_recorded, pending, refuse_other_key
from approdo.processes.models import Recipient
from approdo.sales import personal

LOCK = 0x4150_5244
"""Ours among the advisory locks: one process migrates at a time."""


def is_new() -> bool:
    """Whether this is the embedded database and holds nothing yet."""
    return not environment.database_url() and not MigrationRecorder(connection).has_table()


def is_absent() -> bool:
    """Whether there is no hub here yet: no file, or a database without our tables. Makes neither."""
    path = Path(connection.settings_dict["NAME"])
    return (not environment.database_url() and not path.exists()) or not MigrationRecorder(connection).has_table()


def bring_up_to_date() -> tuple[list[str], Path | None]:
    """Migrate hub and engine; returns what was applied and where the copy made before it lies, if any.

    Takes a newer encryption key into use. Several processes may ask at once: one does it.
    """
    from approdo.processes import engine

    with alone():
        refuse_other_key_if_any()
        applied = pending()
        copy = back_up() if applied and not is_new() else None
        if not all_recorded():
            migrate_hub()
        engine.migrate()
        use_newest_key()
    return applied, copy


def migrate_hub() -> None:
    """Apply what is pending, and write down which squashed migrations that completes."""
    call_command("migrate", interactive=False, verbosity=0)


def refuse_other_key_if_any() -> None:
    """The same check where the table of keys may not exist yet."""
    if Installation._meta.db_table in connection.introspection.table_names():
        refuse_other_key()


def back_up() -> Path | None:
    """Copy the embedded database, consistent while others use it. None with PostgreSQL."""
    if environment.database_url():
        return None
    folder = Path(settings.HOME) / "backups"
    folder.mkdir(mode=0o700, exist_ok=True)
    copy = folder / f"hub-{datetime.now(UTC):%Y%m%dT%H%M%S%f}Z.sqlite3"
    with (
        closing(sqlite3.connect(settings.DATABASES["default"]["NAME"])) as source,
        closing(sqlite3.connect(copy)) as target,
    ):
        source.backup(target)
    copy.chmod(0o600)
    return copy


@transaction.atomic
def use_newest_key() -> None:
    """Remember the newest key's fingerprint; encrypt again what an older one of ours had encrypted."""
    newest = secrets.fingerprints()[0]
    kept = Installation.objects.first()
    if kept is None:
        Installation.objects.create(key_fingerprint=newest)
    elif kept.key_fingerprint != newest:
        for node in Node.objects.exclude(secrets=""):
            node.secrets = secrets.encrypt(node.revealed())
            node.save(update_fields=["secrets"])
        for recipient in Recipient.objects.exclude(sealed=""):
            recipient.sealed = secrets.encrypt(recipient.revealed())
            recipient.save(update_fields=["sealed"])
        personal.reseal()
        kept.key_fingerprint = newest
        kept.save()


@contextmanager
def alone() -> Iterator[None]:
    """Nobody else migrates, copies or restores this database meanwhile; waits for whoever does."""
    url = environment.database_url()
    if url:
        with closing(psycopg.connect(url, autocommit=True)) as session:
            session.execute("SELECT pg_advisory_lock(%s)", (LOCK,))
            yield
    else:
        with (Path(settings.HOME) / "migrate.lock").open("w") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield
