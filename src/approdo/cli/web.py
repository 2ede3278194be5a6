"""`approdo web`: back office and REST API over HTTP."""

import gc
import socket
from collections.abc import Callable
from importlib import import_module
from typing import Any

import click

from approdo import environment, logs
from approdo.cli import start
from approdo.cli.texts import Failure, _

THREADS = 8
"""Requests answered at once."""

HOST = click.option("--host", help="Address to listen on.  [default: APPRODO_HOST or 127.0.0.1]")
PORT = click.option("--port", type=click.IntRange(1, 65535), help="Port to listen on.  [default: APPRODO_PORT or 8000]")


@click.command(help="Run the web server alone, until Ctrl-C.")
@HOST
@PORT
def command(host: str | None, port: int | None) -> None:
    """Serve until SIGTERM or SIGINT."""
    host, port = address(host, port)
    start.open_database(for_service=True)
    refuse_taken(host, port)
    serve(host, port)


def address(host: str | None, port: int | None) -> tuple[str, int]:
    """Where to listen: what was given, else the settings. Raises `ConfigError` for a bad setting."""
    return host or environment.setting("HOST", "127.0.0.1"), port or environment.whole_number("PORT", 8000)


def refuse_taken(host: str, port: int) -> None:
    """Raise `Failure` where this address cannot be listened on."""
    problem = listening_problem(host, port)
    if problem:
        message = _("Cannot listen on {host}, port {port}: {reason}. Choose another with --host or --port.")
        raise Failure(message.format(host=host, port=port, reason=problem))


def listening_problem(host: str, port: int) -> str:
    """Why this address cannot be listened on; empty where it can."""
    try:
        family, kind, protocol, _name, where = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        with socket.socket(family, kind, protocol) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(where)
            probe.listen()
    except (OSError, OverflowError) as error:
        return getattr(error, "strerror", None) or str(error)
    return ""


def url(host: str, port: int) -> str:
    """The address that a browser on this machine uses."""
    name = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(host, host)  # noqa: S104
    return f"http://{f'[{name}]' if ':' in name and not name.startswith('[') else name}:{port}"


def serve(host: str, port: int) -> None:
    """Answer until told to stop."""
    from django.db import connections
    from granian.constants import Interfaces
    from granian.log import LogLevels
    from granian.server import Server

    connections.close_all()  # the server forks: a connection must not be shared
    Server(
        "approdo.wsgi:application",
        address=host,
        port=port,
        interface=Interfaces.WSGI,
        blocking_threads=THREADS,
        log_level=LogLevels.error,
        log_dictconfig=logs.configuration(service=True),
        workers_kill_timeout=8,
    ).serve(target_loader=_application, wrap_loader=False)


def _application() -> Callable[..., Any]:
    from approdo.cli.lifeline import end_with_parent

    end_with_parent()
    from django.conf import settings

    import_module(settings.ROOT_URLCONF)  # every screen, so that the first request does not wait for them
    from approdo.processes import watching
    from approdo.processes.presence import Role, announce_for_life
    from approdo.wsgi import application

    announce_for_life(Role.WEB)  # here, where the requests are answered: a connection does not survive the fork
    watching.start()
    gc.collect()
    gc.freeze()  # what is loaded now stays: looked through again and again, it would hold up a request now and then
    return application
