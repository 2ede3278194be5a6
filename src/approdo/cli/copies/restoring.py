"""Puts a copy in the place of the hub: all of it, or nothing is changed. Nobody may live meanwhile."""

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from django.conf import settings
from django.db import connection, transaction

from approdo import environment
from approdo.cli import schema
from approdo.cli.copies.archive import FORMAT, Archive
from approdo.cli.copies.filling import drop_tables, fill, is_in_use, unknown_migrations
from approdo.cli.copies.writing import sync_folder, whole_or_not_at_all
from approdo.nodes import secrets
from approdo.processes import engine, presence
from approdo.processes.lost_keys import Lost
from approdo.sdk.errors import ConfigError

LOCK_SECONDS = 30
"""How long it is waited for somebody who reads the tables of the former hub."""

DRAFT = "hub.restoring.sqlite3"


def refuse_unfit(archive: Archive, *, forget_keys: bool) -> None:
    """Raise `ConfigError`: `copy_is_newer`, or `copy_of_other_keys` where ours do not open it, unless they are lost."""
    manifest = archive.manifest
    if manifest.format > FORMAT or unknown_migrations(manifest.migrations):
        raise ConfigError("copy_is_newer", version=manifest.version)
    if manifest.key_fingerprint not in secrets.fingerprints() and not forget_keys:
        code = "copy_of_other_keys_within" if manifest.with_keys else "copy_of_other_keys"
        raise ConfigError(code, place=environment.encryption_keys_place())


def restore(
    archive: Archive, *, replace: bool, keys: list[str] | None, forget_keys: bool
) -> tuple[Path | None, Lost | None]:
    """Replace hub and engine by the copy; returns where the embedded database before it was kept, if it was.

    `keys` are kept under `APPRODO_HOME` from then on. With `forget_keys` what no key opens is given up and returned.
    Raises `ConfigError` where somebody lives, and
    `hub_in_use` where rows would be lost without `replace`. Whatever it raises, nothing was changed.
    """
    with presence.nobody_alive(), schema.alone():
        in_use = not schema.is_absent() and is_in_use()
        embedded = not environment.database_url()
        if in_use and not replace:
            raise ConfigError("hub_in_use" if embedded else "hub_in_use_on_server", place=_place())
        if embedded:
            return _into_sqlite(archive, keys, in_use, forget_keys)
        return None, _into_postgresql(archive, forget_keys)


def _place() -> str:
    return str(connection.settings_dict["NAME"])


def _into_postgresql(archive: Archive, forget_keys: bool) -> Lost | None:
    """One transaction: others see the former hub until its end."""
    if unknown_migrations(_applied()):
        raise ConfigError("hub_is_newer", place=_place())
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute(f"SET LOCAL lock_timeout = '{LOCK_SECONDS}s'")
        drop_tables()
        engine.forget()
        return fill(archive, forget_keys=forget_keys)


def _applied() -> list[str]:
    if schema.is_absent():
        return []
    with connection.cursor() as cursor:
        cursor.execute("SELECT app || '.' || name FROM django_migrations")
        return [name for (name,) in cursor.fetchall()]


def _into_sqlite(
    archive: Archive, keys: list[str] | None, in_use: bool, forget_keys: bool
) -> tuple[Path | None, Lost | None]:
    """A file of its own, which takes the place of the former in one step once it is whole and on the disk."""
    home, hub = Path(settings.HOME), Path(settings.DATABASES["default"]["NAME"])
    draft = home / DRAFT
    try:
        _remove(draft)
        with _connected_to(draft):
            lost = fill(archive, forget_keys=forget_keys)
        _sync(draft)
        kept = schema.back_up() if in_use else None
        if keys:
            # Those that were there stay behind them: either database opens until the next step is done.
            with whole_or_not_at_all(home / environment.KEYS_FILE) as file:
                file.write("\n".join(keys).encode())
        _leave_wal(hub)
        engine.forget()
        draft.replace(hub)
    finally:
        _remove(draft)
    sync_folder(home)
    return kept, lost


@contextmanager
def _connected_to(file: Path) -> Iterator[None]:
    """Django's connection leads to another file. What happens to that file in a power cut does not matter."""
    former = connection.settings_dict["NAME"]
    connection.close()
    connection.settings_dict["NAME"] = file
    try:
        with connection.cursor() as cursor:
            cursor.execute("PRAGMA journal_mode = DELETE")
            cursor.execute("PRAGMA synchronous = OFF")
        file.chmod(0o600)
        yield
    finally:
        connection.close()
        connection.settings_dict["NAME"] = former


def _leave_wal(hub: Path) -> None:
    """Bring the log of a database into its file and remove it: it would be taken for that of the next one."""
    if hub.exists():
        with closing(sqlite3.connect(hub, timeout=5)) as file:
            file.execute("PRAGMA journal_mode = DELETE")


def _sync(file: Path) -> None:
    descriptor = os.open(file, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _remove(file: Path) -> None:
    for path in (file, *(file.with_name(file.name + end) for end in ("-journal", "-wal", "-shm"))):
        path.unlink(missing_ok=True)
