"""Who sees and may do what; signing in; tokens; languages; the first page."""

import re
from datetime import timedelta

import amazon_orders
import pytest
from django.contrib.auth.models import Group, User
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from approdo.processes.models import Run, Token
from approdo.processes.tokens import find_token, make_token

SCREENS = [
    "/",
    "/nodes/node/",
    "/nodes/timerange/",
    "/backoffice/orderdownloadconfiguration/",
    "/processes/connector/",
    "/processes/run/",
    "/processes/token/",
    "/catalog/skurecoding/",
    "/catalog/place/",
    "/sales/saledocument/",
    "/sales/setaside/",
    "/auth/user/",
    "/auth/group/",
]


@pytest.mark.parametrize("address", SCREENS)
def test_nothing_is_shown_without_signing_in(client, db, address):
    assert client.get(address).url == f"/login/?next={address}"


@pytest.mark.parametrize("address", SCREENS[1:])
def test_a_user_without_permissions_sees_nothing(clerk_client, address):
    client = clerk_client()
    assert client.get(address).status_code == 403
    assert address not in client.get("/").content.decode()


def test_a_reader_sees_documents_but_no_run_button(clerk_client, connector, receive_orders):
    receive_orders(amazon_orders.order())
    client = clerk_client("view_saledocument", "view_connector", "view_configuration")
    assert client.get("/sales/saledocument/").status_code == 200
    assert "Every week" in client.get("/backoffice/orderdownloadconfiguration/").content.decode()
    page = client.get(f"/processes/connector/{connector.pk}/change/").content.decode()
    assert "Run the connector now?" not in page
    assert client.post(f"/processes/connector/{connector.pk}/run/").status_code == 403
    assert client.post(f"/nodes/node/{connector.node_id}/test/").status_code == 403
    assert not Run.objects.exists()


def test_who_may_run_connectors_sees_the_button_and_its_run(clerk_client, connector):
    client = clerk_client("view_connector", "view_run", "run_connector")
    assert "Run the connector now?" in client.get(f"/processes/connector/{connector.pk}/change/").content.decode()
    assert client.post(f"/processes/connector/{connector.pk}/run/", follow=True).status_code == 200


def test_a_reader_of_nodes_sees_no_secret(clerk_client, node):
    page = clerk_client("view_node").get(f"/nodes/node/{node.pk}/change/").content.decode()
    assert "client of Amazon Vendor EU" in page
    assert "hidden too" not in page
    assert "Europe" in page


def test_a_reader_of_settings_sees_what_they_say(clerk_client, connector):
    client = clerk_client("view_configuration", "view_timerange", "view_connector")
    configuration = connector.configuration
    address = f"/backoffice/orderdownloadconfiguration/{configuration.pk}/change/"
    assert "NEW, CLOSED" in client.get(address).content.decode()
    assert "The last 7 days" in client.get(f"/nodes/timerange/{configuration.time_range_id}/change/").content.decode()
    page = client.get(f"/processes/connector/{connector.pk}/change/").content.decode()
    assert "Every week" in page
    assert "Save and close" not in page


def test_a_form_from_elsewhere_is_refused(admin_user, connector):
    from django.test import Client

    client = Client(enforce_csrf_checks=True)
    client.force_login(admin_user)
    assert client.post(f"/processes/connector/{connector.pk}/run/").status_code == 403


def test_what_is_not_there_is_said_in_words(admin_client):
    for address in ("/nowhere/", "/processes/run/999/change/", "/sales/saledocument/999/change/"):
        answer = admin_client.get(address)
        assert answer.status_code == 404
        assert "There is no such page" in answer.content.decode()


def test_who_lacks_a_permission_is_told_who_can_give_it(clerk_client):
    answer = clerk_client().get("/nodes/node/")
    assert answer.status_code == 403
    assert "Who manages users can give it" in answer.content.decode()


def test_too_many_wrong_passwords_lock_for_a_while_and_say_so(client, admin_user):
    for _ in range(11):
        answer = client.post("/login/", {"username": "admin", "password": "wrong"})
    assert answer.status_code == 429
    assert "Wait a quarter of an hour" in answer.content.decode()


def test_a_token_is_shown_once_and_then_only_its_use(admin_client):
    form = {"name": "ERP", "scopes": ["documents:read", "exports:read"], "connector": ""}
    answer = admin_client.post("/processes/token/add/", form)
    [secret] = set(re.findall(r"apd_[\w-]+", answer.content.decode()))
    assert "no-store" in answer["Cache-Control"]
    token = find_token(secret)
    assert token is not None
    assert token.scopes == ["documents:read", "exports:read"]
    for address in ("/processes/token/", f"/processes/token/{token.pk}/change/"):
        page = admin_client.get(address).content.decode()
        assert secret not in page
        assert "Fetch exports" in page


def test_two_tokens_of_one_name_are_refused(admin_client):
    form = {"name": "ERP", "scopes": ["documents:read"]}
    admin_client.post("/processes/token/add/", form)
    assert admin_client.post("/processes/token/add/", form).status_code == 200
    assert Token.objects.count() == 1


def test_a_user_is_added_and_a_group_gives_permissions(admin_client):
    group = Group.objects.create(name="Order desk")
    page = admin_client.get(f"/auth/group/{group.pk}/change/").content.decode()
    assert "Runs: run connectors" in page
    form = {"username": "anna", "password1": "quite-a-long-one", "password2": "quite-a-long-one"}
    answer = admin_client.post("/auth/user/add/", {**form, "usable_password": "true", "_continue": "1"})
    anna = User.objects.get(username="anna")
    assert answer.url == f"/auth/user/{anna.pk}/change/"
    form = {"username": "anna", "is_active": "on", "is_staff": "on", "groups": [group.pk], "_save": "1"}
    admin_client.post(answer.url, form)
    anna.refresh_from_db()
    assert anna.is_staff
    assert list(anna.groups.all()) == [group]


def test_the_language_is_switched_and_stays(admin_client):
    admin_client.cookies["django_language"] = "en"
    assert "System parameters" in admin_client.get("/").content.decode()
    admin_client.post("/i18n/setlang/", {"language": "it", "next": "/nodes/node/"})
    page = admin_client.get("/nodes/node/").content.decode()
    for word in ("Processi", "Nodi", "Parametri di sistema", "Marketplace › Amazon", "Vendite", "Aggiungi"):
        assert word in page


def test_the_login_page_speaks_the_readers_language(client, db):
    page = client.get("/login/", headers={"Accept-Language": "it"}).content.decode()
    assert "Nome utente" in page
    assert "Accedi" in page


def test_the_first_page_leads_a_new_installation_to_its_first_orders(admin_client, node):
    page = admin_client.get("/").content.decode()
    assert "The way to your first orders" in page
    for address in (
        "/nodes/timerange/add/",
        "/backoffice/orderdownloadconfiguration/add/",
        "/processes/connector/add/",
    ):
        assert address in page


def test_the_first_page_shows_what_happened(admin_client, connector, receive_orders):
    receive_orders(b'{"purchaseOrderNumber": "BAD", "orderDetails": 5}')
    admin_client.post(f"/processes/connector/{connector.pk}/run/")
    page = admin_client.get("/").content.decode()
    assert "The way to your first orders" not in page
    for word in ("Orders", "Queued", "1 document could not be read and was set aside.", "Documents of the last 7 days"):
        assert word in page


def test_the_palette_finds_documents_and_records_that_the_user_may_see(
    admin_client, clerk_client, connector, receive_orders
):
    receive_orders(amazon_orders.order("FIND0001"))
    found = admin_client.get("/search/?extended=1&s=find00").content.decode()
    assert "FIND0001" in found
    assert "FIND0001" not in clerk_client("view_node").get("/search/?extended=1&s=find00").content.decode()


def test_the_breadcrumb_carries_the_whole_path_of_the_menu(admin_client, configuration):
    address = f"/backoffice/orderdownloadconfiguration/{configuration.pk}/change/"
    crumbs = admin_client.get(address).content.decode().split("ap-crumbs")[1].split("</nav>")[0]
    words = re.sub(r"<[^>]+>|\s+", " ", crumbs)
    assert [word.strip() for word in words.split("›")][1:] == ["Amazon", "Order download configuration", "Every week"]


@pytest.mark.django_db
def test_a_call_with_a_token_that_was_just_used_writes_nothing_and_so_waits_for_no_download():
    secret = make_token("reader", ["documents:read"])
    assert find_token(secret)
    with CaptureQueriesContext(connection) as asked:
        assert find_token(secret)
    assert [query["sql"].split()[0] for query in asked.captured_queries] == ["SELECT"]
    Token.objects.update(last_used_at=timezone.now() - timedelta(minutes=2))
    assert find_token(secret)
    assert Token.objects.get().last_used_at > timezone.now() - timedelta(minutes=1)
