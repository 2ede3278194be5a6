"""The least work that brings orders into a database: what `import_orders` compares the hub with.

Pages fetched one after the other over the hub's HTTP client, JSON decoded, each order's raw text digested and
kept compressed, documents and lines written with bare `sqlite3`, one durable transaction a page. No retries, no
versions, no coverage, no differences.
"""

import json
import sqlite3
import sys
import zlib
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from hashlib import blake2b
from pathlib import Path
from typing import Any

import httpx2
import msgspec

DAYS = 171
WINDOW = timedelta(days=6)
AGENT = "ApprodoBench/1 (Language=Python)"
SCHEMA = """
PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;
CREATE TABLE document (id INTEGER PRIMARY KEY, number TEXT UNIQUE, state TEXT, vendor TEXT, ship_to TEXT, date TEXT,
    digest BLOB, raw BLOB);
CREATE INDEX document_date ON document (date, id);
CREATE TABLE line (document INTEGER, sequence TEXT, asin TEXT, sku TEXT, quantity INTEGER, unit TEXT, size INTEGER,
    cost TEXT, currency TEXT, UNIQUE (document, sequence));
CREATE INDEX line_asin ON line (asin);
CREATE INDEX line_sku ON line (sku);
"""
DOCUMENT = "INSERT INTO document (number, state, vendor, ship_to, date, digest, raw) VALUES (?, ?, ?, ?, ?, ?, ?)"
LINE = "INSERT INTO line VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"


def main(url: str, credentials: dict[str, str], file: Path) -> int:
    """Read everything once; returns how many orders that were."""
    count = 0
    with httpx2.Client(timeout=60) as client, closing(sqlite3.connect(file, isolation_level=None)) as database:
        database.executescript(SCHEMA)
        form = {"grant_type": "refresh_token", **credentials}
        token = client.post(f"{url}/auth/o2/token", data=form).json()["access_token"]
        headers = {"x-amz-access-token": token, "user-agent": AGENT}
        for page in pages(client, f"{url}/vendor/orders/v1/purchaseOrders", headers):
            _store(database, page)
            count += len(page)
    return count


class _Payload(msgspec.Struct):
    orders: list[msgspec.Raw]
    pagination: dict[str, str] = {}


class _Page(msgspec.Struct):
    payload: _Payload


def pages(client: httpx2.Client, url: str, headers: dict[str, str]) -> Iterator[list[bytes]]:
    now = datetime.now(UTC)
    start = now - timedelta(days=DAYS)
    while start < now:
        query = {"createdAfter": _iso(start), "createdBefore": _iso(min(start + WINDOW, now)), "limit": "100"}
        token: str | None = ""
        while token is not None:
            answer = client.get(url, params={**query, "nextToken": token} if token else query, headers=headers)
            payload = msgspec.json.decode(answer.content, type=_Page).payload
            yield [bytes(order) for order in payload.orders]
            token = payload.pagination.get("nextToken")
        start += WINDOW


def _store(database: sqlite3.Connection, page: list[bytes]) -> None:
    database.execute("BEGIN IMMEDIATE")
    for raw in page:
        order = msgspec.json.decode(raw)
        details = order["orderDetails"]
        known = (order["purchaseOrderNumber"], order["purchaseOrderState"], details["sellingParty"]["partyId"])
        place = (details["shipToParty"]["partyId"], details["purchaseOrderDate"])
        kept = (blake2b(raw, digest_size=16).digest(), zlib.compress(raw, 1))
        document = database.execute(DOCUMENT, (*known, *place, *kept)).lastrowid
        database.executemany(LINE, [_line(document, item) for item in details["items"]])
    database.execute("COMMIT")


def _line(document: int | None, item: dict[str, Any]) -> tuple[Any, ...]:
    ordered, cost = item["orderedQuantity"], item.get("netCost") or {}
    names = (item["itemSequenceNumber"], item.get("amazonProductIdentifier"), item.get("vendorProductIdentifier"))
    quantity = (ordered["amount"], ordered["unitOfMeasure"], ordered.get("unitSize"))
    return (document, *names, *quantity, cost.get("amount"), cost.get("currencyCode"))


def _iso(moment: datetime) -> str:
    return f"{moment:%Y-%m-%dT%H:%M:%SZ}"


if __name__ == "__main__":
    read = main(sys.argv[1], json.loads(sys.argv[2]), Path(sys.argv[3]))
    sys.stdout.write(json.dumps({"state": "succeeded", "counts": {"read": read}}))
