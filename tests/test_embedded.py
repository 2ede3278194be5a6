"""`approdo up` on SQLite: web and worker share one file, and nobody ever finds it locked."""

import os
import threading
from collections.abc import Callable

import httpx2
import pytest
import truth
from browsing import add_user, answers, post, sign_in
from hub import Hub, declared, free_port, wait_for

from amazon_simulator import Simulator

pytestmark = [
    pytest.mark.hub,
    pytest.mark.skipif("APPRODO_TEST_SERVER" in os.environ, reason="the embedded default is SQLite"),
]

DAYS = 18


@pytest.fixture
def amazon():
    with Simulator(seed=5, orders=3000, days=20, rate_limit=False) as simulator:
        yield simulator


class Visitor:
    """One of several who ask without a pause, signed in, until told to stop."""

    def __init__(self, address: str, ask: Callable[[httpx2.Client, int], httpx2.Response]) -> None:
        self.answered = 0
        self.wrong: list[str] = []
        self._browser = httpx2.Client(base_url=address, follow_redirects=True, timeout=120)
        sign_in(self._browser, address)
        self._ask = ask
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._go_on, daemon=True)
        self._thread.start()

    def leave(self) -> None:
        """Ask for nothing more."""
        self._stop.set()
        self._thread.join()
        self._browser.close()

    def _go_on(self) -> None:
        while not self._stop.is_set():
            self.answered += 1
            try:
                answer = self._ask(self._browser, self.answered)
            except httpx2.RequestError as error:
                self.wrong.append(repr(error))
                continue
            if answer.status_code != 200 or answer.url.path == "/login/":
                self.wrong.append(f"{answer.status_code} {answer.url} {answer.text[:300]}")


def test_while_a_download_runs_unthrottled_every_page_call_and_form_is_answered_and_nothing_is_locked(
    hub: Hub, amazon: Simulator
):
    given = declared(amazon, last=f"{DAYS} days")
    given["time_ranges"] += [{"name": name, "last": "3 days", "by": "created"} for name in ("Form", "Call")]
    hub.apply(given)
    add_user(hub)
    scopes = [f"--scope={scope}" for scope in ("documents:read", "settings:write")]
    token = {"authorization": "Bearer " + hub.command("token", "add", "caller", *scopes).stdout.strip()}
    form = {"name": "Form", "mode": "relative", "last": "3", "unit": "days", "by": "created"}
    page = "/nodes/timerange/{}/change/".format(*hub.rows("SELECT id FROM nodes_timerange WHERE name = 'Form'")[0])
    address = f"http://127.0.0.1:{(port := free_port())}"
    up = hub.start("up", "--port", str(port))
    wait_for(lambda: answers(address), "the web server answered")
    hub.command("run", "Download", "--no-wait")
    visitors = {
        "home": Visitor(address, lambda browser, _: browser.get("/")),
        "documents": Visitor(address, lambda browser, _: browser.get("/sales/saledocument/")),
        "run": Visitor(address, lambda browser, _: browser.get("/processes/run/1/live/")),
        "read": Visitor(address, lambda browser, _: browser.get("/api/v1/documents?limit=50", headers=token)),
        "write": Visitor(
            address,
            lambda browser, turn: browser.patch("/api/v1/time-ranges/Call", headers=token, json={"delay": delay(turn)}),
        ),
        "form": Visitor(address, lambda browser, turn: post(browser, address + page, {**form, "delay": str(turn % 9)})),
    }
    wait_for(lambda: not truth.live(hub), "the run ended", seconds=180)
    for visitor in visitors.values():
        visitor.leave()
    up.terminate()
    said, _ = up.communicate(timeout=30)
    assert {name: visitor.wrong for name, visitor in visitors.items() if visitor.wrong} == {}
    assert {name for name, visitor in visitors.items() if visitor.answered < 2} == set(), "each had an answer meanwhile"
    ((saved,),) = hub.rows("SELECT delay FROM nodes_timerange WHERE name = 'Form'")
    assert saved == visitors["form"].answered % 9, "the last form was saved"
    assert "locked" not in said
    assert "Traceback" not in said
    assert hub.run_states() == [{"run": 1, "state": "succeeded"}]
    truth.check(hub, amazon, DAYS)


def delay(turn: int) -> str:
    return f"{turn % 9} minutes"
