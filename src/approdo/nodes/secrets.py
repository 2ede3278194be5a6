"""Encryption at rest with keys of its own, newest first, so that keys can be rotated."""

import hashlib
from functools import cache
from typing import Any

import msgspec
from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings

from approdo.sdk.errors import ConfigError


@cache
def _fernet() -> MultiFernet:
    return MultiFernet([Fernet(key) for key in settings.ENCRYPTION_KEYS])


def encrypt(values: dict[str, Any]) -> str:
    """The values as an encrypted text that only the installation's keys open."""
    return seal(msgspec.json.encode(values)).decode()


def decrypt(text: str) -> dict[str, Any]:
    """What `encrypt` was given. Raises `ConfigError` when no key opens it."""
    if not text:
        return {}
    values: dict[str, Any] = msgspec.json.decode(unseal(text.encode()))
    return values


def seal(data: bytes) -> bytes:
    """The bytes encrypted."""
    return _fernet().encrypt(data)


def unseal(sealed: bytes) -> bytes:
    """What `seal` was given. Raises `ConfigError` when no key opens it."""
    try:
        return _fernet().decrypt(sealed)
    except InvalidToken:
        raise ConfigError("other_encryption_key") from None


def opens(sealed: bytes) -> bool:
    """Whether one of our keys opens it."""
    try:
        _fernet().decrypt(sealed)
    except InvalidToken:
        return False
    return True


def reseal(sealed: bytes) -> bytes:
    """The same bytes encrypted with the newest key. Raises `ConfigError` when no key opens them."""
    try:
        return _fernet().rotate(sealed)
    except InvalidToken:
        raise ConfigError("other_encryption_key") from None


def fingerprints() -> list[str]:
    """A fingerprint of each key, newest first. Tells keys apart and gives nothing of them away."""
    return [hashlib.sha256(b"approdo" + key.encode()).hexdigest()[:16] for key in settings.ENCRYPTION_KEYS]
