"""The file that `approdo backup` writes: a zip that any program opens, closed by a checksum of all of it.

`manifest.json` says what the copy is, `tables/NAME.jsonl` holds a row a line, its values in the order
of the manifest's columns. The zip's comment is the SHA-256 of every byte before it: it finds a file
that was cut or changed, not one that was forged. Knows neither Django nor a database.
"""

import hashlib
import io
import zipfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any

import msgspec

FORMAT = 1
"""Changes when an older Approdo could not read the file right."""

MANIFEST = "manifest.json"
KEYS = "encryption.keys"

_MARK = b"sha256:"
_SEAL_LENGTH = len(_MARK) + hashlib.sha256().digest_size * 2
_BLOCK = 1 << 20


class Column(msgspec.Struct, frozen=True):
    """A column and what its values are: text, integer, boolean, bytes (in base64) or moment (ISO 8601, UTC)."""

    name: str
    kind: str


class Table(msgspec.Struct, frozen=True):
    """A table of the copy. `last_id` is the greatest number that `counter`, its own numbering, ever gave."""

    name: str
    columns: list[Column]
    rows: int
    counter: str | None = None
    last_id: int = 0


class Manifest(msgspec.Struct, frozen=True):
    """What a copy is: of which moment, version, database and keys."""

    format: int
    version: str
    made_at: datetime
    database: str
    migrations: list[str]
    key_fingerprint: str
    with_keys: bool
    tables: list[Table]


_MANIFEST = msgspec.json.Decoder(Manifest)


class Damaged(Exception):
    """The file is no copy, or not as it was written."""


class _Sealing:
    """Passes bytes on and holds back the last few: a placeholder that the checksum takes the place of."""

    def __init__(self, target: IO[bytes]) -> None:
        self._target = target
        self._digest = hashlib.sha256()
        self._held = b""

    def write(self, data: bytes) -> int:
        whole = self._held + data
        passed, self._held = whole[:-_SEAL_LENGTH], whole[-_SEAL_LENGTH:]
        self._digest.update(passed)
        self._target.write(passed)
        return len(data)

    def flush(self) -> None:
        self._target.flush()

    def seal(self) -> None:
        self._target.write(_MARK + self._digest.hexdigest().encode())
        self._target.flush()


class Writer:
    """Takes tables one after the other, row by row, and the manifest last."""

    def __init__(self, file: zipfile.ZipFile, made_at: datetime) -> None:
        self._file = file
        self._made_at = made_at

    def table(self, name: str, rows: Iterable[list[Any]]) -> int:
        """Write the rows of a table; returns how many there were."""
        encoder, count = msgspec.json.Encoder(), 0
        with self._file.open(self._member(_path(name)), "w", force_zip64=True) as member:
            for row in rows:
                member.write(encoder.encode(row) + b"\n")
                count += 1
        return count

    def keys(self, keys: list[str]) -> None:
        """Write the encryption keys, newest first."""
        self._file.writestr(self._member(KEYS), "\n".join(keys))

    def manifest(self, manifest: Manifest) -> None:
        """Write what the copy is."""
        self._file.writestr(self._member(MANIFEST), msgspec.json.format(msgspec.json.encode(manifest)))

    def _member(self, name: str) -> zipfile.ZipInfo:
        member = zipfile.ZipInfo(name, self._made_at.astimezone(UTC).timetuple()[:6])
        member.compress_type = zipfile.ZIP_DEFLATED
        return member


@contextmanager
def writing(target: IO[bytes], made_at: datetime) -> Iterator[Writer]:
    """A writer into `target`, which is only ever added to. Without an error the file is whole at the end."""
    sealing = _Sealing(target)
    with zipfile.ZipFile(sealing, "w") as file:  # type: ignore[call-overload]  # writing and flushing is all it needs
        file.comment = b"." * _SEAL_LENGTH
        yield Writer(file, made_at)
    sealing.seal()


class Archive:
    """A copy that was read through and is as it was written. Raises `Damaged`, or `OSError`."""

    def __init__(self, path: Path) -> None:
        _check(path)
        try:
            self._file = zipfile.ZipFile(path)
            self.manifest = _MANIFEST.decode(self._file.read(MANIFEST))
        except (zipfile.BadZipFile, KeyError, msgspec.MsgspecError) as error:
            raise Damaged from error

    def rows(self, table: Table) -> Iterator[list[Any]]:
        """The rows of a table, one after the other."""
        decoder = msgspec.json.Decoder(list[Any])
        with self._file.open(_path(table.name)) as member:
            for line in io.BufferedReader(member, _BLOCK):  # type: ignore[type-var]
                yield decoder.decode(line)


def keys_within(path: Path) -> list[str]:
    """The encryption keys that the file holds, newest first; nothing where it is no copy or holds none."""
    try:
        with zipfile.ZipFile(path) as file:
            return file.read(KEYS).decode().split()
    except (OSError, zipfile.BadZipFile, KeyError, ValueError):
        return []


def _path(table: str) -> str:
    return f"tables/{table}.jsonl"


def _check(path: Path) -> None:
    """Raise `Damaged` unless the file ends with the checksum of what comes before."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        left = path.stat().st_size - _SEAL_LENGTH
        while left > 0 and (block := file.read(min(left, _BLOCK))):
            digest.update(block)
            left -= len(block)
        if file.read() != _MARK + digest.hexdigest().encode():
            raise Damaged
