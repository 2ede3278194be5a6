"""The page of a node shows which time was read and which was not."""

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from approdo.exchanges.models import WindowRead

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
