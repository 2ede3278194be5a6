"""One HTTP client per process, kept alive between requests."""

from functools import cache

import httpx2

CONNECT_SECONDS = 10
READ_SECONDS = 60


@cache
def http_client() -> httpx2.Client:
    """The process's client: keep-alive, no redirects, no proxy secrets in logs, bounded waits."""
    return httpx2.Client(
        timeout=httpx2.Timeout(READ_SECONDS, connect=CONNECT_SECONDS),
        follow_redirects=False,
        limits=httpx2.Limits(max_keepalive_connections=20, keepalive_expiry=30),
    )
