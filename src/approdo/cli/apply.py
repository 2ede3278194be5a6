"""`approdo apply`: creates or updates by name what YAML files declare, all of it or nothing."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from approdo.cli import start
from approdo.cli.texts import Failure, _

if TYPE_CHECKING:
    from approdo.catalog.tables import Saved as RowSaved
    from approdo.catalog.tables import Table
    from approdo.cli.declared import Declared
    from approdo.processes.records import Saved, Section


@click.command(help="Create or update by name what YAML files declare: all of it, or nothing.")
@click.argument("files", nargs=-1, required=True, metavar="FILE...", type=click.Path(exists=True, path_type=Path))
@click.option("--dry-run", is_flag=True, help="Only say what would change.")
def command(files: tuple[Path, ...], dry_run: bool) -> None:
    """Apply the files and print one line for each record."""
    start.open_database()
    for line in apply(files, dry_run=dry_run):
        click.echo(line)
    if dry_run:
        click.echo(_("Nothing was changed: this was a dry run."))


def apply(files: Sequence[Path], *, dry_run: bool = False) -> list[str]:
    """Save every record of the files in one transaction; returns what was done, line by line.

    Raises `Failure` and changes nothing when anything is wrong. Secrets are in no line.
    """
    from django.db import transaction

    from approdo.catalog.tables import TABLES
    from approdo.cli import declared
    from approdo.processes.records import SECTIONS

    records = declared.read(files, SECTIONS, TABLES)
    with transaction.atomic():
        lines = [
            line
            for section in SECTIONS.values()
            for line in _apply_section(section, [one for one in records if one.section == section.name])
        ]
        for table in TABLES.values():
            lines += _apply_table(table, [one for one in records if one.section == table.name])
        transaction.set_rollback(dry_run)
    return lines


def _apply_section(section: "Section", records: "Sequence[Declared]") -> list[str]:
    """Save the records of one section; every wrong one is named, before later sections miss them."""
    from django.core.exceptions import ValidationError

    from approdo.processes.records import label, save

    lines, wrong = [], []
    for record in records:
        shown = f"{label(section)} “{record.name}”"
        try:
            lines.append(f"{_done(save(section, record.data))}  {shown}")
        except ValidationError as error:
            wrong.append(f"{record.file}: {shown}: {_problems(error)}")
    if wrong:
        raise Failure("\n".join([*wrong, _("Nothing was changed: correct the file, then apply again.")]))
    return lines


def _apply_table(table: "Table", records: "Sequence[Declared]") -> list[str]:
    """The same for the rows of a table, which are known by their key."""
    from django.core.exceptions import ValidationError

    from approdo.catalog.tables import identity, save

    lines, wrong = [], []
    seen: dict[int, int] = {}
    for record in records:
        shown = f"{table.label()} “{identity(table, record.data)}”"
        try:
            saved = save(table, record.data)
            first = seen.setdefault(saved.record.pk, record.place)
            if first != record.place:
                message = _("it stands twice, first as record {place}; remove one of them.").format(place=first)
                wrong.append(f"{record.file}: {table.name} {record.place}: {shown}: {message}")
            lines.append(f"{_done(saved)}  {shown}")
        except ValidationError as error:
            wrong.append(f"{record.file}: {table.name} {record.place}: {shown}: {_problems(error)}")
    if wrong:
        raise Failure("\n".join([*wrong, _("Nothing was changed: correct the file, then apply again.")]))
    return lines


def _done(saved: "Saved | RowSaved") -> str:
    if saved.created:
        return _("created")
    if saved.changed:
        return _("changed ({fields})").format(fields=", ".join(saved.changed))
    return _("unchanged")


def _problems(error: Exception) -> str:
    from django.core.exceptions import NON_FIELD_ERRORS, ValidationError

    assert isinstance(error, ValidationError)
    if not hasattr(error, "error_dict"):
        return " ".join(error.messages)
    return " ".join(
        message if field == NON_FIELD_ERRORS else f"{field}: {message}"
        for field, messages in error.message_dict.items()
        for message in messages
    )
