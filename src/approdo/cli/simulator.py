"""`approdo simulator`: hands its arguments to the simulated Amazon, a program of its own."""

import sys

import click


@click.command(
    help="Run the simulated Amazon by itself; its own --help lists the options.",
    context_settings={"ignore_unknown_options": True, "help_option_names": []},
)
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
def command(arguments: tuple[str, ...]) -> None:
    """Serve until Ctrl-C."""
    from amazon_simulator.__main__ import main

    sys.exit(main(arguments))
