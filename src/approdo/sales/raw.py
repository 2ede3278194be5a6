"""Raw texts as they are kept: compressed, and sealed where they name a consumer."""

import zlib
from hashlib import blake2b

from approdo.nodes import secrets
from approdo.sales.models import DocumentVersion, SetAside, StatusVersion

COMPRESSION = 1  # measured: higher levels save little on orders of a few kilobytes


def digest(data: bytes) -> bytes:
    """A 16-byte fingerprint by which kept bytes are known again (BLAKE2b, RFC 7693)."""
    return blake2b(data, digest_size=16).digest()


def compress(raw: bytes) -> bytes:
    """Raw text as it is stored: a page's orders are most of the database."""
    return zlib.compress(raw, COMPRESSION)


def sealed(raw: bytes) -> bytes:
    """The same, encrypted."""
    return secrets.seal(compress(raw))


def is_sealed(kept: DocumentVersion | StatusVersion | SetAside) -> bool:
    """Whether what was kept may name a consumer; a status never does."""
    return not isinstance(kept, StatusVersion) and kept.sealed


def raw_bytes(kept: DocumentVersion | StatusVersion | SetAside) -> bytes:
    """The raw bytes of what was kept, exactly as they came; without the consumer once that is purged."""
    return opened(bytes(kept.raw), is_sealed(kept))


def opened(stored: bytes, is_sealed: bool) -> bytes:
    """What `compress`, or `sealed`, was given."""
    return zlib.decompress(secrets.unseal(stored) if is_sealed else stored)
