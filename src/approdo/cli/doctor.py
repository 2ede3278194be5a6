"""`approdo doctor`: checks this installation, one line for each thing; the work is in `diagnosis`."""

import sys

import click

from approdo.cli import start


@click.command(help="Check database, worker, disk, secrets and Amazon. Exit code 1 if something is wrong.")
def command() -> None:
    """Print one line for each finding."""
    start.django_ready()
    from approdo.cli.diagnosis import Mark, findings

    wrong = False
    for finding in findings():
        click.echo(f"{click.style(finding.mark.value, fg=finding.mark.color)}  {finding.subject}: {finding.text}")
        wrong = wrong or finding.mark is Mark.ERROR
    if wrong:
        sys.exit(1)
