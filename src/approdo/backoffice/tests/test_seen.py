"""What is new to a person: unseen documents, changed ones, and marking all as seen."""

from datetime import UTC, datetime, timedelta

import pytest
from amazon_orders import batch, order
from django.contrib.auth.models import User
from django.db import connection
from django.test.utils import CaptureQueriesContext

from approdo.backoffice import seen
from approdo.backoffice.seen import SeenDocument
from approdo.sales.models import SaleDocument
from approdo.sales.receive import Origin, receive

pytestmark = pytest.mark.django_db

LIST = "/sales/saledocument/"
NOW = datetime(2026, 5, 1, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


@pytest.fixture
def bring(node):
    def brought(*numbers, minutes=0, **details):
        moment = NOW + minutes * MINUTE
        changed = {"purchaseOrderChangedDate": f"{moment:%Y-%m-%dT%H:%M:%SZ}"} if minutes else {}
        orders = [order(number, **changed, **details) for number in numbers]
        receive(batch(*orders, asked_at=moment), Origin(node.pk, None, moment))

    return brought


def listed(client, wanted, more=""):
    page = client.get(f"{LIST}?seen={wanted}{more}")
    assert page.status_code == 200
    return sorted(document.number for document in page.context["cl"].result_list)


def opened(client, number):
    return client.get(f"{LIST}{SaleDocument.objects.get(number=number).pk}/change/").content.decode()


def test_what_nobody_opened_is_unseen_and_what_changes_after_being_opened_is_changed(admin_client, bring):
    bring("A", "B", "C")
    assert listed(admin_client, "unseen") == ["A", "B", "C"]
    opened(admin_client, "A")
    opened(admin_client, "B")
    assert (listed(admin_client, "unseen"), listed(admin_client, "changed")) == (["C"], [])
    bring("A", "C", minutes=5, dealCode="NEW")
    assert (listed(admin_client, "unseen"), listed(admin_client, "changed")) == (["C"], ["A"])
    assert listed(admin_client, "any") == ["A", "C"]
    opened(admin_client, "A")
    assert listed(admin_client, "changed") == []


def test_marking_all_as_seen_holds_for_what_stood_in_the_list_and_not_for_what_came_later(admin_client, bring):
    bring("A", "B", "C")
    opened(admin_client, "A")
    bring("B", minutes=20, dealCode="LATER")
    bring("D", minutes=21)
    answer = admin_client.post(f"{LIST}seen/", {"until": (NOW + 10 * MINUTE).isoformat()})
    assert answer.url == LIST
    assert listed(admin_client, "unseen") == ["D"]
    assert listed(admin_client, "changed") == ["B"]
    bring("A", "C", minutes=30, dealCode="LATEST")
    assert listed(admin_client, "changed") == ["A", "B", "C"]
    assert listed(admin_client, "any") == ["A", "B", "C", "D"]
    for number in "ABCD":
        opened(admin_client, number)
    assert listed(admin_client, "any") == []


def test_marking_all_as_seen_drops_the_rows_that_it_makes_needless(admin_client, bring):
    bring("A")
    opened(admin_client, "A")
    admin_client.post(f"{LIST}seen/", {"until": "nonsense"})
    assert not SeenDocument.objects.exists()
    assert listed(admin_client, "any") == []


def test_nothing_can_be_marked_as_seen_before_it_comes(admin_client, admin_user):
    admin_client.post(f"{LIST}seen/", {"until": "2999-01-01T00:00:00+00:00"})
    assert seen.SeenAll.objects.get(user=admin_user).until < datetime(2999, 1, 1, tzinfo=UTC)


def test_what_one_person_saw_is_still_new_to_another(admin_client, clerk_client, bring):
    bring("A")
    opened(admin_client, "A")
    clerk = clerk_client("view_saledocument")
    assert listed(clerk, "unseen") == ["A"]
    opened(clerk, "A")
    assert {row.user.username for row in SeenDocument.objects.all()} == {"admin", "clerk"}


def test_marking_needs_the_right_to_see_and_a_button(admin_client, clerk_client, bring):
    bring("A")
    assert admin_client.get(f"{LIST}seen/").status_code == 405
    assert clerk_client("view_node").post(f"{LIST}seen/").status_code == 403


def test_the_list_marks_what_is_new_and_the_page_which_versions(admin_client, bring):
    bring("A", "B")
    opened(admin_client, "A")
    bring("A", minutes=5, dealCode="NEW")
    page = admin_client.get(LIST)
    marks = {document.number: seen.mark(document) for document in page.context["cl"].result_list}
    assert marks == {"A": "changed", "B": "unseen"}
    assert "not looked at yet" in page.content.decode()
    assert opened(admin_client, "A").count("new to you") == 1
    assert "new to you" not in opened(admin_client, "A")


def test_the_filter_goes_together_with_others_and_a_senseless_value_filters_nothing(admin_client, bring):
    bring("A", "B")
    bring("C", state="Closed")
    assert listed(admin_client, "unseen", "&state=closed") == ["C"]
    assert listed(admin_client, "nonsense") == ["A", "B", "C"]


@pytest.mark.once
@pytest.mark.skipif(connection.vendor != "sqlite", reason="reads SQLite's query plans")
@pytest.mark.parametrize("wanted", ["unseen", "changed", "any"])
@pytest.mark.parametrize("marked", [False, True])
def test_no_filter_sorts_or_scans_the_documents(admin_user, bring, wanted, marked):
    bring("A")
    if marked:
        seen.mark_all(admin_user, NOW)
    found = seen.FILTERS[wanted](SaleDocument.objects.all(), User.objects.get()).order_by("-updated_at", "-id")
    with CaptureQueriesContext(connection) as made:
        list(found[:51])
    with connection.cursor() as cursor:
        cursor.execute("EXPLAIN QUERY PLAN " + made[-1]["sql"])
        plan = " ".join(row[3] for row in cursor.fetchall())
    used = "sale_document_by_update" in plan or "USING INTEGER PRIMARY KEY" in plan
    assert used, plan
    if wanted != "changed" or marked:
        assert "TEMP B-TREE" not in plan.partition("LIST SUBQUERY")[0], plan
