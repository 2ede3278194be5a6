"""A file is there complete or not at all, on a folder, on OpenSSH's SFTP and on FTP servers, whatever fails."""

import os
import resource
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import servers
from servers import FtpServer, SshServer

from approdo.connectors.files.places import opened, put, temporary
from approdo.connectors.files.sftp import Sftp
from approdo.sdk.errors import ApprodoError, ConfigError, TransientError

pytestmark = pytest.mark.once

NAME = "ORDERS_1.xml"
MUCH = 2_000_000

with_sshd = pytest.mark.skipif(servers.SSHD is None, reason=servers.NO_SSHD)
PLACES = [
    "folder", pytest.param("sftp", marks=with_sshd), pytest.param("sftp without posix-rename", marks=with_sshd),
    "ftps", "ftps that does not rename onto", "ftp",
]  # fmt: skip


class Directory:
    """A place and what is seen there past it."""

    def __init__(self, settings: dict[str, Any], folder: Path) -> None:
        self.settings, self.folder = settings, folder

    def put(self, text: bytes, *, replace: bool = False, name: str = NAME) -> None:
        with opened(self.settings) as place:
            put(place, name, lambda: [text[:70_000], text[70_000:]], replace=replace)

    def found(self) -> dict[str, bytes]:
        return {path.name: path.read_bytes() for path in self.folder.iterdir()}


@contextmanager
def directory(kind: str, tmp_path: Path) -> Iterator[Directory]:
    if kind == "folder":
        yield Directory({"place": "folder", "folder": str(tmp_path)}, tmp_path)
    elif kind.startswith("sftp"):
        with SshServer(refuses="posix-rename" if "without" in kind else "").running() as ssh:
            yield Directory(ssh.settings(), ssh.folder)
    else:
        with FtpServer(tls=kind.startswith("ftps"), renames_onto="not" not in kind).running() as ftp:
            yield Directory(ftp.settings(), ftp.folder)


@pytest.mark.parametrize("kind", PLACES)
def test_a_file_comes_whole_replaces_its_own_leftover_and_waits_for_anothers(kind: str, tmp_path: Path) -> None:
    with directory(kind, tmp_path) as there:
        there.put(b"")
        assert there.found() == {NAME: b""}
        there.put(b"x" * MUCH, replace=True)
        assert there.found() == {NAME: b"x" * MUCH}
        there.put(b"x" * MUCH)
        assert there.found() == {NAME: b"x" * MUCH}, "the same again changes nothing"
        with pytest.raises(TransientError) as caught:
            there.put(b"something else")
        assert caught.value.code == "file_in_the_way"
        assert there.found() == {NAME: b"x" * MUCH}
        (there.folder / NAME).unlink()
        leftover = there.folder / temporary(NAME)
        leftover.write_bytes(b"y" * (MUCH + 1))
        leftover.chmod(0o666)
        there.put(b"something else")
        assert there.found() == {NAME: b"something else"}


def broken(there: Directory, **named: Any) -> ApprodoError:
    """What an attempt fails with, after which nothing that looks like a file may be there."""
    with pytest.raises(ApprodoError) as caught:
        there.put(b"x" * MUCH, **named)
    assert NAME not in there.found()
    return caught.value


class Dying:
    """Pieces of a file, in the middle of which something happens."""

    def __init__(self, happens: Any) -> None:
        self._happens = happens

    def __iter__(self) -> Iterator[bytes]:
        yield b"x" * 100_000
        self._happens()
        for _ in range(50):
            yield b"x" * 100_000


def dying(there: Directory, happens: Any) -> ApprodoError:
    with pytest.raises(ApprodoError) as caught, opened(there.settings) as place:
        put(place, NAME, lambda: Dying(happens), replace=True)
    assert NAME not in there.found()
    return caught.value


@with_sshd
def test_an_sftp_server_that_is_killed_in_the_middle_leaves_no_file_and_gets_it_when_it_is_back() -> None:
    with SshServer().running() as ssh:
        there = Directory(ssh.settings(), ssh.folder)
        error = dying(there, ssh.stop)
        assert (error.kind, error.code) == ("transient", "files_connection_lost")
        error = broken(there)
        assert (error.kind, error.code) == ("transient", "files_server_unreachable")
        ssh.start()
        there.put(b"whole")
        assert there.found() == {NAME: b"whole"}


@with_sshd
def test_a_session_that_ends_before_its_connection_is_a_connection_lost_and_no_answer() -> None:
    with SshServer().running() as ssh, opened(Directory(ssh.settings(), ssh.folder).settings) as place:
        assert isinstance(place, Sftp)
        session = place._files.get_channel()
        assert session is not None
        with pytest.raises(ApprodoError) as caught:
            put(place, NAME, lambda: Dying(session.close), replace=True)
        assert (caught.value.kind, caught.value.code) == ("transient", "files_connection_lost")


def test_what_fails_before_there_is_a_session_is_no_answer_of_the_server() -> None:
    place = Sftp({"host": "127.0.0.1", "port": 1})
    with pytest.raises(TransientError) as caught, place._told(code="files_server_unreachable"):
        raise OSError("getaddrinfo returns an empty list")
    assert caught.value.code == "files_server_unreachable"


@pytest.mark.parametrize("tls", [True, False])
def test_an_ftp_server_that_is_cut_off_in_the_middle_leaves_no_file_and_gets_it_when_it_is_back(tls: bool) -> None:
    with FtpServer(tls=tls).running() as ftp:
        there = Directory(ftp.settings(), ftp.folder)
        ftp.cut_after = 300_000
        assert broken(there).kind == "transient"
        assert len((ftp.folder / temporary(NAME)).read_bytes()) >= 300_000
        ftp.stop()
        error = broken(there)
        assert (error.kind, error.code) == ("transient", "files_server_unreachable")
        ftp.cut_after = None
        ftp.start()
        there.put(b"whole")
        assert there.found() == {NAME: b"whole"}


@with_sshd
def test_a_server_without_room_leaves_nothing_at_all() -> None:
    with SshServer(most=1_000_000).running() as ssh:
        there = Directory(ssh.settings(), ssh.folder)
        error = broken(there)
        assert (error.kind, error.code) == ("transient", "file_not_written")
        assert there.found() == {}
        there.put(b"x" * 900_000)
        assert there.found() == {NAME: b"x" * 900_000}


def test_an_ftp_server_without_room_leaves_no_file() -> None:
    with FtpServer(tls=False).running() as ftp:
        ftp.full = True
        assert broken(Directory(ftp.settings(), ftp.folder)).kind == "transient"


def test_a_folder_without_room_leaves_nothing_at_all(tmp_path: Path) -> None:
    there = Directory({"place": "folder", "folder": str(tmp_path)}, tmp_path)
    before, limit = signal.signal(signal.SIGXFSZ, signal.SIG_IGN), resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1_000_000, limit[1]))
    try:
        error = broken(there)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limit)
        signal.signal(signal.SIGXFSZ, before)
    assert (error.kind, error.code) == ("transient", "file_not_written")
    assert there.found() == {}


@with_sshd
@pytest.mark.parametrize(
    "server",
    [
        pytest.param({"read_only": True}, id="read only"),
        pytest.param({"refuses": "posix-rename,rename"}, id="rename refused"),
    ],
)
def test_where_nothing_may_be_written_or_renamed_a_person_has_to_change_something(server: dict[str, Any]) -> None:
    with SshServer(**server).running() as ssh:
        there = Directory(ssh.settings(), ssh.folder)
        error = broken(there)
        assert (error.kind, error.code) == ("config", "files_not_permitted")
        assert there.found() == {}


@with_sshd
def test_a_directory_that_may_not_be_written_or_is_not_there_is_said() -> None:
    with SshServer().running() as ssh:
        ssh.folder.chmod(0o500)
        assert broken(Directory(ssh.settings(), ssh.folder)).code == "files_not_permitted"
        ssh.folder.chmod(0o700)
        for missing in ("/nowhere", str(ssh.folder / "none")):
            error = broken(Directory(ssh.settings(directory=missing), ssh.folder))
            assert (error.kind, error.code) == ("config", "directory_missing")


def test_a_user_who_may_only_read_or_a_directory_that_is_not_there_is_said_by_ftp() -> None:
    with FtpServer(may="elr").running() as ftp:
        assert broken(Directory(ftp.settings(), ftp.folder)).code == "files_not_permitted"
        error = broken(Directory(ftp.settings(directory="/none"), ftp.folder))
        assert (error.kind, error.code) == ("config", "directory_missing")


def test_an_ftp_server_that_tells_no_sizes_is_asked_for_names() -> None:
    with FtpServer(renames_onto=False, sizes=False).running() as ftp:
        there = Directory(ftp.settings(), ftp.folder)
        there.put(b"one")
        there.put(b"two", replace=True)
        with pytest.raises(TransientError):
            there.put(b"three")
        assert there.found() == {NAME: b"two"}


def test_data_goes_on_with_the_tls_session_of_the_commands() -> None:
    with FtpServer().running() as ftp:
        Directory(ftp.settings(), ftp.folder).put(b"one")
        assert ftp.resumed == [True]


def test_a_folder_is_not_written_past_a_link_that_somebody_left(tmp_path: Path) -> None:
    folder, elsewhere = tmp_path / "in", tmp_path / "elsewhere"
    folder.mkdir()
    elsewhere.write_bytes(b"precious")
    (folder / temporary(NAME)).symlink_to(elsewhere)
    (folder / NAME).symlink_to(elsewhere)
    there = Directory({"place": "folder", "folder": str(folder)}, folder)
    there.put(b"orders", replace=True)
    assert there.found() == {NAME: b"orders"}
    assert elsewhere.read_bytes() == b"precious"


def test_a_folder_that_is_missing_ours_or_closed_is_a_matter_of_settings(tmp_path: Path) -> None:
    ours = Path(os.environ["APPRODO_HOME"], "inside")
    ours.mkdir(exist_ok=True)
    (tmp_path / "file").touch()
    for folder, code in (
        (tmp_path / "none", "directory_missing"),
        (tmp_path / "file", "directory_missing"),
        (ours, "folder_is_ours"),
        (Path("/sys/kernel"), "files_not_permitted"),
    ):
        with pytest.raises(ConfigError) as caught:
            Directory({"place": "folder", "folder": str(folder)}, folder).put(b"x")
        assert caught.value.code == code
