"""`approdo keys`: the encryption keys, and the way on where they are lost."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from approdo.cli import start
from approdo.cli.texts import Failure, _, number

if TYPE_CHECKING:
    from approdo.processes.lost_keys import Lost


@click.group(help="Manage the encryption keys.")
def command() -> None:
    """Holds `forget`."""


@command.command(help="Give up what lost keys encrypted, and go on with the keys that are set now.")
@click.option("--yes", is_flag=True, help="Do not ask.")
def forget(yes: bool) -> None:
    """Say what is lost, ask, give it up; what our keys open is kept."""
    start.end_with_cleaning_up()
    start.django_ready()
    start.log_in_sentences()
    from django.utils import timezone

    from approdo.cli import schema
    from approdo.processes import engine, lost_keys, presence
    from approdo.processes.installation import pending

    _refuse_absent()
    with presence.nobody_alive(), schema.alone():
        copy = _copied() if pending() else None
        schema.migrate_hub()
        found = lost_keys.find()
        if found.nothing:
            click.echo(_("Nothing is lost: the keys that are set open everything."))
        else:
            _say(found)
            if not yes and not click.confirm(_("Give all this up for good?"), default=False):
                raise Failure(_("Nothing was given up."))
            if copy is None:
                _copied()
            lost_keys.forget(timezone.now())
        engine.migrate()
        schema.use_newest_key()
    if not found.nothing:
        say_what_is_next(found)


def _copied() -> Path | None:
    """With SQLite the database as it is now: should the keys be found one day, it is still there to be opened."""
    from approdo.cli import schema

    copy = schema.back_up()
    if copy:
        click.echo(_("Copied the database to {path} first.").format(path=copy))
    return copy


def _refuse_absent() -> None:
    from django.conf import settings

    from approdo.cli import schema
    from approdo.sdk.errors import ConfigError

    if schema.is_absent():
        raise ConfigError("no_hub", place=str(settings.DATABASES["default"]["NAME"]))


def _say(found: "Lost") -> None:
    click.echo(_("No key that is set opens these; without the keys that were lost nobody can read them again:"))
    say_lost(found)


def say_lost(found: "Lost") -> None:
    """One line for each kind of thing that is lost."""
    lines = (
        (found.nodes, _("- the secrets of the nodes {names}"), ", ".join(f"“{node}”" for node in found.nodes)),
        (
            found.recipients,
            _("- the signing secrets of the recipients {names}"),
            ", ".join(f"“{one}”" for one in found.recipients),
        ),
        (found.consumers.consumers, _("- who the consumers of {count} documents are; they count as purged"), ""),
        (found.consumers.versions, _("- the raw texts of {count} versions of documents"), ""),
        (found.consumers.set_aside, _("- {count} documents that were set aside because they could not be read"), ""),
    )
    for lost, text, names in lines:
        if lost:
            click.echo(text.format(names=names, count=number(len(lost))))


def say_what_is_next(found: "Lost") -> None:
    """Where what is missing is entered."""
    if found.nodes or found.recipients:
        click.echo(
            _("Enter these secrets again, on screen or with `approdo apply`; `approdo doctor` says what is missing.")
        )
    click.echo(
        _("Start with `approdo up`, or with `approdo web` and `approdo worker`. Keep the new keys in a safe place.")
    )
