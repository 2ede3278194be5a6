"""How long pages and the API take while a download runs on SQLite, beside the same hub with nothing to do.

    python bench/while_downloading.py [--held 20000] [--orders 10000] [--lines 10] [--note "a shared machine"]

One hub with `--held` orders in it, one `approdo web` and one `approdo worker`, as `approdo up` starts them. Three
things are asked for in turn, again and again: the list of documents on screen, the list of runs on screen, and 50
documents from the API. First while nothing runs, then until a second account with `--orders` orders, which the
simulated Amazon hands out without limits, has been downloaded, then idle again. Read the ratios: the download, Amazon
and whoever asks share the cores of one machine. `others` is the part of all cores that something else took meanwhile.
"""

import argparse
import json
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx2
from machine import Others, machine, p95
from many_hosts import Installation, simulated

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests"))

from browsing import sign_in
from hub import free_port

FILE = Path(__file__).resolve().parent / "results" / "while-downloading.json"
DAYS = 21
IDLE_SECONDS = 15
PAUSE_SECONDS = 0.05
ASKED = {
    "documents on screen": "/sales/saledocument/",
    "runs on screen": "/processes/run/",
    "50 documents by API": "/api/v1/documents?limit=50",
}
USER = """
from approdo.cli import start
start.open_database()
from approdo.cli.user import add_user
add_user("anna", "approdo-approdo")
"""
START = """
from approdo.cli import start
start.open_database()
from approdo.processes import runs
from approdo.processes.models import Connector
print(runs.request_run(Connector.objects.get(name="Download vendor-2")).pk)
"""

Phase = dict[str, list[float]]


def main() -> None:
    """Measure, print a table, write `bench/results/while-downloading.json`."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--held", type=int, default=20_000, help="orders in the hub before")
    parser.add_argument("--orders", type=int, default=10_000, help="orders of the download")
    parser.add_argument("--lines", type=int, default=10)
    parser.add_argument("--note", default="", help="what is to be known of the machine, kept with the results")
    options = parser.parse_args()
    told = machine(options.note)
    rows = list(_measured(options))
    for row in rows:
        idle, busy = row["idle_ms"], row["downloading_ms"]
        print(
            f"{row['asked']:20} idle {idle['median']:6.1f} ms (p95 {idle['p95']:6.1f})"
            f"  downloading {busy['median']:6.1f} ms (p95 {busy['p95']:6.1f}, worst {busy['worst']:6.1f})"
            f"  ratio {row['ratio_of_medians']:.2f}, of p95 {row['ratio_of_p95']:.2f}"
        )
    about = {"database": "sqlite", "held": options.held, "downloaded": options.orders, "lines": options.lines}
    FILE.parent.mkdir(exist_ok=True)
    FILE.write_text(json.dumps({**told, **about, "results": rows}, indent=2) + "\n")


def _measured(options: argparse.Namespace) -> Iterator[dict[str, Any]]:
    given = ("--accounts", 2, "--lines", options.lines, "--no-rate-limit")
    with Installation("") as hub:
        with simulated(*given, "--orders", options.held) as amazon:
            hub.apply(amazon, DAYS)
            hub.command("run", "Download vendor-1")
        with simulated(*given, "--orders", options.orders) as amazon:
            hub.apply(amazon, DAYS)
            hub.python(USER)
            visitor = hub.visitor(port := free_port(), "runs:write")
            hub.start("web", "--port", str(port))
            hub.start("worker")
            visitor.follow_redirects = True
            _signed_in(visitor)
            time.sleep(6)
            before = _phase(visitor, lambda began: time.monotonic() - began > IDLE_SECONDS)
            number = hub.python(START).strip()
            during = _phase(visitor, lambda _began: _ended(visitor, number))
            after = _phase(visitor, lambda began: time.monotonic() - began > IDLE_SECONDS)
    for asked in ASKED:
        idle, busy = _said(before[0][asked] + after[0][asked]), _said(during[0][asked])
        yield {
            "asked": asked,
            "idle_ms": idle,
            "downloading_ms": busy,
            "ratio_of_medians": round(busy["median"] / idle["median"], 2),
            "ratio_of_p95": round(busy["p95"] / idle["p95"], 2),
            "others": {"idle": max(before[1], after[1]), "downloading": during[1]},
        }


def _signed_in(visitor: httpx2.Client) -> None:
    """The same client with a token and a session, once the web server answers."""
    for _ in range(200):
        try:
            sign_in(visitor, str(visitor.base_url).rstrip("/"))
            return
        except httpx2.RequestError:
            time.sleep(0.1)
    raise SystemExit("the web server did not answer")


def _ended(visitor: httpx2.Client, number: str) -> bool:
    run = visitor.get(f"/api/v1/runs/{number}").raise_for_status().json()
    assert run["state"] in ("queued", "running", "succeeded"), run
    return bool(run["state"] == "succeeded")


def _phase(visitor: httpx2.Client, over: Callable[[float], bool]) -> tuple[Phase, float]:
    """How long each answer took, in milliseconds, and what somebody else took of the cores."""
    took: Phase = {asked: [] for asked in ASKED}
    began, others = time.monotonic(), Others()
    while not over(began):
        for asked, path in ASKED.items():
            start = time.perf_counter()
            visitor.get(path).raise_for_status()
            took[asked].append(1000 * (time.perf_counter() - start))
            time.sleep(PAUSE_SECONDS)
    return took, others.share()


def _said(took: list[float]) -> dict[str, Any]:
    said = {"median": statistics.median(took), "p95": p95(took), "worst": max(took)}
    return {name: round(value, 1) for name, value in said.items()} | {"asked": len(took)}


if __name__ == "__main__":
    main()
