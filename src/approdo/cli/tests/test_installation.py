"""Users, tokens, keys, versions: what an installation needs beside its records."""

import os
import subprocess
import sys

import pytest
from cryptography.fernet import Fernet
from hub import Hub, declared

from amazon_simulator import Simulator

pytestmark = [pytest.mark.hub]


def add_user(hub: Hub, name: str, password: str) -> subprocess.CompletedProcess[str]:
    return hub.command("user", "add", name, "--password-stdin", given=f"{password}\n")


@pytest.mark.once
def test_a_user_is_added_once_and_not_with_a_weak_password(hub: Hub):
    weak = add_user(hub, "anna", "1234")
    assert weak.returncode == 1
    assert "too short" in weak.stderr
    first, second = add_user(hub, "anna", "una-parola-lunga"), add_user(hub, "anna", "una-parola-lunga")
    assert (first.returncode, second.returncode) == (0, 1)
    assert "already" in second.stderr
    ((name, all_rights, password),) = hub.rows("SELECT username, is_superuser, password FROM auth_user")
    assert (name, bool(all_rights), password.partition("$")[0]) == ("anna", True, "argon2")


@pytest.mark.once
def test_a_token_is_printed_once_and_stored_as_a_digest(hub: Hub):
    made = hub.command("token", "add", "ERP", "--scope", "documents:read", "--scope", "exports:read")
    (token,) = made.stdout.splitlines()
    assert token not in str(hub.rows("SELECT * FROM processes_token"))
    again = hub.command("token", "add", "ERP", "--scope", "documents:read")
    assert (again.returncode, again.stdout) == (1, "")
    unknown = hub.command("token", "add", "Other", "--scope", "everything")
    assert unknown.returncode == 2
    assert "documents:read" in unknown.stderr


@pytest.mark.once
def test_the_first_command_of_all_makes_the_embedded_database(tmp_path):
    fresh = Hub(tmp_path)
    done = fresh.command("token", "add", "ERP", "--scope", "documents:read")
    assert done.returncode == 0, done.stderr


def test_web_and_worker_refuse_an_older_schema_and_migrate_brings_it_up_to_date(hub: Hub):
    subprocess.run(
        [sys.executable, "-m", "django", "migrate", "--fake", "auth", "0011"],
        env=hub.environment | {"DJANGO_SETTINGS_MODULE": "approdo.settings"}, capture_output=True, check=True,
    )  # fmt: skip
    for service in ("web", "worker"):
        done = hub.command(service)
        assert done.returncode == 1
        assert "approdo migrate" in done.stderr
    assert hub.command("migrate").returncode == 0
    embedded = "APPRODO_DATABASE_URL" not in hub.environment
    assert len(list(hub.home.glob("backups/*.sqlite3"))) == (1 if embedded else 0)


def test_a_process_with_another_key_refuses(hub: Hub):
    done = hub.command("documents", APPRODO_ENCRYPTION_KEYS=Fernet.generate_key().decode())
    assert done.returncode == 1
    assert "another key" in done.stderr


def test_a_new_key_in_front_takes_over_what_the_old_one_encrypted(hub: Hub):
    with Simulator(seed=3, orders=5, days=5) as amazon:
        hub.apply(declared(amazon))
        kept = hub.home / "encryption.keys"
        old = hub.environment.get("APPRODO_ENCRYPTION_KEYS") or kept.read_text()
        new = Fernet.generate_key().decode()
        assert hub.command("migrate", APPRODO_ENCRYPTION_KEYS=f"{new},{old}").returncode == 0
        assert hub.command("documents", APPRODO_ENCRYPTION_KEYS=old).returncode == 1
        done = hub.command("run", "Download", APPRODO_ENCRYPTION_KEYS=new)
        assert done.returncode == 0, done.stderr


def test_doctor_and_run_tell_a_wrong_secret_from_a_healthy_installation(hub: Hub):
    with Simulator(seed=3, orders=5, days=5) as amazon:
        records = declared(amazon)
        hub.apply(records)
        healthy = hub.command("doctor")
        assert healthy.returncode == 0, healthy.stdout
        assert "Reach of “Amazon Vendor EU”" in healthy.stdout
        records["nodes"][0]["options"] |= {"client_secret": "not-this", "client_secret_issued": "2020-01-01"}
        hub.apply(records)
        ill, failed = hub.command("doctor"), hub.command("run", "Download")
    assert ill.returncode == 1
    assert ill.stdout.count("error  ") >= 2, ill.stdout
    assert failed.returncode == 1
    assert "secret" in failed.stderr.lower()
    assert "Traceback" not in failed.stderr
    assert not any("not-this" in done.stdout + done.stderr for done in (ill, failed))


def test_doctor_says_what_it_cannot_know_and_stops_at_a_database_that_is_not_there(hub: Hub):
    with Simulator(seed=3, orders=5, days=5) as amazon:
        hub.apply(declared(amazon))
        done = hub.command("doctor")
    assert done.returncode == 0, done.stdout
    assert "warning  Client secret of “Amazon Vendor EU”: its age is not known" in done.stdout
    on_server = "APPRODO_DATABASE_URL" in hub.environment
    assert ("ok       Clock of the database server" in done.stdout) == on_server
    keys = {"APPRODO_SECRET_KEY": "only for tests", "APPRODO_ENCRYPTION_KEYS": Fernet.generate_key().decode()}
    gone = hub.command("doctor", APPRODO_DATABASE_URL="postgresql://anna:geheim-geheim@127.0.0.1:1/x", **keys)
    assert gone.returncode == 1
    assert [line[:7].strip() for line in gone.stdout.splitlines()] == ["error", "ok"], "database and disk"
    assert "geheim" not in gone.stdout + gone.stderr


@pytest.mark.once
def test_errors_come_in_the_language_of_the_reader(hub: Hub):
    done = hub.command("run", "Niente", APPRODO_LANGUAGE="it")
    assert "Niente" in done.stderr
    assert "There is no" not in done.stderr


@pytest.mark.once
@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_home_that_cannot_be_used_is_one_sentence(tmp_path):
    done = Hub(tmp_path).command("documents", APPRODO_HOME="/proc/nowhere")
    assert (done.returncode, len(done.stderr.splitlines())) == (1, 1)
