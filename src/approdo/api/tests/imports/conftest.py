"""An ERP with a connector that takes its documents."""

from datetime import UTC, datetime

import pytest
import time_machine
from amazon_orders import order
from posted import store

from approdo.api.tests.conftest import node_body
from approdo.api.tests.imports.posting import ERP
from approdo.sales.models import SaleDocument

NOW = datetime(2026, 5, 3, 9, tzinfo=UTC)


@pytest.fixture(autouse=True)
def today():
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def connector_of(caller_with, caller):
    """Makes the connector with these options, and gives a caller that may post."""
    assert caller.post("/nodes", node_body(marketplace="IT")).status == 201
    assert caller.post("/nodes", {"name": "Gestionale", "type": "api"}).status == 201

    def make(**options):
        made = caller.post("/connectors", {**ERP, "options": options})
        assert made.status == 201, made.text
        return caller_with("imports:write", "documents:read", "exports:read")

    return make


@pytest.fixture
def erp(connector_of):
    return connector_of()


@pytest.fixture
def ordered(erp):
    store(order(state="Acknowledged"))
    return SaleDocument.objects.get()
