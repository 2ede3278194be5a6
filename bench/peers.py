"""What a user would write instead of taking the hub: `python-amazon-sp-api` and Django's models.

    .venv-bench/bin/python bench/peers.py URL CREDENTIALS DAYS DATABASE each|page|bulk

Pages of orders fetched by `VendorOrders.get_purchase_orders` in a plain loop over its tokens (its own `load_all_pages`
would wait two seconds a page), each order kept as it came beside its lines (`peer_models.py`), in one of three ways:

- `each`: `update_or_create` for every order and every line, as most would write it. Django is in autocommit mode, so
  that each of them is a transaction of its own.
- `page`: the same within one transaction a page.
- `bulk`: two `bulk_create(update_conflicts=True)` and one transaction a page, as whoever has waited long enough writes.

None of them has versions, coverage, retries, or notices a line that went away. Of the library nothing is patched: it
only knows Amazon's own addresses, so a marketplace of ours and a subclass of its `AccessTokenClient` name others; and
since the simulated Amazon insists on a user agent of the form that Amazon asks for, a subclass of the client has one.
SQLite is in WAL mode and as durable as the hub's. DATABASE is a file or the address of a PostgreSQL database; tables
that are missing in it are made. Prints what was read, as `approdo run --json` does, and the seconds from signing in to
the last commit.
"""

import json
import sys
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from types import SimpleNamespace
from typing import Any
from urllib.parse import urlsplit

import django
from django.conf import settings
from django.db import connection, transaction
from psycopg.conninfo import conninfo_to_dict
from sp_api.api import VendorOrders
from sp_api.auth import AccessTokenClient

WINDOW = timedelta(days=6)
AGENT = "ApprodoBench/1 (Language=Python)"
KNOWN = {"dbname": "NAME", "user": "USER", "host": "HOST", "port": "PORT", "password": "PASSWORD"}

Order = dict[str, Any]


def main(url: str, credentials: dict[str, str], days: int, database: str, way: str) -> None:
    """Read everything once."""
    settings.configure(DATABASES={"default": _database(database)}, DEFAULT_AUTO_FIELD="django.db.models.BigAutoField")
    django.setup()
    _make_tables()
    began = time.perf_counter()
    read = 0
    with _client(url, credentials) as client:
        for page in _pages(client, days):
            WAYS[way](page)
            read += len(page)
    said = {"state": "succeeded", "counts": {"read": read}, "seconds": time.perf_counter() - began}
    sys.stdout.write(json.dumps(said))


def _database(given: str) -> dict[str, Any]:
    if "://" in given:
        parts = {KNOWN[name]: value for name, value in conninfo_to_dict(given).items() if name in KNOWN}
        return {"ENGINE": "django.db.backends.postgresql", **parts}
    durable = {"init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;"}
    return {"ENGINE": "django.db.backends.sqlite3", "NAME": given, "OPTIONS": durable}


def _make_tables() -> None:
    from peer_models import Document, Line

    if Document._meta.db_table not in connection.introspection.table_names():
        with connection.schema_editor() as editor:
            editor.create_model(Document)
            editor.create_model(Line)


def _client(url: str, credentials: dict[str, str]) -> VendorOrders:
    class Login(AccessTokenClient):
        scheme, host = "http://", urlsplit(url).netloc

    class Orders(VendorOrders):
        user_agent = AGENT

    names = {"lwa_app_id": "client_id", "lwa_client_secret": "client_secret", "refresh_token": "refresh_token"}
    return Orders(
        SimpleNamespace(endpoint=url, marketplace_id="APJ6JRA9NG5V4", region="eu-west-1"),
        credentials={theirs: credentials[ours] for theirs, ours in names.items()},
        auth_token_client_class=Login,
        timeout=60,
    )


def _pages(client: VendorOrders, days: int) -> Iterator[list[Order]]:
    now = datetime.now(UTC)
    start = now - timedelta(days=days)
    while start < now:
        asked = {"createdAfter": _iso(start), "createdBefore": _iso(min(start + WINDOW, now)), "limit": 100}
        answer = client.get_purchase_orders(**asked)
        yield answer.payload["orders"]
        while answer.next_token:
            answer = client.get_purchase_orders(**asked, nextToken=answer.next_token)
            yield answer.payload["orders"]
        start += WINDOW


def _each(orders: list[Order]) -> None:
    from peer_models import Document, Line

    for order in orders:
        document, _ = Document.objects.update_or_create(number=order["purchaseOrderNumber"], defaults=_document(order))
        for item in order["orderDetails"]["items"]:
            known = {"document": document, "sequence": item["itemSequenceNumber"]}
            Line.objects.update_or_create(**known, defaults=_line(item))


def _page(orders: list[Order]) -> None:
    with transaction.atomic():
        _each(orders)


def _bulk(orders: list[Order]) -> None:
    from peer_models import Document, Line

    with transaction.atomic():
        documents = Document.objects.bulk_create(
            [Document(number=order["purchaseOrderNumber"], **_document(order)) for order in orders],
            update_conflicts=True,
            unique_fields=["number"],
            update_fields=["state", "vendor", "ship_to", "date", "raw"],
        )
        Line.objects.bulk_create(
            [
                Line(document=document, sequence=item["itemSequenceNumber"], **_line(item))
                for document, order in zip(documents, orders, strict=True)
                for item in order["orderDetails"]["items"]
            ],
            update_conflicts=True,
            unique_fields=["document", "sequence"],
            update_fields=["asin", "sku", "quantity", "unit", "size", "cost", "currency"],
        )


WAYS: dict[str, Callable[[list[Order]], None]] = {"each": _each, "page": _page, "bulk": _bulk}


def _document(order: Order) -> dict[str, Any]:
    details = order["orderDetails"]
    return {
        "state": order["purchaseOrderState"],
        "vendor": details["sellingParty"]["partyId"],
        "ship_to": details["shipToParty"]["partyId"],
        "date": datetime.fromisoformat(details["purchaseOrderDate"]),
        "raw": order,
    }


def _line(item: dict[str, Any]) -> dict[str, Any]:
    ordered, cost = item["orderedQuantity"], item.get("netCost") or {}
    amount = cost.get("amount")
    return {
        "asin": item.get("amazonProductIdentifier"),
        "sku": item.get("vendorProductIdentifier"),
        "quantity": ordered["amount"],
        "unit": ordered["unitOfMeasure"],
        "size": ordered.get("unitSize"),
        "cost": None if amount is None else Decimal(amount),
        "currency": cost.get("currencyCode"),
    }


def _iso(moment: datetime) -> str:
    return f"{moment:%Y-%m-%dT%H:%M:%SZ}"


if __name__ == "__main__":
    _, amazon, signing_in, reach, kept, how = sys.argv
    main(amazon, json.loads(signing_in), int(reach), kept, how)
