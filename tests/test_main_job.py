"""From an Amazon Vendor node to sale documents, through the real command and over HTTP."""

from datetime import timedelta

import pytest
from hub import Hub, declared, wait_for_next_second

from amazon_simulator import REFRESH_TOKEN, Simulator

pytestmark = pytest.mark.hub

DAYS = 30


@pytest.fixture
def amazon():
    with Simulator(seed=3, orders=900, days=60) as simulator:
        yield simulator


def truth(amazon: Simulator) -> set[str]:
    """The numbers of all orders of the first account created or changed in the range that tests read."""
    since = amazon.now - timedelta(days=DAYS)
    return {
        order.number
        for order in amazon.orders("eu")
        if order.created >= since or (order.changed and order.changed >= since)
    }


@pytest.mark.once
def test_every_order_of_the_range_becomes_one_document_and_twice_gives_the_same(hub: Hub, amazon: Simulator):
    assert hub.apply(declared(amazon)).returncode == 0
    first = hub.run()
    assert (first["state"], first["errors"]) == ("succeeded", [])
    documents = hub.documents()
    numbers = [document["number"] for document in documents]
    assert len(numbers) > 200
    assert sorted(numbers) == sorted(truth(amazon)), "each once, none missing, none too many"
    second = hub.run()
    assert second["state"] == "succeeded"
    assert (second["counts"]["created"], second["counts"]["updated"]) == (0, 0)
    assert hub.documents() == documents


def test_what_a_document_says_is_what_amazon_said(hub: Hub, amazon: Simulator):
    hub.apply(declared(amazon))
    hub.run()
    for document in hub.documents()[:40]:
        order = amazon.order(document["number"], "eu")
        details = order["orderDetails"]
        assert document["state"] == order["purchaseOrderState"].lower()
        assert document["vendor_code"] == details["sellingParty"]["partyId"]
        assert document["date"] == details["purchaseOrderDate"]
        for line, item in zip(document["lines"], details["items"], strict=True):
            ordered = item["orderedQuantity"]
            assert line["sequence"] == item["itemSequenceNumber"]
            assert line["quantity"] == ordered["amount"]
            in_pieces = ordered["unitSize"] if ordered["unitOfMeasure"] == "Cases" else 1
            assert line["eaches"] == ordered["amount"] * in_pieces
            assert line["net_cost"] == item["netCost"]["amount"]


@pytest.mark.once
def test_a_changed_order_is_updated_and_a_new_one_added(hub: Hub, amazon: Simulator):
    hub.apply(declared(amazon))
    hub.run()
    before = {document["number"]: document for document in hub.documents()}
    number = next(iter(before))
    sequence = before[number]["lines"][0]["sequence"]
    amazon.change_order(number, quantities={sequence: 777}, account="eu")
    (new,) = amazon.add_orders(1, account="eu")
    wait_for_next_second()
    counts = hub.run()["counts"]
    assert (counts["created"], counts["updated"]) == (1, 1)
    after = {document["number"]: document for document in hub.documents()}
    assert after.keys() - before.keys() == {new}
    assert (after[number]["version"], after[number]["lines"][0]["quantity"]) == (2, 777)


@pytest.mark.once
@pytest.mark.parametrize(
    ("option", "value", "word"),
    [("client_secret", "wrong", "secret"), ("refresh_token", "Atzr|revoked", "token")],
)
def test_wrong_credentials_fail_the_run_with_the_reason_and_the_next_step(
    hub: Hub, amazon: Simulator, option: str, value: str, word: str
):
    records = declared(amazon)
    records["nodes"][0]["options"][option] = value
    hub.apply(records)
    result = hub.run()
    assert result["state"] == "failed"
    (error,) = result["errors"]
    assert word in (error["message"] + error["hint"]).lower()
    assert error["hint"]
    assert hub.documents() == []


@pytest.mark.once
def test_a_missing_role_fails_the_run_and_names_the_roles(hub: Hub, amazon: Simulator):
    hub.apply(declared(amazon))
    amazon.dials.set("forbidden", operation="getPurchaseOrders")
    result = hub.run()
    assert result["state"] == "failed"
    assert "Amazon Fulfillment" in str(result["errors"])


def test_no_secret_is_in_the_database_or_in_any_output(hub: Hub, amazon: Simulator):
    applied = hub.apply(declared(amazon))
    ran = hub.command("run", "Download")
    secrets = ("simulator-secret", REFRESH_TOKEN)
    texts = [applied.stdout, applied.stderr, ran.stdout, ran.stderr]
    assert not any(secret in text for secret in secrets for text in texts)
    for path in hub.home.glob("*.sqlite3*"):
        content = path.read_bytes()
        assert not any(secret.encode() in content for secret in secrets), path


def test_an_account_without_orders_says_so_as_a_success_with_nothing_read(hub: Hub):
    with Simulator(seed=3, orders=0) as empty:
        hub.apply(declared(empty))
        result = hub.run()
    assert (result["state"], result["counts"]["read"]) == ("succeeded", 0)
