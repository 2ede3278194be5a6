"""Copies of the hub: taken while it works, put back whole, and refused where they would do harm."""

import os
import resource
import shutil
import signal
import stat
import zipfile
from collections.abc import Iterator
from datetime import timedelta

import born_ready
import pytest
import truth
from copies import (
    as_before,
    assert_equal_but_for_the_form_of_json,
    copied,
    empty_hub,
    everything,
    refused,
    restored,
)
from cryptography.fernet import Fernet
from hub import Hub, declared, wait_for, wait_for_next_second

from amazon_simulator import CLIENT_SECRET, REFRESH_TOKEN, Account, Simulator

pytestmark = pytest.mark.hub

POSTGRESQL = "APPRODO_TEST_SERVER" in os.environ
DAYS = 18
SECRET = "whsec_" + "c2ln" * 8

sqlite_only = pytest.mark.skipif(POSTGRESQL, reason="SQLite's own")
postgresql_only = pytest.mark.skipif(not POSTGRESQL, reason="PostgreSQL's own")


@pytest.fixture(scope="module")
def amazon():
    accounts = [Account("eu", "Atzr|simulator-eu", ("ROSIT", "ROSDE"), orders=250, df_orders=60)]
    with Simulator(seed=11, days=40, accounts=accounts, rate_limit=False) as simulator:
        yield simulator


@pytest.fixture
def large_amazon():
    with Simulator(seed=9, orders=2500, days=40, rate_limit=False) as simulator:
        yield simulator


@pytest.fixture(scope="module")
def once_used(migrated_hub: Hub, amazon: Simulator, tmp_path_factory) -> Hub:
    """A hub with orders, codes without a match, consumers, a procedure, a recipient, a token and whoever signed in."""
    hub = migrated_hub.copy(tmp_path_factory.mktemp("used"))
    records = declared(amazon, last=f"{DAYS} days")
    records["connectors"][0]["options"]["recode_skus"] = True
    configuration = {"name": "Direct", "type": "vendor_direct_fulfillment", "time_range": "Range", "states": "all"}
    records["order_download_configurations"].append(configuration)
    records["connectors"].append(records["connectors"][0] | {"name": "Direct", "options": {"configuration": "Direct"}})
    slot = {"days": ["mon"], "from": "08:00", "to": "22:30"}
    records["procedures"] = [{"name": "Both", "connectors": ["Download", "Direct"], "active": [slot]}]
    records["recipients"] = [{"name": "ERP", "kind": "webhook", "address": "https://erp.example.com", "secret": SECRET}]
    node = records["nodes"][0]["name"]
    records["sku_recodings"] = [{"external": "X", "sku": "A"}, {"external": "X", "sku": "B", "node": node}]
    records["places"] = [{"code": "MXP5", "name": "Piacenza", "time_zone": "Europe/Rome"}]
    said = hub.apply(records)
    assert said.returncode == 0, said.stderr
    done = hub.command("run", "Both", "--json")
    assert done.returncode == 0, done.stderr
    for table in ("exchanges_unmatchedcode", "catalog_place"):
        assert hub.rows(f"SELECT 1 FROM {table} LIMIT 1")
    for name in ("ERP", "Old"):
        assert hub.command("token", "add", name, "--scope", "documents:read").returncode == 0
    hub.change("DELETE FROM processes_token WHERE name = 'Old'")
    hub.change("INSERT INTO django_session VALUES ('key-of-a-session', 'data', '2099-01-01')")
    return hub


@pytest.fixture
def used(once_used: Hub, tmp_path) -> Iterator[Hub]:
    """The same, for one test alone."""
    hub = once_used.copy(tmp_path)
    yield hub
    hub.close()


@pytest.fixture
def elsewhere(migrated_hub: Hub, tmp_path_factory) -> Iterator[Hub]:
    """Another home with a database that holds nothing, and the keys of the hub."""
    other = empty_hub(tmp_path_factory.mktemp("elsewhere"))
    if not POSTGRESQL:
        shutil.copy(migrated_hub.home / "encryption.keys", other.home)
    yield other
    other.close()


def test_every_row_comes_back_and_numbers_go_on(used: Hub, elsewhere: Hub):
    said = restored(elsewhere, copied(used))
    assert "sale documents" in said
    assert everything(elsewhere) == everything(used)
    assert len(everything(used)["sales_personaldata"]) > 10
    assert elsewhere.rows("SELECT * FROM django_session") == [], "whoever was signed in signs in again"
    assert elsewhere.command("token", "add", "New", "--scope", "documents:read").returncode == 0
    assert elsewhere.rows("SELECT id FROM processes_token ORDER BY id") == [(1,), (3,)], "2 was given before"
    assert elsewhere.command("documents", "--json", "--personal-data").returncode == 0
    assert elsewhere.run()["state"] == "succeeded"


def test_what_a_copy_still_had_to_tell_is_told_by_nobody_and_no_worker_is_missed(used: Hub, elsewhere: Hub):
    columns = "uid, recipient_id, recipient_name, event, state, created_at, next_attempt_at, attempts, error_code"
    for place, state in ((1, "waiting"), (2, "sent")):
        uid, at = f"{place:032x}", "2026-05-01 12:00:00+00:00"
        values = f"'{uid}', 1, 'ERP', 'alarm.opened', '{state}', '{at}', '{at}', 0, ''"
        used.change(f"INSERT INTO processes_notice ({columns}, error_params) VALUES ({values}, '{{}}')")
    used.change("INSERT INTO processes_worker (executor, host, started_at) VALUES ('b-1', 'b', '2026-05-01 12:00:00')")
    used.change("INSERT INTO processes_look (name, looked_at) VALUES ('alarms', '2026-05-01 12:00:00')")
    restored(elsewhere, copied(used))
    assert elsewhere.rows("SELECT state FROM processes_notice ORDER BY id") == [("given_up",), ("sent",)]
    for table in ("worker", "look"):
        assert elsewhere.rows(f"SELECT * FROM processes_{table}") == []


def test_a_copy_taken_during_a_download_is_one_moment_and_goes_on_to_the_truth(
    hub: Hub, elsewhere: Hub, large_amazon: Simulator
):
    amazon = large_amazon
    hub.apply(declared(amazon, last=f"{DAYS} days"))
    amazon.dials.set("slow", 150)
    hub.command("run", "Download", "--no-wait")
    worker = hub.start("worker")
    wait_for(lambda: documents(hub), "the download began")
    amazon.dials.set("slow", 1000)
    file = copied(hub)
    assert truth.live(hub) != [], "the worker still wrote"
    worker.send_signal(signal.SIGKILL)
    assert "1 run had not ended" in restored(elsewhere, file)
    assert 0 < documents(elsewhere) < documents_expected(amazon)
    counted = "SELECT sum(created) FROM exchanges_windowread WHERE scan IN ('created', 'changed')"
    assert int(elsewhere.rows(counted)[0][0]) == documents(elsewhere), "orders and what was counted are of one moment"
    truth.held(elsewhere)
    amazon.dials.clear()
    elsewhere.start("worker")
    wait_for(lambda: not truth.live(elsewhere), "the run of the copy ended")
    assert elsewhere.run_states() == [{"run": 1, "state": "succeeded"}]
    amazon.add_orders(5)
    wait_for_next_second()
    assert elsewhere.run()["state"] == "succeeded"
    truth.check(elsewhere, amazon, DAYS)


def documents(hub: Hub) -> int:
    return int(hub.rows("SELECT count(*) FROM sales_saledocument")[0][0])


def documents_expected(amazon: Simulator) -> int:
    return len(truth.expected(amazon, amazon.now - timedelta(days=DAYS)))


def test_coverage_after_an_older_copy_is_what_the_copy_holds_and_the_next_run_reads_the_rest(
    hub: Hub, amazon: Simulator
):
    hub.apply(declared(amazon, last=f"{DAYS} days"))
    hub.run()
    file, covered = copied(hub), truth.coverage(hub)
    amazon.add_orders(20)
    wait_for_next_second()
    hub.run()
    assert truth.coverage(hub) != covered
    said = restored(hub, file, "--replace")
    assert ("is kept as" in said) is not POSTGRESQL
    assert truth.coverage(hub) == covered
    assert hub.run()["state"] == "succeeded"
    truth.check(hub, amazon, DAYS)


@pytest.mark.once
def test_a_file_that_was_cut_or_changed_is_refused_before_anything_is_touched(used: Hub, tmp_path):
    whole = copied(used).read_bytes()
    places = [0, 40, len(whole) // 3, len(whole) // 2, len(whole) - 200, len(whole) - 80, len(whole) - 1]
    flipped = [whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :] for place in places]
    for number, content in enumerate([*flipped, whole[:-1], whole[: len(whole) // 2], whole + b"\n", b""]):
        file = tmp_path / f"damaged-{number}"
        file.write_bytes(content)
        assert "was cut or changed" in refused(used, file, "--replace")


@pytest.mark.once
def test_a_file_of_a_users_own_is_not_replaced_and_only_they_may_read_it(used: Hub, tmp_path):
    file = copied(used)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    before = file.read_bytes()
    again = used.command("backup", str(file))
    assert (again.returncode, file.read_bytes()) == (1, before)
    assert "--force" in again.stderr
    assert used.command("backup", str(file), "--force").returncode == 0
    assert used.command("backup", str(tmp_path)).returncode == 2
    nowhere = used.command("backup", "/nowhere/copy")
    assert nowhere.returncode == 1
    assert "No such file or directory" in nowhere.stderr


@pytest.mark.once
def test_a_copy_goes_through_a_pipe(used: Hub, elsewhere: Hub):
    file = used.home.parent / "piped.copy"
    with file.open("wb") as target:
        done = born_ready.run(["-m", "approdo", "backup", "-"], 60, env=used.environment, cwd=used.home, stdout=target)
    assert done.returncode == 0, done.stderr
    assert "does not hold the encryption keys" in done.stderr
    restored(elsewhere, file)
    assert everything(elsewhere) == everything(used)


def test_without_the_keys_nothing_in_it_opens_and_without_them_it_is_refused(used: Hub, amazon: Simulator, tmp_path):
    consumer = amazon.df_order(amazon.df_orders()[0].number)["orderDetails"]["shipToParty"]["name"]
    keys = used.environment.get("APPRODO_ENCRYPTION_KEYS") or (used.home / "encryption.keys").read_text()
    secret = [CLIENT_SECRET, REFRESH_TOKEN, consumer, keys.strip(), "key-of-a-session"]
    with zipfile.ZipFile(copied(used)) as file:
        texts = [file.read(name).decode() for name in file.namelist()]
        assert all(name == "manifest.json" or name.startswith("tables/") for name in file.namelist())
    assert [word for word in secret if any(word in text for text in texts)] == []
    other = Fernet.generate_key().decode()
    done = used.command("restore", str(copied(used, "--force")), "--replace", APPRODO_ENCRYPTION_KEYS=other)
    assert done.returncode == 1
    assert "encrypted with keys that are not here" in done.stderr
    assert "APPRODO_ENCRYPTION_KEYS" in done.stderr


def test_with_the_keys_it_opens_everything_in_a_new_home(used: Hub, tmp_path_factory):
    done = used.command("backup", str(used.home / "with.copy"), "--with-keys")
    assert "whoever has this file reads everything" in done.stdout
    fresh = empty_hub(tmp_path_factory.mktemp("fresh"))
    restored(fresh, used.home / "with.copy")
    assert fresh.command("documents", "--json", "--personal-data").returncode == 0
    assert fresh.run()["state"] == "succeeded"


@sqlite_only
def test_with_the_keys_it_takes_the_place_of_a_hub_with_others_and_no_key_is_lost(used: Hub, tmp_path_factory):
    file = copied(used, "--with-keys")
    other = empty_hub(tmp_path_factory.mktemp("other"))
    other.migrate()
    assert other.command("token", "add", "Ours", "--scope", "documents:read").returncode == 0
    own = (other.home / "encryption.keys").read_text().strip()
    restored(other, file, "--replace")
    kept = other.home / "encryption.keys"
    assert kept.read_text().split() == [(used.home / "encryption.keys").read_text().strip(), own]
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    assert everything(other) == everything(used)


@postgresql_only
def test_the_keys_in_a_copy_have_to_be_set_where_the_environment_gives_them(used: Hub):
    file = copied(used, "--with-keys")
    said = refused(used, file, "--replace", APPRODO_ENCRYPTION_KEYS=Fernet.generate_key().decode())
    assert "unzip -p FILE encryption.keys" in said


def test_a_copy_of_a_newer_version_is_refused(used: Hub, elsewhere: Hub):
    used.change("INSERT INTO django_migrations (app, name, applied) VALUES ('sales', '9999_later', '2030-01-01')")
    assert "newer than this one" in refused(elsewhere, copied(used))


@pytest.mark.parametrize(
    ("migration", "gone"),
    [(("processes", "0006_alarms"), "processes_recipient"), (("sales", "0011_billing"), "exchanges_receipt")],
)
def test_a_copy_of_an_older_version_is_brought_up_to_this_one(used: Hub, elsewhere: Hub, migration, gone):
    restored(elsewhere, as_before(migration, copied(used)))
    assert elsewhere.rows(f"SELECT * FROM {gone}") == []
    assert everything(elsewhere)["sales_saleline"] == everything(used)["sales_saleline"]
    assert elsewhere.run()["state"] == "succeeded"


@pytest.mark.once
def test_a_hub_in_use_is_replaced_only_when_asked_and_what_it_held_is_kept_or_said_to_go(used: Hub, elsewhere: Hub):
    file = copied(used)
    elsewhere.command("migrate")
    assert elsewhere.command("token", "add", "Ours", "--scope", "documents:read").returncode == 0
    said = refused(elsewhere, file)
    assert "--replace" in said
    assert ("is gone" in said) is POSTGRESQL
    before = everything(elsewhere)
    restored(elsewhere, file, "--replace")
    assert everything(elsewhere) == everything(used)
    if not POSTGRESQL:
        (kept,) = elsewhere.home.glob("backups/hub-*.sqlite3")
        shutil.copy(kept, elsewhere.home / "hub.sqlite3")
        assert everything(elsewhere) == before


WORST_MOMENTS = [
    ("filling.fill", "call", 1),  # the former tables are gone, not committed
    ("filling._load", "return", 20),  # some rows are there
    ("filling.fill", "return", 1),  # all of them are
    *([] if POSTGRESQL else [("restoring._leave_wal", "return", 1), ("engine.forget", "return", 1)]),
]


def test_a_restore_that_is_killed_leaves_the_hub_as_it_was(used: Hub, amazon: Simulator):
    file = copied(used)
    amazon.add_orders(5)
    wait_for_next_second()
    created = used.run()["counts"]["created"]
    assert created >= 5
    before = everything(used)
    for function, event, times in WORST_MOMENTS:
        die = {"die": {"function": function, "event": event, "times": times}}
        dying = used.start_faulty(die, "restore", str(file), "--replace")
        dying.communicate()
        assert dying.returncode == -signal.SIGKILL, function
        wait_for(lambda: everything(used) == before, f"{function}: all is as it was", 10)
    assert used.command("migrate").returncode == 0
    assert used.run()["state"] == "succeeded"
    restored(used, file, "--replace")
    assert len(before["sales_saledocument"]) - documents(used) == created


@sqlite_only
def test_a_full_disk_leaves_the_hub_as_it_was_and_no_half_a_copy(used: Hub, tmp_path):
    file, before = copied(used), everything(used)
    size = (used.home / "hub.sqlite3").stat().st_size
    limited = used.start("restore", str(file), "--replace")
    resource.prlimit(limited.pid, resource.RLIMIT_FSIZE, (size // 2, size // 2))
    said = limited.communicate()[0]
    assert limited.returncode == 1
    assert "All is as it was" in said
    assert everything(used) == before
    assert not list(used.home.glob("hub.restoring*"))
    limited = used.start("backup", str(tmp_path / "new.copy"))
    resource.prlimit(limited.pid, resource.RLIMIT_FSIZE, (5000, 5000))
    said = limited.communicate()[0]
    assert (limited.returncode, "could not be written" in said) == (1, True)
    assert not list(tmp_path.glob("*new.copy*"))


@postgresql_only
def test_what_else_depends_on_the_tables_stops_the_restore_and_stays(used: Hub):
    file = copied(used)
    used.change("CREATE VIEW report AS SELECT number FROM sales_saledocument")
    said = refused(used, file, "--replace")
    assert "depend" in said
    assert "All is as it was" in said
    assert used.rows("SELECT count(*) FROM report")[0][0] > 0


@postgresql_only
def test_a_hub_moves_from_sqlite_to_postgresql_and_back(used: Hub, tmp_path_factory):
    file = copied(used)
    small = empty_hub(tmp_path_factory.mktemp("small"), server="")
    (small.home / "encryption.keys").write_text(used.environment["APPRODO_ENCRYPTION_KEYS"])
    restored(small, file)
    assert small.run()["state"] == "succeeded"
    large = empty_hub(tmp_path_factory.mktemp("large"))
    restored(large, copied(small))
    again = empty_hub(tmp_path_factory.mktemp("again"), server="")
    (again.home / "encryption.keys").write_text(used.environment["APPRODO_ENCRYPTION_KEYS"])
    restored(again, copied(large))
    assert_equal_but_for_the_form_of_json(again, small)
    run = large.run()
    assert run["state"] == "succeeded"
    assert run["counts"]["unchanged"] > 0
