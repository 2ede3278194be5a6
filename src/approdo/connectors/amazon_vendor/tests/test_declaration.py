"""The declaration: which settings are accepted, where they lead, and that every code has words."""

import re
from pathlib import Path
from typing import Any

import pytest

from approdo.connectors import (
    NODE_TYPES,
    amazon_vendor,
    configuration_type,
    connector_type,
    node_type,
)
from approdo.connectors.amazon_vendor.operations import GET_PURCHASE_ORDERS
from approdo.connectors.amazon_vendor.regions import MARKETPLACES, endpoints, time_zone
from approdo.connectors.amazon_vendor.transport import USER_AGENT
from approdo.sdk.errors import ConfigError, InvalidOptions
from approdo.sdk.options import clean
from approdo.sdk.sentences import SENTENCES

NODE = amazon_vendor.NODE_TYPE
SECRETS = {"client_id": "id", "client_secret": "secret", "refresh_token": "Atzr|x"}
CUSTOM = {**SECRETS, "region": "custom"}


def problems(values: dict[str, Any]) -> dict[str, str]:
    with pytest.raises(InvalidOptions) as caught:
        clean(NODE.options, values)
    return {problem.option: problem.code for problem in caught.value.problems}


def test_types_are_found_by_name() -> None:
    assert node_type("amazon_vendor") is NODE
    assert connector_type("amazon_vendor.download_orders") in NODE.connector_types
    assert configuration_type("order_download_configuration").has_time_range


@pytest.mark.parametrize("lookup", [node_type, connector_type, configuration_type])
def test_an_unknown_name_is_a_matter_of_settings(lookup: Any) -> None:
    with pytest.raises(ConfigError) as caught:
        lookup("nonsense")
    assert caught.value.code == f"unknown_{lookup.__name__}"


def test_names_are_unique() -> None:
    connectors = [type_.name for node in NODE_TYPES for type_ in node.connector_types]
    assert len(set(connectors)) == len(connectors)
    assert len({node.name for node in NODE_TYPES}) == len(NODE_TYPES)


@pytest.mark.parametrize(
    ("region", "sandbox", "url"),
    [
        ("eu", False, "https://sellingpartnerapi-eu.amazon.com"),
        ("na", False, "https://sellingpartnerapi-na.amazon.com"),
        ("fe", True, "https://sandbox.sellingpartnerapi-fe.amazon.com"),
    ],
)
def test_a_region_gives_the_addresses(region: str, sandbox: bool, url: str) -> None:
    settings = clean(NODE.options, {**SECRETS, "region": region, "sandbox": sandbox})
    assert endpoints(settings).api_url == url
    assert endpoints(settings).token_url == "https://api.amazon.com/auth/o2/token"


def test_a_custom_region_needs_its_addresses_and_others_ignore_them() -> None:
    assert problems(CUSTOM) == {"api_url": "missing_option", "token_url": "missing_option"}
    urls = {"api_url": "http://127.0.0.1:9000/", "token_url": "http://localhost:9000/auth/o2/token"}
    assert endpoints(clean(NODE.options, {**CUSTOM, **urls})).api_url == "http://127.0.0.1:9000"
    assert "api_url" not in clean(NODE.options, {**SECRETS, **urls, "region": "eu"})


@pytest.mark.parametrize("url", ["http://10.0.0.5:9000", "http://amazon.example", "http://127.0.0.1.example.com"])
def test_secrets_leave_this_machine_by_https_only(url: str) -> None:
    urls = {"api_url": url, "token_url": "https://amazon.example/token"}
    assert problems({**CUSTOM, **urls}) == {"api_url": "not_https"}


@pytest.mark.parametrize("url", ["http://[::1]:9000", "https://amazon.example"])
def test_loopback_and_https_are_accepted(url: str) -> None:
    assert clean(NODE.options, {**CUSTOM, "api_url": url, "token_url": url})["api_url"] == url


def test_the_time_zone_is_the_marketplaces_unless_set() -> None:
    base = {**SECRETS, "region": "eu"}
    assert time_zone(clean(NODE.options, {**base, "marketplace": "IT"})) == "Europe/Rome"
    own = {**base, "marketplace": "IT", "time_zone": "Europe/London"}
    assert time_zone(clean(NODE.options, own)) == "Europe/London"
    assert time_zone(clean(NODE.options, base)) is None
    assert problems({**base, "time_zone": "Rome"}) == {"time_zone": "no_such_time_zone"}


def test_every_marketplace_has_a_zone_that_exists() -> None:
    assert len(MARKETPLACES) == 23
    for place in MARKETPLACES.values():
        assert amazon_vendor.zone_problem(place.time_zone) is None


def test_a_configuration_has_every_state_and_reads_statuses_by_default() -> None:
    options = configuration_type("order_download_configuration").options
    everything = {"type": "vendor_retail", "states": ["new", "acknowledged", "closed"], "read_status": True}
    assert clean(options, {}) == everything
    assert clean(options, {"states": "all"}) == everything


def test_the_user_agent_has_the_shape_amazon_demands() -> None:
    part = r"(?:[^/()=;\\]|\\.)+"
    assert re.fullmatch(rf"Approdo/{part} \(Language=Python/{part}; Platform={part}\)", USER_AGENT)
    assert len(USER_AGENT) <= 500


def test_every_code_of_this_folder_has_a_sentence() -> None:
    folder = Path(amazon_vendor.__file__).parent
    source = "".join(path.read_text() for path in folder.rglob("*.py") if "tests" not in path.parts)
    raised = set(re.findall(r'(?:Error|Document|Note)\(\s*(?:code=)?"(\w+)"', source))
    raised |= set(re.findall(r'code="(\w+)"', source))
    raised |= set(re.findall(r'(?:Error, )"(\w+)"\)', source))
    raised |= {"not_https", "no_such_time_zone", "clock_ahead", "clock_behind"}
    assert len(raised) > 30
    assert raised - NODE.sentences.keys() - SENTENCES.keys() == set()


def test_sentences_name_only_known_parameters() -> None:
    known = {
        "amazon_code", "amazon_message", "status", "operation", "request_id", "host", "reason",
        "detail", "count", "start", "end", "examples", "number", "returned", "value", "field",
        "days", "minutes", "age", "days_left",
    }  # fmt: skip
    for sentence in NODE.sentences.values():
        assert set(re.findall(r"{(\w+)}", " ".join(sentence))) <= known


def test_rates_are_the_published_ones() -> None:
    assert (GET_PURCHASE_ORDERS.rate.per_second, GET_PURCHASE_ORDERS.rate.burst) == (10, 10)
