"""Trying a node's settings ends in words, whatever goes wrong."""

import amazon_orders
import pytest

from approdo.nodes.models import Node
from approdo.nodes.trying import SETTINGS, try_node

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("broken", "code"),
    [
        ({"type": "vanished"}, "unknown_node_type"),
        ({"secrets": "unreadable"}, "other_encryption_key"),
        ({"options": {}}, "internal"),  # only a bug of ours saves such a node
    ],
)
def test_what_goes_wrong_before_the_other_side_is_asked_is_told_as_a_matter_of_settings(broken, code):
    Node.objects.filter(pk=amazon_orders.node().pk).update(**broken)
    (result,) = try_node(Node.objects.get())
    assert (result.subject, result.code) == (SETTINGS, code)


def test_what_cannot_be_tried_has_no_results():
    assert try_node(Node(name="ERP", type="api")) == []


def test_the_screen_says_that_nothing_could_be_tested(admin_client):
    node = amazon_orders.node()
    Node.objects.update(secrets="unreadable")
    assert "could not be tested" in admin_client.post(f"/nodes/node/{node.pk}/test/").content.decode()
