"""FTP over TLS, and without it where somebody has said so: a directory of an FTP server, passive mode only."""

import ftplib
import hashlib
import socket
import ssl
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Any

from approdo.connectors.files.places import Step
from approdo.sdk.errors import ApprodoError, ConfigError, RefusedError, TransientError
from approdo.sdk.text import marked as _

CONNECT_SECONDS = 20
QUIET_SECONDS = 60
"""So long the other side may say nothing; a long transfer may take as long as it needs."""

CHUNK = 64 * 1024
_UNKNOWN_COMMAND = ("500", "501", "502", "504")
_NOT_PERMITTED = ("532", "550", "553")
_FULL = "552"


def certificate_problem(text: str) -> str | None:
    """Whether the text is a SHA-256 fingerprint, as `openssl x509 -fingerprint -sha256` writes it."""
    plain = _plain(text)
    return None if len(plain) == 64 and set(plain) <= set("0123456789abcdef") else "not_a_certificate_fingerprint"


def _plain(text: str) -> str:
    return text.lower().replace(":", "").removeprefix("sha256=")


def fingerprint_of(certificate: bytes) -> str:
    """As OpenSSL writes it: pairs of digits, colons between them."""
    return hashlib.sha256(certificate).digest().hex(":").upper()


class Ftp:
    """One connection, made for one parcel."""

    def __init__(self, settings: Mapping[str, Any]) -> None:
        self._settings = settings
        self._secure = settings["place"] == "ftps"
        self._host, self._port = settings["host"], settings.get("port") or ftplib.FTP_PORT
        self._directory = settings.get("directory") or ""
        self._session: ftplib.FTP | None = None
        scheme = "ftps" if self._secure else "ftp"
        path = self._directory if self._directory.startswith("/") else f"/~/{self._directory}".removesuffix("/")
        self.address = f"{scheme}://{self._host}:{self._port}{path}"
        self.params = {"place": self.address, "host": self._host, "port": self._port}
        certificate = (Step(_("Certificate"), "certificate_known", self._trust),) if self._secure else ()
        self.steps = (
            Step(_("Connection"), "server_answers", self._connect),
            *certificate,
            Step(_("Sign-in"), "signed_in_there", self._sign_in),
            Step(_("Directory"), "directory_seen", self._enter),
        )

    def _connect(self) -> None:
        secured = _Secured(self._settings.get("certificate")) if self._secure else None
        self._session = self._greeted(secured or ftplib.FTP())  # noqa: S321  (somebody has said that it may be)

    def _greeted(self, session: ftplib.FTP) -> ftplib.FTP:
        # What a server says need not be UTF-8; as Latin-1 every byte can be read.
        session.encoding = "latin-1"
        with self._told(code="files_server_unreachable"):
            session.connect(self._host, self._port, timeout=CONNECT_SECONDS)
        return session

    def _trust(self) -> None:
        """Raises `ConfigError`: `no_tls`, `certificate_unknown` or `certificate_changed`, saying which one was seen."""
        secured = self._ftp
        assert isinstance(secured, _Secured)
        with self._told():
            try:
                secured.auth()
            except ftplib.error_perm:
                raise ConfigError("no_tls", **self.params) from None
            except _Untrusted as untrusted:
                seen = untrusted.seen or self._certificate_seen()
                code = "certificate_changed" if self._settings.get("certificate") else "certificate_unknown"
                raise ConfigError(code, seen=seen, reason=untrusted.reason, **self.params) from None

    def _certificate_seen(self) -> str:
        """Which certificate the server shows, told to nobody but us: nothing is said on this connection."""
        other = self._greeted(_Secured("", look=True))
        assert isinstance(other, _Secured)
        try:
            with self._told():
                other.auth()
            return other.seen
        finally:
            other.close()

    def _sign_in(self) -> None:
        user = self._settings["user"]
        try:
            # Not `login`: it would begin TLS by itself, and quote the answer to the password in what it raises.
            with self._told():
                answer = self._ftp.sendcmd(f"USER {_sent(user)}")
                if answer.startswith("3"):
                    answer = self._ftp.sendcmd(f"PASS {_sent(self._settings.get('password') or '')}")
        except (ConfigError, RefusedError):
            raise ConfigError("files_sign_in_refused", user=user, **self.params) from None
        if not answer.startswith("2"):
            raise ConfigError("files_sign_in_refused", user=user, **self.params)

    def _enter(self) -> None:
        with self._told():
            if isinstance(self._ftp, _Secured):
                self._ftp.prot_p()
            self._ftp.voidcmd("TYPE I")
        try:
            with self._told():
                if self._directory:
                    self._ftp.cwd(_sent(self._directory))
        except (ConfigError, RefusedError):
            raise ConfigError("directory_missing", **self.params) from None
        if self._ftp.sock is not None:
            self._ftp.sock.settimeout(QUIET_SECONDS)
            # Nothing is said on this connection while a file is on its way: routers would forget it.
            self._ftp.sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        self._ftp.timeout = QUIET_SECONDS

    @property
    def _ftp(self) -> ftplib.FTP:
        assert self._session is not None
        return self._session

    def exists(self, name: str) -> bool:
        """By its size; where the server does not tell sizes, by the list of names."""
        size = self._size(name)
        return name in self._names() if size is None else size >= 0

    def _size(self, name: str) -> int | None:
        """Its size; -1 where it is not there, none where the server does not tell."""
        with self._told(name):
            try:
                return self._ftp.size(name)
            except ftplib.error_perm as error:
                return None if str(error).startswith(_UNKNOWN_COMMAND) else -1

    def _names(self) -> list[str]:
        with self._told():
            try:
                return [one.rpartition("/")[2] for one in self._ftp.nlst()]
            except ftplib.error_perm as error:
                if str(error).startswith("550"):  # how some servers say that there is none
                    return []
                raise

    def read(self, name: str) -> Iterator[bytes]:
        """What the file holds."""
        with self._told(name):
            self._ftp.voidcmd("TYPE I")
            with self._ftp.transfercmd(f"RETR {name}") as connection:
                while piece := connection.recv(CHUNK):
                    yield piece
                _hang_up(connection)
            self._ftp.voidresp()

    def write(self, name: str, pieces: Iterable[bytes]) -> None:
        """The server says that it has all of it, and as many bytes as were sent, where it tells sizes."""
        sent = 0
        with self._told(name):
            self._ftp.voidcmd("TYPE I")
            with self._ftp.transfercmd(f"STOR {name}") as connection:
                for piece in pieces:
                    connection.sendall(piece)
                    sent += len(piece)
                _hang_up(connection)
            self._ftp.voidresp()
        size = self._size(name)
        if size not in (None, sent):
            raise TransientError("file_not_whole", name=name, size=size, sent=sent, **self.params)

    def rename(self, old: str, new: str) -> None:
        """Where the server does not rename onto what is there, that goes first."""
        try:
            self._renamed(old, new)
        except (ConfigError, RefusedError):
            if not self.exists(new):
                raise
            self.remove(new)
            self._renamed(old, new)

    def _renamed(self, old: str, new: str) -> None:
        with self._told(new):
            self._ftp.rename(old, new)

    def remove(self, name: str) -> None:
        """Remove the file, if there is one. What may not be removed shows when it is written."""
        with self._told(name), suppress(ftplib.error_perm):
            self._ftp.delete(name)

    def close(self) -> None:
        """Hang up."""
        if self._session is not None:
            with suppress(OSError, EOFError, ftplib.Error):
                self._session.close()
            self._session = None

    @contextmanager
    def _told(self, name: str = "", code: str = "files_connection_lost") -> Iterator[None]:
        """What the server or the line fails with, as an error of ours. Never quotes what was sent."""
        try:
            yield
        except _Untrusted as untrusted:
            raise ConfigError("certificate_changed", seen=untrusted.seen, reason="", **self.params) from None
        except ftplib.error_perm as error:
            raise self._refused(str(error), name) from None
        except ftplib.error_temp as error:
            raise TransientError("file_not_written", name=name, reason=_line(str(error)), **self.params) from None
        except (ftplib.Error, EOFError) as error:
            reason = _line(str(error)) or "EOF"
            raise TransientError(code, reason=reason, **self.params) from None
        except OSError as error:
            reason = (error.strerror or str(error) or type(error).__name__)[:200]
            raise TransientError(code, reason=reason, **self.params) from None

    def _refused(self, answer: str, name: str) -> ApprodoError:
        params = {"name": name, "reason": _line(answer), **self.params}
        if answer.startswith(_FULL):
            return TransientError("file_not_written", **params)
        if answer.startswith(_NOT_PERMITTED):
            return ConfigError("files_not_permitted", **params)
        return RefusedError("file_not_taken", **params)


class _Untrusted(Exception):
    def __init__(self, reason: str, seen: str = "") -> None:
        self.reason, self.seen = reason, seen


class _Secured(ftplib.FTP_TLS):
    """FTP over TLS whose data goes the same protected way: the same certificate, the same TLS session.

    `certificate` is the fingerprint of the only one that counts; without it, whoever an authority vouches for.
    """

    def __init__(self, certificate: str | None, *, look: bool = False) -> None:
        self._known, self._look, self.seen = _plain(certificate or ""), look, ""
        context = ssl.create_default_context()
        if self._known or look:
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
        super().__init__(context=context)

    def auth(self) -> str:
        try:
            answer = super().auth()
        except ssl.SSLCertVerificationError as error:
            raise _Untrusted(error.verify_message) from None
        self._checked(self.sock)
        return answer

    def ntransfercmd(self, cmd: str, rest: int | str | None = None) -> tuple[socket.socket, int | None]:
        """The data's connection goes on with the session of the control's, by which the server knows that it is us."""
        plain, size = ftplib.FTP.ntransfercmd(self, cmd, rest)  # noqa: S321  (the parent's parent)
        try:
            session = self.sock.session if isinstance(self.sock, ssl.SSLSocket) else None
            secured = self.context.wrap_socket(plain, server_hostname=self.host, session=session)
            self._checked(secured)
        except BaseException:
            plain.close()
            raise
        return secured, size

    def _checked(self, connection: Any) -> None:
        self.seen = fingerprint_of(connection.getpeercert(binary_form=True) or b"")
        if self._known and not self._look and _plain(self.seen) != self._known:
            raise _Untrusted("", self.seen)


def _hang_up(connection: socket.socket) -> None:
    """Tell the other side that this was all. Some do not answer; whether all came is asked afterwards."""
    if isinstance(connection, ssl.SSLSocket):
        with suppress(OSError):
            connection.unwrap()


def _sent(text: str) -> str:
    """As it has to stand in a command, so that it goes out as UTF-8."""
    return text.encode().decode("latin-1")


def _line(answer: str) -> str:
    return " ".join(answer.split())[:200]
