"""`approdo demo`: the main job at once, with a simulated Amazon, in the folder `.demo`."""

import fcntl
import json
import os
import secrets
import shutil
import threading
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

import click

from approdo.cli import start
from approdo.cli.supervisor import Supervisor
from approdo.cli.texts import Failure, _
from approdo.cli.up import answers, say
from approdo.cli.web import listening_problem, url

HOST = "127.0.0.1"
USER = "demo"
CONNECTORS = ("Scarica ordini da Amazon Vendor", "Scarica ordini Direct Fulfillment")
FILE = Path(__file__).parent / "demo.yaml"

# The 29 days lie wholly within the last 30 that the demo downloads.
SIMULATED = ("--orders", "1200", "--df-orders", "300", "--days", "29", "--seed", "2026")
SIMULATOR_PORT = 8990
KEPT_SETTINGS = ("APPRODO_LANGUAGE", "APPRODO_TIME_ZONE", "APPRODO_DEBUG", "APPRODO_LOG_LEVEL", "APPRODO_LOG_FORMAT")

PATIENCE = 5.0
"""Seconds that a port may stay taken by the end of a demo that was killed."""


WORKER_SECONDS = 30.0


class Memory(NamedTuple):
    """What a second demo needs to find the same Amazon and the same user."""

    simulator_port: int
    anchor: str
    password: str


@click.command(help="Try everything: a simulated Amazon, the hub with its orders, a user; until Ctrl-C.")
@click.option("--port", type=click.IntRange(1, 65535), default=8000, show_default=True)
@click.option("--reset", is_flag=True, help="Begin afresh: delete the folder .demo first.")
def command(port: int, reset: bool) -> None:
    """Start everything, download the orders, say where to look."""
    home = Path.cwd() / ".demo"
    _isolate(home)
    home.mkdir(mode=0o700, exist_ok=True)
    with (home / "demo.lock").open("w") as lock:
        _lock(lock)
        if reset:
            _empty(home)
        memory = _remembered(home)
        stop = start.stop_event()
        supervisor = Supervisor(say)
        try:
            _serve(supervisor, memory, port, stop)
        finally:
            supervisor.stop()


def _serve(supervisor: Supervisor, memory: Memory, port: int, stop: threading.Event) -> None:
    """The demo's course; returns early when `stop` is set."""
    simulator = str(memory.simulator_port)
    supervisor.start("simulator", "--port", simulator, "--anchor", memory.anchor, *SIMULATED, quiet=True)
    os.environ["SIMULATOR_URL"] = url(HOST, memory.simulator_port)
    _prepare(memory.password)
    if not answers(HOST, memory.simulator_port, stop):
        return
    web_port = _free_port(port)
    if web_port != port:
        say(_("Port {taken} is in use: the demo takes {port}.").format(taken=port, port=web_port))
    supervisor.start("web", "--host", HOST, "--port", str(web_port))
    supervisor.start("worker")
    _download(stop)
    if not stop.is_set() and answers(HOST, web_port, stop):
        _show(url(HOST, web_port), memory)
        stop.wait()


def _isolate(home: Path) -> None:
    """Let no setting of a real installation reach the demo, neither the environment's nor that of .env."""
    for name in [name for name in os.environ if name.startswith("APPRODO_") and name not in KEPT_SETTINGS]:
        os.environ[name] = ""  # empty, not absent: a child would read it from .env again
    os.environ["APPRODO_HOME"] = str(home)
    os.environ.setdefault("APPRODO_LOG_LEVEL", "warning")  # the terminal is for the demo's own lines


def _lock(file: Any) -> None:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise Failure(_("The demo is already running in this folder; end it with Ctrl-C first.")) from None


def _empty(home: Path) -> None:
    for path in home.iterdir():
        if path.is_dir():
            shutil.rmtree(path)
        elif path.name != "demo.lock":
            path.unlink()


def _remembered(home: Path) -> Memory:
    """What the first demo chose. The simulator's port changes only where another program has it now."""
    file = home / "demo.json"
    try:
        kept = Memory(**json.loads(file.read_text()))
    except (FileNotFoundError, ValueError, TypeError):
        now = datetime.now(UTC).replace(microsecond=0)
        kept = Memory(SIMULATOR_PORT, now.isoformat(), secrets.token_urlsafe(9))
    kept = kept._replace(simulator_port=_free_port(kept.simulator_port))
    file.write_text(json.dumps(kept._asdict()))
    file.chmod(0o600)
    return kept


def _free_port(wanted: int) -> int:
    """`wanted`, or the next one that is free."""
    deadline = time.monotonic() + PATIENCE
    while listening_problem(HOST, wanted) and time.monotonic() < deadline:
        time.sleep(0.2)
    for port in range(wanted, min(wanted + 100, 65536)):
        if not listening_problem(HOST, port):
            return port
    raise Failure(_("No port from {port} on is free; choose another with --port.").format(port=wanted))


def _prepare(password: str) -> None:
    """Database, records and user, each made only where it is missing."""
    start.django_ready()
    from django.contrib.auth import get_user_model

    from approdo.cli.apply import apply
    from approdo.cli.migrate import migrate
    from approdo.cli.user import add_user

    migrate()
    for line in apply([FILE]):
        say(line)
    if not get_user_model()._default_manager.filter(username=USER).exists():
        add_user(USER, password)


def _download(stop: threading.Event) -> None:
    """Run the connectors in the demo's worker, with a progress bar."""
    from approdo.cli.run import tell
    from approdo.cli.waiting import until_ended
    from approdo.processes import presence
    from approdo.processes.records import CONNECTORS as SECTION
    from approdo.processes.records import find
    from approdo.processes.runs import request_run

    # The demo's own worker needs a moment; should it never come, waiting for the run replaces it.
    deadline = time.monotonic() + WORKER_SECONDS
    while presence.workers_alive() == 0 and time.monotonic() < deadline and not stop.wait(0.1):
        pass
    for name in CONNECTORS:
        run = request_run(find(SECTION, name), requested_by="approdo demo")
        until_ended(run, stop)
        if stop.is_set():
            return
        tell(run)


def _show(address: str, memory: Memory) -> None:
    from rich.console import Console
    from rich.panel import Panel
    from rich.table import Table

    rows = Table.grid(padding=(0, 2))
    rows.add_row(_("Address"), address)
    rows.add_row(_("User"), USER)
    rows.add_row(_("Password"), memory.password)
    rows.add_row(_("Simulated Amazon"), url(HOST, memory.simulator_port))
    Console(highlight=False).print(Panel(rows, title="Approdo", expand=False))
    say(_("Ctrl-C ends it; started again it finds its data again."))
