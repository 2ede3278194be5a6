"""Finds the commands late, so that `--help` stays quick, and ends each of them in one sentence."""

import gc
import os
import sys
from collections.abc import Sequence
from contextlib import suppress
from importlib import import_module

import click

from approdo import __version__
from approdo.cli.texts import INTERRUPTED, Failure, sentence
from approdo.sdk.errors import ApprodoError

COMMANDS = {
    "up": "Run web and worker on this machine.",
    "web": "Run the web server alone.",
    "worker": "Run a worker alone.",
    "migrate": "Bring hub and engine to this version.",
    "apply": "Create or update what YAML files declare.",
    "run": "Run a connector or a procedure now.",
    "documents": "List sale documents.",
    "purge": "Forget the consumers of orders.",
    "user": "Manage the people who sign in.",
    "token": "Manage the tokens that programs call with.",
    "keys": "Manage the encryption keys.",
    "backup": "Copy the hub into one file.",
    "restore": "Put a copy back.",
    "doctor": "Check this installation.",
    "simulator": "Run a simulated Amazon by itself.",
    "demo": "Try everything with a simulated Amazon.",
}
"""Each is the attribute `command` of the module of the same name."""


class _Commands(click.Group):
    def list_commands(self, _ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, _ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        command: click.Command = import_module(f"approdo.cli.{cmd_name}").command
        return command

    def format_commands(self, _ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


@click.command(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="approdo")
def approdo() -> None:
    """Approdo, the self-hosted hub for Amazon Vendor orders.

    Settings come from the environment or from .env: APPRODO_HOME, APPRODO_DATABASE_URL and others.
    """


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command; returns 0: done, 1: failed, 2: bad usage or no such name, 130: interrupted.

    Where this process was a worker, it ends here and now.
    """
    code = _ran(arguments)
    _leave(code)
    return code


def _leave(code: int) -> None:
    """What a worker still does when it has closed goes on with the next one; Python would wait for it for minutes."""
    database = sys.modules.get("approdo.processes.database")
    if database and database.closing.is_set():
        for stream in (sys.stdout, sys.stderr):
            with suppress(OSError):
                stream.flush()
        os._exit(code)


def _ran(arguments: Sequence[str] | None) -> int:
    from approdo.cli.lifeline import hold

    gc.set_threshold(10_000)  # imports make many objects and no rubbish
    hold()
    try:
        result = approdo.main(
            args=None if arguments is None else list(arguments), prog_name="approdo", standalone_mode=False
        )
        sys.stdout.flush()
        return result if isinstance(result, int) else 0
    except (KeyboardInterrupt, click.Abort):
        return INTERRUPTED
    except BrokenPipeError:
        # Whoever read our output (`| head`) has enough; nothing more must be written to it at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except Exception as error:  # noqa: BLE001  nobody is shown a traceback
        message, code = _ending(error)
        click.echo(message, err=True)
        return code


def _ending(error: Exception) -> tuple[str, int]:
    """The sentence and the exit code of a failure."""
    if os.environ.get("APPRODO_DEBUG") == "1":
        sys.excepthook(type(error), error, error.__traceback__)
    if isinstance(error, Failure):
        return str(error), error.exit_code
    if isinstance(error, click.UsageError):
        help_of = error.ctx.command_path if error.ctx else "approdo"
        return f"{error.format_message()} See `{help_of} --help`.", error.exit_code
    if isinstance(error, click.ClickException):
        return error.format_message(), error.exit_code
    if isinstance(error, ApprodoError):
        return sentence(error), 1
    return _ending_of_others(error)


def _ending_of_others(error: Exception) -> tuple[str, int]:
    from django.core.exceptions import ValidationError

    from approdo import environment
    from approdo.processes import database

    if isinstance(error, ValidationError):
        return " ".join(error.messages), 1
    if database.is_failure(error):
        code = "database_unreachable" if environment.database_url() else "database_busy"
        return sentence(database.explain(error) or ApprodoError(code, reason=database.reason(error))), 1
    if isinstance(error, OSError) and error.strerror:
        return f"{error.filename or ''}: {error.strerror}.".lstrip(": "), 1
    return sentence(ApprodoError("internal", reason=type(error).__name__)), 1
