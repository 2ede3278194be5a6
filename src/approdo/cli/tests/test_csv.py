"""Cells of a CSV that a spreadsheet opens."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from approdo.cli.documents import _cell

pytestmark = pytest.mark.once


@pytest.mark.parametrize("text", ["=1+1", "+A1", "-A1", "@SUM(A1)", "\t=1", "\r=1", "-", "--1"])
def test_no_cell_can_be_taken_for_a_formula(text: str):
    assert _cell(text) == f"'{text}"


@pytest.mark.parametrize(
    ("value", "cell"),
    [
        (None, ""),
        ("ROSIT", "ROSIT"),
        (Decimal("-12.50"), "-12.50"),
        (7, "7"),
        (datetime(2026, 5, 1, tzinfo=UTC), "2026-05-01T00:00:00Z"),
    ],
)
def test_other_values_stay_what_they_are(value: object, cell: str):
    assert _cell(value) == cell
