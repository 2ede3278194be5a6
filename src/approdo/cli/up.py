"""`approdo up`: web and worker on this machine, in one command."""

import socket
import threading
import time

import click

from approdo.cli import start
from approdo.cli.supervisor import Supervisor
from approdo.cli.texts import _
from approdo.cli.web import HOST, PORT, address, refuse_taken, url


@click.command(help="Run web and worker on this machine until Ctrl-C, on the newest version of the database.")
@HOST
@PORT
def command(host: str | None, port: int | None) -> None:
    """Migrate, start both, keep them running."""
    host, port = address(host, port)
    stop = start.stop_event()
    start.django_ready()
    refuse_taken(host, port)
    from approdo.cli.migrate import migrate

    migrate()
    supervisor = Supervisor(say)
    try:
        supervisor.start("web", "--host", host, "--port", str(port))
        supervisor.start("worker")
        if answers(host, port, stop):
            say(_("Approdo is at {url} (Ctrl-C ends it).").format(url=url(host, port)))
            _say_if_nobody_can_sign_in()
        stop.wait()
    finally:
        supervisor.stop()


def answers(host: str, port: int, stop: threading.Event, seconds: float = 60.0) -> bool:
    """Wait until something listens there. False when it took too long or `stop` was set."""
    reachable = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104
    deadline = time.monotonic() + seconds
    while not stop.is_set() and time.monotonic() < deadline:
        try:
            socket.create_connection((reachable, port), timeout=1).close()
            return True
        except OSError:
            stop.wait(0.1)
    return False


def say(text: str) -> None:
    """One line on stdout, at once."""
    click.echo(text)


def _say_if_nobody_can_sign_in() -> None:
    from django.contrib.auth import get_user_model

    if not get_user_model()._default_manager.exists():
        say(_("Nobody can sign in yet: add a user with `approdo user add NAME`."))
