"""SFTP: a directory of a server that is reached by SSH, and known by its host key before anything is told to it."""

import base64
import errno
import hashlib
import io
import socket
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

from approdo.connectors.files.places import Step
from approdo.sdk.errors import ApprodoError, ConfigError, TransientError
from approdo.sdk.text import marked as _

if TYPE_CHECKING:
    import paramiko

CONNECT_SECONDS = 20
QUIET_SECONDS = 60
"""So long the other side may say nothing; a long transfer may take as long as it needs."""

PORT = 22
CHUNK = 32 * 1024
KEY_KINDS = (
    ("ssh-ed25519",),
    ("ecdsa-sha2-nistp256", "ecdsa-sha2-nistp384", "ecdsa-sha2-nistp521"),
    ("rsa-sha2-512", "rsa-sha2-256", "ssh-rsa"),
)
"""The algorithms of each kind of host key."""


def fingerprint_of(key: bytes) -> str:
    """As `ssh-keygen -l` shows it."""
    return "SHA256:" + base64.b64encode(hashlib.sha256(key).digest()).decode().rstrip("=")


def fingerprint_problem(given: list[str]) -> str | None:
    """Whether each is a fingerprint as OpenSSH writes it."""
    return None if all(len(_decoded(one)) == 32 for one in given) else "not_a_fingerprint"


def _decoded(text: str) -> bytes:
    with suppress(ValueError):
        return base64.b64decode(text.removeprefix("SHA256:").rstrip("=") + "=", validate=True)
    return b""


class Sftp:
    """One connection, made for one parcel."""

    def __init__(self, settings: Mapping[str, Any]) -> None:
        self._settings = settings
        self._host, self._port = settings["host"], settings.get("port") or PORT
        self._directory = settings.get("directory") or "."
        self._transport: paramiko.Transport | None = None
        self._client: paramiko.SFTPClient | None = None
        path = self._directory if self._directory.startswith("/") else f"/~/{self._directory}".removesuffix("/.")
        self.address = f"sftp://{self._host}:{self._port}{path}"
        self.params = {"place": self.address, "host": self._host, "port": self._port}
        self.steps = (
            Step(_("Connection"), "server_answers", self._connect),
            Step(_("Host key"), "host_key_known", self._trust),
            Step(_("Sign-in"), "signed_in_there", self._sign_in),
            Step(_("Directory"), "directory_seen", self._enter),
        )

    def _connect(self, without: Sequence[str] = ()) -> None:
        """Agree on how to talk; `without` are kinds of host keys that the server is not asked for."""
        import paramiko

        with self._told(code="files_server_unreachable"):
            connection = socket.create_connection((self._host, self._port), timeout=CONNECT_SECONDS)
            try:
                self._transport = paramiko.Transport(connection, disabled_algorithms={"keys": without})
                self._transport.banner_timeout = self._transport.auth_timeout = CONNECT_SECONDS
                self._transport.start_client(timeout=CONNECT_SECONDS)
            except BaseException:
                connection.close()
                raise

    def _trust(self) -> None:
        """Raises `ConfigError`: `host_key_unknown` where none was entered, `host_key_changed` where it is another.

        A server has a key of each kind, and the one entered need not be of the kind that is asked for first.
        """
        known = self._settings.get("host_key") or []
        first = self._seen()
        if not known:
            raise ConfigError("host_key_unknown", **first)
        seen, others = first, [kind for kind in KEY_KINDS if first["algorithm"] not in kind]
        while _decoded(seen["seen"]) not in [_decoded(one) for one in known]:
            if not others:
                raise ConfigError("host_key_changed", known=", ".join(known), **first)
            wanted = others.pop(0)
            seen = self._seen_of(wanted) or seen

    def _seen(self) -> dict[str, Any]:
        key = self._connection.get_remote_server_key()
        return {"seen": fingerprint_of(key.asbytes()), "algorithm": key.get_name(), **self.params}

    def _seen_of(self, kind: Sequence[str]) -> dict[str, Any] | None:
        """The server's key of this kind, on a new connection; none where it has none."""
        self.close()
        try:
            self._connect(without=[name for other in KEY_KINDS if other is not kind for name in other])
        except TransientError:
            return None
        return self._seen()

    def _sign_in(self) -> None:
        import paramiko

        user, password = self._settings["user"], self._settings.get("password")
        key = private_key(self._settings)
        if key is None and not password:
            raise ConfigError("no_way_to_sign_in", **self.params)
        try:
            with self._told():
                left = self._connection.auth_publickey(user, key) if key else ["password"]
                if left and password:
                    left = self._connection.auth_password(user, password)
        except _Refused:
            left = ["refused"]
        except paramiko.AuthenticationException:
            left = ["refused"]
        if left:
            raise ConfigError("files_sign_in_refused", user=user, **self.params)

    def _enter(self) -> None:
        import paramiko

        with self._told():
            self._client = paramiko.SFTPClient.from_transport(self._connection)
            if self._client is None:
                raise TransientError("no_sftp", **self.params)
            channel = self._client.get_channel()
            if channel is not None:
                channel.settimeout(QUIET_SECONDS)
            self._client.chdir(self._directory)

    @property
    def _connection(self) -> "paramiko.Transport":
        assert self._transport is not None
        return self._transport

    @property
    def _files(self) -> "paramiko.SFTPClient":
        assert self._client is not None
        return self._client

    def exists(self, name: str) -> bool:
        """Also where it is a link that leads nowhere."""
        with self._told(name):
            try:
                self._files.lstat(name)
            except FileNotFoundError:
                return False
            return True

    def read(self, name: str) -> Iterator[bytes]:
        """What the file holds."""
        with self._told(name), self._files.open(name, "rb") as file:
            file.prefetch()
            while piece := file.read(CHUNK):
                yield piece

    def write(self, name: str, pieces: Iterable[bytes]) -> None:
        """Every piece is acknowledged, and in the end the server has to say that it has as many bytes as were sent."""
        with self._told(name):
            sent = 0
            with self._files.open(name, "wx") as file:  # not pipelined: then a piece that was refused goes unseen
                for piece in pieces:
                    file.write(piece)
                    sent += len(piece)
            size = self._files.stat(name).st_size
            if size != sent:
                raise TransientError("file_not_whole", name=name, size=size, sent=sent, **self.params)

    def rename(self, old: str, new: str) -> None:
        """At once where the server knows how; else what stands there goes first."""
        with self._told(new):
            try:
                self._files.posix_rename(old, new)
            except OSError as error:
                if not self._is_answer(error) or isinstance(error, FileNotFoundError):
                    raise
                self._rename_plainly(old, new)

    def _rename_plainly(self, old: str, new: str) -> None:
        try:
            self._files.rename(old, new)
        except OSError as error:
            if not self._is_answer(error) or not self.exists(new):
                raise
            self._files.remove(new)
            self._files.rename(old, new)

    def remove(self, name: str) -> None:
        """Remove the file, if there is one."""
        with self._told(name), suppress(FileNotFoundError):
            self._files.remove(name)

    def close(self) -> None:
        """Hang up."""
        if self._transport is not None:
            with suppress(Exception):
                self._transport.close()
            self._transport = self._client = None

    @contextmanager
    def _told(self, name: str = "", code: str = "files_connection_lost") -> Iterator[None]:
        """What the server or the line fails with, as an error of ours. Never quotes what was sent."""
        import paramiko

        try:
            yield
        except paramiko.AuthenticationException:
            raise _Refused from None
        except (paramiko.SSHException, EOFError, ConnectionError, TimeoutError, socket.gaierror) as error:
            raise TransientError(code, reason=_reason(error), **self.params) from None
        except OSError as error:
            raise self._answered(error, name, code) from None

    def _answered(self, error: OSError, name: str, code: str) -> ApprodoError:
        if error.errno == errno.ENOENT:
            return ConfigError("directory_missing", **self.params)
        if error.errno == errno.EACCES:
            return ConfigError("files_not_permitted", name=name, reason=_reason(error), **self.params)
        if self._is_answer(error):
            return TransientError("file_not_written", name=name, reason=_reason(error), **self.params)
        return TransientError(code, reason=_reason(error), **self.params)

    def _is_answer(self, error: OSError) -> bool:
        """Whether the server said so; else it is the line that failed."""
        if isinstance(error, TimeoutError | ConnectionError) or error.errno not in (None, errno.ENOENT, errno.EACCES):
            return False
        channel = self._client.get_channel() if self._client else None
        return channel is not None and not channel.closed  # before the transport knows that it ends


class _Refused(Exception):
    """Neither password nor key was accepted."""


def _reason(error: Exception) -> str:
    return (getattr(error, "strerror", None) or str(error) or type(error).__name__)[:200]


def private_key(settings: Mapping[str, Any]) -> "paramiko.PKey | None":
    """The key to sign in with, or none. Raises `ConfigError`: `key_unreadable`, `key_encrypted`."""
    import paramiko
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

    text = settings.get("private_key")
    if not text:
        return None
    password = (settings.get("passphrase") or "").encode() or None
    loaded = _loaded(f"{text}\n".encode(), password)
    for kind, made_by in (
        (ed25519.Ed25519PrivateKey, paramiko.Ed25519Key),
        (rsa.RSAPrivateKey, paramiko.RSAKey),
        (ec.EllipticCurvePrivateKey, paramiko.ECDSAKey),
    ):
        if isinstance(loaded, kind):
            plain = loaded.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.OpenSSH, serialization.NoEncryption()
            )
            made: paramiko.PKey = made_by.from_private_key(io.StringIO(plain.decode()))
            return made
    raise ConfigError("key_unreadable")


def _loaded(text: bytes, password: bytes | None) -> Any:
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives import serialization

    load = serialization.load_ssh_private_key if b"OPENSSH" in text else serialization.load_pem_private_key
    try:
        try:
            return load(text, password)
        except TypeError:
            if password is None:
                raise ConfigError("key_encrypted") from None
            return load(text, None)
    except (ValueError, UnsupportedAlgorithm):
        raise ConfigError("key_unreadable") from None
