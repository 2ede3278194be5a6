"""The least work that brings orders into a database: what `import_orders` compares the hub with.

Pages fetched one after the other over the hub's HTTP client, JSON decoded, each order's raw text digested and
kept compressed, documents and lines written with bare `sqlite3`, or copied straight into PostgreSQL's tables by keys
taken beforehand (`COPY`); one durable transaction a page. No retries, no versions, no coverage, no differences.

    python bench/floor.py URL CREDENTIALS DAYS FILE|postgresql://…

Prints what was read, as `approdo run --json` does, and the seconds from signing in to the last commit.
"""

import json
import sqlite3
import sys
import time
import zlib
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from functools import partial
from hashlib import blake2b
from typing import Any

import httpx2
import msgspec
import psycopg

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
POSTGRESQL = """
CREATE TABLE document (id bigserial PRIMARY KEY, number text UNIQUE, state text, vendor text, ship_to text,
    date timestamptz, digest bytea, raw bytea);
CREATE INDEX document_date ON document (date, id);
CREATE TABLE line (document bigint, sequence text, asin text, sku text, quantity integer, unit text, size integer,
    cost numeric, currency text, UNIQUE (document, sequence));
CREATE INDEX line_asin ON line (asin);
CREATE INDEX line_sku ON line (sku);
"""
NUMBERS = "SELECT nextval('document_id_seq') FROM generate_series(1, %s)"
DOCUMENTS = "COPY document FROM STDIN"
LINES = "COPY line FROM STDIN"

Page = list[bytes]


def main(url: str, credentials: dict[str, str], days: int, database: str) -> dict[str, Any]:
    """Read everything once; returns how many orders that were, and the seconds."""
    count = 0
    with httpx2.Client(timeout=60) as client, opened(database) as store:
        began = time.perf_counter()
        form = {"grant_type": "refresh_token", **credentials}
        token = client.post(f"{url}/auth/o2/token", data=form).json()["access_token"]
        headers = {"x-amz-access-token": token, "user-agent": AGENT}
        for page in pages(client, f"{url}/vendor/orders/v1/purchaseOrders", headers, days):
            store(page)
            count += len(page)
        return {"state": "succeeded", "counts": {"read": count}, "seconds": time.perf_counter() - began}


@contextmanager
def opened(database: str) -> Iterator[Callable[[Page], None]]:
    """What stores a page, its tables having been made."""
    if "://" in database:
        with psycopg.connect(database, autocommit=True) as server:
            server.execute(POSTGRESQL)
            yield partial(_copy, server)
    else:
        with closing(sqlite3.connect(database, isolation_level=None)) as file:
            file.executescript(SCHEMA)
            yield partial(_store, file)


class _Payload(msgspec.Struct):
    orders: list[msgspec.Raw]
    pagination: dict[str, str] = {}


class _Page(msgspec.Struct):
    payload: _Payload


def pages(client: httpx2.Client, url: str, headers: dict[str, str], days: int) -> Iterator[Page]:
    """Every page, one after the other."""
    now = datetime.now(UTC)
    start = now - timedelta(days=days)
    while start < now:
        query = {"createdAfter": _iso(start), "createdBefore": _iso(min(start + WINDOW, now)), "limit": "100"}
        token: str | None = ""
        while token is not None:
            answer = client.get(url, params={**query, "nextToken": token} if token else query, headers=headers)
            payload = msgspec.json.decode(answer.content, type=_Page).payload
            yield [bytes(order) for order in payload.orders]
            token = payload.pagination.get("nextToken")
        start += WINDOW


def _store(database: sqlite3.Connection, page: Page) -> None:
    database.execute("BEGIN IMMEDIATE")
    for raw in page:
        order = msgspec.json.decode(raw)
        document = database.execute(DOCUMENT, _document(order, raw)).lastrowid
        database.executemany(LINE, [_line(document, item) for item in order["orderDetails"]["items"]])
    database.execute("COMMIT")


def _copy(database: psycopg.Connection, page: Page) -> None:
    orders = [msgspec.json.decode(raw) for raw in page]
    with database.transaction(), database.cursor() as cursor:
        numbers = [number for (number,) in cursor.execute(NUMBERS, (len(page),))]
        with cursor.copy(DOCUMENTS) as documents:
            for number, order, raw in zip(numbers, orders, page, strict=True):
                documents.write_row((number, *_document(order, raw)))
        with cursor.copy(LINES) as lines:
            for number, order in zip(numbers, orders, strict=True):
                for item in order["orderDetails"]["items"]:
                    lines.write_row(_line(number, item))


def _document(order: dict[str, Any], raw: bytes) -> tuple[Any, ...]:
    details = order["orderDetails"]
    known = (order["purchaseOrderNumber"], order["purchaseOrderState"], details["sellingParty"]["partyId"])
    place = (details["shipToParty"]["partyId"], details["purchaseOrderDate"])
    return (*known, *place, blake2b(raw, digest_size=16).digest(), zlib.compress(raw, 1))


def _line(document: int | None, item: dict[str, Any]) -> tuple[Any, ...]:
    ordered, cost = item["orderedQuantity"], item.get("netCost") or {}
    names = (item["itemSequenceNumber"], item.get("amazonProductIdentifier"), item.get("vendorProductIdentifier"))
    quantity = (ordered["amount"], ordered["unitOfMeasure"], ordered.get("unitSize"))
    return (document, *names, *quantity, cost.get("amount"), cost.get("currencyCode"))


def _iso(moment: datetime) -> str:
    return f"{moment:%Y-%m-%dT%H:%M:%SZ}"


if __name__ == "__main__":
    _, amazon, signing_in, reach, kept = sys.argv
    sys.stdout.write(json.dumps(main(amazon, json.loads(signing_in), int(reach), kept)))
