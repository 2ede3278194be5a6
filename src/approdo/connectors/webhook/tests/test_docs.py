"""The receiver of `docs/exports.md` works as it stands there."""

import os
import re
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest
from hub import free_port, wait_for

from approdo.connectors.webhook.export_documents import send
from approdo.connectors.webhook.tests.conftest import FORMER, SECRET, node, parcel
from approdo.sdk.errors import ConfigError, TransientError

pytestmark = pytest.mark.once

DOCS = (Path(__file__).parents[5] / "docs" / "exports.md").read_text()


@pytest.fixture
def manuals(tmp_path):
    """The manual's receiver at work; its address."""
    (code,) = re.findall(r"```python\n(.*?)```", DOCS, re.DOTALL)
    port = free_port()
    environment = {**os.environ, "WEBHOOK_SECRET": SECRET}
    program = [sys.executable, "-c", code.replace("8765", str(port))]
    with subprocess.Popen(program, cwd=tmp_path, env=environment, stderr=subprocess.DEVNULL) as process:
        yield f"http://127.0.0.1:{port}/"
        process.kill()


def answers(address):
    try:
        send(node(address).context, parcel(name="0-first"))
    except TransientError:
        return False
    return True


def test_the_manuals_receiver_takes_each_message_once_and_only_ours(manuals, tmp_path):
    wait_for(lambda: answers(manuals), "it listens")
    for _ in range(2):
        send(node(manuals).context, parcel())
    with pytest.raises(ConfigError, match="webhook_not_let_in"):
        send(node(manuals, secret=FORMER).context, parcel(name="13-other"))
    with closing(sqlite3.connect(tmp_path / "inbox.sqlite3")) as inbox:
        assert [one for (one,) in inbox.execute("SELECT id FROM messages ORDER BY id")] == [
            "batch-0-first",
            "batch-12-5ad0f29c",
        ]
