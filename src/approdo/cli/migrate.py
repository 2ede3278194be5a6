"""`approdo migrate`: hub and engine to this version."""

import click

from approdo.cli import start
from approdo.cli.texts import _


@click.command(help="Bring the database of hub and engine to this version; an embedded one is copied before.")
def command() -> None:
    """Migrate and say what was done."""
    start.django_ready()
    migrate()


def migrate() -> None:
    """Bring the database up to date, saying only what changed."""
    from django.utils.translation import ngettext

    from approdo.cli import schema

    applied, copy = schema.bring_up_to_date()
    if copy:
        click.echo(_("Copied the database to {path} first.").format(path=copy))
    if applied:
        said = ngettext("Applied {count} migration.", "Applied {count} migrations.", len(applied))
        click.echo(said.format(count=len(applied)))
    else:
        click.echo(_("The database is up to date."))
