"""Records that the screens show, made by the real code."""

from datetime import UTC, datetime

import amazon_orders
import pytest
from django.contrib.auth.models import Permission, User

from approdo.nodes.models import Configuration, TimeRange
from approdo.processes.models import Connector
from approdo.sales.receive import Origin, receive

NOW = datetime(2026, 5, 1, 12, tzinfo=UTC)


@pytest.fixture
def node(db):
    return amazon_orders.node("Amazon Vendor EU")


@pytest.fixture
def time_range(db):
    return saved(TimeRange(name="Last 7 days", last=7))


@pytest.fixture
def configuration(time_range):
    options = {"type": "vendor_retail", "states": ["new", "closed"]}
    kind = "order_download_configuration"
    return saved(Configuration(kind=kind, name="Every week", time_range=time_range, options=options))


@pytest.fixture
def connector(node, configuration):
    type_ = "amazon_vendor.download_orders"
    return saved(Connector(name="Orders", node=node, type=type_, configuration=configuration, options={}))


def saved(record):
    record.full_clean()
    record.save()
    return record


@pytest.fixture
def receive_orders(node):
    def received(*orders, **more):
        return receive(amazon_orders.batch(*orders, **more), Origin(node.pk, 7, NOW))

    return received


@pytest.fixture
def clerk_client(client, db):
    """Signs in somebody who may do only what is named."""

    def signed_in(*codes):
        user = User.objects.create_user("clerk", password="clerk-clerk", is_staff=True)
        user.user_permissions.set(Permission.objects.filter(codename__in=codes))
        client.force_login(user)
        return client

    return signed_in
