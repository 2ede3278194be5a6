"""The encryption keys are lost for good: what they sealed is given up, and everything else goes on with new ones."""

import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from copies import empty_hub, everything
from cryptography.fernet import Fernet
from hub import Hub, declared

from amazon_simulator import Account, Simulator

pytestmark = [pytest.mark.hub, pytest.mark.once]

POSTGRESQL = "APPRODO_TEST_SERVER" in os.environ
SECRET = "whsec_" + "c2ln" * 8


@pytest.fixture(scope="module")
def amazon() -> Iterator[Simulator]:
    accounts = [Account("eu", "Atzr|simulator-eu", ("ROSIT",), orders=20, df_orders=12)]
    with Simulator(seed=11, days=10, accounts=accounts, rate_limit=False) as simulator:
        yield simulator


def records(amazon: Simulator) -> dict:
    """Retail and consumers' orders, and a webhook that signs."""
    found = declared(amazon, last="9 days")
    direct = {"name": "Direct", "type": "vendor_direct_fulfillment", "time_range": "Range", "states": "all"}
    found["order_download_configurations"].append(direct)
    found["connectors"].append(found["connectors"][0] | {"name": "Direct", "options": {"configuration": "Direct"}})
    found["recipients"] = [{"name": "ERP", "kind": "webhook", "address": "https://erp.example.com", "secret": SECRET}]
    return found


@pytest.fixture(scope="module")
def once_used(migrated_hub: Hub, amazon: Simulator, tmp_path_factory) -> Hub:
    hub = migrated_hub.copy(tmp_path_factory.mktemp("kept"))
    assert hub.apply(records(amazon)).returncode == 0
    for name in ("Download", "Direct"):
        assert hub.run(name)["state"] == "succeeded"
    return hub


@pytest.fixture
def robbed(once_used: Hub, tmp_path: Path) -> Iterator[Hub]:
    """The hub with other keys than those that it was encrypted with."""
    hub = once_used.copy(tmp_path)
    lose_keys(hub)
    yield hub
    hub.close()


def lose_keys(hub: Hub) -> None:
    if POSTGRESQL:
        hub.environment["APPRODO_ENCRYPTION_KEYS"] = Fernet.generate_key().decode()
    else:
        (hub.home / "encryption.keys").unlink()


def held(hub: Hub) -> int:
    ((count,),) = hub.rows("SELECT count(*) FROM sales_saledocument")
    return count


def versions(hub: Hub) -> dict[str, int]:
    return {one["number"]: one["version"] for one in hub.documents()}


def test_without_its_keys_a_hub_does_not_start_and_says_what_can_be_done(robbed: Hub):
    for command in (("documents",), ("migrate",), ("up", "--port", "1")):
        done = robbed.command(*command)
        assert done.returncode == 1
        assert "approdo keys forget" in done.stderr


def test_what_is_lost_is_said_first_and_given_up_only_when_confirmed(robbed: Hub):
    before = everything(robbed)
    done = robbed.command("keys", "forget")
    assert done.returncode != 0
    assert "the secrets of the nodes “Amazon Vendor EU”" in done.stdout
    assert "the signing secrets of the recipients “ERP”" in done.stdout
    ((consumers,),) = robbed.rows("SELECT count(*) FROM sales_personaldata")
    assert consumers > 5
    assert f"who the consumers of {consumers} documents are" in done.stdout
    assert f"the raw texts of {consumers} versions" in done.stdout
    assert everything(robbed) == before
    assert robbed.command("documents").returncode == 1


def test_given_up_the_rest_goes_on_and_each_missing_secret_is_named_until_it_is_entered(robbed: Hub, amazon: Simulator):
    forgotten = robbed.command("keys", "forget", "--yes")
    assert forgotten.returncode == 0, forgotten.stderr
    assert len(list(robbed.home.glob("backups/*.sqlite3"))) == (0 if POSTGRESQL else 1), "should the keys be found"
    assert len(robbed.documents()) == held(robbed), "every document is still there"
    people = [json.loads(line) for line in robbed.command("documents", "--json", "--personal-data").stdout.splitlines()]
    assert not any("name" in (one["ship_to_party"] or {}) and one["ship_to_party"]["name"] for one in people
                   if one["program"] == "vendor_direct_fulfillment")  # fmt: skip
    ill, failed = robbed.command("doctor"), robbed.command("run", "Download")
    assert "The secrets of the node “Amazon Vendor EU” are missing" in ill.stdout
    assert "signing secret of the recipient “ERP” was lost" in ill.stdout
    assert (ill.returncode, failed.returncode) == (1, 1)
    assert "are missing" in failed.stderr
    assert "nobody" not in robbed.command("keys", "forget", "--yes").stdout, "a second time there is nothing to give up"
    known = versions(robbed)
    assert robbed.apply(records(amazon)).returncode == 0
    assert robbed.command("doctor").returncode == 0
    for name in ("Download", "Direct"):
        assert robbed.run(name)["state"] == "succeeded"
    assert {
        number: version - known[number] for number, version in versions(robbed).items() if version != known[number]
    } == {one["number"]: 1 for one in robbed.documents() if one["program"] == "vendor_direct_fulfillment"}, (
        "shown again they are stored once more, without their consumers"
    )
    assert robbed.rows("SELECT count(*) FROM sales_personaldata WHERE purged_at IS NULL") == [(0,)]


def test_a_copy_whose_keys_are_lost_is_restored_without_what_they_encrypted(once_used: Hub, tmp_path: Path):
    file = tmp_path / "copy"
    assert once_used.command("backup", str(file)).returncode == 0
    other = empty_hub(tmp_path / "other")
    (tmp_path / "other").mkdir()
    if POSTGRESQL:
        lose_keys(other)
    refused = other.command("restore", str(file))
    assert refused.returncode == 1
    assert "--forget-keys" in refused.stderr
    done = other.command("restore", str(file), "--forget-keys")
    assert done.returncode == 0, done.stderr
    assert "“Amazon Vendor EU”" in done.stdout
    assert len(other.documents()) == held(once_used)
    assert "are missing" in other.command("doctor").stdout
    other.close()
