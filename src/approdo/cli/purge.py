"""`approdo purge`: forgets who the consumers of orders are."""

import click

from approdo.cli import start
from approdo.cli.texts import Failure, _


@click.command(help="Purge the personal data of the orders NUMBER…, in all their versions and for good.")
@click.argument("numbers", metavar="NUMBER…", nargs=-1, required=True)
@click.option("--node", help="Only orders of the node of this name.")
def command(numbers: tuple[str, ...], node: str | None) -> None:
    """Refuse everything where one of the numbers is not known."""
    start.open_database()
    from django.utils import timezone

    from approdo.processes.purging import purge
    from approdo.sales.queries import documents

    found = list(documents({"node": node}).filter(number__in=numbers))
    unknown = sorted(set(numbers) - {document.number for document in found})
    if unknown:
        message = _("There is no order {number}; nothing was purged.")
        raise Failure(message.format(number=", ".join(unknown)), exit_code=2)
    for document in found:
        text = _("{number}: purged.") if purge(document, timezone.now()) else _("{number}: nothing to purge.")
        click.echo(text.format(number=document.number))
