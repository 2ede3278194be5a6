"""Help is there for every command, and none imports what it has no need of: each start would take longer."""

import subprocess
import sys

import born_ready
import pytest
from hub import Hub

from approdo.cli.main import COMMANDS

pytestmark = pytest.mark.once

WITHOUT_DJANGO = """
import sys
from approdo.cli.main import main
code = main(sys.argv[1:])
slow = {"django", "dbos", "httpx2", "psycopg"} & sys.modules.keys()
assert not slow, f"{slow} was imported"
sys.exit(code)
"""


def shown(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", WITHOUT_DJANGO, *arguments], capture_output=True, text=True, check=False
    )


def test_help_names_every_command():
    done = shown("--help")
    assert done.returncode == 0, done.stderr
    assert all(f"  {command} " in done.stdout for command in COMMANDS)


@pytest.mark.parametrize("command", [*COMMANDS, "user add", "token add"])
def test_every_command_answers_help_without_django(command: str):
    done = shown(*command.split(), "--help")
    assert done.returncode == 0, done.stderr
    assert "sage:" in done.stdout


@pytest.mark.parametrize(
    "arguments", [["nonsense"], ["run"], ["run", "a", "b"], ["web", "--port", "99999"], ["documents", "--x"]]
)
def test_bad_usage_is_one_sentence_with_the_next_step(arguments: list[str]):
    done = shown(*arguments)
    assert done.returncode == 2
    assert done.stdout == ""
    assert "--help`" in done.stderr
    assert len(done.stderr.splitlines()) == 1


WITHOUT_SCREENS = """
import sys
from approdo.cli.main import main
code = main(sys.argv[1:])
slow = {"approdo.backoffice.documents", "unfold.forms", "ninja", "dbos"} & sys.modules.keys()
assert not slow, f"{slow} was imported"
sys.exit(code)
"""


def test_a_command_that_only_reads_loads_neither_screens_nor_api_nor_engine(hub: Hub):
    done = born_ready.run(["-c", WITHOUT_SCREENS, "documents"], 60, plain=True, env=hub.environment, cwd=hub.home)
    assert done.returncode == 0, done.stderr
