"""Direct Fulfillment from Amazon to documents, and consumers forgotten for good, on disk as well."""

from datetime import timedelta
from typing import Any

import pytest
from hub import Hub, declared

from amazon_simulator import Account, Simulator

pytestmark = pytest.mark.hub

OPEN = ("NEW", "ACCEPTED")


@pytest.fixture
def amazon():
    accounts = [Account("eu", "Atzr|simulator-eu", ("ROSIT", "ROSDE"), orders=20, df_orders=240)]
    with Simulator(seed=3, days=25, accounts=accounts, rate_limit=False) as simulator:
        yield simulator


@pytest.fixture
def direct(hub: Hub, amazon: Simulator) -> Hub:
    """A hub whose connector reads the Direct Fulfillment orders of the last 30 days."""
    records = declared(amazon, last="30 days")
    records["order_download_configurations"] = [
        {"name": "Everything", "type": "vendor_direct_fulfillment", "time_range": "Range", "states": "all"}
    ]
    assert hub.apply(records).returncode == 0
    return hub


def stored(hub: Hub) -> dict[str, str]:
    return {document["number"]: document["state"] for document in hub.documents()}


def truth(amazon: Simulator) -> dict[str, str]:
    return {order.number: order.state.lower() for order in amazon.df_orders()}


def consumer(amazon: Simulator, number: str) -> list[str]:
    """What says who the consumer of an order is, as bytes on a disk would."""
    address = amazon.df_order(number)["orderDetails"]["shipToParty"]
    return [address["name"], address["addressLine1"], address["phone"]]


def on_disk(hub: Hub, words: list[str]) -> list[str]:
    """Which of the words stand in a file of the installation; with PostgreSQL, in a table of its database."""
    texts = [path.read_bytes() for path in hub.home.rglob("*") if path.is_file() and path.name != "declared.yaml"]
    if "APPRODO_DATABASE_URL" in hub.environment:
        tables = hub.rows("SELECT schemaname, tablename FROM pg_tables WHERE schemaname IN ('public', 'dbos')")
        for schema, table in tables:
            texts.append(str(hub.rows(f'SELECT t::text FROM "{schema}"."{table}" t')).encode())
    return [word for word in words if any(word.encode() in text for text in texts)]


@pytest.mark.once
def test_the_second_run_finds_every_state_though_amazon_shows_no_change(direct: Hub, amazon: Simulator):
    assert direct.run()["state"] == "succeeded"
    assert stored(direct) == truth(amazon)
    moved = [order.number for order in amazon.df_orders() if order.state in OPEN][:5]
    old = [order for order in amazon.df_orders() if order.state in OPEN]
    assert moved
    for number in moved:
        amazon.change_df_order(number, state="SHIPPED")
    shorter = {"time_ranges": [{"name": "Range", "last": "1 hours", "delay": "0 minutes", "by": "both"}]}
    assert direct.apply(shorter).returncode == 0
    again = direct.run()
    assert again["state"] == "succeeded"
    assert again["counts"]["updated"] == len(moved)
    assert stored(direct) == truth(amazon)
    assert min(order.created for order in old) < amazon.now - timedelta(hours=1), "they lie outside the short range"


def test_a_consumer_is_on_no_disk_and_once_purged_comes_back_from_nowhere(direct: Hub, amazon: Simulator):
    direct.run()
    number = min(truth(amazon))
    words = consumer(amazon, number)
    assert on_disk(direct, words) == []

    def shown() -> dict[str, Any]:
        (found,) = direct.documents("--number", number, "--personal-data")
        return found

    assert shown()["ship_to_party"]["address"]["name"] == words[0]
    assert direct.rows("SELECT count(*) FROM sales_personaldatalook") == [(1,)]
    purged = direct.command("purge", number)
    assert purged.returncode == 0, purged.stderr
    assert (shown()["personal_data"], shown()["ship_to_party"]) == ("purged", None)
    amazon.change_df_order(number, state="CANCELLED", ship_to={"name": words[0] + " II"})
    assert direct.run()["state"] == "succeeded"
    assert (shown()["state"], shown()["personal_data"], shown()["ship_to_party"]) == ("cancelled", "purged", None)
    assert on_disk(direct, words) == []
    assert "shipToParty" not in str(direct.rows("SELECT raw FROM sales_documentversion"))


def test_what_is_over_is_purged_by_the_worker_itself(direct: Hub, amazon: Simulator):
    direct.run()
    assert direct.rows("SELECT count(*) FROM sales_personaldata WHERE purged_at IS NOT NULL") == [(0,)]
    direct.change("UPDATE sales_personaldata SET purge_at = '2026-01-01 00:00:00+00' WHERE document_id % 2 = 0")
    direct.run()  # the command is the worker here, and does a worker's rounds
    left = "SELECT count(*) FROM sales_personaldata WHERE purged_at IS NULL AND document_id % 2 = {}"
    assert (direct.rows(left.format(0)), direct.rows(left.format(1))) == ([(0,)], [(120,)])


@pytest.mark.once
def test_a_missing_role_is_said_in_words_and_retail_goes_on(direct: Hub, amazon: Simulator):
    amazon.dials.set("rdt_refused")
    refused = direct.run()
    assert refused["state"] == "failed"
    assert "Direct-to-Consumer Shipping" in refused["errors"][0]["hint"]
    assert stored(direct) == {}


@pytest.mark.once
def test_changed_alone_is_refused_for_direct_fulfillment(direct: Hub):
    refused = direct.apply(
        {
            "time_ranges": [{"name": "Changes", "last": "7 days", "by": "changed"}],
            "order_download_configurations": [
                {"name": "Bad", "type": "vendor_direct_fulfillment", "time_range": "Changes", "states": "all"}
            ],
        }
    )
    assert refused.returncode != 0
    assert "no change date" in refused.stderr
    later = direct.apply({"time_ranges": [{"name": "Range", "by": "changed"}]})
    assert later.returncode != 0
    assert "Everything" in later.stderr
