"""`approdo restore`: a copy made by `approdo backup` in the place of the hub, or nothing changed."""

import os
from pathlib import Path
from typing import TYPE_CHECKING

import click

from approdo import environment
from approdo.cli import start
from approdo.cli.keys import say_lost, say_what_is_next
from approdo.cli.texts import Failure, _, number

if TYPE_CHECKING:
    from approdo.cli.copies.archive import Archive
    from approdo.processes.lost_keys import Lost


@click.command(help="Put the copy in FILE in the place of the hub, while no web server and no worker is alive.")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--replace", is_flag=True, help="Also where the hub holds something: the copy takes its place.")
@click.option("--forget-keys", is_flag=True, help="Also a copy whose keys are lost: what they encrypted is given up.")
def command(file: Path, replace: bool, forget_keys: bool) -> None:
    """Refuse what does not fit before anything is touched; then say what was restored."""
    start.end_with_cleaning_up()
    keys = _offer_keys(file)
    start.django_ready()
    start.log_in_sentences()
    from approdo.cli.copies.restoring import refuse_unfit

    archive = _read(file)
    refuse_unfit(archive, forget_keys=forget_keys)
    kept, lost = _restore(archive, replace, keys, forget_keys)
    from approdo.processes import engine

    engine.migrate()
    _say(archive, kept)
    if lost and not lost.nothing:
        click.echo(_("Of the copy this could not be opened and was given up:"))
        say_lost(lost)
        say_what_is_next(lost)
    else:
        click.echo(_("Start with `approdo up`, or with `approdo web` and `approdo worker`."))


def _offer_keys(file: Path) -> list[str] | None:
    """Use the keys in the file beside those under `APPRODO_HOME`; returns them all where some are new there."""
    if environment.database_url() or environment.setting("ENCRYPTION_KEYS"):
        return None
    from approdo.cli.copies.archive import keys_within

    path = environment.home() / environment.KEYS_FILE
    ours = path.read_text().replace(",", " ").split() if path.exists() else []
    new = [key for key in keys_within(file) if key not in ours]
    if not new:
        return None
    os.environ[f"{environment.PREFIX}ENCRYPTION_KEYS"] = ",".join([*new, *ours])
    return [*new, *ours]


def _read(file: Path) -> "Archive":
    from approdo.cli.copies.archive import Archive, Damaged

    try:
        return Archive(file)
    except Damaged:
        message = _("{file} is no copy made by `approdo backup`, or it was cut or changed. Nothing was touched.")
        raise Failure(message.format(file=file)) from None


def _restore(
    archive: "Archive", replace: bool, keys: list[str] | None, forget_keys: bool
) -> tuple[Path | None, "Lost | None"]:
    from django.db import Error

    from approdo.cli.copies.archive import Damaged
    from approdo.cli.copies.restoring import restore
    from approdo.processes import database

    try:
        return restore(archive, replace=replace, keys=keys, forget_keys=forget_keys)
    except Damaged:
        raise Failure(_("The rows of this copy do not fit its version. All is as it was.")) from None
    except (OSError, Error) as error:
        message = _("The copy could not be restored: {reason}. All is as it was.")
        reason = error.strerror if isinstance(error, OSError) else None
        raise Failure(message.format(reason=reason or database.reason(error))) from error


def _say(archive: "Archive", kept: Path | None) -> None:
    from django.utils.timezone import localtime
    from django.utils.translation import ngettext

    from approdo.processes.models import Run
    from approdo.sales.models import SaleDocument

    click.echo(
        _("Restored the hub as it stood on {moment}, with {documents} sale documents.").format(
            moment=f"{localtime(archive.manifest.made_at):%Y-%m-%d %H:%M:%S %Z}",
            documents=number(SaleDocument.objects.count()),
        )
    )
    if kept:
        click.echo(_("The database before it is kept as {path}.").format(path=kept))
    live = Run.objects.filter(state__in=Run.LIVE).count()
    if live:
        said = ngettext(
            "{count} run had not ended: the next worker goes on with it.",
            "{count} runs had not ended: the next worker goes on with them.",
            live,
        )
        click.echo(said.format(count=live))
    click.echo(_("Everybody has to sign in again."))
