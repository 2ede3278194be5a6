"""Help is there for every command, without what is slow to import."""

import subprocess
import sys

import pytest

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
