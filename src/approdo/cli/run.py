"""`approdo run`: runs a connector now and shows how it goes on."""

import json
import sys
from typing import TYPE_CHECKING, Any

import click

from approdo.cli import start
from approdo.cli.texts import INTERRUPTED, Failure, _, number, sentence

if TYPE_CHECKING:
    from approdo.processes.models import Connector, Run

COUNTS = ("requests", "read", "created", "updated", "unchanged", "failed")


@click.command(help="Run the connector NAME now. Exit code 0: succeeded, 1: failed or only partly done.")
@click.argument("name")
@click.option("--orders", metavar="NUMBERS", help="Fetch only these orders: numbers with commas, or - for stdin.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object at the end.")
@click.option("--no-wait", is_flag=True, help="Only start it.")
def command(name: str, orders: str | None, as_json: bool, no_wait: bool) -> None:
    """Run a connector, wait for its end, say how it ended."""
    start.open_database()
    connector = _connector(name)
    from approdo.processes.runs import request_run, split_numbers

    if orders == "-":
        orders = sys.stdin.read()
    run = request_run(connector, "approdo run", None if orders is None else split_numbers(orders))
    if not no_wait:
        from approdo.cli.waiting import until_ended

        until_ended(run, start.stop_event())
        if run.live:
            sys.exit(INTERRUPTED)
    if as_json:
        click.echo(json.dumps(as_data(run), ensure_ascii=False))
    elif no_wait:
        click.echo(_started(run))
    else:
        tell(run)
    if not no_wait and run.state != run.State.SUCCEEDED:
        sys.exit(1)


def tell(run: "Run") -> None:
    """Say how a run ended: its counts on stdout; warnings and errors on stderr."""
    from approdo.processes import runs

    click.echo(_ended(run))
    statuses = runs.statuses(run)
    if statuses["read"]:
        text = _("Order statuses (Amazon's, informational): {read} read, {changed} new or changed.")
        changed = number(statuses["created"] + statuses["updated"])
        click.echo(text.format(read=number(statuses["read"]), changed=changed))
    for warning in runs.warnings(run):
        click.echo(_("Warning: {text}").format(text=_joined(warning)), err=True)
    for error in runs.errors(run):
        click.echo(_joined(error), err=True)


def as_data(run: "Run") -> dict[str, Any]:
    """The run as `--json` prints it."""
    from approdo.processes import runs

    counts = {name: run.counts.get(name, 0) for name in COUNTS}
    data = {"run": run.pk, "state": run.state, "counts": counts, "statuses": runs.statuses(run)}
    return {**data, "errors": runs.errors(run)}


def _connector(name: str) -> "Connector":
    from approdo.processes.records import CONNECTORS, find
    from approdo.sdk.errors import ConfigError

    try:
        connector: Connector = find(CONNECTORS, name)
    except ConfigError as error:
        raise Failure(sentence(error), exit_code=2) from None
    return connector


def _started(run: "Run") -> str:
    from approdo.processes import presence

    if presence.workers_alive():
        return _("Run {run} has been started.").format(run=run.pk)
    return _("Run {run} waits for a worker: start one with `approdo up`.").format(run=run.pk)


def _ended(run: "Run") -> str:
    from approdo.cli.waiting import outcome

    seconds = (run.ended_at - run.created_at).total_seconds() if run.ended_at else 0
    return _("Run {run}: {state} after {seconds} s, {requests} requests. Orders: {outcome}.").format(
        run=run.pk,
        state=run.get_state_display().lower(),
        seconds=number(round(seconds, 1)),
        requests=number(run.counts.get("requests", 0)),
        outcome=outcome(run),
    )


def _joined(note: dict[str, str]) -> str:
    return f"{note['message']} {note['hint']}".strip()
