"""A PostgreSQL server of the tests' own, in a temporary folder, as an unprivileged user."""

import atexit
import os
import pwd
import shutil
import socket
import subprocess
import tempfile
from contextlib import suppress
from pathlib import Path


def server_binaries() -> Path | None:
    """Where Debian or the PATH keeps `initdb`; None where PostgreSQL is not installed."""
    for folder in sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True):
        if (folder / "initdb").exists():
            return folder
    found = shutil.which("initdb")
    return Path(found).parent if found else None


class Server:
    """A server that ends with this process; `address` is without a database name.

    It writes to the disk for good only where it is `durable`: tests do without.
    """

    def __init__(self, *, durable: bool = False) -> None:
        self._durable = durable
        binaries = server_binaries()
        assert binaries, "PostgreSQL is not installed (Debian: apt-get install postgresql)"
        self._binaries = binaries
        self._folder = Path(tempfile.mkdtemp(prefix="approdo-postgres-"))
        self._as_user = _unprivileged(self._folder)
        self._port = _free_port()
        self.address = f"postgresql://approdo@127.0.0.1:{self._port}"
        self._run("initdb", "-U", "approdo", "-A", "trust", "--locale=C.UTF-8", "-E", "UTF8")
        self.start()
        atexit.register(self._end)

    def start(self) -> None:
        """Start it, or start it again with what it held."""
        settings = f"-p {self._port} -k {self._folder} -c listen_addresses=127.0.0.1 -c max_connections=200"
        if not self._durable:
            settings += " -c fsync=off"
        self._run("pg_ctl", "-w", "-l", self._folder / "log", "-o", settings, "start")

    @property
    def process(self) -> int:
        """The number of its first process."""
        return int((self._folder / "data" / "postmaster.pid").read_text().split()[0])

    def stop(self) -> None:
        """Stop it at once: every connection dies."""
        self._run("pg_ctl", "-m", "immediate", "stop")

    def _run(self, program: str, *arguments: str | Path) -> None:
        subprocess.run(
            [self._binaries / program, "-D", self._folder / "data", *arguments],
            check=True, capture_output=True, cwd=self._folder, **self._as_user,
        )  # fmt: skip

    def _end(self) -> None:
        with suppress(subprocess.CalledProcessError):
            self.stop()
        shutil.rmtree(self._folder, ignore_errors=True)


def _unprivileged(folder: Path) -> dict[str, object]:
    if os.geteuid() != 0:
        return {}
    names = {entry.pw_name for entry in pwd.getpwall()}
    user = pwd.getpwnam("postgres" if "postgres" in names else "nobody")
    os.chown(folder, user.pw_uid, user.pw_gid)
    return {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


if __name__ == "__main__":
    raise SystemExit(0 if server_binaries() else 1)
