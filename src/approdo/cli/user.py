"""`approdo user add`: people who sign in to the back office."""

import sys

import click

from approdo.cli import start
from approdo.cli.texts import Failure, _


@click.group(help="Manage the people who sign in.")
def command() -> None:
    """Holds `add`."""


@command.command(help="Add the user NAME. Asks for a password, twice.")
@click.argument("name")
@click.option("--password-stdin", is_flag=True, help="Read the password from standard input.")
@click.option("--superuser/--staff", default=True, help="May do everything (default), or only what is granted later.")
def add(name: str, password_stdin: bool, superuser: bool) -> None:
    """Refuse a name that exists and a password that is too weak."""
    start.open_database()
    from django.contrib.auth import get_user_model

    if get_user_model()._default_manager.filter(username=name).exists():
        raise Failure(_("There is already a user “{name}”; choose another name.").format(name=name))
    password = sys.stdin.readline().rstrip("\r\n") if password_stdin else _asked()
    add_user(name, password, superuser=superuser)
    click.echo(_("User “{name}” added.").format(name=name))


def add_user(name: str, password: str, *, superuser: bool = True) -> None:
    """Add a user; raises `ValidationError` for a name or a password that cannot be."""
    from django.contrib.auth.models import User
    from django.contrib.auth.password_validation import validate_password

    user = User(username=name, is_staff=True, is_superuser=superuser)
    validate_password(password, user)
    user.set_password(password)
    user.full_clean()
    user.save()


def _asked() -> str:
    password: str = click.prompt(_("Password"), hide_input=True, confirmation_prompt=_("Once more"))
    return password
