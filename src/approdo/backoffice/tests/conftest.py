"""Records that the screens show, made by the real code."""

from datetime import UTC, datetime
from urllib.parse import quote

import amazon_orders
import browser
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


@pytest.fixture(scope="module")
def chromium():
    """A browser for all tests of a file."""
    sync_playwright = pytest.importorskip("playwright.sync_api").sync_playwright
    # Playwright keeps a loop of its own in this thread, in which Django would refuse every query.
    with pytest.MonkeyPatch.context() as patch, sync_playwright() as started:
        patch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "true")
        yield started.chromium.launch(executable_path=browser.CHROMIUM, args=browser.FLAGS)


@pytest.fixture
def opened(chromium, live_server, django_user_model):
    """Opens a page of the back office, signed in, in this language and width; a script error fails the test."""
    django_user_model.objects.create_superuser("anna", "", "approdo-approdo")
    broken: list[str] = []

    def open_(address="/", language="en", width=1280):
        context = chromium.new_context(locale=language, viewport={"width": width, "height": 900})
        page = context.new_page()
        page.set_default_timeout(30_000)
        page.on("pageerror", lambda error: broken.append(str(error)))
        page.goto(f"{live_server.url}/login/?next={quote(address)}")
        page.locator("[name=username]").fill("anna")
        page.locator("[name=password]").fill("approdo-approdo")
        page.locator("#login-form button[type=submit]").click()
        page.wait_for_url(f"{live_server.url}{address}")
        return page

    yield open_
    for context in chromium.contexts:
        context.close()
    assert broken == []
