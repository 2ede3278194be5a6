"""Where files are put: what each kind of place can do, and how a file comes there complete or not at all."""

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from typing import Any, NamedTuple, Protocol

from approdo.sdk.errors import ApprodoError, TransientError

Pieces = Callable[[], Iterable[bytes]]
"""Gives what a file holds, from the beginning each time."""


class Step(NamedTuple):
    """One step on the way in: what it is about, what is said once it worked, and the step itself."""

    subject: str
    works: str
    take: Callable[[], None]


class Place(Protocol):
    """A directory somewhere.

    Every method raises `ConfigError` where a person has to change something, `TransientError` where time may help and
    `RefusedError` where neither does; never anything that the other side causes.
    """

    address: str
    """For people; holds no secret."""
    params: dict[str, Any]
    """What its sentences say of it."""

    @property
    def steps(self) -> Sequence[Step]:
        """All that it takes until files can be put here."""

    def exists(self, name: str) -> bool:
        """Whether there is something of this name."""

    def read(self, name: str) -> Iterator[bytes]:
        """What the file holds."""

    def write(self, name: str, pieces: Iterable[bytes]) -> None:
        """A new file, all of which has been taken over by the other side once this returns."""

    def rename(self, old: str, new: str) -> None:
        """Give it its name. What had that name is replaced."""

    def remove(self, name: str) -> None:
        """Remove the file; nothing happens where there is none."""

    def close(self) -> None:
        """Let go. Raises nothing."""


def place_for(settings: Mapping[str, Any]) -> Place:
    """The place that a node's settings mean; nothing is opened yet. Raises `ConfigError`."""
    match settings.get("place"):
        case "sftp":
            from approdo.connectors.files.sftp import Sftp

            return Sftp(settings)
        case "ftps" | "ftp":
            from approdo.connectors.files.ftp import Ftp

            return Ftp(settings)
        case _:
            from approdo.connectors.files.folder import Folder

            return Folder(settings)


@contextmanager
def opened(settings: Mapping[str, Any]) -> Iterator[Place]:
    """The place, ready for files."""
    place = place_for(settings)
    try:
        for step in place.steps:
            step.take()
        yield place
    finally:
        place.close()


def temporary(name: str) -> str:
    """What a file is called until it is complete."""
    return f".{name}.part"


def put(place: Place, name: str, pieces: Pieces, *, replace: bool) -> None:
    """Write a file: under its name it is complete, or not there.

    What an attempt left that died in the middle is written anew. Without `replace` a file of this name that holds
    something else is waited for (`TransientError`); one that holds the same came by an earlier attempt.
    """
    if not replace and place.exists(name):
        if _digest(place.read(name)) == _digest(pieces()):
            return
        raise TransientError("file_in_the_way", name=name, nothing_arrived=True, **place.params)
    part = temporary(name)
    try:
        place.remove(part)
        place.write(part, pieces())
        place.rename(part, name)
    except ApprodoError:
        with suppress(ApprodoError):  # a full disk is not to be kept full
            place.remove(part)
        raise


def _digest(pieces: Iterable[bytes]) -> bytes:
    digest = hashlib.blake2b()
    for piece in pieces:
        digest.update(piece)
    return digest.digest()
