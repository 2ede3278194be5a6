"""How much of what Amazon allows is really used: one account and many, answers that come at once and late.

    python bench/quota.py [--accounts 1,10] [--latencies 20,400] [--workers 2] [--orders 10000] [--lines 1]

Downloads from the simulated Amazon with its real limits (ten requests a second and account), on PostgreSQL, by several
workers. *Share* is what was asked for pages beside what was allowed, of each account from its first such request to its
last, and of these the median and the least; *refused* counts the answers 429. Beside them the floor: one connection
that asks for one page after the other within the same limit and stores nothing. Orders are small (`--lines`), so that
the limit is measured and not the machine; `busy` says how much of all cores was in use.
"""

import argparse
import json
import os
import signal
import statistics
import sys
import time
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import httpx2
from floor import AGENT, pages
from machine import busy_seconds, machine
from many_hosts import ASK, ENDED, Installation, requests, simulated

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests"))

import postgres

FILE = Path(__file__).resolve().parent / "results" / "quota.json"
DAYS = 170
PER_SECOND = 10
PAGES = ("getPurchaseOrders",)
SETTLED_SECONDS = 6

Row = dict[str, Any]


def main() -> None:
    """Measure, print a table, write `bench/results/quota.json`."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--accounts", type=_numbers, default=(1, 10))
    parser.add_argument("--latencies", type=_numbers, default=(20, 400), help="milliseconds")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--orders", type=int, default=10_000, help="of each account")
    parser.add_argument("--lines", type=int, default=1)
    options = parser.parse_args()
    if not postgres.server_binaries():
        print("PostgreSQL is not installed: how much of Amazon's limit is used is not measured.")
        return
    told = machine()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # whatever was started ends with us
    server = postgres.Server(durable=True)
    rows = []
    for accounts in options.accounts:
        for latency in options.latencies:
            for row in _measured(server, options, accounts, latency):
                rows.append(row)
                print(*(f"{name} {value}" for name, value in row.items()), flush=True)
    FILE.parent.mkdir(exist_ok=True)
    given = {"orders": options.orders, "lines": options.lines}
    FILE.write_text(json.dumps({**told, **given, "rows": rows}, indent=2) + "\n")


def _measured(server: postgres.Server, options: argparse.Namespace, accounts: int, latency: int) -> Iterator[Row]:
    """The floor where there is one account, a first download of all accounts at once, and a second one."""
    given = ("--accounts", accounts, "--orders", options.orders, "--lines", options.lines, "--days", DAYS)
    about = {"accounts": accounts, "workers": options.workers, "latency_ms": latency}
    with Installation(server.address) as hub, simulated(*given, "--latency", latency) as amazon:
        hub.apply(amazon, DAYS)
        for _ in range(options.workers):
            hub.start("worker")
        time.sleep(SETTLED_SECONDS)
        works = {"new": lambda: _download(hub, accounts), "unchanged": lambda: _download(hub, accounts)}
        if accounts == 1:
            works = {"floor": lambda: _one_by_one(amazon), **works}
        for what, work in works.items():
            seen, began, busy = len(requests(amazon)), time.monotonic(), busy_seconds()
            work()
            used = (busy_seconds() - busy) / (time.monotonic() - began) / (os.cpu_count() or 1)
            yield {**about, "what": what, **_summary(requests(amazon)[seen:]), "busy": round(used, 2)}


def _download(hub: Installation, accounts: int) -> None:
    ((last,),) = hub.rows("SELECT coalesce(max(id), 0) FROM processes_run")
    hub.python(ASK)
    while not (ended := hub.rows(ENDED, last, accounts)):
        time.sleep(0.5)
    ((_, _, least, most, *_),) = ended
    failed = hub.rows("SELECT connector_name, error_code, error_params FROM processes_run WHERE state <> 'succeeded'")
    assert (least, most) == ("succeeded", "succeeded"), failed


def _one_by_one(amazon: Row) -> None:
    """Ask for every page, one after the other, no sooner than a tenth of a second after the last."""
    credentials = {name: amazon[name] for name in ("client_id", "client_secret")}
    credentials["refresh_token"] = amazon["refresh_tokens"].split(",")[0]
    with httpx2.Client(timeout=60) as client:
        form = {"grant_type": "refresh_token", **credentials}
        token = client.post(f"{amazon['url']}/auth/o2/token", data=form).json()["access_token"]
        headers = {"x-amz-access-token": token, "user-agent": AGENT}
        due = time.monotonic()
        for _ in pages(client, f"{amazon['url']}/vendor/orders/v1/purchaseOrders", headers, DAYS):
            due = max(due + 1 / PER_SECOND, time.monotonic() - 1)
            time.sleep(max(0.0, due - time.monotonic()))


def _summary(made: list[Row]) -> Row:
    by_account: dict[str, list[datetime]] = {}
    for one in made:
        if one["operation"] in PAGES and one["status"] == 200:
            by_account.setdefault(one["account"], []).append(datetime.fromisoformat(one["time"]))
    shares = [(len(times) - 1) / (PER_SECOND * _seconds(times)) for times in by_account.values()]
    return {
        "share": round(statistics.median(shares), 3),
        "least": round(min(shares), 3),
        "requests": sum(map(len, by_account.values())),
        "refused": sum(one["status"] == 429 for one in made),
        "seconds": round(_seconds([moment for times in by_account.values() for moment in times]), 1),
    }


def _seconds(times: list[datetime]) -> float:
    return (max(times) - min(times)).total_seconds()


def _numbers(text: str) -> tuple[int, ...]:
    return tuple(int(part) for part in text.split(","))


if __name__ == "__main__":
    main()
