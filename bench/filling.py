"""A hub full of documents, quickly: what `documents.py` and `export.py` measure.

Some thousand orders of the simulated Amazon are stored as a download stores them, with their statuses, one in twenty of
them in two versions. Own SKUs, invoices and what was handed over are put beside them by SQL. Then the database copies
all of that again and again, with numbers of their own and moments further back, through every index, so that a million
documents out of three years take minutes instead of an hour.

    python bench/filling.py DOCUMENTS HOME [postgresql://…]
"""

import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from store import _changed, _prepare, _saved

BASE = 5_000
"""So many orders are stored one by one."""
PAGE = 100
DAYS = 170
EARLIER = timedelta(days=925)
"""The last copies lie so much further back: with the days of the orders themselves that makes three years."""
DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
FEW = 200
HANDED_TO = 1_000_000
"""The number of a connector that got every version of every order, but the second one of a few."""
BESIDE = """
-- One line of 500 has no own SKU.
UPDATE sales_saleline SET sku = 'OWN-' || vendor_sku WHERE id % 500 <> 0;
UPDATE sales_saleline SET unmatched = 1 WHERE id % 500 = 0;
-- One order of ten has an invoice, half of them of a part.
INSERT INTO sales_saledocument ({document}) SELECT {invoice} FROM sales_saledocument WHERE id % 10 = 0;
INSERT INTO sales_saleline ({line}) SELECT {invoice_line} FROM sales_saleline WHERE document_id % 10 = 0;
INSERT INTO sales_billing (document_id, gross_total, taxes)
    SELECT id, coalesce(total, '0'), '[]' FROM sales_saledocument WHERE type = 'invoice';
INSERT INTO sales_orderlink (document_id, order_id, position)
    SELECT id, id - {orders}, 0 FROM sales_saledocument WHERE type = 'invoice';
UPDATE sales_saledocument SET invoicing = CASE WHEN id % 20 = 0 THEN 'partly' ELSE 'invoiced' END
    WHERE id % 10 = 0 AND type = 'order';
INSERT INTO exchanges_delivery (connector, document_id, version, change, batch_id, state, at, "where", code, params)
    SELECT {handed_to}, document_id, number, number > 1, {batch}, 'confirmed', received_at, '', '', '{{}}'
    FROM sales_documentversion
"""

Greatest = dict[Any, int]
"""By model, the greatest key before anything was copied."""


def filled(documents: int, home: str, database: str) -> int:
    """Put at least so many documents into an empty hub; returns how many there are.

    In a process of its own, so that whoever measures does not carry what it made along.
    """
    command = [sys.executable, __file__, str(documents), home, database]
    return int(subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout)


def _fill(documents: int) -> int:
    from django.utils import timezone

    from approdo.exchanges import overtaken
    from approdo.exchanges.models import Delivery
    from approdo.sales.models import SaleDocument

    _hurry()
    nodes = [_node("Bench"), _node("Other")]
    _store(nodes[0], min(BASE, documents))
    _put_beside()
    first, held = _greatest(), SaleDocument.objects.count()
    copies = -(-documents // held) - 1
    for number in range(1, copies + 1):
        _copy(first, number, EARLIER * number / copies, nodes[number % 2].pk)
    Delivery.objects.filter(version=2, document__lte=FEW).delete()
    _settle(list(first))
    overtaken.look(timezone.now())  # as a worker does
    return held * (copies + 1)


@contextmanager
def bare(home: str, database: str) -> Iterator[Callable[..., Any]]:
    """Asks the database through its driver alone: a statement with `?` for its values, and these."""
    if database:
        import psycopg

        with psycopg.connect(database, autocommit=True) as server:
            yield lambda statement, values=(): server.execute(statement.replace("?", "%s"), values)
    else:
        with closing(sqlite3.connect(Path(home) / "hub.sqlite3", isolation_level=None)) as file:
            yield file.execute


def _hurry() -> None:
    """Of a hub that is thrown away nothing has to survive a power cut while it is filled."""
    from django.db import connection

    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            cursor.execute("PRAGMA synchronous=OFF")
            cursor.execute("PRAGMA cache_size=-400000")
        else:
            cursor.execute("SET synchronous_commit = off")


def _node(name: str) -> Any:
    from approdo.nodes.models import Node

    secrets = {"client_id": "bench", "client_secret": "bench", "refresh_token": name}
    return _saved(Node(name=name, type="amazon_vendor", options={"region": "eu", "marketplace": "IT", **secrets}))


def _store(node: Any, orders: int) -> None:
    """Page by page, ten minutes after the newest order of each; a day later what changed."""
    from django.db import transaction

    from approdo.connectors.amazon_vendor import download_orders, order_status
    from approdo.connectors.amazon_vendor.programs import RETAIL
    from approdo.sales.receive import Origin, receive
    from approdo.sales.status import receive_statuses

    for at, texts, statuses in _pages(orders):
        changed, later = [_changed(raw) for raw in texts[::20]], at + timedelta(days=1)
        with transaction.atomic():
            receive(download_orders.reread(RETAIL, texts, at), Origin(node.pk, 1, at))
            receive_statuses(order_status.reread(statuses, at), Origin(node.pk, 1, at))
            receive(download_orders.reread(RETAIL, changed, later), Origin(node.pk, 2, later))


def _pages(orders: int) -> Iterator[tuple[datetime, list[bytes], list[bytes]]]:
    """When each page came, its orders and their statuses, oldest first."""
    import msgspec

    from amazon_simulator import Simulator
    from amazon_simulator.vendor_order_status import _status

    simulator = Simulator(seed=6, orders=orders, days=DAYS, lines=10, rate_limit=False)
    book = simulator._amazon.book()
    entries = sorted(book, key=lambda entry: entry.key)
    for start in range(0, len(entries), PAGE):
        page = entries[start : start + PAGE]
        at = datetime.fromtimestamp(page[-1].created, UTC) + timedelta(minutes=10)
        statuses = [msgspec.json.encode(_status(book, entry, silent=False)) for entry in page]
        yield at, [book.encoded(entry) for entry in page], statuses
    simulator.stop()


def _put_beside() -> None:
    from django.db import connection
    from django.utils import timezone

    from approdo.exchanges.models import Batch
    from approdo.sales.models import SaleDocument, SaleLine

    now = timezone.now()
    batch = Batch.objects.create(connector=HANDED_TO, claimed_at=now, given_at=now, confirmed_at=now)
    orders, lines = (model.objects.latest("pk").pk for model in (SaleDocument, SaleLine))
    unsaid = dict.fromkeys(("amazon_status", "confirmation", "receiving"), "NULL")
    number = {"type": "'invoice'", "number": "'FT-' || number", "state": "'stored'", "version": "1"}
    invoice = {"id": f"id + {orders}", **number, **unsaid}
    invoice_line = {"id": f"id + {lines}", "document_id": f"document_id + {orders}"}
    document, line = ([str(field.column) for field in one._meta.concrete_fields] for one in (SaleDocument, SaleLine))
    known = {
        "document": ", ".join(document),
        "invoice": ", ".join(invoice.get(column, column) for column in document),
        "line": ", ".join(line),
        "invoice_line": ", ".join(invoice_line.get(column, column) for column in line),
        "orders": orders,
        "handed_to": HANDED_TO,
        "batch": batch.pk,
    }
    with connection.cursor() as cursor:
        for statement in BESIDE.format(**known).split(";"):
            cursor.execute(statement)


def _greatest() -> Greatest:
    """What is copied, in an order in which foreign keys hold."""
    from approdo.exchanges.models import Delivery
    from approdo.sales import models as sales

    copied = (
        sales.SaleDocument, sales.SaleLine, sales.DocumentVersion, sales.DocumentStatus, sales.StatusLine,
        sales.StatusVersion, sales.Billing, sales.OrderLink, Delivery,
    )  # fmt: skip
    return {model: model.objects.latest("pk").pk for model in copied}


def _copy(first: Greatest, number: int, earlier: timedelta, node: int) -> None:
    from django.db import connection, transaction

    with transaction.atomic(), connection.cursor() as cursor:
        for model, greatest in first.items():
            fields = model._meta.concrete_fields
            columns = ", ".join(f'"{field.column}"' for field in fields)
            values = ", ".join(_copied(field, first, number, earlier, node) for field in fields)
            table, key = model._meta.db_table, model._meta.pk.column
            cursor.execute(
                f'INSERT INTO "{table}" ({columns}) SELECT {values} FROM "{table}" WHERE "{key}" <= {greatest}'
            )


def _copied(field: Any, first: Greatest, number: int, earlier: timedelta, node: int) -> str:
    """What stands in a column of a copy."""
    from django.db import connection, models

    column = f'"{field.column}"'
    counted = field.related_model if field.is_relation else field.model if field.primary_key else None
    if counted in first:
        return f"{column} + {number * first[counted]}"
    if field.name == "node":
        return str(node)
    if field.name == "number" and isinstance(field, models.CharField):
        high, low = divmod(number, len(DIGITS))
        return f"{column} || '{DIGITS[high]}{DIGITS[low]}'"
    if isinstance(field, models.DateTimeField):
        seconds = round(earlier.total_seconds())
        if connection.vendor == "postgresql":
            return f"{column} - interval '{seconds} seconds'"
        return f"strftime('%Y-%m-%d %H:%M:%S', {column}, '-{seconds} seconds')"
    return column


def _settle(copied: list[Any]) -> None:
    """What PostgreSQL does by itself within minutes, and that the next row gets the next number."""
    from django.core.management.color import no_style
    from django.db import connection

    with connection.cursor() as cursor:
        for statement in connection.ops.sequence_reset_sql(no_style(), copied):
            cursor.execute(statement)
        if connection.vendor == "postgresql":
            cursor.execute("VACUUM ANALYZE")
        else:
            cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")


if __name__ == "__main__":
    _prepare(*sys.argv[2:4])
    print(_fill(int(sys.argv[1])))
