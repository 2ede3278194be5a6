"""`approdo documents`: sale documents as a table, as JSON lines or as CSV."""

import csv
import getpass
import json
import sys
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import click

from approdo.cli import start
from approdo.cli.texts import Failure, _

if TYPE_CHECKING:
    from collections.abc import Iterator

    from django.db.models import QuerySet

    from approdo.sales.models import SaleDocument

SHOWN = 50
"""So many documents make a table."""

WIDE = 300

PAGE = 200

COLUMNS = (
    "id", "type", "program", "number", "node", "vendor_code", "state", "date", "changed_date",
    "state_changed_date", "currency", "total", "purchase_order_type", "payment_method", "deal_code",
    "ship_to", "ship_window_start", "ship_window_end", "delivery_window_start", "delivery_window_end",
    "line_count", "version",
)  # fmt: skip
"""Of the CSV: one line per document."""

TYPES = ("order", "invoice", "credit_note")


@click.command(help="List sale documents: a table of the latest, or all with --json or --csv.")
@click.option("--node", help="Name of the node.")
@click.option("--type", "type_", type=click.Choice(TYPES))
@click.option("--state", help="As Amazon calls it, in lower case: new, acknowledged, closed…")
@click.option("--vendor-code")
@click.option("--number", help="The order's or invoice's own number.")
@click.option("--since", metavar="WHEN", help="Changed here since this ISO date or date and time.")
@click.option("--json", "as_json", is_flag=True, help="Whole documents, one JSON object a line.")
@click.option("--personal-data", is_flag=True, help="With --json: consumers' data too. Each document is written down.")
@click.option("--csv", "as_csv", is_flag=True, help="One line per document.")
def command(
    node: str | None,
    type_: str | None,
    state: str | None,
    vendor_code: str | None,
    number: str | None,
    since: str | None,
    as_json: bool,
    personal_data: bool,
    as_csv: bool,
) -> None:
    """Print the documents that fit every filter."""
    if as_json and as_csv:
        raise click.UsageError("Choose either --json or --csv.")
    if personal_data and not as_json:
        raise click.UsageError("--personal-data goes with --json.")
    start.open_database()
    from approdo.sales.queries import documents

    found = documents(
        {
            "node": node and _existing(node),
            "type": type_,
            "state": state,
            "vendor_code": vendor_code,
            "number": number,
            "updated_since": since and _moment(since),
        }
    )
    if as_json:
        _print_json(found, personal_data)
    elif as_csv:
        _print_csv(found)
    else:
        _print_table(found)


def _existing(node: str) -> str:
    from approdo.cli.texts import sentence
    from approdo.nodes.models import Node
    from approdo.sdk.errors import ConfigError

    if not Node.objects.filter(name=node).exists():
        raise Failure(sentence(ConfigError("record_not_found", kind=_("node"), name=node)), exit_code=2)
    return node


def _moment(text: str) -> datetime:
    """An ISO date or date and time; without an offset it is meant in APPRODO_TIME_ZONE."""
    from django.utils.timezone import is_naive, make_aware

    try:
        moment = datetime.fromisoformat(text)
        return make_aware(moment) if is_naive(moment) else moment
    except (ValueError, OverflowError):
        message = _("“{value}” is not a date; write it as 2026-05-01 or 2026-05-01T10:00:00Z.")
        raise Failure(message.format(value=text), exit_code=2) from None


def _pages(found: "QuerySet[SaleDocument]") -> "Iterator[list[SaleDocument]]":
    from approdo.sales.queries import page

    cursor: str | None = None
    while True:
        rows, cursor = page(found, cursor, PAGE)
        yield rows
        if cursor is None:
            return


def _print_json(found: "QuerySet[SaleDocument]", personal_data: bool) -> None:
    from django.utils import timezone

    from approdo.processes.handing_over import whole
    from approdo.sales.personal import Reader

    reader = Reader(f"{getpass.getuser()} (command)", "approdo documents", timezone.now()) if personal_data else None
    for rows in _pages(found):
        sys.stdout.writelines(json.dumps(document, ensure_ascii=False) + "\n" for document in whole(rows, reader))


def _print_csv(found: "QuerySet[SaleDocument]") -> None:
    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow(COLUMNS)
    for rows in _pages(found):
        writer.writerows([_cell(getattr(row, column)) for column in COLUMNS] for row in rows)


def _cell(value: Any) -> str:
    """Text of a CSV cell that no spreadsheet takes for a formula. Numbers stay numbers."""
    from approdo.exchanges.formats.csv import guarded
    from approdo.sales.fields import plain

    if value is None:
        return ""
    if isinstance(value, datetime):
        return value.isoformat().replace("+00:00", "Z")
    if isinstance(value, Decimal):
        return plain(value)
    return str(value) if isinstance(value, int) else guarded(str(value))


def _print_table(found: "QuerySet[SaleDocument]") -> None:
    from django.utils.timezone import localtime
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    rows = list(found.order_by("-date", "-id")[: SHOWN + 1])
    if not rows:
        click.echo(_("No document fits."))
        return
    table = Table(box=None, pad_edge=False)
    for heading in (_("Number"), _("Node"), _("Type"), _("State"), _("Date"), _("Vendor code"), _("Ship-to")):
        table.add_column(heading, no_wrap=True)
    table.add_column(_("Total"), justify="right", no_wrap=True)
    for row in rows[:SHOWN]:
        date = f"{localtime(row.date):%Y-%m-%d %H:%M}" if row.date else ""
        total = f"{_cell(row.total)} {row.currency}" if row.total is not None else ""
        cells = (row.number, row.node.name, row.type, row.state, date, row.vendor_code, row.ship_to, total)
        table.add_row(*map(escape, cells))
    # Into a file or a pipe each document keeps its one line, however long.
    Console(width=None if sys.stdout.isatty() else WIDE).print(table)
    if len(rows) > SHOWN:
        click.echo(_("The latest {count}; use --json or --csv for all.").format(count=SHOWN), err=True)
