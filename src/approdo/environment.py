"""Settings from the environment or `.env`, each with a default that works and each also as `…_FILE`.

Imports no Django, so that `approdo --help` and a clear refusal stay quick.
"""

import contextlib
import os
import re
import secrets
import socket
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit

from cryptography.fernet import Fernet
from dotenv import load_dotenv

from approdo.sdk.errors import ConfigError

PREFIX = "APPRODO_"
KEYS_FILE = "encryption.keys"

MAIL = {
    "smtp": ("smtp", 25),
    "submission": ("smtp", 587),
    "smtps": ("smtp", 465),
    "file": ("filebased", 0),
    "consolemail": ("console", 0),
}
"""By the kind of mail address: Django's backend, and the usual port."""

EMAIL_SECONDS = 15

load_dotenv(Path.cwd() / ".env")


def setting(name: str, default: str = "") -> str:
    """The value of `APPRODO_<name>`, or what the file named by `APPRODO_<name>_FILE` holds.

    Raises `ConfigError` when that file cannot be read.
    """
    path = os.environ.get(f"{PREFIX}{name}_FILE")
    if path:
        try:
            return Path(path).read_text().strip()
        except OSError as error:
            raise ConfigError(
                "unreadable_setting_file", name=f"{PREFIX}{name}_FILE", reason=error.strerror or ""
            ) from None
    return os.environ.get(f"{PREFIX}{name}", "").strip() or default


def whole_number(name: str, default: int, least: int = 0) -> int:
    """A setting that has to be a whole number, not below `least`; raises `ConfigError` otherwise."""
    text = setting(name, str(default))
    if not text.isdecimal():
        raise ConfigError("setting_not_a_number", name=f"{PREFIX}{name}", value=text)
    if int(text) < least:
        raise ConfigError("setting_too_small", name=f"{PREFIX}{name}", value=text, least=least)
    return int(text)


def choice(name: str, choices: Sequence[str], default: str) -> str:
    """A setting that has to be one of these words; raises `ConfigError` otherwise."""
    text = setting(name, default).lower()
    if text not in choices:
        raise ConfigError("setting_not_a_choice", name=f"{PREFIX}{name}", value=text, choices=", ".join(choices))
    return text


def home() -> Path:
    """Where the embedded databases, keys and locks live; made on first use, readable by its owner only."""
    path = Path(setting("HOME", str(Path.home() / ".approdo"))).expanduser().absolute()
    try:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise ConfigError("home_not_writable", path=str(path), reason=error.strerror or "") from None
    return path


def database_url() -> str:
    """The PostgreSQL address, or nothing for the embedded SQLite file."""
    url = setting("DATABASE_URL")
    if url and not url.startswith(("postgresql://", "postgres://")):
        raise ConfigError("unknown_database", scheme=url.split(":", 1)[0])
    return url


def email() -> dict[str, Any]:
    """Django's settings for what `APPRODO_EMAIL_URL` says; empty without it. Raises `ConfigError`.

    `smtp://`, `submission://` (STARTTLS) or `smtps://` with user, password, host, port and `?from=`; for
    trials `file:/a/folder` and `consolemail:`.
    """
    url = setting("EMAIL_URL")
    if not url:
        return {}
    parts = urlsplit(url)
    query = dict(parse_qsl(parts.query))
    given: dict[str, Any] = {"EMAIL_TIMEOUT": EMAIL_SECONDS}
    try:
        backend, port = MAIL[parts.scheme]
        given |= {"EMAIL_BACKEND": f"django.core.mail.backends.{backend}.EmailBackend"}
        if port:
            given |= _mail_server(parts, port)
    except (KeyError, ValueError):
        raise ConfigError("bad_email_url", name=f"{PREFIX}EMAIL_URL", known=", ".join(MAIL)) from None
    if backend == "filebased":
        given["EMAIL_FILE_PATH"] = unquote(parts.path)
    sender = query.get("from") or (given.get("EMAIL_HOST_USER") if "@" in given.get("EMAIL_HOST_USER", "") else "")
    return given | {"DEFAULT_FROM_EMAIL": sender or f"approdo@{socket.getfqdn()}"}


def _mail_server(parts: SplitResult, port: int) -> dict[str, Any]:
    if not parts.hostname:
        raise ValueError(parts.scheme)
    return {
        "EMAIL_HOST": parts.hostname,
        "EMAIL_PORT": parts.port or port,
        "EMAIL_HOST_USER": unquote(parts.username or ""),
        "EMAIL_HOST_PASSWORD": unquote(parts.password or ""),
        "EMAIL_USE_TLS": parts.scheme == "submission",
        "EMAIL_USE_SSL": parts.scheme == "smtps",
    }


def public_url() -> str:
    """The address that people use, `https://…` behind a proxy; empty where nobody said. Without a path."""
    url = setting("URL").rstrip("/")
    if url and not re.fullmatch(r"https?://[^\s/?#@]+", url):
        raise ConfigError("setting_not_a_url", name=f"{PREFIX}URL", value=url)
    return url


def secret_key() -> str:
    """Signs sessions. Made once beside the embedded database; required with PostgreSQL."""
    return setting("SECRET_KEY") or _kept("secret.key", secrets.token_urlsafe(50), "SECRET_KEY")


def encryption_keys() -> list[str]:
    """Fernet keys, newest first. Made once beside the embedded database; required with PostgreSQL."""
    given = setting("ENCRYPTION_KEYS") or _kept(KEYS_FILE, Fernet.generate_key().decode(), "ENCRYPTION_KEYS")
    keys = given.replace(",", " ").split()
    try:
        for key in keys:
            Fernet(key)
    except ValueError:
        raise ConfigError("bad_encryption_key", name=f"{PREFIX}ENCRYPTION_KEYS") from None
    return keys


def encryption_keys_place() -> str:
    """Where the encryption keys come from: the name of the variable, or the path of the file."""
    path = os.environ.get(f"{PREFIX}ENCRYPTION_KEYS_FILE")
    if path:
        return path
    return f"{PREFIX}ENCRYPTION_KEYS" if setting("ENCRYPTION_KEYS") else str(home() / KEYS_FILE)


def _kept(file_name: str, fresh: str, name: str) -> str:
    if database_url():
        raise ConfigError("setting_required", name=f"{PREFIX}{name}")
    path = home() / file_name
    if not path.exists():
        # Written whole under another name, then linked: of two processes that start together one
        # makes the key, and both read the same.
        draft = path.with_name(f"{file_name}.{os.getpid()}")
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w") as file:
            file.write(fresh)
        with contextlib.suppress(FileExistsError):
            os.link(draft, path)
        draft.unlink()
    return path.read_text().strip()
