"""Writes a copy of the hub: whole or not at all, readable by its owner only."""

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import IO

from django.conf import settings
from django.db import connection

from approdo import __version__
from approdo.cli import schema
from approdo.cli.copies.archive import FORMAT, Manifest, Table, Writer, writing
from approdo.cli.copies.snapshot import Snapshot, snapshot
from approdo.cli.copies.tables import hub_tables
from approdo.processes import installation


def write_copy(target: IO[bytes], *, with_keys: bool) -> Manifest:
    """Write the hub as it stands now; returns what the copy is. No migration runs meanwhile."""
    with schema.alone():
        installation.refuse_older()
        with snapshot() as now:
            made_at = datetime.now(UTC)
            with writing(target, made_at) as writer:
                manifest = Manifest(
                    format=FORMAT,
                    version=__version__,
                    made_at=made_at,
                    database=connection.vendor,
                    migrations=now.migrations(),
                    key_fingerprint=now.key_fingerprint(),
                    with_keys=with_keys,
                    tables=list(_tables(now, writer)),
                )
                if with_keys:
                    writer.keys(settings.ENCRYPTION_KEYS)
                writer.manifest(manifest)
    return manifest


def _tables(now: Snapshot, writer: Writer) -> Iterator[Table]:
    for table in hub_tables():
        rows = writer.table(table.name, now.rows(table))
        yield Table(table.name, table.columns, rows, table.counter, now.last_id(table))


@contextmanager
def whole_or_not_at_all(path: Path) -> Iterator[IO[bytes]]:
    """A file under another name, on the disk and in the place of `path` once the block ends without an error."""
    draft = path.with_name(f".{path.name}.part")
    draft.unlink(missing_ok=True)
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)
    except BaseException:
        draft.unlink(missing_ok=True)
        raise
    sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """Have the names in the folder on the disk, where its file system can say so."""
    with suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
