"""Columns that keep what they were given."""

from decimal import Decimal
from typing import Any

from django.db import models


class AmountField(models.TextField):  # type: ignore[type-arg]  # generic only in the stubs
    """An exact decimal, stored as text: SQLite would turn a number into a float.

    Not for sorting or sums in SQL.
    """

    def from_db_value(self, value: str | None, *_: Any) -> Decimal | None:
        """The stored text as a `Decimal`."""
        return None if value is None else Decimal(value)

    def get_prep_value(self, value: Any) -> str | None:
        """Plain notation: an exponent is legal on the wire and unwelcome anywhere else."""
        return None if value is None else plain(value)


def plain(amount: Decimal) -> str:
    """The amount without an exponent and without losing a digit."""
    text = str(amount)
    return format(amount, "f") if "E" in text else text
