"""The tests' ground: an installation of their own, on SQLite or, if asked, on PostgreSQL.

APPRODO_TEST_DATABASE=postgresql asks. Prepared before any test module can import a model.
"""

import fcntl
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent / "tests"))

import postgres
from order import slow_first

DATABASE = os.environ.get("APPRODO_TEST_DATABASE", "sqlite")


def _prepare() -> None:
    for name in [name for name in os.environ if name.startswith("APPRODO_")]:
        if not name.startswith(("APPRODO_TEST_", "APPRODO_SP_API_DIR")):
            del os.environ[name]
    home = tempfile.mkdtemp(prefix="approdo-tests-")
    os.environ["APPRODO_HOME"] = home
    os.environ["DJANGO_SETTINGS_MODULE"] = "approdo.settings"
    if DATABASE == "postgresql":
        if "APPRODO_TEST_SERVER" not in os.environ:
            os.environ["APPRODO_TEST_SERVER"] = postgres.Server().address
        os.environ["APPRODO_DATABASE_URL"] = os.environ["APPRODO_TEST_SERVER"] + "/postgres"
        os.environ["APPRODO_SECRET_KEY"] = "only for tests"
        os.environ["APPRODO_ENCRYPTION_KEYS"] = "dGVzdHMgdGVzdHMgdGVzdHMgdGVzdHMgdGVzdHMhISE="
    import django
    from django.conf import settings

    django.setup()
    # The hub's own takes a quarter of a second of work for each password, and nearly every screen's test has a user.
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    # Every client of a test has a server of its own: it looks for a file when asked, and not for all at its start.
    settings.WHITENOISE_AUTOREFRESH = True


_prepare()


def pytest_report_header() -> str:
    return f"database: {DATABASE}"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    processes = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "0"))
    if processes:
        items[:] = slow_first(items, processes)


def pytest_unconfigure() -> None:
    shutil.rmtree(os.environ["APPRODO_HOME"], ignore_errors=True)


@pytest.fixture(autouse=True)
def in_english() -> Iterator[None]:
    """Sentences are compared in English unless a test says otherwise."""
    from django.utils import translation

    with translation.override("en"):
        yield


@pytest.fixture(scope="session")
def migrated_hub(tmp_path_factory):
    """An installation with an empty database, to be copied: migrating is slow. One does it for all processes."""
    from hub import Hub

    folder = tmp_path_factory.getbasetemp()
    shared = folder.parent if "PYTEST_XDIST_WORKER" in os.environ else folder
    home, database = shared / "migrated_hub", shared / "migrated_hub.url"
    with (shared / "migrated_hub.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if database.exists():
            return Hub(home, database=database.read_text())
        home.mkdir(exist_ok=True)  # where another process failed to migrate, say why again
        installed = Hub(home)
        installed.migrate()
        database.write_text(installed.database)
        return installed


@pytest.fixture
def hub(migrated_hub, tmp_path):
    """An installation of its own, driven by the real command."""
    installed = migrated_hub.copy(tmp_path)
    yield installed
    installed.close()


@pytest.fixture
def own_workers(settings, tmp_path, monkeypatch):
    """Locks of workers that no other test sees, which may run at the same time."""
    from django.db import connection

    settings.HOME = tmp_path
    if DATABASE == "postgresql":
        server = os.environ["APPRODO_TEST_SERVER"]
        monkeypatch.setenv("APPRODO_DATABASE_URL", f"{server}/{connection.settings_dict['NAME']}")


@pytest.fixture(scope="session")
def erp(tmp_path_factory):
    """A real Tryton with the books of a small vendor, where it is installed (`make .venv-tryton/ready`)."""
    from erp import Erp

    from amazon_simulator.places import COUNTRIES

    centres = sorted({centre for country in COUNTRIES.values() for centre in country.fulfilment_centres})
    running = Erp(tmp_path_factory.mktemp("erp"), centres)
    running.add_products(["ART-001", "ART-002", "8001234567890"])
    running.add_products(["ART-BOX"], "bx12")
    yield running
    running.stop()
