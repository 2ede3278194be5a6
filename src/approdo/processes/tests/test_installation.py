"""Whether a database is of this version is known without loading the migrations."""

import pytest
from django.db.migrations.loader import MigrationLoader

from approdo.processes import installation

pytestmark = pytest.mark.once


def test_what_counts_as_a_migration_is_what_django_would_load():
    assert installation._known() == MigrationLoader(None).disk_migrations.keys()
