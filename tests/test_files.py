"""Files end to end: the real command downloads from the simulated Amazon and puts orders onto real servers."""

import re
from pathlib import Path
from typing import Any

import pytest
import servers
from hub import Hub, declared
from lxml import etree
from servers import SshServer

from amazon_simulator import Simulator

MANY = 300

pytestmark = [pytest.mark.hub, pytest.mark.once, pytest.mark.skipif(servers.SSHD is None, reason=servers.NO_SSHD)]


def exporting(amazon: Simulator, ssh: SshServer, folder: Path) -> dict[str, Any]:
    """A procedure that downloads, then puts the orders as XML onto a server and as EDIFACT into a folder."""
    data = declared(amazon)
    settings = {name: value for name, value in ssh.settings().items() if name != "private_key"}
    data["nodes"] += [
        {"name": "ERP server", "type": "files", "options": {**settings, "private_key": "${SSH_KEY}"}},
        {"name": "ERP folder", "type": "files", "options": {"place": "folder", "folder": str(folder)}},
    ]
    edifact = {"format": "edifact", "sender": "8012345000004", "sender_qualifier": "14", "receiver": "ERP"}
    data["connectors"] += [
        {"name": "To server", "node": "ERP server", "type": "files.export_documents", "options": {"format": "xml"}},
        {
            "name": "To folder", "node": "ERP folder", "type": "files.export_documents",
            "options": {**edifact, "per_file": "one", "file_name": "{number}_{version}_{document}"},
        },
    ]  # fmt: skip
    procedure = {"name": "All", "connectors": ["Download", "To server", "To folder"], "every": "1 day"}
    return data | {"procedures": [procedure]}


def numbers(folder: Path) -> list[str]:
    """The orders of every file that looks like one."""
    files = [path for path in folder.iterdir() if not path.name.startswith(".")]
    return [number for path in files for number in etree.parse(path).xpath("/*/Document/General/Number/text()")]


def stored(hub: Hub) -> list[str]:
    return sorted(number for (number,) in hub.rows("SELECT number FROM sales_saledocument"))


def test_a_procedure_downloads_and_puts_every_order_once_onto_a_server_that_was_away(
    hub: Hub, tmp_path_factory: Any
) -> None:
    folder: Path = tmp_path_factory.mktemp("in")
    with Simulator(seed=5, orders=MANY, days=20, rate_limit=False) as amazon, SshServer().running() as ssh:
        hub.environment["SSH_KEY"] = ssh.private_key
        assert hub.apply(exporting(amazon, ssh, folder)).returncode == 0
        ssh.stop()
        first = hub.run("All")
        assert (first["state"], first["errors"][0]["code"]) == ("partial", "steps_failed")
        assert numbers(ssh.folder) == []
        assert len(list(folder.iterdir())) == len(stored(hub)), "the folder does not wait for the server"
        ssh.start()
        hub.change("UPDATE exchanges_batch SET next_attempt_at = NULL")
        assert hub.run("To server")["state"] == "succeeded"
        assert sorted(numbers(ssh.folder)) == stored(hub)
        assert {re.sub(r"\d", "9", path.name)[:22] for path in ssh.folder.iterdir()} == {"ORDERS_99999999_999999"}
        again = hub.run("All")
        assert again["state"] == "succeeded"
        assert sorted(numbers(ssh.folder)) == stored(hub)
    where = {path for (path,) in hub.rows('SELECT DISTINCT "where" FROM exchanges_delivery')}
    assert {path for path in where if path.startswith("/")} == {str(path) for path in folder.iterdir()}
    assert len([path for path in where if path.startswith(f"sftp://127.0.0.1:{ssh.port}{ssh.folder}/ORDERS_")]) == 2
