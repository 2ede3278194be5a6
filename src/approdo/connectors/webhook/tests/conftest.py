"""A receiver over HTTPS, with a certificate that this process trusts."""

import base64
from datetime import UTC, datetime
from typing import Any

import pytest
from certificates import Authority
from msgspec import Struct
from receivers import WebhookReceiver

from approdo.connectors import webhook
from approdo.sdk.connector import Context, RequestMade
from approdo.sdk.exports import Parcel
from approdo.sdk.options import clean

SECRET = "whsec_" + base64.b64encode(b"signing-with-thirty-two-bytes-ok").decode()
FORMER = "whsec_" + base64.b64encode(b"another-with-thirty-two-bytes-ok").decode()
CLAIMED = datetime(2026, 5, 1, 12, tzinfo=UTC)


@pytest.fixture(scope="session")
def authority(tmp_path_factory):
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture
def receiver(authority, monkeypatch):
    monkeypatch.setenv("SSL_CERT_FILE", str(authority.path))
    with WebhookReceiver(authority.certificate("127.0.0.1", "localhost", "erp.example.com")).running() as running:
        yield running


class Node(Struct):
    """A node's settings, and what was recorded of the requests."""

    settings: dict[str, Any]
    made: list[RequestMade]

    @property
    def context(self) -> Context:
        return Context(account="node-1", settings=self.settings, record=self.made.append)


def node(address: str, **options: Any) -> Node:
    given = {"address": address, "inner": True, "secret": SECRET, **options}
    return Node(clean(webhook.NODE_TYPE.options, given), [])


def parcel(*numbers: str, name: str = "12-5ad0f29c", attempt: int = 1) -> Parcel:
    documents = [{"id": 17 + place, "number": one} for place, one in enumerate(numbers or ("PO1", "PO2"))]
    return Parcel(
        id=name,
        connector="ERP",
        claimed_at=CLAIMED,
        attempt=attempt,
        documents=documents,
        written=lambda: iter([b'{"version":1,"batch":"12","documents":[', b'{"number":"PO1"}\n]}\n']),
        media_type="application/json",
        suffix=".json",
    )
