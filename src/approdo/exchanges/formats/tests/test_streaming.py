"""Every format is written in little memory and is visibly cut short where reading fails, all but XLSX while it is read."""

import json
import tempfile
import tracemalloc
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from lxml import etree

from approdo.exchanges.formats import FORMATS
from approdo.exchanges.formats.tests.outgoing_documents import plain_document

pytestmark = pytest.mark.once

MANY = 1500
LINE = {
    "sequence": "1", "asin": "B0TEST0001", "vendor_sku": "8001234567890", "sku": "ART-1", "title": "Caffettiera",
    "quantity": 3, "unit": "cases", "unit_size": 12, "eaches": 36, "net_cost": "1.10", "total": "39.60",
}  # fmt: skip

OPTIONS = {"sender": "8012345000004", "receiver": "ERP"}

every_format = pytest.mark.parametrize("name", FORMATS)
streamed = pytest.mark.parametrize("name", [name for name in FORMATS if name != "xlsx"])


class Documents:
    """Documents that are made when they are asked for, and counted; `failing` ends them with an error."""

    def __init__(self, count: int, failing: bool = False) -> None:
        self.count, self.failing, self.given = count, failing, 0

    def __iter__(self) -> Iterator[dict[str, Any]]:
        for number in range(self.count):
            self.given += 1
            yield plain_document(id=number, number=f"PO{number}", lines=[{**LINE} for _ in range(10)])
        if self.failing:
            raise ConnectionError("the database is gone")


@streamed
def test_the_first_piece_comes_long_before_the_last_document(name: str) -> None:
    documents = Documents(MANY)
    pieces = iter(FORMATS[name].write(documents, OPTIONS))
    assert documents.given == 0
    assert len(next(pieces)) > 60_000
    assert 0 < documents.given < 100
    assert max(map(len, pieces)) < 100_000
    assert documents.given == MANY


@every_format
def test_memory_stays_flat(name: str) -> None:
    def peak(count: int) -> int:
        tracemalloc.start()
        for _ in FORMATS[name].write(Documents(count), OPTIONS):
            pass
        found = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return found

    peak(1)  # what is imported at the first use does not count
    some = 20 if name == "xlsx" else 100
    few = peak(some)
    assert few < 2_000_000
    assert peak(some * 10) < few * 1.2 + 50_000


def test_no_tree_of_elements_is_kept() -> None:
    # What lxml holds, Python does not count: a kept tree of these would be some hundred megabytes.
    def resident() -> int:
        return int(Path("/proc/self/statm").read_text().split()[1]) * 4096

    for _ in FORMATS["xml"].write(Documents(100), {}):
        pass
    before = resident()
    pieces = FORMATS["xml"].write(Documents(MANY), {})
    assert max(resident() - before for _ in pieces) < 25_000_000


@every_format
@pytest.mark.parametrize("count", [0, 1, 50])
def test_what_fails_in_the_middle_does_not_look_complete(name: str, count: int) -> None:
    pieces: list[bytes] = []
    with pytest.raises(ConnectionError):
        pieces.extend(FORMATS[name].write(Documents(count, failing=True), OPTIONS))
    written = b"".join(pieces)
    assert bool(written) == (count == 50 and name != "xlsx")
    if name == "json":
        with pytest.raises(json.JSONDecodeError):
            json.loads(written)
    if name == "xml":
        with pytest.raises(etree.XMLSyntaxError):
            etree.fromstring(written)


@streamed
def test_a_receiver_that_goes_away_ends_the_reading(name: str) -> None:
    documents = Documents(MANY)
    pieces = FORMATS[name].write(documents, OPTIONS)
    next(pieces)
    pieces.close()  # type: ignore[attr-defined]
    assert documents.given < 100
    assert list(pieces) == []


def test_a_workbook_leaves_nothing_behind_whether_it_was_read_or_failed(tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    assert len(b"".join(FORMATS["xlsx"].write(Documents(3), {}))) > 1000
    pieces = FORMATS["xlsx"].write(Documents(3), {})
    next(pieces)
    assert list(tmp_path.iterdir())
    pieces.close()  # type: ignore[attr-defined]
    with pytest.raises(ConnectionError):
        list(FORMATS["xlsx"].write(Documents(3, failing=True), {}))
    assert list(tmp_path.iterdir()) == []
