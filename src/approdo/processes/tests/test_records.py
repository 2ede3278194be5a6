"""Records from plain data: everything is checked, and nothing changes when something is wrong."""

import pytest
from django.core.exceptions import ValidationError

from approdo.nodes.models import Configuration, Node, TimeRange
from approdo.processes.models import Connector
from approdo.processes.records import SECTIONS, as_data, delete, find, save
from approdo.sdk.errors import ConfigError

pytestmark = pytest.mark.django_db

NODE = {
    "name": "Amazon Vendor EU",
    "type": "amazon_vendor",
    "options": {
        "region": "eu",
        "marketplace": "IT",
        "client_id": "client",
        "client_secret": "the secret",
        "refresh_token": "the token",
    },
}
RANGE = {"name": "Last 7 days", "last": "7 days", "delay": "5 minutes", "by": "both"}
CONFIGURATION = {"name": "All", "type": "vendor_retail", "time_range": "Last 7 days", "states": "all"}
CONNECTOR = {
    "name": "Download",
    "node": "Amazon Vendor EU",
    "type": "amazon_vendor.download_orders",
    "options": {"configuration": "All", "recode_skus": False},
}
ALL = (
    ("nodes", NODE),
    ("time_ranges", RANGE),
    ("order_download_configurations", CONFIGURATION),
    ("connectors", CONNECTOR),
)


@pytest.fixture
def everything():
    return {name: save(SECTIONS[name], data).record for name, data in ALL}


def test_saving_the_same_again_changes_nothing(everything):
    for name, data in ALL:
        saved = save(SECTIONS[name], data)
        assert (saved.created, saved.changed) == (False, [])


def test_secrets_are_encrypted_at_rest_and_named_not_shown(everything):
    row = Node.objects.values().get()
    assert "the secret" not in str(row)
    assert "the token" not in str(row)
    data = as_data(SECTIONS["nodes"], everything["nodes"])
    assert data["secrets_set"] == ["client_secret", "refresh_token"]
    assert "the secret" not in str(data)
    assert Node.objects.get().settings()["client_secret"] == "the secret"


def test_a_secret_is_replaced_and_the_others_stay(everything):
    changed = {"name": NODE["name"], "options": {"client_secret": "another"}}
    assert save(SECTIONS["nodes"], changed).changed == ["options.client_secret"]
    settings = Node.objects.get().settings()
    assert (settings["client_secret"], settings["refresh_token"]) == ("another", "the token")


@pytest.mark.parametrize(
    ("section", "changes", "sentence"),
    [
        ("nodes", {"type": "ebay"}, "no node type"),
        ("nodes", {"options": {**NODE["options"], "region": "moon"}}, "not a valid choice"),
        ("nodes", {"options": {"region": "eu"}}, "required"),
        ("nodes", {"options": {**NODE["options"], "colour": "red"}}, "no such option"),
        ("nodes", {"options": "none"}, "has to be"),
        ("nodes", {"name": ""}, "blank"),
        ("nodes", {"name": " \t "}, "invisible"),
        ("nodes", {"name": "   "}, "blank"),
        ("nodes", {"name": ["a"]}, "has to be a text"),
        ("nodes", {"colour": "red"}, "no such option"),
        ("nodes", {"name": "Second node for the same account"}, "already uses this account"),
        ("time_ranges", {"last": "0 days"}, "empty"),
        ("time_ranges", {"last": "a week"}, "not a length of time"),
        ("time_ranges", {"last": "30 minutes"}, "not a length of time"),
        ("time_ranges", {"last": None, "from": "2026-02-31", "to": "2026-03-01"}, "date"),
        ("time_ranges", {"by": "moon"}, "not a valid choice"),
        ("order_download_configurations", {"states": ["lost"]}, "not a valid choice"),
        ("order_download_configurations", {"time_range": "Nowhere"}, "Nowhere"),
        ("order_download_configurations", {"type": "vendor_wholesale"}, "not a valid choice"),
        ("connectors", {"node": "Nowhere"}, "Nowhere"),
        ("connectors", {"type": "amazon_vendor.nothing"}, "no connector type"),
        ("connectors", {"options": {"configuration": "Nowhere"}}, "Nowhere"),
        ("connectors", {"options": {"configuration": "All", "recode_skus": "yes"}}, "true or false"),
        ("connectors", {"active": "perhaps"}, "true or false|either True or False"),
    ],
)
def test_bad_input_gets_a_sentence_and_changes_nothing(everything, section, changes, sentence):
    tables = (Node, TimeRange, Configuration, Connector)
    before = [list(model._meta.default_manager.values()) for model in tables]
    data = {**dict(ALL)[section], "name": "New one", **changes}
    if section == "nodes" and "already" not in sentence:
        options = data["options"]
        data["options"] = {**options, "client_id": "other"} if isinstance(options, dict) else options
        if options == {"region": "eu"}:
            data["options"] = options
    with pytest.raises(ValidationError, match=sentence):
        save(SECTIONS[section], data)
    assert [list(model._meta.default_manager.values()) for model in tables] == before


@pytest.mark.parametrize(
    ("section", "user"),
    [
        ("nodes", "Download"),
        ("time_ranges", "All"),
        ("order_download_configurations", "Download"),
    ],
)
def test_what_is_in_use_cannot_be_deleted_and_the_sentence_names_its_user(everything, section, user):
    with pytest.raises(ConfigError) as error:
        delete(everything[section])
    assert error.value.code == "record_in_use"
    assert user in error.value.params["users"]
    assert find(SECTIONS[section], everything[section].name)


def test_unused_records_are_deleted(everything):
    for name, _ in reversed(ALL):
        delete(everything[name])
    assert not Node.objects.exists()


def test_a_range_can_turn_from_a_length_into_dates_and_back(everything):
    section = SECTIONS["time_ranges"]
    save(section, {"name": RANGE["name"], "from": "2026-04-01", "to": "2026-04-05"})
    assert TimeRange.objects.get().last is None
    save(section, {"name": RANGE["name"], "last": "48 hours"})
    time_range = TimeRange.objects.get()
    assert (time_range.last, time_range.unit, time_range.start) == (48, "hours", None)


def test_a_record_is_found_by_name_before_number(everything):
    assert find(SECTIONS["nodes"], str(everything["nodes"].pk)) == everything["nodes"]
    with pytest.raises(ConfigError, match="record_not_found"):
        find(SECTIONS["nodes"], "9" * 40)
