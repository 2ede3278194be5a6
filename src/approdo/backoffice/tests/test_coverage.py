"""The page of a node shows which time was read and which was not."""

from datetime import timedelta

import pytest
from amazon_orders import fall_quiet
from django.urls import reverse
from django.utils import timezone

from approdo.exchanges.models import SilenceExplained, WindowRead

pytestmark = pytest.mark.django_db


@pytest.fixture
def page(admin_client, node):
    def shown(language="en"):
        address = reverse("admin:nodes_node_change", args=[node.pk])
        return admin_client.get(address, headers={"accept-language": language}).content.decode()

    return shown


def read(node, days, complete=True, run=1, **given):
    end = timezone.now() - timedelta(days=days)
    WindowRead.objects.create(
        node=node, source=node.identity, program="vendor_retail", run=run, connector=1, position=days, scan="created",
        start=end - timedelta(days=2), end=end, complete=complete, read_at=end, **given,
    )  # fmt: skip


def test_a_node_that_was_never_read_says_so(page):
    assert "Nothing has been read from this node yet." in page()
    assert "Da questo nodo non è ancora stato letto nulla." in page("it")


def test_complete_stands_only_where_nothing_is_missing(page, node):
    read(node, 2)
    read(node, 1)
    assert "complete" in page()
    assert "tutti gli stati" in page("it")


def test_a_gap_is_shown_with_its_reason_and_its_run(page, node):
    read(node, 9)
    read(node, 5, complete=False, run=7)
    read(node, 1)
    shown = page()
    assert "1 gap" in shown
    assert "Begun and not read to its end." in shown
    assert reverse("admin:processes_run_change", args=[7]) in shown
    assert "1 lacuna" in page("it")


def test_coverage_for_some_states_names_them_and_is_not_called_complete(page, node):
    read(node, 1, states=["new"])
    shown = page()
    assert "by creation · NEW" in shown
    assert "no gaps" in shown
    assert ">complete<" not in shown


def test_an_unusual_silence_is_said_on_the_home_page_and_explained_on_the_nodes(admin_client, page, node):
    fall_quiet(node, timezone.now())
    home = admin_client.get(reverse("admin:index")).content.decode()
    assert "Unusually quiet: no order since" in home
    assert reverse("admin:nodes_node_change", args=[node.pk]) + "#coverage" in home
    assert "20 whole days" in page()
    address = reverse("admin:nodes_node_silence", args=[node.pk])
    answer = admin_client.post(address, {"program": "vendor_retail", "why": "<b>We</b> moved"})
    assert answer.url == reverse("admin:nodes_node_change", args=[node.pk]) + "#coverage"
    shown = page()
    assert "&lt;b&gt;We&lt;/b&gt; moved" in shown
    assert "admin, <time" in shown
    assert address not in shown
    assert "Unusually quiet" not in admin_client.get(reverse("admin:index")).content.decode()


def test_a_silence_is_explained_only_with_the_right_and_a_reason(clerk_client, node):
    fall_quiet(node, timezone.now())
    address = reverse("admin:nodes_node_silence", args=[node.pk])
    clerk = clerk_client("view_node")
    assert address not in clerk.get(reverse("admin:nodes_node_change", args=[node.pk])).content.decode()
    assert clerk.post(address, {"program": "vendor_retail", "why": "Because"}).status_code == 403
    assert not SilenceExplained.objects.exists()


def test_a_silence_that_is_none_is_not_explained(admin_client, node):
    address = reverse("admin:nodes_node_silence", args=[node.pk])
    assert admin_client.get(address).status_code == 405
    answer = admin_client.post(address, {"program": "vendor_retail", "why": "Because"}, follow=True)
    assert "is not unusually quiet" in answer.content.decode()
