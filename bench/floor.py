"""The least work that brings orders into a database: what `import_orders` compares the hub with.

Pages fetched over the hub's HTTP client, the next one while one is stored; each order's raw text digested, and what
is kept with this digest passed over. Else its JSON is decoded, the text kept compressed, documents and lines written
with bare `sqlite3`, or copied straight into PostgreSQL's tables by keys taken beforehand (`COPY`); one durable
transaction a page. No retries, no versions, no coverage, no differences.

    python bench/floor.py URL CREDENTIALS DAYS FILE|postgresql://…

Once more on the same database it is a re-scan. Prints what was read, as `approdo run --json` does, and the seconds
from signing in to the last commit.
"""

import json
import sqlite3
import sys
import time
import zlib
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from functools import partial
from hashlib import blake2b
from typing import Any, NamedTuple

import httpx2
import msgspec
import psycopg

WINDOW = timedelta(days=6)
AGENT = "ApprodoBench/1 (Language=Python)"
TABLES = """
CREATE TABLE IF NOT EXISTS document (id {key} PRIMARY KEY, number text UNIQUE, state text, vendor text, ship_to text,
    date {moment}, digest {bytes}, raw {bytes});
CREATE INDEX IF NOT EXISTS document_date ON document (date, id);
CREATE TABLE IF NOT EXISTS line (document bigint, sequence text, asin text, sku text, quantity integer, unit text,
    size integer, cost {amount}, currency text, UNIQUE (document, sequence));
CREATE INDEX IF NOT EXISTS line_asin ON line (asin);
CREATE INDEX IF NOT EXISTS line_sku ON line (sku);
"""
SQLITE = {"key": "INTEGER", "moment": "text", "bytes": "blob", "amount": "text"}
POSTGRESQL = {"key": "bigserial", "moment": "timestamptz", "bytes": "bytea", "amount": "numeric"}
SETTINGS = """
PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA cache_size=-16384; PRAGMA wal_autocheckpoint=16384;
"""
DOCUMENT = "INSERT INTO document (number, state, vendor, ship_to, date, digest, raw) VALUES (?, ?, ?, ?, ?, ?, ?)"
LINE = "INSERT INTO line VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"
KNOWN = "SELECT id, number, digest FROM document WHERE number IN ({})"
GONE = ("DELETE FROM line WHERE document = ?", "DELETE FROM document WHERE id = ?")
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
        for page in _ahead(pages(client, f"{url}/vendor/orders/v1/purchaseOrders", headers, days)):
            store(page)
            count += len(page)
        return {"state": "succeeded", "counts": {"read": count}, "seconds": time.perf_counter() - began}


@contextmanager
def opened(database: str) -> Iterator[Callable[[Page], None]]:
    """What stores a page, its tables having been made."""
    if "://" in database:
        with psycopg.connect(database, autocommit=True) as server:
            server.execute(TABLES.format_map(POSTGRESQL))
            yield partial(_copy, server)
    else:
        with closing(sqlite3.connect(database, isolation_level=None)) as file:
            file.executescript(SETTINGS + TABLES.format_map(SQLITE))
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


def _ahead(given: Iterator[Page]) -> Iterator[Page]:
    """The same pages, each next one asked for meanwhile."""
    with ThreadPoolExecutor(1) as thread:
        coming = thread.submit(next, given, None)
        while (page := coming.result()) is not None:
            coming = thread.submit(next, given, None)
            yield page


class _Text(NamedTuple):
    number: str
    digest: bytes
    raw: bytes


class _Numbered(msgspec.Struct):
    number: str = msgspec.field(name="purchaseOrderNumber")


_NUMBERED = msgspec.json.Decoder(_Numbered)


def _store(database: sqlite3.Connection, page: Page) -> None:
    texts, known = _texts(page)
    database.execute("BEGIN IMMEDIATE")
    found = database.execute(KNOWN.format(", ".join("?" * len(known))), known)
    texts, gone = _new(texts, found.fetchall())
    for statement in GONE if gone else ():
        database.executemany(statement, gone)
    for text in texts:
        order = msgspec.json.decode(text.raw)
        document = database.execute(DOCUMENT, _document(order, text)).lastrowid
        database.executemany(LINE, [_line(document, item) for item in order["orderDetails"]["items"]])
    database.execute("COMMIT")


def _copy(database: psycopg.Connection, page: Page) -> None:
    texts, known = _texts(page)
    with database.transaction(), database.cursor() as cursor:
        found = cursor.execute(KNOWN.format(", ".join(["%s"] * len(known))), known)
        texts, gone = _new(texts, found.fetchall())
        for statement in GONE if gone else ():
            cursor.executemany(statement.replace("?", "%s"), gone)
        if not texts:
            return
        orders = [msgspec.json.decode(text.raw) for text in texts]
        numbers = [number for (number,) in cursor.execute(NUMBERS, (len(texts),))]
        with cursor.copy(DOCUMENTS) as documents:
            for number, order, text in zip(numbers, orders, texts, strict=True):
                documents.write_row((number, *_document(order, text)))
        with cursor.copy(LINES) as lines:
            for number, order in zip(numbers, orders, strict=True):
                for item in order["orderDetails"]["items"]:
                    lines.write_row(_line(number, item))


def _texts(page: Page) -> tuple[list[_Text], list[str]]:
    numbers = [_NUMBERED.decode(raw).number for raw in page]
    digests = (blake2b(raw, digest_size=16).digest() for raw in page)
    return [_Text(*parts) for parts in zip(numbers, digests, page, strict=True)], numbers


def _new(texts: list[_Text], found: list[tuple[int, str, bytes]]) -> tuple[list[_Text], list[tuple[int]]]:
    """What is not kept as it is, and the keys of what is kept otherwise."""
    given = {text.number: text.digest for text in texts}
    same = {number for _, number, digest in found if bytes(digest) == given[number]}
    return [text for text in texts if text.number not in same], [
        (one,) for one, number, _ in found if number not in same
    ]


def _document(order: dict[str, Any], text: _Text) -> tuple[Any, ...]:
    details = order["orderDetails"]
    place = (details["sellingParty"]["partyId"], details["shipToParty"]["partyId"], details["purchaseOrderDate"])
    return (text.number, order["purchaseOrderState"], *place, text.digest, zlib.compress(text.raw, 1))


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
