"""How quickly the command answers, and how soon after `approdo up` the first page is there.

    python bench/start.py [--times 15] [--starts 3] [--note "a shared machine"]

Commands: wall and processor time from the start of the process to its end, beside an interpreter that does nothing
(the floor) and beside `python -m django --version`. First page: seconds from the start of `approdo up` until its login
page is answered with 200, in an empty home and once more in the same, beside Granian with one static page (the floor)
and `http.server`, and beside an empty Django project whose admin is migrated and served by the same Granian.

Everything is compiled before and takes its turn, one after the other; PYTHONDONTWRITEBYTECODE is unset for what is
measured.
"""

import argparse
import compileall
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import httpx2
from machine import machine

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests"))

from hub import free_port

ROOT = Path(__file__).resolve().parent.parent
FILE = ROOT / "bench" / "results" / "start.json"
PYTHON = sys.executable
APPRODO = str(Path(sys.executable).with_name("approdo"))
PATIENCE = 120.0
COMMANDS = {
    "python -c pass": [PYTHON, "-c", "pass"],
    "approdo --help": [APPRODO, "--help"],
    "approdo up --help": [APPRODO, "up", "--help"],
    "django --version": [PYTHON, "-m", "django", "--version"],
}
"""The first is the floor."""

PAGE = """
def application(environ, start_response):
    start_response("200 OK", [("content-type", "text/html"), ("content-length", "2")])
    return [b"hi"]
"""
GRANIAN = [PYTHON, "-m", "granian", "--interface", "wsgi", "--host", "127.0.0.1", "--port", "{port}"]
DJANGO = '"$0" peer/manage.py migrate && exec "$0" "$@" --working-dir peer peer.wsgi:application'
SERVERS = {
    "granian, one page": ([*GRANIAN, "page:application"], "/"),
    "http.server, one page": ([PYTHON, "-m", "http.server", "{port}", "--bind", "127.0.0.1"], "/page.py"),
    "approdo up, empty home": ([APPRODO, "up", "--port", "{port}"], "/login/"),
    "approdo up again": ([APPRODO, "up", "--port", "{port}"], "/login/"),
    "django admin, no database": (["sh", "-c", DJANGO, *GRANIAN], "/admin/login/"),
    "django admin again": (["sh", "-c", DJANGO, *GRANIAN], "/admin/login/"),
}
"""The first is the floor. Those that serve `again` find what the one before them left."""

Row = dict[str, Any]


def main() -> None:
    """Measure, print a table, write `bench/results/start.json`."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--times", type=int, default=15, help="how often each command is run")
    parser.add_argument("--starts", type=int, default=3, help="how often each server is started")
    parser.add_argument("--note", default="", help="what is to be known of the machine, kept with the results")
    options = parser.parse_args()
    told = machine(options.note)
    compileall.compile_dir(ROOT / "src", quiet=2)
    written = {"commands": list(_commands(options.times)), "first_page": list(_first_pages(options.starts))}
    for row in (row for rows in written.values() for row in rows):
        processor = f"{row['processor_ms']:8.0f} ms of a processor" if "processor_ms" in row else ""
        print(
            f"{row['name']:26} {row['median_ms']:8.0f} ms ({row['least_ms']:.0f} to {row['most_ms']:.0f})"
            f" {row['of_the_floor']:6.1f} times the floor{processor}"
        )
    FILE.parent.mkdir(exist_ok=True)
    FILE.write_text(json.dumps({**told, **written}, indent=2) + "\n")


def _commands(times: int) -> Iterator[Row]:
    wall: dict[str, list[float]] = {name: [] for name in COMMANDS}
    processor: dict[str, list[float]] = {name: [] for name in COMMANDS}
    with tempfile.TemporaryDirectory() as home:
        for number in range(times + 1):
            for name, command in COMMANDS.items():
                used, began = _processor_of_children(), time.perf_counter()
                subprocess.run(command, env=_environment(home), check=True, capture_output=True)
                if number:  # the first one compiles what nobody had compiled
                    wall[name].append(time.perf_counter() - began)
                    processor[name].append(_processor_of_children() - used)
    for name, row in _rows(wall).items():
        yield {**row, "processor_ms": round(1000 * statistics.median(processor[name]), 1)}


def _first_pages(starts: int) -> Iterator[Row]:
    wall: dict[str, list[float]] = {name: [] for name in SERVERS}
    for number in range(starts + 1):
        with tempfile.TemporaryDirectory(prefix="approdo-bench-") as name:
            folder, environment = Path(name), _environment(name)
            (folder / "page.py").write_text(PAGE)
            (folder / "peer").mkdir()
            project = [PYTHON, "-m", "django", "startproject", "peer", str(folder / "peer")]
            subprocess.run(project, env=environment, check=True)
            for server, (command, path) in SERVERS.items():
                seconds = _seconds_to_first_page(command, path, folder, environment)
                if number:
                    wall[server].append(seconds)
    yield from _rows(wall).values()


def _seconds_to_first_page(command: Sequence[str], path: str, folder: Path, environment: Mapping[str, str]) -> float:
    port = str(free_port())
    given = [part.format(port=port) for part in command]
    began = time.perf_counter()
    with subprocess.Popen(given, env=environment, cwd=folder, stdout=subprocess.DEVNULL) as process:
        try:
            with httpx2.Client(base_url=f"http://127.0.0.1:{port}", timeout=PATIENCE) as client:
                while not _answers(client, path):
                    assert process.poll() is None, f"{command} ended"
                    assert time.perf_counter() - began < PATIENCE, f"{command} did not answer"
                    time.sleep(0.01)
            return time.perf_counter() - began
        finally:
            process.terminate()


def _answers(client: httpx2.Client, path: str) -> bool:
    try:
        return client.get(path).status_code == 200
    except httpx2.RequestError:
        return False


def _environment(home: str) -> dict[str, str]:
    """This process's own, without our settings, and with Python free to keep what it compiles."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("APPRODO_")}
    kept.pop("PYTHONDONTWRITEBYTECODE", None)
    return kept | {"APPRODO_HOME": home, "LANG": "C.UTF-8"}


def _processor_of_children() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _rows(wall: Mapping[str, list[float]]) -> dict[str, Row]:
    """What was measured of each, the first being the floor of all."""
    floor = statistics.median(next(iter(wall.values())))
    return {
        name: {
            "name": name,
            "median_ms": round(1000 * statistics.median(seconds), 1),
            "least_ms": round(1000 * min(seconds), 1),
            "most_ms": round(1000 * max(seconds), 1),
            "of_the_floor": round(statistics.median(seconds) / floor, 1),
        }
        for name, seconds in wall.items()
    }


if __name__ == "__main__":
    main()
