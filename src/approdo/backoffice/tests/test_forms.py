"""The forms: declared options become fields, secrets stay inside, errors stand beside their field."""

import amazon_orders
import pytest
from django.contrib.messages import get_messages
from django.utils import timezone, translation

from approdo.nodes.models import Configuration, Node, TimeRange
from approdo.processes.models import Connector, Run
from approdo.sales.models import SaleDocument

STEP_2 = "/nodes/node/add/?name=EU&type=amazon_vendor"
CONFIGURATIONS = "/backoffice/orderdownloadconfiguration/"


def node_form(**changes):
    return {
        "name": "EU",
        "option_region": "eu",
        "option_client_id": "amzn1.application-oa2-client.x",
        "option_client_secret": "top-secret",
        "option_refresh_token": "Atzr|token",
        "_continue": "1",
        **changes,
    }


def errors_of(response):
    return response.context["adminform"].form.errors


def test_the_first_step_asks_for_name_and_type_and_saves_nothing(admin_client):
    answer = admin_client.post("/nodes/node/add/", {"name": "EU", "type": "amazon_vendor"})
    assert answer.url == STEP_2
    assert not Node.objects.exists()


def test_the_first_step_refuses_a_name_that_is_taken(admin_client, node):
    answer = admin_client.post("/nodes/node/add/", {"name": node.name, "type": "amazon_vendor"})
    assert "There is a node of this name already." in answer.content.decode()


def test_the_second_step_saves_the_node_with_its_secrets_encrypted(admin_client):
    answer = admin_client.post(STEP_2, node_form(), follow=True)
    node = Node.objects.get()
    assert node.type == "amazon_vendor"
    assert node.options["region"] == "eu"
    assert node.revealed() == {"client_secret": "top-secret", "refresh_token": "Atzr|token"}
    assert "top-secret" not in node.secrets
    assert "top-secret" not in answer.content.decode()
    assert "Test connection" in answer.content.decode()


def test_a_secret_left_empty_is_kept_and_a_new_one_replaces_it(admin_client, node):
    form = node_form(name=node.name, option_client_secret="", option_refresh_token="Atzr|new")
    admin_client.post(f"/nodes/node/{node.pk}/change/", form)
    node.refresh_from_db()
    assert node.revealed() == {"client_secret": "hidden", "refresh_token": "Atzr|new"}


def test_an_emptied_option_is_forgotten(admin_client, node):
    admin_client.post(f"/nodes/node/{node.pk}/change/", node_form(option_time_zone="Europe/Rome"))
    admin_client.post(f"/nodes/node/{node.pk}/change/", node_form(option_time_zone=""))
    node.refresh_from_db()
    assert "time_zone" not in node.options


def test_every_error_of_an_option_stands_beside_its_field_and_nowhere_else(admin_client):
    form = node_form(option_region="", option_time_zone="Mars/Base", option_client_secret="")
    errors = errors_of(admin_client.post(STEP_2, form))
    assert set(errors) == {"option_region", "option_time_zone", "option_client_secret"}
    assert "not a time zone" in errors["option_time_zone"][0]


def test_a_refused_form_does_not_send_the_secret_back(admin_client):
    answer = admin_client.post(STEP_2, node_form(option_region=""))
    assert "top-secret" not in answer.content.decode()


def test_an_option_that_does_not_apply_is_dropped_whatever_was_typed(admin_client):
    admin_client.post(STEP_2, node_form(option_api_url="not even an address"))
    assert "api_url" not in Node.objects.get().options


def test_a_second_node_for_one_account_is_refused_with_the_sentence(admin_client):
    admin_client.post(STEP_2, node_form())
    answer = admin_client.post("/nodes/node/add/?name=Two&type=amazon_vendor", node_form(name="Two"))
    assert "already uses this account" in answer.content.decode()
    assert Node.objects.count() == 1


def test_a_time_range_keeps_only_what_its_kind_asks_for(admin_client):
    form = {"name": "Week", "mode": "relative", "last": "7", "unit": "days", "start": "2026-01-01", "by": "both"}
    admin_client.post("/nodes/timerange/add/", {**form, "delay": "5", "_save": "1"})
    saved = TimeRange.objects.get()
    assert (saved.last, saved.start, saved.end) == (7, None, None)
    admin_client.post(
        f"/nodes/timerange/{saved.pk}/change/", {**form, "mode": "fixed", "end": "2026-01-31", "delay": "5"}
    )
    saved.refresh_from_db()
    assert (saved.last, str(saved.start), str(saved.end)) == (None, "2026-01-01", "2026-01-31")


@pytest.mark.parametrize(
    ("form", "field"),
    [
        ({"mode": "relative"}, "last"),
        ({"mode": "relative", "last": "0"}, "last"),
        ({"mode": "fixed", "start": "2026-01-01"}, "end"),
        ({"mode": "fixed", "start": "2026-02-01", "end": "2026-01-01"}, "end"),
        ({"mode": "relative", "last": "7", "delay": "9999"}, "delay"),
    ],
)
def test_a_wrong_time_range_says_so_beside_the_field(admin_client, form, field):
    whole = {"name": "Wrong", "unit": "days", "by": "both", "delay": "5", **form}
    assert list(errors_of(admin_client.post("/nodes/timerange/add/", whole))) == [field]
    assert not TimeRange.objects.exists()


def test_a_configuration_takes_several_states(admin_client, time_range):
    form = {"name": "Some", "option_type": "vendor_retail", "time_range": time_range.pk}
    answer = admin_client.post(f"{CONFIGURATIONS}add/", {**form, "option_states": ["new", "closed"], "_save": "1"})
    assert answer.url == CONFIGURATIONS
    saved = Configuration.objects.get()
    assert saved.kind == "order_download_configuration"
    assert saved.options["states"] == ["new", "closed"]


def test_a_configuration_without_any_state_is_refused(admin_client, time_range):
    form = {"name": "None", "option_type": "vendor_retail", "time_range": time_range.pk}
    errors = errors_of(admin_client.post(f"{CONFIGURATIONS}add/", form))
    assert list(errors) == ["option_states"]


def test_a_configurations_name_is_unique_within_its_kind(admin_client, configuration):
    form = {"name": configuration.name, "option_type": "vendor_retail", "option_states": ["new"]}
    answer = admin_client.post(f"{CONFIGURATIONS}add/", {**form, "time_range": configuration.time_range_id})
    assert list(errors_of(answer)) == ["name"]


def test_a_connector_is_made_in_two_steps(admin_client, node, configuration):
    step = {"name": "Orders", "node_type": "amazon_vendor", "node": node.pk, "type": "amazon_vendor.download_orders"}
    second = admin_client.post("/processes/connector/add/", step)
    assert not Connector.objects.exists()
    page = admin_client.get(second.url)
    assert "Run SKU recoding?" in page.content.decode()
    form = {"name": "Orders", "node": node.pk, "configuration": configuration.pk, "active": "on", "_continue": "1"}
    answer = admin_client.post(second.url, form, follow=True)
    connector = Connector.objects.get()
    assert (connector.type, connector.node, connector.configuration) == (step["type"], node, configuration)
    assert "Run the connector now?" in answer.content.decode()


def test_the_first_step_of_a_connector_refuses_a_node_of_another_type(admin_client, node):
    Node.objects.filter(pk=node.pk).update(type="api")
    step = {"name": "Orders", "node_type": "amazon_vendor", "node": node.pk, "type": "amazon_vendor.download_orders"}
    answer = admin_client.post("/processes/connector/add/", step)
    assert answer.status_code == 200
    assert "node" in answer.context["form"].errors


def test_a_connector_cannot_be_begun_without_a_node(admin_client):
    page = admin_client.get("/processes/connector/add/").content.decode()
    assert "A connector needs a node: add one first." in page
    assert "/nodes/node/add/" in page


def test_a_record_whose_type_is_gone_can_still_be_looked_at(admin_client, node, connector, receive_orders):
    receive_orders(amazon_orders.order())
    Run.objects.create(connector=connector, connector_name="Orders", state="failed", created_at=timezone.now())
    Node.objects.filter(pk=node.pk).update(type="vanished")
    Connector.objects.filter(pk=connector.pk).update(type="vanished.too")
    document = SaleDocument.objects.get()
    for address in (
        f"/nodes/node/{node.pk}/change/", "/nodes/node/", "/processes/connector/", "/", "/processes/run/",
        f"/processes/run/{Run.objects.get().pk}/change/", "/sales/saledocument/?dated_from=2026-04-30",
        f"/sales/saledocument/{document.pk}/change/",
    ):  # fmt: skip
        assert admin_client.get(address).status_code == 200, address
    assert admin_client.get(f"/processes/connector/{connector.pk}/change/").status_code == 200


@pytest.mark.parametrize("method", ["get", "post"])
def test_what_is_in_use_is_not_deleted_and_the_sentence_says_by_whom(admin_client, connector, method):
    answer = getattr(admin_client, method)(f"/nodes/node/{connector.node_id}/delete/", {"post": "yes"})
    assert answer.url == f"/nodes/node/{connector.node_id}/change/"
    [message] = get_messages(answer.wsgi_request)
    assert "is in use: connector “Orders”" in str(message)
    assert Node.objects.exists()


def test_deleting_several_deletes_none_where_one_is_in_use(admin_client, configuration):
    TimeRange.objects.create(name="Unused", last=1)
    ticked = list(TimeRange.objects.values_list("pk", flat=True))
    form = {"action": "delete_selected", "_selected_action": ticked, "post": "yes"}
    answer = admin_client.post("/nodes/timerange/", form, follow=True)
    assert "is in use" in answer.content.decode()
    assert TimeRange.objects.count() == 2


def test_what_nobody_uses_is_deleted_alone_and_together(admin_client, connector):
    admin_client.post(f"/processes/connector/{connector.pk}/delete/", {"post": "yes"})
    form = {"action": "delete_selected", "_selected_action": [connector.configuration_id], "post": "yes"}
    admin_client.post(CONFIGURATIONS, form)
    assert not Connector.objects.exists()
    assert not Configuration.objects.exists()


def test_a_configuration_without_a_time_range_is_refused_in_one_sentence(admin_client, time_range):
    answer = admin_client.post(f"{CONFIGURATIONS}add/", {"name": "C", "option_type": "vendor_retail"})
    assert answer.context["adminform"].form.errors["time_range"] == ["This field is required."]


def test_the_forms_say_the_seeds_own_words_in_italian(admin_client, node, configuration):
    with translation.override("it"):
        admin_client.cookies["django_language"] = "it"
        form = admin_client.get(f"{CONFIGURATIONS}add/").content.decode()
        step = admin_client.get("/processes/connector/add/").content.decode()
    for word in (
        "Nome configurazione",
        "Configurazione parametri temporali",
        "Stato ordine",
        "NUOVO",
        "Salva e chiudi",
    ):
        assert word in form
    for word in ("Tipo di nodo", "Nodo", "Tipo di connettore", "Marketplace Amazon Vendor [Scarico ordini]"):
        assert word in step
