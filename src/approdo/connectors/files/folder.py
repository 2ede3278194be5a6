"""A folder of this machine, or one that is mounted on it."""

import errno
import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from approdo import environment
from approdo.connectors.files.places import Step
from approdo.sdk.errors import ConfigError, TransientError
from approdo.sdk.text import marked as _

CHUNK = 64 * 1024
_NOT_PERMITTED = frozenset({errno.EACCES, errno.EPERM, errno.EROFS})
_NOT_A_NAME = frozenset({errno.ENAMETOOLONG, errno.EINVAL, errno.EISDIR})


def folder_problem(text: str) -> str | None:
    """Whether the text names a folder from the root on."""
    path = Path(text)
    return None if path.is_absolute() and ".." not in path.parts else "not_an_absolute_path"


class Folder:
    """Writes, flushes to the disk, then renames, which the system does at once or not at all."""

    def __init__(self, settings: Mapping[str, Any]) -> None:
        self._path = Path(settings["folder"])
        self._opened: int | None = None
        self.address = str(self._path)
        self.params = {"place": self.address}
        self.steps = (Step(_("Folder"), "folder_seen", self._open),)

    def _open(self) -> None:
        with self._told():
            home = environment.home().resolve()
            if self._path.resolve().is_relative_to(home):
                # A file of ours could come to stand where the database does.
                raise ConfigError("folder_is_ours", home=str(home), **self.params)
            self._opened = os.open(self._path, os.O_RDONLY | os.O_DIRECTORY)

    @property
    def _directory(self) -> int:
        assert self._opened is not None
        return self._opened

    def exists(self, name: str) -> bool:
        """Also where it is a link that leads nowhere."""
        with self._told(name):
            try:
                os.stat(name, dir_fd=self._directory, follow_symlinks=False)
            except FileNotFoundError:
                return False
            return True

    def read(self, name: str) -> Iterator[bytes]:
        """What the file holds."""
        with self._told(name), os.fdopen(os.open(name, os.O_RDONLY, dir_fd=self._directory), "rb") as file:
            while piece := file.read(CHUNK):
                yield piece

    def write(self, name: str, pieces: Iterable[bytes]) -> None:
        """What was left under the name has to be removed before: a link that somebody put there is not followed."""
        with self._told(name):
            flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW
            with os.fdopen(os.open(name, flags, 0o666, dir_fd=self._directory), "wb") as file:
                for piece in pieces:
                    file.write(piece)
                file.flush()
                os.fsync(file.fileno())

    def rename(self, old: str, new: str) -> None:
        """Both in the same directory; that it was renamed is on the disk too."""
        with self._told(new):
            os.replace(old, new, src_dir_fd=self._directory, dst_dir_fd=self._directory)
            os.fsync(self._directory)

    def remove(self, name: str) -> None:
        """Remove the file, if there is one."""
        with self._told(name), suppress(FileNotFoundError):
            os.unlink(name, dir_fd=self._directory)

    def close(self) -> None:
        """Let go of the directory."""
        if self._opened is not None:
            with suppress(OSError):
                os.close(self._opened)
            self._opened = None

    @contextmanager
    def _told(self, name: str = "") -> Iterator[None]:
        try:
            yield
        except OSError as error:
            reason = error.strerror or type(error).__name__
            if isinstance(error, FileNotFoundError | NotADirectoryError):
                raise ConfigError("directory_missing", **self.params) from None
            if error.errno in _NOT_PERMITTED:
                raise ConfigError("files_not_permitted", name=name, reason=reason, **self.params) from None
            if error.errno in _NOT_A_NAME:
                raise ConfigError("file_name_refused", name=name, reason=reason, **self.params) from None
            raise TransientError("file_not_written", name=name, reason=reason, **self.params) from None
