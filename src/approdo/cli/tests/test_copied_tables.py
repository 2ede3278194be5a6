"""A copy knows what to do with every column there is, or a new one is noticed here."""

import pytest
from django.apps import apps

from approdo.cli.copies import tables

pytestmark = pytest.mark.once

SAYS = "add its kind to _KINDS in cli/copies/tables.py, and to the changes of values on both databases if it needs one"


def test_every_column_of_every_table_has_a_kind_that_copies_know():
    try:
        found = {table.name: {column.name for column in table.columns} for table in tables.hub_tables()}
    except KeyError as kind:
        pytest.fail(f"no copy can be made of a {kind}: {SAYS}")
    for model in apps.get_models(include_auto_created=True):
        if model._meta.managed and not model._meta.proxy and model._meta.db_table not in tables.LEFT_OUT:
            columns = {field.column for field in model._meta.local_concrete_fields}
            assert found.pop(model._meta.db_table) == columns
    assert found == {}
