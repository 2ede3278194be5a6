"""What the simulated Amazon knows, beside what a hub holds: numbers, states, lines, every version's content."""

import json
import zlib
from datetime import UTC, datetime, timedelta
from typing import Any

from hub import Hub

from amazon_simulator import Simulator

HELD = """
SELECT n.name, d.number, d.state, d.version, v.number, v.raw
FROM sales_saledocument d JOIN nodes_node n ON n.id = d.node_id
JOIN sales_documentversion v ON v.document_id = d.id ORDER BY d.id, v.number
"""
LINES = """
SELECT n.name, d.number, l.sequence, l.quantity
FROM sales_saleline l JOIN sales_saledocument d ON d.id = l.document_id
JOIN nodes_node n ON n.id = d.node_id WHERE NOT l.vanished
"""
COVERAGE = """
import json
from approdo.cli import start
start.open_database()
from approdo.exchanges.coverage import coverage
from approdo.nodes.models import Node
print(json.dumps([[node.name, one.scan, str(part.start), str(part.end)]
    for node in Node.objects.all() for one in coverage(node) for part in one.read]))
"""
COMPLETE = """
SELECT n.name, r.scan, r.start, r."end" FROM exchanges_windowread r JOIN nodes_node n ON n.id = r.node_id WHERE complete
"""
LIVE = "SELECT id FROM processes_run WHERE state IN ('queued', 'running')"


SINCE_READ = timedelta(minutes=15)
"""So long ago at most a run began whose work is checked."""

UNDER_WAY = 9
"""So many pages of a run at most were asked for and not stored yet: one of each window that is read, and the next."""


def check(hub: Hub, amazon: Simulator, days: int, account: str = "eu", node: str = "Amazon Vendor EU") -> None:
    """Fail unless a node holds what Amazon knows of the last days, and nothing else.

    What left these days since the run began may be there too: it takes a while to come here.
    """
    found, since = held(hub, node), amazon.now - timedelta(days=days)
    assert expected(amazon, since, account).keys() - found.keys() == set(), "none is missing"
    known = expected(amazon, since - SINCE_READ, account)
    assert found == {number: known.get(number) for number in found}


def expected(amazon: Simulator, since: datetime, account: str = "eu") -> dict[str, Any]:
    """Every order of an account created or changed since then, as Amazon serves it now."""
    return {
        order.number: amazon.order(order.number, account)
        for order in amazon.orders(account)
        if order.created >= since or (order.changed and order.changed >= since)
    }


def held(hub: Hub, node: str = "Amazon Vendor EU") -> dict[str, Any]:
    """Every document of a node: the content of its newest version. Its columns must say the same."""
    found: dict[str, Any] = {}
    versions: dict[str, list[int]] = {}
    for name, number, state, newest, version, raw in hub.rows(HELD):
        if name != node:
            continue
        assert version not in versions.setdefault(number, []), f"{number} holds a version twice"
        versions[number].append(version)
        if version == newest:
            assert number not in found, f"{number} stands twice"
            found[number] = json.loads(zlib.decompress(bytes(raw)))
            assert found[number]["purchaseOrderState"].lower() == state
    for number, kept in versions.items():
        assert kept == list(range(1, len(kept) + 1)), f"{number} lacks a version"
    _check_lines(hub, node, found)
    return found


def _check_lines(hub: Hub, node: str, found: dict[str, Any]) -> None:
    lines: dict[str, dict[str, int]] = {number: {} for number in found}
    for name, number, sequence, quantity in hub.rows(LINES):
        if name == node:
            lines[number][sequence] = quantity
    for number, content in found.items():
        items = content["orderDetails"]["items"]
        assert lines[number] == {item["itemSequenceNumber"]: item["orderedQuantity"]["amount"] for item in items}


def coverage(hub: Hub) -> list[tuple[str, str, str, str]]:
    """Which time counts as read: node, scan, from, to."""
    return [tuple(part) for part in json.loads(hub.python(COVERAGE))]


def check_coverage(hub: Hub) -> None:
    """Fail unless what counts as read are the windows that were read to the end, to the minute."""
    complete = [(node, scan, str(start), str(end)) for node, scan, start, end in hub.rows(COMPLETE)]
    assert _minutes(coverage(hub)) == _minutes(complete)


def _minutes(parts: list[tuple[str, str, str, str]]) -> set[tuple[str, str, int]]:
    found = set()
    for node, scan, start, end in parts:
        first, last = (int(datetime.fromisoformat(at).replace(tzinfo=UTC).timestamp()) // 60 for at in (start, end))
        found |= {(node, scan, minute) for minute in range(first, last)}
    return found


def live(hub: Hub) -> list[int]:
    """Runs that have not ended."""
    return [number for (number,) in hub.rows(LIVE)]
