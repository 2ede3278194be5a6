"""A whole installation in a folder of its own, driven by the real command, on the database under test."""

import fcntl
import json
import os
import shutil
import socket
import sqlite3
import subprocess
import time
import uuid
from collections.abc import Callable
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

import born_ready
import psycopg
import yaml

from amazon_simulator import CLIENT_ID, CLIENT_SECRET, REFRESH_TOKEN, Simulator

PATIENCE = 180.0

ROUND_SECONDS = 1
"""Shorter than a hub's own, as tests wait for many of them."""

WORKERS_LOCKS = """
SELECT count(*) FROM pg_locks JOIN pg_database ON pg_database.oid = pg_locks.database
WHERE locktype = 'advisory' AND datname = current_database() AND classid = 1095782980
"""


class Hub:
    """Runs `approdo` commands in one home; ends whatever it started.

    They are born ready (`born_ready.py`), but with `plain`.
    """

    plain = False

    def __init__(self, home: Path, server: str = os.environ.get("APPRODO_TEST_SERVER", ""), database: str = "") -> None:
        self.home = home
        self.environment = {name: value for name, value in os.environ.items() if not name.startswith("APPRODO_")} | {
            "APPRODO_HOME": str(home),
            "LANG": "C.UTF-8",
            # What a service says is read when it has ended: a line for each request would fill the pipe meanwhile.
            "APPRODO_LOG_LEVEL": "warning",
            "APPRODO_ROUND_SECONDS": str(ROUND_SECONDS),
        }
        self._started: list[subprocess.Popen[str]] = []
        if server:
            self.environment |= {
                "APPRODO_DATABASE_URL": database or f"{server}/hub_{uuid.uuid4().hex[:12]}",
                "APPRODO_SECRET_KEY": "only for tests",
                "APPRODO_ENCRYPTION_KEYS": os.environ["APPRODO_ENCRYPTION_KEYS"],
            }

    @property
    def database(self) -> str:
        """The address of its database; empty for SQLite."""
        return self.environment.get("APPRODO_DATABASE_URL", "")

    def migrate(self) -> None:
        """Make the database."""
        self._create_database("template1")
        assert self.command("migrate").returncode == 0

    def copy(self, home: Path) -> "Hub":
        """The same installation again, in another home and with a database of its own."""
        shutil.copytree(self.home, home, dirs_exist_ok=True)
        other = Hub(home)
        other._create_database(self.database.rpartition("/")[2])
        return other

    def host(self, home: Path) -> "Hub":
        """Another host of this installation: a home of its own, the same database on a server."""
        other = Hub(home, "")
        other.environment = self.environment | {"APPRODO_HOME": str(home)}
        other._started = self._started  # it ends with us
        return other

    def _create_database(self, template: str) -> None:
        if self.database:
            server, _, name = self.database.rpartition("/")
            with psycopg.connect(f"{server}/postgres", autocommit=True) as connection:
                connection.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}"')

    def command(
        self, *arguments: str, given: str | None = None, **environment: str
    ) -> subprocess.CompletedProcess[str]:
        """Run a command to its end; it reads what is `given`."""
        return born_ready.run(
            ["-m", "approdo", *arguments], PATIENCE * 3, given, plain=self.plain,
            env=self.environment | environment, cwd=self.home,
        )  # fmt: skip

    def python(self, code: str) -> str:
        """What a program prints in this installation."""
        done = born_ready.run(["-c", code], PATIENCE, env=self.environment, cwd=self.home)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        """Start a command and leave it running."""
        return self._start(["-m", "approdo", *arguments])

    def start_faulty(self, faults: dict[str, Any], *arguments: str) -> subprocess.Popen[str]:
        """The same with faults built in (`faulty.py`)."""
        return self._start([str(Path(__file__).with_name("faulty.py")), json.dumps(faults), *arguments])

    def _start(self, arguments: list[str]) -> subprocess.Popen[str]:
        process = born_ready.born(
            arguments, plain=self.plain,
            env=self.environment, cwd=self.home,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, stdin=subprocess.PIPE,
        )  # fmt: skip
        self._started.append(process)
        return process

    def apply(self, declared: dict[str, Any]) -> subprocess.CompletedProcess[str]:
        """Declare records through a file."""
        path = self.home / "declared.yaml"
        path.write_text(yaml.safe_dump(declared, allow_unicode=True))
        return self.command("apply", str(path))

    def run(self, name: str = "Download") -> dict[str, Any]:
        """Run a connector to its end and return what `--json` printed."""
        done = self.command("run", name, "--json")
        assert done.stdout, done.stderr
        found: dict[str, Any] = json.loads(done.stdout)
        return found

    def documents(self, *filters: str) -> list[dict[str, Any]]:
        """Every sale document."""
        done = self.command("documents", "--json", *filters)
        assert done.returncode == 0, done.stderr
        return [json.loads(line) for line in done.stdout.splitlines()]

    def run_states(self) -> list[dict[str, Any]]:
        """Every run, the newest first: number and state."""
        return [
            {"run": number, "state": state}
            for number, state in self.rows("SELECT id, state FROM processes_run ORDER BY id DESC")
        ]

    def workers_alive(self) -> int:
        """How many workers hold their lock, asked of the system and not of the hub."""
        if self.database:
            return int(self.rows(WORKERS_LOCKS)[0][0])
        return sum(_held(path) for path in self.home.glob("workers/*.lock"))

    def rows(self, statement: str) -> list[tuple[Any, ...]]:
        """Read the hub's own database, past the hub."""
        if self.database:
            with psycopg.connect(self.database) as server:
                return server.execute(statement).fetchall()
        with closing(sqlite3.connect(self.home / "hub.sqlite3", timeout=20)) as file:
            return file.execute(statement).fetchall()

    def change(self, statement: str) -> None:
        """Change the hub's own database, past the hub."""
        if self.database:
            with psycopg.connect(self.database) as server:
                server.execute(statement)
            return
        with closing(sqlite3.connect(self.home / "hub.sqlite3", timeout=20)) as file:
            file.execute(statement)
            file.commit()

    def forget_engine(self) -> None:
        """Lose the engine's own database."""
        if self.database:
            with psycopg.connect(self.database, autocommit=True) as server:
                server.execute("DROP SCHEMA dbos CASCADE")
        for path in self.home.glob("engine.sqlite3*"):
            path.unlink()

    def close(self) -> None:
        """End what is still running."""
        for process in self._started:
            if process.poll() is None:
                process.kill()
            process.communicate()


def declared(amazon: Simulator, **time_range: Any) -> dict[str, Any]:
    """Node, range, configuration and connector for a simulated Amazon."""
    return {
        "nodes": [
            {
                "name": "Amazon Vendor EU",
                "type": "amazon_vendor",
                "options": {
                    "region": "custom",
                    "api_url": amazon.url,
                    "token_url": amazon.token_url,
                    "marketplace": "IT",
                    "client_id": CLIENT_ID,
                    "client_secret": CLIENT_SECRET,
                    "refresh_token": REFRESH_TOKEN,
                },
            }
        ],
        "time_ranges": [{"name": "Range", "delay": "0 minutes", "by": "both", **(time_range or {"last": "30 days"})}],
        "order_download_configurations": [
            {"name": "Everything", "type": "vendor_retail", "time_range": "Range", "states": "all"}
        ],
        "connectors": [
            {
                "name": "Download",
                "node": "Amazon Vendor EU",
                "type": "amazon_vendor.download_orders",
                "options": {"configuration": "Everything"},
            }
        ],
    }


def _held(path: Path) -> bool:
    with suppress(FileNotFoundError), path.open() as file:
        try:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False


def wait_for_next_second() -> None:
    """A run ends its windows with the second that is over: what Amazon got in this one is the next run's."""
    time.sleep(1.05 - time.time() % 1)


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_for(what: Callable[[], Any], sentence: str, seconds: float = PATIENCE) -> Any:
    """What `what` returns once it is true; fails with `sentence` when it never is."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        found = what()
        if found:
            return found
        time.sleep(0.05)
    raise AssertionError(sentence)
