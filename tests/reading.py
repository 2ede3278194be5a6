"""A run in this process, step by step as a worker does it, on the database under test."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any
from unittest.mock import patch

from hub import declared

from amazon_simulator import SECOND_REFRESH_TOKEN, Simulator
from approdo.exchanges import intake
from approdo.exchanges.coverage import Interval, coverage
from approdo.exchanges.models import WindowRead
from approdo.nodes.models import Configuration, Node, TimeRange
from approdo.processes import reading, runs, workflows
from approdo.processes.models import Connector, Run
from approdo.sales.models import SaleDocument
from approdo.sales.raw import raw_bytes


def connector(amazon: Simulator, name: str = "Amazon", by: str = "both", **options: Any) -> Connector:
    """A connector that reads the orders of the last 30 days of one account, without their status."""
    given = declared(amazon)["nodes"][0]["options"] | options
    node = _saved(Node(name=name, type="amazon_vendor", options=given))
    time_range = _saved(TimeRange(name=name, last=30, by=by, delay=0))
    kind, given = "order_download_configuration", {"type": "vendor_retail", "states": "all", "read_status": False}
    configuration = _saved(Configuration(kind=kind, name=name, time_range=time_range, options=given))
    type_ = "amazon_vendor.download_orders"
    return _saved(Connector(name=name, node=node, type=type_, configuration=configuration, options={}))


def direct_connector(amazon: Simulator) -> Connector:
    """One that reads the Direct Fulfillment orders of the last 30 days."""
    wanted = connector(amazon, "Consumers")
    assert wanted.configuration
    wanted.configuration.options = {"type": "vendor_direct_fulfillment", "states": "all"}
    _saved(wanted.configuration)
    return wanted


def second_account(amazon: Simulator) -> Connector:
    """Another one, for the simulator's other account."""
    return connector(amazon, "Other", refresh_token=SECOND_REFRESH_TOKEN)


def read(wanted: Connector) -> Run:
    """Run it to its end."""
    run = runs.request_run(wanted)
    work = runs.workflow_id(run)
    workflows._guarded(reading.read, work, workflows._guarded(workflows._plan, work))
    workflows._guarded(workflows._finish, work)
    run.refresh_from_db()
    return run


class Killed(BaseException):
    """What ends a worker between two pages."""


@contextmanager
def killed_after(pages: int, scan: str = "") -> Iterator[None]:
    """A worker in this process that is killed once it has stored so many pages, of one scan if one is named."""
    left, others = [pages], set(threading.enumerate())

    def take_page(window: WindowRead, *given: Any) -> bool:
        taken = intake.take_page(window, *given)
        left[0] -= scan in ("", window.scan)
        if not left[0]:
            raise Killed
        return taken

    with patch.object(reading, "take_page", take_page), suppress(Killed):
        yield
    for thread in set(threading.enumerate()) - others:
        if thread.name.startswith("reading"):
            thread.join()


def expected(amazon: Simulator, account: str = "eu") -> dict[str, Any]:
    """Every order of the account, as Amazon serves it now."""
    return {order.number: amazon.order(order.number, account) for order in amazon.orders(account)}


def held(node: Node) -> dict[str, Any]:
    """Every document of a node: the content of its newest version, whose columns and lines say the same."""
    found = {}
    for document in SaleDocument.objects.filter(node=node):
        versions = list(document.versions.all())
        assert [one.number for one in versions] == list(range(1, document.version + 1))
        content = json.loads(raw_bytes(versions[-1]))
        items = content["orderDetails"]["items"]
        lines = document.lines.filter(vanished=False).values_list("sequence", "quantity")
        assert document.state == content["purchaseOrderState"].lower()
        assert dict(lines) == {item["itemSequenceNumber"]: item["orderedQuantity"]["amount"] for item in items}
        found[document.number] = content
    return found


def proven(node: Node) -> dict[str, list[Interval]]:
    """Which time counts as read, by scan."""
    return {one.scan: one.read for one in coverage(node)}


def complete() -> bool:
    """Whether every window was read to its end."""
    return not WindowRead.objects.filter(complete=False).exists()


def _saved(record: Any) -> Any:
    record.full_clean()
    record.save()
    return record
