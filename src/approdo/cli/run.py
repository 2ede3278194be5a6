"""`approdo run`: runs a connector or a procedure now and shows how it goes on."""

import json
import sys
from typing import TYPE_CHECKING, Any, cast

import click

from approdo.cli import start
from approdo.cli.texts import INTERRUPTED, Failure, _, number, sentence

if TYPE_CHECKING:
    from approdo.processes.models import Connector, Procedure, Run

COUNTS = ("requests", "read", "created", "updated", "unchanged", "failed")


@click.command(help="Run the connector or procedure NAME now. Exit code 0: succeeded, 1: failed or only partly done.")
@click.argument("name")
@click.option("--orders", metavar="NUMBERS", help="Fetch only these orders: numbers with commas, or - for stdin.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object at the end.")
@click.option("--no-wait", is_flag=True, help="Only start it.")
def command(name: str, orders: str | None, as_json: bool, no_wait: bool) -> None:
    """Run it, wait for its end, say how it ended."""
    start.open_database()
    run = _request(_named(name), orders)
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
    from approdo.processes import run_data

    click.echo(_ended(run))
    statuses = run_data.statuses(run)
    if statuses["read"]:
        text = _("Order statuses (Amazon's, informational): {read} read, {changed} new or changed.")
        changed = number(statuses["created"] + statuses["updated"])
        click.echo(text.format(read=number(statuses["read"]), changed=changed))
    exported = run_data.exported(run)
    if exported:
        click.echo(_exports(exported))
    for line in _proof(run):
        click.echo(line)
    for part in run_data.parts(run):
        for warning in run_data.warnings(part):
            click.echo(_("Warning: {text}").format(text=_joined(warning)), err=True)
    for error in run_data.errors(run):
        click.echo(_joined(error), err=True)


def as_data(run: "Run") -> dict[str, Any]:
    """The run as `--json` prints it."""
    from approdo.processes import run_data

    counts = {name: run.counts.get(name, 0) for name in COUNTS}
    data = {"run": run.pk, "state": run.state, "counts": counts, "statuses": run_data.statuses(run)}
    return {**data, "errors": run_data.errors(run)}


def _named(name: str) -> "Connector | Procedure":
    """The connector or procedure of this name or number; the name of a record goes before any number."""
    from approdo.processes.records import CONNECTORS, PROCEDURES, find
    from approdo.sdk.errors import ConfigError

    by_name = [one for section in (CONNECTORS, PROCEDURES) for one in section.find().filter(name=name)]
    if len(by_name) > 1:
        raise Failure(sentence(ConfigError("name_of_two", name=name)), exit_code=2)
    if by_name:
        return cast("Connector | Procedure", by_name[0])
    try:
        return cast("Connector", find(CONNECTORS, name))
    except ConfigError:
        raise Failure(sentence(ConfigError("nothing_of_that_name", name=name)), exit_code=2) from None


def _request(wanted: "Connector | Procedure", orders: str | None) -> "Run":
    from approdo.processes import procedures, runs
    from approdo.processes.models import Procedure

    if not isinstance(wanted, Procedure):
        numbers = sys.stdin.read() if orders == "-" else orders
        return runs.request_run(wanted, "approdo run", None if numbers is None else runs.split_numbers(numbers))
    if orders is not None:
        raise Failure(_("--orders is for a connector; “{name}” is a procedure.").format(name=wanted.name), exit_code=2)
    return procedures.request(wanted, "approdo run")


def _started(run: "Run") -> str:
    from approdo.processes import presence

    if presence.workers_alive():
        return _("Run {run} has been started.").format(run=run.pk)
    return _("Run {run} waits for a worker: start one with `approdo up`.").format(run=run.pk)


def _proof(run: "Run") -> list[str]:
    """For a run that found nothing new: which time Amazon was asked for. Silent where anything failed."""
    from approdo.processes import run_data

    proof = run_data.proof(run)
    if not proof:
        return []
    if run.counts.get("read"):
        text = _("Amazon was asked for this time and showed nothing new; all that came is known and unchanged:")
    else:
        text = _("Amazon was asked for this time and answered that there is nothing:")
    labels = {"created": _("created"), "changed": _("changed")}
    times = (
        f"{labels.get(scan, scan)} {one.start:%Y-%m-%d %H:%M} – {one.end:%Y-%m-%d %H:%M}"
        for scan, parts in proof.items()
        for one in parts
    )
    return [f"{text} {', '.join(times)} UTC."]


def _ended(run: "Run") -> str:
    from approdo.cli.waiting import outcome
    from approdo.processes import run_data

    seconds = (run.ended_at - run.created_at).total_seconds() if run.ended_at else 0
    said = _("Run {run}: {state} after {seconds} s, {requests} requests.").format(
        run=run.pk,
        state=run.get_state_display().lower(),
        seconds=number(round(seconds, 1)),
        requests=number(run.counts.get("requests", 0)),
    )
    if run_data.exported(run) and not run.is_procedure:
        return said
    orders = _("Orders: {outcome}.").format(outcome=outcome(run))
    return f"{said} {orders}"


def _exports(exported: dict[str, int | None]) -> str:
    texts = (
        ("handed_over", _("{count} handed over")),
        ("refused", _("{count} refused")),
        ("waiting", _("{count} waiting")),
    )
    counted = [(text, exported[name]) for name, text in texts]
    said = ", ".join(text.format(count=number(count)) for text, count in counted if count is not None)
    return _("Exports: {outcome}.").format(outcome=said)


def _joined(note: dict[str, str]) -> str:
    return f"{note['message']} {note['hint']}".strip()
