"""`approdo worker`: does what is queued, until told to stop."""

import click

from approdo.cli import start


@click.command(help="Run a worker alone, until Ctrl-C. As many as wanted, on any number of hosts.")
def command() -> None:
    """Work until SIGTERM or SIGINT; what is under way goes on with the next worker."""
    stop = start.stop_event()
    start.open_database(for_service=True)
    from approdo.processes.worker import work

    work(stop, service=True)
