"""Nodes, time ranges, configurations, connectors: made, read, changed, deleted."""

import json

import pytest
from amazon_orders import batch, order
from django.utils import timezone

from approdo.api.tests.conftest import SECRETS, escaped, node_body
from approdo.exchanges.models import WindowRead
from approdo.nodes.models import Configuration, Node, TimeRange
from approdo.processes.models import Connector
from approdo.sales.receive import Origin, receive

RECORDS = {
    "/nodes": node_body("First"),
    "/time-ranges": {"name": "First", "last": "48 hours", "delay": "10 minutes", "by": "created"},
    "/order-download-configurations": {
        "name": "First",
        "type": "vendor_retail",
        "time_range": "Range",
        "states": ["new"],
    },
}


@pytest.fixture(autouse=True)
def a_range(db):
    TimeRange.objects.create(name="Range", last=7)


@pytest.mark.parametrize("path", RECORDS)
def test_a_record_is_made_read_renamed_and_deleted(path, caller):
    made = caller.post(path, RECORDS[path])
    assert made.status == 201
    location = made.headers["Location"].removeprefix("/api/v1")
    assert caller.get(location).data == made.data
    assert caller.get(f"{path}/First").data == made.data
    assert made.data in caller.get(path).data["items"]
    changed = caller.patch(location, {"name": "Second"})
    assert (changed.status, changed.data) == (200, {**made.data, "name": "Second"})
    deleted = caller.delete(f"{path}/Second")
    assert (deleted.status, deleted.text) == (204, "")
    assert caller.get(location).status == 404
    assert caller.delete(location).status == 404


@pytest.mark.parametrize("path", RECORDS)
def test_a_name_is_taken_once(path, caller):
    first = caller.post(path, RECORDS[path]).data
    body = {**RECORDS[path], "name": "Other"}
    if path == "/nodes":
        body = node_body("Other")
    assert caller.post(path, body).status == 201
    for answer in (caller.post(path, RECORDS[path]), caller.patch(f"{path}/Other", {"name": "First"})):
        assert (answer.status, answer.data["code"]) == (409, "name_taken")
    assert caller.get(f"{path}/First").data == first
    assert caller.get(f"{path}/Other").status == 200


def test_a_connector_is_made_and_changed(caller, connector):
    assert connector["options"] == {"configuration": "All states", "recode_skus": False}
    changed = caller.patch("/connectors/Scarica%20ordini", {"active": False, "options": {"recode_skus": True}})
    assert changed.data["active"] is False
    assert changed.data["options"] == {"configuration": "All states", "recode_skus": True}


@pytest.mark.parametrize("name", ["A/B", "Città 日本 ü", "50% + 1 = ?#&", "a//b", "test", "x/test/y", "über/run"])
def test_a_record_is_reached_by_its_url_encoded_name(name, caller):
    made = caller.post("/nodes", node_body(name))
    assert caller.get(f"/nodes/{escaped(name)}").data == made.data
    assert caller.delete(f"/nodes/{escaped(name)}").status == 204


def test_a_name_that_ends_like_an_action_is_reached_by_its_id(caller):
    made = caller.post("/nodes", node_body("A/test")).data
    assert caller.get("/nodes/A%2Ftest").status == 405
    assert caller.get(f"/nodes/{made['id']}").data == made


def test_a_patch_changes_single_options_and_keeps_the_secrets(caller):
    caller.post("/nodes", node_body("EU"))
    answer = caller.patch("/nodes/EU", {"options": {"marketplace": "IT"}})
    assert answer.data["options"]["marketplace"] == "IT"
    assert Node.objects.get().settings()["client_secret"] == SECRETS["client_secret"]
    caller.patch("/nodes/EU", {"options": {"client_secret": "another"}})
    assert Node.objects.get().settings()["client_secret"] == "another"


def test_secrets_are_in_no_answer(caller, connector):
    body = node_body("Second")
    answers = [
        caller.post("/nodes", body),
        caller.post("/nodes", body),
        caller.post("/nodes", {**body, "name": "x" * 101}),
        caller.post("/nodes", node_body("Third", region="moon")),
        caller.post("/nodes", node_body("Third", client_id="client Second")),
        caller.post("/nodes", node_body("Third", client_secret="top-secret-value\n\tx")),
        caller.post("/nodes", node_body("Third", client_secret={"top-secret-value": 1})),
        caller.patch("/nodes/Second", {"options": {"region": "na"}}),
        caller.get("/nodes"),
        caller.get("/nodes/Second"),
        caller.delete("/nodes/Amazon%20Vendor%20EU"),
        caller.get("/connectors"),
    ]
    for answer in answers:
        assert "secret-value" not in answer.text
        assert "Atzr" not in answer.text
    assert answers[0].data["secrets_set"] == ["client_secret", "refresh_token"]


def test_a_record_that_is_used_stays(caller, connector):
    receive(batch(order()), Origin(Node.objects.get().pk, None, timezone.now()))
    for path in (
        "/nodes/Amazon%20Vendor%20EU",
        "/time-ranges/Last%207%20days",
        "/order-download-configurations/All%20states",
    ):
        answer = caller.delete(path)
        assert (answer.status, answer.data["code"]) == (409, "record_in_use")
        assert caller.get(path).status == 200
    assert caller.delete("/connectors/Scarica%20ordini").status == 204
    answer = caller.delete("/nodes/Amazon%20Vendor%20EU")  # its documents are still there
    assert (answer.status, answer.data["code"]) == (409, "record_has_history")


def test_a_node_from_which_nothing_was_stored_goes_with_what_was_asked_of_it(caller, connector):
    assert caller.delete("/connectors/Scarica%20ordini").status == 204
    now = timezone.now()
    window = {"program": "vendor_retail", "run": 1, "connector": 1, "position": 0, "scan": "created"}
    WindowRead.objects.create(node=Node.objects.get(), start=now, end=now, **window)
    assert caller.delete("/nodes/Amazon%20Vendor%20EU").status == 204
    assert not WindowRead.objects.exists()


def test_a_name_is_what_stands_between_the_spaces_around_it(caller):
    assert caller.post("/nodes", {"name": " ERP ", "type": "api"}).data["name"] == "ERP"
    assert caller.post("/nodes", {"name": "ERP  ", "type": "api"}).data["code"] == "name_taken"


def test_sentences_name_kinds_in_the_callers_language(caller):
    caller.post("/time-ranges", {"name": "May", "last": "7 days"})
    configuration = {"name": "C", "time_range": "May"}
    caller.post("/order-download-configurations", configuration)
    caller.headers["Accept-Language"] = "it"
    assert (
        "configurazione scarico ordini" in caller.post("/order-download-configurations", configuration).data["detail"]
    )
    assert "range temporale" in caller.post("/time-ranges", {"name": "May", "last": "7 days"}).data["detail"]
    assert "documento di vendita" in caller.get("/documents/7").data["detail"]


def test_a_fixed_time_range_becomes_a_relative_one_and_back(caller):
    made = caller.post("/time-ranges", {"name": "May", "from": "2026-05-01", "to": "2026-05-31"})
    assert (made.data["from"], made.data["to"]) == ("2026-05-01", "2026-05-31")
    relative = caller.patch("/time-ranges/May", {"last": "7 days"}).data
    assert (relative["last"], "from" in relative) == ("7 days", False)
    fixed = caller.patch("/time-ranges/May", {"from": "2026-06-01", "to": "2026-06-02"}).data
    assert (fixed["from"], "last" in fixed) == ("2026-06-01", False)


def test_a_list_is_paged_without_loss(caller):
    for number in range(7):
        caller.post("/time-ranges", {"name": f"Range {number}", "last": "1 days"})
    names, cursor = [], {}
    while cursor is not None:
        page = caller.get("/time-ranges", limit=3, **cursor).data
        names += [one["name"] for one in page["items"]]
        cursor = {"cursor": page["next_cursor"]} if page["next_cursor"] else None
    assert names == ["Range", *[f"Range {number}" for number in range(7)]]


WRONG = [
    ("/nodes", {}, "name"),
    ("/nodes", {"name": "N"}, "type"),
    ("/nodes", {"name": 5, "type": "api"}, "name"),
    ("/nodes", {"name": None, "type": "api"}, "name"),
    ("/nodes", {"name": ["N"], "type": "api"}, "name"),
    ("/nodes", {"name": "", "type": "api"}, "name"),
    ("/nodes", {"name": "  ", "type": "api"}, "name"),
    ("/nodes", {"name": "N\nN", "type": "api"}, "name"),
    ("/nodes", {"name": "N" * 101, "type": "api"}, "name"),
    ("/nodes", {"name": "N", "type": "fax"}, "type"),
    ("/nodes", {"name": "N", "type": []}, "type"),
    ("/nodes", {"name": "N", "type": "api", "options": "x"}, "options"),
    ("/nodes", {"name": "N", "type": "api", "options": []}, "options"),
    ("/nodes", {"name": "N", "type": "api", "options": None}, "options"),
    ("/nodes", {"name": "N", "type": "api", "options": {"colour": "red"}}, "options.colour"),
    ("/nodes", {"name": "N", "type": "api", "secrets": {}}, "secrets"),
    ("/nodes", {"name": "N", "type": "api", "id": 7}, "id"),
    ("/nodes", node_body("N", region="moon"), "options.region"),
    ("/nodes", node_body("N", region=5), "options.region"),
    ("/nodes", node_body("N", region={"eu": 1}), "options.region"),
    ("/nodes", node_body("N", sandbox="yes"), "options.sandbox"),
    ("/nodes", node_body("N", client_id=""), "options.client_id"),
    ("/nodes", node_body("N", client_secret_issued="yesterday"), "options.client_secret_issued"),
    (
        "/nodes",
        node_body("N", region="custom", api_url="ftp://x", token_url="https://x/t"),
        "options.api_url",
    ),
    *(
        ("/nodes", node_body("N", region="custom", api_url=url, token_url="https://x/t"), "options.api_url")
        for url in ("https://exa mple.com", "https://a..b", "https://", "https://x:99999", "https://" + "x" * 64)
    ),
    ("/time-ranges", {"name": "T"}, ""),
    ("/time-ranges", {"name": "T", "last": 7}, "last"),
    ("/time-ranges", {"name": "T", "last": True}, "last"),
    ("/time-ranges", {"name": "T", "last": "soon"}, "last"),
    ("/time-ranges", {"name": "T", "last": "0 days"}, "last"),
    ("/time-ranges", {"name": "T", "last": "7 days", "delay": "2 days"}, "delay"),
    ("/time-ranges", {"name": "T", "last": "7 days", "delay": 5}, "delay"),
    ("/time-ranges", {"name": "T", "last": "7 days", "by": "size"}, "by"),
    ("/time-ranges", {"name": "T", "from": "2026-05-01"}, ""),
    ("/time-ranges", {"name": "T", "from": "2026-05-01", "to": 7}, "to"),
    ("/time-ranges", {"name": "T", "from": "2026-13-01", "to": "2026-05-01"}, "from"),
    ("/time-ranges", {"name": "T", "from": "x", "to": "2026-05-01"}, "from"),
    ("/time-ranges", {"name": "T", "from": "2026-05-02", "to": "2026-05-01"}, "to"),
    ("/order-download-configurations", {"name": "C", "type": "vendor_retail"}, "time_range"),
    ("/order-download-configurations", {"name": "C", "time_range": "Nobody's"}, "time_range"),
    ("/order-download-configurations", {"name": "C", "time_range": ["Range"]}, "time_range"),
    ("/order-download-configurations", {"name": "C", "time_range": "Range", "states": "old"}, "states"),
    ("/order-download-configurations", {"name": "C", "time_range": "Range", "states": [{}]}, "states"),
    ("/order-download-configurations", {"name": "C", "time_range": "Range", "type": 5}, "type"),
    ("/order-download-configurations", {"name": "C", "time_range": "Range", "kind": "x"}, "kind"),
    ("/connectors", {"name": "K", "node": "Nobody", "type": "amazon_vendor.download_orders"}, "node"),
    ("/connectors", {"name": "K", "node": "Range", "type": []}, "type"),
    ("/connectors", {"name": "K", "node": "Amazon", "type": "fax"}, "type"),
    (
        "/connectors",
        {"name": "K", "node": "Amazon", "type": "amazon_vendor.download_orders"},
        "options.configuration",
    ),
    (
        "/connectors",
        {
            "name": "K",
            "node": "Amazon",
            "type": "amazon_vendor.download_orders",
            "options": {"configuration": {}},
        },
        "options.configuration",
    ),
    (
        "/connectors",
        {"name": "K", "node": "Amazon", "type": "amazon_vendor.download_orders", "active": "no"},
        "active",
    ),
]


@pytest.mark.parametrize(("path", "body", "field"), WRONG)
def test_bad_input_names_the_field_and_changes_nothing(path, body, field, caller):
    caller.post("/nodes", node_body("Amazon"))
    before = _everything()
    answer = caller.post(path, body)
    assert answer.status == 422, answer.text
    assert answer.data["errors"]
    assert all(error["message"] for error in answer.data["errors"])
    assert field in [error["field"] for error in answer.data["errors"]], answer.text
    assert _everything() == before


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/nodes/Amazon%20Vendor%20EU", {"type": "api"}),
        ("/nodes/Amazon%20Vendor%20EU", {"name": "New", "options": {"region": "moon"}}),
        ("/nodes/Amazon%20Vendor%20EU", {"name": None}),
        ("/nodes/Amazon%20Vendor%20EU", {"options": None}),
        ("/nodes/Amazon%20Vendor%20EU", {"options": {"client_secret": ""}, "name": "New", "colour": 1}),
        ("/time-ranges/Range", {"name": "New", "last": "never"}),
        ("/time-ranges/Range", {"delay": None}),
        ("/order-download-configurations/All%20states", {"states": ["new", "odd"], "name": "New"}),
        ("/connectors/Scarica%20ordini", {"type": "other"}),
        ("/connectors/Scarica%20ordini", {"node": None}),
        ("/connectors/Scarica%20ordini", {"name": "New", "options": {"configuration": "none"}}),
    ],
)
def test_a_bad_change_changes_nothing(path, body, caller, connector):
    before = _everything()
    answer = caller.patch(path, body)
    assert answer.status == 422
    assert answer.data["errors"]
    assert _everything() == before


def test_two_nodes_for_one_account_are_refused(caller):
    caller.post("/nodes", node_body("EU", client_id="same"))
    answer = caller.post("/nodes", node_body("Again", client_id="same"))
    assert answer.status == 422
    assert "EU" in answer.text


def test_a_node_without_a_test_gives_an_empty_list(caller):
    caller.post("/nodes", {"name": "ERP", "type": "api"})
    answer = caller.post("/nodes/ERP/test")
    assert (answer.status, answer.data) == (200, {"items": [], "next_cursor": None})


def test_testing_a_node_says_what_could_not_be_reached(caller):
    options = {"region": "custom", "api_url": "http://127.0.0.1:9", "token_url": "http://127.0.0.1:9/token"}
    caller.post("/nodes", node_body("Nowhere", **options))
    answer = caller.post("/nodes/Nowhere/test")
    assert answer.status == 200
    assert answer.data["items"][0]["outcome"] == "unreachable"
    assert answer.data["items"][0]["message"]
    assert caller.post("/nodes/Nobody/test").status == 404


def test_testing_a_node_whose_secrets_cannot_be_opened_says_so(caller):
    caller.post("/nodes", node_body("EU"))
    Node.objects.update(secrets="broken")
    answer = caller.post("/nodes/EU/test")
    assert [(one["outcome"], one["code"]) for one in answer.data["items"]] == [("refused", "other_encryption_key")]


def _everything():
    models = (Node, TimeRange, Configuration, Connector)
    return json.dumps([list(model.objects.order_by("pk").values()) for model in models], default=str)
