"""API tokens: made once, stored as a digest."""

import hashlib
import secrets
from collections.abc import Sequence
from datetime import timedelta

from django.utils import timezone

from approdo.processes.models import Connector, Token

PREFIX = "apd_"
"""Begins every token, so that leaked ones can be searched for."""


def make_token(name: str, scopes: Sequence[str], connector: Connector | None = None) -> str:
    """Store a token and return it: the only time it can be read.

    Raises `ValidationError` for a name that exists.
    """
    secret = PREFIX + secrets.token_urlsafe(32)
    token = Token(
        name=name, digest=_digest(secret), scopes=list(scopes), connector=connector, created_at=timezone.now()
    )
    token.full_clean()
    token.save()
    return secret


def find_token(secret: str) -> Token | None:
    """The token behind what a caller sent; notes its use at most once a minute."""
    token = Token.objects.filter(digest=_digest(secret)).first()
    now = timezone.now()
    # Looked at before: on SQLite an update that changes nothing waits for the write lock all the same.
    if token is not None and (token.last_used_at is None or token.last_used_at < now - timedelta(minutes=1)):
        Token.objects.filter(pk=token.pk).update(last_used_at=now)
    return token


def _digest(secret: str) -> str:
    # 256 random bits need no slow hash: there is nothing to guess.
    return hashlib.sha256(secret.encode()).hexdigest()
