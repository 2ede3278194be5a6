"""An ERP posts to a real web server: at the same time, and to one that is killed in the middle."""

import json
import signal
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import UTC, datetime
from http.client import HTTPException

import pytest
from asking import Web
from hub import Hub, declared, wait_for

from amazon_simulator import Simulator

pytestmark = pytest.mark.hub

MANY = 60


def importing(amazon: Simulator):
    data = declared(amazon)
    data["nodes"].append({"name": "Gestionale", "type": "api"})
    data["connectors"].append(
        {"name": "Fatture", "node": "Gestionale", "type": "api.import_documents", "options": {"takes": ["invoice"]}}
    )
    return data


def invoice_of(order: dict) -> dict:
    """Everything of the order that can be invoiced."""
    lines = [one for one in order["lines"] if not one["cancelled"] and one["eaches"] and one["net_cost"]]
    lines = [one for one in lines if one["eaches"] > 0 and float(one["net_cost"]) > 0 and not one["price_unit"]]
    total = sum(round(float(one["total"]) * 10_000) for one in lines)
    return {
        "type": "invoice", "number": f"FT-{order['number']}", "vendor_code": order["vendor_code"] or None,
        "day": datetime.now(UTC).date().isoformat(), "orders": [order["number"]], "currency": order["currency"],
        "lines": [
            {
                "order_line": one["sequence"], "quantity": one["eaches"], "unit": "eaches",
                "net_cost": one["net_cost"],
            }
            for one in lines
        ],
        "gross_total": f"{total // 10_000}.{total % 10_000:04}",
    }  # fmt: skip


@pytest.fixture
def erp(hub: Hub):
    with Simulator(seed=5, orders=MANY, days=20, rate_limit=False) as amazon:
        assert hub.apply(importing(amazon)).returncode == 0
        assert hub.run()["state"] == "succeeded"
    token = hub.command("token", "add", "ERP", "--scope", "imports:write").stdout.strip()
    return Erp(hub, token)


class Erp:
    def __init__(self, hub: Hub, token: str) -> None:
        self.hub, self.headers = hub, {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
        self.invoices = [one for order in hub.documents() if (one := invoice_of(order))["lines"]]
        self.web = Web(hub)

    def post(self, invoices: list[dict]) -> list[dict]:
        body = json.dumps({"documents": invoices}).encode()
        answer = self.web.ask("/api/v1/imports/Fatture", "POST", body, **self.headers)
        assert answer.status == 200, answer.text
        return answer.data["items"]

    def post_and_lose(self) -> None:
        """Post to a server that will not answer."""
        with suppress(OSError, HTTPException):
            self.post(self.invoices)

    def stored(self) -> list[str]:
        rows = self.hub.rows("SELECT number FROM sales_saledocument WHERE type = 'invoice'")
        return sorted(number for (number,) in rows)

    def whole(self) -> bool:
        """Whether each stored invoice has one version, its lines and its order."""
        broken = self.hub.rows(
            "SELECT d.number FROM sales_saledocument d WHERE d.type = 'invoice' AND ("
            " (SELECT count(*) FROM sales_documentversion v WHERE v.document_id = d.id) <> 1"
            " OR (SELECT count(*) FROM sales_saleline l WHERE l.document_id = d.id) <> d.line_count"
            " OR (SELECT count(*) FROM sales_orderlink o WHERE o.document_id = d.id) <> 1)"
        )
        return broken == []


def test_callers_at_the_same_time_store_each_invoice_once(erp: Erp):
    with ThreadPoolExecutor(4) as callers:
        answers = list(callers.map(lambda _: erp.post(erp.invoices), range(4)))
    results = [[one["result"] for one in answer] for answer in answers]
    assert not [one for answer in answers for one in answer if one["result"] == "refused"]
    assert all([row[place] for row in results].count("accepted") == 1 for place in range(len(erp.invoices)))
    assert erp.stored() == sorted(one["number"] for one in erp.invoices)
    assert erp.whole()


def test_a_server_that_is_killed_in_the_middle_leaves_whole_documents(erp: Erp):
    caller = threading.Thread(target=erp.post_and_lose, daemon=True)
    caller.start()
    wait_for(lambda: len(erp.stored()) >= 3, "some were stored")
    erp.web.process.send_signal(signal.SIGKILL)
    erp.web.process.wait()
    caller.join(30)
    before = erp.stored()
    assert 3 <= len(before) < len(erp.invoices), "killed too late to prove anything"
    assert erp.whole()
    assert erp.hub.rows("SELECT count(*) FROM exchanges_importcall WHERE ended_at IS NULL") == [(1,)]
    erp.web = Web(erp.hub)
    answers = erp.post(erp.invoices)
    assert sorted(one["number"] for one in answers if one["result"] == "unchanged") == before
    assert {one["result"] for one in answers} == {"unchanged", "accepted"}
    assert erp.stored() == sorted(one["number"] for one in erp.invoices)
    assert erp.whole()
