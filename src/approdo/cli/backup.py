"""`approdo backup`: a copy of the hub in one file, while web and workers go on."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from approdo.cli import start
from approdo.cli.texts import Failure, _, number

if TYPE_CHECKING:
    from approdo.cli.copies.archive import Manifest

STDOUT = Path("-")


@click.command(help="Copy the hub, as it stands in this moment, into FILE (- for standard output).")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--with-keys", is_flag=True, help="Put the encryption keys into it too: it then opens everything.")
@click.option("--force", is_flag=True, help="Take the place of FILE where it exists.")
def command(file: Path, with_keys: bool, force: bool) -> None:
    """Write the copy and say what it holds and what not."""
    start.end_with_cleaning_up()
    start.open_existing_database()
    manifest = _to_stdout(with_keys) if file == STDOUT else _to_file(file, with_keys, force)
    to_stderr = file == STDOUT
    rows = number(sum(table.rows for table in manifest.tables))
    click.echo(_("Copied the hub with its {rows} rows.").format(rows=rows), err=to_stderr)
    click.echo(_said_of_keys(with_keys), err=to_stderr)


def _to_stdout(with_keys: bool) -> "Manifest":
    from approdo.cli.copies.writing import write_copy

    if sys.stdout.isatty():
        raise Failure(_("A copy is no text: name a file, or send it on with `approdo backup - | …`."), exit_code=2)
    return write_copy(sys.stdout.buffer, with_keys=with_keys)


def _to_file(file: Path, with_keys: bool, force: bool) -> "Manifest":
    from approdo.cli.copies.writing import whole_or_not_at_all, write_copy

    _refuse_existing(file, force)
    try:
        with whole_or_not_at_all(file) as target:
            manifest = write_copy(target, with_keys=with_keys)
            _refuse_existing(file, force)
    except OSError as error:
        message = _("{file} could not be written: {reason}. Nothing is left of it.")
        raise Failure(message.format(file=file, reason=error.strerror or type(error).__name__)) from error
    return manifest


def _refuse_existing(file: Path, force: bool) -> None:
    if file.is_dir():
        raise Failure(_("{file} is a folder: name a file in it.").format(file=file), exit_code=2)
    if file.exists() and not force:
        raise Failure(_("{file} exists: choose another name, or replace it with --force.").format(file=file))


def _said_of_keys(with_keys: bool) -> str:
    from approdo import environment

    if with_keys:
        return _(
            "It holds the encryption keys: whoever has this file reads everything in it. Keep it as you keep them."
        )
    return _(
        "It does not hold the encryption keys, and without them nobody can read the credentials of nodes and the data"
        " of consumers in it. Keep a copy of the keys in another place; they are in {place}."
    ).format(place=environment.encryption_keys_place())
