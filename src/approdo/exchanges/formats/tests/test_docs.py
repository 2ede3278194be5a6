"""`docs/exports.md` shows what the code writes, and names every column."""

import json
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from approdo.exchanges.formats import FORMATS, Batch
from approdo.exchanges.formats.table import COLUMNS
from approdo.exchanges.formats.tests.outgoing_documents import plain_document

pytestmark = pytest.mark.once

DOCS = (Path(__file__).parents[5] / "docs" / "exports.md").read_text()
BATCH = Batch("1042-9f3a61c2", "Ordini per il gestionale")
PARTIES = {"sender": "8012345000004", "sender_qualifier": "14", "receiver": "ERP", "receiver_qualifier": "ZZZ"}
OF_FILES = Batch("1042-ab12cd34", at=datetime(2026, 5, 1, 12, 30, tzinfo=UTC))


def line(sequence: str, **changes: Any) -> dict[str, Any]:
    return {
        "sequence": sequence, "asin": "B0TEST0001", "vendor_sku": "8001234567897", "sku": "ART-001",
        "title": "Moka 3 cups", "quantity": 3, "unit": "cases", "unit_size": 12, "eaches": 36, "net_cost": "1.10",
        "list_price": None, "currency": "EUR", "price_unit": None, "cancelled": False, "vanished": False,
        "backorder_allowed": False, "taxes": [], "total": "39.60", **changes,
    }  # fmt: skip


ORDER = plain_document(
    id=17, number="7HT4KQ2M", node="Amazon Vendor EU", state="acknowledged", total="39.60", payment_method="Invoice",
    purchase_order_type="RegularOrder", state_changed_date="2026-04-30T12:00:00Z", acknowledged=True, version=2,
    selling_party={"id": "ROSIT"}, ship_to_party={"id": "MXP5"},
    delivery_window={"start": "2026-05-03T22:00:00Z", "end": "2026-05-08T22:00:00Z"},
    lines=[line("1")], export={"change": True, "version": 2, "exported_before": [1]},
    ship_to_place={
        "code": "MXP5", "name": "Amazon MXP5", "address": "Strada Dogana Po 2U", "postal_code": "29015",
        "city": "Castel San Giovanni", "country": "IT", "time_zone": "Europe/Rome",
    },
)  # fmt: skip


def shown(language: str) -> str:
    """The example in this language."""
    (found,) = re.findall(rf"```{language}\n(.*?)```", DOCS, re.DOTALL)
    return str(found)


def written(name: str) -> str:
    return b"".join(FORMATS[name].write([ORDER], {"line_end": "lf"}, batch=BATCH)).decode()


def in_lines(data: bytes) -> str:
    """Each segment on a line: there is no apostrophe inside of one."""
    return data.decode("iso-8859-1").replace("'", "'\n")


def column_table() -> str:
    rows = [f"| `{column.name}` | {column.kind} | {column.meaning} |" for column in COLUMNS]
    return "\n".join(["| Column | Holds | |", "|---|---|---|", *rows, ""])


def test_the_examples_are_what_the_code_writes() -> None:
    assert shown("xml") == written("xml")
    assert json.loads(shown("json")) == json.loads(written("json"))
    assert shown("csv") == written("csv")
    edifact = FORMATS["edifact"].write([ORDER], {**PARTIES, "time_zone": "Europe/Rome"}, batch=OF_FILES)
    assert shown("edifact") == in_lines(b"".join(edifact))


def test_every_column_is_named_and_explained() -> None:
    assert column_table() in DOCS
