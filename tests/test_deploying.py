"""What ships for systemd and containers fits the programs that read it, and the command that it starts."""

import json
import re
import shutil
import subprocess
from importlib.resources import files
from pathlib import Path

import jsonschema
import pytest
import yaml
from asking import Web
from cryptography.fernet import Fernet
from hub import Hub

from approdo.cli.main import COMMANDS

pytestmark = pytest.mark.once

ROOT = Path(__file__).parent.parent
UNITS = sorted((ROOT / "deploy" / "systemd").glob("*.service"))
GUIDE = ROOT / "docs" / "deploying.md"


def test_the_compose_file_is_one_by_the_published_schema():
    schema = json.loads(files("check_jsonschema").joinpath("builtin_schemas/vendor/compose-spec.json").read_text())
    compose = yaml.safe_load((ROOT / "compose.yaml").read_text())
    jsonschema.validators.validator_for(schema)(schema).validate(compose)
    for name, service in compose["services"].items():
        assert set(service["secrets"]) <= set(compose["secrets"]), name
        assert service.get("command", ["web"])[0] in COMMANDS, name


def test_the_image_is_made_of_files_that_are_there():
    kept = {line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")}
    copied = re.findall(r"^COPY (?!--from)(\S+) ", (ROOT / "Dockerfile").read_text(), re.MULTILINE)
    assert {source for source in copied if (ROOT / source).exists()} == kept


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="systemd-analyze is not installed")
def test_the_units_are_ones_that_systemd_reads_without_a_warning(tmp_path: Path):
    for unit in UNITS:
        text, found = re.subn(
            r"^ExecStart=/opt/approdo/.venv/bin/approdo (\w+)",
            r"ExecStart=/bin/true \1",
            unit.read_text(),
            flags=re.MULTILINE,
        )
        assert found == 1
        (tmp_path / unit.name).write_text(text)
    paths = [tmp_path / unit.name for unit in UNITS]
    done = subprocess.run(["systemd-analyze", "verify", *paths], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout + done.stderr) == (0, "")


def test_the_units_start_commands_that_there_are():
    assert {re.search(r"^ExecStart=\S+ (\w+)$", unit.read_text(), re.MULTILINE)[1] for unit in UNITS} <= set(COMMANDS)


@pytest.mark.skipif(not shutil.which("openssl"), reason="openssl is not installed")
def test_the_secrets_that_the_guide_makes_are_taken(tmp_path: Path):
    made = re.search(r"```sh\n(mkdir -m 700 secrets.*?)```", GUIDE.read_text(), re.DOTALL)
    assert made
    subprocess.run(["sh", "-e", "-c", made[1]], cwd=tmp_path, check=True)
    compose = yaml.safe_load((ROOT / "compose.yaml").read_text())
    held = {name: (tmp_path / where["file"]).read_text().strip() for name, where in compose["secrets"].items()}
    Fernet(held["encryption_keys"])
    assert held["database_url"] == f"postgresql://approdo:{held['database_password']}@database/approdo"
    assert len(held["secret_key"]) > 50


@pytest.mark.hub
def test_behind_a_proxy_with_https_people_sign_in_and_cookies_are_for_https_only(hub: Hub):
    hub.environment["APPRODO_URL"] = "https://approdo.example.com"
    hub.python(
        "from approdo.cli import start; start.open_database()\n"
        "from approdo.cli.user import add_user; add_user('anna', 'una-parola-lunga')"
    )
    web = Web(hub)
    proxy = {"Host": "approdo.example.com", "X-Forwarded-Proto": "https", "Origin": "https://approdo.example.com"}
    page = web.ask("/login/", **proxy)
    assert "secure" in page.headers["Set-Cookie"].lower()
    cookie = page.headers["Set-Cookie"].partition(";")[0]
    token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page.text)
    assert token
    form = f"csrfmiddlewaretoken={token[1]}&username=anna&password=una-parola-lunga".encode()
    # `ask` follows to the page after, which asks for the session that no cookie jar keeps here.
    assert web.ask("/login/", "POST", form, Cookie=cookie, **proxy).status != 403
    elsewhere = {**proxy, "Origin": "https://evil.example.com"}
    assert web.ask("/login/", "POST", form, Cookie=cookie, **elsewhere).status == 403
    wrong = hub.command("doctor", APPRODO_URL="approdo.example.com")
    assert (wrong.returncode, len(wrong.stderr.splitlines())) == (1, 1)
