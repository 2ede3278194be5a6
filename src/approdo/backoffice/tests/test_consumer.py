"""Who the consumer is, on screen: hidden, shown to those with the right, each look written down, purged."""

import amazon_orders
import consumer_orders
import pytest

from approdo.sales.models import PersonalDataLook, SaleDocument, SetAside
from approdo.sales.receive import Origin, receive

from .conftest import NOW

LIST = "/sales/saledocument/"
READ = ("view_saledocument",)


@pytest.fixture
def consumers_order(node):
    batch = consumer_orders.batch(consumer_orders.order(), consumer_orders.order("DF0000002", items="none"))
    receive(batch, Origin(node.pk, 7, NOW))
    later = consumer_orders.batch(consumer_orders.order(shipToParty={"name": "Maria Bianchi"}))
    receive(later, Origin(node.pk, 7, NOW))
    return SaleDocument.objects.get()


def named(page):
    assert page.status_code == 200
    words = ("Maria Bianchi", *consumer_orders.PERSONAL)
    return [word for word in words if word.encode() in page.content.replace(b"&#x27;", b"'")]


def addresses(document):
    page = f"{LIST}{document.pk}/change/"
    return page, f"{LIST}{document.pk}/versions/1/", f"{LIST}{document.pk}/versions/1/?download"


def asking(address):
    return f"{address}{'&' if '?' in address else '?'}personal"


def test_nothing_names_the_consumer_until_it_is_asked_for(admin_client, consumers_order):
    waiting = SetAside.objects.get()
    for address in (LIST, *addresses(consumers_order), f"/sales/setaside/{waiting.pk}/change/", "/sales/setaside/"):
        assert named(admin_client.get(address)) == []
    assert not PersonalDataLook.objects.exists()


def test_whoever_has_the_right_sees_the_consumer_and_is_written_down(admin_client, consumers_order):
    page, raw, download = addresses(consumers_order)
    assert "Show personal data" in admin_client.get(page).content.decode()
    shown = admin_client.get(asking(page))
    assert {"Maria Bianchi", "Mario Rossi", "zia Pina"} <= set(named(shown)), "with what the versions changed"
    assert "Mario Rossi" in named(admin_client.get(asking(raw)))
    assert "Mario Rossi" in named(admin_client.get(asking(download)))
    waiting = SetAside.objects.get()
    assert "Mario Rossi" in named(admin_client.get(asking(f"/sales/setaside/{waiting.pk}/change/")))
    looks = PersonalDataLook.objects.order_by("id")
    assert [(look.who, look.number) for look in looks] == [("admin", "DF0000001")] * 3 + [("admin", "DF0000002")]
    listed = admin_client.get("/sales/personaldatalook/").content.decode()
    assert "DF0000001" in listed
    assert "DF0000002" in listed


def test_whoever_lacks_the_right_is_refused_and_nothing_is_shown(clerk_client, consumers_order):
    client = clerk_client(*READ)
    page, raw, download = addresses(consumers_order)
    assert "may not see personal data" in client.get(page).content.decode()
    for address in (page, raw, download):
        assert named(client.get(address)) == []
        assert client.get(asking(address)).status_code == 403
    assert client.post(f"{LIST}{consumers_order.pk}/purge/").status_code == 403
    assert client.get("/sales/personaldatalook/").status_code == 403
    assert not PersonalDataLook.objects.exists()


def test_the_right_to_look_is_not_the_right_to_purge(clerk_client, consumers_order):
    client = clerk_client(*READ, "view_personaldata")
    assert "Maria Bianchi" in named(client.get(asking(addresses(consumers_order)[0])))
    assert client.post(f"{LIST}{consumers_order.pk}/purge/").status_code == 403


def test_purging_is_asked_for_on_the_page_and_leaves_nothing(admin_client, consumers_order):
    page, raw, download = addresses(consumers_order)
    assert admin_client.get(f"{LIST}{consumers_order.pk}/purge/").status_code == 405
    done = admin_client.post(f"{LIST}{consumers_order.pk}/purge/", follow=True)
    assert "have been purged" in done.content.decode()
    for address in (page, raw, download):
        assert named(admin_client.get(asking(address))) == []
    assert "It stays so when Amazon shows the order again" in admin_client.get(page).content.decode()
    assert not PersonalDataLook.objects.exists()


def test_what_a_direct_fulfillment_order_says_stands_on_its_page(admin_client, consumers_order):
    page = admin_client.get(addresses(consumers_order)[0]).content.decode()
    for said in ("999-1234567-7654321", "BRT", "Packing slip required", "Caffettiera", "AMZNIT", "WROS1"):
        assert said in page
    assert "Amazon named no parties" not in page


def test_the_search_finds_the_customers_order_number(admin_client, consumers_order):
    found = admin_client.get(f"{LIST}?q=999-1234567").context["cl"].result_list
    assert [document.number for document in found] == ["DF0000001"]


def test_what_both_programs_call_alike_is_one_choice_in_the_list(admin_client, consumers_order, receive_orders):
    SaleDocument.objects.update(state="accepted")
    receive_orders(amazon_orders.order("PO1", state="Acknowledged"), amazon_orders.order("PO2"))
    found = admin_client.get(f"{LIST}?state=acknowledged").context["cl"].result_list
    assert {document.number for document in found} == {"DF0000001", "PO1"}
    tiles = [(tile.badge, tile.number) for tile in admin_client.get("/").context["states"]]
    assert len({badge for badge, _number in tiles}) == len(tiles)
