"""`approdo token add`: what programs call the REST API with."""

import click

from approdo.cli import start
from approdo.cli.texts import Failure, _, sentence


@click.group(help="Manage the tokens that programs call with.")
def command() -> None:
    """Holds `add`."""


@command.command(help="Add the token NAME and print it, this once.")
@click.argument("name")
@click.option("--scope", "scopes", multiple=True, required=True, help="What it allows; may be repeated.")
@click.option("--connector", "connector_name", help="Bind it to this connector.")
def add(name: str, scopes: tuple[str, ...], connector_name: str | None) -> None:
    """Print the token alone on stdout, so that scripts can take it."""
    start.open_database()
    from approdo.processes.models import Token
    from approdo.processes.records import CONNECTORS, find
    from approdo.processes.tokens import make_token
    from approdo.sdk.errors import ConfigError

    unknown = [scope for scope in scopes if scope not in Token.Scope.values]
    if unknown:
        message = _("There is no scope “{name}”; known are: {known}.")
        raise Failure(message.format(name=unknown[0], known=", ".join(Token.Scope.values)), exit_code=2)
    try:
        connector = find(CONNECTORS, connector_name) if connector_name is not None else None
    except ConfigError as error:
        raise Failure(sentence(error), exit_code=2) from None
    if Token.objects.filter(name=name).exists():
        raise Failure(_("There is already a token “{name}”; choose another name.").format(name=name))
    click.echo(make_token(name, list(dict.fromkeys(scopes)), connector))
    click.echo(_("Keep it now: it is not shown again."), err=True)
