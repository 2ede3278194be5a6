"""Real servers that files are put onto: OpenSSH's SFTP, and an FTP server with and without TLS."""

import base64
import hashlib
import os
import pwd
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Event, Thread
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from hub import free_port
from pyftpdlib.authorizers import DummyAuthorizer
from pyftpdlib.filesystems import AbstractedFS
from pyftpdlib.handlers import DTPHandler, FTPHandler, TLS_DTPHandler, TLS_FTPHandler
from pyftpdlib.ioloop import IOLoop
from pyftpdlib.servers import FTPServer

SSHD = shutil.which("sshd", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin")
MAY = "elradfmwMT"
"""All that a user of an FTP server may."""
NO_SSHD = "OpenSSH's server is not installed (Debian: apt-get install openssh-server)"


class SshServer:
    """An `sshd` of the test's own, as an unprivileged user; `folder` is where its user gets to.

    `refuses` are requests of SFTP that it does not know, such as `posix-rename`; `most` is how large a file may
    become; `read_only` lets nothing be written.
    """

    def __init__(self, *, refuses: str = "", most: int | None = None, read_only: bool = False) -> None:
        assert SSHD, NO_SSHD
        self._home = Path(tempfile.mkdtemp(prefix="approdo-sshd-"))
        self.folder = self._home / "files"
        self.folder.mkdir()
        self.port = free_port()
        self._options = f"{f'-P {refuses} ' if refuses else ''}{'-R ' if read_only else ''}"
        self._most = most
        self._process: subprocess.Popen[bytes] | None = None
        self.private_key = self._key("client")
        self._key("host")
        (self._home / "keys").write_text((self._home / "client.pub").read_text())
        self._user = self._unprivileged()
        self.user = pwd.getpwuid(self._user.get("user", os.geteuid())).pw_name

    def _key(self, name: str) -> str:
        with suppress(FileNotFoundError):
            (self._home / name).unlink()
        subprocess.run(
            ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", self._home / name], check=True, capture_output=True
        )
        return (self._home / name).read_text()

    def _unprivileged(self) -> dict[str, Any]:
        if os.geteuid() != 0:
            return {}
        user = pwd.getpwnam("nobody")
        for path in (self._home, *self._home.iterdir()):
            os.chown(path, user.pw_uid, user.pw_gid)
        return {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}

    @property
    def host_key(self) -> str:
        """Its fingerprint, reckoned from the file of the key."""
        key = base64.b64decode((self._home / "host.pub").read_text().split()[1])
        return "SHA256:" + base64.b64encode(hashlib.sha256(key).digest()).decode().rstrip("=")

    def settings(self, **changes: Any) -> dict[str, Any]:
        """A node's."""
        return {
            "place": "sftp", "host": "127.0.0.1", "port": self.port, "user": self.user,
            "private_key": self.private_key.strip(), "host_key": [self.host_key], "directory": str(self.folder),
        } | changes  # fmt: skip

    def change_host_key(self) -> None:
        """As somebody else would have it."""
        self.stop()
        self._key("host")
        if self._user:
            os.chown(self._home / "host", self._user["user"], self._user["group"])
        self.start()

    def start(self) -> "SshServer":
        """Start it, or start it again."""
        arguments = {
            "Port": self.port, "ListenAddress": "127.0.0.1", "HostKey": self._home / "host", "PidFile": "none",
            "AuthorizedKeysFile": self._home / "keys", "StrictModes": "no", "UsePAM": "yes", "LogLevel": "VERBOSE",
            "Subsystem": f"sftp internal-sftp {self._options}", "PasswordAuthentication": "yes",
        }  # fmt: skip
        config = self._home / "config"
        config.write_text("".join(f"{name} {value}\n" for name, value in arguments.items()))
        with (self._home / "log").open("ab") as log:
            self._process = subprocess.Popen(
                ["/bin/sh", "-c", f"{self._limits()}exec {SSHD} -D -e -f {config}"],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True, **self._user,
            )  # fmt: skip
        _wait_for_port(self.port)
        return self

    def _limits(self) -> str:
        # In blocks of 512 bytes. A write beyond is refused, as on a full disk.
        return f"trap '' XFSZ; ulimit -f {self._most // 512}; " if self._most else ""

    def stop(self) -> None:
        """As if the plug was pulled: every connection dies in the middle of what it does."""
        if self._process is not None:
            for child in _children(self._process.pid):
                with suppress(ProcessLookupError):
                    os.kill(child, 9)
            self._process.kill()
            self._process.wait()
            self._process = None

    @property
    def log(self) -> str:
        """What it says."""
        return (self._home / "log").read_text()

    @contextmanager
    def running(self) -> Iterator["SshServer"]:
        """Answers while inside."""
        try:
            yield self.start()
        finally:
            self.stop()
            shutil.rmtree(self._home, ignore_errors=True)


def _children(process: int) -> list[int]:
    found = subprocess.run(["ps", "-o", "pid=", "--ppid", str(process)], capture_output=True, text=True, check=False)
    direct = [int(pid) for pid in found.stdout.split()]
    return [pid for child in direct for pid in (*_children(child), child)]


def _wait_for_port(port: int) -> None:
    end = time.monotonic() + 20
    while time.monotonic() < end:
        with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
            return
        time.sleep(0.02)
    raise AssertionError(f"nothing listens on {port}")


class FtpServer:
    """An FTP server in a thread of its own, that can be made to fail.

    `cut_after` ends every connection once so many bytes of a file have come; `full` has no room for any; the other
    faults are those of a system whose files cannot be renamed onto each other, that tells no `sizes`, or of a user who `may` only read.
    """

    def __init__(self, *, tls: bool = True, renames_onto: bool = True, sizes: bool = True, may: str = MAY) -> None:
        self._home = Path(tempfile.mkdtemp(prefix="approdo-ftp-"))
        self.folder = self._home / "files"
        self.folder.mkdir()
        self.port = free_port()
        self.tls, self._renames_onto, self.sizes, self._may = tls, renames_onto, sizes, may
        self.cut_after: int | None = None
        self.full = False
        self.resumed: list[bool] = []
        self.certificate = _certificate(self._home / "server.pem")
        self._server: FTPServer | None = None
        self._thread: Thread | None = None

    def settings(self, **changes: Any) -> dict[str, Any]:
        """A node's."""
        known = {"place": "ftps", "certificate": self.certificate} if self.tls else {"place": "ftp"}
        return {
            **known, "host": "127.0.0.1", "port": self.port, "user": "erp", "password": "open sesame",
            "directory": "/", **changes,
        }  # fmt: skip

    def start(self) -> "FtpServer":
        """Start it, or start it again."""
        ioloop = IOLoop()
        self._server = FTPServer(("127.0.0.1", self.port), self._handler(), ioloop=ioloop)
        self._thread = Thread(target=self._server.serve_forever, kwargs={"timeout": 0.05, "handle_exit": False})
        self._ended = Event()
        ioloop.call_every(0.05, lambda: self._server.close_all() if self._ended.is_set() else None)
        self._thread.start()
        return self

    def stop(self) -> None:
        """Every connection ends."""
        if self._thread is not None:
            self._ended.set()
            self._thread.join(20)
            assert not self._thread.is_alive()
            self._thread = None

    def _handler(self) -> type[FTPHandler]:
        handler, data = (TLS_FTPHandler, TLS_DTPHandler) if self.tls else (FTPHandler, DTPHandler)
        authorizer = DummyAuthorizer()
        authorizer.add_user("erp", "open sesame", str(self.folder), perm=self._may)
        members: dict[str, Any] = {
            "authorizer": authorizer, "abstracted_fs": self._filesystem(), "dtp_handler": self._data(data),
            "use_sendfile": False, "auth_failed_timeout": 0,
        }  # fmt: skip
        if self.tls:
            members |= {"tls_control_required": True, "tls_data_required": True}
            members["certfile"] = str(self._home / "server.pem")
        if not self.sizes:
            members["ftp_SIZE"] = lambda handler, _path: handler.respond("502 Not known here.")
        made: type[FTPHandler] = type("Handler", (handler,), members)
        return made

    def _filesystem(self) -> type[AbstractedFS]:
        server = self

        class Filesystem(AbstractedFS):
            def rename(self, src: str, dst: str) -> None:
                if not server._renames_onto and Path(dst).exists():
                    raise FileExistsError(17, "File exists", dst)
                super().rename(src, dst)

            def open(self, filename: str, mode: str) -> Any:
                if server.full and "w" in mode:
                    Path(filename).touch()
                    filename = "/dev/full"
                return Path(filename).open(mode, buffering=0)

        return Filesystem

    def _data(self, base: type[DTPHandler]) -> type[DTPHandler]:
        server = self

        class Data(base):  # type: ignore[misc, valid-type]
            def handle_read_event(self) -> None:
                super().handle_read_event()
                if server.cut_after is not None and self.get_transmitted_bytes() >= server.cut_after:
                    server._ended.set()
                    self.cmd_channel.close()
                    self.close()

            def close(self) -> None:
                if server.tls and not self._closed and getattr(self, "_ssl_established", False):
                    server.resumed.append(_resumed(self.socket))
                super().close()

        return Data

    @contextmanager
    def running(self) -> Iterator["FtpServer"]:
        """Answers while inside."""
        try:
            yield self.start()
        finally:
            self.stop()
            shutil.rmtree(self._home, ignore_errors=True)


def _resumed(connection: Any) -> bool:
    from OpenSSL.SSL import _lib

    return bool(_lib.SSL_session_reused(connection._ssl))


def _certificate(path: Path) -> str:
    """A certificate that nobody vouches for, with its key; gives its fingerprint."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "ftp.example.com")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    secret = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path.write_bytes(made.public_bytes(serialization.Encoding.PEM) + secret)
    return made.fingerprint(hashes.SHA256()).hex(":").upper()
